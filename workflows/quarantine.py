# SPDX-License-Identifier: Apache-2.0
"""Thùng cách ly: what could not be opened or read, tried again or given up by a person.

Files were refused at the door and are no Documents; Documents came in and could not be read. A
second try helps where the cause was ours: no space, a reader out of date, a sandbox too tight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from workflows.audit import record, record_act
from workflows.domain.document import (
    Document,
    DocumentFilter,
    DocumentState,
    ReadingStatus,
    Scan,
)
from workflows.domain.quarantine import Quarantined
from workflows.domain.unit import Actor
from workflows.errors import IllegalMove, InvalidValue, NotFound
from workflows.intake import Arrival, Intake, Source
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.engine import Queue
from workflows.ports.objects import Inbox

LEAST_REASON = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineDesk:
    """Everything set aside that `by` may see, and what can be done with it."""

    database: Database
    inbox: Inbox
    intake: Intake
    clock: Clock

    def files(self, *, by: Actor) -> Sequence[Quarantined]:
        """Oldest first, of the Units `by` may see."""
        return [f for f in self.inbox.quarantined() if by.scope.holds(f.why.unit_id)]

    def unread(self, *, by: Actor, limit: int = 100) -> Sequence[Document]:
        """Documents whose reading failed, newest first."""
        wanted = DocumentFilter(reading=ReadingStatus.FAILED)
        with self.database.read() as tx:
            return [h.document for h in tx.documents.find(wanted, by.scope, limit=limit).hits]

    def file(self, name: str, *, by: Actor) -> Quarantined:
        """`NotFound` for another Unit's, as for one that does not exist."""
        for found in self.files(by=by):
            if found.name == name:
                return found
        raise NotFound(name)

    def content(self, name: str, *, by: Actor) -> tuple[Quarantined, bytes]:
        """The untrusted bytes, to be given back to the sender; logged."""
        found = self.file(name, by=by)
        self._log("quarantine.taken", found, by)
        return found, found.path.read_bytes()

    def retry(self, name: str, *, by: Actor) -> Scan:
        """Receive it once more, for the Unit it came to. Raises as `Intake.receive`; it then stays.

        A secrecy mark found this time ends it: erased, as at the door.
        """
        found = self.file(name, by=by)
        source: Source = found.why.source if found.why.source in get_args(Source) else "upload"  # type: ignore[assignment]
        arrival = Arrival(
            file_name=found.why.file_name,
            source=source,
            batch_id=found.why.batch_id,
            declared_sheets=found.why.declared_sheets,
        )
        scan = self.intake.receive_again(
            found.path, arrival, by=replace(by, unit_id=found.why.unit_id)
        )
        self._log("quarantine.received", found, by, scan=scan.id)
        return scan

    def discard(self, name: str, reason: str, *, by: Actor) -> None:
        """Erase it: it was never acknowledged. `InvalidValue` without a reason."""
        if len(reason.strip()) < LEAST_REASON:
            raise InvalidValue(
                "no reason", message=f"Nêu lý do bỏ tệp (ít nhất {LEAST_REASON} chữ)."
            )
        found = self.file(name, by=by)
        self._log("quarantine.discarded", found, by, reason=reason.strip())
        self.inbox.erase(found.path)

    def reread(self, document: Document, *, by: Actor) -> Document:
        """Read a Document again whose reading failed. `IllegalMove` for any other."""
        if document.reading is not ReadingStatus.FAILED or (
            document.state is not DocumentState.RECEIVED
        ):
            raise IllegalMove(
                document.id, message="Chỉ đọc lại được giấy tờ mới tiếp nhận mà máy chưa đọc được."
            )
        waiting = replace(document, reading=ReadingStatus.WAITING, failure_code=None)
        with self.database.transaction() as tx:
            saved = tx.documents.save(waiting)
            # a job of its own each time: the engine runs an id once
            job = f"{document.id}@{saved.version}"
            tx.jobs.enqueue("digitise", job, queue=Queue.COUNTER, priority=3)
            record(tx, "reread", document, by=by, at=self.clock.now(), code=document.failure_code)
        return saved

    def _log(self, action: str, found: Quarantined, by: Actor, **facts: str) -> None:
        with self.database.transaction() as tx:
            record_act(
                tx,
                action,
                by=by,
                unit_id=found.why.unit_id,
                at=self.clock.now(),
                subject_id=found.name,
                code=found.why.code,
                **facts,
            )
