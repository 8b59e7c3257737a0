# SPDX-License-Identifier: Apache-2.0
"""Hủy giấy tờ hết giá trị: two people, reasons, the log; and what forbids it.

Nobody destroys alone: one archivist asks, another decides. A legal hold or a running retention
period stops it at both steps; an object lock makes it wait. The row stays behind as a stone
without words: which paper, of which type, under which code, destroyed when, by whom, why.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from workflows.audit import SYSTEM, record
from workflows.domain.document import Document, DocumentState, StoredObject
from workflows.domain.retention import Destruction, DestructionState, LegalHold
from workflows.domain.unit import EVERYWHERE, Actor
from workflows.errors import (
    Conflict,
    InvalidValue,
    NotAllowed,
    RetentionRunning,
    SohoaError,
    UnderLegalHold,
)
from workflows.ports.clock import VIETNAM, Clock
from workflows.ports.database import Database, Transaction
from workflows.ports.objects import KeptStore
from workflows.retention import ENDS, RetentionSchedule
from workflows.states import move


@dataclass(frozen=True, slots=True, kw_only=True)
class DestructionDesk:
    """Legal holds and destructions of the Units an archivist may see."""

    database: Database
    objects: KeptStore
    replica: KeptStore | None
    schedule: RetentionSchedule
    clock: Clock

    # giữ lại

    def hold(self, document_id: str, reason: str, *, by: Actor) -> LegalHold:
        """Block destruction until released. Any state: an inspection may want it at once."""
        now = self.clock.now()
        with self.database.transaction() as tx:
            document = tx.documents.get(document_id, by.scope)
            hold = LegalHold(
                id=uuid.uuid4().hex,
                document_id=document_id,
                unit_id=document.unit_id,
                reason=_reason(reason),
                placed_by=by.id,
                placed_at=now,
            )
            tx.disposal.put_hold(hold)
            record(tx, "held", document, by=by, at=now, purpose=hold.reason, hold=hold.id)
        return hold

    def release(self, hold_id: str, reason: str, *, by: Actor) -> LegalHold:
        now = self.clock.now()
        with self.database.transaction() as tx:
            hold = tx.disposal.hold(hold_id, by.scope)
            if hold.released_at is not None:
                raise Conflict(hold_id, message="Lệnh giữ này đã được gỡ.")
            fresh = replace(
                hold, released_by=by.id, released_at=now, release_reason=_reason(reason)
            )
            tx.disposal.put_hold(fresh)
            document = tx.documents.get(hold.document_id, EVERYWHERE)
            record(tx, "released", document, by=by, at=now, purpose=reason, hold=hold.id)
        return fresh

    def holds(self, document_id: str, *, by: Actor) -> Sequence[LegalHold]:
        with self.database.read() as tx:
            tx.documents.get(document_id, by.scope)
            return tx.disposal.holds(document_id)

    def open_holds(self, *, by: Actor) -> Sequence[LegalHold]:
        """Those in force, newest first."""
        with self.database.read() as tx:
            return tx.disposal.open_holds(by.scope)

    # hủy

    def due(self, *, by: Actor, limit: int = 200) -> Sequence[tuple[Document, str]]:
        """Danh mục tài liệu hết thời hạn: (paper, basis); nobody has to destroy them."""
        found: list[tuple[Document, str]] = []
        for rule in self.schedule.rules.values():
            if rule.years is None or len(found) >= limit:
                continue
            # whole years from the next 1/1: stored in `year` or before
            year = self._today().year - rule.years - 1
            edge = dt.datetime(year + 1, 1, 1, tzinfo=VIETNAM).astimezone(dt.UTC)
            with self.database.read() as tx:
                rows = tx.disposal.stored_before(
                    rule.type_code, edge, by.scope, limit=limit - len(found)
                )
            found.extend((document, rule.basis) for document in rows)
        return found

    def request(self, document_id: str, reason: str, *, by: Actor) -> Destruction:
        """Raises `UnderLegalHold`, `RetentionRunning`, `Conflict` (asked before)."""
        now = self.clock.now()
        with self.database.transaction() as tx:
            document = tx.documents.get(document_id, by.scope)
            basis = self._allowed(tx, document)
            if any(d.state in _OPEN for d in tx.disposal.of_document(document_id)):
                raise Conflict(document_id, message="Giấy tờ này đã có đề nghị hủy.")
            asked = Destruction(
                id=uuid.uuid4().hex,
                document_id=document_id,
                unit_id=document.unit_id,
                basis=basis,
                reason=_reason(reason),
                requested_by=by.id,
                requested_at=now,
            )
            tx.disposal.put(asked)
            record(
                tx, "destruction_requested", document, by=by, at=now, purpose=reason, act=asked.id
            )
        return asked

    def decide(self, destruction_id: str, *, approve: bool, reason: str, by: Actor) -> Destruction:
        """The second person's word. Raises `NotAllowed` for the one who asked."""
        now = self.clock.now()
        with self.database.transaction() as tx:
            asked = tx.disposal.get(destruction_id, by.scope)
            if asked.state is not DestructionState.REQUESTED:
                raise Conflict(asked.state, message="Đề nghị hủy này đã được quyết định.")
            if asked.requested_by == by.id:
                raise NotAllowed(
                    "the same person",
                    message="Người đề nghị hủy không được tự duyệt; cần người khác.",
                )
            document = tx.documents.get(asked.document_id, by.scope)
            if approve:
                self._allowed(tx, document)
            decided = replace(
                asked,
                state=DestructionState.APPROVED if approve else DestructionState.REFUSED,
                decided_by=by.id,
                decided_at=now,
                decision_reason=_reason(reason),
            )
            tx.disposal.put(decided)
            word = "destruction_approved" if approve else "destruction_refused"
            record(tx, word, document, by=by, at=now, purpose=reason, act=asked.id)
        return self.carry_out(decided) if approve else decided

    def destructions(self, *, by: Actor) -> Sequence[Destruction]:
        """Newest first."""
        with self.database.read() as tx:
            return tx.disposal.find(by.scope)

    def carry_on(self) -> int:
        """Approved ones that waited for a lock or were interrupted; the number finished now."""
        with self.database.read() as tx:
            open_ones = [
                d for d in tx.disposal.find(EVERYWHERE) if d.state is DestructionState.APPROVED
            ]
        return sum(self.carry_out(d).state is DestructionState.DONE for d in open_ones)

    def carry_out(self, act: Destruction) -> Destruction:
        """Rows first, with the list of keys; then the bytes. Idempotent at every point.

        The other way round a crash would leave rows without bytes, and the scrub would bring the
        bytes back from the replica.
        """
        if not act.objects:
            held = self._locked_until(act)
            if held is not None:
                return self._wait(act, held)
            act = self._forget(act)
        try:
            for stored in act.objects:
                for store in filter(None, (self.objects, self.replica)):
                    store.erase(stored)
        except SohoaError:
            return act  # the store does not answer: `carry_on` tries again
        done = replace(act, state=DestructionState.DONE, done_at=self.clock.now())
        with self.database.transaction() as tx:
            tx.disposal.put(done)
            document = tx.documents.get(act.document_id, EVERYWHERE)
            record(
                tx,
                "destroyed",
                document,
                by=SYSTEM,
                at=self.clock.now(),
                purpose=act.reason,
                act=act.id,
                requested_by=act.requested_by,
                approved_by=act.decided_by,
                basis=act.basis,
                sha256=sorted(o.sha256 for o in act.objects),
            )
        return done

    def _allowed(self, tx: Transaction, document: Document) -> str:
        """The basis on which it may be destroyed today."""
        if any(hold.released_at is None for hold in tx.disposal.holds(document.id)):
            raise UnderLegalHold(document.id)
        if document.state not in ENDS:
            raise Conflict(
                document.state,
                message="Giấy tờ còn đang xử lý; chỉ hủy giấy tờ đã lưu hoặc đã loại.",
            )
        ends, basis = self.schedule.ends(document)
        if ends is None or ends > self._today():
            until = f"đến {ends:%d/%m/%Y}" if ends else "không có ngày hết"
            raise RetentionRunning(
                document.id, message=f"Giấy tờ còn trong thời hạn lưu trữ ({until}; {basis})."
            )
        return basis

    def _today(self) -> dt.date:
        return self.clock.now().astimezone(VIETNAM).date()

    def _own_objects(self, tx: Transaction, document: Document) -> Iterator[StoredObject]:
        """What no other paper needs: the same bytes may have come in twice, in two Units."""
        holdings, _ = tx.holdings.of_original(document.original.sha256)
        shared = {o.key for h in holdings if h.document_id != document.id for o in h.objects}
        for holding in holdings:
            if holding.document_id == document.id:
                yield from (o for o in holding.objects if o.key not in shared)

    def _locked_until(self, act: Destruction) -> dt.datetime | None:
        now = self.clock.now()
        with self.database.read() as tx:
            document = tx.documents.get(act.document_id, EVERYWHERE)
            objects = list(self._own_objects(tx, document))
        ends = [
            until
            for stored in objects
            for store in filter(None, (self.objects, self.replica))
            if store.find(stored.key) is not None
            and (until := store.protected_until(stored)) is not None
            and until > now
        ]
        return max(ends, default=None)

    def _wait(self, act: Destruction, until: dt.datetime) -> Destruction:
        if act.waits_until == until:
            return act
        waiting = replace(act, waits_until=until)
        with self.database.transaction() as tx:
            tx.disposal.put(waiting)
        return waiting

    def _forget(self, act: Destruction) -> Destruction:
        """Rows, texts and values go; type, code, dates and hashes of the log stay."""
        with self.database.transaction() as tx:
            document = tx.documents.get(act.document_id, EVERYWHERE)
            self._allowed(tx, document)  # a hold may have come while it waited
            fresh = replace(act, objects=tuple(self._own_objects(tx, document)))
            tx.readings.forget(document.id, keep_extraction=False)
            emptied = move(
                document,
                DocumentState.DESTROYED,
                file_name="",
                owner_name=None,
                holder_id=None,
                copy=None,
                evidence=None,
            )
            tx.documents.save(emptied)
            tx.disposal.put(fresh)
        return fresh


_OPEN = (DestructionState.REQUESTED, DestructionState.APPROVED)


def _reason(text: str) -> str:
    """Never empty: the log must say why."""
    said = " ".join(text.split())
    if len(said) < 5:
        raise InvalidValue("reason", message="Phải nêu lý do (ít nhất 5 ký tự).")
    return said
