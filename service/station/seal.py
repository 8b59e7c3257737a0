# SPDX-License-Identifier: Apache-2.0
"""Pages the server already has are kept some days more, encrypted (AES-256-GCM)."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


def private_bytes(path: Path, length: int) -> bytes:
    """The random secret in this file, made 0600 at the first call."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(os.urandom(length))
        file.flush()
        os.fsync(file.fileno())
    return path.read_bytes()


class Seal:
    def __init__(self, key_file: Path) -> None:
        self._cipher = AESGCM(private_bytes(key_file, 32))

    def close(self, content: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, content, None)

    def open(self, sealed: bytes) -> bytes:
        """Raises `cryptography.exceptions.InvalidTag` when a bit was changed."""
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
