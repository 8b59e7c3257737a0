# SPDX-License-Identifier: Apache-2.0
"""Looking at what is kept: every door reads Documents through here, in scope and with a trace."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ocr.extraction import FieldReading
from workflows.audit import record, record_search
from workflows.confirming import readings_of
from workflows.domain.document import (
    Document,
    DocumentFilter,
    DocumentState,
    ExtractionRecord,
    FieldValue,
    HitPage,
    PageRecord,
    ReadingStatus,
    Scan,
    StoredObject,
)
from workflows.domain.dossier import Filing
from workflows.domain.unit import EVERYWHERE, Actor, Role
from workflows.errors import NotAllowed, NotFound
from workflows.ports.clock import Clock
from workflows.ports.database import Database, Transaction
from workflows.ports.objects import ObjectStore
from workflows.purposes import stated
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

    def open(self, document_id: str, *, by: Actor, purpose: str | None = "so_hoa") -> OpenDocument:
        """With `purpose` None nothing is logged: only where another act of `by` was just logged."""
        with self.database.read() as tx:
            document = self._visible(tx, document_id, by)
            opened = OpenDocument(
                document=document,
                readings=readings_of(tx, document),
                values=tx.fields.values(document_id),
                pages=tx.readings.pages(document_id),
                extraction=tx.readings.extraction(document_id),
                filings=tx.filings.of_document(document_id),
            )
        if purpose is not None and document.reading is not ReadingStatus.WAITING:
            self.looked(document, "fields", by=by, purpose=purpose)
        return opened

    def page(self, document_id: str, number: int, *, by: Actor) -> tuple[Document, PageRecord]:
        """One page's record; its image is taken, and logged, by `content`."""
        with self.database.read() as tx:
            document = self._visible(tx, document_id, by)
            for page in tx.readings.pages(document_id):
                if page.number == number:
                    return document, page
        raise NotFound(f"{document_id} page {number}")

    def text(self, document_id: str, *, by: Actor, purpose: str | None = None) -> Sequence[str]:
        """What was read, page by page."""
        with self.database.read() as tx:
            document = self._visible(tx, document_id, by)
            pages = [page.text for page in tx.readings.pages(document_id)]
        self.looked(document, "text", by=by, purpose=stated(purpose, "tra_cuu"))
        return pages

    def history(self, document_id: str, name: str, *, by: Actor) -> Sequence[FieldValue]:
        """Every value a person stood for, oldest first."""
        with self.database.read() as tx:
            document = self._visible(tx, document_id, by)
            values = tx.fields.history(document_id, name)
        self.looked(document, "history", by=by, purpose=stated(None, "giam_sat"), field=name)
        return values

    def looked(
        self, document: Document, what: str, *, by: Actor, purpose: str, **facts: Any
    ) -> None:
        """Write down that `by` saw `what` of the paper, and why (Luật 91/2025)."""
        with self.database.transaction() as tx:
            record(
                tx,
                "viewed",
                document,
                by=by,
                at=self.clock.now(),
                purpose=stated(purpose, "so_hoa"),
                what=what,
                **facts,
            )

    def find(
        self, wanted: DocumentFilter, *, by: Actor, limit: int = 50, cursor: str | None = None
    ) -> HitPage:
        """A search for somebody or something is logged; a look at the list of work is not."""
        with self.database.read() as tx:
            found = tx.documents.find(wanted, by.scope, limit=limit, cursor=cursor)
        sought = wanted.text or wanted.number or wanted.holder_id
        if sought and cursor is None:
            with self.database.transaction() as tx:
                record_search(tx, sought, len(found.hits), by=by, at=self.clock.now())
        return found

    def content(
        self,
        document: Document,
        stored: StoredObject | None,
        *,
        by: Actor,
        purpose: str | None = None,
        what: str = "file",
        **facts: Any,
    ) -> bytes:
        """Bytes of one of the Document's objects, verified against their hash, logged.

        A partner may state only what its key was given for; stating nothing, it acts for what the
        paper was offered for.
        """
        if stored is None:
            raise NotFound(f"{document.id} has no such object yet")
        if by.kind == "partner":
            purpose = self._partner_purpose(document, purpose, by)
        content = self.objects.get(stored)
        said = stated(purpose, "tra_cuu")
        self.looked(document, what, by=by, purpose=said, sha256=stored.sha256, **facts)
        return content

    def _partner_purpose(self, document: Document, purpose: str | None, by: Actor) -> str | None:
        if purpose is None:
            with self.database.read() as tx:
                return tx.reuse.granted(by.id, document.id, self.clock.now() - GRANT_LASTS)
        if purpose not in by.purposes:
            raise NotAllowed(purpose, message="Khóa API không được cấp cho mục đích đã nêu.")
        return purpose

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
