# SPDX-License-Identifier: Apache-2.0
"""Tiếp nhận: bytes come in and are safe before anybody is told so.

Write order (kept by kill tests): durable in the inbox and hashed; looked at in the sandbox;
promoted to the write-once store; then Scan, Document, job and AuditEvent in one transaction; and
only then the acknowledgement. Doing all of it twice leaves one Document.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ocr.opening import Opening
from workflows.audit import record, record_refusal
from workflows.domain.document import Document, DocumentState, ReadingStatus, Scan
from workflows.domain.quarantine import Refused
from workflows.domain.unit import Actor
from workflows.errors import (
    BadInput,
    Conflict,
    IdempotencyMismatch,
    NotADocument,
    SecretDocument,
)
from workflows.opening import Opener
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.engine import Queue
from workflows.ports.objects import Inbox, ObjectStore, original_key
from workflows.reading import SecrecyCheck
from workflows.states import set_aside

MAX_BYTES = 512 << 20
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "tiff": "image/tiff",
}
Source = Literal["upload", "scanner", "hot_folder", "batch", "email", "ftp", "phone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What is said about the bytes that come: where from, under which key, how many sheets."""

    file_name: str
    source: Source = "upload"
    idempotency_key: str | None = None
    declared_sheets: int | None = None
    batch_id: str | None = None
    urgent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Receives files. One instance serves all threads."""

    database: Database
    objects: ObjectStore
    inbox: Inbox
    opener: Opener
    secrecy: SecrecyCheck
    clock: Clock
    check_first: bool = False  # of the personal signature profile

    def receive(self, untrusted: Iterator[bytes], arrival: Arrival, *, by: Actor) -> Scan:
        """Take one file in. The same key with the same bytes gives the Scan made the first time.

        Raises `BadInput` (and quarantines what a person must see), `IdempotencyMismatch`,
        `StorageFull`, `StorageUnavailable`; after any of them nothing is half recorded.
        """
        path, sha256, _ = self.inbox.receive(untrusted, limit=MAX_BYTES)
        try:
            known = self._known_or_recorded(path, sha256, arrival, by)
        except Exception:
            self.inbox.erase(path)
            raise
        self.inbox.erase(path)
        return known

    def receive_again(self, quarantined: Path, arrival: Arrival, *, by: Actor) -> Scan:
        """A file of the quarantine once more: gone from there when it was received, or is secret.

        Raises as `receive`; what is refused again stays, with its first reason.
        """
        with quarantined.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        try:
            known = self._known_or_recorded(quarantined, sha256, arrival, by)
        except SecretDocument:
            self.inbox.erase(quarantined)
            raise
        self.inbox.erase(quarantined)
        return known

    def _known_or_recorded(self, path: Path, sha256: str, arrival: Arrival, by: Actor) -> Scan:
        known = self._known(arrival, sha256, by)
        if known is not None:
            return known
        return self._record(path, sha256, self._look_into(path, arrival, by), arrival, by)

    def receive_pages(
        self, untrusted: Sequence[Iterator[bytes]], arrival: Arrival, *, by: Actor
    ) -> Scan:
        """Page images in order, bound losslessly into one PDF in the sandbox, then as `receive`."""
        pages = [self.inbox.receive(chunks, limit=MAX_BYTES)[0] for chunks in untrusted]
        try:
            with self.opener.bound(pages) as whole:
                return self.receive(iter([whole.read_bytes()]), arrival, by=by)
        finally:
            for page in pages:
                self.inbox.erase(page)

    def _known(self, arrival: Arrival, sha256: str, by: Actor) -> Scan | None:
        key = arrival.idempotency_key or f"sha256:{sha256}"
        with self.database.read() as tx:
            scan = tx.scans.by_key(by.unit_id, key)
        if scan is not None and scan.content_sha256 != sha256:
            raise IdempotencyMismatch(f"key {key} was used for {scan.content_sha256}")
        return scan

    def _look_into(self, path: Path, arrival: Arrival, by: Actor) -> Opening:
        try:
            opening = self.opener.inspect(path)
            mark = self.secrecy.mark_on(path, opening)
        except BadInput as trouble:
            if not isinstance(trouble, NotADocument):
                # somebody has to see it: the sender may have no other copy
                self.inbox.quarantine(path, _refused(trouble, arrival, by))
            self._refused(by, "intake.refused", code=trouble.code)
            raise
        if mark is not None:
            # Luật Bảo vệ bí mật nhà nước: no content, not even a hash, is kept of it
            self._refused(by, "intake.secret", mark=mark)
            raise SecretDocument(mark)
        return opening

    def _record(
        self, path: Path, sha256: str, opening: Opening, arrival: Arrival, by: Actor
    ) -> Scan:
        original = self.objects.put(original_key(sha256), path, MEDIA_TYPES[opening.kind])
        now = self.clock.now()
        document = Document(
            id=uuid.uuid4().hex,
            scan_id=uuid.uuid4().hex,
            unit_id=by.unit_id,
            original=original,
            file_name=Path(arrival.file_name).name[:200],
            state=DocumentState.RECEIVED,
            reading=ReadingStatus.WAITING,
            created_at=now,
            created_by=by.id,
            page_count=opening.page_count,
            came_signed=opening.signed,
            check_first=self.check_first and not opening.signed,
            batch_id=arrival.batch_id,
            urgent=arrival.urgent,
        )
        document = _held_unless_complete(document, arrival.declared_sheets)
        scan = Scan(
            id=document.scan_id,
            unit_id=by.unit_id,
            idempotency_key=arrival.idempotency_key or f"sha256:{sha256}",
            content_sha256=sha256,
            source=arrival.source,
            received_at=now,
            received_by=by.id,
            document_ids=(document.id,),
            batch_id=arrival.batch_id,
            declared_sheets=arrival.declared_sheets,
        )
        try:
            with self.database.transaction() as tx:
                tx.scans.add(scan)
                tx.documents.add(document)
                tx.jobs.enqueue(
                    "digitise",
                    document.id,
                    queue=Queue.COUNTER if arrival.urgent else Queue.BATCH,
                    priority=1 if arrival.urgent else 9,
                )
                record(
                    tx,
                    "received",
                    document,
                    by=by,
                    at=now,
                    sha256=sha256,
                    pages=opening.page_count,
                )
        except Conflict:
            # another request with the same key came first: its Scan is the answer
            known = self._known(arrival, sha256, by)
            if known is None:
                raise
            return known
        return scan

    def _refused(self, by: Actor, action: str, **facts: str) -> None:
        with self.database.transaction() as tx:
            record_refusal(tx, action, by=by, at=self.clock.now(), **facts)


def _refused(trouble: BadInput, arrival: Arrival, by: Actor) -> Refused:
    return Refused(
        code=trouble.code,
        reason=trouble.shown,
        file_name=Path(arrival.file_name).name[:200],
        source=arrival.source,
        unit_id=by.unit_id,
        received_by=by.id,
        batch_id=arrival.batch_id,
        declared_sheets=arrival.declared_sheets,
    )


def _held_unless_complete(document: Document, declared_sheets: int | None) -> Document:
    """Images must equal the sheets declared, one- or two-sided (TT 01/2023 Đ.8, f10)."""
    if declared_sheets is None or document.page_count in (declared_sheets, 2 * declared_sheets):
        return document
    return set_aside(
        document, f"Khai báo {declared_sheets} tờ nhưng nhận được {document.page_count} trang."
    )
