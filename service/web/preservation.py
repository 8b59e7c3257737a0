# SPDX-License-Identifier: Apache-2.0
"""Bảo quản on screen: how scrub, backup and log stand; holds; destruction by two people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import HTMLResponse

from service.api.security import Here
from service.api.v1.disposal import Archivist, Watcher
from service.upkeep import standing
from service.web.page import Page, page_for, see_other
from workflows.domain.retention import DestructionState
from workflows.domain.unit import Actor, Role
from workflows.errors import SohoaError

router = APIRouter(include_in_schema=False)
Rendered = Annotated[Page, Depends(page_for)]
Reason = Annotated[str, Form(max_length=1000)]
STATES = {
    DestructionState.REQUESTED: "Chờ người thứ hai",
    DestructionState.REFUSED: "Không duyệt",
    DestructionState.APPROVED: "Đã duyệt, chờ hết khóa ghi",
    DestructionState.DONE: "Đã hủy",
}


@router.get("/preservation")
def preservation(page: Rendered, here: Here, actor: Watcher) -> HTMLResponse:
    return _page(page, here, actor)


@router.post("/preservation/hold")
def hold(
    page: Rendered,
    here: Here,
    actor: Archivist,
    document_id: Annotated[str, Form(max_length=64)],
    reason: Reason = "",
) -> Response:
    return _acted(
        page, here, actor, lambda: here.disposal.hold(document_id.strip(), reason, by=actor)
    )


@router.post("/preservation/release/{hold_id}")
def release(
    page: Rendered, here: Here, actor: Archivist, hold_id: str, reason: Reason = ""
) -> Response:
    return _acted(page, here, actor, lambda: here.disposal.release(hold_id, reason, by=actor))


@router.post("/preservation/request")
def request(
    page: Rendered,
    here: Here,
    actor: Archivist,
    document_id: Annotated[str, Form(max_length=64)],
    reason: Reason = "",
) -> Response:
    return _acted(
        page, here, actor, lambda: here.disposal.request(document_id.strip(), reason, by=actor)
    )


@router.post("/preservation/decision/{destruction_id}")
def decision(
    page: Rendered,
    here: Here,
    actor: Archivist,
    destruction_id: str,
    approve: Annotated[bool, Form()] = False,
    reason: Reason = "",
) -> Response:
    return _acted(
        page,
        here,
        actor,
        lambda: here.disposal.decide(destruction_id, approve=approve, reason=reason, by=actor),
    )


def _acted(page: Page, here: Here, actor: Actor, act: Callable[[], object]) -> Response:
    """Back to the page; a refusal is told on it."""
    try:
        act()
    except SohoaError as error:
        return _page(page, here, actor, error=error)
    return see_other("/preservation")


def _page(page: Page, here: Here, actor: Actor, *, error: SohoaError | None = None) -> HTMLResponse:
    return page.show(
        "preservation.html",
        actor=actor,
        standing=standing(here.database),
        due=here.disposal.due(by=actor, limit=100),
        holds=here.disposal.open_holds(by=actor),
        acts=here.disposal.destructions(by=actor),
        states=STATES,
        may_act=Role.ARCHIVIST in actor.roles,
        error=error,
        status=422 if error else 200,
    )
