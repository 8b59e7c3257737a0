# SPDX-License-Identifier: Apache-2.0
"""Dossiers, what is filed in them, reuse; the catalogue and the log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import BaseModel, Field

from service.api.v1.schemas.base import Asked, Text
from service.api.v1.schemas.papers import DocumentOut, FilingOut
from service.api.v1.schemas.signatures import SignatureOut
from workflows.domain.dossier import (
    Component,
    Dossier,
    FilingOrigin,
    FilingRole,
    Holder,
    HolderKind,
    Procedure,
)
from workflows.filing import DossierView
from workflows.reuse import ReuseOffer


class DossierIn(Asked):
    procedure_code: Text
    holder_name: Text = Field(min_length=1, max_length=200)
    holder_number: Text | None = Field(None, description="Số định danh hoặc mã số thuế.")
    holder_kind: HolderKind = HolderKind.CITIZEN
    code: Text | None = Field(None, max_length=50)
    due_on: dt.date | None = None


class FilingIn(Asked):
    document_id: Text
    role: FilingRole
    origin: FilingOrigin = FilingOrigin.SCANNED
    component_code: Text | None = None


class HolderOut(BaseModel):
    id: str
    kind: str
    name: str
    number: str | None

    @classmethod
    def of(cls, holder: Holder) -> HolderOut:
        return cls(id=holder.id, kind=holder.kind.value, name=holder.name, number=holder.number)


class ComponentOut(BaseModel):
    code: str
    name: str
    document_types: list[str]
    required: bool

    @classmethod
    def of(cls, component: Component) -> ComponentOut:
        return cls(
            code=component.code,
            name=component.name,
            document_types=list(component.document_types),
            required=component.required,
        )


class SlotOut(ComponentOut):
    filled: bool
    filings: list[FilingOut]


class DossierOut(BaseModel):
    id: str
    code: str
    procedure_code: str
    unit_id: str
    status: int
    received_on: dt.date
    due_on: dt.date | None
    holder_id: str

    @classmethod
    def of(cls, dossier: Dossier) -> DossierOut:
        return cls(
            id=dossier.id,
            code=dossier.code,
            procedure_code=dossier.procedure_code,
            unit_id=dossier.unit_id,
            status=int(dossier.status),
            received_on=dossier.received_on,
            due_on=dossier.due_on,
            holder_id=dossier.holder_id,
        )


class DossierDetail(DossierOut):
    procedure_name: str
    holder: HolderOut
    slots: list[SlotOut]
    results: list[FilingOut]
    missing: list[str]

    @classmethod
    def from_view(cls, view: DossierView) -> DossierDetail:
        return cls(
            **DossierOut.of(view.dossier).model_dump(),
            procedure_name=view.procedure.name,
            holder=HolderOut.of(view.holder),
            slots=[
                SlotOut(
                    **ComponentOut.of(s.component).model_dump(),
                    filled=s.filled,
                    filings=[FilingOut.of(f) for f in s.filings],
                )
                for s in view.slots
            ],
            results=[FilingOut.of(f) for f in view.results],
            missing=[c.code for c in view.missing],
        )


class OfferOut(BaseModel):
    """A paper the Holder already has. `valid`: it may be reused; else `withheld` says why not."""

    document: DocumentOut
    values: dict[str, Any]
    valid: bool
    withheld: str
    signatures: list[SignatureOut]
    component_code: str | None
    file: str

    @classmethod
    def of(cls, offer: ReuseOffer) -> OfferOut:
        return cls(
            document=DocumentOut.of(offer.document),
            values=dict(offer.values),
            valid=offer.valid,
            withheld=offer.withheld,
            signatures=[SignatureOut.of(s) for s in offer.signatures],
            component_code=offer.component_code,
            file=f"/api/v1/documents/{offer.document.id}/file",
        )


class ProcedureOut(BaseModel):
    code: str
    name: str
    field: str
    level: str
    components: list[ComponentOut]

    @classmethod
    def of(cls, procedure: Procedure) -> ProcedureOut:
        return cls(
            code=procedure.code,
            name=procedure.name,
            field=procedure.field,
            level=procedure.level,
            components=[ComponentOut.of(c) for c in procedure.components],
        )


class UnitOut(BaseModel):
    id: str
    code: str
    name: str
    level: str
    parent_id: str | None
    valid_from: dt.date | None
    valid_to: dt.date | None


class DocumentTypeOut(BaseModel):
    code: str
    name: str
    fields: list[dict[str, str]]


class AuditOut(BaseModel):
    sequence: int
    hash: str
    at: dt.datetime
    actor_id: str
    action: str
    subject_kind: str
    subject_id: str
    purpose: str | None
    facts: dict[str, Any]
