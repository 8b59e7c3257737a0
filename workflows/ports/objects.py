# SPDX-License-Identifier: Apache-2.0
"""Kho tệp: write-once bytes, addressed by content."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from workflows.domain.document import StoredObject
from workflows.domain.quarantine import Quarantined, Refused


class ObjectStore(Protocol):
    """Write-once store. A key, once written, never changes its bytes.

    Errors: `StorageUnavailable` (no answer within 10 s), `StorageFull`, `IntegrityViolation`
    (bytes read do not match the hash), `NotFound`, `Conflict` (key exists with other bytes).
    """

    def put(self, key: str, content: bytes | Path, media_type: str) -> StoredObject:
        """Store durably, create-once. The same bytes under the same key again is success."""
        ...

    def get(self, stored: StoredObject) -> bytes:
        """Read back whole, verified against `stored.sha256`."""
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """What is under `prefix`, with the sha256 recorded at put. For scrub and reconcile."""
        ...

    def erase(self, stored: StoredObject) -> None:
        """Remove for good. Only for papers the law forbids to keep (secret papers, ID cards).

        A store under object lock refuses: such papers must be stopped before promotion.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What rests under a key right now, read through to its last byte.

    `recorded`: the store's own note beside it (file, metadata) names this sha256 too.
    """

    sha256: str
    size: int
    recorded: bool


class Protection(StrEnum):
    """What really keeps bytes from being changed or deleted, best first."""

    LOCKED = "locked"  # the store's object lock: not even its administrator before the date
    IMMUTABLE = "immutable"  # file attribute: only the machine's root can take it off
    NONE = "none"  # read-only mode, hashes and the scrub


class Custody(Protocol):
    """Looking after a store: for scrub, replication and backup. No road ever needs it.

    Errors: `StorageUnavailable`, `StorageFull`, `IntegrityViolation`, `NotFound`.
    """

    def keys(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, dt.datetime]]:
        """(key, when it was written) in the store's own order, without a look at the bytes.

        `after`: a key given before; the listing goes on behind it.
        """
        ...

    def find(self, key: str) -> StoredObject | None:
        """What was recorded at put, with the size of now; one quick question, no bytes read."""
        ...

    def measure(self, key: str) -> Measured | None:
        """Re-hash what is there; None where no object is (or a folder took its place, f39)."""
        ...

    def fetch(self, stored: StoredObject, to: Path) -> None:
        """Write the verified bytes to a new file; memory stays flat. Nothing stays on error."""
        ...

    def mend(self, stored: StoredObject, content: Path) -> None:
        """Put good bytes in the place of damaged or lost ones. Refuses others (`sha256`).

        The damaged ones are kept aside where the store can: they may be evidence.
        """
        ...


class Locks(Protocol):
    """Keeping stored papers from everybody, ourselves included, for a time."""

    def protect(self, stored: StoredObject, until: dt.datetime) -> Protection:
        """As well as the store can; again with a later date extends it. Never shortens."""
        ...

    def protected_until(self, stored: StoredObject) -> dt.datetime | None:
        """None: `erase` would be obeyed."""
        ...


class KeptStore(ObjectStore, Custody, Locks, Protocol):
    """Both: what every store of ours is."""


class Inbox(Protocol):
    """Received bytes rest here first: durable but deletable (secret papers must be erasable)."""

    def receive(self, chunks: Iterator[bytes], *, limit: int) -> tuple[Path, str, int]:
        """Stream to disk with fsync; returns (path, sha256, size). Over `limit`: `TooLarge`.

        No space left: `StorageFull`, nothing kept.
        """
        ...

    def erase(self, path: Path) -> None:
        """Overwrite and unlink. Idempotent."""
        ...

    def quarantine(self, path: Path, why: Refused) -> Path:
        """Set aside a file nobody could open, with its reason beside it, for a person to see."""
        ...

    def quarantined(self) -> Sequence[Quarantined]:
        """Oldest first."""
        ...


def content_sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def original_key(sha256: str) -> str:
    """`orig/<first two>/<sha256>`: what came in, byte for byte."""
    return f"orig/{sha256[:2]}/{sha256}"


def derived_key(kind: str, original_sha256: str, name: str) -> str:
    """Keyed by the hash of the original, so that a re-added file never meets an old copy (f15)."""
    return f"{kind}/{original_sha256[:2]}/{original_sha256}/{name}"
