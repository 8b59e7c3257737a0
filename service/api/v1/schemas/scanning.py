# SPDX-License-Identifier: Apache-2.0
"""Batches, scan jobs, and what a station tells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from service.api.v1.schemas.base import Asked, Text
from workflows.batch import BatchProgress
from workflows.domain.station import JobPage, JobState, ScanJob
from workflows.separation import Layout, is_parked

Patch = Literal["I", "II", "III", "IV", "VI", "T"]


class BatchIn(Asked):
    name: Text = Field(min_length=1, max_length=200)
    declared_files: int = Field(0, ge=0, le=1_000_000)
    patches: Mapping[Patch, Literal["document", "remove"]] | None = Field(
        None,
        description="Nghĩa của mã vạch phân cách trong lô này: bắt đầu giấy tờ mới, hoặc bỏ tờ đó;"
        " để trống: như cấu hình chung.",
    )

    @property
    def meanings(self) -> dict[str, str] | None:
        return None if self.patches is None else {str(k): str(v) for k, v in self.patches.items()}


class BatchOut(BaseModel):
    id: str
    name: str
    unit_id: str
    declared_files: int
    patches: dict[str, str] | None
    created_at: dt.datetime
    counts: dict[str, int]

    @classmethod
    def of(cls, progress: BatchProgress) -> BatchOut:
        batch = progress.batch
        return cls(
            id=batch.id,
            name=batch.name,
            unit_id=batch.unit_id,
            declared_files=batch.declared_files,
            patches=dict(batch.patches) if batch.patches is not None else None,
            created_at=batch.created_at,
            counts=dict(progress.counts),
        )


class Profile(Asked):
    """Thiết lập quét, tên như nhau cho mọi loại máy."""

    device: str = Field("", max_length=300, description="Mã máy quét; để trống: máy đầu tiên.")
    source: Literal["flatbed", "adf"] = "adf"
    duplex: bool = False
    dpi: int = Field(300, ge=75, le=1200)
    mode: Literal["color", "gray", "bw"] = "color"
    size: Literal["A3", "A4", "A5", "A6", "Letter"] = "A4"
    manual_duplex: bool = Field(False, description="Quét mặt trước, lật cả chồng, quét mặt sau.")


class NewScanJob(Asked):
    station_id: str = Field(max_length=64)
    profile: Profile = Field(default_factory=Profile)
    declared_sheets: int | None = Field(None, ge=1, le=5000)
    batch_id: str | None = Field(None, max_length=64)


class BegunJob(Asked):
    profile: Profile = Field(default_factory=Profile)
    declared_sheets: int | None = Field(None, ge=1, le=5000)


class JobReport(Asked):
    state: JobState
    pages: int = Field(0, ge=0, le=5000)
    message: Text = Field("", max_length=500)


class JobOrder(Asked):
    order: Literal["resume", "rescan", "cancel"]


class PageWord(Asked):
    """Lời của người quét về một trang; lời ngược lại rút lại lời trước."""

    mark: Literal["parked", "restored", "dropped", "kept"]


class PageBlank(Asked):
    blank: bool = Field(description="Cất như trang trắng, hoặc lấy lại.")


class Settlement(Asked):
    declared_sheets: int | None = Field(
        None, ge=1, le=5000, description="Số tờ đếm lại bằng tay; việc sửa được ghi nhật ký."
    )


class FinishedJob(Asked):
    sha256: list[str] = Field(min_length=1, max_length=5000)


class PageReceipt(BaseModel):
    seq: int
    sha256: str


class JobPageOut(BaseModel):
    """`question`: điều phải trả lời (giữ hay bỏ) trước khi nhận lượt quét."""

    seq: int
    sheet: int
    side: str
    flags: list[str]
    parked: bool
    question: str | None

    @classmethod
    def all_of(cls, pages: Sequence[JobPage], layout: Layout) -> list[JobPageOut]:
        asked = {q.seq: q.text for q in layout.questions}
        return [
            cls(
                seq=p.seq,
                sheet=p.sheet,
                side=p.side,
                flags=[f for f in p.flags if not f.startswith("slip:")],
                parked=is_parked(p),
                question=asked.get(p.seq),
            )
            for p in pages
        ]


class ScanJobOut(BaseModel):
    id: str
    station_id: str
    state: JobState
    order: str
    message: str
    pages: int
    profile: dict[str, Any]
    declared_sheets: int | None
    batch_id: str | None
    scan_ids: list[str]
    created_at: dt.datetime

    @classmethod
    def of(cls, job: ScanJob) -> ScanJobOut:
        return cls(
            id=job.id,
            station_id=job.station_id,
            state=job.state,
            order=job.order,
            message=job.message,
            pages=job.pages,
            profile=dict(job.profile),
            declared_sheets=job.declared_sheets,
            batch_id=job.batch_id,
            scan_ids=list(job.scan_ids),
            created_at=job.created_at,
        )
