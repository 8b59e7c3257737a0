# SPDX-License-Identifier: Apache-2.0
"""Gói tin lưu trữ on disk: written whole or not at all, checked before anyone believes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from workflows.domain.document import StoredObject
from workflows.domain.package import (
    Checked,
    DocumentRecord,
    Kept,
    Package,
    RecordedEvent,
    Surroundings,
    Written,
)
from workflows.domain.signature import Verification


class ManyVerifier(Protocol):
    def verify_each(self, pdfs: Sequence[Path]) -> Iterator[Verification]:
        """As `Verifier.verify`, for many files in their order; sandboxed, with less to start."""
        ...


class OpenPackage(Protocol):
    """A package somebody handed in, after `check` found nothing wrong with it."""

    @property
    def name(self) -> str: ...

    @property
    def around(self) -> Surroundings: ...

    @property
    def events(self) -> tuple[RecordedEvent, ...]:
        """The history the giving installation recorded."""
        ...

    def documents(self) -> Iterator[DocumentRecord]: ...

    def digest(self, record: DocumentRecord) -> str:
        """sha-256 over everything the package says of a Document, its bytes aside."""
        ...

    def content(self, stored: StoredObject) -> bytes:
        """The bytes of one object; `DamagedPackage` when they are not those of its sha-256."""
        ...


class Packages(Protocol):
    def write(self, package: Package) -> Written:
        """One ZIP file, durable, which passed `check`; an equal package already there is kept.

        Raises `StorageFull`, `StorageUnavailable`, `IntegrityViolation` (a stored object is not
        what it was), `DamagedPackage` (what was written does not pass the check).
        """
        ...

    def kept(self) -> Sequence[Kept]:
        """The packages written here, newest first."""
        ...

    def check(self, path: Path) -> Checked:
        """Every fault of a ZIP file or unpacked folder, by file; never raises for its content."""
        ...

    def open(self, path: Path) -> AbstractContextManager[OpenPackage]:
        """For import. Raises `DamagedPackage` naming the first faults."""
        ...
