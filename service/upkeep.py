# SPDX-License-Identifier: Apache-2.0
"""Bảo quản: what nobody waits for and must not be forgotten, in one process of low priority.

Heads of the log go into the object store, new objects to the replica, signatures that lack their
proofs are asked for again, copies of papers that killed processes left are removed, a scrub is
always on its way around. One such process an installation:
`sohoa serve` starts it beside the web.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from service.config import Settings
from service.wiring import audit_proof, disposal_desk, object_store, replica_store
from storage.database import SqlDatabase
from storage.engine import DbosEngine
from storage.sandbox import sweep
from storage.signing.profiles import load_profiles
from workflows.audit_proof import AuditProof
from workflows.ports.clock import Clock, SystemClock
from workflows.ports.database import Database
from workflows.ports.objects import KeptStore
from workflows.preserving import Owed
from workflows.retention import Protecting, RetentionSchedule
from workflows.scrub import Replication, Scrub

log = structlog.get_logger(__name__)
NICE = 19
REPLICATE_EVERY_S = 60.0
DESTROY_EVERY_S = 3600.0
PRESERVE_EVERY_S = 600.0
SWEEP_EVERY_S = 600.0
_TICK_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """The stores and the log of one installation, without the rest of the workstation."""

    settings: Settings
    database: SqlDatabase
    objects: KeptStore
    replica: KeptStore | None
    audit: AuditProof
    clock: Clock

    @property
    def owed(self) -> Owed:
        """Signatures that lack proofs or whose time stamp ages; workers do what is asked here."""
        profiles = load_profiles(self.settings.signature_profiles)
        return Owed(database=self.database, profiles=profiles, clock=self.clock)

    def scrub(
        self, *, mb_per_s: float | None = None, sleep: Callable[[float], object] | None = None
    ) -> Scrub:
        rate = self.settings.scrub_mb_per_s if mb_per_s is None else mb_per_s
        return Scrub(
            database=self.database,
            objects=self.objects,
            replica=self.replica,
            clock=self.clock,
            bytes_per_s=rate * 1e6,
            **({"sleep": sleep} if sleep else {}),
        )

    def protect(self) -> int:
        """Lock what is newly stored; the number of objects."""
        return Protecting(
            database=self.database,
            objects=self.objects,
            replica=self.replica,
            schedule=RetentionSchedule.read(self.settings.retention_rules),
            lock_days=self.settings.lock_days,
        ).run()

    def finish_destructions(self) -> int:
        """Approved ones that waited for a lock or were interrupted."""
        desk = disposal_desk(self.settings, self.database, self.objects, self.clock)
        return desk.carry_on()

    def replicate(self) -> int:
        """Everything new to the replica; the number of objects copied."""
        if self.replica is None:
            return 0
        mirror = Replication(
            database=self.database, objects=self.objects, replica=self.replica, clock=self.clock
        )
        copied = 0
        while mirror.behind():
            copied += mirror.run()
        return copied


def custodian(settings: Settings, clock: Clock | None = None) -> Custodian:
    """Over the database and stores of these settings; migrate first."""
    clock = clock or SystemClock()
    engine = DbosEngine(settings.database)
    database = SqlDatabase(settings.database, enqueue=engine.enqueue_in)
    objects = object_store(settings)
    audit = audit_proof(settings, database, objects, clock)
    database.witness = audit.witness
    return Custodian(
        settings=settings,
        database=database,
        objects=objects,
        replica=replica_store(settings),
        audit=audit,
        clock=clock,
    )


def standing(database: Database) -> dict[str, Any]:
    """How preservation stands, for the screen and for monitoring."""
    with database.read() as tx:
        last = tx.audit.last()
        scrub = tx.progress.get("scrub.last")
        under_way = tx.progress.get("scrub")
        backup = tx.progress.get("backup.last")
        replica = tx.progress.get("replica")
    entries = last[0] if last else 0
    behind = entries - int(replica["entry"]) if replica else None
    return {
        "audit_entries": entries,
        "scrub": _dated(scrub, "finished_at"),
        "scrub_unmended": sum(not f["mended"] for f in scrub["findings"]) if scrub else 0,
        "scrub_under_way": bool(under_way and under_way["stage"] != "done"),
        "backup": _dated(backup, "at"),
        "replica_behind_entries": behind,
    }


def _dated(body: Mapping[str, Any] | None, name: str) -> dict[str, Any] | None:
    return dict(body) | {name: dt.datetime.fromisoformat(body[name])} if body else None


@dataclass(slots=True, kw_only=True)
class _Chore:
    """Something done again and again. A chore that fails is told and tried again in its turn."""

    name: str
    every_s: float
    do: Callable[[], object]
    due_s: float = field(default=0.0)

    def tend(self, now_s: float) -> None:
        if now_s < self.due_s:
            return
        self.due_s = now_s + self.every_s
        try:
            self.do()
        except Exception as trouble:
            log.error(
                "upkeep failed", chore=self.name, error=f"{type(trouble).__name__}: {trouble}"
            )


def run(settings: Settings, stop: threading.Event) -> None:
    """Until `stop`. A scrub step sleeps on `stop` too, so that ending never waits for it."""
    os.nice(NICE)
    here = custodian(settings)
    chores = [
        _Chore(name="replicate", every_s=REPLICATE_EVERY_S, do=here.replicate),
        _Chore(name="protect", every_s=REPLICATE_EVERY_S, do=here.protect),
        _Chore(name="destroy", every_s=DESTROY_EVERY_S, do=here.finish_destructions),
        _Chore(name="backup", every_s=REPLICATE_EVERY_S, do=lambda: _backup(here)),
        _Chore(name="anchor", every_s=settings.audit_anchor_minutes * 60.0, do=_anchor(here.audit)),
        _Chore(name="preserve", every_s=PRESERVE_EVERY_S, do=here.owed.ask),
        _Chore(
            name="sweep", every_s=SWEEP_EVERY_S, do=lambda: sweep(settings.data_dir / "scratch")
        ),
        _Chore(name="scrub", every_s=0.0, do=lambda: _scrub_step(here, stop)),
    ]
    passed_s = 0.0
    while not stop.wait(_TICK_S):
        passed_s += _TICK_S
        for chore in chores:
            chore.tend(passed_s)


def _anchor(audit: AuditProof) -> Callable[[], None]:
    """Only a log that has grown gets a new head."""
    published = [0]

    def anchor() -> None:
        last = audit.last()
        if last is not None and last[0] > published[0]:
            audit.publish()
            published[0] = last[0]

    return anchor


def _backup(here: Custodian) -> None:
    """When targets and recipients are set and the last one is old enough."""
    from service.backups import backup_of, kept, vaults

    settings = here.settings
    if not (settings.backup_targets and settings.backup_recipients and settings.backup_every_hours):
        return
    backup = backup_of(here)
    if not backup.due(every_hours=settings.backup_every_hours):
        return
    for made in backup.make(vaults(settings, ()), kept=kept(settings)):
        if made.trouble or made.missing:
            log.error(
                "backup incomplete",
                target=made.target,
                trouble=made.trouble,
                missing=len(made.missing),
            )


def _scrub_step(here: Custodian, stop: threading.Event) -> None:
    if here.settings.scrub_every_days == 0:
        return
    scrub = here.scrub(sleep=stop.wait)
    if scrub.due(every_days=here.settings.scrub_every_days):
        now = scrub.run(steps=1)
        if now.stage == "done" and now.unmended:
            log.error("scrub found damage", unmended=len(now.unmended), found=len(now.findings))
