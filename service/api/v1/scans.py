# SPDX-License-Identifier: Apache-2.0
"""Tiếp nhận qua REST: a PDF or page images in, 202 and a Location out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Form, Header, Response, UploadFile

from service.api.security import COUNTER, READERS, Here, allow
from service.api.v1.schemas.papers import ScanOut
from service.errors import responses
from workflows.domain.unit import Actor, Role
from workflows.errors import (
    DamagedDocument,
    EncryptedDocument,
    HostileDocument,
    IdempotencyMismatch,
    NotADocument,
    NotFound,
    SecretDocument,
    StorageFull,
    StorageUnavailable,
    TooLarge,
)
from workflows.intake import Arrival

router = APIRouter(tags=["scans"])
CHUNK = 1 << 20


def chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


@router.post(
    "/scans",
    status_code=202,
    summary="Gửi một giấy tờ: một tệp PDF/TIFF, hoặc nhiều ảnh trang theo thứ tự",
    responses=responses(
        NotADocument,
        EncryptedDocument,
        DamagedDocument,
        HostileDocument,
        TooLarge,
        SecretDocument,
        IdempotencyMismatch,
        StorageFull,
        StorageUnavailable,
    ),
)
def receive(
    response: Response,
    here: Here,
    actor: Annotated[Actor, Depends(allow(*COUNTER, Role.ARCHIVIST))],
    file: list[UploadFile],
    batch_id: Annotated[str | None, Form()] = None,
    declared_sheets: Annotated[int | None, Form(ge=1, le=5000)] = None,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> ScanOut:
    if batch_id is not None:
        here.batches.progress(batch_id, by=actor)  # must exist and be ours
    arrival = Arrival(
        file_name=file[0].filename or "",
        idempotency_key=idempotency_key,
        declared_sheets=declared_sheets,
        batch_id=batch_id,
        source="batch" if batch_id else "upload",
        urgent=batch_id is None,
    )
    if len(file) == 1:
        scan = here.intake.receive(chunks(file[0].file), arrival, by=actor)
    else:
        scan = here.intake.receive_pages([chunks(f.file) for f in file], arrival, by=actor)
    response.headers["Location"] = f"/api/v1/scans/{scan.id}"
    return ScanOut.of(scan, [here.shelf.document(d, by=actor) for d in scan.document_ids])


@router.get(
    "/scans/{scan_id}", summary="Một lượt nhận và các giấy tờ của nó", responses=responses(NotFound)
)
def show(scan_id: str, here: Here, actor: Annotated[Actor, Depends(allow(*READERS))]) -> ScanOut:
    scan = here.shelf.scan(scan_id, by=actor)
    return ScanOut.of(scan, [here.shelf.document(d, by=actor) for d in scan.document_ids])
