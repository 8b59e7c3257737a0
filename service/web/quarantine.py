# SPDX-License-Identifier: Apache-2.0
"""Thùng cách ly on screen: what could not be opened or read, and what a clerk does about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import HTMLResponse

from service.api.security import Here
from service.api.v1.quarantine import RECEIVERS, Receiver, Staff
from service.web.page import Page, page_for, see_other
from service.web.words import failure_text
from workflows.domain.unit import Actor
from workflows.errors import SohoaError

router = APIRouter(include_in_schema=False)
Rendered = Annotated[Page, Depends(page_for)]


@router.get("/quarantine")
def quarantine(page: Rendered, here: Here, actor: Staff) -> HTMLResponse:
    return _page(page, here, actor)


@router.post("/quarantine/{name}/retry")
def retry(page: Rendered, here: Here, actor: Receiver, name: str) -> Response:
    try:
        scan = here.quarantine.retry(name, by=actor)
    except SohoaError as error:
        return _page(page, here, actor, error=error)
    return see_other(f"/scans/{scan.id}")


@router.post("/quarantine/{name}/discard")
def discard(
    page: Rendered,
    here: Here,
    actor: Receiver,
    name: str,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    try:
        here.quarantine.discard(name, reason, by=actor)
    except SohoaError as error:
        return _page(page, here, actor, error=error)
    return see_other("/quarantine")


@router.post("/documents/{document_id}/reread")
def reread(here: Here, actor: Receiver, document_id: str) -> Response:
    here.quarantine.reread(here.shelf.document(document_id, by=actor), by=actor)
    return see_other(f"/documents/{document_id}")


def _page(page: Page, here: Here, actor: Actor, *, error: SohoaError | None = None) -> HTMLResponse:
    return page.show(
        "quarantine.html",
        actor=actor,
        files=here.quarantine.files(by=actor),
        unread=here.quarantine.unread(by=actor),
        why=failure_text,
        may_act=bool(actor.roles & set(RECEIVERS)),
        error=error,
        status=422 if error else 200,
    )
