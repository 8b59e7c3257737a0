# SPDX-License-Identifier: Apache-2.0
"""Handing one file to intake, the same way for every door: received, set aside, or wait.

What is bad is set aside with its reason and the next file goes on; what fails for another reason
(no store, no database, a deactivated account) is kept and tried again, in order.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from service.intakes.journal import Journal
from workflows.domain.document import Scan
from workflows.domain.unit import Actor, actor_of
from workflows.errors import (
    BadInput,
    Conflict,
    NotAuthenticated,
    SecretDocument,
    SohoaError,
)
from workflows.intake import Arrival, Intake, Source
from workflows.ports.clock import Clock
from workflows.ports.database import Database

log = structlog.get_logger(__name__)
RETRY_S = 10.0
TRIES = 3
"""For a fault nobody foresaw: then the file is set aside, so that the next ones go on (f06)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a file was not received; `secret`: no copy of it may be kept."""

    code: str
    reason: str
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """Feeds one intake's files. `stop` ends every wait."""

    intake: Intake
    database: Database
    clock: Clock
    journal: Journal
    source: Source
    stop: threading.Event
    retry_s: float = RETRY_S
    tries: int = TRIES

    def hand_over(
        self, path: Path, name: str, *, account: str, urgent: bool = True, again: bool = False
    ) -> Scan | Refusal | None:
        """One whole file for `account`. None: asked to stop; the file is still the caller's.

        `again`: after a crash, when intake may know it already without anybody having sent it
        twice.
        """
        failed, unit_id = 0, ""
        while True:
            started = self.clock.now()
            try:
                actor = self.actor(account)
                unit_id = actor.unit_id
                arrival = Arrival(file_name=name, source=self.source, urgent=urgent)
                with path.open("rb") as file:
                    scan = self.intake.receive(
                        iter(partial(file.read, 1 << 20), b""), arrival, by=actor
                    )
            except (BadInput, Conflict) as error:
                return self._refused(name, unit_id, error)
            except SohoaError as error:
                log.warning("intake waits", code=error.code)
                self.journal.trouble(error.code, f"{error.shown} {error.remedy}")
            except Exception as error:
                log.exception("intake failed")
                self.journal.trouble("loi", f"{type(error).__name__} khi nhận {name}.")
                failed += self._database_answers()
                if failed >= self.tries:
                    return self._refused(name, unit_id, SohoaError(repr(error)))
            else:
                repeated = scan.received_at < started and not again
                self.journal.received(name, unit_id=unit_id, scan_id=scan.id, repeated=repeated)
                return scan
            if self.stop.wait(self.retry_s):
                return None

    def actor(self, account: str) -> Actor:
        """Whose papers they become. `NotAuthenticated` when the account is gone."""
        with self.database.read() as tx:
            user = tx.accounts.user(username=account)
            if user is None or not user.active:
                raise NotAuthenticated(
                    account,
                    message=f"Tài khoản {account} của nguồn nhận tệp không có hoặc đã bị khóa.",
                )
            return actor_of(user, tx.accounts.scope_of(user.unit_id))

    def unit_of(self, account: str) -> str:
        """For the journal: "" when the account is gone."""
        try:
            return self.actor(account).unit_id
        except SohoaError:
            return ""

    def _refused(self, name: str, unit_id: str, error: SohoaError) -> Refusal:
        log.info("intake set aside", code=error.code)
        secret = isinstance(error, SecretDocument)
        reason = f"{error.shown} {error.remedy}"
        self.journal.set_aside(
            "" if secret else name, unit_id=unit_id, code=error.code, reason=reason
        )
        return Refusal(code=error.code, reason=f"{reason} [{error.code}]", secret=secret)

    def _database_answers(self) -> bool:
        try:
            self.database.ping()
        except Exception:
            return False
        return True


def erase(path: Path) -> None:
    """Overwrite, sync, unlink: nothing is left of a secret paper (Luật Bảo vệ bí mật nhà nước)."""
    if path.is_file() and not path.is_symlink():
        with path.open("r+b") as file:
            size = os.fstat(file.fileno()).st_size
            for start in range(0, size, 1 << 20):
                file.write(bytes(min(1 << 20, size - start)))
            file.flush()
            os.fsync(file.fileno())
    path.unlink(missing_ok=True)
