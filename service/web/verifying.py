# SPDX-License-Identifier: Apache-2.0
"""Kiểm tra chữ ký on screen: of a kept paper, and of any PDF a clerk is handed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, UploadFile
from fastapi.responses import HTMLResponse

from service.api.security import READERS, Here, allow
from service.api.v1.scans import chunks
from service.web.page import Page, page_for
from workflows.domain.unit import Actor
from workflows.errors import SohoaError
from workflows.trust import NAMES
from workflows.verification import conclude, rows_of

router = APIRouter(include_in_schema=False)
Reader = Annotated[Actor, Depends(allow(*READERS))]
Rendered = Annotated[Page, Depends(page_for)]


@router.get("/verify")
def any_file(page: Rendered, actor: Reader) -> HTMLResponse:
    return page.show("verify.html", actor=actor, document=None, told=None)


@router.post("/verify")
def verify_file(page: Rendered, here: Here, actor: Reader, file: UploadFile) -> HTMLResponse:
    """The file is looked at and erased again; nothing is taken in."""
    try:
        told = here.checking.check(chunks(file.file), by=actor)
    except SohoaError as error:
        return page.show(
            "verify.html", actor=actor, document=None, told=None, error=error, status=422
        )
    return page.show(
        "verify.html",
        actor=actor,
        document=None,
        told=told,
        name=file.filename or "",
        end=conclude(told),
        rows_of=rows_of,
    )


@router.get("/documents/{document_id}/verify")
def verify_document(
    page: Rendered,
    here: Here,
    actor: Reader,
    document_id: str,
) -> HTMLResponse:
    document = here.shelf.document(document_id, by=actor)
    here.shelf.looked(document, "signatures", by=actor, purpose="kiem_tra_chu_ky")
    told = here.copying.verify(document)
    looked = here.trusting.settle(document, told)
    return page.show(
        "verify.html",
        actor=actor,
        document=looked.document,
        told=told,
        name=document.file_name,
        end=conclude(told),
        rows_of=rows_of,
        trust_name=NAMES[looked.document.trust],
    )
