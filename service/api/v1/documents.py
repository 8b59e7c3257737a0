# SPDX-License-Identifier: Apache-2.0
"""Giấy tờ: look at it, sign it, correct and confirm it, take its file."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Response

from service.api.security import COUNTER, READERS, Here, allow
from service.api.v1.schemas.papers import (
    ConfirmIn,
    DocumentDetail,
    DocumentList,
    DocumentOut,
    FieldIn,
    FieldOut,
    FieldVersionOut,
    HitOut,
    ReasonIn,
    TypeIn,
)
from service.api.v1.schemas.signatures import SignatureOut
from service.errors import responses
from workflows.domain.document import (
    Document,
    DocumentFilter,
    DocumentState,
    ReadingStatus,
    StoredObject,
)
from workflows.domain.unit import Actor, Role
from workflows.errors import (
    IllegalMove,
    IntegrityViolation,
    InvalidValue,
    NotFound,
    SigningFailed,
    StaleVersion,
)

router = APIRouter(tags=["documents"])
Reader = Annotated[Actor, Depends(allow(*READERS))]
Fetcher = Annotated[Actor, Depends(allow(*READERS, Role.PARTNER))]
Clerk = Annotated[Actor, Depends(allow(*COUNTER, Role.CHECKER))]
Signing = Annotated[Actor, Depends(allow(*COUNTER, Role.SIGNER))]
Purpose = Annotated[
    str | None, Query(max_length=300, description="Mục đích xem, mã ở /purposes; ghi vào nhật ký.")
]


@router.get("/documents", summary="Danh sách giấy tờ của đơn vị, mới nhất trước")
@router.get("/search", summary="Tìm toàn văn, có dấu hoặc không dấu, và lọc", tags=["search"])
def find(
    here: Here,
    actor: Reader,
    q: Annotated[str | None, Query(max_length=300)] = None,
    state: DocumentState | None = None,
    reading: ReadingStatus | None = None,
    type_code: str | None = None,
    holder_id: str | None = None,
    number: str | None = None,
    issued_from: dt.date | None = None,
    issued_to: dt.date | None = None,
    batch_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> DocumentList:
    wanted = DocumentFilter(
        text=q,
        state=state,
        reading=reading,
        type_code=type_code,
        holder_id=holder_id,
        number=number,
        issued_from=issued_from,
        issued_to=issued_to,
        batch_id=batch_id,
    )
    found = here.shelf.find(wanted, by=actor, limit=limit, cursor=cursor)
    return DocumentList(items=[HitOut.of(h) for h in found.hits], next_cursor=found.next_cursor)


@router.get("/documents/{document_id}", summary="Một giấy tờ", responses=responses(NotFound))
def show(
    document_id: str, response: Response, here: Here, actor: Reader, purpose: Purpose = None
) -> DocumentDetail:
    opened = here.shelf.open(document_id, by=actor, purpose=purpose or "so_hoa")
    response.headers["ETag"] = f'"{opened.document.version}"'
    return DocumentDetail.from_open(opened, here)


@router.get(
    "/documents/{document_id}/file",
    summary="Bản có giá trị chứng cứ: bản sao đã ký, hoặc tệp gốc đã có chữ ký số",
    response_class=Response,
    responses=responses(NotFound, IntegrityViolation),
)
def file(document_id: str, here: Here, actor: Fetcher, purpose: Purpose = None) -> Response:
    document = here.shelf.document(document_id, by=actor)
    return _bytes(here, document, document.evidence, actor, purpose, "file")


@router.get(
    "/documents/{document_id}/access",
    summary="Bản tra cứu có lớp chữ tốt nhất; không dùng làm chứng cứ",
    response_class=Response,
    responses=responses(NotFound, IntegrityViolation),
)
def access(document_id: str, here: Here, actor: Reader, purpose: Purpose = None) -> Response:
    document = here.shelf.document(document_id, by=actor)
    return _bytes(here, document, document.copy, actor, purpose, "access")


@router.get(
    "/documents/{document_id}/original",
    summary="Tệp gốc, đúng từng byte như khi nhận",
    response_class=Response,
    responses=responses(NotFound, IntegrityViolation),
)
def original(document_id: str, here: Here, actor: Reader, purpose: Purpose = None) -> Response:
    document = here.shelf.document(document_id, by=actor)
    return _bytes(here, document, document.original, actor, purpose, "original")


@router.get(
    "/documents/{document_id}/pages/{number}/image",
    summary="Ảnh một trang, đã xoay đứng",
    response_class=Response,
    responses=responses(NotFound),
)
def page_image(
    document_id: str, number: int, here: Here, actor: Reader, purpose: Purpose = None
) -> Response:
    document, page = here.shelf.page(document_id, number, by=actor)
    content = here.shelf.content(
        document, page.image, by=actor, purpose=purpose or "so_hoa", what="page", page=number
    )
    # content-addressed and private: the browser may keep it, a proxy may not
    return Response(
        content, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"}
    )


@router.get("/documents/{document_id}/text", summary="Chữ đọc được", responses=responses(NotFound))
def text(document_id: str, here: Here, actor: Reader, purpose: Purpose = None) -> list[str]:
    return list(here.shelf.text(document_id, by=actor, purpose=purpose))


@router.get(
    "/documents/{document_id}/fields/{name}/history",
    summary="Mọi giá trị đã chốt của một trường, cũ trước: ai, khi nào",
    responses=responses(NotFound),
)
def field_history(document_id: str, name: str, here: Here, actor: Reader) -> list[FieldVersionOut]:
    return [FieldVersionOut.of(v) for v in here.shelf.history(document_id, name, by=actor)]


@router.put(
    "/documents/{document_id}/fields/{name}",
    summary="Xem và chốt một trường (giữ hoặc sửa)",
    responses=responses(NotFound, InvalidValue, StaleVersion, IllegalMove),
)
def put_field(
    document_id: str,
    name: str,
    asked: FieldIn,
    here: Here,
    actor: Clerk,
    if_match: Annotated[str | None, Header()] = None,
) -> FieldOut:
    document = here.shelf.document(document_id, by=actor)
    version = _version(if_match)
    here.confirming.put_field(document, name, asked.value, by=actor, version=version)
    detail = DocumentDetail.from_open(here.shelf.open(document_id, by=actor, purpose=None), here)
    return next(f for f in detail.fields if f.name == name)


@router.put(
    "/documents/{document_id}/type",
    summary="Chọn lại loại giấy tờ",
    responses=responses(NotFound, InvalidValue, IllegalMove),
)
def put_type(document_id: str, asked: TypeIn, here: Here, actor: Clerk) -> DocumentOut:
    document = here.shelf.document(document_id, by=actor)
    return DocumentOut.of(here.confirming.set_type(document, asked.type_code, by=actor))


@router.post(
    "/documents/{document_id}/sign",
    summary="Ký số cá nhân lên bản sao chụp; bản đã kiểm tra trước thì cấp mã và lưu luôn",
    responses=responses(NotFound, IllegalMove, SigningFailed, StaleVersion),
)
def sign(document_id: str, here: Here, actor: Signing) -> DocumentOut:
    document = here.shelf.document(document_id, by=actor)
    return DocumentOut.of(here.confirming.go_on(here.copying.sign(document, by=actor)))


@router.post(
    "/documents/{document_id}/confirm",
    summary="Xác nhận dữ liệu bóc tách; sau đó cấp mã và lưu tự động",
    responses=responses(NotFound, IllegalMove, InvalidValue, StaleVersion),
)
def confirm(document_id: str, asked: ConfirmIn, here: Here, actor: Clerk) -> DocumentOut:
    document = here.shelf.document(document_id, by=actor)
    return DocumentOut.of(here.confirming.confirm(document, asked.values, by=actor))


@router.post(
    "/documents/{document_id}/verify",
    summary="Kiểm tra mọi chữ ký số của bản có giá trị chứng cứ",
    responses=responses(NotFound, IntegrityViolation),
)
def verify(document_id: str, here: Here, actor: Fetcher) -> list[SignatureOut]:
    document = here.shelf.document(document_id, by=actor)
    here.shelf.looked(document, "signatures", by=actor, purpose="kiem_tra_chu_ky")
    told = here.copying.verify(document)
    here.trusting.settle(document, told)
    return [SignatureOut.of(r) for r in told]


@router.post(
    "/documents/{document_id}/set-aside",
    summary="Để lại, kèm lý do",
    responses=responses(NotFound, IllegalMove),
)
def set_aside(document_id: str, asked: ReasonIn, here: Here, actor: Clerk) -> DocumentOut:
    document = here.shelf.document(document_id, by=actor)
    return DocumentOut.of(here.shelf.set_aside(document, asked.reason, by=actor))


@router.post(
    "/documents/{document_id}/take-up",
    summary="Lấy lại giấy tờ đã để lại",
    responses=responses(NotFound, IllegalMove),
)
def take_up(document_id: str, here: Here, actor: Clerk) -> DocumentOut:
    document = here.shelf.document(document_id, by=actor)
    return DocumentOut.of(here.shelf.take_up(document, by=actor))


def _bytes(
    here: Here,
    document: Document,
    stored: StoredObject | None,
    actor: Actor,
    purpose: str | None,
    what: str,
) -> Response:
    content = here.shelf.content(document, stored, by=actor, purpose=purpose, what=what)
    assert stored is not None  # noqa: S101 - content() raised otherwise
    name = quote(f"{document.type_code}-{document.id[:8]}{_suffix(stored.media_type)}")
    return Response(
        content,
        media_type=stored.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "ETag": f'"{stored.sha256}"',
            "Cache-Control": "private, no-store",
        },
    )


def _suffix(media_type: str) -> str:
    return {
        "application/pdf": ".pdf",
        "image/png": ".png",
        "image/jpeg": ".jpg",
        "image/tiff": ".tif",
    }.get(media_type, "")


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    digits = if_match.strip('W/"')
    if not digits.isdigit():
        raise InvalidValue("If-Match", message="If-Match phải là số phiên bản của trường.")
    return int(digits)
