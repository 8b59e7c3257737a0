# SPDX-License-Identifier: Apache-2.0
"""Ghép trạm quét: an admin makes a station and a one-time code; the station brings its own key."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workflows.audit import record
from workflows.domain.station import Station
from workflows.domain.unit import EVERYWHERE, Actor
from workflows.errors import InvalidValue, NotAuthenticated, NotFound
from workflows.ports.clock import Clock
from workflows.ports.database import Database

CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is taken for another
CODE_LENGTH, CODE_MINUTES, CODE_TRIES = 8, 10, 5
SEEN_EVERY = dt.timedelta(seconds=30)
"""A station polls all day; its row need not be written each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationDesk:
    """Makes, pairs and revokes stations."""

    database: Database
    clock: Clock

    def create(self, name: str, unit_id: str, *, by: Actor) -> tuple[Station, str]:
        """A station waiting to be paired, and its code: shown this once, good for ten minutes."""
        if not name.strip():
            raise InvalidValue("name", message="Trạm cần có tên.")
        if not by.scope.holds(unit_id):
            raise NotFound(unit_id)
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        now = self.clock.now()
        station = Station(
            id=uuid.uuid4().hex,
            name=name.strip(),
            unit_id=unit_id,
            created_by=by.id,
            created_at=now,
            code_sha256=_digest(code),
            code_until=now + dt.timedelta(minutes=CODE_MINUTES),
        )
        with self.database.transaction() as tx:
            tx.stations.put(station)
            record(tx, "created", station, by=by, at=now, name=station.name)
        return station, code

    def pair(self, station_id: str, code: str, public_key: str) -> Station:
        """The station brings its code once. Five wrong tries or ten minutes end the code."""
        now = self.clock.now()
        with self.database.transaction() as tx:
            station = tx.stations.get(station_id)
            open_until = station.code_until
            alive = station.code_sha256 and open_until and open_until > now
            tried = replace(station, code_tries=station.code_tries + 1)
            good = bool(alive) and secrets.compare_digest(
                station.code_sha256 or "", _digest(code.strip().upper())
            )
            if good and tried.code_tries <= CODE_TRIES:
                station = replace(
                    tried,
                    public_key=public_key,
                    paired_at=now,
                    seen_at=now,
                    code_sha256=None,
                    code_until=None,
                )
                tx.stations.put(station)
                record(tx, "paired", station, by=station.id, at=now, key=public_key[:16])
                return station
            tx.stations.put(tried)
        raise NotAuthenticated(
            "pairing", message="Mã ghép không đúng hoặc đã hết hạn; xin quản trị cấp mã mới."
        )

    def new_code(self, station_id: str, *, by: Actor) -> str:
        """Another code for the same station (a new PC, a lost key); the old key ends with it."""
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        now = self.clock.now()
        with self.database.transaction() as tx:
            station = self._mine(tx.stations.get(station_id), by)
            until = now + dt.timedelta(minutes=CODE_MINUTES)
            tx.stations.put(
                replace(
                    station,
                    code_sha256=_digest(code),
                    code_until=until,
                    code_tries=0,
                    public_key=None,
                    revoked_at=None,
                )
            )
            record(tx, "code_renewed", station, by=by, at=now)
        return code

    def revoke(self, station_id: str, *, by: Actor) -> Station:
        """From now on its key opens nothing; pages it still holds stay safe in its spool."""
        now = self.clock.now()
        with self.database.transaction() as tx:
            station = self._mine(tx.stations.get(station_id), by)
            station = replace(station, revoked_at=now, code_sha256=None, code_until=None)
            tx.stations.put(station)
            record(tx, "revoked", station, by=by, at=now)
        return station

    def find(self, *, by: Actor) -> Sequence[Station]:
        with self.database.read() as tx:
            return tx.stations.find(by.scope)

    def known(self, station_id: str) -> Station:
        """The paired, unrevoked station of this id, for checking its signature."""
        with self.database.read() as tx:
            station = tx.stations.get(station_id)
        if station.public_key is None or station.revoked_at is not None:
            raise NotAuthenticated(station_id, message="Trạm chưa được ghép hoặc đã bị thu hồi.")
        return station

    def seen(self, station_id: str, told: Mapping[str, Any]) -> None:
        """The station called; `told`: its version, devices, free space, pages not yet sent."""
        now = self.clock.now()
        with self.database.read() as tx:
            station = tx.stations.get(station_id)
        fresh = station.seen_at is not None and now - station.seen_at < SEEN_EVERY
        if fresh and dict(told) == dict(station.told):
            return
        with self.database.transaction() as tx:
            tx.stations.put(replace(tx.stations.get(station_id), seen_at=now, told=dict(told)))

    def _mine(self, station: Station, by: Actor) -> Station:
        if not (by.scope is EVERYWHERE or by.scope.holds(station.unit_id)):
            raise NotFound(station.id)
        return station


def _digest(code: str) -> str:
    return hashlib.sha256(f"sohoa.station:{code}".encode()).hexdigest()
