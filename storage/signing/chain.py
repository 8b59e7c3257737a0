# SPDX-License-Identifier: Apache-2.0
"""A certificate's chain at a moment: does it lead to a believed root, was it revoked?

Offline. Revocation lists and OCSP answers come from the trust folder and from the file itself
(DSS, Adobe's revocation archive): both are signed by the authority, so where they lie proves
nothing and needs to prove nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from asn1crypto.x509 import Certificate
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
    ValidationError,
)

from storage.signing.trust import Trust
from workflows.domain.signature import Revocation, SignatureState
from workflows.ports.clock import VIETNAM

SIGNING = KeyUsageConstraints(key_usage={"non_repudiation", "digital_signature"})
STAMPING = KeyUsageConstraints(
    extd_key_usage={"time_stamping"}, explicit_extd_key_usage_required=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What a check found. `problem` is None when the chain leads to a root at that moment."""

    problem: SignatureState | None
    reason: str = ""
    revocation: Revocation = Revocation.UNCHECKED
    revoked_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything known that can build or break a chain: the folder's and the file's own."""

    trust: Trust
    certificates: tuple[Certificate, ...] = ()
    crls: tuple[CertificateList, ...] = ()
    ocsps: tuple[OCSPResponse, ...] = ()

    def nothing(self) -> ValidationContext:
        """Believes nobody: for checking that a value fits its bytes, apart from whose it is."""
        return ValidationContext(trust_roots=[], allow_fetching=False)

    def context(
        self, at: dt.datetime | None, *, revocation: str, certificate: Certificate | None = None
    ) -> ValidationContext:
        """A fresh one for each check: pyHanko keeps the certificates it meets in it.

        `at` None: now. `revocation`: `require`, `hard-fail` or `soft-fail`. Lists made after
        `certificate` expired and silent about it are left out: such lists may have dropped it.
        With `soft-fail` outdated ones too, which pyHanko would hold against the certificate.
        """
        crls, ocsps = [*self.trust.crls, *self.crls], list(self.ocsps)
        if revocation == "soft-fail":
            then = at or dt.datetime.now(dt.UTC)
            crls = [crl for crl in crls if _fresh(crl["tbs_cert_list"], then)]
            ocsps = [o for o in ocsps if o.response_data and _fresh(_answer(o), then)]
        if certificate is not None:
            crls = [crl for crl in crls if not _dropped(certificate, crl)]
        return ValidationContext(
            trust_roots=list(self.trust.roots),
            other_certs=[*self.trust.others, *self.certificates],
            crls=crls,
            ocsps=ocsps,
            allow_fetching=False,
            revocation_mode=revocation,
            moment=at,
            retroactive_revinfo=at is not None,  # a list made after signing is the better witness
        )


async def check_chain(
    certificate: Certificate,
    beside: Iterable[Certificate],
    usage: KeyUsageConstraints,
    evidence: Evidence,
    at: dt.datetime | None,
) -> Chain:
    """The chain of `certificate` at `at` (None: now), with certificates that came `beside` it."""
    evidence = replace(evidence, certificates=(*evidence.certificates, *beside))
    found = await _try(certificate, usage, evidence, at, "require")
    if found.revocation is not Revocation.UNKNOWN:
        return found
    announced = await _try(certificate, usage, evidence, at, "hard-fail")
    if announced.problem is not None:
        return announced
    if announced.revocation is not Revocation.UNKNOWN:
        told = Revocation.GOOD if _announces(certificate) else Revocation.NOT_ANNOUNCED
        return replace(announced, revocation=told)
    return await _at_least_not_revoked(certificate, usage, evidence, at, found.reason)


async def _at_least_not_revoked(
    certificate: Certificate,
    usage: KeyUsageConstraints,
    evidence: Evidence,
    at: dt.datetime | None,
    why: str,
) -> Chain:
    """Revocation cannot be told fully; what outdated lists say of a revocation still counts."""
    bare = Evidence(trust=replace(evidence.trust, crls=()), certificates=evidence.certificates)
    found = await _try(certificate, usage, bare, at, "soft-fail")
    if found.problem is not None:
        return found
    for crl in (*evidence.trust.crls, *evidence.crls):
        if _names(certificate, crl):
            then = crl["tbs_cert_list"]["this_update"].native
            one = replace(bare, crls=(crl,))
            told = await _try(certificate, usage, one, then, "soft-fail")
            if told.problem is SignatureState.REVOKED and (
                at is None or told.revoked_at is None or told.revoked_at <= at
            ):
                return told
    return Chain(problem=None, reason=why, revocation=Revocation.UNKNOWN)


async def _try(
    certificate: Certificate,
    usage: KeyUsageConstraints,
    evidence: Evidence,
    at: dt.datetime | None,
    revocation: str,
) -> Chain:
    context = evidence.context(at, revocation=revocation, certificate=certificate)
    try:
        await CertificateValidator(certificate, validation_context=context).async_validate_path()
        usage.validate(certificate)
    except RevokedError as error:
        return Chain(
            problem=SignatureState.REVOKED,
            reason=_revoked(error),
            revocation=Revocation.REVOKED,
            revoked_at=error.revocation_dt,
        )
    except (ExpiredError, NotYetValidError) as error:
        return Chain(problem=SignatureState.EXPIRED, reason=_out_of_time(certificate, error))
    except InsufficientRevinfoError as error:
        return Chain(problem=None, reason=str(error), revocation=Revocation.UNKNOWN)
    except PathBuildingError:
        why = f"chứng thư không nối đến gốc tin cậy nào (nơi cấp: {issuer_of(certificate)})"
        return Chain(problem=SignatureState.UNTRUSTED, reason=why)
    except DisallowedAlgorithmError:
        why = "chứng thư hoặc nơi cấp dùng thuật toán không còn an toàn"
        return Chain(problem=SignatureState.WEAK_DIGEST, reason=why)
    except InvalidCertificateError as error:
        if certificate.self_issued:
            why = "chứng thư tự cấp, không do tổ chức nào xác nhận"
        else:
            why = f"chứng thư không được cấp để dùng vào việc này ({error})"
        return Chain(problem=SignatureState.UNTRUSTED, reason=why)
    except ValidationError as error:
        why = f"chuỗi chứng thư không hợp lệ ({error})"
        return Chain(problem=SignatureState.UNTRUSTED, reason=why)
    good = Revocation.GOOD if revocation == "require" else Revocation.UNCHECKED
    return Chain(problem=None, revocation=good)


def _revoked(error: RevokedError) -> str:
    whose = "chứng thư" if error.is_ee_cert else "chứng thư của nơi cấp"
    return f"{whose} bị thu hồi lúc {_shown(error.revocation_dt)}"


def _out_of_time(certificate: Certificate, error: ExpiredError | NotYetValidError) -> str:
    whose = "chứng thư" if error.is_ee_cert else "chứng thư của nơi cấp"
    if isinstance(error, NotYetValidError):
        return f"{whose} chỉ có hiệu lực từ {_shown(error.valid_from)}"
    return f"{whose} có hiệu lực đến {_shown(error.expired_dt)}"


def _shown(when: dt.datetime) -> str:
    return f"{when.astimezone(VIETNAM):%d/%m/%Y %H:%M}"


def _fresh(told: Any, then: dt.datetime) -> bool:
    until = told["next_update"].native
    return until is None or until >= then


def _answer(ocsp: OCSPResponse) -> Any:
    return ocsp.response_data["responses"][0]


def _announces(certificate: Certificate) -> bool:
    return bool(certificate.crl_distribution_points or certificate.ocsp_urls)


def _names(certificate: Certificate, crl: CertificateList) -> bool:
    if crl.issuer != certificate.issuer:
        return False
    entries = crl["tbs_cert_list"]["revoked_certificates"]
    return any(e["user_certificate"].native == certificate.serial_number for e in entries)


def _dropped(certificate: Certificate, crl: CertificateList) -> bool:
    made = crl["tbs_cert_list"]["this_update"].native
    late = crl.issuer == certificate.issuer and made > certificate.not_valid_after
    return bool(late) and not _names(certificate, crl)


def issuer_of(certificate: Certificate) -> str:
    return name_of(certificate.issuer.native)


def name_of(native: object, *keys: str) -> str:
    """The common name of a distinguished name, or the first of `keys` it has."""
    named = native if isinstance(native, dict) else {}
    for key in keys or ("common_name", "organization_name"):
        value = named.get(key)
        if value:
            return str(value[0] if isinstance(value, list) else value)
    return ""
