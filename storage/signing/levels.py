# SPDX-License-Identifier: Apache-2.0
"""Which PAdES baseline level a signature reaches (ETSI EN 319 142-1), by what was checked.

B-B: the signature. B-T: a time stamp that fits it. B-LT: believed from the roots alone with the
certificates and revocation data inside the file. B-LTA: and a document time stamp over those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import (
    MultivaluedAttributeError,
    NonexistentAttributeError,
    extract_certificate_info,
    find_unique_cms_attribute,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from storage.signing.chain import SIGNING, STAMPING, Chain, Evidence, check_chain
from storage.signing.pdf_objects import entry
from storage.signing.times import Stamp
from storage.signing.trust import Trust
from workflows.domain.signature import Revocation

_MOST = 500  # certificates, lists or answers read out of one file


class Checked(Protocol):
    """What `level_of` needs of a check."""

    @property
    def own_stamps(self) -> Sequence[Stamp]: ...
    @property
    def later_stamps(self) -> Sequence[Stamp]: ...
    @property
    def chain(self) -> Chain: ...


def evidence_in(
    reader: PdfFileReader, signatures: Sequence[EmbeddedPdfSignature], trust: Trust
) -> Evidence:
    """The trust folder, the file's DSS and Adobe's revocation archive of its signatures."""
    crls: list[CertificateList] = []
    ocsps: list[OCSPResponse] = []
    certificates: list[Certificate] = []
    try:
        store = DocumentSecurityStore.read_dss(reader)
        certificates = list(store.load_certs())[:_MOST]
        for references, kind, purpose, into in (
            (store.crls, CertificateList, DecodePurpose.CRL, crls),
            (store.ocsps, OCSPResponse, DecodePurpose.OCSP_RESPONSE, ocsps),
        ):
            into += [kind.load(r.get_object().read_data(purpose)) for r in references[:_MOST]]
    except NoDSSFoundError:
        pass
    except Exception:  # noqa: S110 - a broken store proves nothing and breaks nothing
        pass
    for signature in signatures:
        try:
            kept = find_unique_cms_attribute(
                signature.signer_info["signed_attrs"], "adobe_revocation_info_archival"
            )
            crls += list(kept["crl"])[:_MOST]
            ocsps += list(kept["ocsp"])[:_MOST]
        except (NonexistentAttributeError, MultivaluedAttributeError):
            continue
        except Exception:  # noqa: S112 - the same
            continue
    return Evidence(
        trust=trust, certificates=tuple(certificates), crls=tuple(crls), ocsps=tuple(ocsps)
    )


async def level_of(signature: EmbeddedPdfSignature, check: Checked, evidence: Evidence) -> str:
    """`B-B` ... `B-LTA`; for CMS signatures that are not PAdES `CMS` or `CMS-T`; `DocTimeStamp`."""
    if str(entry(signature.sig_object, "/Type", "")) == "/DocTimeStamp":
        return "DocTimeStamp"
    stamps = [s for s in (*check.own_stamps, *check.later_stamps) if s.intact]
    if str(entry(signature.sig_object, "/SubFilter", "")) != "/ETSI.CAdES.detached":
        return "CMS-T" if stamps else "CMS"
    if not stamps:
        return "B-B"
    if not await _stands_alone(signature, check, evidence):
        return "B-T"
    archived = any(s.proof and _has_store(signature, s.revision) for s in check.later_stamps)
    return "B-LTA" if archived else "B-LT"


async def _stands_alone(
    signature: EmbeddedPdfSignature, check: Checked, evidence: Evidence
) -> bool:
    """Signer and time stamp authority are believed with nothing but the roots and the file."""
    alone = replace(evidence, trust=Trust(roots=evidence.trust.roots, others=(), crls=()))
    proofs = [s for s in (*check.own_stamps, *check.later_stamps) if s.proof]
    if check.chain.problem is not None or not proofs:
        return False
    first = min(proofs, key=lambda s: s.at)
    signer = await check_chain(
        signature.signer_cert, signature.other_embedded_certs, SIGNING, alone, first.at
    )
    held = extract_certificate_info(first.signed)
    authority = await check_chain(held.signer_cert, held.other_certs, STAMPING, alone, first.at)
    return all(c.problem is None and c.revocation is Revocation.GOOD for c in (signer, authority))


def _has_store(signature: EmbeddedPdfSignature, revision: int | None) -> bool:
    return revision is not None and "/DSS" in signature.reader.get_historical_root(revision)
