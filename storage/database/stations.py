# SPDX-License-Identifier: Apache-2.0
"""Repositories of scanning stations, their jobs and the pages that wait to become Documents."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from storage.database import tables as t
from storage.database.mapping import from_row, to_row
from storage.database.registers import upsert
from workflows.domain.station import OPEN_STATES, Capture, JobPage, ScanJob, Station
from workflows.domain.unit import Scope
from workflows.errors import Conflict, NotFound


class SqlStations:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def put(self, station: Station) -> None:
        upsert(self.connection, t.stations, to_row(station))

    def get(self, station_id: str) -> Station:
        wanted = select(t.stations).where(t.stations.c.id == station_id)
        row = self.connection.execute(wanted).mappings().first()
        if row is None:
            raise NotFound(station_id)
        return from_row(Station, row)

    def find(self, scope: Scope) -> Sequence[Station]:
        wanted = select(t.stations).order_by(t.stations.c.name, t.stations.c.id)
        if scope.unit_ids is not None:
            wanted = wanted.where(t.stations.c.unit_id.in_(scope.unit_ids))
        return [from_row(Station, row) for row in self.connection.execute(wanted).mappings()]

    def by_code(self, code_sha256: str) -> Station | None:
        wanted = select(t.stations).where(t.stations.c.code_sha256 == code_sha256)
        row = self.connection.execute(wanted).mappings().first()
        return from_row(Station, row) if row else None


class SqlScanJobs:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def put(self, job: ScanJob) -> None:
        upsert(self.connection, t.scan_jobs, to_row(job))

    def get(self, job_id: str, scope: Scope) -> ScanJob:
        wanted = select(t.scan_jobs).where(t.scan_jobs.c.id == job_id)
        row = self.connection.execute(wanted).mappings().first()
        if row is None or not scope.holds(row["unit_id"]):
            raise NotFound(job_id)
        return from_row(ScanJob, row)

    def find(
        self, *, station_id: str | None = None, scope: Scope, open_only: bool, limit: int = 50
    ) -> Sequence[ScanJob]:
        j = t.scan_jobs.c
        wanted = select(t.scan_jobs).limit(limit)
        if station_id is not None:
            wanted = wanted.where(j.station_id == station_id)
        if scope.unit_ids is not None:
            wanted = wanted.where(j.unit_id.in_(scope.unit_ids))
        if open_only:
            wanted = wanted.where(j.state.in_([s.value for s in OPEN_STATES]))
            wanted = wanted.order_by(j.created_at, j.id)
        else:
            wanted = wanted.order_by(j.created_at.desc(), j.id)
        return [from_row(ScanJob, row) for row in self.connection.execute(wanted).mappings()]


class SqlJobPages:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add(self, page: JobPage) -> None:
        try:
            with self.connection.begin_nested():
                self.connection.execute(t.job_pages.insert().values(to_row(page)))
        except IntegrityError as error:
            raise Conflict(f"page {page.seq} of {page.job_id} is here") from error

    def replace(self, page: JobPage) -> None:
        upsert(self.connection, t.job_pages, to_row(page))

    def of_job(self, job_id: str) -> Sequence[JobPage]:
        p = t.job_pages.c
        wanted = select(t.job_pages).where(p.job_id == job_id).order_by(p.seq)
        return [from_row(JobPage, row) for row in self.connection.execute(wanted).mappings()]

    def forget(self, job_id: str) -> None:
        self.connection.execute(t.job_pages.delete().where(t.job_pages.c.job_id == job_id))


class SqlCaptures:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def put(self, capture: Capture) -> None:
        upsert(self.connection, t.captures, to_row(capture))

    def of_document(self, document_id: str) -> Capture | None:
        wanted = select(t.captures).where(t.captures.c.document_id == document_id)
        row = self.connection.execute(wanted).mappings().first()
        return from_row(Capture, row) if row else None
