# SPDX-License-Identifier: Apache-2.0
"""Báo cáo kiểm tra chữ ký as ETSI TS 119 102-2 XML, for the validators of other offices.

What our check looked at is told in the standard's words (EN 319 102-1 indications); what the
standard has no place for stands in AdditionalValidationReportData under `urn:sohoa:report:`. The
report is not signed, names no validation policy document, and carries certificates by their
SHA-256, not whole; it judges what a signature covers by the file's hash, not revision by revision.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterator
from typing import Any, TypeAlias

from lxml import etree
from lxml.builder import ElementMaker

from workflows.domain.signature import (
    Revocation,
    RevocationSource,
    SignatureReport,
    SignatureState,
    Verification,
)

VR = "http://uri.etsi.org/19102/v1.2.1#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XS = "http://www.w3.org/2001/XMLSchema"
OWN = "urn:sohoa:report:"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_ALGORITHMS = {
    "md5": "http://www.w3.org/2001/04/xmldsig-more#md5",
    "sha1": "http://www.w3.org/2000/09/xmldsig#sha1",
    "sha224": "http://www.w3.org/2001/04/xmldsig-more#sha224",
    "sha256": _SHA256,
    "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
}
Node: TypeAlias = Any  # an lxml element; lxml has no types of its own
_vr = ElementMaker(namespace=VR, nsmap={"vr": VR, "ds": DS, "XAdES": XADES, "xsi": XSI, "xs": XS})
_ds = ElementMaker(namespace=DS)

# EN 319 102-1, tables 5 and 6. Ours is stricter for a revoked certificate (we call the signature
# invalid); the standard says TOTAL-FAILED only where it surely came after the revocation.
_INDICATIONS: dict[SignatureState, tuple[str, str]] = {
    SignatureState.VALID: ("total-passed", ""),
    SignatureState.PROVEN: ("total-passed", ""),
    SignatureState.REVOCATION_UNKNOWN: ("indeterminate", "TRY_LATER"),
    SignatureState.EXPIRED: ("indeterminate", "OUT_OF_BOUNDS_NO_POE"),
    SignatureState.UNTRUSTED: ("indeterminate", "NO_CERTIFICATE_CHAIN_FOUND"),
    SignatureState.WEAK_DIGEST: ("indeterminate", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"),
    SignatureState.DOUBTFUL: ("indeterminate", "SIG_CONSTRAINTS_FAILURE"),
    SignatureState.REVOKED: ("indeterminate", "REVOKED_NO_POE"),
    SignatureState.ALTERED: ("total-failed", "HASH_FAILURE"),
    SignatureState.UNREADABLE: ("total-failed", "FORMAT_FAILURE"),
}
_GRAVEST = ("total-failed", "indeterminate", "total-passed")


def etsi_report(told: Verification) -> bytes:
    """The report of a file as XML. Equal verifications give equal bytes.

    Raises `ValueError` when there is no signature (the standard knows no report of none) or the
    time of the check is not known.
    """
    if not told.signatures or told.checked_at is None:
        raise ValueError("a report needs a signature and the time of its check")
    reports = [_signature(r, n, told.checked_at) for n, r in enumerate(told.signatures, 1)]
    objects = list(_objects(told))
    listed = [_vr.SignatureValidationObjects(*objects)] if objects else []
    root = _vr.ValidationReport(*reports, *listed)
    etree.indent(root)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _signature(report: SignatureReport, number: int, checked_at: dt.datetime) -> Node:
    parts = [
        _vr.SignatureIdentifier(
            _vr.HashOnly("false"),
            _vr.DocHashOnly("false"),
            *([_vr.DAIdentifier(_printable(report.field_name))] if report.field_name else []),
            id=f"signature-{number}",
        ),
        _vr.ValidationTimeInfo(
            _vr.ValidationTime(_time(checked_at)),
            _vr.BestSignatureTime(
                _vr.POETime(_time(report.proven_at or checked_at)),
                _vr.TypeOfProof("urn:etsi:019102:poetype:validation"),
            ),
        ),
        *_attributes(report),
        *_signer(report, number),
        _vr.SignatureValidationProcess(
            _vr.SignatureValidationProcessID(
                f"urn:etsi:019102:validationprocess:{'LTA' if report.proven_at else 'Basic'}"
            )
        ),
        _status(report, number),
    ]
    return _vr.SignatureValidationReport(*parts)


def _attributes(report: SignatureReport) -> Iterator[Node]:
    """In the schema's order: SigningTime, SignatureTimeStamp, Reason."""
    found: list[Node] = []
    claimed = report.signer_time or report.pdf_time
    if claimed is not None and not report.is_timestamp:
        found.append(_vr.SigningTime(_vr.Time(_time(claimed)), Signed="true"))
    if report.token_time is not None and not report.is_timestamp:
        stamped = _vr.TimeStampValue(_time(report.token_time))
        found.append(_vr.SignatureTimeStamp(stamped, Signed="false"))
    if report.token_time is not None and report.is_timestamp:
        stamped = _vr.TimeStampValue(_time(report.token_time))
        found.append(_vr.DocTimeStamp(stamped, Signed="true"))
    if report.purpose:
        found.append(_vr.Reason(_vr.ReasonElement(_printable(report.purpose)), Signed="true"))
    if found:
        yield _vr.SignatureAttributes(*found)


