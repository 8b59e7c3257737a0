# SPDX-License-Identifier: Apache-2.0
"""Ký số: the Unit's signing queue, SAO Y, and signing with the clerk's token at a station."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from service.api.security import COUNTER, READERS, Here, allow
from service.api.v1.schemas.base import Asked
from service.api.v1.schemas.papers import DocumentOut, HitOut
from service.errors import responses
from workflows.domain.signing import SigningItem, SigningRequest
from workflows.domain.unit import Actor, Role
from workflows.errors import (
    CertificateRefused,
    IllegalMove,
    IntegrityViolation,
    InvalidValue,
    NotFound,
    SigningExpired,
    SigningFailed,
    StaleVersion,
    TokenRefused,
)

router = APIRouter(tags=["signing"])
Sealer = Annotated[Actor, Depends(allow(Role.SIGNER))]
Reader = Annotated[Actor, Depends(allow(*READERS))]
Clerk = Annotated[Actor, Depends(allow(*COUNTER, Role.SIGNER))]
Token = Annotated[Actor, Depends(allow(Role.STATION))]
ClerkOrToken = Annotated[Actor, Depends(allow(*COUNTER, Role.SIGNER, Role.STATION))]
Pin = Annotated[str, Field(max_length=64, repr=False, description="Mã PIN; không được lưu lại.")]
Hex = Annotated[str, Field(pattern="^([0-9a-f]{2})+$", max_length=20_000)]


class OrgSignaturesIn(Asked):
    document_ids: list[str] = Field(min_length=1, max_length=200)
    pin: Pin = ""


class OrgSignatureOut(BaseModel):
    document_id: str
    signed: bool
    code: str | None = None
    message: str | None = None


class PinIn(Asked):
    pin: Pin = ""


class RequestIn(Asked):
    document_ids: list[str] = Field(min_length=1, max_length=200)
    station_id: str = Field(max_length=64)


class ItemOut(BaseModel):
    position: int
    document_id: str
    state: str
    message: str


class RequestOut(BaseModel):
    """Lượt ký ở trạm."""

    id: str
    station_id: str
    state: str
    created_at: dt.datetime
    expires_at: dt.datetime
    items: list[ItemOut]

    @classmethod
    def of(cls, request: SigningRequest, items: Sequence[SigningItem]) -> RequestOut:
        return cls(
            id=request.id,
            station_id=request.station_id,
            state=request.state.value,
            created_at=request.created_at,
            expires_at=request.expires_at,
            items=[
                ItemOut(
                    position=i.position,
                    document_id=i.document_id,
                    state=i.state.value,
                    message=i.message,
                )
                for i in items
            ],
        )


class WaitingOut(BaseModel):
    """What a station shows before it asks for the PIN."""

    id: str
    signer: str = Field(description="Cán bộ phải tự ký.")
    papers: int
    expires_at: dt.datetime


class CertificatesIn(Asked):
    certificates: list[Hex] = Field(
        min_length=1, max_length=8, description="DER dạng hex, chứng thư của người ký đứng đầu."
    )


class ToSign(BaseModel):
    position: int
    attributes: str = Field(
        description="CMS signed attributes (DER, hex): ký SHA-256 đúng dãy này."
    )


class SignaturesIn(Asked):
    signatures: dict[int, Hex] = Field(
        max_length=200, description="Chữ ký thô theo vị trí: RSA PKCS#1 v1.5 hoặc ECDSA dạng DER."
    )


@router.get("/org-signatures", summary="Giấy tờ chờ chữ ký cơ quan")
def queue(here: Here, actor: Sealer) -> list[HitOut]:
    return [HitOut.of(h) for h in here.organisation.queue(by=actor)]


@router.post(
    "/org-signatures",
    summary="Ký cơ quan nhiều giấy tờ với một lần nhập PIN; mỗi tệp có kết quả riêng",
    responses=responses(NotFound, TokenRefused, SigningFailed),
)
def sign_for_unit(asked: OrgSignaturesIn, here: Here, actor: Sealer) -> list[OrgSignatureOut]:
    return [
        OrgSignatureOut(
            document_id=r.document_id,
            signed=r.error is None,
            code=r.error.code if r.error else None,
            message=r.error.shown if r.error else None,
        )
        for r in here.organisation.sign(asked.document_ids, by=actor, pin=asked.pin)
    ]


@router.post(
    "/documents/{document_id}/certified-copy",
    summary="SAO Y: bản sao có giá trị như bản chính, cơ quan ký (NĐ 30/2020, Đ.25-26)",
    responses=responses(NotFound, IllegalMove, SigningFailed, StaleVersion),
)
def certify(document_id: str, asked: PinIn, here: Here, actor: Sealer) -> DocumentOut:
    document = here.shelf.document(document_id, by=actor)
    here.organisation.certify(document, by=actor, pin=asked.pin)
    return DocumentOut.of(here.shelf.document(document_id, by=actor))


@router.get(
    "/documents/{document_id}/certified-copy",
    summary="Tệp SAO Y mới nhất",
    response_class=Response,
    responses=responses(NotFound, IntegrityViolation),
)
def certified(document_id: str, here: Here, actor: Reader) -> Response:
    document = here.shelf.document(document_id, by=actor)
    stored = here.organisation.certified(document)
    content = here.shelf.content(document, stored, by=actor, purpose="sao y")
    return Response(
        content,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="sao-y-{document.id[:8]}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )


@router.post(
    "/signing-requests",
    status_code=201,
    summary="Gửi giấy tờ đến trạm để cán bộ ký bằng thiết bị của mình",
    responses=responses(NotFound, IllegalMove, InvalidValue),
)
def request_signing(asked: RequestIn, here: Here, actor: Clerk) -> RequestOut:
    made = here.deferred.request(asked.document_ids, asked.station_id, by=actor)
    return RequestOut.of(*here.deferred.look(made.id, by=actor))


@router.get(
    "/signing-requests/{request_id}", summary="Một lượt ký ở trạm", responses=responses(NotFound)
)
def look(request_id: str, here: Here, actor: ClerkOrToken) -> RequestOut:
    return RequestOut.of(*here.deferred.look(request_id, by=actor))


@router.delete(
    "/signing-requests/{request_id}",
    summary="Hủy lượt ký; giấy đã ký vẫn giữ chữ ký",
    responses=responses(NotFound),
)
def cancel(request_id: str, here: Here, actor: Clerk) -> RequestOut:
    here.deferred.cancel(request_id, by=actor)
    return RequestOut.of(*here.deferred.look(request_id, by=actor))


@router.get("/stations/me/signing-requests", summary="Trạm hỏi các lượt ký đang chờ")
def waiting(here: Here, actor: Token) -> list[WaitingOut]:
    return [
        WaitingOut(id=r.id, signer=name, papers=count, expires_at=r.expires_at)
        for r, name, count in here.deferred.waiting(by=actor)
    ]


@router.put(
    "/signing-requests/{request_id}/certificates",
    summary="Trạm đưa chứng thư của thiết bị; nhận dữ liệu cần ký",
    responses=responses(NotFound, CertificateRefused, SigningExpired),
)
def present(request_id: str, asked: CertificatesIn, here: Here, actor: Token) -> list[ToSign]:
    certificates = [bytes.fromhex(c) for c in asked.certificates]
    return [
        ToSign(position=i.position, attributes=i.prepared.attributes.hex())
        for i in here.deferred.present(request_id, certificates, by=actor)
        if i.prepared is not None
    ]


@router.post(
    "/signing-requests/{request_id}/signatures",
    summary="Trạm gửi chữ ký thô; mỗi tệp được kiểm tra và ghi nhận riêng",
    responses=responses(NotFound, SigningExpired),
)
def finish(request_id: str, asked: SignaturesIn, here: Here, actor: Token) -> RequestOut:
    signatures = {n: bytes.fromhex(s) for n, s in asked.signatures.items()}
    return RequestOut.of(*here.deferred.finish(request_id, signatures, by=actor))
