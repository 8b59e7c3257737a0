# SPDX-License-Identifier: Apache-2.0
"""Signing in over REST."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from service.api.security import Here, current_actor
from service.api.v1.schemas.base import Me, Session, SignIn
from service.errors import responses
from workflows.domain.unit import Actor
from workflows.errors import NotAuthenticated

router = APIRouter(tags=["session"])


@router.post(
    "/session", status_code=201, summary="Đăng nhập", responses=responses(NotAuthenticated)
)
def sign_in(asked: SignIn, here: Here) -> Session:
    token = here.accounts.sign_in(asked.username, asked.password)
    return Session(token=token, expires_in=here.accounts.session_minutes * 60)


@router.get("/me", summary="Tôi là ai", responses=responses(NotAuthenticated))
def me(actor: Annotated[Actor, Depends(current_actor)]) -> Me:
    return Me(
        id=actor.id,
        name=actor.name,
        unit_id=actor.unit_id,
        roles=sorted(r.value for r in actor.roles),
        kind=actor.kind,
    )
