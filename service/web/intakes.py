# SPDX-License-Identifier: Apache-2.0
"""Nguồn nhận tệp: how the other ways in fare, and why a file was set aside."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from service.api.security import STAFF, Here, allow
from service.intakes.journal import WHAT
from service.intakes.status import statuses
from service.web.page import Page, page_for
from workflows.domain.unit import Actor, Role

router = APIRouter(include_in_schema=False)


@router.get("/intakes")
def intakes(
    page: Annotated[Page, Depends(page_for)],
    here: Here,
    actor: Annotated[Actor, Depends(allow(*STAFF, Role.ADMIN))],
) -> HTMLResponse:
    """File names are told only to whose Unit they are."""
    shown = [
        replace(i, events=tuple(e for e in i.events if actor.scope.holds(e.unit_id)))
        for i in statuses(here.settings, here.intake.clock.now())
    ]
    return page.show(
        "intakes.html", actor=actor, intakes=shown, what=WHAT, parsed=dt.datetime.fromisoformat
    )
