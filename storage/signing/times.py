# SPDX-License-Identifier: Apache-2.0
"""When was it signed? Who says so, and what a trusted time stamp proves.

Measured on 39 genuine signatures: 17 carry a CMS signingTime, 16 of them local time marked as
UTC, 7 hours off; station clocks were up to 18 minutes wrong. So: the RFC 3161 token before /M
before the signer's own time, and only the token of a believed authority proves anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms
from asn1crypto.core import ParsableOctetString
from asn1crypto.tsp import TSTInfo
from pyhanko.pdf_utils.generic import parse_pdf_date
from pyhanko.sign.general import extract_certificate_info, extract_signer_info
from pyhanko.sign.validation.generic_cms import (
    extract_self_reported_ts,
    extract_tst_data_iter,
    message_imprint_checker,
    validate_tst_signed_data,
)
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature, extract_contents
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy

from storage.signing.chain import STAMPING, Chain, Evidence, check_chain, name_of
from storage.signing.pdf_objects import entry
from storage.signing.trust import READ_OLD_DIGESTS
from workflows.domain.signature import Revocation, TimeSource
from workflows.ports.clock import VIETNAM

WEAK_DIGESTS = {"md2", "md5", "sha1"}
_SEVEN_HOURS = dt.timedelta(hours=7)
_SLACK = dt.timedelta(minutes=30)
_CLOCK_OFF = dt.timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time stamp, of one signature (`revision` None) or of the document up to a revision.

    `intact`: the token fits what it stamps. `chain`: of its authority, at the moment that later
    stamps prove. It is `proof` when all of that holds and its digest is not weak.
    """

    at: dt.datetime
    authority: str
    intact: bool
    weak: bool
    chain: Chain
    signed: cms.SignedData
    revision: int | None = None

    @property
    def proof(self) -> bool:
        return self.intact and not self.weak and self.chain.problem is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What is said about when one signature was made; all aware, UTC."""

    token: dt.datetime | None
    pdf: dt.datetime | None
    signer: dt.datetime | None

    @property
    def best(self) -> tuple[dt.datetime | None, TimeSource]:
        if self.token is not None:
            return self.token, TimeSource.STAMP
        if self.pdf is not None:
            return self.pdf, TimeSource.PDF
        if self.signer is not None:
            return self.signer, TimeSource.SIGNER
        return None, TimeSource.NONE

    def notes(self) -> list[str]:
        """What a reader should know about clocks that disagree."""
        said = []
        witness = self.token or self.pdf
        if self.signer is not None and witness is not None:
            off = self.signer - witness
            if abs(off - _SEVEN_HOURS) <= _SLACK:
                said.append(
                    "Giờ do phần mềm ký ghi bên trong chữ ký lệch 7 giờ: giờ Việt Nam bị ghi thành "
                    "giờ quốc tế (lỗi phổ biến). Không dùng giờ này."
                )
            elif abs(off) > _CLOCK_OFF:
                said.append(f"Giờ do phần mềm ký ghi lệch {_span(off)}; không dùng giờ này.")
        if self.token is not None and self.pdf is not None:
            off = self.pdf - self.token
            if abs(off) > _CLOCK_OFF:
                said.append(f"Đồng hồ máy ký lệch {_span(off)} so với dấu thời gian.")
        return said


def times_of(signature: EmbeddedPdfSignature, stamps: Sequence[Stamp]) -> Times:
    tokens = [s.at for s in stamps if s.intact]
    return Times(
        token=min(tokens) if tokens else None,
        pdf=pdf_time(signature.sig_object),
        signer=_utc(extract_self_reported_ts(signature.signer_info)),
    )


def pdf_time(dictionary: Any) -> dt.datetime | None:
    """/M of a signature dictionary; without a zone it is taken as Vietnam's."""
    try:
        when = parse_pdf_date(str(entry(dictionary, "/M")), strict=False)
    except Exception:  # absent or not a date
        return None
    return (when if when.tzinfo else when.replace(tzinfo=VIETNAM)).astimezone(dt.UTC)


