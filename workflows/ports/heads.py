# SPDX-License-Identifier: Apache-2.0
"""Where signed heads of the audit log rest: anywhere but in the database they vouch for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from workflows.domain.audit import SignedHead


class HeadLog(Protocol):
    """Append-only. Errors: `StorageFull`, `StorageUnavailable`."""

    def add(self, heads: Sequence[SignedHead]) -> None: ...

    def heads(self) -> Iterator[SignedHead]:
        """All of them, roughly in order. A line nobody can read comes with an empty signature."""
        ...


class Seal(Protocol):
    """The installation's own signing key, for what it says about itself; not a person's."""

    @property
    def key_id(self) -> str: ...

    def sign(self, claim: bytes) -> bytes: ...

    def holds(self, key_id: str, claim: bytes, signature: bytes) -> bool:
        """Whether a key we trust made this signature. False for an unknown key."""
        ...
