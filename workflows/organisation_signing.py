# SPDX-License-Identifier: Apache-2.0
"""Ký cơ quan: the Unit's own signature, beside the clerk's, in a second revision of the file.

Luật GDĐT 20/2023 Đ.12 asks for it on permits, certificates and the like that were converted from
paper; NĐ 30/2020 Đ.25-26 on a copy issued as SAO Y. The key is with văn thư (Đ.32-33): one PIN
for a list, every file signed and recorded by itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workflows.audit import record
from workflows.domain.document import (
    Document,
    DocumentFilter,
    DocumentHit,
    DocumentState,
    SignedCopy,
    StoredObject,
    TrustLevel,
)
from workflows.domain.unit import Actor
from workflows.errors import IllegalMove, NotFound, SohoaError, TokenRefused
from workflows.ports.clock import Clock
from workflows.ports.database import Database, Transaction
from workflows.ports.engine import Queue
from workflows.ports.objects import ObjectStore, content_sha256, derived_key
from workflows.ports.signer import SignatureLevel, SignatureProfile, Signer

MOST = 200  # papers signed with one PIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """How one paper of a list fared. `error` is None when it is signed."""

    document_id: str
    error: SohoaError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSigning:
    """The Unit's signature on stored papers."""

    database: Database
    objects: ObjectStore
    signer: Signer
    seal: SignatureProfile
    certified_copy: SignatureProfile
    clock: Clock

    def queue(self, *, by: Actor, limit: int = MOST) -> Sequence[DocumentHit]:
        """Stored papers that wait for their Unit's signature, newest first."""
        wanted = DocumentFilter(state=DocumentState.STORED, awaiting_org_signature=True)
        with self.database.read() as tx:
            return tx.documents.find(wanted, by.scope, limit=limit).hits

    def sign(self, document_ids: Sequence[str], *, by: Actor, pin: str = "") -> Sequence[Signed]:
        """Each paper by itself; a token that fails stops the rest, which stays in the queue.

        Raises `TokenRefused` when the token does not open, before anything is signed.
        """
        with self.database.read() as tx:
            papers = [tx.documents.get(i, by.scope) for i in dict.fromkeys(document_ids)][:MOST]
        results: list[Signed] = []
        for unit_id in dict.fromkeys(paper.unit_id for paper in papers):
            mine = [paper for paper in papers if paper.unit_id == unit_id]
            with self.signer.unlocked(unit_id, pin) as signer:
                results += self._each(signer, mine, by)
        return results

    def certify(self, document: Document, *, by: Actor, pin: str = "") -> SignedCopy:
        """SAO Y: the stored paper as a copy of full value, signed by its Unit (NĐ 30 PL I, ô 14).

        A paper that came in signed stays as it is: the SAO Y is a file beside it. Raises
        `IllegalMove` before the paper is stored, `SigningFailed`.
        """
        with self.signer.unlocked(document.unit_id, pin) as signer:
            return self._signed(signer, document, self.certified_copy, by)

    def certified(self, document: Document) -> StoredObject:
        """The newest SAO Y file; `NotFound` when none was made."""
        with self.database.read() as tx:
            revisions = tx.signed_copies.revisions(document.id)
        if not any(r.profile == self.certified_copy.name for r in revisions):
            raise NotFound(f"{document.id} has no SAO Y")
        return revisions[-1].object

    def _each(self, signer: Signer, papers: Sequence[Document], by: Actor) -> list[Signed]:
        results: list[Signed] = []
        broken: TokenRefused | None = None
        for paper in papers:
            error: SohoaError | None = broken
            if broken is None:
                try:
                    if not paper.awaiting_org_signature:
                        raise IllegalMove(
                            f"{paper.id} awaits no signature",
                            message="Giấy tờ này không chờ chữ ký cơ quan.",
                        )
                    self._signed(signer, paper, self.seal, by)
                except TokenRefused as refused:
                    error = broken = refused
                except SohoaError as failed:
                    error = failed
            results.append(Signed(document_id=paper.id, error=error))
        return results

    def _signed(
        self, signer: Signer, document: Document, profile: SignatureProfile, by: Actor
    ) -> SignedCopy:
        if document.state is not DocumentState.STORED or document.evidence is None:
            raise IllegalMove(f"{document.id} is {document.state}, not stored")
        before = self._newest(document)
        now = replace(profile, level=profile.level.at_most(SignatureLevel.B_T))
        done = signer.sign(self.objects.get(before), profile=now, who=document.unit_id)
        name = f"{content_sha256(done.content)}.pdf"
        key = derived_key("signed", document.original.sha256, name)
        stored = self.objects.put(key, done.content, "application/pdf")
        with self.database.transaction() as tx:
            changed = replace(document, awaiting_org_signature=False)
            if not document.came_signed:
                trust = max(document.trust, TrustLevel.CERTIFIED_COPY)
                changed = replace(changed, evidence=stored, trust=trust)
            tx.documents.save(changed)
            copy = SignedCopy(
                id=uuid.uuid4().hex,
                document_id=document.id,
                object=stored,
                revision=self._next(tx, document),
                profile=profile.name,
                signer_name=done.signer_name,
                signed_by=by.id,
                signed_at=done.signed_at,
                level=done.level,
            )
            tx.signed_copies.add(copy)
            job = f"{document.id}@{copy.revision}"
            tx.jobs.enqueue("preserve", job, queue=Queue.BATCH, priority=8)
            record(
                tx,
                "certified" if profile is self.certified_copy else "org_signed",
                document,
                by=by,
                at=done.signed_at,
                before=before.sha256,
                sha256=stored.sha256,
                level=done.level,
                profile=profile.name,
            )
        return copy

    def _newest(self, document: Document) -> StoredObject:
        """What the next signature goes on: of a paper that came signed the SAO Y made before."""
        with self.database.read() as tx:
            revisions = tx.signed_copies.revisions(document.id)
        assert document.evidence is not None  # noqa: S101 - asked before
        return revisions[-1].object if revisions else document.evidence

    def _next(self, tx: Transaction, document: Document) -> int:
        return len(tx.signed_copies.revisions(document.id)) + 1
