# SPDX-License-Identifier: Apache-2.0
"""Looking at what is kept: every door reads Documents through here, in scope and with a trace."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr.extraction import FieldReading
from workflows.audit import record
from workflows.confirming import readings_of
from workflows.domain.document import (
    Document,
    DocumentFilter,
    DocumentState,
    ExtractionRecord,
    FieldValue,
    HitPage,
    PageRecord,
    Scan,
    StoredObject,
)
from workflows.domain.dossier import Filing
from workflows.domain.unit import EVERYWHERE, Actor, Role
from workflows.errors import NotFound
from workflows.ports.clock import Clock
from workflows.ports.database import Database, Transaction
from workflows.ports.objects import ObjectStore
from workflows.states import set_aside, take_up

GRANT_LASTS = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDocument:
    """A Document with everything a person needs to check it."""

    document: Document
    readings: Mapping[str, FieldReading]
    values: Mapping[str, FieldValue]
    pages: Sequence[PageRecord]
    extraction: ExtractionRecord | None
    filings: Sequence[Filing]

    @property
    def open_fields(self) -> tuple[str, ...]:
        """Doubtful fields nobody has looked at."""
        return tuple(n for n, r in self.readings.items() if r.needs_review and n not in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Reads Documents for a person or a partner; logs each look at content."""

    database: Database
    objects: ObjectStore
    clock: Clock

    def document(self, document_id: str, *, by: Actor) -> Document:
        """`NotFound` for another Unit's paper, exactly as for one that does not exist.

        A stored paper of another Unit is open to whom `reuse.find` offered it, for `GRANT_LASTS`.
        """
        with self.database.read() as tx:
            return self._visible(tx, document_id, by)

    def visible(self, document_id: str, *, by: Actor) -> Document | None:
        """As `document`, but None instead of an error: for lists that mix Units."""
        with self.database.read() as tx, contextlib.suppress(NotFound):
            return self._visible(tx, document_id, by)
        return None

    def _visible(self, tx: Transaction, document_id: str, by: Actor) -> Document:
        if Role.PARTNER not in by.roles:
            with contextlib.suppress(NotFound):
                return tx.documents.get(document_id, by.scope)
        since = self.clock.now() - GRANT_LASTS
        if tx.reuse.granted(by.id, document_id, since) is None:
            raise NotFound(document_id)
        document = tx.documents.get(document_id, EVERYWHERE)
        if document.state is not DocumentState.STORED:
            raise NotFound(document_id)
        return document

    def scan(self, scan_id: str, *, by: Actor) -> Scan:
        with self.database.read() as tx:
            return tx.scans.get(scan_id, by.scope)

    def open(self, document_id: str, *, by: Actor) -> OpenDocument:
        with self.database.read() as tx:
            document = self._visible(tx, document_id, by)
            return OpenDocument(
                document=document,
                readings=readings_of(tx, document),
                values=tx.fields.values(document_id),
                pages=tx.readings.pages(document_id),
                extraction=tx.readings.extraction(document_id),
                filings=tx.filings.of_document(document_id),
            )

    def find(
        self, wanted: DocumentFilter, *, by: Actor, limit: int = 50, cursor: str | None = None
    ) -> HitPage:
        with self.database.read() as tx:
            return tx.documents.find(wanted, by.scope, limit=limit, cursor=cursor)

    def content(
        self, document: Document, stored: StoredObject | None, *, by: Actor, purpose: str
    ) -> bytes:
        """Bytes of one of the Document's objects, verified against their hash, logged."""
        if stored is None:
            raise NotFound(f"{document.id} has no such object yet")
        content = self.objects.get(stored)
        with self.database.transaction() as tx:
            record(
                tx,
                "viewed",
                document,
                by=by,
                at=self.clock.now(),
                purpose=purpose,
                sha256=stored.sha256,
            )
        return content

    def set_aside(self, document: Document, reason: str, *, by: Actor) -> Document:
        """Để lại xem sau."""
        with self.database.transaction() as tx:
            saved = tx.documents.save(set_aside(document, reason))
            record(tx, "set_aside", document, by=by, at=self.clock.now())
        return saved

    def take_up(self, document: Document, *, by: Actor) -> Document:
        with self.database.transaction() as tx:
            saved = tx.documents.save(take_up(document))
            record(tx, "taken_up", document, by=by, at=self.clock.now())
        return saved
