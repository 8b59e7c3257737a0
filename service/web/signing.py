# SPDX-License-Identifier: Apache-2.0
"""Ký số: the Unit's queue with one PIN, and sending papers to a station for the clerk's token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response

from service.api.security import COUNTER, Here, allow
from service.web.page import Page, page_for, see_other
from workflows.domain.document import DocumentFilter, DocumentState, ReadingStatus
from workflows.domain.unit import Actor, Role
from workflows.errors import SohoaError
from workflows.organisation_signing import Signed

router = APIRouter(include_in_schema=False)
Rendered = Annotated[Page, Depends(page_for)]
Signing = Annotated[Actor, Depends(allow(*COUNTER, Role.SIGNER))]
Sealer = Annotated[Actor, Depends(allow(Role.SIGNER))]
Chosen = Annotated[list[str] | None, Form()]
Pin = Annotated[str, Form(max_length=64)]
MOST = 50


@router.get("/sign")
def sign(page: Rendered, here: Here, actor: Signing) -> HTMLResponse:
    return _shown(page, here, actor, results=())


@router.post("/sign/unit")
def for_unit(
    page: Rendered, here: Here, actor: Sealer, document: Chosen = None, pin: Pin = ""
) -> HTMLResponse:
    """Shown at once and not after a redirect: the results are told this once."""
    try:
        results = here.organisation.sign(document or [], by=actor, pin=pin)
    except SohoaError as error:
        return _shown(page, here, actor, results=(), error=error)
    return _shown(page, here, actor, results=results)


@router.post("/sign/station")
def at_station(
    page: Rendered,
    here: Here,
    actor: Signing,
    station: Annotated[str, Form(max_length=64)] = "",
    document: Chosen = None,
) -> Response:
    try:
        here.deferred.request(document or [], station, by=actor)
    except SohoaError as error:
        return _shown(page, here, actor, results=(), error=error)
    return see_other("/sign")


def _shown(
    page: Page,
    here: Here,
    actor: Actor,
    *,
    results: Sequence[Signed],
    error: SohoaError | None = None,
) -> HTMLResponse:
    unsigned = DocumentFilter(state=DocumentState.RECEIVED, reading=ReadingStatus.READ)
    return page.show(
        "sign.html",
        actor=actor,
        queue=here.organisation.queue(by=actor) if Role.SIGNER in actor.roles else (),
        waiting=[
            hit
            for hit in here.shelf.find(unsigned, by=actor, limit=MOST).hits
            if hit.document.checked_at or not hit.document.check_first
        ],
        stations=[s for s in here.stations.find(by=actor) if s.paired_at and not s.revoked_at],
        requests=here.deferred.mine(by=actor),
        results=results,
        error=error,
    )
