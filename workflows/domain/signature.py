# SPDX-License-Identifier: Apache-2.0
"""Chữ ký số: what was found out about each signature of a PDF, and about the whole file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, overload


class SignatureState(StrEnum):
    """States a person must be able to tell apart, gravest first."""

    UNREADABLE = "khong_doc_duoc"
    ALTERED = "bi_sua"
    REVOKED = "chung_thu_bi_thu_hoi"
    DOUBTFUL = "can_xem_lai"  # changed in a way that is probably lawful: a person decides
    WEAK_DIGEST = "thuat_toan_yeu"
    UNTRUSTED = "chua_tin_cay"
    EXPIRED = "chung_thu_het_han"
    REVOCATION_UNKNOWN = "chua_ro_thu_hoi"  # nobody at hand says whether it was revoked
    PROVEN = "hop_le_theo_dau_thoi_gian"  # expired or revoked since, but signed before, proven
    VALID = "hop_le"

    @property
    def holds(self) -> bool:
        """The signature counts as evidence."""
        return self in (SignatureState.VALID, SignatureState.PROVEN)


GRAVEST_FIRST = tuple(SignatureState)


class TimeSource(StrEnum):
    """Who says when it was signed; only a time stamp authority is believed as proof."""

    STAMP = "dau_thoi_gian"  # RFC 3161
    PDF = "ghi_trong_tep"  # /M, the signing machine's clock
    SIGNER = "may_nguoi_ky"  # CMS signingTime, often local time marked UTC
    NONE = "khong_co"


class Revocation(StrEnum):
    """Thu hồi: what revocation lists and OCSP answers say of the signer's chain."""

    GOOD = "khong_bi_thu_hoi"
    REVOKED = "bi_thu_hoi"
    UNKNOWN = "khong_tra_cuu_duoc"  # the certificate names a source, nothing of it is at hand
    NOT_ANNOUNCED = "khong_cong_bo"  # no source is named
    UNCHECKED = "chua_kiem_tra"  # no trusted chain to check


class RevocationSource(StrEnum):
    """Where the word on revocation came from; all are signed by the authority itself."""

    ANSWER_IN_FILE = "ocsp_trong_tep"
    LIST_IN_FILE = "crl_trong_tep"
    LIST_IN_FOLDER = "crl_thu_muc_tin_cay"
    NONE = "khong_co"


class Coverage(StrEnum):
    """Which bytes the signature stands for."""

    FILE = "ca_tep"
    REVISION = "mot_phien_ban"  # everything up to when it was signed; something came after
    PARTIAL = "khong_tron_ven"


class Changes(StrEnum):
    """What incremental updates after the signature did (ISO 32000-2, 12.8.2.2 DocMDP)."""

    NONE = "khong"
    PRESERVATION = "bo_sung_bao_toan"  # validation data, document time stamps
    FORM = "ky_them_hoac_dien_bieu_mau"
    FORBIDDEN = "khong_cho_phep"
    UNKNOWN = "chua_xac_dinh"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureReport:
    """One signature of a PDF.

    `state` is the gravest of `states`; VALID only when the validator's bottom line is true.
    `reason` says why, `notes` what a reader should know beside. `signed_at` is the best known
    time, said by `time_source`; `proven_at` the earliest time a trusted time stamp proves.
    `revocation_source`, made at `revocation_as_of` and fresh until `revocation_until`: the word
    that `revocation` rests on, or for UNKNOWN the newest outdated one.
    `purpose`: why it was signed, as the signer says (/Reason).
    `level`: B-B, B-T, B-LT, B-LTA (ETSI EN 319 142-1), CMS or CMS-T for older forms.
    """

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
    states: tuple[SignatureState, ...] = ()
    notes: tuple[str, ...] = ()
    organisation: str = ""
    issuer: str = ""
    serial: str = ""
    certificate_sha256: str = ""
    valid_from: dt.datetime | None = None
    valid_to: dt.datetime | None = None
    time_source: TimeSource = TimeSource.NONE
    token_time: dt.datetime | None = None
    pdf_time: dt.datetime | None = None
    signer_time: dt.datetime | None = None
    proven_at: dt.datetime | None = None
    revocation: Revocation = Revocation.UNCHECKED
    revoked_at: dt.datetime | None = None
    revocation_source: RevocationSource = RevocationSource.NONE
    revocation_as_of: dt.datetime | None = None
    revocation_until: dt.datetime | None = None
    coverage: Coverage = Coverage.PARTIAL
    changes: Changes = Changes.UNKNOWN
    certifies: bool = False
    locked_fields: str = ""
    visible: bool = False
    page: int | None = None
    purpose: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.field_name,
            "signer": self.signer_name,
            "organisation": self.organisation,
            "state": self.state.value,
            "states": [s.value for s in self.states],
            "reason": self.reason,
            "notes": list(self.notes),
            "intact": self.intact,
            "trusted": self.trusted,
            "covers_whole_file": self.covers_whole_file,
            "coverage": self.coverage.value,
            "changes": self.changes.value,
            "signed_at": _iso(self.signed_at),
            "time_source": self.time_source.value,
            "token_time": _iso(self.token_time),
            "pdf_time": _iso(self.pdf_time),
            "signer_time": _iso(self.signer_time),
            "proven_at": _iso(self.proven_at),
            "digest": self.digest,
            "level": self.level,
            "is_timestamp": self.is_timestamp,
            "issuer": self.issuer,
            "serial": self.serial,
            "certificate_sha256": self.certificate_sha256,
            "valid_from": _iso(self.valid_from),
            "valid_to": _iso(self.valid_to),
            "revocation": self.revocation.value,
            "revoked_at": _iso(self.revoked_at),
            "revocation_source": self.revocation_source.value,
            "revocation_as_of": _iso(self.revocation_as_of),
            "revocation_until": _iso(self.revocation_until),
            "certifies": self.certifies,
            "locked_fields": self.locked_fields,
            "visible": self.visible,
            "page": self.page,
            "purpose": self.purpose,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Sequence[SignatureReport]):
    """Every signature of one file in file order, and what else a reader of the file must know.

    `warnings`: scripts, attachments and the like, which a signature may cover and which can
    still change what is shown. `sha256`: of the bytes that were looked at.
    """

    signatures: tuple[SignatureReport, ...] = ()
    warnings: tuple[str, ...] = ()
    sha256: str = ""
    checked_at: dt.datetime | None = None

    @overload
    def __getitem__(self, index: int) -> SignatureReport: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SignatureReport]: ...
    def __getitem__(self, index: int | slice) -> SignatureReport | Sequence[SignatureReport]:
        return self.signatures[index]

    def __len__(self) -> int:
        return len(self.signatures)

    @property
    def personal(self) -> tuple[SignatureReport, ...]:
        """Those of people and organisations: document time stamps left out."""
        return tuple(r for r in self.signatures if not r.is_timestamp)

    def as_json(self) -> dict[str, Any]:
        return {
            "signatures": [r.as_json() for r in self.signatures],
            "warnings": list(self.warnings),
            "sha256": self.sha256,
            "checked_at": _iso(self.checked_at),
        }


def _iso(when: dt.datetime | None) -> str | None:
    return when.isoformat() if when else None
