# SPDX-License-Identifier: Apache-2.0
"""Keys that never leave a USB token or an HSM, reached over PKCS#11.

The Unit's token is with văn thư only, a personal token with its owner (NĐ 30/2020 Đ.32-33): one
`TokenSigner` is one logged-in token, opened for one owner.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pkcs11 import Session, TokenFlag
from pkcs11 import lib as load_library
from pkcs11.exceptions import (
    DeviceRemoved,
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    TokenNotPresent,
)
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.sign.pkcs11 import PKCS11Signer, find_token
from pyhanko.sign.signers import Signer as KeyHolder

from workflows.errors import SigningFailed, TokenRefused

_WAIT_S = 60.0
_IN_USE: dict[tuple[str, str], threading.Lock] = {}
"""A login holds for the whole process: while one person is logged in on a token nobody else's PIN
would be asked for. So each token has one user at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Where a token is and what is on it.

    `library`: the vendor's PKCS#11 module. `label`: of the token. `key`: label of key and
    certificate. `chain`: labels of intermediate certificates to embed.
    """

    library: Path
    label: str
    key: str
    chain: tuple[str, ...] = ()


class TokenSigner:
    """`SigningKeys` for the one owner of a token; a context manager that logs out at its end.

    The PIN is used once to log in and not kept.
    """

    def __init__(self, token: Token, *, owner: str, pin: str) -> None:
        """Raises `TokenRefused` when the module, the token or the PIN is wrong."""
        self._owner = owner
        self._in_use = _IN_USE.setdefault((str(token.library), token.label), threading.Lock())
        if not self._in_use.acquire(timeout=_WAIT_S):
            raise TokenRefused(
                f"token {token.label} is in use",
                message="Thiết bị ký số đang được người khác dùng; chờ một lát rồi ký lại.",
            )
        try:
            self._session = _opened(token, pin)
        except BaseException:
            self._in_use.release()
            raise
        self._open = True
        self._key = _OneAtATime(self._session, token)

    def key_of(self, who: str) -> KeyHolder:
        """The token's key, for its owner only. Raises `SigningFailed` for anyone else."""
        if who != self._owner:
            raise SigningFailed(
                f"the token belongs to {self._owner}, not {who}",
                message="Thiết bị ký số đang cắm là của người khác.",
            )
        with told_in_vietnamese("token"):
            if self._key.signing_cert is None:
                raise TokenRefused(
                    "the token holds no certificate of that name",
                    message="Thiết bị ký số không có chứng thư mang tên đã khai.",
                )
        return self._key

    @contextmanager
    def unlocked(self, who: str, pin: str) -> Iterator[TokenSigner]:
        """It is logged in already; `pin` is not looked at."""
        self.key_of(who)
        yield self

    def close(self) -> None:
        """Log out. More than once does no harm."""
        if not self._open:
            return
        self._open = False
        with contextlib.suppress(PKCS11Error):  # the token may be unplugged already
            self._session.close()
        self._in_use.release()

    def __enter__(self) -> TokenSigner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _OneAtATime(PKCS11Signer):
    """A PKCS#11 session does one operation at a time; requests come from many threads."""

    def __init__(self, session: Session, token: Token) -> None:
        super().__init__(
            session,
            cert_label=token.key,
            key_label=token.key,
            other_certs_to_pull=token.chain,
        )
        self._busy = threading.Lock()

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        with self._busy, told_in_vietnamese("signing"):
            made: bytes = await super().async_sign_raw(data, digest_algorithm, dry_run)
        return made


def _opened(token: Token, pin: str) -> Session:
    with told_in_vietnamese(f"token {token.label}"):
        slots = load_library(str(token.library)).get_slots(token_present=True)
        found = find_token(slots, token_criteria=TokenCriteria(label=token.label))
        if found is None:
            raise TokenNotPresent(token.label)
        if TokenFlag.USER_PIN_LOCKED in found.flags:
            raise PinLocked(token.label)
        try:
            session: Session = found.open(user_pin=pin)
        except PinIncorrect as error:
            last = TokenFlag.USER_PIN_FINAL_TRY in _flags(token)
            more = " Chỉ còn một lần thử trước khi thiết bị bị khóa." if last else ""
            raise TokenRefused(
                f"token {token.label}: PinIncorrect", message=f"Mã PIN không đúng.{more}"
            ) from error
    return session


def _flags(token: Token) -> TokenFlag:
    slots = load_library(str(token.library)).get_slots(token_present=True)
    found = find_token(slots, token_criteria=TokenCriteria(label=token.label))
    return TokenFlag(found.flags) if found is not None else TokenFlag(0)


_TOLD: tuple[tuple[type[Exception], str], ...] = (
    (PinLocked, "Mã PIN đã bị khóa do nhập sai nhiều lần; đề nghị nơi cấp thiết bị mở khóa."),
    (PinExpired, "Mã PIN đã hết hạn; đổi mã PIN bằng phần mềm của nhà cung cấp rồi ký lại."),
    (PinIncorrect, "Mã PIN không đúng."),
    (PinInvalid, "Mã PIN không đúng."),
    (PinLenRange, "Mã PIN không đúng."),
    (TokenNotPresent, "Không thấy thiết bị ký số: cắm đúng thiết bị rồi ký lại."),
    (DeviceRemoved, "Thiết bị ký số đã bị rút ra; cắm lại rồi ký lại."),
)


@contextmanager
def told_in_vietnamese(doing: str) -> Iterator[None]:
    """What a PKCS#11 module raises, as `TokenRefused` with what the person can do about it."""
    try:
        yield
    except (PKCS11Error, RuntimeError) as error:
        message = next((said for kind, said in _TOLD if isinstance(error, kind)), None)
        raise TokenRefused(f"{doing}: {type(error).__name__}: {error}", message=message) from error
