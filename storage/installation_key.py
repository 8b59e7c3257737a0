# SPDX-License-Identifier: Apache-2.0
"""The installation's own Ed25519 key: signs heads of the audit log and manifests of backups.

It says "this installation wrote that", never "this person agrees": personal and organisation
signatures are made elsewhere (`storage.signing`). Whoever holds the database but not this key
cannot forge a head.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from workflows.errors import InvalidValue

_RAW = serialization.Encoding.Raw
_PUBLIC = serialization.PublicFormat.Raw


class InstallationKey:
    """`Seal` on a PEM file, made once with mode 0600.

    `trusted`: public keys that count, by key id; our own where none is given. Earlier keys go
    there after a change of key, and a copy kept elsewhere goes there to check ours from outside.
    """

    def __init__(self, path: Path, trusted: Mapping[str, bytes] | None = None) -> None:
        self._key = _load_or_make(path)
        self.public = self._key.public_key().public_bytes(_RAW, _PUBLIC)
        self._trusted = dict(trusted) if trusted else {self.key_id: self.public}

    @property
    def key_id(self) -> str:
        return key_id_of(self.public)

    def sign(self, claim: bytes) -> bytes:
        return self._key.sign(claim)

    def holds(self, key_id: str, claim: bytes, signature: bytes) -> bool:
        public = self._trusted.get(key_id)
        if public is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, claim)
        except InvalidSignature:
            return False
        return True


def key_id_of(public: bytes) -> str:
    """A short name of a public key: the first 16 hex digits of its sha-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def public_key(text: str) -> bytes:
    """The 32 bytes of a public key written as hex. Raises `InvalidValue`."""
    try:
        public = bytes.fromhex(text.strip())
        Ed25519PublicKey.from_public_bytes(public)
    except ValueError as wrong:
        raise InvalidValue(
            "public key", message="Khóa công khai phải là 64 chữ số thập lục phân."
        ) from wrong
    return public


def _load_or_make(path: Path) -> Ed25519PrivateKey:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidValue(str(path), message="Khóa của trạm phải là khóa Ed25519.")
    return key


def _make(path: Path) -> None:
    """Written whole under another name, then linked: of two processes at once, one wins."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()
