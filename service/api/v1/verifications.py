# SPDX-License-Identifier: Apache-2.0
"""Kiểm tra chữ ký qua REST: of any PDF somebody hands in, and the report of a kept paper."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, UploadFile

from service.api.security import READERS, Here, allow
from service.api.v1.scans import chunks
from service.api.v1.schemas.signatures import VerificationOut
from service.errors import responses
from service.verification_report import report_pdf, report_xml
from workflows.domain.unit import Actor, Role
from workflows.errors import IntegrityViolation, NotADocument, NotFound, StorageFull, TooLarge

router = APIRouter(tags=["documents"])


class Form(StrEnum):
    PDF = "pdf"
    XML = "xml"


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
    summary="Báo cáo kiểm tra chữ ký của bản có giá trị chứng cứ: PDF/A hoặc XML (ETSI 119 102-2)",
    responses=responses(NotFound, IntegrityViolation),
    response_class=Response,
)
def report(
    document_id: str,
    here: Here,
    actor: Annotated[Actor, Depends(allow(*READERS))],
    form: Annotated[Form, Query(alias="format")] = Form.PDF,
) -> Response:
    document = here.shelf.document(document_id, by=actor)
    here.shelf.looked(document, "signatures", by=actor, purpose="kiem_tra_chu_ky")
    told = here.copying.verify(document)
    here.trusting.settle(document, told)
    if form is Form.XML:
        content = report_xml(told)
    else:
        content = report_pdf(told, document.file_name, version=here.version)
    name = f"kiem-tra-chu-ky-{document.id[:8]}.{form}"
    return Response(
        content,
        media_type=f"application/{form}",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )
