# SPDX-License-Identifier: Apache-2.0
"""Feeding what lies in a hot folder into intake: one bad file never stops the next."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from scanner_drivers.folder import HotFolder, SetAside, Taken
from service.intakes.feeding import Feeder, Refusal, erase
from service.intakes.tries import CODE, MOST, REASON, Tries
from workflows.domain.document import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFeed:
    """One hot folder. `accounts`: whose papers they become, by sub-folder; "" the folder itself."""

    folder: HotFolder
    feeder: Feeder
    accounts: Mapping[str, str]
    urgent: bool = True

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Raises OSError when the folder is not to be had (a share went away)."""
        self.folder.prepare()
        for taken in self.folder.left_over():
            if stop.is_set() or self.hand_over(taken) is None:
                return
        while not stop.wait(self.folder.every_s):
            self.look()

    def look(self, now: float | None = None) -> None:
        """Once: everything that is whole now is handed over or set aside."""
        for found in self.folder.scan_once(now):
            if isinstance(found, SetAside):
                self._tell(found)
            elif self.hand_over(found) is None:
                return
        self.feeder.journal.well()

    def hand_over(self, taken: Taken) -> Scan | Refusal | None:
        with Tries(taken.path.parent).of(taken.path.name) as number:
            if number > MOST:
                self._tell(self.folder.quarantine(taken, REASON), CODE)
                return Refusal(code=CODE, reason=REASON)
            ended = self.feeder.hand_over(
                taken.path,
                taken.name,
                account=self.accounts[taken.route],
                urgent=self.urgent,
                again=taken.again,
            )
            if isinstance(ended, Refusal):
                if ended.secret:
                    erase(taken.path)
                else:
                    self.folder.quarantine(taken, ended.reason)
            elif ended is not None:
                self.folder.confirm(taken)
            return ended

    def _tell(self, found: SetAside, code: str = "tai_lieu_hong") -> None:
        unit_id = self.feeder.unit_of(self.accounts[found.route])
        self.feeder.journal.set_aside(found.name, unit_id=unit_id, code=code, reason=found.reason)
