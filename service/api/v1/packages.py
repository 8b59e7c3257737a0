# SPDX-License-Identifier: Apache-2.0
"""Gói tin lưu trữ: xuất, tải về, kiểm tra, nhập. Chỉ cán bộ lưu trữ."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Header, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from service.api.security import Here, allow
from service.api.v1.schemas.base import Asked, Text
from service.errors import responses
from service.wiring import Workstation
from storage.objects.disk import disk_errors
from workflows.domain.package import (
    AccessMode,
    Checked,
    ExportRequest,
    ExportState,
    Kept,
    Order,
    PackagePurpose,
    Retention,
    Wanted,
)
from workflows.domain.unit import Actor, Role
from workflows.errors import (
    Conflict,
    DamagedPackage,
    IdempotencyMismatch,
    IllegalMove,
    InvalidValue,
    NotAllowed,
    NotFound,
    StorageFull,
)
from workflows.importing import Imported

router = APIRouter(tags=["packages"])
Archivist = Annotated[Actor, Depends(allow(Role.ARCHIVIST))]


class PackageIn(Asked):
    """Đúng một trong ba: hồ sơ, lô, các giấy tờ rời."""

    purpose: Text = Field(min_length=1, max_length=500, description="Mục đích; được ghi nhật ký.")
    dossier_code: Text | None = Field(None, max_length=60)
    batch_id: Text | None = Field(None, max_length=64)
    document_ids: list[str] = Field(default_factory=list, max_length=20_000)
    kind: PackagePurpose = PackagePurpose.AIP
    retention: Retention = Field(Retention.PERMANENT, description="01 vĩnh viễn … 07 khác.")
    mode: AccessMode = Field(AccessMode.CONDITIONAL, description="01 công khai, 02 có điều kiện.")
    paper_code: Text = Field("", max_length=100, description="Mã hồ sơ gốc giấy.")
    bag: bool = Field(False, description="Bọc trong túi BagIt.")


class PackageOut(BaseModel):
    file_name: str
    name: str
    type: str
    title: str
    unit_id: str
    dossier_code: str | None
    documents: int
    pages: int
    files: int
    size: int
    sha256: str
    purpose: str
    retention: str
    exported_by: str
    exported_at: dt.datetime
    warnings: list[str]

    @classmethod
    def of(cls, kept: Kept) -> PackageOut:
        w = kept.written
        return cls(
            file_name=w.path.name,
            name=w.name,
            type=w.type_name,
            title=kept.title,
            unit_id=kept.unit_id,
            dossier_code=kept.dossier_code,
            documents=w.documents,
            pages=kept.pages,
            files=w.files,
            size=w.size,
            sha256=w.sha256,
            purpose=kept.purpose,
            retention=kept.retention.value,
            exported_by=kept.exported_by,
            exported_at=kept.exported_at,
            warnings=list(w.warnings),
        )


class ExportOut(BaseModel):
    """Một yêu cầu xuất gói."""

    id: str
    title: str
    state: ExportState = Field(description="waiting, running, done, failed.")
    requested_at: dt.datetime
    finished_at: dt.datetime | None
    file_name: str | None = Field(description="Khi đã xong: /packages/{file_name}/file.")
    code: str | None = Field(description="Mã lỗi khi không lập được.")
    message: str | None

    @classmethod
    def of(cls, request: ExportRequest) -> ExportOut:
        return cls(
            id=request.id,
            title=request.title,
            state=request.state,
            requested_at=request.requested_at,
            finished_at=request.finished_at,
            file_name=request.package,
            code=request.failure_code,
            message=request.failure,
        )


class FaultOut(BaseModel):
    file: str
    what: str


class CheckedOut(BaseModel):
    good: bool
    name: str
    type: str
    documents: int
    files: int
    faults: list[FaultOut]

    @classmethod
    def of(cls, checked: Checked) -> CheckedOut:
        return cls(
            good=checked.good,
            name=checked.name,
            type=checked.type_name,
            documents=checked.documents,
            files=checked.files,
            faults=[FaultOut(file=f.file, what=f.what) for f in checked.faults],
        )


class ImportedOut(BaseModel):
    package: str
    dossier_code: str | None
    added: list[str]
    known: list[str] = Field(description="Đã có từ trước và giống hệt.")

    @classmethod
    def of(cls, taken: Imported) -> ImportedOut:
        return cls(
            package=taken.package,
            dossier_code=taken.dossier_code,
            added=list(taken.added),
            known=list(taken.known),
        )


@router.post(
    "/packages",
    status_code=202,
    summary="Yêu cầu xuất một gói tin lưu trữ (SIP hoặc AIP); hỏi tiến độ ở Location",
    responses=responses(NotFound, InvalidValue, IllegalMove, IdempotencyMismatch),
)
def export(
    asked: PackageIn,
    response: Response,
    here: Here,
    actor: Archivist,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> ExportOut:
    request = here.export_requests.ask(
        Wanted(
            dossier_code=asked.dossier_code,
            batch_id=asked.batch_id,
            document_ids=tuple(asked.document_ids),
        ),
        Order(
            purpose=asked.purpose,
            kind=asked.kind,
            retention=asked.retention,
            mode=asked.mode,
            paper_code=asked.paper_code,
            bag=asked.bag,
        ),
        by=actor,
        idempotency_key=idempotency_key,
    )
    response.headers["Location"] = f"/api/v1/package-exports/{request.id}"
    response.headers["Retry-After"] = "2"
    return ExportOut.of(request)


@router.get("/package-exports", summary="Các yêu cầu xuất gói, mới nhất trước")
def list_exports(here: Here, actor: Archivist) -> list[ExportOut]:
    return [ExportOut.of(r) for r in here.export_requests.recent(by=actor, limit=200)]


@router.get(
    "/package-exports/{request_id}",
    summary="Một yêu cầu xuất gói đã đến đâu",
    responses=responses(NotFound),
)
def show_export(request_id: str, response: Response, here: Here, actor: Archivist) -> ExportOut:
    request = here.export_requests.get(request_id, by=actor)
    if request.state.is_open:
        response.headers["Retry-After"] = "2"
    return ExportOut.of(request)


@router.get("/packages", summary="Gói tin đã xuất, mới nhất trước")
def list_packages(here: Here, actor: Archivist) -> list[PackageOut]:
    return [PackageOut.of(k) for k in here.exports.kept(by=actor)]


@router.get("/packages/{file_name}", summary="Một gói tin", responses=responses(NotFound))
def show(file_name: str, here: Here, actor: Archivist) -> PackageOut:
    return PackageOut.of(here.exports.get(file_name, by=actor))


@router.get(
    "/packages/{file_name}/file",
    summary="Tải gói tin (ZIP); được ghi nhật ký",
    responses=responses(NotFound),
    response_class=FileResponse,
)
def download(file_name: str, here: Here, actor: Archivist) -> FileResponse:
    kept = here.exports.take(file_name, by=actor)
    return FileResponse(
        kept.written.path,
        media_type="application/zip",
        filename=file_name,
        headers={"Cache-Control": "no-store", "Content-Disposition": _attached(file_name)},
    )


@router.post(
    "/packages/{file_name}/check",
    summary="Kiểm tra lại gói tin: lược đồ, mã băm từng tệp, số lượng",
    responses=responses(NotFound),
)
def check(file_name: str, here: Here, actor: Archivist) -> CheckedOut:
    return CheckedOut.of(here.exports.check(here.exports.get(file_name, by=actor).written.path))


@router.post(
    "/package-imports",
    status_code=201,
    summary="Nhập gói tin (ZIP) của nơi khác; nhập lại không đổi gì",
    responses=responses(DamagedPackage, InvalidValue, NotAllowed, Conflict, StorageFull),
)
def import_package(file: UploadFile, here: Here, actor: Archivist) -> ImportedOut:
    return ImportedOut.of(take_in(here, file.file, by=actor))


def take_in(here: Workstation, file: BinaryIO, *, by: Actor) -> Imported:
    """The bytes as a file of our own for as long as the import takes."""
    scratch = here.settings.data_dir / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as room:
        path = Path(room) / "package.zip"
        with disk_errors("receiving a package"), path.open("wb") as out:
            shutil.copyfileobj(file, out, 1 << 20)
        return here.imports.import_package(path, by=by)


def _attached(file_name: str) -> str:
    # names of ours are ASCII: urn_…zip, uuid-…zip
    return f'attachment; filename="{file_name}"'
