# SPDX-License-Identifier: Apache-2.0
"""Chữ ký số: signing and verifying PDF, behind a port (keys may live in a token or an HSM)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


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
    `stamp`: the visible lines; `{signer}` and `{time}` are filled in.
    """

    name: str
    reason: str
    field_prefix: str
    corner: str = "top_left"  # TT 01/2023 Đ.8; NĐ 30 copies: top_right
    level: SignatureLevel = SignatureLevel.B_B
    visible: bool = True
    stamp: str = "Ký bởi: {signer}\nThời gian ký: {time}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureDone:
    """The signed bytes and what was put in them; `level` may be below the profile's."""

    content: bytes
    signer_name: str
    level: SignatureLevel
    signed_at: dt.datetime
    field_name: str


class SignatureState(StrEnum):
    """States a person must be able to tell apart ."""

    VALID = "hop_le"
    ALTERED = "bi_sua"
    UNTRUSTED = "chua_tin_cay"
    EXPIRED = "chung_thu_het_han"
    REVOKED = "chung_thu_bi_thu_hoi"
    WEAK_DIGEST = "thuat_toan_yeu"
    UNREADABLE = "khong_doc_duoc"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureReport:
    """One signature of a PDF. `state` is VALID only when the validator's bottom line is true."""

    field_name: str
    signer_name: str
    state: SignatureState
    intact: bool
    trusted: bool
    covers_whole_file: bool
    signed_at: dt.datetime | None
    digest: str
    reason: str = ""
    level: str = ""
    is_timestamp: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.field_name,
            "signer": self.signer_name,
            "state": self.state.value,
            "intact": self.intact,
            "trusted": self.trusted,
            "covers_whole_file": self.covers_whole_file,
            "signed_at": self.signed_at.isoformat() if self.signed_at else None,
            "digest": self.digest,
            "level": self.level,
            "is_timestamp": self.is_timestamp,
            "reason": self.reason,
        }


class Signer(Protocol):
    def sign(self, pdf: bytes, *, profile: SignatureProfile, who: str) -> SignatureDone:
        """Add one PAdES signature of `who` (a user or Unit id) as an incremental revision.

        When time stamps or revocation data cannot be had now, the result has a lower level
        (`SignatureDone.level`); `Preserver.augment` completes it later. Raises `SigningFailed`
        when the key is not there or its certificate may not sign, or when the result does not
        verify with a bottom line of true.
        """
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

    def renewal_due(self, pdf: bytes, by: dt.datetime) -> bool:
        """Whether the newest archive time stamp's certificate ends before `by`, or none is."""
        ...


class Verifier(Protocol):
    def verify(self, pdf: Path) -> Sequence[SignatureReport]:
        """Every signature in file order; empty when there is none. Foreign bytes: sandboxed."""
        ...
