# SPDX-License-Identifier: Apache-2.0
"""Sao chụp: the archival copy, and the personal signature that completes it (TT 01/2023, Đ.8).

A paper that came in signed is never rewritten: its own bytes are the evidence.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ocr.extraction import Extraction, Part, page_from_json
from workflows.audit import SYSTEM, record
from workflows.domain.document import (
    Document,
    DocumentState,
    ExtractionRecord,
    FieldValue,
    PageRecord,
    ReadingStatus,
    SignedCopy,
    StoredObject,
    TrustLevel,
)
from workflows.domain.signature import Verification
from workflows.domain.unit import EVERYWHERE, Actor
from workflows.errors import IllegalMove
from workflows.ports.archival import ArchivalPdf, Bookmark, ConversionMark, CopyFacts, CopyPage
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.objects import ObjectStore, content_sha256, derived_key
from workflows.ports.signer import (
    SignatureDone,
    SignatureLevel,
    SignatureProfile,
    Signer,
    Verifier,
)
from workflows.states import move
from workflows.trust import assess


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """Composes the PDF/A copy and has it signed."""

    database: Database
    objects: ObjectStore
    archival: ArchivalPdf
    signer: Signer
    verifier: Verifier
    clock: Clock
    personal: SignatureProfile
    mark_code: bool = False

    def compose(self, document_id: str) -> str | None:
        """The archival copy, not signed; returns its sha-256. None when the paper was erased.

        For a paper that came signed it only serves looking things up; its own bytes are evidence.
        """
        with self.database.read() as tx:
            document = tx.documents.get(document_id, EVERYWHERE)
            pages = tx.readings.pages(document_id)
            values = tx.fields.values(document_id)
            read = tx.readings.extraction(document_id)
            by = tx.accounts.user(user_id=document.created_by)
            units = {u.id: u.name for u in tx.catalogue.units_by_id([document.unit_id])}
        if document.state in (DocumentState.REJECTED, DocumentState.SET_ASIDE) and not pages:
            return None  # erased: nothing may be made of it
        mark = ConversionMark(
            converted_by=by.full_name if by else document.created_by,
            unit_name=units.get(document.unit_id, ""),
            converted_at=document.created_at,
            code=_code(document) if self.mark_code else "",
        )
        content = self.archival.compose(
            (self._page(page) for page in pages),
            title=_title(document),
            mark=None if document.came_signed else mark,
            bookmarks=_bookmarks(read),
            facts=_facts(document, values),
        )
        stored = self._put("copies", document, content)
        with self.database.transaction() as tx:
            current = tx.documents.get(document_id, EVERYWHERE)
            if current.evidence is None:
                tx.documents.save(replace(current, copy=stored))
        if document.came_signed:
            self._accept_signed(document, pages[0].text if pages else "")
        return stored.sha256

    def sign(self, document: Document, *, by: Actor) -> Document:
        """The clerk's personal signature on the copy; the Document becomes `captured`.

        Raises `IllegalMove` before the copy is made or when it is signed already,
        `SigningFailed` when key or token do not answer; the Document is then unchanged.
        """
        copy = self.signable(document)
        # the clerk waits for a time stamp at most; proofs and archive stamp come with `preserve`
        now = replace(self.personal, level=self.personal.level.at_most(SignatureLevel.B_T))
        return self.accept(document, self.signer.sign(copy, profile=now, who=by.id), by=by)

    def signable(self, document: Document) -> bytes:
        """The copy that waits for the personal signature; `IllegalMove` when none does."""
        if document.copy is None or document.reading is not ReadingStatus.READ:
            raise IllegalMove(f"{document.id} has no copy to sign yet")
        move(document, DocumentState.CAPTURED)
        return self.objects.get(document.copy)

    def accept(
        self, document: Document, done: SignatureDone, *, by: Actor, **facts: str
    ) -> Document:
        """The signed copy becomes the evidence; `facts` go to the log. `StaleVersion` as ever."""
        signed_now = move(document, DocumentState.CAPTURED)
        stored = self._put("signed", document, done.content)
        with self.database.transaction() as tx:
            saved = tx.documents.save(
                replace(signed_now, evidence=stored, trust=TrustLevel.SIGNED_SCAN)
            )
            tx.signed_copies.add(
                SignedCopy(
                    id=uuid.uuid4().hex,
                    document_id=document.id,
                    object=stored,
                    revision=len(tx.signed_copies.revisions(document.id)) + 1,
                    profile=self.personal.name,
                    signer_name=done.signer_name,
                    signed_by=by.id,
                    signed_at=done.signed_at,
                    level=done.level,
                )
            )
            record(
                tx,
                "signed",
                document,
                by=by,
                at=done.signed_at,
                sha256=stored.sha256,
                level=done.level,
                profile=self.personal.name,
                **facts,
            )
        return saved

    def verify(self, document: Document) -> Verification:
        """Every signature of what `/file` gives, checked now, in the sandbox."""
        evidence = document.evidence or document.original
        with tempfile.TemporaryDirectory(prefix="sohoa-paper-") as room:
            path = Path(room) / "document.pdf"
            path.write_bytes(self.objects.get(evidence))
            return self.verifier.verify(path)

    def _page(self, page: PageRecord) -> CopyPage:
        """Fetched when asked for: a file of 500 pages is never in memory at once."""
        return CopyPage(
            jpeg=self.objects.get(page.image),
            width=page.width,
            height=page.height,
            dpi=page.dpi,
            text=page_from_json(page.reading),
        )

    def _accept_signed(self, document: Document, first_page: str) -> None:
        told = self.verify(document)
        trust, why = assess(document, told, (), first_page=first_page)
        with self.database.transaction() as tx:
            current = tx.documents.get(document.id, EVERYWHERE)
            if current.state is DocumentState.RECEIVED:
                current = move(current, DocumentState.CAPTURED)
            tx.documents.save(
                replace(current, evidence=current.original, trust=trust, trust_reason=why)
            )
            states = sorted({r.state.value for r in told})
            record(tx, "verified", document, by=SYSTEM, at=self.clock.now(), states=states)

    def _put(self, kind: str, document: Document, content: bytes) -> StoredObject:
        name = f"{content_sha256(content)}.pdf"
        key = derived_key(kind, document.original.sha256, name)
        return self.objects.put(key, content, "application/pdf")


def _code(document: Document) -> str:
    """What leads from a print of the copy to the document and the original it was made from.

    Upper case and no other signs: alphanumeric mode, a third smaller (ISO/IEC 18004, 7.4.4).
    """
    return f"SOHOA1:{document.id}:{document.original.sha256}".upper()


def _bookmarks(read: ExtractionRecord | None) -> tuple[Bookmark, ...]:
    """One for each paper where several came in one file; a single paper needs none."""
    if read is None:
        return ()
    seen = Extraction.from_json(read.body)
    parts = (seen.document, *seen.attached)
    return tuple(_bookmark(part) for part in parts) if seen.attached else ()


def _bookmark(part: Part) -> Bookmark:
    number = part.fields.get("full_number")
    said = f" {number.value}" if number is not None and number.value else ""
    return Bookmark(title=f"{part.document_type.name}{said}", page=part.first_page)


def _facts(document: Document, values: Mapping[str, FieldValue]) -> CopyFacts:
    known = {
        name: str(values[name].value)
        for name in ("number", "symbol", "issued_on", "issuer")
        if name in values and values[name].value
    }
    return CopyFacts(identifier=document.id, source_sha256=document.original.sha256, **known)


def _title(document: Document) -> str:
    return f"{document.type_name} ({document.id[:8]})"
