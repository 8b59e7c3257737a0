# SPDX-License-Identifier: Apache-2.0
"""Kiểm tra chữ ký của một tệp bất kỳ: looked at in the sandbox, told, and not kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workflows.domain.audit import AuditEvent
from workflows.domain.signature import Verification
from workflows.domain.unit import Actor
from workflows.errors import NotADocument
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.objects import Inbox
from workflows.ports.signer import Verifier
from workflows.verification import conclude

MAX_BYTES = 128 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureCheck:
    """What the counter asks before it takes an electronic paper in."""

    database: Database
    inbox: Inbox
    verifier: Verifier
    clock: Clock

    def check(self, untrusted: Iterator[bytes], *, by: Actor) -> Verification:
        """Every signature of a PDF. Its bytes are erased again; the log keeps hash and verdict.

        Raises `NotADocument` for what is no PDF, `TooLarge`, `StorageFull`.
        """
        path, sha256, _ = self.inbox.receive(untrusted, limit=MAX_BYTES)
        try:
            must_be_pdf(path)
            told = self.verifier.verify(path)
        finally:
            self.inbox.erase(path)
        with self.database.transaction() as tx:
            tx.audit.append(
                AuditEvent(
                    actor_id=by.id,
                    action="signatures.checked",
                    subject_kind="file",
                    subject_id=sha256,
                    unit_id=by.unit_id,
                    at=self.clock.now(),
                    facts={"verdict": conclude(told).verdict.value, "count": len(told)},
                )
            )
        return told


def must_be_pdf(path: Path) -> None:
    """Raises `NotADocument`: a picture or a web page has no signatures to look for."""
    with path.open("rb") as file:
        if b"%PDF-" not in file.read(1024):
            raise NotADocument(
                "no %PDF- in the first 1024 bytes",
                message="Tệp này không phải PDF nên không có chữ ký số PDF để kiểm tra.",
            )
