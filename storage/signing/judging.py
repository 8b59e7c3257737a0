# SPDX-License-Identifier: Apache-2.0
"""One signature: everything looked up about it, then judged; each thing wrong is a state.

The order is that of ETSI EN 319 102-1, 5.6: time stamps, newest first, tell the earliest moment
at which the signature surely existed; its certificate is then judged as of that moment.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pyhanko.sign.validation.pdf_embedded import (
    EmbeddedPdfSignature,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import DocumentTimestampStatus, PdfSignatureStatus
from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy

from storage.signing.chain import (
    SIGNING,
    STAMPING,
    Chain,
    Evidence,
    check_chain,
    issuer_of,
    name_of,
)
from storage.signing.changes import Finding, changes_after, coverage_of, gap_trouble
from storage.signing.embedded import Found
from storage.signing.levels import level_of
from storage.signing.pdf_objects import entry
from storage.signing.revocation_source import deciding_word
from storage.signing.times import (
    WEAK_DIGESTS,
    Stamp,
    Times,
    pdf_time,
    stamp_notes,
    stamps_of,
    times_of,
)
from storage.signing.trust import READ_OLD_DIGESTS
from workflows.domain.signature import (
    GRAVEST_FIRST,
    Changes,
    Coverage,
    Revocation,
    RevocationSource,
    SignatureReport,
    SignatureState,
)
from workflows.ports.clock import VIETNAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Everything looked up about one signature, before it is judged.

    `proven_at`: the earliest moment a believed time stamp proves; None: only now is sure.
    """

    signature: EmbeddedPdfSignature
    status: PdfSignatureStatus | DocumentTimestampStatus
    proven_at: dt.datetime | None
    chain: Chain
    chain_now: Chain
    own_stamps: Sequence[Stamp]
    later_stamps: Sequence[Stamp]
    times: Times


async def check(
    signature: EmbeddedPdfSignature,
    is_timestamp: bool,
    evidence: Evidence,
    stamps: Sequence[Stamp],
) -> Check:
    """Look everything up. `stamps`: the file's document time stamps, newest first.

    Raises whatever pyHanko raises for a signature it cannot read.
    """
    later = [s for s in stamps if s.revision is not None and s.revision > signature.signed_revision]
    proven = min((s.at for s in later if s.proof), default=None)
    if is_timestamp:
        mine = next((s for s in stamps if s.revision == signature.signed_revision), None)
        if mine is None:
            raise ValueError("the token cannot be read")
        status = await async_validate_pdf_timestamp(
            signature, evidence.context(proven, revocation="soft-fail")
        )
        times = Times(token=mine.at, pdf=pdf_time(signature.sig_object), signer=None)
        return Check(
            signature=signature,
            status=status,
            proven_at=proven,
            chain=mine.chain,
            chain_now=await _chain(signature, STAMPING, evidence, None) if proven else mine.chain,
            own_stamps=(),
            later_stamps=later,
            times=times,
        )
    own = await stamps_of(signature, evidence, proven)
    stamp_context = evidence.context(proven, revocation="soft-fail")
    proven = min((s.at for s in own if s.proof), default=proven)
    chain = await _chain(signature, SIGNING, evidence, proven)
    return Check(
        signature=signature,
        status=await async_validate_pdf_signature(
            signature,
            evidence.context(proven, revocation="soft-fail", certificate=signature.signer_cert),
            stamp_context,
            key_usage_settings=SIGNING,
            algorithm_policy=CMSAlgorithmUsagePolicy.lift_policy(READ_OLD_DIGESTS),
        ),
        proven_at=proven,
        chain=chain,
        chain_now=await _chain(signature, SIGNING, evidence, None) if proven else chain,
        own_stamps=own,
        later_stamps=later,
        times=times_of(signature, own),
    )


async def _chain(
    signature: EmbeddedPdfSignature,
    usage: KeyUsageConstraints,
    evidence: Evidence,
    at: dt.datetime | None,
) -> Chain:
    return await check_chain(
        signature.signer_cert, signature.other_embedded_certs, usage, evidence, at
    )


