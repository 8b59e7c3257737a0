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
from pyhanko_certvalidator import ValidationContext
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
    """`roots` are believed; `others` help to build a chain; `crls` tell what was revoked."""

    roots: tuple[Certificate, ...]
    others: tuple[Certificate, ...]
    crls: tuple[CertificateList, ...] = ()

    def context(self) -> ValidationContext:
        """A fresh one for each signature: pyHanko keeps the certificates it meets in it."""
        return ValidationContext(
            trust_roots=list(self.roots),
            other_certs=list(self.others),
            crls=list(self.crls),
            allow_fetching=False,
            revocation_mode="soft-fail",
        )


def load_trust(folder: Path) -> Trust:
    """Every certificate and revocation list in `folder`; self-issued certificates are roots."""
    found: list[Certificate] = []
    crls: list[CertificateList] = []
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in _KINDS:
                found += load_certs_from_pemder_data(path.read_bytes())
            elif path.suffix.lower() == ".crl":
                crls.append(_revocations(path.read_bytes()))
    roots = tuple(c for c in found if c.self_issued)
    others = tuple(c for c in found if not c.self_issued)
    return Trust(roots=roots, others=others, crls=tuple(crls))


def _revocations(content: bytes) -> CertificateList:
    return CertificateList.load(unarmor(content)[2] if detect(content) else content)
