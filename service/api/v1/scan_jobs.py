# SPDX-License-Identifier: Apache-2.0
"""Lượt quét qua REST: the clerk's side (start, watch, resume, cancel) and the station's side."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from service.api.security import COUNTER, READERS, Here, allow
from service.api.v1.schemas.scanning import (
    BegunJob,
    FinishedJob,
    JobOrder,
    JobPageOut,
    JobReport,
    NewScanJob,
    PageBlank,
    PageReceipt,
    PageWord,
    Patch,
    ScanJobOut,
    Settlement,
)
from service.errors import responses
from service.slips import separator_sheet, slip_of
from service.wiring import slip_key
from workflows.domain.station import OPEN_STATES
from workflows.domain.unit import Actor, Role
from workflows.errors import Conflict, IdempotencyMismatch, InvalidValue, NotFound, StorageFull
from workflows.separation import is_parked

router = APIRouter(tags=["scan-jobs"])
Clerk = Annotated[Actor, Depends(allow(*COUNTER, Role.ARCHIVIST))]
Checker = Annotated[Actor, Depends(allow(*COUNTER, Role.CHECKER))]
Reader = Annotated[Actor, Depends(allow(*READERS))]
Scanner = Annotated[Actor, Depends(allow(Role.STATION))]
Either = Annotated[Actor, Depends(allow(*READERS, Role.STATION))]
LOOK_EVERY_S = 0.4


@router.post(
    "/scan-jobs", status_code=201, summary="Bấm quét ở một trạm", responses=responses(Conflict)
)
def start(asked: NewScanJob, response: Response, here: Here, actor: Clerk) -> ScanJobOut:
    job = here.capture.start(
        asked.station_id,
        asked.profile.model_dump(),
        by=actor,
        declared_sheets=asked.declared_sheets,
        batch_id=asked.batch_id,
    )
    response.headers["Location"] = f"/api/v1/scan-jobs/{job.id}"
    return ScanJobOut.of(job)


@router.get("/scan-jobs", summary="Các lượt quét gần đây")
def find(here: Here, actor: Reader, open_only: bool = False) -> list[ScanJobOut]:
    return [ScanJobOut.of(j) for j in here.capture.jobs(by=actor, open_only=open_only)]


@router.get("/scan-jobs/{job_id}", summary="Một lượt quét", responses=responses(NotFound))
def show(job_id: str, here: Here, actor: Either) -> ScanJobOut:
    return ScanJobOut.of(here.capture.job(job_id, by=actor))


@router.get(
    "/scan-jobs/{job_id}/events",
    summary="Diễn biến của lượt quét (server-sent events)",
    responses=responses(NotFound),
)
async def events(job_id: str, request: Request, here: Here, actor: Reader) -> StreamingResponse:
    await run_in_threadpool(lambda: here.capture.job(job_id, by=actor))  # 404 before the stream

    async def stream() -> AsyncIterator[str]:
        told = ""
        while not await request.is_disconnected():
            job = await run_in_threadpool(lambda: here.capture.job(job_id, by=actor))
            pages = await run_in_threadpool(lambda: here.capture.pages(job_id, by=actor))
            facts = ScanJobOut.of(job).model_dump(mode="json") | {
                "received": len(pages),
                "parked": [p.seq for p in pages if is_parked(p)],
            }
            line = json.dumps(facts, ensure_ascii=False)
            if line != told:
                told = line
                yield f"data: {line}\n\n"
            if job.state not in OPEN_STATES:
                return
            await asyncio.sleep(LOOK_EVERY_S)

    return StreamingResponse(stream(), media_type="text/event-stream")


@router.get(
    "/scan-jobs/{job_id}/pages",
    summary="Các trang đã nhận, và điều phải trả lời về từng trang",
    responses=responses(NotFound),
)
def job_pages(job_id: str, here: Here, actor: Reader) -> list[JobPageOut]:
    pages = here.capture.pages(job_id, by=actor)
    return JobPageOut.all_of(pages, here.capture.layout(job_id, by=actor))


@router.put(
    "/scan-jobs/{job_id}/pages/{seq}/mark",
    summary="Cất hay lấy lại trang trắng; giữ hay bỏ trang trùng",
    responses=responses(NotFound),
)
def say(job_id: str, seq: int, asked: PageWord, here: Here, actor: Clerk) -> ScanJobOut:
    return ScanJobOut.of(here.capture.say(job_id, seq, asked.mark, by=actor))


@router.post(
    "/scan-jobs/{job_id}/settle",
    summary="Xem lại xong: nhận lượt quét khi không còn điều phải hỏi",
    responses=responses(NotFound, Conflict),
)
def settle(job_id: str, asked: Settlement, here: Here, actor: Clerk) -> ScanJobOut:
    """Còn ở `review` nếu chưa đủ; `message` nói còn thiếu gì."""
    return ScanJobOut.of(
        here.capture.settle(job_id, by=actor, declared_sheets=asked.declared_sheets)
    )


@router.put(
    "/documents/{document_id}/pages/{number}/blank",
    status_code=204,
    tags=["documents"],
    summary="Cất một trang như trang trắng, hoặc lấy lại; không ảnh nào mất",
    responses=responses(NotFound),
)
def blank(document_id: str, number: int, asked: PageBlank, here: Here, actor: Checker) -> None:
    here.capture.say_blank(document_id, number, asked.blank, by=actor)


@router.get(
    "/dossiers/{code}/slip",
    tags=["dossiers"],
    summary="Phiếu hồ sơ để in, đặt trước giấy tờ của hồ sơ khi quét",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}, **responses(NotFound, InvalidValue)},
)
def slip(code: str, here: Here, actor: Clerk) -> Response:
    return _printable(slip_of(here.filing.get(code, by=actor).code, slip_key(here.settings)))


@router.get(
    "/separators/{patch}",
    tags=["dossiers"],
    summary="Tờ phân tách để in (mã vạch I, II, III, IV, VI, T)",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def separator(patch: Patch, actor: Clerk) -> Response:
    return _printable(separator_sheet(patch))


def _printable(pdf: bytes) -> Response:
    return Response(pdf, media_type="application/pdf", headers={"Cache-Control": "no-store"})


@router.get(
    "/scan-jobs/{job_id}/pages/{seq}/image",
    summary="Ảnh một trang đã nhận, trước khi thành giấy tờ",
    responses=responses(NotFound),
)
def image(job_id: str, seq: int, here: Here, actor: Reader) -> FileResponse:
    found = [p for p in here.capture.pages(job_id, by=actor) if p.seq == seq]
    if not found or not Path(found[0].path).is_file():
        raise NotFound(f"{job_id}/{seq}")
    return FileResponse(found[0].path, headers={"Cache-Control": "no-store"})


@router.post(
    "/scan-jobs/{job_id}/order",
    summary="Quét tiếp hoặc dừng",
    responses=responses(NotFound, Conflict),
)
def order(job_id: str, asked: JobOrder, here: Here, actor: Clerk) -> ScanJobOut:
    return ScanJobOut.of(here.capture.order(job_id, asked.order, by=actor))


@router.put("/scan-jobs/{job_id}", summary="Trạm báo một lượt quét bắt đầu tại máy")
def begun(job_id: str, asked: BegunJob, here: Here, actor: Scanner) -> ScanJobOut:
    if len(job_id) != 32 or not set(job_id) <= set("0123456789abcdef"):
        raise InvalidValue(job_id, message="Mã lượt quét không hợp lệ.")
    job = here.capture.begun_at_station(
        job_id, asked.profile.model_dump(), by=actor, sheets=asked.declared_sheets
    )
    return ScanJobOut.of(job)


@router.post(
    "/scan-jobs/{job_id}/state", summary="Trạm báo diễn biến", responses=responses(NotFound)
)
def report(job_id: str, asked: JobReport, here: Here, actor: Scanner) -> ScanJobOut:
    job = here.capture.report(
        job_id, asked.state, by=actor, pages=asked.pages, message=asked.message
    )
    return ScanJobOut.of(job)


@router.put(
    "/scan-jobs/{job_id}/pages/{seq}",
    status_code=201,
    summary="Trạm gửi một trang; gửi lại không sao",
    responses={
        200: {"model": PageReceipt, "description": "Đã có đúng trang này."},
        **responses(NotFound, Conflict, IdempotencyMismatch, InvalidValue, StorageFull),
    },
)
async def page(
    job_id: str,
    seq: int,
    request: Request,
    response: Response,
    here: Here,
    actor: Scanner,
    sha256: Annotated[str, Query(pattern="^[0-9a-f]{64}$")],
    sheet: Annotated[int, Query(ge=0)] = 0,
    side: Annotated[str, Query(pattern="^(front|back)$")] = "front",
    flags: Annotated[str, Query(max_length=400)] = "",
) -> PageReceipt:
    body = await request.body()

    def keep() -> tuple[str, bool]:
        received, new = here.capture.receive_page(
            job_id,
            seq,
            sha256,
            iter([body]),
            by=actor,
            sheet=sheet,
            side=side,
            flags=tuple(f for f in flags.split(",") if f),
        )
        return received.sha256, new

    kept, new = await run_in_threadpool(keep)
    response.status_code = 201 if new else 200
    return PageReceipt(seq=seq, sha256=kept)


@router.post(
    "/scan-jobs/{job_id}/finish",
    summary="Trạm đã gửi hết: các trang thành giấy tờ",
    responses=responses(NotFound, Conflict, IdempotencyMismatch),
)
def finish(job_id: str, asked: FinishedJob, here: Here, actor: Scanner) -> ScanJobOut:
    return ScanJobOut.of(here.capture.finish(job_id, asked.sha256, by=actor))
