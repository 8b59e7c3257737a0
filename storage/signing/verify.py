# SPDX-License-Identifier: Apache-2.0
"""Checking every signature of a PDF: what a person must be told about each one.

Only the validator's bottom line makes a signature VALID: content replaced by an incremental
update leaves `intact` and `valid` true (measured). No network: certificates, revocation lists
and time stamps come from folders and from the file.

The order is that of ETSI EN 319 102-1, 5.6: time stamps, newest first, tell the earliest moment
at which the signature surely existed; its certificate is then judged as of that moment.

`python -m storage.signing.verify FILE OUT.json --trust FOLDER` is the child program that
`SandboxedVerifier` runs on bytes we did not make.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import (
    EmbeddedPdfSignature,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.status import DocumentTimestampStatus, PdfSignatureStatus
from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy

from storage.signing.chain import SIGNING, Chain, Evidence, check_chain, issuer_of, name_of
from storage.signing.changes import Finding, changes_after, coverage_of, gap_trouble
from storage.signing.content import active_content
from storage.signing.embedded import Found, find_signatures, said
from storage.signing.levels import evidence_in, level_of
from storage.signing.reports import unreadable, verification_as_json
from storage.signing.times import (
    WEAK_DIGESTS,
    Stamp,
    Times,
    document_stamps,
    pdf_time,
    stamp_notes,
    stamps_of,
    times_of,
)
from storage.signing.trust import READ_OLD_DIGESTS, Trust, load_trust
from workflows.domain.signature import (
    GRAVEST_FIRST,
    Changes,
    Coverage,
    SignatureReport,
    SignatureState,
    Verification,
)
from workflows.ports.clock import VIETNAM


class PyHankoVerifier:
    """The `Verifier` port in this process: for files of our own, and inside the sandbox."""

    def __init__(self, *trust_dirs: Path) -> None:
        self._trust_dirs = trust_dirs

    def verify(self, pdf: Path) -> Verification:
        """Every signature in file order. A file nobody can read gives one UNREADABLE report."""
        return verify_bytes(pdf.read_bytes(), load_trusts(self._trust_dirs))


def load_trusts(folders: Sequence[Path]) -> Trust:
    """The folders as one."""
    loaded = [load_trust(folder) for folder in folders]
    return Trust(
        roots=tuple(c for t in loaded for c in t.roots),
        others=tuple(c for t in loaded for c in t.others),
        crls=tuple(c for t in loaded for c in t.crls),
    )


def verify_bytes(content: bytes, trust: Trust) -> Verification:
    """As `PyHankoVerifier.verify`; never raises for what the file holds.

    Blocks, and starts an event loop of its own: `RuntimeError` when called inside one, where
    every signature would be told unreadable.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("signatures are verified in a thread, not in the event loop")
    reports, warnings = asyncio.run(_verified(content, trust))
    return Verification(
        signatures=tuple(reports),
        warnings=tuple(warnings),
        sha256=hashlib.sha256(content).hexdigest(),
        checked_at=dt.datetime.now(dt.UTC).replace(microsecond=0),
    )


async def _verified(content: bytes, trust: Trust) -> tuple[list[SignatureReport], list[str]]:
    try:
        reader = PdfFileReader(BytesIO(content), strict=False)
        found = find_signatures(reader, content)
    except Exception as error:  # hostile bytes break parsers in every way
        return [unreadable(f"không đọc được tệp PDF: {said(error)}")], []
    if not found and b"/ByteRange" in content:  # 26_2023_QH15: a later edit dropped the form
        why = "tệp từng được ký nhưng chữ ký không còn gắn với văn bản"
        return [unreadable(why)], []
    evidence = evidence_in(reader, [f.embedded for f in found if f.embedded], trust)
    stamping = [f.embedded for f in found if f.embedded is not None and f.is_timestamp]
    stamps = await document_stamps(stamping, evidence)
    reports = [await _reported(f, content, evidence, stamps) for f in found]
    return reports, active_content(reader)


