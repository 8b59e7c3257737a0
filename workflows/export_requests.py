# SPDX-License-Identifier: Apache-2.0
"""Yêu cầu xuất gói: an export somebody asked for at a door and a worker writes.

A package of thousands of papers takes minutes: nobody waits in a browser for it, and a worker
killed on the way is replaced by one that writes it anew. The rights are those of the person at the
time of writing, not of asking.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workflows.audit import record_act
from workflows.domain.package import ExportRequest, ExportState, Order, Wanted, Written
from workflows.domain.unit import EVERYWHERE, Actor, actor_of
from workflows.errors import IdempotencyMismatch, NotAllowed, NotFound, SohoaError
from workflows.export import ExportDesk, must_be_archivist
from workflows.ports.clock import Clock
from workflows.ports.database import Database, Transaction
from workflows.ports.engine import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequests:
    """Takes requests, has them written by `desk`, tells what became of them."""

    database: Database
    desk: ExportDesk
    clock: Clock

    def ask(
        self, wanted: Wanted, order: Order, *, by: Actor, idempotency_key: str | None = None
    ) -> ExportRequest:
        """What cannot be packed is refused here and now, as `ExportDesk.look` says.

        The same key with the same wishes gives the same request; with others
        `IdempotencyMismatch`.
        """
        order, unit = self.desk.look(wanted, order, by=by)
        request = ExportRequest(
            id=_id_of(by, idempotency_key) if idempotency_key else uuid.uuid4().hex,
            unit_id=unit.id,
            requested_by=by.id,
            requested_at=self.clock.now(),
            title=wanted.said,
            wanted=wanted,
            order=order,
        )
        with self.database.transaction() as tx:
            known = _known(tx, request.id)
            if known is not None:
                if (known.wanted, known.order) != (wanted, order):
                    raise IdempotencyMismatch(request.id)
                return known
            tx.package_exports.put(request)
            tx.jobs.enqueue("export", request.id, queue=Queue.SERVER)
            record_act(
                tx,
                "package.asked",
                by=by,
                unit_id=unit.id,
                at=request.requested_at,
                purpose=order.purpose,
                subject_id=request.id,
                wanted=wanted.said,
            )
        return request

    def get(self, request_id: str, *, by: Actor) -> ExportRequest:
        must_be_archivist(by)
        with self.database.read() as tx:
            return tx.package_exports.get(request_id, by.scope)

    def recent(self, *, by: Actor, limit: int = 20) -> Sequence[ExportRequest]:
        """Newest first."""
        must_be_archivist(by)
        with self.database.read() as tx:
            return tx.package_exports.find(by.scope, limit=limit)

    def begin(self, request_id: str) -> None:
        """The first step of the job."""
        with self.database.transaction() as tx:
            request = tx.package_exports.get(request_id, EVERYWHERE)
            tx.package_exports.put(replace(request, state=ExportState.RUNNING))

    def write(self, request_id: str) -> str:
        """The second: the package, its entries in the log and the end of the request at once.

        Done before (the worker died after its commit), nothing happens. Returns the file's name;
        raises as `ExportDesk.export`, and `NotAllowed` when the person may no longer do this.
        """
        with self.database.read() as tx:
            request = tx.package_exports.get(request_id, EVERYWHERE)
            user = tx.accounts.user(user_id=request.requested_by)
            if user is None or not user.active:
                raise NotAllowed(request.requested_by)
            by = actor_of(user, tx.accounts.scope_of(user.unit_id))
        if request.package is not None:
            return request.package

        def close(tx: Transaction, written: Written) -> None:
            tx.package_exports.put(
                replace(
                    request,
                    state=ExportState.DONE,
                    package=written.path.name,
                    finished_at=self.clock.now(),
                )
            )

        return self.desk.export(request.wanted, request.order, by=by, closing=close).path.name

    def fail(self, request_id: str, error: Exception) -> None:
        """The job is given up; the person who asked reads why, and what to do."""
        told = error if isinstance(error, SohoaError) else SohoaError(str(error))
        with self.database.transaction() as tx:
            request = tx.package_exports.get(request_id, EVERYWHERE)
            if request.state.is_open:
                tx.package_exports.put(
                    replace(
                        request,
                        state=ExportState.FAILED,
                        failure_code=told.code,
                        failure=f"{told.shown} {told.remedy}",
                        finished_at=self.clock.now(),
                    )
                )


def _id_of(by: Actor, key: str) -> str:
    return hashlib.sha256(f"{by.id}\n{key}".encode()).hexdigest()[:32]


def _known(tx: Transaction, request_id: str) -> ExportRequest | None:
    try:
        return tx.package_exports.get(request_id, EVERYWHERE)
    except NotFound:
        return None
