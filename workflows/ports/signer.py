# SPDX-License-Identifier: Apache-2.0
"""Chữ ký số: signing and verifying PDF, behind a port (keys may live in a token or an HSM)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from workflows.domain.signature import Verification
from workflows.domain.signing import PreparedSignature


class SignatureLevel(StrEnum):
    """PAdES baseline levels (ETSI EN 319 142-1), weakest first."""

    B_B = "B-B"  # the signature alone
    B_T = "B-T"  # + a time stamp of the signature (RFC 3161)
    B_LT = "B-LT"  # + certificates and revocation data inside the file
    B_LTA = "B-LTA"  # + a time stamp over all of it, renewed before it ages

    def reaches(self, other: SignatureLevel) -> bool:
        return _LEVELS.index(self) >= _LEVELS.index(other)

    def at_most(self, other: SignatureLevel) -> SignatureLevel:
        return other if self.reaches(other) else self


_LEVELS = tuple(SignatureLevel)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureProfile:
    """Hồ sơ ký: who signs, where the mark stands, which level. Profiles are data.

    `level`: what the stored copy shall reach; what needs other machines may be added later.
    `stamp`: the visible lines; `{signer}` and `{time}` are filled in. `check_first`: nothing is
    signed before a person compared the fields with the paper; else signing comes first, as TT
    01/2023/TT-VPCP, Đ.8-9 has it.
    """

    name: str
    reason: str
    field_prefix: str
    corner: str = "top_left"  # TT 01/2023 Đ.8; NĐ 30 copies: top_right
    level: SignatureLevel = SignatureLevel.B_B
    visible: bool = True
    check_first: bool = False
    stamp: str = "Ký bởi: {signer}\nThời gian ký: {time}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureDone:
    """The signed bytes and what was put in them; `level` may be below the profile's."""

    content: bytes
    signer_name: str
    level: SignatureLevel
    signed_at: dt.datetime
    field_name: str


class Signer(Protocol):
    def sign(self, pdf: bytes, *, profile: SignatureProfile, who: str) -> SignatureDone:
        """Add one PAdES signature of `who` (a user or Unit id) as an incremental revision.

        When time stamps or revocation data cannot be had now, the result has a lower level
        (`SignatureDone.level`); `Preserver.augment` completes it later. Raises `SigningFailed`
        when the key is not there or its certificate may not sign, or when the result does not
        verify with a bottom line of true.
        """
        ...

    def unlocked(self, who: str, pin: str) -> AbstractContextManager[Signer]:
        """A Signer with the token of `who` logged in until the end of the block.

        One PIN, many papers; where the key needs none it is not looked at. Raises `TokenRefused`.
        """
        ...


class DeferredSigner(Protocol):
    """Signs with a key that lies in another machine; the document never goes there."""

    def prepare(
        self, pdf: bytes, *, profile: SignatureProfile, certificates: Sequence[bytes]
    ) -> PreparedSignature:
        """`pdf` with a gap for the signature of the owner of `certificates` (DER, theirs first).

        Raises `CertificateRefused`, `SigningFailed`.
        """
        ...

    def complete(
        self,
        pdf: bytes,
        prepared: PreparedSignature,
        *,
        profile: SignatureProfile,
        certificates: Sequence[bytes],
        signature: bytes,
    ) -> SignatureDone:
        """The gap filled. `signature`: raw PKCS#1 v1.5 or DER ECDSA, SHA-256, over `attributes`.

        Raises `SigningFailed` when it is not the certificate's, or the result does not verify.
        """
        ...

    def owner(self, certificate: bytes) -> str:
        """The common name in a DER certificate. Raises `CertificateRefused` for no certificate."""
        ...


class Preserver(Protocol):
    """Keeps signatures provable after their certificates are gone."""

    def augment(self, pdf: bytes, level: SignatureLevel) -> bytes:
        """Every signature of `pdf` (our own file) brought to `level` by incremental updates.

        `pdf` stays as the beginning of the result. Raises `TimeStampUnavailable`,
        `RevocationUnavailable`, or `CertificateRefused` for a certificate revoked meanwhile.
        """
        ...

    def renew(self, pdf: bytes) -> bytes:
        """One more archive time stamp over the last, with the last one's own proofs. As above."""
        ...

    def stamp_ends(self, pdf: bytes) -> dt.datetime | None:
        """When the certificate of the newest archive time stamp ends; None without a stamp."""
        ...


class Verifier(Protocol):
    def verify(self, pdf: Path) -> Verification:
        """Every signature in file order; empty when there is none. Foreign bytes: sandboxed.

        Never raises for what the file holds: a file nobody can read is one UNREADABLE report.
        """
        ...
