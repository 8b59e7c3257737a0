# SPDX-License-Identifier: Apache-2.0
"""Soát kho: every object re-hashed against the rows and the log; damage mended from the replica.

A disk loses bits without a word, an operator deletes, a program truncates (f11, f13, f39). Nothing
of that shows until somebody asks for the paper, perhaps after the last good copy is gone. So all
of it is read again and again, slowly: by Document, then by key for what no Document names. A pass
may stop at any point and goes on where it stopped.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workflows.audit import SYSTEM, record_act
from workflows.domain.document import StoredObject
from workflows.domain.holding import Fault, Finding, Holding, Side
from workflows.errors import IntegrityViolation, NotFound
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.objects import KeptStore, Measured

PROGRESS = "scrub"
LAST = "scrub.last"
_DOCUMENTS_A_STEP = 50
_KEYS_A_STEP = 2000
_SETTLING_S = 3600.0
"""An object is written before its row: a younger one without a row may be on its way."""
_OWN_PREFIXES = ("heads/", "health/", "ready")
_UNIT = "-"


@dataclass(slots=True, kw_only=True)
class ScrubPass:
    """One pass, and how far it is. `objects`, `read_bytes` count both sides."""

    started_at: str
    stage: str = "documents"  # documents | orphans | done
    cursor: str = ""
    documents: int = 0
    objects: int = 0
    read_bytes: int = 0
    replicated: int = 0
    findings: list[Finding] = field(default_factory=list)
    finished_at: str | None = None

    def as_json(self) -> dict[str, Any]:
        body = {name: getattr(self, name) for name in _COUNTS}
        return body | {"algorithm": "sha256", "findings": [_plain(f) for f in self.findings]}

    @property
    def unmended(self) -> list[Finding]:
        return [f for f in self.findings if not f.mended]


_COUNTS = (
    "started_at", "stage", "cursor", "documents", "objects", "read_bytes", "replicated",
    "finished_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrub:
    """Reads everything that is kept. `bytes_per_s` 0: as fast as it goes."""

    database: Database
    objects: KeptStore
    replica: KeptStore | None
    clock: Clock
    bytes_per_s: float = 0.0
    sleep: Callable[[float], object] = time.sleep

    def run(self, *, restart: bool = False, steps: int | None = None) -> ScrubPass:
        """Go on with the pass under way, or begin one; at most `steps` steps. See `stage`."""
        now = self._begin(restart)
        done = 0
        while now.stage != "done" and (steps is None or done < steps):
            before, started = now.read_bytes, time.monotonic()
            (self._documents if now.stage == "documents" else self._orphans)(now)
            self._save(now)
            self._pace(now.read_bytes - before, time.monotonic() - started)
            done += 1
        return now

    def due(self, *, every_days: float) -> bool:
        """A pass is under way, or the last one is older than that."""
        with self.database.read() as tx:
            known = tx.progress.get(PROGRESS)
        if known is None or known["stage"] != "done":
            return True
        age = self.clock.now() - dt.datetime.fromisoformat(known["finished_at"])
        return age > dt.timedelta(days=every_days)

    def last(self) -> Mapping[str, Any] | None:
        """The report of the last finished pass."""
        with self.database.read() as tx:
            return tx.progress.get(LAST)

    def _begin(self, restart: bool) -> ScrubPass:
        with self.database.read() as tx:
            known = None if restart else tx.progress.get(PROGRESS)
        if known is None or known["stage"] == "done":
            return ScrubPass(started_at=self.clock.now().isoformat())
        body = {name: known[name] for name in _COUNTS}
        return ScrubPass(**body, findings=[_finding(f) for f in known["findings"]])

    def _save(self, now: ScrubPass) -> None:
        if now.stage == "done":
            now.finished_at = self.clock.now().isoformat()
        with self.database.transaction() as tx:
            tx.progress.put(PROGRESS, now.as_json())
            if now.stage == "done":
                tx.progress.put(LAST, now.as_json())
                record_act(
                    tx,
                    "scrub.finished",
                    by=SYSTEM,
                    unit_id=_UNIT,
                    at=self.clock.now(),
                    objects=now.objects,
                    found=len(now.findings),
                    unmended=len(now.unmended),
                )

    def _pace(self, read_bytes: int, took_s: float) -> None:
        if self.bytes_per_s > 0:
            self.sleep(max(0.0, read_bytes / self.bytes_per_s - took_s))

    # by Document: is each object there, and is it what the rows and the log say?

    def _documents(self, now: ScrubPass) -> None:
        with self.database.read() as tx:
            holdings = tx.holdings.after(now.cursor, limit=_DOCUMENTS_A_STEP)
        if not holdings:
            now.stage, now.cursor = "orphans", ""
            return
        for holding in holdings:
            found = [f for stored in holding.objects for f in self._object(stored, holding, now)]
            self._report(now, [*found, *self._against_the_log(holding)])
            now.documents += 1
        now.cursor = holdings[-1].document_id

    def _object(self, stored: StoredObject, holding: Holding, now: ScrubPass) -> Iterator[Finding]:
        here = self._fault(self.objects, stored, now)
        there = self._fault(self.replica, stored, now) if self.replica else None
        if here is None and there is None:
            return
        if not self._still_held(stored, holding):
            return
        at = {"key": stored.key, "document_id": holding.document_id}
        if here is not None:
            source = self.objects if here is Fault.RECORD else self.replica
            good = here is Fault.RECORD or (there in (None, Fault.RECORD) and source is not None)
            mended = good and source is not None and self._copy(source, self.objects, stored)
            yield Finding(side=Side.PRIMARY, fault=here, mended=mended, **at)
        if there is not None and self.replica is not None:
            whole = here in (None, Fault.RECORD)
            mended = whole and self._copy(self.objects, self.replica, stored)
            if there is Fault.MISSING and mended:
                now.replicated += 1  # new since the last replication: no fault
                return
            yield Finding(side=Side.REPLICA, fault=there, mended=mended, **at)

    def _fault(self, store: KeptStore, stored: StoredObject, now: ScrubPass) -> Fault | None:
        found = store.measure(stored.key)
        now.objects += 1
        now.read_bytes += found.size if found else 0
        return fault_of(stored, found)

    def _copy(self, source: KeptStore, to: KeptStore, stored: StoredObject) -> bool:
        """Whether `to` holds the good bytes now, proved by reading them back."""
        return copy_object(source, to, stored)

    def _still_held(self, stored: StoredObject, holding: Holding) -> bool:
        """A paper may have been erased or destroyed between the list and the look."""
        with self.database.read() as tx:
            again = tx.holdings.of([holding.document_id])
        return any(stored in h.objects for h in again)

    def _against_the_log(self, holding: Holding) -> Iterator[Finding]:
        """The log heard the original's hash before anyone could change the row."""
        hashes = {o.sha256 for o in holding.objects}
        with self.database.read() as tx:
            for _, _, event in tx.audit.entries(subject_id=holding.document_id, limit=1000):
                said = {
                    "document.received": event.facts.get("sha256"),
                    "document.stored": event.facts.get("evidence"),
                }.get(event.action)
                if said and said not in hashes:
                    yield Finding(
                        side=Side.PRIMARY,
                        key=said,
                        fault=Fault.DISAGREES,
                        document_id=holding.document_id,
                    )

    # by key: what does no Document name?

    def _orphans(self, now: ScrubPass) -> None:
        """One step a side and prefix; leftovers of erased papers go, orphans are only told."""
        side, _, after = now.cursor.partition("|")
        store = self.replica if side == Side.REPLICA else self.objects
        known: dict[str, tuple[set[str], bool]] = {}
        looked, edge = 0, self.clock.now().timestamp() - _SETTLING_S
        for key, written in store.keys("", after=after) if store else ():
            looked += 1
            if looked > _KEYS_A_STEP:
                return
            now.cursor = f"{side or Side.PRIMARY.value}|{key}"
            if key.startswith(_OWN_PREFIXES) or written.timestamp() > edge:
                continue
            finding = self._unnamed(store, key, Side(side or Side.PRIMARY), known)
            if finding is not None:
                self._report(now, [finding])
        if side == Side.REPLICA or self.replica is None:
            now.stage, now.cursor = "done", ""
        else:
            now.cursor = f"{Side.REPLICA.value}|"

    def _unnamed(
        self,
        store: KeptStore | None,
        key: str,
        side: Side,
        known: dict[str, tuple[set[str], bool]],
    ) -> Finding | None:
        original = _original_of(key)
        if original not in known:
            known.clear()  # keys of one original stand together: no need to remember more
            with self.database.read() as tx:
                holdings, erased = tx.holdings.of_original(original)
            known[original] = ({o.key for h in holdings for o in h.objects}, erased)
        names, erased = known[original]
        if key in names:
            return None
        if not names and erased and side is Side.REPLICA and store is not None:
            # the primary was emptied by the act that erased the paper; its copy must go too
            store.erase(StoredObject(key=key, sha256="", size=0, media_type=""))
            return Finding(side=side, key=key, fault=Fault.LEFTOVER, mended=True)
        return Finding(side=side, key=key, fault=Fault.LEFTOVER if erased else Fault.ORPHAN)

    def _report(self, now: ScrubPass, findings: Sequence[Finding]) -> None:
        now.findings.extend(findings)
        if not findings:
            return
        with self.database.transaction() as tx:
            for finding in findings:
                record_act(
                    tx,
                    "object.mended" if finding.mended else "object.damaged",
                    by=SYSTEM,
                    unit_id=_UNIT,
                    at=self.clock.now(),
                    subject_id=finding.document_id or "-",
                    side=finding.side.value,
                    key=finding.key,
                    fault=finding.fault.value,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """Copies what is new to the replica, led by the log: a change of a paper is an entry there."""

    database: Database
    objects: KeptStore
    replica: KeptStore
    clock: Clock

    def behind(self) -> bool:
        with self.database.read() as tx:
            last = tx.audit.last()
            done = tx.progress.get("replica") or {"entry": 0}
        return last is not None and int(done["entry"]) < last[0]

    def run(self, *, entries: int = 1000) -> int:
        """The number of objects copied. Papers not read yet wait: they may have to be erased."""
        with self.database.read() as tx:
            after = int((tx.progress.get("replica") or {}).get("entry", 0))
            page = tx.audit.entries(after=after, limit=entries)
            ids = {e.subject_id for _, _, e in page if e.subject_kind == "document"}
            holdings = tx.holdings.of(sorted(ids))
        copied = 0
        for stored in {o.key: o for h in holdings for o in h.objects}.values():
            if self.replica.find(stored.key) is None:
                copied += copy_object(self.objects, self.replica, stored)
        if page:
            with self.database.transaction() as tx:
                tx.progress.put("replica", {"entry": page[-1][0]})
        return copied


def copy_object(source: KeptStore, to: KeptStore, stored: StoredObject) -> bool:
    """Whether `to` now holds the good bytes, proved by reading them back."""
    with tempfile.TemporaryDirectory(prefix="sohoa-paper-") as folder:
        good = Path(folder) / "object"
        try:
            source.fetch(stored, good)
            to.mend(stored, good)
        except (IntegrityViolation, NotFound):
            return False
    return fault_of(stored, to.measure(stored.key)) is None


def fault_of(stored: StoredObject, found: Measured | None) -> Fault | None:
    """What is wrong with what was found under the key; None for the bytes recorded."""
    if found is None:
        return Fault.MISSING
    if (found.sha256, found.size) == (stored.sha256, stored.size):
        return None if found.recorded else Fault.RECORD
    if found.size == 0:
        return Fault.EMPTY
    return Fault.TRUNCATED if found.size < stored.size else Fault.ALTERED


def _original_of(key: str) -> str:
    """`orig/ab/<sha>` and `<kind>/ab/<sha>/<name>` both name the original's hash third."""
    parts = key.split("/")
    return parts[2] if len(parts) > 2 else ""


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "side": finding.side.value,
        "key": finding.key,
        "fault": finding.fault.value,
        "document_id": finding.document_id,
        "mended": finding.mended,
    }


def _finding(body: Mapping[str, Any]) -> Finding:
    return replace(
        Finding(side=Side(body["side"]), key=body["key"], fault=Fault(body["fault"])),
        document_id=body["document_id"],
        mended=body["mended"],
    )
