# SPDX-License-Identifier: Apache-2.0
"""What a backup asks of the outside: a picture of the database, and a cipher."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from workflows.ports.database import Transaction


class DatabaseCopies(Protocol):
    """The database as one file. Errors: `BackupFailed`, `Conflict`."""

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`: a copy can only be loaded into its own kind."""
        ...

    @property
    def revision(self) -> str | None:
        """Of the tables; None where there are none yet."""
        ...

    def dump(self, to: Path) -> AbstractContextManager[Transaction]:
        """A consistent copy while work goes on; the Transaction sees exactly what it holds."""
        ...

    def load(self, source: Path) -> None:
        """Into a database that has no tables yet (else `Conflict`): all of it or nothing."""
        ...


class Cipher(Protocol):
    """Encryption of files of any size in flat memory. Errors: `BackupFailed`."""

    def encrypt(self, source: Path, to: Path) -> None: ...

    def decrypt(self, source: Path, to: Path) -> None: ...

    def opened(self, content: bytes) -> bytes:
        """As `decrypt`, of what fits in memory."""
        ...

    @property
    def opens(self) -> bool:
        """Whether we hold the key that decrypts; a machine that only backs up does not need it."""
        ...
