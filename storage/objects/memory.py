# SPDX-License-Identifier: Apache-2.0
"""The object store in memory: tests and the demo."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

from storage.objects.content import (
    check_address,
    check_content,
    check_key,
    fetched,
    fingerprint,
    pieces,
)
from workflows.domain.document import StoredObject
from workflows.errors import Conflict, IntegrityViolation, NotFound
from workflows.ports.objects import Measured, Protection


class MemoryStore:
    """`ObjectStore` in a dictionary; same rules, gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[StoredObject, bytes]] = {}

    def put(self, key: str, content: bytes | Path, media_type: str) -> StoredObject:
        body = b"".join(pieces(content))
        sha256, size = fingerprint(body)
        check_address(check_key(key), sha256)
        fresh = StoredObject(key=key, sha256=sha256, size=size, media_type=media_type)
        with self._lock:
            stored, _ = self._kept.setdefault(key, (fresh, body))
        if stored.sha256 != sha256:
            raise Conflict(f"{key} is taken (sha256 {stored.sha256})")
        return stored

    def get(self, stored: StoredObject) -> bytes:
        try:
            _, body = self._kept[check_key(stored.key)]
        except KeyError:
            raise NotFound(stored.key) from None
        if fingerprint(body)[0] != stored.sha256:
            raise IntegrityViolation(f"{stored.key} holds other bytes than were stored")
        return body

    def list(self, prefix: str) -> Iterator[StoredObject]:
        with self._lock:
            keys = sorted(key for key in self._kept if key.startswith(prefix))
        yield from (self._kept[key][0] for key in keys)

    def erase(self, stored: StoredObject) -> None:
        with self._lock:
            self._kept.pop(check_key(stored.key), None)

    def find(self, key: str) -> StoredObject | None:
        kept = self._kept.get(check_key(key))
        return kept[0] if kept else None

    def keys(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, dt.datetime]]:
        for stored in (s for s in self.list(prefix) if s.key > after):
            yield stored.key, dt.datetime.fromtimestamp(0, dt.UTC)

    def measure(self, key: str) -> Measured | None:
        kept = self._kept.get(check_key(key))
        if kept is None:
            return None
        sha256, size = fingerprint(kept[1])
        return Measured(sha256=sha256, size=size, recorded=sha256 == kept[0].sha256)

    def fetch(self, stored: StoredObject, to: Path) -> None:
        fetched(iter([self.get(stored)]), stored, to)

    def mend(self, stored: StoredObject, content: Path) -> None:
        check_content(stored, content)
        self._kept[check_key(stored.key)] = (stored, content.read_bytes())

    def protect(self, stored: StoredObject, until: dt.datetime) -> Protection:
        return Protection.NONE

    def protected_until(self, stored: StoredObject) -> dt.datetime | None:
        return None

    def sweep(self, older_than_s: float = 3600.0) -> int:
        """Nothing is ever half-written here."""
        return 0
