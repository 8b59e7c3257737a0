# SPDX-License-Identifier: Apache-2.0
"""Which keys sign, who stamps the time, who is asked for revocation: out of the settings.

Nothing declared: the development authority of this installation signs and stamps, with
certificates nobody else trusts, and nothing leaves the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from service.config import Settings
from storage.signing.authority import DevelopmentAuthority, DevelopmentKeys, Subject
from storage.signing.deferred import PyHankoDeferredSigner
from storage.signing.keys import DeclaredKeys, SigningKeys
from storage.signing.preserve import PyHankoPreserver
from storage.signing.profiles import load_profiles
from storage.signing.revocation import RevocationSources
from storage.signing.sign import PyHankoSigner
from storage.signing.time_stamping import http_time_stamper
from workflows.ports.clock import Clock
from workflows.ports.sandbox import Sandbox
from workflows.ports.signer import SignatureProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningParts:
    """What the settings make of signing."""

    signer: PyHankoSigner
    deferred: PyHankoDeferredSigner
    preserver: PyHankoPreserver
    profiles: Mapping[str, SignatureProfile]
    trust_dir: Path


def signing_parts(
    settings: Settings,
    *,
    sandbox: Sandbox,
    clock: Clock,
    subject_of: Callable[[str], Subject | None],
    name_of: Callable[[str], str | None] = lambda who: who,
) -> SigningParts:
    """`subject_of`: whom a certificate for a user or Unit id names; `name_of`: its key's name."""
    authority = DevelopmentAuthority(settings.certificates)
    hosts = frozenset(settings.revocation_hosts)
    keys: SigningKeys
    if settings.signing_keys is None:
        authority.ensure()
        keys = DevelopmentKeys(authority, subject_of)
        revocation = RevocationSources(hosts=hosts, lists=authority.revocation_lists)
    else:  # an office's own keys: the development root is not made, so nobody trusts it
        authority.trust.mkdir(parents=True, exist_ok=True)
        keys = DeclaredKeys(
            settings.signing_keys, name_of=name_of, allow_files=settings.allow_key_files
        )
        revocation = RevocationSources(hosts=hosts)
    stamper = None
    if settings.tsa_url:
        stamper = http_time_stamper(settings.tsa_url)
    elif settings.signing_keys is None:
        stamper = authority.time_stamper()
    signer = PyHankoSigner(
        keys,
        trust_dir=authority.trust,
        sandbox=sandbox,
        clock=clock,
        stamper=stamper,
        revocation=revocation,
    )
    return SigningParts(
        signer=signer,
        deferred=PyHankoDeferredSigner(signer, clock, stamper),
        preserver=PyHankoPreserver(
            trust_dir=authority.trust, revocation=revocation, stamper=stamper
        ),
        profiles=load_profiles(settings.signature_profiles),
        trust_dir=authority.trust,
    )
