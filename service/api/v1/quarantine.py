# SPDX-License-Identifier: Apache-2.0
"""Thùng cách ly: files that could not be opened, papers that could not be read; try again, drop."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from service.api.security import COUNTER, STAFF, Here, allow
from service.api.v1.schemas.base import Asked, Text
from service.api.v1.schemas.papers import DocumentOut, ScanOut
from service.errors import responses
from workflows.domain.quarantine import Quarantined
from workflows.domain.unit import Actor, Role
from workflows.errors import (
    DamagedDocument,
    EncryptedDocument,
    HostileDocument,
    IllegalMove,
    InvalidValue,
    NotFound,
    SecretDocument,
    StaleVersion,
    StorageFull,
    StorageUnavailable,
    TooLarge,
)

router = APIRouter(tags=["quarantine"])
Staff = Annotated[Actor, Depends(allow(*STAFF))]
RECEIVERS = (*COUNTER, Role.ARCHIVIST)
Receiver = Annotated[Actor, Depends(allow(*RECEIVERS))]


class QuarantinedOut(BaseModel):
    name: str
    file_name: str
    size: int
    since: dt.datetime
    code: str
    reason: str
    source: str
    unit_id: str

    @classmethod
    def of(cls, found: Quarantined) -> QuarantinedOut:
        return cls(
            name=found.name,
            file_name=found.why.file_name,
            size=found.size,
            since=found.since,
            code=found.why.code,
            reason=found.why.reason,
            source=found.why.source,
            unit_id=found.why.unit_id,
        )


class DiscardIn(Asked):
    reason: Text = Field(max_length=500)


@router.get("/quarantine", summary="Tệp chưa mở được, cũ nhất trước")
def files(here: Here, actor: Staff) -> list[QuarantinedOut]:
    return [QuarantinedOut.of(f) for f in here.quarantine.files(by=actor)]


@router.get(
    "/quarantine/{name}/file",
    summary="Tệp nguyên trạng để trả người gửi; được ghi nhật ký. Không mở trên máy này",
    response_class=Response,
    responses=responses(NotFound),
)
def content(name: str, here: Here, actor: Receiver) -> Response:
    found, untrusted = here.quarantine.content(name, by=actor)
    return Response(
        untrusted,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="cach-ly-{found.name[:8]}.bin"',
            "Cache-Control": "private, no-store",
        },
    )


@router.post(
    "/quarantine/{name}/retry",
    status_code=202,
    summary="Thử nhận lại tệp; vẫn không mở được thì tệp ở lại",
    responses=responses(
        NotFound,
        EncryptedDocument,
        DamagedDocument,
        HostileDocument,
        TooLarge,
        SecretDocument,
        StorageFull,
        StorageUnavailable,
    ),
)
def retry(name: str, response: Response, here: Here, actor: Receiver) -> ScanOut:
    scan = here.quarantine.retry(name, by=actor)
    response.headers["Location"] = f"/api/v1/scans/{scan.id}"
    return ScanOut.of(scan, [here.shelf.document(d, by=actor) for d in scan.document_ids])


@router.post(
    "/quarantine/{name}/discard",
    status_code=204,
    summary="Bỏ tệp: xóa hẳn, ghi lý do vào nhật ký",
    responses=responses(NotFound, InvalidValue),
)
def discard(name: str, asked: DiscardIn, here: Here, actor: Receiver) -> None:
    here.quarantine.discard(name, asked.reason, by=actor)


@router.post(
    "/documents/{document_id}/reread",
    status_code=202,
    summary="Đọc lại giấy tờ mà máy chưa đọc được",
    responses=responses(NotFound, IllegalMove, StaleVersion),
)
def reread(document_id: str, here: Here, actor: Receiver) -> DocumentOut:
    document = here.shelf.document(document_id, by=actor)
    return DocumentOut.of(here.quarantine.reread(document, by=actor))
