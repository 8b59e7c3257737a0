# SPDX-License-Identifier: Apache-2.0
"""Chụp bằng điện thoại: a QR code at the desk, a page for the phone, and the papers as they come.

The ticket in the code says whose papers they become, and for which dossier; the phone signs in
nowhere. What it sends goes the way of an upload: a paper is acknowledged when it is safe.
"""

from __future__ import annotations

import ipaddress
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse

from scanner_drivers.whole import wrong_kind
from service.accounts import PHONE_TICKET_S, PhoneTicket
from service.api.security import COUNTER, Here, allow, same_origin
from service.api.v1.scans import chunks
from service.web.page import Page, page_for
from service.web.qr import qr_svg
from workflows.domain.document import Document, DocumentFilter, ReadingStatus, Scan
from workflows.domain.unit import Actor, Role
from workflows.errors import (
    IdempotencyMismatch,
    InvalidValue,
    NotADocument,
    NotAuthenticated,
    NotFound,
    SohoaError,
)
from workflows.intake import Arrival

router = APIRouter(include_in_schema=False)
Rendered = Annotated[Page, Depends(page_for)]
Scanning = Annotated[Actor, Depends(allow(*COUNTER, Role.ARCHIVIST))]
MOST_PAGES = 60
LISTED = 30
_KEY = "phone"


@router.get("/scan/phone")
def phone_code(
    page: Rendered,
    request: Request,
    here: Here,
    actor: Scanning,
    dossier: str = "",
    shown: str = "",
) -> HTMLResponse:
    """The QR code; `shown`: one made before, to see again what came. `dossier`: for this case."""
    if shown:
        ticket, found = shown, _own(here, shown, actor)
    else:
        if dossier:
            here.filing.get(dossier, by=actor)  # NotFound: not a case of this clerk's units
        ticket = here.accounts.phone_ticket(actor.id, dossier)
        found = here.accounts.phone(ticket)
    base = here.settings.public_url or str(request.base_url)
    address = f"{base.rstrip('/')}/phone/{ticket}"
    return page.show(
        "phone_code.html",
        actor=actor,
        address=address,
        code=qr_svg(address),
        ticket=ticket,
        dossier=found.dossier,
        unreachable=_is_this_machine(request.url.hostname or "") and not here.settings.public_url,
        minutes=PHONE_TICKET_S // 60,
        papers=_papers(here, found),
    )


@router.get("/scan/phone/arrived")
def arrived(here: Here, actor: Scanning, ticket: str) -> JSONResponse:
    """What the phone has sent so far, for the desk's page."""
    return JSONResponse(_papers(here, _own(here, ticket, actor)))


def _own(here: Here, ticket: str, actor: Actor) -> PhoneTicket:
    """`NotFound`: another clerk's."""
    found = here.accounts.phone(ticket)
    if found.actor.id != actor.id:
        raise NotFound("another's ticket")
    return found


@router.get("/phone/{ticket}")
def phone(page: Rendered, here: Here, ticket: str) -> HTMLResponse:
    try:
        found = here.accounts.phone(ticket)
    except NotAuthenticated as error:
        return _phone_page(page, ticket, None, error=error, status=401)
    return _phone_page(page, ticket, found)


@router.post("/phone/{ticket}")
def phone_pictures(
    page: Rendered,
    request: Request,
    here: Here,
    ticket: str,
    file: list[UploadFile] | None = None,
    paper: Annotated[str, Form(pattern=r"^[A-Za-z0-9_-]{0,40}$")] = "",
) -> Response:
    """The pictures of one paper, in order, become one Document.

    `paper` names it, so that a phone that lost the answer may send it again.
    """
    found: PhoneTicket | None = None
    scan: Scan | None = None
    error: SohoaError | None = None
    try:
        if not same_origin(request):
            raise NotAuthenticated("cross-site pictures")
        found = here.accounts.phone(ticket)
        scan = _received(here, found, file or [], paper)
    except SohoaError as trouble:
        error = trouble
    status = 200 if error is None else 401 if isinstance(error, NotAuthenticated) else 422
    if "application/json" in request.headers.get("accept", ""):
        told = {"error": error.shown, "remedy": error.remedy} if error else {"received": True}
        return JSONResponse(told, status)
    return _phone_page(page, ticket, found, error=error, status=status, sent=scan is not None)


def _received(here: Here, ticket: PhoneTicket, files: list[UploadFile], paper: str) -> Scan:
    if not 0 < len(files) <= MOST_PAGES:
        raise InvalidValue(str(len(files)), message=f"Mỗi giấy từ 1 đến {MOST_PAGES} ảnh.")
    for number, item in enumerate(files, start=1):
        if (wrong := wrong_kind(item.file.read(1024))) is not None:
            raise NotADocument(wrong.reason, message=f"Ảnh thứ {number}: {wrong.reason}")
        item.file.seek(0)
    try:
        return _handed_in(here, ticket, files, paper or secrets.token_urlsafe(8))
    except IdempotencyMismatch:
        # the page was gone back to and holds other pictures now: another paper
        return _handed_in(here, ticket, files, secrets.token_urlsafe(8))


def _handed_in(here: Here, ticket: PhoneTicket, files: list[UploadFile], paper: str) -> Scan:
    for item in files:
        item.file.seek(0)
    kind = ".pdf" if len(files) > 1 else ".jpg"
    arrival = Arrival(
        file_name=f"hs-{ticket.dossier}{kind}" if ticket.dossier else f"dien-thoai{kind}",
        source="phone",
        idempotency_key=f"{_KEY}:{ticket.number}:{paper}:{ticket.dossier}",
    )
    if len(files) == 1:
        return here.intake.receive(chunks(files[0].file), arrival, by=ticket.actor)
    return here.intake.receive_pages([chunks(f.file) for f in files], arrival, by=ticket.actor)


def proposed_dossier(scan: Scan) -> str | None:
    """The case from whose page the phone's code was shown; whoever files the paper decides."""
    kind, _, rest = scan.idempotency_key.partition(":")
    return (rest.split(":", 2)[2:] or [""])[0] or None if kind == _KEY else None


def _papers(here: Here, ticket: PhoneTicket) -> list[dict[str, Any]]:
    """Oldest first; only what this ticket brought."""
    found = here.shelf.find(DocumentFilter(), by=ticket.actor, limit=LISTED).hits
    mine = [h.document for h in found if h.document.created_at >= ticket.shown_at]
    return [
        {
            "id": document.id,
            "pages": document.page_count,
            "name": document.type_name if document.reading is ReadingStatus.READ else "",
            "reading": document.reading.value,
        }
        for document in reversed(mine)
        if _came_by(here, document, ticket)
    ]


def _came_by(here: Here, document: Document, ticket: PhoneTicket) -> bool:
    scan = here.shelf.scan(document.scan_id, by=ticket.actor)
    return scan.idempotency_key.startswith(f"{_KEY}:{ticket.number}:")


def _phone_page(
    page: Page,
    ticket: str,
    found: PhoneTicket | None,
    *,
    error: SohoaError | None = None,
    status: int = 200,
    sent: bool = False,
) -> HTMLResponse:
    return page.show(
        "phone.html",
        actor=None,
        status=status,
        ticket=ticket,
        dossier=found.dossier if found else "",
        until=found.until if found else None,
        paper=secrets.token_urlsafe(8),
        most=MOST_PAGES,
        sent=sent,
        error=error,
    )


def _is_this_machine(host: str) -> bool:
    """An address that a phone would take for itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
