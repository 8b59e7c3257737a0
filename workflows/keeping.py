# SPDX-License-Identifier: Apache-2.0
"""Lưu: a Document is `stored` only when object store, database and audit log agree about it."""

from __future__ import annotations

from dataclasses import dataclass

from ocr.document_types import DocumentTypes
from workflows.audit import SYSTEM, record
from workflows.domain.document import DocumentState
from workflows.domain.unit import EVERYWHERE
from workflows.errors import IntegrityViolation
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.engine import Queue
from workflows.ports.objects import ObjectStore
from workflows.states import move


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Proves what is kept by reading it back."""

    database: Database
    objects: ObjectStore
    document_types: DocumentTypes
    clock: Clock

    def keep(self, document_id: str) -> str:
        """Read original and evidence back by hash, then close the Document. Returns its state."""
        with self.database.read() as tx:
            document = tx.documents.get(document_id, EVERYWHERE)
        if document.state is DocumentState.STORED:
            return document.state.value
        if document.evidence is None:
            raise IntegrityViolation(f"{document_id} has no evidence to keep")
        for stored in {document.original, document.evidence}:
            self.objects.get(stored)
        kind = self.document_types.get(document.type_code)
        # Luật GDĐT 20/2023 Đ.12: certificates and permits need the organisation's signature too
        due = bool(kind and kind.certificate and not document.came_signed)
        now = self.clock.now()
        with self.database.transaction() as tx:
            document = tx.documents.get(document_id, EVERYWHERE)
            tx.documents.save(
                move(document, DocumentState.STORED, awaiting_org_signature=due, stored_at=now)
            )
            if not document.came_signed:
                tx.jobs.enqueue("preserve", f"{document.id}@kept", queue=Queue.BATCH, priority=8)
            record(
                tx,
                "stored",
                document,
                by=SYSTEM,
                at=now,
                original=document.original.sha256,
                evidence=document.evidence.sha256 if document.evidence else None,
            )
        return DocumentState.STORED.value
