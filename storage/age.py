# SPDX-License-Identifier: Apache-2.0
"""Encryption of backups in the age format (X25519, ChaCha20-Poly1305, in chunks).

A public format with several independent programs: in ten years a backup opens without this one.
The machine that backs up knows only the public half (`age1…`); the secret half lies in a safe.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyrage

from workflows.errors import BackupFailed, InvalidValue


class AgeCipher:
    """`Cipher` to the given recipients; decrypts with the identity in `key_file`, where given."""

    def __init__(self, recipients: Sequence[str], key_file: Path | None = None) -> None:
        self._recipients = [_recipient(text) for text in recipients]
        self._identity = _identity(key_file) if key_file is not None else None

    @property
    def opens(self) -> bool:
        return self._identity is not None

    def encrypt(self, source: Path, to: Path) -> None:
        if not self._recipients:
            raise BackupFailed(
                "no recipient",
                message="Chưa có khóa công khai để mã hóa bản sao lưu.",
            )
        try:
            pyrage.encrypt_file(str(source), str(to), self._recipients)
        except (pyrage.EncryptError, OSError) as trouble:
            raise BackupFailed(f"encrypting {source.name}: {trouble}") from trouble

    def decrypt(self, source: Path, to: Path) -> None:
        identity = self._held()
        try:
            pyrage.decrypt_file(str(source), str(to), [identity])
        except (pyrage.DecryptError, OSError) as trouble:
            to.unlink(missing_ok=True)
            raise _not_opened(f"decrypting {source.name}: {trouble}") from trouble

    def opened(self, content: bytes) -> bytes:
        identity = self._held()
        try:
            return bytes(pyrage.decrypt(content, [identity]))
        except pyrage.DecryptError as trouble:
            raise _not_opened(f"decrypting: {trouble}") from trouble

    def _held(self) -> pyrage.x25519.Identity:
        if self._identity is None:
            raise BackupFailed("no identity", message="Cần tệp khóa bí mật để mở bản sao lưu.")
        return self._identity


def _not_opened(detail: str) -> BackupFailed:
    return BackupFailed(
        detail, message="Không giải mã được: sai khóa bí mật hoặc bản sao lưu đã bị sửa."
    )


def make_key_file(path: Path) -> str:
    """Write a new secret key (mode 0600), never over another; returns its public half."""
    identity = pyrage.x25519.Identity.generate()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as taken:
        raise InvalidValue(str(path), message=f"Tệp {path} đã có; không ghi đè.") from taken
    with os.fdopen(handle, "w") as file:
        file.write(f"# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public())


def _recipient(text: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError as wrong:
        raise InvalidValue(text, message="Khóa công khai sao lưu phải có dạng age1…") from wrong


def _identity(path: Path) -> pyrage.x25519.Identity:
    try:
        lines = path.read_text("utf-8").split("\n")
        secret = next(line for line in lines if line.startswith("AGE-SECRET-KEY-"))
        return pyrage.x25519.Identity.from_str(secret.strip())
    except (OSError, StopIteration, pyrage.IdentityError, UnicodeDecodeError) as wrong:
        raise InvalidValue(
            str(path), message=f"{path} không phải tệp khóa bí mật sao lưu."
        ) from wrong