async def _reported(
    found: Found, content: bytes, evidence: Evidence, stamps: Sequence[Stamp]
) -> SignatureReport:
    if found.embedded is None:
        return _unchecked(found)
    try:
        check = await _check(found.embedded, found.is_timestamp, evidence, stamps)
        return await _judged(found, check, content, evidence)
    except Exception as error:  # the same, one signature at a time
        return unreadable(
            f"không đọc được chữ ký: {said(error)}",
            field=found.field_name,
            is_timestamp=found.is_timestamp,
        )


def _unchecked(found: Found) -> SignatureReport:
    """What its own dictionary says of a signature that cannot be checked: said, not believed."""
    when = pdf_time(found.value)
    try:
        name = str(found.value["/Name"]) if "/Name" in found.value else ""
    except Exception:
        name = ""
    return unreadable(
        found.trouble,
        field=found.field_name,
        is_timestamp=found.is_timestamp,
        signer=name,
        signed_at=when,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
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


async def _check(
    signature: EmbeddedPdfSignature,
    is_timestamp: bool,
    evidence: Evidence,
    stamps: Sequence[Stamp],
) -> _Check:
    later = [s for s in stamps if s.revision is not None and s.revision > signature.signed_revision]
    proven = min((s.at for s in later if s.proof), default=None)
    own: list[Stamp] = []
    if is_timestamp:
        mine = next((s for s in stamps if s.revision == signature.signed_revision), None)
        if mine is None:
            raise ValueError("token cannot be read")
        chain = mine.chain
        status: PdfSignatureStatus | DocumentTimestampStatus = await async_validate_pdf_timestamp(
            signature, evidence.context(proven, revocation="soft-fail")
        )
        times = Times(token=mine.at, pdf=pdf_time(signature.sig_object), signer=None)
        now = chain
    else:
        own = await stamps_of(signature, evidence, proven)
        stamp_context = evidence.context(proven, revocation="soft-fail")
        proven = min((s.at for s in own if s.proof), default=proven)
        certificate = signature.signer_cert
        beside = signature.other_embedded_certs
        chain = await check_chain(certificate, beside, SIGNING, evidence, proven)
        now = (
            chain
            if proven is None
            else await check_chain(certificate, beside, SIGNING, evidence, None)
        )
        status = await async_validate_pdf_signature(
            signature,
            evidence.context(proven, revocation="soft-fail", certificate=certificate),
            stamp_context,
            key_usage_settings=SIGNING,
            algorithm_policy=CMSAlgorithmUsagePolicy.lift_policy(READ_OLD_DIGESTS),
        )
        times = times_of(signature, own)
    return _Check(
        signature=signature,
        status=status,
        proven_at=proven,
        chain=chain,
        chain_now=now,
        own_stamps=own,
        later_stamps=later,
        times=times,
    )


async def _judged(
    found: Found, check: _Check, content: bytes, evidence: Evidence
) -> SignatureReport:
    signature, status = check.signature, check.status
    intact = bool(status.intact and status.valid)
    changes, changed, notes = changes_after(signature) if intact else (Changes.UNKNOWN, [], [])
    findings = [
        *_altered(signature, intact, content),
        *changed,
        *_certificate(check, signature),
        *_stamped(check),
        *_digest(status),
    ]
    states = _states(findings, check, status)
    certificate = signature.signer_cert
    subject = certificate.subject.native
    signed_at, source = check.times.best
    return SignatureReport(
        field_name=found.field_name,
        signer_name=name_of(subject),
        organisation=name_of(subject, "organization_name"),
        state=states[0],
        states=states,
        intact=intact,
        trusted=check.chain.problem is None,
        covers_whole_file=coverage_of(signature, content) is Coverage.FILE,
        coverage=coverage_of(signature, content),
        changes=changes,
        signed_at=signed_at,
        time_source=source,
        token_time=check.times.token,
        pdf_time=check.times.pdf,
        signer_time=check.times.signer,
        proven_at=check.proven_at,
        digest=str(status.md_algorithm).lower(),
        reason="; ".join(reason for _, reason in findings),
        notes=(*notes, *check.times.notes(), *stamp_notes(check.own_stamps)),
        level="DocTimeStamp" if found.is_timestamp else await level_of(signature, check, evidence),
        is_timestamp=found.is_timestamp,
        issuer=issuer_of(certificate),
        serial=f"{certificate.serial_number:x}",
        valid_from=certificate.not_valid_before,
        valid_to=certificate.not_valid_after,
        revocation=check.chain.revocation,
        revoked_at=check.chain_now.revoked_at or check.chain.revoked_at,
        certifies=signature.docmdp_level is not None and not found.is_timestamp,
        locked_fields=_locked(signature),
        visible=found.visible,
        page=found.page,
    )


def _altered(signature: EmbeddedPdfSignature, intact: bool, content: bytes) -> list[Finding]:
    if not intact:
        return [(SignatureState.ALTERED, "nội dung đã ký bị thay đổi")]
    trouble = gap_trouble(signature, content)
    if trouble:
        return [(SignatureState.ALTERED, trouble)]
    if coverage_of(signature, content) is Coverage.PARTIAL:
        return [(SignatureState.ALTERED, "chữ ký không phủ hết tệp")]
    return []


def _certificate(check: _Check, signature: EmbeddedPdfSignature) -> list[Finding]:
    chain = check.chain
    if chain.problem is SignatureState.UNTRUSTED:
        found: list[Finding] = [(chain.problem, chain.reason)]
        ends = signature.signer_cert.not_valid_after
        if ends < dt.datetime.now(dt.UTC):
            why = f"chứng thư đã hết hạn ngày {ends.astimezone(VIETNAM):%d/%m/%Y}"
            found.append((SignatureState.EXPIRED, why))
        return found
    if chain.problem is not None:
        return [(chain.problem, chain.reason)]
    if chain.revocation.value == "khong_tra_cuu_duoc":
        why = "chưa tra cứu được chứng thư có bị thu hồi hay không"
        return [(SignatureState.REVOCATION_UNKNOWN, why)]
    if check.chain_now.problem in (SignatureState.EXPIRED, SignatureState.REVOKED):
        when = check.proven_at.astimezone(VIETNAM) if check.proven_at else None
        why = f"{check.chain_now.reason}, nhưng dấu thời gian chứng minh đã ký từ trước"
        return [(SignatureState.PROVEN, f"{why} ({when:%d/%m/%Y %H:%M})" if when else why)]
    return []


def _stamped(check: _Check) -> list[Finding]:
    found: list[Finding] = []
    for stamp in check.own_stamps:
        if not stamp.intact:
            found.append((SignatureState.ALTERED, "dấu thời gian không khớp chữ ký"))
        elif stamp.chain.problem is not None:
            why = f"dấu thời gian của {stamp.authority}: {stamp.chain.reason}"
            found.append((SignatureState.UNTRUSTED, why))
        elif stamp.weak:
            found.append((SignatureState.WEAK_DIGEST, "dấu thời gian dùng thuật toán băm yếu"))
    # one good token is enough: the others of the same signature add nothing
    return [] if any(s.proof for s in check.own_stamps) else found


def _digest(status: PdfSignatureStatus | DocumentTimestampStatus) -> list[Finding]:
    name = str(status.md_algorithm).lower()
    if name not in WEAK_DIGESTS:
        return []
    return [(SignatureState.WEAK_DIGEST, f"chữ ký dùng thuật toán băm yếu {name.upper()}")]


def _states(
    findings: list[Finding],
    check: _Check,
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


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m storage.signing.verify")
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--trust", type=Path, action="append", default=[])
    given = parser.parse_args(arguments)
    told = PyHankoVerifier(*given.trust).verify(given.file)
    given.out.write_text(json.dumps(verification_as_json(told), ensure_ascii=False), "utf-8")
    return 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # pyHanko logs whole tracebacks for each odd signature
    raise SystemExit(main())
