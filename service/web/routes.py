# SPDX-License-Identifier: Apache-2.0
"""The web workstation: server-rendered pages in Vietnamese; every action is a form first.

Scripts only add speed (focus, zoom, saving behind the back); without them all of it works.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Form, Query, Request, Response, UploadFile
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from service.api.security import (
    COUNTER,
    READERS,
    SESSION_COOKIE,
    STAFF,
    Here,
    allow,
    same_origin,
)
from service.api.v1.scans import chunks
from service.web import (
    intakes,
    packages,
    phone,
    preservation,
    quarantine,
    scanning,
    signing,
    verifying,
)
from service.web.page import Page, page_for, see_other
from service.web.words import field_text, parse_field
from workflows.domain.document import DocumentFilter, DocumentState, ReadingStatus
from workflows.domain.dossier import FilingOrigin, FilingRole, HolderKind
from workflows.domain.unit import Actor, Role
from workflows.errors import NotAuthenticated, SohoaError
from workflows.filing import NewDossier
from workflows.intake import Arrival
from workflows.reuse import ReuseQuestion

STATIC = Path(__file__).parent / "static"
router = APIRouter(include_in_schema=False)
Reader = Annotated[Actor, Depends(allow(*READERS))]
Counter = Annotated[Actor, Depends(allow(*COUNTER))]
Clerk = Annotated[Actor, Depends(allow(*COUNTER, Role.CHECKER))]
Signing = Annotated[Actor, Depends(allow(*COUNTER, Role.SIGNER))]
Staff = Annotated[Actor, Depends(allow(*STAFF))]
Rendered = Annotated[Page, Depends(page_for)]


def mount(app: FastAPI) -> None:
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(packages.router)
    app.include_router(preservation.router)
    app.include_router(scanning.router)
    app.include_router(phone.router)
    app.include_router(intakes.router)
    app.include_router(quarantine.router)
    app.include_router(verifying.router)
    app.include_router(signing.router)
    app.include_router(router)


@router.get("/login")
def login_form(page: Rendered, after: Annotated[str, Query(alias="next")] = "/") -> HTMLResponse:
    return page.show("login.html", actor=None, next=after)


@router.post("/login")
def login(
    request: Request,
    here: Here,
    page: Rendered,
    username: Annotated[str, Form(max_length=100)],
    password: Annotated[str, Form(max_length=200)],
    after: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    if not same_origin(request):
        raise NotAuthenticated("cross-site sign-in")
    try:
        token = here.accounts.sign_in(username, password)
    except NotAuthenticated as error:
        return page.show("login.html", actor=None, error=error, next=after, status=401)
    local = after if after.startswith("/") and not after.startswith("//") else "/"
    response = see_other(local)
    page.remember(response, token)
    return response


@router.post("/logout")
def logout(actor: Reader) -> Response:
    response = see_other("/login")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@router.get("/")
def work(
    page: Rendered,
    here: Here,
    actor: Reader,
    state: DocumentState | None = None,
    reading: ReadingStatus | None = None,
    cursor: str | None = None,
) -> HTMLResponse:
    """Số hóa: what waits for a person, newest first."""
    wanted = DocumentFilter(state=state, reading=reading)
    found = here.shelf.find(wanted, by=actor, limit=30, cursor=cursor)
    return page.show("work.html", actor=actor, found=found, state=state, states=DocumentState)


@router.get("/scans/{scan_id}")
def scanned(here: Here, actor: Reader, scan_id: str) -> Response:
    """What a scan became: its one paper, or the list where it became several."""
    documents = here.shelf.scan(scan_id, by=actor).document_ids
    return see_other(f"/documents/{documents[0]}" if len(documents) == 1 else "/")


@router.post("/upload")
def upload(page: Rendered, here: Here, actor: Counter, file: list[UploadFile]) -> Response:
    """Each file is a paper of its own; a refused one says why and the others go on."""
    refused: list[tuple[str, SohoaError]] = []
    received: list[str] = []
    for item in file:
        arrival = Arrival(file_name=item.filename or "")
        try:
            scan = here.intake.receive(chunks(item.file), arrival, by=actor)
            received.extend(scan.document_ids)
        except SohoaError as error:
            refused.append((item.filename or "", error))
    if refused:
        return page.show(
            "refused.html", actor=actor, refused=refused, received=received, status=422
        )
    return see_other(f"/documents/{received[0]}" if len(received) == 1 else "/")


@router.get("/documents/{document_id}")
def document(page: Rendered, here: Here, actor: Reader, document_id: str) -> HTMLResponse:
    """Kiểm tra thông tin: the page, the boxes, the fields; doubtful ones first."""
    opened = here.shelf.open(document_id, by=actor)
    if opened.document.reading is ReadingStatus.WAITING:
        return page.show("waiting.html", actor=actor, document=opened.document)
    kind = here.document_types.get(opened.document.type_code)
    order = [f.key for f in kind.fields] if kind else []
    names = sorted(
        dict.fromkeys([*order, *opened.readings]),
        key=lambda n: (n not in opened.open_fields, order.index(n) if n in order else 99),
    )
    boxes = [
        {"name": n, "page": r.page, "box": r.box.as_list()}
        for n, r in opened.readings.items()
        if r.box is not None
    ]
    return page.show(
        "document.html",
        actor=actor,
        opened=opened,
        document=opened.document,
        names=names,
        kind=kind,
        types=sorted(here.document_types, key=lambda k: k.name),
        boxes=json.dumps(boxes),
        text=field_text,
        proposed=here.capture.proposed_dossier(document_id)
        or phone.proposed_dossier(here.shelf.scan(opened.document.scan_id, by=actor)),
    )


@router.post("/documents/{document_id}/fields")
def put_field(
    here: Here,
    actor: Clerk,
    document_id: str,
    put: Annotated[str, Form()],
    value: Annotated[str, Form(max_length=5000)] = "",
) -> Response:
    shown = here.shelf.document(document_id, by=actor)
    here.confirming.put_field(shown, put, parse_field(put, value), by=actor)
    return see_other(f"/documents/{document_id}#f-{quote(put)}")


@router.post("/documents/{document_id}/type")
def put_type(
    here: Here, actor: Clerk, document_id: str, type_code: Annotated[str, Form()]
) -> Response:
    shown = here.shelf.document(document_id, by=actor)
    here.confirming.set_type(shown, type_code, by=actor)
    return see_other(f"/documents/{document_id}")


@router.post("/documents/{document_id}/sign")
def sign(here: Here, actor: Signing, document_id: str) -> Response:
    signed = here.copying.sign(here.shelf.document(document_id, by=actor), by=actor)
    here.confirming.go_on(signed)
    return see_other(f"/documents/{document_id}")


@router.post("/documents/{document_id}/confirm")
def confirm(here: Here, actor: Clerk, document_id: str) -> Response:
    here.confirming.confirm(here.shelf.document(document_id, by=actor), {}, by=actor)
    return see_other(f"/documents/{document_id}")


@router.post("/documents/{document_id}/set-aside")
def set_aside(
    here: Here, actor: Clerk, document_id: str, reason: Annotated[str, Form(min_length=1)]
) -> Response:
    shown = here.shelf.document(document_id, by=actor)
    here.shelf.set_aside(shown, reason, by=actor)
    return see_other("/")


@router.post("/documents/{document_id}/take-up")
def take_up(here: Here, actor: Clerk, document_id: str) -> Response:
    here.shelf.take_up(here.shelf.document(document_id, by=actor), by=actor)
    return see_other(f"/documents/{document_id}")


@router.post("/documents/{document_id}/file")
def file_document(
    here: Here,
    actor: Counter,
    document_id: str,
    dossier_code: Annotated[str, Form(max_length=50)],
    slot: Annotated[str, Form()],
    origin: Annotated[FilingOrigin, Form()] = FilingOrigin.SCANNED,
) -> Response:
    result = slot == "result"
    here.filing.file(
        here.shelf.document(document_id, by=actor),
        here.filing.get(dossier_code.strip(), by=actor),
        role=FilingRole.RESULT if result else FilingRole.COMPONENT,
        origin=origin,
        component_code=None if result else slot,
        by=actor,
    )
    return see_other(f"/dossiers/{quote(dossier_code.strip())}")


@router.get("/dossiers")
def dossiers(
    page: Rendered, here: Here, actor: Reader, q: str = "", procedure: str = ""
) -> HTMLResponse:
    found = here.filing.find(q or None, by=actor)
    choices = here.catalogue.procedures(procedure or None, limit=20)
    return page.show(
        "dossiers.html", actor=actor, found=found, q=q, procedure=procedure, choices=choices
    )


@router.post("/dossiers")
def open_dossier(
    here: Here,
    actor: Counter,
    procedure_code: Annotated[str, Form()],
    holder_name: Annotated[str, Form(min_length=1, max_length=200)],
    holder_number: Annotated[str, Form(max_length=20)] = "",
    holder_kind: Annotated[HolderKind, Form()] = HolderKind.CITIZEN,
) -> Response:
    dossier = here.filing.open_dossier(
        NewDossier(
            procedure_code=procedure_code,
            holder_name=holder_name,
            holder_number=holder_number.strip() or None,
            holder_kind=holder_kind,
        ),
        by=actor,
    )
    return see_other(f"/dossiers/{quote(dossier.code)}")


@router.get("/dossiers/{code}")
def dossier(page: Rendered, here: Here, actor: Staff, code: str) -> HTMLResponse:
    """Tiếp nhận: slots ticked, and what the Holder already has, offered before anyone scans."""
    view = here.filing.look(code, by=actor)
    offers = here.reuse.find(
        ReuseQuestion(
            purpose=f"Giải quyết hồ sơ {code}",
            holder_id=view.holder.id,
            procedure_code=view.procedure.code,
        ),
        by=actor,
    )
    filed = {f.document_id for s in view.slots for f in s.filings} | {
        f.document_id for f in view.results
    }
    papers = {d: here.shelf.visible(d, by=actor) for d in filed}
    return page.show("dossier.html", actor=actor, view=view, offers=offers, papers=papers)


@router.get("/search")
def search(
    page: Rendered,
    here: Here,
    actor: Reader,
    q: str = "",
    type_code: str = "",
    state: str = "",
    cursor: str | None = None,
) -> HTMLResponse:
    found = None
    if q.strip() or type_code or state:
        wanted = DocumentFilter(
            text=q.strip() or None,
            type_code=type_code or None,
            state=DocumentState(state) if state in set(DocumentState) else None,
        )
        found = here.shelf.find(wanted, by=actor, limit=30, cursor=cursor)
    types = sorted(here.document_types, key=lambda k: k.name)
    return page.show(
        "search.html",
        actor=actor,
        found=found,
        q=q,
        types=types,
        type_code=type_code,
        state=state,
        states=DocumentState,
    )


@router.get("/help")
def help_page(page: Rendered, actor: Reader) -> HTMLResponse:
    return page.show("help.html", actor=actor)


@router.get("/docs")
def api_docs(page: Rendered, request: Request, actor: Reader) -> HTMLResponse:
    """The REST reference as a table: nothing is loaded from elsewhere."""
    return page.show("api.html", actor=actor, schema=request.app.openapi())
