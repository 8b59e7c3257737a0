# SPDX-License-Identifier: Apache-2.0
"""Chứng minh nhật ký: the log is as it was written, or here is the entry where it is not.

Three things are held against each other: what an entry says (its content gives its hash), what
stood before it (the chain), and the signed heads outside the database. An edit, a deletion, a
changed order and a cut end each leave another trace; each is named with its first entry.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from workflows.audit import record_act
from workflows.confirming import value_sha256
from workflows.domain.audit import GENESIS, AuditEvent, SignedHead
from workflows.domain.unit import Actor
from workflows.errors import SohoaError
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.heads import HeadLog, Seal
from workflows.purposes import stated

log = logging.getLogger(__name__)
_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Signs what the log had grown to, right after each commit, and writes it down elsewhere."""

    seal: Seal
    heads: HeadLog
    clock: Clock

    def __call__(self, appended: Sequence[tuple[int, str]]) -> None:
        """`appended`: (sequence, hash) of the entries just committed.

        Never raises: the commit stands. What was not witnessed is told by `sohoa audit verify`.
        """
        try:
            self.heads.add([self.sign(sequence, digest) for sequence, digest in appended])
        except SohoaError as trouble:
            log.error("audit head not written: %s", trouble)

    def sign(self, sequence: int, digest: str) -> SignedHead:
        head = SignedHead(
            sequence=sequence, hash=digest, at=self.clock.now(), key_id=self.seal.key_id
        )
        return replace(head, signature=self.seal.sign(head.claim()).hex())


class DamageKind(StrEnum):
    EDITED = "edited"  # nội dung mục bị sửa
    DELETED = "deleted"  # mục bị xóa
    REORDERED = "reordered"  # thứ tự bị đổi
    CUT = "cut"  # phần cuối bị cắt
    FORGED_HEAD = "forged_head"  # mốc ngoài cơ sở dữ liệu không đúng chữ ký
    FORKED = "forked"  # hai mốc ký khác nhau cho cùng một mục
    VALUE = "value"  # giá trị trường trong cơ sở dữ liệu khác giá trị nhật ký đã ghi


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDamage:
    """Entries `first`..`last` (sequence numbers, inclusive) and what became of them."""

    kind: DamageKind
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """`entries` in the database; `heads` that count; `witnessed`: the last entry a head names."""

    entries: int
    last: int
    heads: int
    witnessed: int
    damages: tuple[AuditDamage, ...]

    @property
    def whole(self) -> bool:
        return not self.damages


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProof:
    """Verifies the log and publishes its head to places that cannot be changed."""

    database: Database
    witness: Witness
    elsewhere: Sequence[HeadLog] = ()
    """Further places for heads: an object store under lock, another machine's folder."""

    def last(self) -> tuple[int, str] | None:
        """(sequence, hash) of the newest entry."""
        with self.database.read() as tx:
            return tx.audit.last()

    def publish(self) -> SignedHead | None:
        """Sign the newest entry's head into every place; None for an empty log."""
        found = self.last()
        if found is None:
            return None
        head = self.witness.sign(*found)
        for place in (self.witness.heads, *self.elsewhere):
            place.add([head])
        return head

    def read(
        self, after: int, subject_id: str | None, limit: int, *, by: Actor
    ) -> Sequence[tuple[int, str, AuditEvent]]:
        """Entries for an auditor; reading the log is an entry too."""
        with self.database.transaction() as tx:
            found = tx.audit.entries(after=after, subject_id=subject_id, limit=limit)
            record_act(
                tx,
                "audit.viewed",
                by=by,
                unit_id=by.unit_id,
                at=self.witness.clock.now(),
                purpose=stated(None, "giam_sat"),
                after=after,
                subject=subject_id,
                entries=len(found),
            )
        return found

    def verify(self) -> AuditReport:
        """Walks the whole log once; memory grows with the heads (about 0.2 KB each)."""
        heads, troubles = self._heads()
        walk = _Walk(heads)
        for sequence, digest, event in self._entries():
            walk.step(sequence, digest, event)
        newest = max(heads, default=0)
        if newest > walk.last:
            troubles.append(AuditDamage(kind=DamageKind.CUT, first=walk.last + 1, last=newest))
        return AuditReport(
            entries=walk.count,
            last=walk.last,
            heads=len(heads),
            witnessed=newest,
            damages=tuple(sorted([*walk.damages(), *troubles], key=lambda d: (d.first, d.kind))),
        )

    def changed_values(self) -> Iterator[tuple[AuditDamage, str, str]]:
        """(entry, document, field) where a confirmed value is no longer what the log says.

        Values of papers erased since are passed over: the log has the erasure.
        """
        for sequence, _, event in self._entries():
            for said in event.facts.get("values", ()) if event.subject_kind == "document" else ():
                with self.database.read() as tx:
                    history = tx.fields.history(event.subject_id, said["field"])
                    erased = not history and not tx.fields.values(event.subject_id)
                now = {value.version: value_sha256(value) for value in history}
                if now.get(said["version"]) != said["new"] and not erased:
                    at = AuditDamage(kind=DamageKind.VALUE, first=sequence, last=sequence)
                    yield at, event.subject_id, said["field"]

    def _entries(self) -> Iterator[tuple[int, str, AuditEvent]]:
        after = 0
        with self.database.read() as tx:
            while page := tx.audit.entries(after=after, limit=_PAGE):
                yield from page
                after = page[-1][0]

    def _heads(self) -> tuple[dict[int, str], list[AuditDamage]]:
        good: dict[int, str] = {}
        troubles: list[AuditDamage] = []
        for place in (self.witness.heads, *self.elsewhere):
            for head in place.heads():
                at = {"first": head.sequence, "last": head.sequence}
                if not self._signed(head):
                    troubles.append(AuditDamage(kind=DamageKind.FORGED_HEAD, **at))
                elif good.setdefault(head.sequence, head.hash) != head.hash:
                    troubles.append(AuditDamage(kind=DamageKind.FORKED, **at))
        return good, troubles

    def _signed(self, head: SignedHead) -> bool:
        try:
            signature = bytes.fromhex(head.signature)
        except ValueError:
            return False
        return self.witness.seal.holds(head.key_id, head.claim(), signature)


