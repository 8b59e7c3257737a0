# SPDX-License-Identifier: Apache-2.0
"""Checking every signature of a PDF: what a person must be told about each one.

Only the validator's bottom line makes a signature VALID: content replaced by an incremental
update leaves `intact` and `valid` true (measured). No network: certificates come from a folder.

`python -m storage.signing.verify FILE OUT.json --trust FOLDER` is the child program that
`SandboxedVerifier` runs on bytes we did not make.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation.pdf_embedded import (
    EmbeddedPdfSignature,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import (
    DocumentTimestampStatus,
    PdfSignatureStatus,
    SignatureCoverageLevel,
)
from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy

from storage.signing.reports import reports_as_json, unreadable
from storage.signing.trust import READ_OLD_DIGESTS, Trust, load_trust
from workflows.ports.signer import SignatureReport, SignatureState

_WEAK = {"md5", "sha1"}
_USAGE = KeyUsageConstraints(key_usage={"non_repudiation", "digital_signature"})
_EXPIRED = {"OUT_OF_BOUNDS_NO_POE", "OUT_OF_BOUNDS_NOT_REVOKED", "NOT_YET_VALID", "EXPIRED"}
_Status = PdfSignatureStatus | DocumentTimestampStatus
_MOST = 200  # signatures looked at in one file


class PyHankoVerifier:
    """The `Verifier` port in this process: for files of our own, and inside the sandbox."""

    def __init__(self, trust_dir: Path) -> None:
        self._trust_dir = trust_dir

    def verify(self, pdf: Path) -> Sequence[SignatureReport]:
        """Every signature in file order. A file nobody can read gives one UNREADABLE report."""
        return verify_bytes(pdf.read_bytes(), load_trust(self._trust_dir))


def verify_bytes(content: bytes, trust: Trust) -> tuple[SignatureReport, ...]:
    """As `PyHankoVerifier.verify`; never raises for what the file holds.

    Blocks, and starts an event loop of its own: `RuntimeError` when called inside one, where
    every signature would be told unreadable.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("signatures are verified in a thread, not in the event loop")
    try:
        reader = PdfFileReader(BytesIO(content), strict=False)
        found = list(reader.embedded_signatures)[:_MOST]
    except Exception as error:  # hostile bytes break parsers in every way
        return (unreadable(f"không đọc được tệp PDF: {_said(error)}"),)
    if not found and b"/ByteRange" in content:  # 26_2023_QH15: a later edit dropped the form
        return (unreadable("tệp từng được ký nhưng chữ ký không còn gắn với văn bản"),)
    return tuple(_report(signature, trust) for signature in found)


def _report(signature: EmbeddedPdfSignature, trust: Trust) -> SignatureReport:
    try:
        status = _status(signature, trust)
        return _judged(signature, status)
    except Exception as error:  # the same, one signature at a time
        return unreadable(
            f"không đọc được chữ ký: {_said(error)}",
            field=str(signature.field_name or ""),
            is_timestamp=_is_timestamp(signature),
        )


def _status(signature: EmbeddedPdfSignature, trust: Trust) -> _Status:
    if _is_timestamp(signature):
        return asyncio.run(async_validate_pdf_timestamp(signature, trust.context()))
    return asyncio.run(
        async_validate_pdf_signature(
            signature,
            trust.context(),
            key_usage_settings=_USAGE,
            algorithm_policy=CMSAlgorithmUsagePolicy.lift_policy(READ_OLD_DIGESTS),
        )
    )


