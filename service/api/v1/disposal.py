# SPDX-License-Identifier: Apache-2.0
"""Giữ lại và hủy giấy tờ: một người đề nghị, người khác quyết định. Chỉ cán bộ lưu trữ."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from service.api.security import Here, allow
from service.api.v1.schemas.base import Asked, Text
from service.errors import responses
from service.upkeep import standing
from workflows.domain.retention import Destruction, LegalHold
from workflows.domain.unit import Actor, Role
from workflows.errors import (
    Conflict,
    InvalidValue,
    NotAllowed,
    NotFound,
    RetentionRunning,
    UnderLegalHold,
)

router = APIRouter(tags=["disposal"])
Archivist = Annotated[Actor, Depends(allow(Role.ARCHIVIST))]
Watcher = Annotated[Actor, Depends(allow(Role.ARCHIVIST, Role.AUDITOR, Role.ADMIN))]


class WhyIn(Asked):
    reason: Text = Field(min_length=5, max_length=1000, description="Lý do; ghi vào nhật ký.")


class DecisionIn(WhyIn):
    approve: bool = Field(description="Duyệt hủy hay từ chối.")


class HoldOut(BaseModel):
    """Một lệnh giữ; còn hiệu lực khi chưa gỡ."""

    id: str
    document_id: str
    reason: str
    placed_by: str
    placed_at: dt.datetime
    released_by: str | None
    released_at: dt.datetime | None
    release_reason: str | None

    @classmethod
    def of(cls, hold: LegalHold) -> HoldOut:
        return cls(**{name: getattr(hold, name) for name in cls.model_fields})


class DestructionOut(BaseModel):
    """Một đề nghị hủy: ai đề nghị, ai quyết định, vì sao, đang chờ gì."""

    id: str
    document_id: str
    basis: str
    reason: str
    requested_by: str
    requested_at: dt.datetime
    state: str
    decided_by: str | None
    decided_at: dt.datetime | None
    decision_reason: str | None
    waits_until: dt.datetime | None
    done_at: dt.datetime | None

    @classmethod
    def of(cls, act: Destruction) -> DestructionOut:
        return cls(**{name: getattr(act, name) for name in cls.model_fields})


class DueOut(BaseModel):
    """Giấy tờ đã hết thời hạn lưu trữ, với căn cứ của thời hạn."""

    document_id: str
    type_code: str
    type_name: str
    result_code: str | None
    stored_at: dt.datetime | None
    basis: str


@router.get("/documents/{document_id}/holds", summary="Các lệnh giữ", responses=responses(NotFound))
def holds(document_id: str, here: Here, actor: Watcher) -> list[HoldOut]:
    return [HoldOut.of(h) for h in here.disposal.holds(document_id, by=actor)]


@router.post(
    "/documents/{document_id}/holds",
    status_code=201,
    summary="Giữ lại: không ai hủy được cho đến khi gỡ",
    responses=responses(NotFound, InvalidValue),
)
def hold(document_id: str, asked: WhyIn, here: Here, actor: Archivist) -> HoldOut:
    return HoldOut.of(here.disposal.hold(document_id, asked.reason, by=actor))


@router.post(
    "/holds/{hold_id}/release",
    summary="Gỡ lệnh giữ, kèm lý do",
    responses=responses(NotFound, Conflict, InvalidValue),
)
def release(hold_id: str, asked: WhyIn, here: Here, actor: Archivist) -> HoldOut:
    return HoldOut.of(here.disposal.release(hold_id, asked.reason, by=actor))


@router.get("/upkeep", summary="Bảo quản: nhật ký, lượt soát kho, sao lưu, bản sao đến đâu")
def upkeep(here: Here, actor: Watcher) -> dict[str, Any]:
    return standing(here.database)


@router.get("/destructions/due", summary="Danh mục giấy tờ đã hết thời hạn lưu trữ")
def due(
    here: Here, actor: Watcher, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> list[DueOut]:
    return [
        DueOut(
            document_id=document.id,
            type_code=document.type_code,
            type_name=document.type_name,
            result_code=document.result_code,
            stored_at=document.stored_at,
            basis=basis,
        )
        for document, basis in here.disposal.due(by=actor, limit=limit)
    ]


@router.get("/destructions", summary="Đề nghị hủy, mới nhất trước")
def destructions(here: Here, actor: Watcher) -> list[DestructionOut]:
    return [DestructionOut.of(d) for d in here.disposal.destructions(by=actor)]


@router.post(
    "/documents/{document_id}/destruction",
    status_code=201,
    summary="Đề nghị hủy",
    responses=responses(NotFound, InvalidValue, Conflict, UnderLegalHold, RetentionRunning),
)
def request(document_id: str, asked: WhyIn, here: Here, actor: Archivist) -> DestructionOut:
    return DestructionOut.of(here.disposal.request(document_id, asked.reason, by=actor))


@router.post(
    "/destructions/{destruction_id}/decision",
    summary="Người thứ hai duyệt hoặc từ chối; duyệt xong hủy ngay, hoặc chờ hết khóa ghi",
    responses=responses(
        NotFound, NotAllowed, InvalidValue, Conflict, UnderLegalHold, RetentionRunning
    ),
)
def decide(destruction_id: str, asked: DecisionIn, here: Here, actor: Archivist) -> DestructionOut:
    act = here.disposal.decide(destruction_id, approve=asked.approve, reason=asked.reason, by=actor)
    return DestructionOut.of(act)