class _Walk:
    """Entry by entry. Each entry is judged by itself, so that one damage does not hide the next."""

    def __init__(self, heads: Mapping[int, str]) -> None:
        self._heads = heads
        self._place = {digest: sequence for sequence, digest in heads.items()}
        self._previous: str | None = GENESIS
        self._wrong: dict[int, str] = {}
        self._gone: list[tuple[int, int]] = []
        self.count = self.last = 0

    def step(self, sequence: int, digest: str, event: AuditEvent) -> None:
        if sequence > self.last + 1:
            self._gone.append((self.last + 1, sequence - 1))
            self._previous = None  # what stood before is gone; a head may still know its hash
        known = self._heads.get(sequence)
        if (known is not None and known != digest) or not self._follows(sequence, digest, event):
            self._wrong[sequence] = digest
        self._previous, self.last = digest, sequence
        self.count += 1

    def _follows(self, sequence: int, digest: str, event: AuditEvent) -> bool:
        """Its content and what stood before give its hash.

        The hash before it is what the row before says or what its head says: where that row was
        changed, this one is still whole.
        """
        before = {self._previous, self._heads.get(sequence - 1)} - {None}
        return not before or any(event.chained_hash(b) == digest for b in before if b is not None)

    def damages(self) -> list[AuditDamage]:
        moved = set(self._wrong.values())
        kinds = [(first, last, DamageKind.DELETED) for first, last in self._gone]
        for sequence, digest in sorted(self._wrong.items()):
            kind = DamageKind.EDITED
            if self._place.get(digest, sequence) != sequence:
                # another entry stands here: is the one that belongs here elsewhere, or gone?
                kept = self._heads.get(sequence) in moved
                kind = DamageKind.REORDERED if kept else DamageKind.DELETED
            if kinds and kinds[-1][2] is kind and kinds[-1][1] == sequence - 1:
                kinds[-1] = (kinds[-1][0], sequence, kind)
            else:
                kinds.append((sequence, sequence, kind))
        return [AuditDamage(kind=kind, first=first, last=last) for first, last, kind in kinds]
