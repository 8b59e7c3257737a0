# SPDX-License-Identifier: Apache-2.0
"""Whose key signs. Keys are found by user id; where they live is hidden behind `SigningKeys`."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Protocol

from pyhanko.sign.signers import Signer as KeyHolder
from pyhanko.sign.signers import SimpleSigner

from workflows.errors import SigningFailed


class SigningKeys(Protocol):
    def key_of(self, who: str) -> KeyHolder:
        """The certificate and key of a user or Unit id, ready to sign.

        Raises `SigningFailed` when there is none, or it cannot be opened.
        """
        ...


class Pkcs12Keys:
    """A folder of `<name>.p12` files, each with its passphrase in `<name>.pass` (mode 0600)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: dict[Path, tuple[int, KeyHolder]] = {}

    def key_of(self, who: str) -> KeyHolder:
        return self.opened(self._folder / f"{file_name(who)}.p12")

    def opened(self, path: Path) -> KeyHolder:
        """The key in `path`; opened again only when the file was replaced."""
        try:
            changed = path.stat().st_mtime_ns
            known = self._opened.get(path)
            if known is not None and known[0] == changed:
                return known[1]
            passphrase = path.with_suffix(".pass").read_bytes().strip()
            key: KeyHolder = SimpleSigner.load_pkcs12_data(path.read_bytes(), [], passphrase)
        except (OSError, ValueError) as error:
            raise SigningFailed(
                f"{path.name}: {error}", message="Chưa có chứng thư ký số dùng được cho người này."
            ) from error
        self._opened[path] = (changed, key)
        return key


def file_name(who: str) -> str:
    """A file name for any user id; ids that are not plain words are hashed (no path tricks)."""
    plain = re.fullmatch(r"[A-Za-z0-9_-]{1,64}", who)
    return who if plain else hashlib.sha256(who.encode()).hexdigest()[:40]
