# SPDX-License-Identifier: Apache-2.0
"""Signed archival copies of single files, and the signatures of any PDF, without a server."""

from __future__ import annotations

from dataclasses import dataclass

from service.config import Settings
from service.signing_parts import signing_parts
from storage.sandbox import best_sandbox
from storage.signing.authority import Subject
from storage.signing.sandboxed import SandboxedVerifier
from workflows.ports.clock import SystemClock
from workflows.ports.sandbox import SandboxLevel
from workflows.ports.signer import SignatureProfile, Signer, Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningDesk:
    """Makes the signed archival copy of single files: what `sohoa sign` and `verify` use."""

    signer: Signer
    verifier: Verifier
    personal: SignatureProfile

    def sign(self, copy: bytes, name: str) -> bytes:
        """A personal signature of `name`, with a certificate of the development authority."""
        return self.signer.sign(copy, profile=self.personal, who=name).content


def signing_desk(settings: Settings) -> SigningDesk:
    """Signs with a certificate that the development authority issues to the name given."""
    clock, sandbox = SystemClock(), best_sandbox(SandboxLevel(settings.sandbox_min))
    parts = signing_parts(
        settings, sandbox=sandbox, clock=clock, subject_of=lambda name: Subject(name=name)
    )
    trusted = [parts.trust_dir, *([settings.trust_dir] if settings.trust_dir else [])]
    return SigningDesk(
        signer=parts.signer,
        verifier=SandboxedVerifier(sandbox, *trusted),
        personal=parts.profiles["ca_nhan"],
    )
