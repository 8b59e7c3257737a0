# SPDX-License-Identifier: Apache-2.0
"""Tái sử dụng: "has this Holder a valid Document of this type?", answered before anyone scans.

Every offer is re-validated now: bytes against their hash, signatures, expiry, trust level. What
falls short is told with its reason and not offered. Every question is logged with its purpose
(Luật BVDLCN 91/2025; NĐ 224/2026 Đ.17).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.domain.audit import AuditEvent
from workflows.domain.document import Document
from workflows.domain.dossier import Component, Holder
from workflows.domain.signature import SignatureReport
from workflows.domain.unit import Actor
from workflows.errors import InvalidValue, NotAllowed
from workflows.ports.clock import VIETNAM, Clock
from workflows.ports.database import Database, Transaction
from workflows.trust import Trusting

HEADLINES = ("full_number", "issued_on", "issuer", "abstract")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReuseQuestion:
    """Who is asked about, for which type or Procedure, and why. `purpose` is never empty."""

    purpose: str
    holder_id: str | None = None
    holder_number: str | None = None
    document_type: str | None = None
    procedure_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReuseOffer:
    """A stored Document of the Holder, with what its evidence proves now.

    `withheld` says why it is not offered for reuse; empty when it is.
    """

    document: Document
    values: Mapping[str, Any]
    signatures: tuple[SignatureReport, ...]
    component_code: str | None
    withheld: str = ""

    @property
    def valid(self) -> bool:
        """It may be filed again as it is: its evidence was looked at just now."""
        return not self.withheld


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """Looks up what a Holder already has."""

    database: Database
    trusting: Trusting
    clock: Clock

    def find(self, question: ReuseQuestion, *, by: Actor) -> tuple[ReuseOffer, ...]:
        """Offers, best trust first. Raises `InvalidValue` without a purpose or a holder."""
        if not question.purpose.strip():
            raise InvalidValue(
                "no purpose", message="Phải nêu mục đích khi tra cứu giấy tờ để dùng lại."
            )
        if by.kind == "partner" and question.purpose not in by.purposes:
            raise NotAllowed(
                question.purpose, message="Khóa API không được cấp cho mục đích đã nêu."
            )
        today = self.clock.now().astimezone(VIETNAM).date()
        with self.database.read() as tx:
            holder = _holder(tx, question)
            slots = _wanted(tx, question)
            found = [
                (document, slot)
                for slot, types in slots
                for document in (tx.reuse.candidates(holder.id, types, today) if holder else ())
            ]
            values = {d.id: tx.fields.values(d.id) for d, _ in found}
        papers = list({d.id: d for d, _ in found}.values())
        looked = dict(zip((p.id for p in papers), self.trusting.look(papers), strict=True))
        offers = tuple(
            ReuseOffer(
                document=looked[document.id].document,
                values={n: v.value for n, v in values[document.id].items() if n in HEADLINES},
                signatures=looked[document.id].told.signatures,
                component_code=slot.code if slot else None,
                withheld=looked[document.id].shortfall(slot),
            )
            for document, slot in found
        )
        offers = tuple(sorted(offers, key=lambda o: -o.document.trust))  # stable: newest first
        self._log(question, holder, offers, by)
        return offers

    def _log(
        self,
        question: ReuseQuestion,
        holder: Holder | None,
        offers: Sequence[ReuseOffer],
        by: Actor,
    ) -> None:
        now = self.clock.now()
        with self.database.transaction() as tx:
            for offer in offers:
                if offer.valid:
                    tx.reuse.grant(by.id, offer.document.id, question.purpose, now)
            tx.audit.append(
                AuditEvent(
                    actor_id=by.id,
                    action="reuse.asked",
                    subject_kind="holder",
                    subject_id=holder.id if holder else "-",
                    unit_id=by.unit_id,
                    at=now,
                    purpose=question.purpose,
                    facts={
                        "documents": [o.document.id for o in offers if o.valid],
                        "withheld": [o.document.id for o in offers if not o.valid],
                    },
                )
            )


def _holder(tx: Transaction, question: ReuseQuestion) -> Holder | None:
    if question.holder_id:
        return tx.holders.get(question.holder_id)
    if question.holder_number:
        return tx.holders.by_number(question.holder_number)
    raise InvalidValue("no holder", message="Phải nêu chủ giấy tờ cần tra cứu.")


def _wanted(
    tx: Transaction, question: ReuseQuestion
) -> list[tuple[Component | None, tuple[str, ...]]]:
    """(component, type codes) pairs to look for; an empty tuple of types means any type."""
    if question.document_type:
        return [(None, (question.document_type,))]
    if question.procedure_code:
        found = tx.catalogue.procedures(code=question.procedure_code)
        if not found:
            raise InvalidValue(
                f"unknown procedure {question.procedure_code}",
                message="Mã thủ tục không có trong danh mục.",
            )
        return [(c, c.document_types) for c in found[0].components if c.document_types]
    return [(None, ())]
