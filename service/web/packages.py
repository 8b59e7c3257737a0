# SPDX-License-Identifier: Apache-2.0
"""Lưu trữ on screen: export a dossier, take a package in, print the hand-over record."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response, UploadFile
from fastapi.responses import HTMLResponse

from service.api.security import Here
from service.api.v1.packages import Archivist, take_in
from service.web.page import Page, page_for, see_other
from workflows.domain.package import AccessMode, Order, PackagePurpose, Retention, Wanted
from workflows.domain.unit import Actor
from workflows.errors import InvalidValue, SohoaError
from workflows.importing import Imported
from workflows.purposes import shipped_purposes

router = APIRouter(include_in_schema=False)
Rendered = Annotated[Page, Depends(page_for)]


@router.get("/packages")
def packages(page: Rendered, here: Here, actor: Archivist, dossier: str = "") -> HTMLResponse:
    return _page(page, here, actor, dossier=dossier)


@router.post("/packages")
def export(
    page: Rendered,
    here: Here,
    actor: Archivist,
    what: Annotated[str, Form(max_length=100)],
    purpose: Annotated[str, Form(max_length=500)] = "",
    kind: Annotated[PackagePurpose, Form()] = PackagePurpose.AIP,
    retention: Annotated[Retention, Form()] = Retention.PERMANENT,
    mode: Annotated[AccessMode, Form()] = AccessMode.CONDITIONAL,
    paper_code: Annotated[str, Form(max_length=100)] = "",
    bag: Annotated[bool, Form()] = False,
) -> Response:
    """`what`: a dossier's code, or the id of a batch."""
    order = Order(
        purpose=purpose,
        kind=kind,
        retention=retention,
        mode=mode,
        paper_code=paper_code.strip(),
        bag=bag,
    )
    sought = what.strip()
    is_batch = len(sought) == 32 and sought.isalnum()
    wanted = Wanted(batch_id=sought) if is_batch else Wanted(dossier_code=sought)
    try:
        request = here.export_requests.ask(wanted, order, by=actor)
    except SohoaError as error:
        return _page(page, here, actor, dossier=sought, error=error, status=422)
    return see_other(f"/packages#{request.id}")


@router.post("/packages/import")
def take_package_in(page: Rendered, here: Here, actor: Archivist, file: UploadFile) -> Response:
    try:
        taken = take_in(here, file.file, by=actor)
    except SohoaError as error:
        return _page(page, here, actor, error=error, status=422)
    return _page(page, here, actor, taken=taken)


@router.get("/packages/handover")
def handover(
    page: Rendered,
    here: Here,
    actor: Archivist,
    name: Annotated[list[str], Query(max_length=200)] = [],  # noqa: B006 - FastAPI copies it
    request_code: Annotated[str, Query(max_length=100)] = "",
    nth: Annotated[int, Query(ge=1, le=999)] = 1,
    receiver: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Biên bản giao nhận (TT 05/2025/TT-BNV, Đ.23): to be printed and signed by both sides."""
    if not name:
        raise InvalidValue("no package", message="Chọn ít nhất một gói tin để lập biên bản.")
    chosen = [here.exports.get(one, by=actor) for one in dict.fromkeys(name)]
    return page.show(
        "handover.html",
        actor=actor,
        chosen=chosen,
        request_code=request_code,
        nth=nth,
        receiver=receiver,
        now=here.exports.clock.now(),
    )


def _page(
    page: Page,
    here: Here,
    actor: Actor,
    *,
    dossier: str = "",
    error: SohoaError | None = None,
    taken: Imported | None = None,
    status: int = 200,
) -> HTMLResponse:
    return page.show(
        "packages.html",
        actor=actor,
        kept=here.exports.kept(by=actor),
        requests=here.export_requests.recent(by=actor, limit=8),
        purposes=shipped_purposes(),
        retentions=Retention,
        modes=AccessMode,
        dossier=dossier,
        error=error,
        taken=taken,
        status=status,
    )
