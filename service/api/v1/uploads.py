# SPDX-License-Identifier: Apache-2.0
"""Tải lên nối tiếp (tus 1.0.0: core, creation, termination): a broken line goes on where it broke.

With the last byte the upload becomes a Scan, exactly as through `POST /scans`; its address is in
`Content-Location`.
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from service.api.security import COUNTER, Here, allow
from service.errors import responses
from storage.objects import Upload
from workflows.domain.unit import Actor, Role
from workflows.errors import BadInput, Conflict, NotFound, TooLarge
from workflows.intake import MAX_BYTES, Arrival

router = APIRouter(tags=["uploads"])
TUS = {"Tus-Resumable": "1.0.0"}
Sender = Annotated[Actor, Depends(allow(*COUNTER, Role.ARCHIVIST))]
Offset = Annotated[int, Header(ge=0)]


@router.options("/uploads", summary="Máy chủ hỗ trợ gì", status_code=204)
def options() -> Response:
    extra = {"Tus-Version": "1.0.0", "Tus-Extension": "creation,termination"}
    return Response(status_code=204, headers=TUS | extra | {"Tus-Max-Size": str(MAX_BYTES)})


@router.post(
    "/uploads", summary="Mở một lần tải lên", status_code=201, responses=responses(TooLarge)
)
def create(
    here: Here,
    actor: Sender,
    upload_length: Annotated[int, Header(ge=1)],
    upload_metadata: Annotated[str, Header(max_length=2000)] = "",
) -> Response:
    if upload_length > MAX_BYTES:
        raise TooLarge(f"{upload_length} bytes announced")
    made = here.uploads.create(actor.id, upload_length, _file_name(upload_metadata))
    location = {"Location": f"/api/v1/uploads/{made.id}"}
    return Response(status_code=201, headers=TUS | location)


@router.head(
    "/uploads/{upload_id}", summary="Đã nhận được bao nhiêu byte", responses=responses(NotFound)
)
def offset(upload_id: str, here: Here, actor: Sender) -> Response:
    upload, at = here.uploads.get(upload_id, actor.id)
    facts = {"Upload-Offset": str(at), "Upload-Length": str(upload.length)}
    return Response(status_code=200, headers=TUS | facts | {"Cache-Control": "no-store"})


@router.patch(
    "/uploads/{upload_id}",
    summary="Gửi tiếp từ một vị trí",
    status_code=204,
    responses=responses(NotFound, Conflict, TooLarge, BadInput),
)
async def append(
    upload_id: str, request: Request, here: Here, actor: Sender, upload_offset: Offset
) -> Response:
    if request.headers.get("content-type") != "application/offset+octet-stream":
        raise BadInput("content-type", message="Nội dung phải là application/offset+octet-stream.")
    upload, at = await run_in_threadpool(here.uploads.get, upload_id, actor.id)
    if at != upload_offset:
        raise Conflict(f"offset is {at}, not {upload_offset}")
    async for chunk in _chunks(request):
        at = await run_in_threadpool(here.uploads.append, upload, at, iter([chunk]))
    headers = TUS | {"Upload-Offset": str(at)}
    if at == upload.length:
        scan_id = await run_in_threadpool(_receive, here, actor, upload)
        headers["Content-Location"] = f"/api/v1/scans/{scan_id}"
    return Response(status_code=204, headers=headers)


@router.delete(
    "/uploads/{upload_id}",
    summary="Bỏ một lần tải lên",
    status_code=204,
    responses=responses(NotFound),
)
def terminate(upload_id: str, here: Here, actor: Sender) -> Response:
    upload, _ = here.uploads.get(upload_id, actor.id)
    here.uploads.erase(upload)
    return Response(status_code=204, headers=TUS)


def _receive(here: Here, actor: Actor, upload: Upload) -> str:
    """A whole file now: the same road as any other, and the partial bytes go."""
    content = here.uploads.content(upload)
    arrival = Arrival(file_name=upload.file_name, idempotency_key=f"tus:{upload.id}")
    try:
        scan = here.intake.receive(_read(content), arrival, by=actor)
    except BadInput:
        here.uploads.erase(upload)  # intake has set aside what a person must see
        raise
    here.uploads.erase(upload)
    return scan.id


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield chunk


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of a megabyte or so: one durable write each, not one a packet."""
    pending = bytearray()
    async for piece in request.stream():
        pending += piece
        if len(pending) >= 1 << 20:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)


def _file_name(metadata: str) -> str:
    """`filename <base64>` of the Upload-Metadata header; "" where it is not readable."""
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                name = base64.b64decode(value, validate=True).decode("utf-8")
            except (binascii.Error, UnicodeDecodeError):
                return ""
            return unicodedata.normalize("NFC", name)
    return ""
