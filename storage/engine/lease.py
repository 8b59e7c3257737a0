# SPDX-License-Identifier: Apache-2.0
"""Who is alive: a heartbeat row a worker process, judged by the database's own clock.

A worker that was declared dead must never publish again: `alive` runs inside every transaction
it writes in, and ends the process when its row says dead.
"""

from __future__ import annotations

import os

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    literal_column,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

FENCED = 75
"""Exit code of a worker that lost its lease; the supervisor starts a fresh one."""

metadata = MetaData()
executors = Table(
    "engine_executors",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("beat", Float, nullable=False),
    Column("dead", Integer, nullable=False),
)
resumes = Table(
    "engine_resumes",
    metadata,
    Column("workflow_id", String(200), primary_key=True),
    Column("count", Integer, nullable=False),
)


def now(connection: Connection) -> ColumnElement[float]:
    """Seconds since 1970 by the database's clock."""
    if connection.dialect.name == "sqlite":
        return literal_column("(julianday('now') - 2440587.5) * 86400.0", Float)
    return literal_column("extract(epoch from clock_timestamp())::float8", Float)


class Lease:
    """The heartbeat of one worker process."""

    def __init__(self, engine: Engine, executor_id: str) -> None:
        self.engine = engine
        self.executor_id = executor_id

    def open(self) -> None:
        metadata.create_all(self.engine)
        with self.engine.begin() as connection:
            connection.execute(
                executors.insert().values(
                    id=self.executor_id, beat=select(now(connection)).scalar_subquery(), dead=0
                )
            )

    def alive(self, connection: Connection) -> None:
        """Renew the lease within the caller's transaction; a fenced process ends here."""
        done = connection.execute(
            update(executors)
            .where(executors.c.id == self.executor_id, executors.c.dead == 0)
            .values(beat=now(connection))
        )
        if done.rowcount != 1:
            os._exit(FENCED)

    def beat(self) -> None:
        with self.engine.begin() as connection:
            self.alive(connection)

    def close(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(delete(executors).where(executors.c.id == self.executor_id))


def bury(engine: Engine, lease_s: float) -> list[str]:
    """Mark those whose heart stopped `lease_s` seconds ago; ids of all the dead."""
    with engine.begin() as connection:
        connection.execute(
            update(executors)
            .where(executors.c.beat < now(connection) - lease_s, executors.c.dead == 0)
            .values(dead=1)
        )
        return list(connection.scalars(select(executors.c.id).where(executors.c.dead == 1)))


def forget(engine: Engine, executor_ids: list[str]) -> None:
    with engine.begin() as connection:
        connection.execute(delete(executors).where(executors.c.id.in_(executor_ids)))


def count_resume(engine: Engine, workflow_id: str) -> int:
    """How often this job was taken from a dead worker, this time included."""
    with engine.begin() as connection:
        same = resumes.c.workflow_id == workflow_id
        count = connection.execute(
            update(resumes).where(same).values(count=resumes.c.count + 1).returning(resumes.c.count)
        ).scalar()
        if count is None:
            connection.execute(resumes.insert().values(workflow_id=workflow_id, count=1))
            return 1
        return int(count)
