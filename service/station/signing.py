# SPDX-License-Identifier: Apache-2.0
"""Ký bằng thiết bị cắm ở trạm: only digests come here, the key never leaves the token.

PKCS#11 is reached through python-pkcs11, which only a station that signs needs
(`pip install sohoa[token]`) beside the vendor's module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from service.station.link import Link, ServerRefuses


class TokenTrouble(Exception):
    """What the clerk must do about the token, in Vietnamese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenChoice:
    """`library`: the vendor's PKCS#11 module.

    Empty `label`: the only token plugged in; empty `key`: its only certificate that has a key.
    """

    library: Path
    label: str = ""
    key: str = ""


class OpenToken:
    """A logged-in token. `certificates`: DER, the signer's first, then the others on the token."""

    def __init__(self, pkcs11: Any, key: Any, certificates: Sequence[bytes]) -> None:
        self._pkcs11 = pkcs11
        self._key = key
        self.certificates = certificates

    def sign(self, attributes: bytes) -> bytes:
        """SHA-256 signature of these bytes: PKCS#1 v1.5, or ECDSA as DER."""
        with _told(self._pkcs11):
            if self._key.key_type == self._pkcs11.KeyType.RSA:
                mechanism = self._pkcs11.Mechanism.SHA256_RSA_PKCS
                return bytes(self._key.sign(attributes, mechanism=mechanism))
            digest = hashlib.sha256(attributes).digest()
            raw = bytes(self._key.sign(digest, mechanism=self._pkcs11.Mechanism.ECDSA))
        half = len(raw) // 2
        r, s = int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
        return encode_dss_signature(r, s)


@contextmanager
def open_token(chosen: TokenChoice, pin: str) -> Iterator[OpenToken]:
    """Logged in once, logged out at the end. Raises `TokenTrouble`."""
    pkcs11 = _library()
    with _told(pkcs11):
        session = _found(pkcs11, chosen).open(user_pin=pin)
    try:
        with _told(pkcs11):
            opened = _opened(pkcs11, session, chosen)
        yield opened
    finally:
        with suppress(pkcs11.exceptions.PKCS11Error):  # it may be unplugged already
            session.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSigned:
    """How one paper fared."""

    document: str
    signed: bool
    message: str


def sign_waiting(
    link: Link, token: OpenToken, told: Callable[[FileSigned], None] = lambda result: None
) -> list[FileSigned]:
    """Everything that waits at this station, with one login; a refused request stops no other.

    Raises `ServerAway` and `TokenTrouble`: what is not signed then waits on until it expires.
    """
    results: list[FileSigned] = []
    for request in link.signing_requests():
        try:
            wanted = link.present(request["id"], [c.hex() for c in token.certificates])
            made = {w["position"]: token.sign(bytes.fromhex(w["attributes"])) for w in wanted}
            items = link.signatures(request["id"], {n: s.hex() for n, s in made.items()})["items"]
        except ServerRefuses as error:
            failed = {"document_id": request["id"], "state": "failed", "message": error.message}
            items = [failed]
        for item in items:
            result = FileSigned(
                document=str(item["document_id"]),
                signed=item["state"] == "signed",
                message=str(item["message"]),
            )
            told(result)
            results.append(result)
    return results


def _library() -> Any:
    try:
        import pkcs11
    except ImportError as error:
        raise TokenTrouble(
            "Trạm này chưa cài phần ký số: chạy `pip install sohoa[token]` rồi thử lại."
        ) from error
    return pkcs11


def _found(pkcs11: Any, chosen: TokenChoice) -> Any:
    if not chosen.library.is_file():
        raise TokenTrouble(f"Không có thư viện PKCS#11 {chosen.library}; xem hướng dẫn của hãng.")
    try:
        module = pkcs11.lib(str(chosen.library))
    except RuntimeError as error:  # PKCS11Error is one
        raise TokenTrouble(f"Không mở được thư viện PKCS#11 {chosen.library}: {error}") from error
    tokens = [slot.get_token() for slot in module.get_slots(True)]
    initialised = [t for t in tokens if pkcs11.TokenFlag.TOKEN_INITIALIZED in t.flags]
    fitting = [t for t in initialised if chosen.label in ("", t.label)]
    if not fitting:
        raise TokenTrouble("Không thấy thiết bị ký số: cắm đúng thiết bị rồi ký lại.")
    if len(fitting) > 1:
        names = ", ".join(sorted(t.label for t in fitting))
        raise TokenTrouble(f"Có nhiều thiết bị ký số ({names}): chọn một bằng --token.")
    if pkcs11.TokenFlag.USER_PIN_LOCKED in fitting[0].flags:
        raise pkcs11.exceptions.PinLocked
    return fitting[0]


def _opened(pkcs11: Any, session: Any, chosen: TokenChoice) -> OpenToken:
    kinds, names = pkcs11.ObjectClass, pkcs11.Attribute
    found = list(session.get_objects({names.CLASS: kinds.CERTIFICATE}))
    keys = {k[names.ID]: k for k in session.get_objects({names.CLASS: kinds.PRIVATE_KEY})}
    usable = [c for c in found if c[names.ID] in keys and chosen.key in ("", c[names.LABEL])]
    if len(usable) != 1:
        raise TokenTrouble(
            "Thiết bị không có chứng thư nào kèm khóa ký."
            if not usable
            else "Thiết bị có nhiều chứng thư ký: chọn một bằng --key."
        )
    own = usable[0]
    chain = [bytes(c[names.VALUE]) for c in found if c[names.ID] not in keys]
    return OpenToken(pkcs11, keys[own[names.ID]], [bytes(own[names.VALUE]), *chain][:8])


@contextmanager
def _told(pkcs11: Any) -> Iterator[None]:
    raised = pkcs11.exceptions
    wrong = "Mã PIN không đúng."
    said = {
        raised.PinIncorrect: wrong,
        raised.PinInvalid: wrong,
        raised.PinLenRange: wrong,
        raised.PinLocked: "Mã PIN đã bị khóa; đề nghị nơi cấp thiết bị mở khóa.",
        raised.PinExpired: "Mã PIN đã hết hạn; đổi mã PIN bằng phần mềm của hãng rồi ký lại.",
        raised.TokenNotPresent: "Thiết bị ký số đã bị rút ra; cắm lại rồi ký lại.",
        raised.DeviceRemoved: "Thiết bị ký số đã bị rút ra; cắm lại rồi ký lại.",
    }
    try:
        yield
    except raised.PKCS11Error as error:
        other = f"Thiết bị ký số báo lỗi {type(error).__name__}."
        raise TokenTrouble(said.get(type(error), other)) from error
