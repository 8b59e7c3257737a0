# SPDX-License-Identifier: Apache-2.0
"""Hồ sơ, tái sử dụng, danh mục, lô, nhật ký, chỉ tiêu."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.api.security import COUNTER, READERS, STAFF, Here, allow
from service.api.v1.schemas.dossiers import (
    AuditOut,
    DocumentTypeOut,
    DossierDetail,
    DossierIn,
    DossierOut,
    FilingIn,
    OfferOut,
    ProcedureOut,
    UnitOut,
)
from service.api.v1.schemas.papers import FilingOut
from service.api.v1.schemas.scanning import BatchIn, BatchOut
from service.errors import responses
from workflows.domain.unit import Actor, Role
from workflows.errors import (
    Conflict,
    IllegalMove,
    InvalidValue,
    NotAllowed,
    NotFound,
    NotReusable,
)
from workflows.filing import NewDossier
from workflows.purposes import shipped_purposes
from workflows.reuse import ReuseQuestion

router = APIRouter(tags=["dossiers"])
Reader = Annotated[Actor, Depends(allow(*READERS))]
Counter = Annotated[Actor, Depends(allow(*COUNTER))]
Purpose = Annotated[
    str | None, Query(max_length=300, description="Mục đích xem, mã ở /purposes; ghi vào nhật ký.")
]


@router.post(
    "/dossiers",
    status_code=201,
    summary="Mở hồ sơ",
    responses=responses(InvalidValue, Conflict),
)
def open_dossier(asked: DossierIn, response: Response, here: Here, actor: Counter) -> DossierDetail:
    dossier = here.filing.open_dossier(NewDossier(**asked.model_dump()), by=actor)
    response.headers["Location"] = f"/api/v1/dossiers/{dossier.code}"
    return DossierDetail.from_view(here.filing.view(dossier))


@router.get("/dossiers", summary="Hồ sơ của đơn vị, mới nhất trước")
def list_dossiers(
    here: Here,
    actor: Reader,
    q: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[DossierOut]:
    return [DossierOut.of(d) for d in here.filing.find(q, by=actor, limit=limit)]


@router.get(
    "/dossiers/{code}", summary="Một hồ sơ và các thành phần của nó", responses=responses(NotFound)
)
def show(code: str, here: Here, actor: Reader, purpose: Purpose = None) -> DossierDetail:
    return DossierDetail.from_view(here.filing.look(code, by=actor, purpose=purpose))


@router.post(
    "/dossiers/{code}/filings",
    status_code=201,
    summary="Đưa giấy tờ vào hồ sơ: thành phần hoặc kết quả, mới hoặc dùng lại",
    responses=responses(NotFound, IllegalMove, InvalidValue, NotReusable, Conflict),
)
def file(code: str, asked: FilingIn, here: Here, actor: Counter) -> FilingOut:
    filing = here.filing.file(
        here.shelf.document(asked.document_id, by=actor),
        here.filing.get(code, by=actor),
        role=asked.role,
        origin=asked.origin,
        component_code=asked.component_code,
        by=actor,
    )
    return FilingOut.of(filing)


@router.get(
    "/reuse",
    tags=["reuse"],
    summary="Chủ hồ sơ đã có giấy tờ nào dùng lại được?",
    responses=responses(InvalidValue, NotAllowed, NotFound),
)
def reuse(
    here: Here,
    actor: Annotated[Actor, Depends(allow(*STAFF, Role.PARTNER))],
    purpose: Annotated[str, Query(min_length=1, max_length=300)],
    holder_id: str | None = None,
    holder_number: Annotated[str | None, Query(description="Số định danh hoặc MST.")] = None,
    document_type: str | None = None,
    procedure: str | None = None,
) -> list[OfferOut]:
    question = ReuseQuestion(
        purpose=purpose,
        holder_id=holder_id,
        holder_number=holder_number,
        document_type=document_type,
        procedure_code=procedure,
    )
    return [OfferOut.of(o) for o in here.reuse.find(question, by=actor)]


@router.post(
    "/batches",
    status_code=201,
    tags=["batches"],
    summary="Mở lô hồ sơ",
    responses=responses(InvalidValue),
)
def open_batch(
    asked: BatchIn,
    response: Response,
    here: Here,
    actor: Annotated[Actor, Depends(allow(*COUNTER, Role.ARCHIVIST))],
) -> BatchOut:
    batch = here.batches.open(asked.name, asked.declared_files, by=actor, patches=asked.meanings)
    response.headers["Location"] = f"/api/v1/batches/{batch.id}"
    return BatchOut.of(here.batches.progress(batch.id, by=actor))


@router.get(
    "/batches/{batch_id}", tags=["batches"], summary="Tiến độ lô", responses=responses(NotFound)
)
def show_batch(batch_id: str, here: Here, actor: Reader) -> BatchOut:
    return BatchOut.of(here.batches.progress(batch_id, by=actor))


@router.get("/procedures", tags=["catalogue"], summary="Thủ tục hành chính")
def procedures(
    here: Here,
    actor: Reader,
    q: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[ProcedureOut]:
    return [ProcedureOut.of(p) for p in here.catalogue.procedures(q, limit=limit)]


@router.get("/units", tags=["catalogue"], summary="Đơn vị có hiệu lực tại một ngày")
def units(
    here: Here,
    actor: Reader,
    q: Annotated[str, Query(min_length=2, max_length=200)],
    on: dt.date | None = None,
) -> list[UnitOut]:
    found = here.catalogue.units(q, on)
    return [
        UnitOut(
            id=u.id,
            code=u.code,
            name=u.name,
            level=u.level.value,
            parent_id=u.parent_id,
            valid_from=u.valid_from,
            valid_to=u.valid_to,
        )
        for u in found[:100]
    ]


@router.get("/document-types", tags=["catalogue"], summary="Loại giấy tờ và trường của chúng")
def document_types(here: Here, actor: Reader) -> list[DocumentTypeOut]:
    return [
        DocumentTypeOut(
            code=kind.code,
            name=kind.name,
            fields=[{"name": f.key, "label": f.label} for f in kind.fields],
        )
        for kind in here.document_types
    ]


@router.get("/purposes", tags=["catalogue"], summary="Mục đích xem và dùng lại, kèm căn cứ")
def purposes(here: Here, actor: Reader) -> list[dict[str, str]]:
    return [asdict(purpose) for purpose in shipped_purposes().values()]


@router.get("/audit", tags=["audit"], summary="Nhật ký, cũ trước")
def audit(
    here: Here,
    actor: Annotated[Actor, Depends(allow(Role.AUDITOR, Role.ADMIN))],
    after: Annotated[int, Query(ge=0)] = 0,
    subject_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[AuditOut]:
    return [
        AuditOut(
            sequence=sequence,
            hash=digest,
            at=event.at,
            actor_id=event.actor_id,
            action=event.action,
            subject_kind=event.subject_kind,
            subject_id=event.subject_id,
            purpose=event.purpose,
            facts=dict(event.facts),
        )
        for sequence, digest, event in here.audit.read(after, subject_id, limit, by=actor)
    ]


@router.get("/indicators", tags=["indicators"], summary="Chỉ tiêu số hóa và tái sử dụng")
def indicators(
    here: Here,
    actor: Reader,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> dict[str, float | int | str]:
    return here.indicators.measure(since, until, by=actor).as_json()
