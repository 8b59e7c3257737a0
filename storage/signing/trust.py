# SPDX-License-Identifier: Apache-2.0
"""Which certificates this installation believes: a folder, nothing from the network.

Beside the roots the folder may hold intermediates and revocation lists (`*.crl`); whoever runs
the installation puts fresh lists there, the verifier itself never fetches anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asn1crypto.crl import CertificateList
from asn1crypto.pem import detect, unarmor
from asn1crypto.x509 import Certificate
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko_certvalidator.policy_decl import DisallowWeakAlgorithmsPolicy

_KINDS = {".crt", ".cer", ".pem", ".der"}

READ_OLD_DIGESTS = DisallowWeakAlgorithmsPolicy(  # type: ignore[no-untyped-call]
    weak_hash_algos=frozenset(), rsa_key_size_threshold=1024
)
"""For the signature itself: genuine papers are signed with SHA-1 until 2025 (19 of 39 measured).

They must be checked in order to be told apart from altered ones; they are never VALID.
Certificates in the chain keep the strict default.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """`roots` are believed; `others` help to build a chain; `crls` tell what was revoked.

    `unusable`: names of files in the folder that are neither, for an administrator to mend.
    """

    roots: tuple[Certificate, ...]
    others: tuple[Certificate, ...]
    crls: tuple[CertificateList, ...] = ()
    unusable: tuple[str, ...] = ()


def load_trust(folder: Path) -> Trust:
    """Every certificate and revocation list in `folder`; self-issued certificates are roots.

    A file that cannot be read hides no other: it is told in `Trust.unusable`.
    """
    found: list[Certificate] = []
    crls: list[CertificateList] = []
    unusable: list[str] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            if path.suffix.lower() in _KINDS:
                found += _certificates(path.read_bytes())
            elif path.suffix.lower() == ".crl":
                crls.append(_revocations(path.read_bytes()))
        except (OSError, ValueError):
            unusable.append(path.name)
    roots = tuple(c for c in found if c.self_issued)
    others = tuple(c for c in found if not c.self_issued)
    return Trust(roots=roots, others=others, crls=tuple(crls), unusable=tuple(unusable))


def _certificates(content: bytes) -> list[Certificate]:
    found = list(load_certs_from_pemder_data(content))
    if not found:
        raise ValueError("no certificate in the file")
    for certificate in found:  # parsed lazily: what is broken shall show here, not later
        certificate.subject.native, certificate.issuer.native, certificate.public_key.native  # noqa: B018
    return found


def _revocations(content: bytes) -> CertificateList:
    found = CertificateList.load(unarmor(content)[2] if detect(content) else content)
    found["tbs_cert_list"]["this_update"].native  # noqa: B018 - as above
    return found
