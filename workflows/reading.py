# SPDX-License-Identifier: Apache-2.0
"""Đọc: pixels become words, words become a type and fields. The machine's own part of the road.

Everything here may run twice (a worker can die at any line): pages are content-addressed and
written once, the extraction is replaced by an equal one.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2

from ocr.extraction import Extraction, page_as_json, page_from_json
from ocr.opening import Opening
from ocr.page import PageText, Pixels
from ocr.reader import Reader
from workflows.audit import SYSTEM, record
from workflows.domain.document import (
    Document,
    DocumentState,
    ExtractionRecord,
    PageRecord,
    ReadingStatus,
    StoredObject,
)
from workflows.domain.unit import EVERYWHERE
from workflows.errors import SohoaError
from workflows.opening import ROOM, Opener
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.objects import ObjectStore, derived_key
from workflows.states import move

PAGE_JPEG_QUALITY = 75
CARD_TYPES = frozenset({"cccd", "can_cuoc", "cmnd_9"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SecrecyCheck:
    """The look at the first page before anything is promoted to the write-once store.

    Doors ask from several threads; the recogniser is not made for that (two at once end the
    process), so they take turns.
    """

    opener: Opener
    reader: Reader
    dpi: int = 150
    turn: threading.Lock = field(default_factory=threading.Lock)

    def mark_on(self, untrusted: Path, opening: Opening) -> str | None:
        """The secrecy mark in the header of page 1 (`MẬT`, `TỐI MẬT`, …), or None."""
        if opening.page_count == 0:
            return None
        for image in self.opener.pages(untrusted, 1, 1, self.dpi):
            # the mark stands in the header (NĐ 30/2020, ô 10a): half a page costs half the time
            top = image.pixels[: max(1, image.pixels.shape[0] // 2)]
            with self.turn:
                return self.reader.secrecy_mark(replace(image, pixels=top, layer=()))
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Reads one Document, a few pages at a time."""

    database: Database
    objects: ObjectStore
    opener: Opener
    reader: Reader
    clock: Clock
    dpi: int
    keep_card_images: bool = False

    def count_pages(self, document_id: str) -> int:
        return self._document(document_id).page_count

    def read_pages(self, document_id: str, first: int, last: int) -> int:
        """Render, read and keep pages `first`..`last`; returns how many were read."""
        document = self._document(document_id)
        done = 0
        with self._on_disk(document.original) as untrusted:
            for image in self.opener.pages(untrusted, first, last, self.dpi):
                text, upright = self.reader.read_page(image)
                self._keep_page(document, text, upright)
                done += 1
        return done

    def extract(self, document_id: str) -> str:
        """Type and fields out of the pages read; returns the type code.

        A secret paper or an identity card found here is erased; what stays is the fact.
        """
        document = self._document(document_id)
        with self.database.read() as tx:
            pages = [page_from_json(p.reading) for p in tx.readings.pages(document_id)]
        extraction = self.reader.assemble(pages)
        if extraction.secret is not None:
            self._erase(document, extraction, "tai_lieu_mat", DocumentState.REJECTED)
            return "tai_lieu_mat"
        self._keep_extraction(document, extraction)
        if extraction.document.document_type.code in CARD_TYPES and not self.keep_card_images:
            self._erase(document, extraction, "presented_only", DocumentState.SET_ASIDE)
        return extraction.document.document_type.code

    def fail(self, document_id: str, error: Exception) -> None:
        """The reading could not be done: say why, keep the original, let a person decide."""
        document = self._document(document_id)
        code = error.code if isinstance(error, SohoaError) else "loi_doc"
        status = ReadingStatus.FAILED
        with self.database.transaction() as tx:
            tx.documents.save(replace(document, reading=status, failure_code=code))
            record(tx, "reading_failed", document, by=SYSTEM, at=self.clock.now(), code=code)

    def _document(self, document_id: str) -> Document:
        with self.database.read() as tx:
            return tx.documents.get(document_id, EVERYWHERE)

    @contextmanager
    def _on_disk(self, stored: StoredObject) -> Iterator[Path]:
        """The original as a file for the sandbox, re-hashed on the way out of the store."""
        self.opener.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=ROOM, dir=self.opener.scratch) as room:
            path = Path(room) / "document"
            path.write_bytes(self.objects.get(stored))
            yield path

    def _keep_page(self, document: Document, text: PageText, upright: Pixels) -> None:
        jpeg = encode_jpeg(upright, text.dpi)
        key = derived_key("pages", document.original.sha256, f"{text.page}-{self.dpi}.jpg")
        image = self.objects.put(key, jpeg, "image/jpeg")
        page = PageRecord(
            document_id=document.id,
            number=text.page,
            image=image,
            width=text.width,
            height=text.height,
            dpi=text.dpi,
            rotation=text.rotation,
            blank=text.blank,
            text=text.text,
            reading=page_as_json(text),
        )
        with self.database.transaction() as tx:
            capture = tx.captures.of_document(document.id)
            said = capture.said_blank(text.page) if capture else None
            tx.readings.add_page(page if said is None else replace(page, blank=said))

    def _keep_extraction(self, document: Document, extraction: Extraction) -> None:
        guess = extraction.document.document_type
        with self.database.transaction() as tx:
            tx.readings.add_extraction(
                extraction_record(document.id, extraction, at=self.clock.now())
            )
            tx.documents.save(
                replace(
                    document,
                    type_code=guess.code,
                    type_name=guess.name,
                    reading=ReadingStatus.READ,
                    failure_code=None,
                )
            )
            record(tx, "read", document, by=SYSTEM, at=self.clock.now(), type=guess.code)

    def _erase(
        self, document: Document, extraction: Extraction, code: str, state: DocumentState
    ) -> None:
        with self.database.read() as tx:
            images = [p.image for p in tx.readings.pages(document.id)]
        for stored in (*images, document.original):
            self.objects.erase(stored)
        with self.database.transaction() as tx:
            row = tx.documents.get(document.id, EVERYWHERE)
            tx.readings.forget(document.id, keep_extraction=code == "presented_only")
            changes = {"file_name": "", "failure_code": code, "set_aside_reason": code}
            if state is DocumentState.SET_ASIDE:
                changes.pop("file_name")
            if row.state is not state:
                row = move(row, state, **changes)
            tx.documents.save(replace(row, reading=ReadingStatus.READ))
            # no content: which mark, not what the paper says
            mark = extraction.secret or ""
            record(tx, "erased", document, by=SYSTEM, at=self.clock.now(), mark=mark, code=code)


def extraction_record(
    document_id: str, extraction: Extraction, *, at: dt.datetime
) -> ExtractionRecord:
    return ExtractionRecord(
        id=uuid.uuid4().hex,
        document_id=document_id,
        engine=", ".join(extraction.engines),
        created_at=at,
        # the text of each page stands with its PageRecord; not twice
        body=extraction.as_json() | {"text": []},
    )


def encode_jpeg(pixels: Pixels, dpi: float) -> bytes:
    """The upright page as JPEG (colour kept: blue ink and red seals are evidence)."""
    bgr = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    options = [cv2.IMWRITE_JPEG_QUALITY, PAGE_JPEG_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    ok, buffer = cv2.imencode(".jpg", bgr, options)
    if not ok:
        raise SohoaError(f"cannot encode a page of {pixels.shape} at {dpi} dpi")
    return bytes(buffer)
