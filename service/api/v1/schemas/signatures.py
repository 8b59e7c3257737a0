# SPDX-License-Identifier: Apache-2.0
"""What a check of signatures found."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel

from workflows.domain.signature import SignatureReport, Verification
from workflows.verification import conclude


class SignatureOut(BaseModel):
    """One signature. `state` is the gravest of `states`; `proven_at`: by a believed time stamp."""

    field: str
    signer: str
    organisation: str
    state: str
    states: list[str]
    reason: str
    notes: list[str]
    intact: bool
    trusted: bool
    covers_whole_file: bool
    coverage: str
    changes: str
    signed_at: dt.datetime | None
    time_source: str
    token_time: dt.datetime | None
    pdf_time: dt.datetime | None
    signer_time: dt.datetime | None
    proven_at: dt.datetime | None
    digest: str
    level: str
    is_timestamp: bool
    issuer: str
    serial: str
    certificate_sha256: str
    valid_from: dt.datetime | None
    valid_to: dt.datetime | None
    revocation: str
    revoked_at: dt.datetime | None
    revocation_source: str
    revocation_as_of: dt.datetime | None
    revocation_until: dt.datetime | None
    certifies: bool
    locked_fields: str
    visible: bool
    page: int | None
    purpose: str

    @classmethod
    def of(cls, report: SignatureReport) -> SignatureOut:
        return cls(**report.as_json())


class ConclusionOut(BaseModel):
    """`verdict`: hop_le, can_xem_xet, khong_hop_le or khong_co_chu_ky (ETSI EN 319 102-1)."""

    verdict: str
    said: str
    next_step: str


class VerificationOut(BaseModel):
    """Every signature of one file, what they mean together, and what else to know of the file."""

    conclusion: ConclusionOut
    signatures: list[SignatureOut]
    warnings: list[str]
    sha256: str
    checked_at: dt.datetime | None

    @classmethod
    def of(cls, told: Verification) -> VerificationOut:
        return cls(
            conclusion=ConclusionOut(**conclude(told).as_json()),
            signatures=[SignatureOut.of(r) for r in told],
            warnings=list(told.warnings),
            sha256=told.sha256,
            checked_at=told.checked_at,
        )