def told_by(dictionary: Any) -> tuple[str, Times]:
    """Who and when, as a signature that cannot be checked says of itself; nothing is believed."""
    token = signer = None
    name = str(entry(dictionary, "/Name", ""))
    try:
        signed = cms.ContentInfo.load(extract_contents(dictionary))["content"]
        info = extract_signer_info(signed)
        name = name_of(extract_certificate_info(signed).signer_cert.subject.native) or name
        signer = _utc(extract_self_reported_ts(info))
        tokens = [_token_time(t) for t in extract_tst_data_iter(info, signed=False)]
        token = min(t for t in tokens if t is not None)
    except Exception:  # noqa: S110 - it says no more than this
        pass
    return name, Times(token=token, pdf=pdf_time(dictionary), signer=signer)


async def stamps_of(
    signature: EmbeddedPdfSignature, evidence: Evidence, at: dt.datetime | None
) -> list[Stamp]:
    """Signature time stamps (unsigned attribute), each checked at `at`."""
    return [
        await _stamp(token, message_imprint_checker(signature.signer_info), evidence, at)
        for token in extract_tst_data_iter(signature.signer_info, signed=False)
    ]


async def document_stamps(
    signatures: Sequence[EmbeddedPdfSignature], evidence: Evidence
) -> list[Stamp]:
    """Document time stamps, newest first.

    Each is checked at the time the one after it proves, so a chain of archive stamps stands
    although the older authorities' certificates are gone.
    """
    found: list[Stamp] = []
    at: dt.datetime | None = None
    for signature in sorted(signatures, key=lambda s: -s.signed_revision):
        try:
            covered = signature.evaluate_signature_coverage()
            stamp = await _stamp(
                signature.signed_data,
                signature.compute_digest,
                evidence,
                at,
                revision=signature.signed_revision,
                covered=covered >= SignatureCoverageLevel.ENTIRE_REVISION,
            )
        except Exception:  # noqa: S112 - proves nothing; its own report says why
            continue
        found.append(stamp)
        if stamp.proof:
            at = stamp.at
    return found


async def _stamp(
    token: cms.SignedData,
    imprint: Any,
    evidence: Evidence,
    at: dt.datetime | None,
    *,
    revision: int | None = None,
    covered: bool = True,
) -> Stamp:
    checked = await validate_tst_signed_data(
        token,
        evidence.nothing(),
        imprint,
        algorithm_policy=CMSAlgorithmUsagePolicy.lift_policy(READ_OLD_DIGESTS),
    )
    certificates = extract_certificate_info(token)
    authority = certificates.signer_cert
    return Stamp(
        at=checked["timestamp"].astimezone(dt.UTC),
        authority=name_of(authority.subject.native),
        intact=bool(checked["intact"] and checked["valid"] and covered),
        weak=bool(_digests(token) & WEAK_DIGESTS),
        chain=await check_chain(authority, certificates.other_certs, STAMPING, evidence, at),
        signed=token,
        revision=revision,
    )


def _digests(token: cms.SignedData) -> set[str]:
    used = {str(s["digest_algorithm"]["algorithm"].native) for s in token["signer_infos"]}
    content = token["encap_content_info"]["content"]
    told = content.parsed if isinstance(content, ParsableOctetString) else None
    if isinstance(told, TSTInfo):
        used.add(str(told["message_imprint"]["hash_algorithm"]["algorithm"].native))
    return used


def _token_time(token: cms.SignedData) -> dt.datetime | None:
    content = token["encap_content_info"]["content"]
    told = content.parsed if isinstance(content, ParsableOctetString) else None
    return _utc(told["gen_time"].native) if isinstance(told, TSTInfo) else None


def stamp_notes(stamps: Sequence[Stamp]) -> list[str]:
    return [
        f"Chưa tra cứu được tình trạng thu hồi của nơi cấp dấu thời gian {s.authority}."
        for s in stamps
        if s.proof and s.chain.revocation is Revocation.UNKNOWN
    ]


def _utc(when: Any) -> dt.datetime | None:
    if not isinstance(when, dt.datetime):
        return None
    return (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)


def _span(off: dt.timedelta) -> str:
    seconds = round(abs(off).total_seconds())
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join(
        [f"{hours} giờ"] * bool(hours) + [f"{minutes} phút"] * bool(minutes or not hours)
    )
