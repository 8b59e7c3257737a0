# SPDX-License-Identifier: Apache-2.0
"""Runs the migrations.

On SQLite with foreign keys off: a table that Alembic recreates would otherwise delete its
children by cascade without a word; afterwards the keys and the counts of all rows are checked.
"""

from alembic import context
from sqlalchemy import Connection, create_engine, func, inspect, select

from storage.database.tables import metadata

url = context.config.attributes["url"]
engine = create_engine(url)


def counts(connection: Connection) -> dict[str, int]:
    there = set(inspect(connection).get_table_names())
    tables = [t for name, t in metadata.tables.items() if name in there]
    return {t.name: connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


with engine.connect() as connection:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()
    before = counts(connection)
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=sqlite,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        after = counts(connection)
        lost = {n: (before[n], after[n]) for n in before if n in after and after[n] < before[n]}
        if lost:
            raise RuntimeError(f"migration lost rows: {lost}")
        if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
            raise RuntimeError("migration broke foreign keys")
    connection.commit()
engine.dispose()