async def judge(
    found: Found, checked: Check, content: bytes, evidence: Evidence
) -> SignatureReport:
    """The report of a signature that was checked."""
    signature, status = checked.signature, checked.status
    intact = bool(status.intact and status.valid)
    changes, changed, notes = changes_after(signature) if intact else (Changes.UNKNOWN, [], [])
    findings = [
        *_altered(signature, intact, content),
        *changed,
        *_certificate(checked, signature, stamping=found.is_timestamp),
        *_stamped(checked),
        *_digest(status),
    ]
    states = _states(findings, status)
    certificate = signature.signer_cert
    subject = certificate.subject.native
    signed_at, source = checked.times.best
    word = deciding_word(
        certificate,
        evidence,
        checked.chain.revocation,
        checked.proven_at or dt.datetime.now(dt.UTC),
    )
    return SignatureReport(
        field_name=found.field_name,
        signer_name=name_of(subject),
        organisation=name_of(subject, "organization_name"),
        state=states[0],
        states=states,
        intact=intact,
        trusted=checked.chain.problem is None,
        covers_whole_file=coverage_of(signature, content) is Coverage.FILE,
        coverage=coverage_of(signature, content),
        changes=changes,
        signed_at=signed_at,
        time_source=source,
        token_time=checked.times.token,
        pdf_time=checked.times.pdf,
        signer_time=checked.times.signer,
        proven_at=checked.proven_at,
        digest=str(status.md_algorithm).lower(),
        reason="; ".join(reason for _, reason in findings),
        notes=(*notes, *checked.times.notes(), *stamp_notes(checked.own_stamps)),
        level="DocTimeStamp"
        if found.is_timestamp
        else await level_of(signature, checked, evidence),
        is_timestamp=found.is_timestamp,
        issuer=issuer_of(certificate),
        serial=f"{certificate.serial_number:x}",
        certificate_sha256=hashlib.sha256(certificate.dump()).hexdigest(),
        valid_from=certificate.not_valid_before,
        valid_to=certificate.not_valid_after,
        revocation=checked.chain.revocation,
        revoked_at=checked.chain_now.revoked_at or checked.chain.revoked_at,
        revocation_source=word.source if word else RevocationSource.NONE,
        revocation_as_of=word.made_at if word else None,
        revocation_until=word.fresh_until if word else None,
        certifies=signature.docmdp_level is not None and not found.is_timestamp,
        locked_fields=_locked(signature),
        visible=found.visible,
        page=found.page,
        purpose=str(entry(signature.sig_object, "/Reason", ""))[:300],
    )


def _altered(signature: EmbeddedPdfSignature, intact: bool, content: bytes) -> list[Finding]:
    if not intact:
        return [(SignatureState.ALTERED, "nội dung đã ký bị thay đổi")]
    trouble = gap_trouble(signature, content)
    if trouble:
        return [(SignatureState.ALTERED, trouble)]
    if coverage_of(signature, content) is Coverage.PARTIAL:
        return [
            (SignatureState.ALTERED, "chữ ký không phủ hết tệp, hoặc có dữ liệu lạ sau phần đã ký")
        ]
    return []


def _certificate(
    checked: Check, signature: EmbeddedPdfSignature, *, stamping: bool
) -> list[Finding]:
    chain = checked.chain
    if chain.problem is SignatureState.UNTRUSTED:
        found: list[Finding] = [(chain.problem, chain.reason)]
        ends = signature.signer_cert.not_valid_after
        if ends < dt.datetime.now(dt.UTC):
            why = f"chứng thư đã hết hạn ngày {ends.astimezone(VIETNAM):%d/%m/%Y}"
            found.append((SignatureState.EXPIRED, why))
        return found
    if chain.problem is not None:
        return [(chain.problem, chain.reason)]
    if chain.revocation is Revocation.UNKNOWN and not stamping:  # of an authority: a note
        why = "chưa tra cứu được chứng thư có bị thu hồi hay không"
        return [(SignatureState.REVOCATION_UNKNOWN, why)]
    if checked.chain_now.problem in (SignatureState.EXPIRED, SignatureState.REVOKED):
        when = checked.proven_at.astimezone(VIETNAM) if checked.proven_at else None
        why = f"{checked.chain_now.reason}, nhưng dấu thời gian chứng minh đã ký từ trước"
        return [(SignatureState.PROVEN, f"{why} ({when:%d/%m/%Y %H:%M})" if when else why)]
    return []


def _stamped(checked: Check) -> list[Finding]:
    found: list[Finding] = []
    for stamp in checked.own_stamps:
        if not stamp.intact:
            found.append((SignatureState.ALTERED, "dấu thời gian không khớp chữ ký"))
        elif stamp.chain.problem is not None:
            why = f"dấu thời gian của {stamp.authority}: {stamp.chain.reason}"
            found.append((SignatureState.UNTRUSTED, why))
        elif stamp.weak:
            found.append((SignatureState.WEAK_DIGEST, "dấu thời gian dùng thuật toán băm yếu"))
    # one good token is enough: the others of the same signature add nothing
    return [] if any(s.proof for s in checked.own_stamps) else found


def _digest(status: PdfSignatureStatus | DocumentTimestampStatus) -> list[Finding]:
    name = str(status.md_algorithm).lower()
    if name not in WEAK_DIGESTS:
        return []
    return [(SignatureState.WEAK_DIGEST, f"chữ ký dùng thuật toán băm yếu {name.upper()}")]


def _states(
    findings: list[Finding],
    status: PdfSignatureStatus | DocumentTimestampStatus,
) -> tuple[SignatureState, ...]:
    """Gravest first. VALID only with the validator's own bottom line."""
    states = {state for state, _ in findings}
    if all(s.holds for s in states):
        if not getattr(status, "bottom_line", status.trusted):
            findings.append((SignatureState.UNTRUSTED, "bộ kiểm tra không chấp nhận chữ ký này"))
            states.add(SignatureState.UNTRUSTED)
        elif not states:
            states.add(SignatureState.VALID)
    return tuple(s for s in GRAVEST_FIRST if s in states)


def _locked(signature: EmbeddedPdfSignature) -> str:
    """Which form fields it locks (FieldMDP), as a person would say it."""
    spec = signature.fieldmdp
    if spec is None:
        return ""
    names = ", ".join(str(f) for f in spec.fields or ())
    return {"/All": "tất cả các ô", "/Include": names, "/Exclude": f"tất cả trừ {names}"}.get(
        str(spec.action.value), ""
    )
