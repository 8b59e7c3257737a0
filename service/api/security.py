# SPDX-License-Identifier: Apache-2.0
"""Who calls, and may they: one dependency for every route.

Each route names the roles it is for; a test holds the whole table of routes and roles, and a
route that is not in it fails that test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from service.wiring import Workstation
from workflows.domain.unit import Actor, Role
from workflows.errors import NotAllowed, NotAuthenticated

SESSION_COOKIE = "sohoa_session"
STAFF = (Role.RECEIVER, Role.DIGITIZER, Role.CHECKER, Role.SIGNER, Role.ARCHIVIST)
COUNTER = (Role.RECEIVER, Role.DIGITIZER)
READERS = (*STAFF, Role.AUDITOR, Role.ADMIN)

bearer = HTTPBearer(
    auto_error=False, description="Phiên của cán bộ hoặc khóa API của hệ thống ngoài (sk_…)."
)
cookie = APIKeyCookie(name=SESSION_COOKIE, auto_error=False)


def workstation(request: Request) -> Workstation:
    found: Workstation = request.app.state.workstation
    return found


Here = Annotated[Workstation, Depends(workstation)]


def current_actor(
    request: Request,
    here: Here,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    session: Annotated[str | None, Depends(cookie)],
) -> Actor:
    """The caller. A cookie counts only for requests our own pages make (no cross-site writes)."""
    if credentials is not None:
        return here.accounts.actor(credentials.credentials)
    if session is None:
        raise NotAuthenticated
    if request.method not in ("GET", "HEAD") and not same_origin(request):
        raise NotAuthenticated("cross-site request")
    return here.accounts.actor(session)


def same_origin(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.split("://", 1)[-1] == request.headers.get("host")


def allow(*roles: Role) -> Callable[[Actor], Actor]:
    """A dependency that lets only these roles through, and tells the route table so."""

    def check(actor: Annotated[Actor, Depends(current_actor)]) -> Actor:
        if not actor.roles & frozenset(roles):
            raise NotAllowed(f"{actor.id} has {sorted(actor.roles)}")
        return actor

    check.roles = frozenset(roles)  # type: ignore[attr-defined]
    return check
