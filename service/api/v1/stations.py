# SPDX-License-Identifier: Apache-2.0
"""Trạm quét qua REST: made by an admin, paired once, then known by its own key."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from service.api.security import READERS, Here, allow
from service.api.v1.schemas.base import Asked, Text
from service.api.v1.schemas.scanning import ScanJobOut
from service.errors import responses
from workflows.domain.station import JobState, Station
from workflows.domain.unit import Actor, Role
from workflows.errors import InvalidValue, NotAuthenticated, NotFound

router = APIRouter(tags=["stations"])
Admin = Annotated[Actor, Depends(allow(Role.ADMIN))]
Scanner = Annotated[Actor, Depends(allow(Role.STATION))]
LONGEST_WAIT_S = 25.0
LOOK_EVERY_S = 0.4


class NewStation(Asked):
    name: Text = Field(max_length=200)
    unit_id: str | None = Field(None, max_length=64)


class StationOut(BaseModel):
    id: str
    name: str
    unit_id: str
    paired_at: dt.datetime | None
    revoked_at: dt.datetime | None
    seen_at: dt.datetime | None
    told: dict[str, Any]

    @classmethod
    def of(cls, station: Station) -> StationOut:
        return cls(
            id=station.id,
            name=station.name,
            unit_id=station.unit_id,
            paired_at=station.paired_at,
            revoked_at=station.revoked_at,
            seen_at=station.seen_at,
            told=dict(station.told),
        )


class Pairing(BaseModel):
    station: StationOut
    code: str = Field(description="Mã ghép dùng một lần, có hiệu lực 10 phút.")


class Pair(Asked):
    code: str = Field(max_length=20)
    public_key: str = Field(pattern="^[0-9a-f]{64}$", description="Khóa công khai Ed25519, hex.")


class Claim(Asked):
    at: int = Field(description="Giây từ 1970 (UTC) theo đồng hồ của trạm.")
    signature: str = Field(pattern="^[0-9a-f]{128}$")


class StationToken(BaseModel):
    token: str
    expires_in: int


class Asking(Asked):
    wait_s: float = Field(0, ge=0, le=LONGEST_WAIT_S)
    told: dict[str, Any] = Field(default_factory=dict, max_length=20)
    held: list[str] = Field(default_factory=list, max_length=500, description="Lượt quét còn giữ.")
    in_review: list[str] = Field(default_factory=list, max_length=500)


class Settled(BaseModel):
    state: JobState
    message: str


class Orders(BaseModel):
    orders: list[ScanJobOut]
    erase: list[str] = Field(description="Lượt quét mà trạm phải xóa ảnh ngay.")
    settled: dict[str, Settled] = Field(
        default_factory=dict, description="Lượt quét từng chờ xem lại, nay đã xong."
    )


@router.post("/stations", status_code=201, summary="Tạo trạm quét và mã ghép")
def create(asked: NewStation, here: Here, actor: Admin) -> Pairing:
    station, code = here.stations.create(asked.name, asked.unit_id or actor.unit_id, by=actor)
    return Pairing(station=StationOut.of(station), code=code)


@router.get("/stations", summary="Các trạm quét của đơn vị")
def find(here: Here, actor: Annotated[Actor, Depends(allow(*READERS))]) -> list[StationOut]:
    return [StationOut.of(s) for s in here.stations.find(by=actor)]


@router.post(
    "/stations/{station_id}/code",
    status_code=201,
    summary="Cấp mã ghép mới; khóa cũ hết hiệu lực",
    responses=responses(NotFound),
)
def new_code(station_id: str, here: Here, actor: Admin) -> Pairing:
    code = here.stations.new_code(station_id, by=actor)
    found = next(s for s in here.stations.find(by=actor) if s.id == station_id)
    return Pairing(station=StationOut.of(found), code=code)


@router.delete("/stations/{station_id}", summary="Thu hồi trạm", responses=responses(NotFound))
def revoke(station_id: str, here: Here, actor: Admin) -> StationOut:
    return StationOut.of(here.stations.revoke(station_id, by=actor))


@router.post(
    "/stations/{station_id}/pair",
    summary="Ghép: mã dùng một lần đổi lấy khóa của trạm",
    responses=responses(NotAuthenticated, NotFound),
)
def pair(station_id: str, asked: Pair, here: Here) -> StationOut:
    return StationOut.of(here.stations.pair(station_id, asked.code, asked.public_key))


@router.post(
    "/stations/{station_id}/token",
    status_code=201,
    summary="Trạm ký để lấy mã truy cập 15 phút",
    responses=responses(NotAuthenticated, NotFound, InvalidValue),
)
def token(station_id: str, asked: Claim, here: Here) -> StationToken:
    station = here.stations.known(station_id)
    given = here.accounts.station_token(station, asked.at, asked.signature)
    return StationToken(token=given, expires_in=15 * 60)


@router.post("/stations/me/orders", summary="Trạm hỏi việc (chờ tối đa 25 giây)")
async def orders(asked: Asking, request: Request, here: Here, actor: Scanner) -> Orders:
    """Long poll: the station dials out, so that no office opens a port for it."""
    until = time.monotonic() + asked.wait_s
    await run_in_threadpool(here.stations.seen, actor.id, asked.told)
    erase = await run_in_threadpool(lambda: here.capture.erasable(asked.held, by=actor))
    over = await run_in_threadpool(lambda: here.capture.settled(asked.in_review, by=actor))
    settled = {j: Settled(state=o.state, message=o.message) for j, o in over.items()}
    while True:
        found = await run_in_threadpool(lambda: here.capture.orders(by=actor))
        news = found or erase or settled
        if news or time.monotonic() >= until or await request.is_disconnected():
            orders = [ScanJobOut.of(job) for job in found]
            return Orders(orders=orders, erase=list(erase), settled=settled)
        await asyncio.sleep(LOOK_EVERY_S)
