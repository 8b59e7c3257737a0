# SPDX-License-Identifier: Apache-2.0
"""Đưa giấy tờ vào hồ sơ: Dossiers, and the links that put Documents into their slots."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workflows.audit import record
from workflows.domain.document import Document, DocumentState
from workflows.domain.dossier import (
    Component,
    Dossier,
    DossierStatus,
    Filing,
    FilingOrigin,
    FilingRole,
    Holder,
    HolderKind,
    Procedure,
)
from workflows.domain.unit import Actor
from workflows.errors import Conflict, IllegalMove, InvalidValue, NotFound, NotReusable
from workflows.ports.clock import VIETNAM, Clock
from workflows.ports.database import Database, Transaction
from workflows.purposes import stated
from workflows.trust import Trusting

FILEABLE = frozenset({DocumentState.STORED, DocumentState.CODED, DocumentState.EXTRACTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDossier:
    """What the counter says when it opens a case. `code` blank: one is given."""

    procedure_code: str
    holder_name: str
    holder_number: str | None = None
    holder_kind: HolderKind = HolderKind.CITIZEN
    code: str | None = None
    due_on: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotState:
    """One Component of a Dossier and what stands in it."""

    component: Component
    filings: tuple[Filing, ...]

    @property
    def filled(self) -> bool:
        return bool(self.filings)


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierView:
    """A Dossier with its holder, its slots ticked, and its results."""

    dossier: Dossier
    holder: Holder
    procedure: Procedure
    slots: tuple[SlotState, ...]
    results: tuple[Filing, ...]

    @property
    def missing(self) -> tuple[Component, ...]:
        return tuple(s.component for s in self.slots if s.component.required and not s.filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingDesk:
    """Opens Dossiers and files Documents into them."""

    database: Database
    clock: Clock
    trusting: Trusting

    def open_dossier(self, wanted: NewDossier, *, by: Actor) -> Dossier:
        """A new case. `InvalidValue`: unknown Procedure; `Conflict`: code already used."""
        now = self.clock.now()
        today = now.astimezone(VIETNAM).date()
        with self.database.transaction() as tx:
            procedure = _procedure(tx, wanted.procedure_code)
            holder = _holder(tx, wanted)
            dossier = Dossier(
                id=uuid.uuid4().hex,
                code=wanted.code or self._next_code(tx, by, today),
                procedure_code=procedure.code,
                holder_id=holder.id,
                unit_id=by.unit_id,
                status=DossierStatus.ACCEPTED,
                received_on=today,
                due_on=wanted.due_on,
                created_at=now,
                created_by=by.id,
            )
            tx.dossiers.add(dossier)
            record(tx, "opened", dossier, by=by, at=now, procedure=procedure.code)
        return dossier

    def file(
        self,
        document: Document,
        dossier: Dossier,
        *,
        role: FilingRole,
        origin: FilingOrigin,
        component_code: str | None,
        by: Actor,
    ) -> Filing:
        """Link a confirmed Document to a Dossier. No bytes are copied.

        The first filing names the paper's Holder when nobody has. Raises `IllegalMove` (not
        confirmed), `InvalidValue` (no such slot), `Conflict` (already there, or another's paper),
        `NotReusable` (its evidence, looked at now, does not reach what the slot asks for).
        """
        if document.state not in FILEABLE:
            raise IllegalMove(
                f"{document.id} is {document.state}",
                message="Giấy tờ chưa được ký và xác nhận nên chưa đưa vào hồ sơ được.",
            )
        if origin is FilingOrigin.REUSED:
            document = self._reusable(document, dossier, component_code)
        with self.database.transaction() as tx:
            _check_slot(_procedure(tx, dossier.procedure_code), role, component_code)
            _check_holder(document, dossier, origin)
            filing = Filing(
                id=uuid.uuid4().hex,
                dossier_id=dossier.id,
                document_id=document.id,
                role=role,
                origin=origin,
                filed_at=self.clock.now(),
                filed_by=by.id,
                component_code=component_code,
            )
            tx.filings.add(filing)
            if document.holder_id is None:
                holder = tx.holders.get(dossier.holder_id)
                owned = replace(document, holder_id=holder.id, owner_name=holder.name)
                tx.documents.save(owned)
            record(
                tx,
                "filed",
                dossier,
                by=by,
                at=filing.filed_at,
                document=document.id,
                role=role.value,
                origin=origin.value,
            )
        return filing

    def _reusable(
        self, document: Document, dossier: Dossier, component_code: str | None
    ) -> Document:
        with self.database.read() as tx:
            components = _procedure(tx, dossier.procedure_code).components
        [looked] = self.trusting.look([document])
        slot = next((c for c in components if c.code == component_code), None)
        shortfall = looked.shortfall(slot)
        if shortfall:
            raise NotReusable(
                f"{document.id}: {shortfall}",
                message=f"Giấy tờ này không dùng lại được: {shortfall}.",
            )
        return looked.document

    def get(self, code: str, *, by: Actor) -> Dossier:
        """`NotFound` for another Unit's Dossier."""
        with self.database.read() as tx:
            return tx.dossiers.by_code(code, by.scope)

    def find(self, text: str | None, *, by: Actor, limit: int = 50) -> Sequence[Dossier]:
        with self.database.read() as tx:
            return tx.dossiers.find(by.scope, text=text, limit=limit)

    def look(self, code: str, *, by: Actor, purpose: str | None = None) -> DossierView:
        """The Dossier as a person sees it, holder and all; logged."""
        dossier = self.get(code, by=by)
        said = stated(purpose, "giai_quyet_tthc")
        with self.database.transaction() as tx:
            record(tx, "viewed", dossier, by=by, at=self.clock.now(), purpose=said)
        return self.view(dossier)

    def view(self, dossier: Dossier) -> DossierView:
        """The counter's list: which papers are there, which are missing."""
        with self.database.read() as tx:
            procedure = _procedure(tx, dossier.procedure_code)
            filings = tx.filings.of_dossier(dossier.id)
            holder = tx.holders.get(dossier.holder_id)
        slots = tuple(
            SlotState(
                component=c,
                filings=tuple(
                    f
                    for f in filings
                    if f.role is FilingRole.COMPONENT and f.component_code == c.code
                ),
            )
            for c in procedure.components
        )
        results = tuple(f for f in filings if f.role is FilingRole.RESULT)
        return DossierView(
            dossier=dossier, holder=holder, procedure=procedure, slots=slots, results=results
        )

    def _next_code(self, tx: Transaction, by: Actor, today: dt.date) -> str:
        """`<mã đơn vị>-YYMMDD-XXXX` (TT 01/2018/TT-VPCP, Đ.19)."""
        unit = next(iter(tx.catalogue.units_by_id([by.unit_id])), None)
        prefix = unit.code if unit else "000"
        number = tx.next_number(f"dossier/{prefix}/{today:%y%m%d}")
        return f"{prefix}-{today:%y%m%d}-{number:04d}"


def _procedure(tx: Transaction, code: str) -> Procedure:
    found = tx.catalogue.procedures(code=code)
    if not found:
        raise InvalidValue(
            f"unknown procedure {code}", message="Mã thủ tục không có trong danh mục."
        )
    return found[0]


def _holder(tx: Transaction, wanted: NewDossier) -> Holder:
    if wanted.holder_number:
        known = tx.holders.by_number(wanted.holder_number)
        if known is not None:
            return known
    holder = Holder(
        id=uuid.uuid4().hex,
        kind=wanted.holder_kind,
        name=wanted.holder_name,
        number=wanted.holder_number or None,
    )
    tx.holders.add(holder)
    return holder


def _check_slot(procedure: Procedure, role: FilingRole, component_code: str | None) -> None:
    if role is FilingRole.RESULT:
        return
    if component_code not in {c.code for c in procedure.components}:
        raise InvalidValue(
            f"{procedure.code} has no component {component_code}",
            message="Thủ tục này không có thành phần hồ sơ mang mã đó.",
        )


def _check_holder(document: Document, dossier: Dossier, origin: FilingOrigin) -> None:
    """Only the same Holder's paper may be reused (mistaken identity is the worst filing error)."""
    if origin is not FilingOrigin.REUSED:
        return
    if document.holder_id != dossier.holder_id:
        raise Conflict(
            f"{document.id} belongs to {document.holder_id}",
            message="Giấy tờ này không phải của chủ hồ sơ nên không dùng lại được.",
        )
    if document.state is not DocumentState.STORED:
        raise NotFound(f"{document.id} is not stored")
