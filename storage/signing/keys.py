# SPDX-License-Identifier: Apache-2.0
"""Whose key signs: found by user or Unit id; where it lives is hidden behind `SigningKeys`.

A Unit's seal key lies in an HSM or the token that văn thư holds (NĐ 30/2020 Đ.32-33). Key files
are for development; an office must allow them expressly.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key
from pyhanko.sign.signers import Signer as KeyHolder
from pyhanko.sign.signers import SimpleSigner

from storage.signing.pkcs11_token import Token, TokenSigner
from workflows.errors import KeyRefused, SigningFailed, TokenRefused


class SigningKeys(Protocol):
    def key_of(self, who: str) -> KeyHolder:
        """The certificate and key of a user or Unit id, ready to sign.

        Raises `SigningFailed` when there is none, or it cannot be opened.
        """
        ...

    def unlocked(self, who: str, pin: str) -> AbstractContextManager[SigningKeys]:
        """Keys with the token of `who` logged in until the end of the block: one PIN, many papers.

        Where the key needs no PIN it is not looked at. Raises `TokenRefused`.
        """
        ...


class FileKey(SimpleSigner):
    """A key read from a file. pyHanko parses and checks it anew for every signature.

    For RSA that check takes ten times as long as the signature itself (measured), twice a file.
    """

    @cached_property
    def _private(self) -> PrivateKeyTypes:
        return load_der_private_key(self.signing_key.dump(), password=None)

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        if digest_algorithm == "sha256" and not self.prefer_pss:
            if isinstance(self._private, RSAPrivateKey):
                return self._private.sign(data, PKCS1v15(), SHA256())
            if isinstance(self._private, EllipticCurvePrivateKey):
                return self._private.sign(data, ECDSA(SHA256()))
        other: bytes = super().sign_raw(data, digest_algorithm)
        return other


class Pkcs12Keys:
    """A folder of `<name>.p12` files, each with its passphrase in `<name>.pass` (mode 0600)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: dict[Path, tuple[int, KeyHolder]] = {}

    def key_of(self, who: str) -> KeyHolder:
        return self.opened(self._folder / f"{file_name(who)}.p12")

    @contextmanager
    def unlocked(self, who: str, pin: str) -> Iterator[SigningKeys]:
        yield self

    def opened(self, path: Path) -> KeyHolder:
        """The key in `path`; opened again only when the file was replaced."""
        try:
            changed = path.stat().st_mtime_ns
            known = self._opened.get(path)
            if known is not None and known[0] == changed:
                return known[1]
            passphrase = path.with_suffix(".pass").read_bytes().strip()
            read = SimpleSigner.load_pkcs12_data(path.read_bytes(), [], passphrase)
            key = FileKey(
                signing_cert=read.signing_cert,
                signing_key=read.signing_key,
                cert_registry=read.cert_registry,
            )
        except (OSError, ValueError) as error:
            raise SigningFailed(
                f"{path.name}: {error}", message="Chưa có chứng thư ký số dùng được cho người này."
            ) from error
        self._opened[path] = (changed, key)
        return key


class DeclaredKeys:
    """The keys an office declares in a TOML file, a table an owner (Unit code or user name).

    `library`, `token`, `key`, `chain`, `pin_file`: a PKCS#11 key; without a `pin_file` its PIN is
    asked for each time. `file`: a PKCS#12 file with its passphrase in `<name>.pass` beside it.
    """

    def __init__(
        self, path: Path, *, name_of: Callable[[str], str | None], allow_files: bool
    ) -> None:
        """`name_of`: a user or Unit id to the name it is declared under. Raises `ValueError`."""
        self._folder = path.parent
        self._name_of = name_of
        self._files = Pkcs12Keys(self._folder)
        self._allow_files = allow_files
        self._declared = _checked(tomllib.loads(path.read_text("utf-8")))
        self._logged_in: dict[str, TokenSigner] = {}

    def key_of(self, who: str) -> KeyHolder:
        entry = self._entry(who)
        if "file" in entry:
            if not self._allow_files:
                raise KeyRefused(str(entry["file"]))
            return self._files.opened(self._folder / str(entry["file"]))
        if "pin_file" not in entry:
            raise TokenRefused(
                f"the token of {who} needs its PIN", message="Cần nhập mã PIN của thiết bị ký số."
            )
        return self._standing(who, entry).key_of(who)

    @contextmanager
    def unlocked(self, who: str, pin: str) -> Iterator[SigningKeys]:
        entry = self._entry(who)
        if "file" in entry or "pin_file" in entry:
            yield self
            return
        with TokenSigner(_token(entry), owner=who, pin=pin) as opened:
            yield opened

    def _standing(self, who: str, entry: Mapping[str, Any]) -> TokenSigner:
        """A login that lasts; an HSM that was away or restarted is logged in to again."""
        known = self._logged_in.get(who)
        if known is not None:
            try:
                known.key_of(who)
                return known
            except TokenRefused:
                known.close()
        pin = (self._folder / str(entry["pin_file"])).read_text("utf-8").strip()
        self._logged_in[who] = TokenSigner(_token(entry), owner=who, pin=pin)
        return self._logged_in[who]

    def _entry(self, who: str) -> Mapping[str, Any]:
        name = self._name_of(who)
        entry = self._declared.get(name) if name is not None else None
        if entry is None:
            raise SigningFailed(
                f"no key is declared for {name or who}",
                message="Người này không có khóa ký trên máy chủ: ký bằng thiết bị ký số ở trạm.",
            )
        return entry


def _checked(declared: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    for name, entry in declared.items():
        known = {"file"} if isinstance(entry, dict) and "file" in entry else _TOKEN_KEYS
        if not isinstance(entry, dict) or not set(entry) <= known:
            raise ValueError(f"signing key {name}: only {', '.join(sorted(known))} are known")
        if "file" not in entry and not {"library", "token", "key"} <= set(entry):
            raise ValueError(f"signing key {name}: library, token and key are needed")
    return declared


_TOKEN_KEYS = {"library", "token", "key", "chain", "pin_file"}


def _token(entry: Mapping[str, Any]) -> Token:
    return Token(
        library=Path(entry["library"]),
        label=str(entry["token"]),
        key=str(entry["key"]),
        chain=tuple(entry.get("chain", ())),
    )


def file_name(who: str) -> str:
    """A file name for any user id; ids that are not plain words are hashed (no path tricks)."""
    plain = re.fullmatch(r"[A-Za-z0-9_-]{1,64}", who)
    return who if plain else hashlib.sha256(who.encode()).hexdigest()[:40]
