# SPDX-License-Identifier: Apache-2.0
"""Keys that never leave a USB token or an HSM, reached over PKCS#11.

The Unit's token is with văn thư only, a personal token with its owner (NĐ 30/2020 Đ.32-33): one
`TokenSigner` is one plugged-in token, opened for one person's session.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from pkcs11.exceptions import PKCS11Error
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
from pyhanko.sign.signers import Signer as KeyHolder

from workflows.errors import SigningFailed


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


class _Session(Protocol):
    def close(self) -> None: ...


class TokenSigner:
    """`SigningKeys` for the one owner of a token; a context manager that logs out at its end.

    The PIN is used once to log in and not kept.
    """

    def __init__(self, token: Token, *, owner: str, pin: str) -> None:
        """Raises `SigningFailed` when the module, the token or the PIN is wrong."""
        self._owner = owner
        try:
            self._session: _Session = open_pkcs11_session(
                str(token.library), token_criteria=TokenCriteria(label=token.label), user_pin=pin
            )
        except (PKCS11Error, RuntimeError) as error:
            raise SigningFailed(
                f"token {token.label}: {type(error).__name__}",
                message="Không mở được thiết bị ký số: kiểm tra thiết bị và mã PIN.",
            ) from error
        self._key = PKCS11Signer(
            self._session,
            cert_label=token.key,
            key_label=token.key,
            other_certs_to_pull=token.chain,
        )

    def key_of(self, who: str) -> KeyHolder:
        """The token's key, for its owner only. Raises `SigningFailed` for anyone else."""
        if who != self._owner:
            raise SigningFailed(
                f"the token belongs to {self._owner}, not {who}",
                message="Thiết bị ký số đang cắm là của người khác.",
            )
        try:
            if self._key.signing_cert is None:
                raise SigningFailed("the token holds no certificate of that name")
        except (PKCS11Error, RuntimeError) as error:
            raise SigningFailed(f"token: {type(error).__name__}: {error}") from error
        return self._key

    def close(self) -> None:
        with contextlib.suppress(PKCS11Error):  # the token may be unplugged already
            self._session.close()

    def __enter__(self) -> TokenSigner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
