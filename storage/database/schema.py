# SPDX-License-Identifier: Apache-2.0
"""Bringing a database to the shape this version needs (Alembic)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage.database.connection import open_engine

MIGRATIONS = Path(__file__).parent / "migrations"


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate to `revision`. Nothing is changed when it is there already."""
    open_engine(url).dispose()  # makes the folder of an SQLite file
    command.upgrade(_config(url), revision)


def current(url: str) -> str | None:
    """The revision the database is at; None before the first migration."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def newest() -> str:
    """The revision this version of the program needs."""
    head = ScriptDirectory.from_config(_config("")).get_current_head()
    assert head is not None  # noqa: S101 - the scripts are shipped with us
    return head