def _signer(report: SignatureReport, number: int) -> Iterator[Node]:
    if report.certificate_sha256:
        who = ", ".join(part for part in (report.signer_name, report.organisation) if part)
        yield _vr.SignerInformation(
            _vr.SignerCertificate(VOReference=f"certificate-{number}"),
            *([_vr.Signer(_printable(who))] if who else []),
        )


def _status(report: SignatureReport, number: int) -> Node:
    told = [_INDICATIONS[state] for state in report.states or (report.state,)]
    main = min((indication for indication, _ in told), key=_GRAVEST.index)
    # only reasons of the main indication: a passed signature has none, a failed one no softer ones
    reasons = dict.fromkeys(sub for indication, sub in told if indication == main and sub)
    return _vr.SignatureValidationStatus(
        _vr.MainIndication(f"urn:etsi:019102:mainindication:{main}"),
        *(_vr.SubIndication(f"urn:etsi:019102:subindication:{r}") for r in reasons),
        _vr.AssociatedValidationReportData(
            *_revoked(report, number), *_algorithm(report, number), _own_words(report)
        ),
    )


def _revoked(report: SignatureReport, number: int) -> Iterator[Node]:
    if report.revoked_at is not None and report.certificate_sha256:
        yield _vr.RevocationStatusInformation(
            _vr.ValidationObjectId(VOReference=f"certificate-{number}"),
            _vr.RevocationTime(_time(report.revoked_at)),
        )


def _algorithm(report: SignatureReport, number: int) -> Iterator[Node]:
    uri = _ALGORITHMS.get(report.digest.lower())
    if uri is not None and report.certificate_sha256:
        weak = SignatureState.WEAK_DIGEST in report.states
        yield _vr.CryptoInformation(
            _vr.ValidationObjectId(VOReference=f"certificate-{number}"),
            _vr.Algorithm(uri),
            _vr.SecureAlgorithm("false" if weak else "true"),
        )


def _own_words(report: SignatureReport) -> Node:
    """Our states and the facts beside them, with the names of the JSON report."""
    facts = {
        "state": report.state.value,
        "reason": report.reason,
        "level": report.level,
        "coverage": report.coverage.value,
        "changes": report.changes.value,
        "revocation": report.revocation.value,
        "issuer": report.issuer,
        "serial": report.serial,
    }
    if report.revocation is not Revocation.UNCHECKED and (
        report.revocation_source is not RevocationSource.NONE
    ):
        facts["revocation_source"] = report.revocation_source.value
    if report.revocation_as_of is not None:
        facts["revocation_as_of"] = _time(report.revocation_as_of)
    rows = [(name, value) for name, value in facts.items() if value]
    rows += [("note", note) for note in report.notes]
    return _vr.AdditionalValidationReportData(
        *(_vr.ReportData(_vr.Type(f"{OWN}{name}"), _text(value)) for name, value in rows)
    )


def _text(value: str) -> Node:
    return _vr.Value(_printable(value), {f"{{{XSI}}}type": "xs:string"})


def _objects(told: Verification) -> Iterator[Node]:
    for number, report in enumerate(told.signatures, 1):
        if report.certificate_sha256:
            yield _object(f"certificate-{number}", "certificate", report.certificate_sha256)
    if told.sha256:
        yield _object("file", "signedData", told.sha256)


def _object(name: str, kind: str, sha256: str) -> Node:
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    return _vr.ValidationObject(
        _vr.ObjectType(f"urn:etsi:019102:validationObject:{kind}"),
        _vr.ValidationObjectRepresentation(
            _vr.DigestAlgAndValue(_ds.DigestMethod(Algorithm=_SHA256), _ds.DigestValue(digest))
        ),
        id=name,
    )


def _time(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _printable(text: str) -> str:
    """What XML can carry: a foreign file may put control characters anywhere."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
