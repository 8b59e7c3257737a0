# SPDX-License-Identifier: Apache-2.0
"""Quét: the clerk presses scan here and the paper moves at the desk; admins pair the stations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse

from scanner_drivers.profiles import load_profiles
from service.api.security import COUNTER, Here, allow
from service.api.v1.schemas.scanning import JobPageOut
from service.web.page import Page, page_for, see_other
from workflows.domain.station import JobState, ScanJob
from workflows.domain.unit import Actor, Role
from workflows.separation import DROPPED

router = APIRouter(include_in_schema=False)
Rendered = Annotated[Page, Depends(page_for)]
Scanning = Annotated[Actor, Depends(allow(*COUNTER, Role.ARCHIVIST))]
Checking = Annotated[Actor, Depends(allow(*COUNTER, Role.CHECKER))]
Sheets = Annotated[str, Form(pattern="^[0-9]{0,4}$")]
Admin = Annotated[Actor, Depends(allow(Role.ADMIN))]

SHORT, MOST = 40, 120
"""Pages of a scan in review that are shown all, and the most that are shown of a longer one."""


@router.get("/scan")
def scan(
    page: Rendered,
    here: Here,
    actor: Scanning,
    job: str | None = None,
    batch: Annotated[str, Query(max_length=64)] = "",
) -> HTMLResponse:
    stations = [s for s in here.stations.find(by=actor) if s.paired_at and not s.revoked_at]
    known = here.capture.job(job, by=actor) if job else None
    return page.show(
        "scan.html",
        actor=actor,
        stations=stations,
        profiles=load_profiles(here.settings.scan_profiles),
        batch=here.batches.progress(batch, by=actor).batch if batch else None,
        jobs=[j for j in here.capture.jobs(by=actor) if j.id != job][:10],
        job=known,
        review=_to_look_at(here, actor, known) if known else [],
    )


def _to_look_at(here: Here, actor: Actor, job: ScanJob) -> list[JobPageOut]:
    """Pages of a job in review: all of a short one, else those there is something to say of."""
    if job.state is not JobState.REVIEW:
        return []
    pages = here.capture.pages(job.id, by=actor)
    shown = JobPageOut.all_of(pages, here.capture.layout(job.id, by=actor))
    if len(shown) <= SHORT:
        return shown
    return [p for p in shown if p.question or p.parked or DROPPED in p.flags][:MOST]


@router.post("/scan")
def start(
    here: Here,
    actor: Scanning,
    station: Annotated[str, Form(max_length=64)],
    device: Annotated[str, Form(max_length=300)] = "",
    source: Annotated[str, Form(pattern="^(adf|flatbed)$")] = "adf",
    duplex: Annotated[str, Form(pattern="^(false|true|manual)$")] = "false",
    dpi: Annotated[int, Form(ge=75, le=1200)] = 300,
    mode: Annotated[str, Form(pattern="^(color|gray|bw)$")] = "color",
    size: Annotated[str, Form(pattern="^(A3|A4|A5|A6|Letter)$")] = "A4",
    sheets: Sheets = "",
    batch: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    profile = {
        "device": device,
        "source": source,
        "duplex": duplex == "true",
        "manual_duplex": duplex == "manual",
        "dpi": dpi,
        "mode": mode,
        "size": size,
    }
    job = here.capture.start(
        station, profile, by=actor, declared_sheets=_count(sheets), batch_id=batch or None
    )
    return see_other(f"/scan?job={job.id}")


def _count(sheets: str) -> int | None:
    return int(sheets) or None if sheets else None


@router.post("/scan/{job_id}/order")
def order(
    here: Here,
    actor: Scanning,
    job_id: str,
    wanted: Annotated[str, Form(alias="order", pattern="^(resume|rescan|cancel)$")],
) -> Response:
    here.capture.order(job_id, wanted, by=actor)
    return see_other(f"/scan?job={job_id}")


@router.post("/scan/{job_id}/pages/{seq}")
def say(
    here: Here, actor: Scanning, job_id: str, seq: int, mark: Annotated[str, Form(max_length=20)]
) -> Response:
    here.capture.say(job_id, seq, mark, by=actor)
    return see_other(f"/scan?job={job_id}#trang-{seq}")


@router.post("/scan/{job_id}/settle")
def settle(here: Here, actor: Scanning, job_id: str, sheets: Sheets = "") -> Response:
    here.capture.settle(job_id, by=actor, declared_sheets=_count(sheets))
    return see_other(f"/scan?job={job_id}")


@router.post("/documents/{document_id}/pages/{number}/blank")
def blank(
    here: Here, actor: Checking, document_id: str, number: int, value: Annotated[bool, Form()]
) -> Response:
    here.capture.say_blank(document_id, number, value, by=actor)
    return see_other(f"/documents/{document_id}#page-{number}")


@router.get("/stations")
def stations(page: Rendered, here: Here, actor: Admin) -> HTMLResponse:
    return page.show("stations.html", actor=actor, stations=here.stations.find(by=actor), made=None)


@router.post("/stations")
def create(
    page: Rendered, request: Request, here: Here, actor: Admin, name: Annotated[str, Form()]
) -> HTMLResponse:
    station, code = here.stations.create(name, actor.unit_id, by=actor)
    return _with_code(page, request, here, actor, station.id, code)


@router.post("/stations/{station_id}/code")
def new_code(
    page: Rendered, request: Request, here: Here, actor: Admin, station_id: str
) -> HTMLResponse:
    code = here.stations.new_code(station_id, by=actor)
    return _with_code(page, request, here, actor, station_id, code)


@router.post("/stations/{station_id}/revoke")
def revoke(here: Here, actor: Admin, station_id: str) -> Response:
    here.stations.revoke(station_id, by=actor)
    return see_other("/stations")


def _with_code(
    page: Page, request: Request, here: Here, actor: Actor, station_id: str, code: str
) -> HTMLResponse:
    """The code is shown this once, as the command that uses it."""
    server = str(request.base_url).rstrip("/")
    command = f"sohoa-station pair {server} {station_id} {code}"
    found = here.stations.find(by=actor)
    return page.show("stations.html", actor=actor, stations=found, made=command)
