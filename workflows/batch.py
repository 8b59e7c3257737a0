# SPDX-License-Identifier: Apache-2.0
"""Lô hồ sơ: a box of papers goes through as one, counted in and counted out."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from workflows.audit import record
from workflows.domain.document import Batch
from workflows.domain.unit import Actor
from workflows.errors import InvalidValue
from workflows.ports.clock import Clock
from workflows.ports.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """How far a Batch is: `counts` by reading status and by state, against what was declared."""

    batch: Batch
    counts: Mapping[str, int]

    @property
    def received(self) -> int:
        return self.counts.get("received_files", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDesk:
    """Opens Batches and tells their progress."""

    database: Database
    clock: Clock

    def open(
        self,
        name: str,
        declared_files: int,
        *,
        by: Actor,
        patches: Mapping[str, str] | None = None,
    ) -> Batch:
        """A new Batch; `patches` as in `Batch`.

        Raises `InvalidValue` without a name or with a negative count.
        """
        if not name.strip() or declared_files < 0:
            raise InvalidValue("batch", message="Lô cần có tên và số tệp khai báo không âm.")
        batch = Batch(
            id=uuid.uuid4().hex,
            unit_id=by.unit_id,
            name=name.strip(),
            declared_files=declared_files,
            created_at=self.clock.now(),
            created_by=by.id,
            patches=dict(patches) if patches is not None else None,
        )
        with self.database.transaction() as tx:
            tx.batches.add(batch)
            record(tx, "opened", batch, by=by, at=batch.created_at, declared_files=declared_files)
        return batch

    def progress(self, batch_id: str, *, by: Actor) -> BatchProgress:
        with self.database.read() as tx:
            batch = tx.batches.get(batch_id, by.scope)
            return BatchProgress(batch=batch, counts=tx.batches.progress(batch_id))
