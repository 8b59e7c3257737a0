# SPDX-License-Identifier: Apache-2.0
"""What one intake did and how it fares, written down for the doctor, the metrics and the screen.

One small file an intake, replaced whole, so that other processes may read it at any time. It
tells of the work; it is not part of the promise: a lost line loses no paper.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from workflows.ports.clock import Clock

KEPT = 30
BEAT_S = 5.0
What = Literal["received", "repeated", "set_aside"]
WHAT: Mapping[What, str] = {
    "received": "đã nhận",
    "repeated": "trùng, đã có",
    "set_aside": "để riêng",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One file's end. `name` as the sender called it; empty for a secret paper."""

    at: str
    what: What
    name: str
    unit_id: str = ""
    scan_id: str = ""
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The journal as it stands. Times are ISO 8601, UTC; "" is never."""

    kind: str
    name: str
    started_at: str = ""
    beat_at: str = ""
    succeeded_at: str = ""
    trouble_at: str = ""
    trouble_code: str = ""
    trouble: str = ""
    pending: int = 0
    pending_since: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    events: tuple[Event, ...] = ()


class Journal:
    """Written by the one thread or server of its intake; safe from several threads."""

    def __init__(self, folder: Path, kind: str, name: str, clock: Clock) -> None:
        self._path, self._clock, self._lock = (
            folder / f"{kind}-{name}.json",
            clock,
            threading.Lock(),
        )
        folder.mkdir(parents=True, exist_ok=True)
        known = read_record(self._path) or Record(kind=kind, name=name)
        self._record = replace(known, started_at=self._now())
        self._write(beat=True)

    @property
    def name(self) -> str:
        return self._path.stem

    def received(self, name: str, *, unit_id: str, scan_id: str, repeated: bool = False) -> None:
        what: What = "repeated" if repeated else "received"
        self._add(Event(at=self._now(), what=what, name=name, unit_id=unit_id, scan_id=scan_id))

    def set_aside(self, name: str, *, unit_id: str, code: str, reason: str) -> None:
        self._add(
            Event(
                at=self._now(),
                what="set_aside",
                name=name,
                unit_id=unit_id,
                code=code,
                reason=reason,
            )
        )

    def trouble(self, code: str, text: str) -> None:
        """The intake itself cannot work: no store, no server, a wrong password."""
        with self._lock:
            self._record = replace(
                self._record, trouble_at=self._now(), trouble_code=code, trouble=text
            )
            self._write(beat=True)

    def well(self) -> None:
        """What was in the way is gone."""
        with self._lock:
            if self._record.trouble_at:
                self._record = replace(self._record, trouble_at="", trouble_code="", trouble="")
                self._write(beat=True)
            else:
                self._write_if_due()

    def pending(self, number: int, since: dt.datetime | None) -> None:
        """How many wait at the sender's side (a mailbox), and since when the oldest."""
        with self._lock:
            self._record = replace(
                self._record, pending=number, pending_since=since.isoformat() if since else ""
            )
            self._write(beat=True)

    def beat(self) -> None:
        """Still here. Cheap: written every few seconds only."""
        with self._lock:
            self._write_if_due()

    def _add(self, event: Event) -> None:
        with self._lock:
            counts = dict(self._record.counts)
            counts[event.what] = counts.get(event.what, 0) + 1
            self._record = replace(
                self._record, counts=counts, events=(event, *self._record.events)[:KEPT]
            )
            if event.what != "set_aside":
                self._record = replace(
                    self._record,
                    succeeded_at=event.at,
                    trouble_at="",
                    trouble_code="",
                    trouble="",
                )
            self._write(beat=True)

    def _write_if_due(self) -> None:
        last = self._record.beat_at
        due = dt.datetime.fromisoformat(last) + dt.timedelta(seconds=BEAT_S) if last else None
        if due is None or self._clock.now() >= due:
            self._write(beat=True)

    def _write(self, *, beat: bool) -> None:
        if beat:
            self._record = replace(self._record, beat_at=self._now())
        part = self._path.with_suffix(".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self._record), file, ensure_ascii=False)
        part.replace(self._path)

    def _now(self) -> str:
        return self._clock.now().isoformat()


def read_record(path: Path) -> Record | None:
    """None where there is none, or where it cannot be read (it is only a report)."""
    try:
        row: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return Record(**(row | {"events": tuple(Event(**e) for e in row["events"])}))
    except (OSError, ValueError, TypeError, KeyError):
        return None
