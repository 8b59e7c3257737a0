# SPDX-License-Identifier: Apache-2.0
"""Gói tin lưu trữ (OAIS): what leaves the workstation for an archive, and comes back from one.

TT 05/2025/TT-BNV knows packages by purpose (SIP to hand in, AIP to preserve) and by content (hồ sơ:
one Dossier; tài liệu: papers without one). A package holds everything needed to rebuild its
Documents in another installation without a difference.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from workflows.domain.audit import AuditEvent
from workflows.domain.document import (
    Batch,
    Document,
    ExtractionRecord,
    FieldValue,
    PageRecord,
    Scan,
    SignedCopy,
    StoredObject,
)
from workflows.domain.dossier import Dossier, Filing, Holder, Procedure
from workflows.domain.unit import Unit


class PackagePurpose(StrEnum):
    """OAIS role of a package."""

    SIP = "SIP"  # gói nộp
    AIP = "AIP"  # gói lưu trữ


class Retention(StrEnum):
    """Thời hạn lưu trữ, codes of TT 05/2025/TT-BNV."""

    PERMANENT = "01"
    YEARS_70 = "02"
    YEARS_50 = "03"
    YEARS_30 = "04"
    YEARS_20 = "05"
    YEARS_10 = "06"
    OTHER = "07"

    @property
    def shown(self) -> str:
        named = {Retention.PERMANENT: "Vĩnh viễn", Retention.OTHER: "Khác"}
        return named.get(self) or f"{self.name.removeprefix('YEARS_')} năm"


class AccessMode(StrEnum):
    """Chế độ sử dụng, codes of TT 05/2025/TT-BNV. Secret papers never come this far."""

    PUBLIC = "01"
    CONDITIONAL = "02"

    @property
    def shown(self) -> str:
        return "Công khai" if self is AccessMode.PUBLIC else "Sử dụng có điều kiện"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """An entry of the audit log with its place in the chain of the installation it was made in."""

    sequence: int
    hash: str
    event: AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """A Document with all that hangs on it. `fields` holds every version of every value."""

    document: Document
    scan: Scan
    pages: tuple[PageRecord, ...] = ()
    extractions: tuple[ExtractionRecord, ...] = ()
    fields: tuple[FieldValue, ...] = ()
    signed_copies: tuple[SignedCopy, ...] = ()
    filings: tuple[Filing, ...] = ()

    @property
    def values(self) -> Mapping[str, Any]:
        """The newest confirmed value of each field; what the machine read where none is."""
        read: dict[str, Any] = {}
        for extraction in self.extractions:
            found = extraction.body.get("fields", {})
            read |= {name: reading.get("value") for name, reading in found.items()}
        return read | {v.name: v.value for v in sorted(self.fields, key=lambda v: v.version)}

    @property
    def evidence(self) -> StoredObject:
        """What `/file` gives: the signed copy, else what came in."""
        return self.document.evidence or self.document.original

    @property
    def objects(self) -> tuple[StoredObject, ...]:
        """Every stored object the Document needs, each once, evidence first."""
        d = self.document
        found = [
            self.evidence,
            d.original,
            *(c.object for c in self.signed_copies),
            *filter(None, [d.copy]),
            *(p.image for p in self.pages),
        ]
        return tuple({o.key: o for o in found}.values())


def in_time_order(records: Iterable[DocumentRecord]) -> tuple[DocumentRecord, ...]:
    """By the papers' own dates, then as they came (NĐ 30/2020, PL VI: in the order of time)."""
    return tuple(sorted(records, key=_when))


def _when(record: DocumentRecord) -> tuple[str, str, str]:
    issued = record.values.get("issued_on")
    came = record.document.created_at.isoformat()
    return (issued if isinstance(issued, str) and issued else came, came, record.document.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the Documents of a package refer to; `people` are names by user id, never accounts."""

    unit: Unit
    dossier: Dossier | None = None
    procedure: Procedure | None = None
    holders: tuple[Holder, ...] = ()
    batches: tuple[Batch, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the archivist asks for. `purpose` is logged and stands in the package.

    `paper_code`: mã hồ sơ gốc giấy, [cơ quan lưu trữ].[kho/giá/hộp].[số hồ sơ giấy].
    """

    purpose: str
    kind: PackagePurpose = PackagePurpose.AIP
    retention: Retention = Retention.PERMANENT
    mode: AccessMode = AccessMode.CONDITIONAL
    paper_code: str = ""
    bag: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to pack: exactly one of these."""

    dossier_code: str | None = None
    batch_id: str | None = None
    document_ids: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """In a few words, for a list."""
        if self.dossier_code:
            return f"Hồ sơ {self.dossier_code}"
        return f"Lô {self.batch_id}" if self.batch_id else f"{len(self.document_ids)} giấy tờ rời"


class ExportState(StrEnum):
    WAITING = "waiting"  # trong hàng đợi
    RUNNING = "running"  # đang lập gói
    DONE = "done"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        return self in (ExportState.WAITING, ExportState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Yêu cầu xuất gói: asked for at a door, written by a worker, looked at until it is done.

    `unit_id`: whose papers they are; `package`: the file's name once it is done; `failure`: why
    not and what to do, as the person who asked shall read it.
    """

    id: str
    unit_id: str
    requested_by: str
    requested_at: dt.datetime
    title: str
    wanted: Wanted
    order: Order
    state: ExportState = ExportState.WAITING
    package: str | None = None
    failure_code: str | None = None
    failure: str | None = None
    finished_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Everything an export writes. `signatures`: verification report by document id, as JSON."""

    order: Order
    archive_code: str  # mã cơ quan lưu trữ
    documents: tuple[DocumentRecord, ...]
    around: Surroundings
    events: tuple[RecordedEvent, ...]
    signatures: Mapping[str, dict[str, Any]]
    exported_at: dt.datetime
    exported_by: str  # the name of the person
    software: str

    @property
    def is_dossier(self) -> bool:
        return self.around.dossier is not None

    @property
    def type_name(self) -> str:
        """AIP_hoso, SIP_hoso, AIP_tailieu or SIP_tailieu (TT 05/2025/TT-BNV, PL I-IV)."""
        return f"{self.order.kind}_{'hoso' if self.is_dossier else 'tailieu'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a package: the file it is about, and what is wrong with it."""

    file: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A package that passed its own check. `sha256` is of the ZIP file."""

    path: Path
    name: str
    type_name: str
    sha256: str
    size: int
    documents: int
    files: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A package in the folder of packages, with what a list and a hand-over record say of it."""

    written: Written
    kind: PackagePurpose
    unit_id: str
    unit_name: str
    title: str
    file_code: str
    dossier_code: str | None
    pages: int
    purpose: str
    retention: Retention
    exported_by: str
    exported_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The outcome of looking a package over; good when no fault was found."""

    name: str
    type_name: str
    documents: int
    files: int
    size: int
    faults: tuple[Fault, ...]

    @property
    def good(self) -> bool:
        return not self.faults
