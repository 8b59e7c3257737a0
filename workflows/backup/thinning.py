# SPDX-License-Identifier: Apache-2.0
"""How many snapshots stay, and the throwing away of the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflows.backup.vault import PARTS, Vault
from workflows.backup.workroom import workroom
from workflows.errors import SohoaError


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many snapshots stay: the newest of each of so many days, weeks, months."""

    days: int = 7
    weeks: int = 5
    months: int = 12

    def choose(self, made: Sequence[tuple[str, dt.datetime]]) -> set[str]:
        """Ids that stay; the newest always does."""
        chosen: set[str] = set()
        # ids count microseconds, times only seconds: two in one second have an order too
        newest_first = sorted(made, key=lambda m: (m[1], m[0]), reverse=True)
        for count, period in (
            (max(self.days, 1), "%Y-%m-%d"),
            (self.weeks, "%G-%V"),
            (self.months, "%Y-%m"),
        ):
            seen: dict[str, str] = {}
            for snapshot, at in newest_first:
                seen.setdefault(at.strftime(period), snapshot)
            chosen.update(list(seen.values())[:count])
        return chosen


def thin_out(vault: Vault, kept: Kept, scratch: Path) -> int:
    """Old snapshots go, and objects only they named; what a lock holds stays. How many went."""
    made = vault.snapshots()
    chosen = kept.choose(made)
    gone = [snapshot for snapshot, _ in made if snapshot not in chosen]
    if not gone:
        return 0
    named: set[str] = set()
    try:
        with workroom(scratch) as work:
            for snapshot in chosen:
                manifest = vault.manifest(snapshot)
                if not manifest.signed:
                    return 0  # another's, or forged: nothing is thrown away on its word
                named.update(stored.key for _, stored in vault.listing(manifest, work))
        for snapshot in gone:
            # the manifest first: what is half gone is no snapshot any more
            for part in ("manifest.json", *PARTS):
                vault.erase(f"snapshots/{snapshot}/{part}")
        for key, _ in list(vault.store.keys("objects/")):
            if key not in named:
                vault.erase(key)
    except SohoaError:
        return 0
    return len(gone)