def _judged(signature: EmbeddedPdfSignature, status: _Status) -> SignatureReport:
    finding = _finding(signature, status)
    stamped = getattr(status, "timestamp_validity", None)
    return SignatureReport(
        field_name=str(signature.field_name or ""),
        signer_name=_signer_name(status),
        state=finding.state,
        intact=bool(status.intact and status.valid),
        trusted=bool(status.trusted),
        covers_whole_file=status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
        signed_at=_signed_at(status),
        digest=str(status.md_algorithm).lower(),
        reason=finding.reason,
        level=_level(signature, stamped is not None),
        is_timestamp=_is_timestamp(signature),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    state: SignatureState
    reason: str = ""


def _finding(signature: EmbeddedPdfSignature, status: _Status) -> _Finding:
    """The gravest thing first; the reason names all of them."""
    found = [
        f
        for f in (_altered(signature, status), _untrusted(status), _stamp(status))
        if f is not None
    ]
    if str(status.md_algorithm).lower() in _WEAK:
        weak = f"chữ ký dùng thuật toán băm yếu {str(status.md_algorithm).upper()}"
        found.append(_Finding(state=SignatureState.WEAK_DIGEST, reason=weak))
    if not found and getattr(status, "bottom_line", status.trusted):
        return _Finding(state=SignatureState.VALID)
    if not found:
        refused = "bộ kiểm tra không chấp nhận chữ ký này"
        found = [_Finding(state=SignatureState.UNTRUSTED, reason=refused)]
    gravest = min(found, key=lambda f: _GRAVITY.index(f.state))
    return _Finding(state=gravest.state, reason="; ".join(f.reason for f in found))


_GRAVITY = (
    SignatureState.ALTERED,
    SignatureState.REVOKED,
    SignatureState.WEAK_DIGEST,
    SignatureState.UNTRUSTED,
    SignatureState.EXPIRED,
)


def _altered(signature: EmbeddedPdfSignature, status: _Status) -> _Finding | None:
    if not (status.intact and status.valid):
        return _Finding(state=SignatureState.ALTERED, reason="nội dung đã ký bị thay đổi")
    # of a document time stamp pyHanko says no docmdp_ok, only the level
    if status.docmdp_ok is False or status.modification_level is ModificationLevel.OTHER:
        why = "tệp có thay đổi sau khi ký mà chữ ký không cho phép"
        if "only allowed after an approval signature" in str(signature.diff_result):
            why = "có chữ ký được thêm vào sau chữ ký chứng nhận; cần người xem lại"  # e.g. 2118
        return _Finding(state=SignatureState.ALTERED, reason=why)
    if status.coverage is None or status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return _Finding(state=SignatureState.ALTERED, reason="chữ ký không phủ hết tệp")
    return None


def _untrusted(status: _Status) -> _Finding | None:
    if status.trusted:
        return None
    problem = status.trust_problem_indic
    name = str(getattr(problem, "name", ""))
    if status.revoked or "REVOKED" in name.replace("NOT_REVOKED", ""):
        return _Finding(state=SignatureState.REVOKED, reason="chứng thư đã bị thu hồi")
    if name in _EXPIRED:
        ends = status.signing_cert.not_valid_after
        why = f"chứng thư có hiệu lực đến {ends:%d/%m/%Y}"
        return _Finding(state=SignatureState.EXPIRED, reason=why)
    return _Finding(
        state=SignatureState.UNTRUSTED, reason="chứng thư không nối đến gốc tin cậy nào"
    )


def _stamp(status: _Status) -> _Finding | None:
    stamp = getattr(status, "timestamp_validity", None)
    if stamp is None:
        return None
    if not (stamp.intact and stamp.valid):
        return _Finding(state=SignatureState.ALTERED, reason="dấu thời gian không khớp chữ ký")
    if not stamp.trusted:
        return _Finding(state=SignatureState.UNTRUSTED, reason="dấu thời gian của nơi chưa tin cậy")
    return None


def _signed_at(status: _Status) -> dt.datetime | None:
    """The time-stamp token before the signer's own clock (16 of 17 are 7 hours off, measured)."""
    stamp = getattr(status, "timestamp_validity", None)
    own = getattr(status, "timestamp", None)
    when = stamp.timestamp if stamp is not None else own or getattr(status, _OWN_CLOCK, None)
    if not isinstance(when, dt.datetime):
        return None
    return when if when.tzinfo else when.replace(tzinfo=dt.UTC)


_OWN_CLOCK = "signer_reported_dt"


def _signer_name(status: _Status) -> str:
    subject = status.signing_cert.subject.native
    name = subject.get("common_name") or subject.get("organization_name") or ""
    return str(name[0] if isinstance(name, list) else name)


def _level(signature: EmbeddedPdfSignature, stamped: bool) -> str:
    if _is_timestamp(signature):
        return "DocTimeStamp"
    pades = str(signature.sig_object.get("/SubFilter", "")).startswith("/ETSI")
    return ("B-T" if stamped else "B-B") if pades else ("CMS-T" if stamped else "CMS")


def _is_timestamp(signature: EmbeddedPdfSignature) -> bool:
    return str(signature.sig_object.get("/Type", "")) == "/DocTimeStamp"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m storage.signing.verify")
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--trust", type=Path, required=True)
    given = parser.parse_args(arguments)
    reports = PyHankoVerifier(given.trust).verify(given.file)
    given.out.write_text(json.dumps(reports_as_json(reports), ensure_ascii=False), "utf-8")
    return 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # pyHanko logs whole tracebacks for each odd signature
    raise SystemExit(main())
