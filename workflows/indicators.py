# SPDX-License-Identifier: Apache-2.0
"""Chỉ tiêu (QĐ 766/QĐ-TTg, nhóm số hóa): counted live from Dossiers and their Filings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from workflows.domain.unit import Actor
from workflows.ports.clock import VIETNAM, Clock
from workflows.ports.database import Database

FULL_MARKS_AT = 80.0
"""4.2 and 4.3: 80 % gives all points, below it the rate counts in proportion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicators:
    """One period of one scope. Rates are percent, two decimals; 0 without dossiers."""

    since: dt.date
    until: dt.date
    dossiers: int
    digitized: int
    reused: int
    documents: int
    stored: int

    @property
    def digitized_rate(self) -> float:
        """4.2 số hóa: a file in the Components and a file in the result."""
        return _percent(self.digitized, self.dossiers)

    @property
    def reuse_rate(self) -> float:
        """4.3 tái sử dụng: at least one reused Component."""
        return _percent(self.reused, self.dossiers)

    def as_json(self) -> dict[str, float | int | str]:
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "dossiers": self.dossiers,
            "SO_HOA_GIAY_TO_GIAI_QUYET": self.digitized_rate,
            "SO_HOA_GIAY_TO_GIAI_QUYET_share": _share(self.digitized_rate),
            "REUSED_DIGITIZED_DATA": self.reuse_rate,
            "REUSED_DIGITIZED_DATA_share": _share(self.reuse_rate),
            "documents": self.documents,
            "stored": self.stored,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorDesk:
    database: Database
    clock: Clock

    def measure(self, since: dt.date | None, until: dt.date | None, *, by: Actor) -> Indicators:
        """Counts of the caller's scope for Dossiers received in the period (this year so far)."""
        today = self.clock.now().astimezone(VIETNAM).date()
        since, until = since or today.replace(month=1, day=1), until or today
        with self.database.read() as tx:
            counts = tx.indicators(by.scope, since, until)
        return Indicators(since=since, until=until, **counts)


def _percent(part: int, whole: int) -> float:
    return round(100.0 * part / whole, 2) if whole else 0.0


def _share(rate: float) -> float:
    """The share of the points earned: 1 from 80 % on."""
    return round(min(1.0, rate / FULL_MARKS_AT), 4)
