# SPDX-License-Identifier: Apache-2.0
"""Quét: the clerk presses scan here and the paper moves at the desk; admins pair the stations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from fastapi.responses import HTMLResponse

from service.api.security import COUNTER, Here, allow, same_origin
from service.api.v1.scans import chunks
from service.web.page import Page, page_for, see_other
from service.web.qr import qr_svg
from workflows.domain.unit import Actor, Role
from workflows.errors import NotAuthenticated, SohoaError
from workflows.intake import Arrival

router = APIRouter(include_in_schema=False)
Rendered = Annotated[Page, Depends(page_for)]
Scanning = Annotated[Actor, Depends(allow(*COUNTER, Role.ARCHIVIST))]
Admin = Annotated[Actor, Depends(allow(Role.ADMIN))]


def ticket_holder(ticket: str, here: Here) -> Actor:
    """Whoever scanned the QR code sends in the name of the clerk who showed it."""
    return here.accounts.phone_actor(ticket)


Holder = Annotated[Actor, Depends(ticket_holder)]


@router.get("/scan")
def scan(page: Rendered, here: Here, actor: Scanning, job: str | None = None) -> HTMLResponse:
    stations = [s for s in here.stations.find(by=actor) if s.paired_at and not s.revoked_at]
    return page.show(
        "scan.html",
        actor=actor,
        stations=stations,
        jobs=[j for j in here.capture.jobs(by=actor) if j.id != job][:10],
        job=here.capture.job(job, by=actor) if job else None,
    )


@router.post("/scan")
def start(
    here: Here,
    actor: Scanning,
    station: Annotated[str, Form(max_length=64)],
    device: Annotated[str, Form(max_length=300)] = "",
    source: Annotated[str, Form(pattern="^(adf|flatbed)$")] = "adf",
    duplex: Annotated[bool, Form()] = False,
    dpi: Annotated[int, Form(ge=75, le=1200)] = 300,
    mode: Annotated[str, Form(pattern="^(color|gray|bw)$")] = "color",
    sheets: Annotated[str, Form(pattern="^[0-9]{0,4}$")] = "",
) -> Response:
    profile = {"device": device, "source": source, "duplex": duplex, "dpi": dpi, "mode": mode}
    declared = int(sheets) if sheets and int(sheets) > 0 else None
    job = here.capture.start(station, profile, by=actor, declared_sheets=declared)
    return see_other(f"/scan?job={job.id}")


@router.post("/scan/{job_id}/order")
def order(
    here: Here,
    actor: Scanning,
    job_id: str,
    wanted: Annotated[str, Form(alias="order", pattern="^(resume|cancel)$")],
) -> Response:
    here.capture.order(job_id, wanted, by=actor)
    return see_other(f"/scan?job={job_id}")


@router.get("/scan/phone")
def phone_code(page: Rendered, request: Request, here: Here, actor: Scanning) -> HTMLResponse:
    """A QR code that lets one phone send pictures in this clerk's name for a quarter of an hour."""
    address = f"{request.base_url}phone/{here.accounts.phone_ticket(actor.id)}"
    return page.show("phone_code.html", actor=actor, address=address, code=qr_svg(address))


@router.get("/phone/{ticket}")
def phone(page: Rendered, actor: Holder, ticket: str) -> HTMLResponse:
    return page.show("phone.html", actor=None, ticket=ticket, sent=None)


@router.post("/phone/{ticket}")
def phone_pictures(
    page: Rendered,
    request: Request,
    here: Here,
    actor: Holder,
    ticket: str,
    file: list[UploadFile],
) -> Response:
    """The pictures of one paper, in order, become one Document."""
    if not same_origin(request):
        raise NotAuthenticated("cross-site pictures")
    arrival = Arrival(file_name="dien-thoai.pdf", source="upload")
    try:
        if len(file) == 1:
            scan = here.intake.receive(chunks(file[0].file), arrival, by=actor)
        else:
            scan = here.intake.receive_pages([chunks(f.file) for f in file], arrival, by=actor)
    except SohoaError as error:
        return page.show(
            "phone.html", actor=None, ticket=ticket, sent=None, error=error, status=422
        )
    return page.show("phone.html", actor=None, ticket=ticket, sent=len(scan.document_ids))


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
