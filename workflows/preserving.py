# SPDX-License-Identifier: Apache-2.0
"""Bảo toàn: stored signatures get their proofs and archive time stamps, and new ones in time.

Signing never waits for this: a time stamping authority may be down for days. What is owed stands
in the database and is asked for again until it is paid.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workflows.audit import SYSTEM, record
from workflows.domain.document import Document, SignedCopy
from workflows.domain.unit import EVERYWHERE
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.engine import Queue
from workflows.ports.objects import ObjectStore, content_sha256, derived_key
from workflows.ports.signer import Preserver, SignatureLevel, SignatureProfile

RENEW_BEFORE = dt.timedelta(days=180)
"""So long before an archive time stamp's certificate ends another stamp is put over it."""
LINGERING = dt.timedelta(hours=1)
"""A paper not stored yet is left to the clerk who works on it, for so long."""
MOST = 500  # papers asked for at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What is owed to stored signatures, out of the database."""

    database: Database
    profiles: Mapping[str, SignatureProfile]
    clock: Clock

    def due(self, limit: int = MOST) -> Sequence[SignedCopy]:
        """Newest revisions that are below their profile's level, or whose time stamp ages."""
        now = self.clock.now()
        found: list[SignedCopy] = []
        with self.database.read() as tx:
            for profile in self.profiles.values():
                found += tx.signed_copies.to_preserve(
                    profile.name,
                    [level.value for level in SignatureLevel if level.reaches(profile.level)],
                    signed_before=now - LINGERING,
                    stamps_until=now + RENEW_BEFORE,
                    limit=limit - len(found),
                )
        return found

    def ask(self) -> int:
        """Enqueue what is due; returns how many. Asked twice within an hour, it is done once."""
        hour = f"{self.clock.now():%Y%m%d%H}"
        owed = self.due()
        with self.database.transaction() as tx:
            for copy in owed:
                key = f"{copy.document_id}@{copy.revision}.{hour}"
                tx.jobs.enqueue("preserve", key, queue=Queue.BATCH, priority=9)
        return len(owed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preserving(Owed):
    """Completes and renews the signatures of our own copies; papers that came signed stay."""

    objects: ObjectStore
    preserver: Preserver

    def preserve(self, job: str) -> str:
        """Bring the newest revision to its profile's level; `job`: document id, `@`, anything.

        Returns the level reached. Raises `Unavailable` while authority or revocation servers are
        silent, `StaleVersion` when someone else signed meanwhile: both may be tried again.
        """
        document_id = job.partition("@")[0]
        with self.database.read() as tx:
            document = tx.documents.get(document_id, EVERYWHERE)
            revisions = tx.signed_copies.revisions(document_id)
        beside = document.came_signed  # a SAO Y of it: a file of its own
        if not revisions or not (beside or document.evidence == revisions[-1].object):
            return "nothing of ours to preserve"
        last = revisions[-1]
        wanted = self.profiles[last.profile].level
        before = self.objects.get(last.object)
        after = self.preserver.augment(before, wanted)
        if after == before and self._ages(last):
            after = self.preserver.renew(before)
        if after != before:
            self._keep(document, last, after, wanted)
        return wanted.value

    def _ages(self, copy: SignedCopy) -> bool:
        return copy.stamp_ends is not None and copy.stamp_ends < self.clock.now() + RENEW_BEFORE

    def _keep(
        self, document: Document, last: SignedCopy, content: bytes, level: SignatureLevel
    ) -> None:
        name = f"{content_sha256(content)}.pdf"
        stored = self.objects.put(
            derived_key("signed", document.original.sha256, name), content, "application/pdf"
        )
        now = self.clock.now()
        with self.database.transaction() as tx:
            evidence = document.evidence if document.came_signed else stored
            tx.documents.save(replace(document, evidence=evidence))
            tx.signed_copies.add(
                replace(
                    last,
                    id=uuid.uuid4().hex,
                    object=stored,
                    revision=last.revision + 1,
                    signed_by=SYSTEM,
                    signed_at=now,
                    level=level.value,
                    stamp_ends=self.preserver.stamp_ends(content),
                )
            )
            record(
                tx,
                "preserved",
                document,
                by=SYSTEM,
                at=now,
                before=last.object.sha256,
                sha256=stored.sha256,
                level=level.value,
            )
