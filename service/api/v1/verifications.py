# SPDX-License-Identifier: Apache-2.0
"""Kiểm tra chữ ký qua REST: of any PDF somebody hands in, and the report of a kept paper."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response, UploadFile

from service.api.security import READERS, Here, allow
from service.api.v1.scans import chunks
from service.api.v1.schemas import VerificationOut
from service.errors import responses
from service.verification_report import report_pdf
from workflows.domain.unit import Actor, Role
from workflows.errors import IntegrityViolation, NotADocument, NotFound, StorageFull, TooLarge

router = APIRouter(tags=["documents"])


@router.post(
    "/verifications",
    summary="Kiểm tra mọi chữ ký số của một tệp PDF bất kỳ; tệp không được lưu lại",
    responses=responses(NotADocument, TooLarge, StorageFull),
)
def verify(
    here: Here,
    actor: Annotated[Actor, Depends(allow(*READERS, Role.PARTNER))],
    file: UploadFile,
) -> VerificationOut:
    return VerificationOut.of(here.checking.check(chunks(file.file), by=actor))


@router.get(
    "/documents/{document_id}/verification-report",
    summary="Báo cáo kiểm tra chữ ký của bản có giá trị chứng cứ, dạng PDF/A",
    responses=responses(NotFound, IntegrityViolation),
    response_class=Response,
)
def report(
    document_id: str, here: Here, actor: Annotated[Actor, Depends(allow(*READERS))]
) -> Response:
    document = here.shelf.document(document_id, by=actor)
    here.shelf.looked(document, "signatures", by=actor, purpose="kiem_tra_chu_ky")
    told = here.copying.verify(document)
    here.trusting.settle(document, told)
    name = quote(f"kiem-tra-chu-ky-{document.id[:8]}.pdf")
    return Response(
        report_pdf(told, document.file_name, version=here.version),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Cache-Control": "private, no-store",
        },
    )
