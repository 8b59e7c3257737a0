# SPDX-License-Identifier: Apache-2.0
"""The database as one file: `VACUUM INTO` for SQLite, `pg_dump` for PostgreSQL, and back.

Both see one instant while others write. The list of objects is read at that same instant: from
the copy itself, or under the snapshot that `pg_dump` was given.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from storage.database.connection import LOCK_MODE, open_engine
from storage.database.database import SqlDatabase, SqlTransaction
from storage.database.schema import current
from workflows.errors import BackupFailed, Conflict


class SqlCopies:
    """`DatabaseCopies` of the database at `url`."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._text = url

    @property
    def kind(self) -> str:
        return self._url.get_backend_name()

    @property
    def revision(self) -> str | None:
        if self.kind == "sqlite" and not Path(self._url.database or "").is_file():
            return None
        return current(self._text)

    @contextmanager
    def dump(self, to: Path) -> Iterator[SqlTransaction]:
        if self.kind == "sqlite":
            self._vacuum_into(to)
            copy = SqlDatabase(f"sqlite:///{to}", enqueue=_no_jobs)
            try:
                with copy.read() as tx:
                    yield tx
            finally:
                copy.dispose()
                _leave_wal(to)
            return
        engine = open_engine(self._text)
        try:
            with engine.connect().execution_options(
                isolation_level="REPEATABLE READ", **{LOCK_MODE: True}
            ) as connection:
                snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
                _run(
                    self._url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
                    f"--snapshot={snapshot}", f"--file={to}",
                )  # fmt: skip
                yield SqlTransaction(connection, _no_jobs)
        finally:
            engine.dispose()

    def load(self, source: Path) -> None:
        if self.revision is not None:
            raise Conflict(
                "the database has tables",
                message="Cơ sở dữ liệu đích đã có dữ liệu; chỉ phục hồi vào nơi còn trống.",
            )
        if self.kind == "sqlite":
            self._place(source)
        else:
            _run(
                self._url, "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error",
                "--single-transaction", f"--dbname={self._url.database}", str(source),
            )  # fmt: skip
        if self.revision is None:
            raise BackupFailed("the copy held no tables")

    def _vacuum_into(self, to: Path) -> None:
        with sqlite3.connect(str(self._url.database), timeout=60) as connection:
            connection.execute("VACUUM INTO ?", (str(to),))
        connection.close()

    def _place(self, source: Path) -> None:
        """Checked first, then renamed into place: there is never half a database."""
        final = Path(str(self._url.database))
        final.parent.mkdir(parents=True, exist_ok=True)
        fresh = final.with_name(f".{final.name}.restored")
        shutil.copyfile(source, fresh)
        connection = sqlite3.connect(fresh)
        try:
            [[verdict]] = connection.execute("PRAGMA integrity_check").fetchall()
        except sqlite3.DatabaseError as damaged:
            raise BackupFailed(f"not a database: {damaged}") from damaged
        finally:
            connection.close()
        if verdict != "ok":
            raise BackupFailed(f"integrity_check: {verdict}")
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.rename(final)


def _no_jobs(*_: object) -> None:
    raise AssertionError("a copy takes no jobs")


def _leave_wal(copy: Path) -> None:
    """Opening the copy made it a WAL database with side files: back into the one file."""
    connection = sqlite3.connect(copy)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


def _run(url: URL, program: str, *arguments: str) -> None:
    """The password goes by environment, never by the command line, which everybody can list."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)
    found = shutil.which(program) or (str(debian[0]) if debian else None)
    if found is None:
        raise BackupFailed(
            f"{program} is absent", message=f"Máy này chưa cài {program} (postgresql-client)."
        )
    query = {name: str(value) for name, value in url.query.items()}
    environment = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": str(url.port) if url.port else query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("sslmode"),
        "PGSSLROOTCERT": query.get("sslrootcert"),
    }
    done = subprocess.run(
        [found, *arguments],
        env=os.environ | {name: value for name, value in environment.items() if value},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BackupFailed(f"{program}: {done.stderr[-2000:]}")
