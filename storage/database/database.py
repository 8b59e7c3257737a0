# SPDX-License-Identifier: Apache-2.0
"""The Database port over SQLAlchemy: one Transaction is one commit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import OperationalError

from storage.database import tables as t
from storage.database.cases import (
    SqlDossiers,
    SqlFilings,
    SqlHolders,
    SqlReuse,
    count_indicators,
)
from storage.database.connection import LOCK_MODE, open_engine
from storage.database.disposal import SqlDisposal
from storage.database.holdings import SqlHoldings, SqlProgress
from storage.database.packages import SqlPackageExports
from storage.database.papers import (
    SqlBatches,
    SqlDocuments,
    SqlFields,
    SqlReadings,
    SqlScans,
    SqlSignedCopies,
)
from storage.database.registers import SqlAccounts, SqlAudit, SqlCatalogue
from storage.database.signing import SqlSigningRequests
from storage.database.stations import SqlCaptures, SqlJobPages, SqlScanJobs, SqlStations
from workflows.domain.unit import Scope
from workflows.errors import StorageFull, Unavailable
from workflows.ports.engine import Queue

Enqueue = Callable[[Connection, str, str, Queue, int], None]
"""(connection, workflow, key, queue, priority): puts the job into the open transaction."""
Witness = Callable[[Sequence[tuple[int, str]]], None]
"""Takes (sequence, hash) of audit entries that are committed."""


class SqlJobs:
    def __init__(self, connection: Connection, enqueue: Enqueue) -> None:
        self.connection = connection
        self._enqueue = enqueue

    def enqueue(self, workflow: str, key: str, *, queue: Queue, priority: int = 5) -> None:
        self._enqueue(self.connection, workflow, key, queue, priority)


class SqlTransaction:
    """Repositories over one connection."""

    def __init__(self, connection: Connection, enqueue: Enqueue) -> None:
        self.connection = connection
        self.scans = SqlScans(connection)
        self.batches = SqlBatches(connection)
        self.documents = SqlDocuments(connection)
        self.readings = SqlReadings(connection)
        self.fields = SqlFields(connection)
        self.signed_copies = SqlSignedCopies(connection)
        self.signing_requests = SqlSigningRequests(connection)
        self.dossiers = SqlDossiers(connection)
        self.filings = SqlFilings(connection)
        self.holders = SqlHolders(connection)
        self.reuse = SqlReuse(connection)
        self.catalogue = SqlCatalogue(connection)
        self.accounts = SqlAccounts(connection)
        self.stations = SqlStations(connection)
        self.scan_jobs = SqlScanJobs(connection)
        self.job_pages = SqlJobPages(connection)
        self.captures = SqlCaptures(connection)
        self.audit = SqlAudit(connection)
        self.holdings = SqlHoldings(connection)
        self.progress = SqlProgress(connection)
        self.disposal = SqlDisposal(connection)
        self.package_exports = SqlPackageExports(connection)
        self.jobs = SqlJobs(connection, enqueue)

    def indicators(self, scope: Scope, since: dt.date, until: dt.date) -> Mapping[str, int]:
        return count_indicators(self.connection, scope, since, until)

    def next_number(self, series: str) -> int:
        s = t.series
        grown = self.connection.execute(
            s.update().where(s.c.name == series).values(last=s.c.last + 1).returning(s.c.last)
        ).scalar()
        if grown is not None:
            return int(grown)
        if self.connection.dialect.name == "postgresql":
            # two first numbers of a series at once: the second waits here, then counts on
            self.connection.execute(
                text(
                    "INSERT INTO series (name, last) VALUES (:n, 0 + 1) "
                    "ON CONFLICT (name) DO UPDATE SET last = series.last + 1"
                ),
                {"n": series},
            )
            return int(
                self.connection.execute(select(s.c.last).where(s.c.name == series)).scalar_one()
            )
        self.connection.execute(s.insert().values(name=series, last=1))
        return 1


class SqlDatabase:
    """SQLite (`sqlite:///…`) or PostgreSQL (`postgresql+psycopg://…`). Migrate first.

    `enqueue` writes a job within the same transaction as the rows it is about.
    """

    def __init__(
        self, url: str, *, enqueue: Enqueue, guard: Callable[[Connection], None] | None = None
    ) -> None:
        """`guard` runs first in every writing transaction: a worker's fence.

        `witness`, once set, is told after each commit what the audit log has grown by.
        """
        self.url = url
        self.guard = guard
        self.witness: Witness | None = None
        self._enqueue = enqueue

    @cached_property
    def engine(self) -> Engine:
        return open_engine(self.url)

    def transaction(self) -> AbstractContextManager[SqlTransaction]:
        return self._open(reading=False)

    def read(self) -> AbstractContextManager[SqlTransaction]:
        return self._open(reading=True)

    def ping(self) -> dict[str, Any]:
        with self.engine.connect() as connection:
            options = connection.execution_options(**{LOCK_MODE: True})
            version = options.scalar(
                text("SELECT sqlite_version()")
                if connection.dialect.name == "sqlite"
                else text("SHOW server_version")
            )
        return {"engine": self.engine.dialect.name, "version": str(version)}

    def dispose(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _open(self, *, reading: bool) -> Iterator[SqlTransaction]:
        try:
            with (
                self.engine.connect().execution_options(**{LOCK_MODE: reading}) as connection,
                connection.begin() as begun,
            ):
                if self.guard is not None and not reading:
                    self.guard(connection)
                opened = SqlTransaction(connection, self._enqueue)
                yield opened
                if reading:
                    begun.rollback()
            if self.witness is not None and opened.audit.appended:
                self.witness(opened.audit.appended)
        except OperationalError as error:
            if "disk is full" in str(error):
                raise StorageFull(str(error.orig)) from error
            raise Unavailable(str(error.orig)) from error
