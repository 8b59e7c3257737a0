# SPDX-License-Identifier: Apache-2.0
"""Making an installation ready: tables, engine, catalogue. Doing it again changes nothing."""

from __future__ import annotations

from pathlib import Path

import storage.database as database
from service.config import Settings
from service.wiring import object_store
from storage.database import SqlDatabase, import_procedures, import_rules, import_units
from storage.engine import DbosEngine
from storage.engine import prepare as prepare_engine
from storage.objects import S3Store

PROCEDURES = Path(database.__file__).parent / "catalogue" / "procedures.json"


def prepare(settings: Settings) -> str:
    """Migrate, import the catalogue, make the bucket where we may; returns what was done."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    before = database.current(settings.database)
    if before != database.newest():
        database.upgrade(settings.database)
        prepare_engine(settings.database)
    opened = SqlDatabase(settings.database, enqueue=DbosEngine(settings.database).enqueue_in)
    with opened.transaction() as tx:
        units = import_units(tx)
        if not tx.catalogue.procedures(limit=1):
            import_procedures(tx, PROCEDURES)
        import_rules(tx)
    opened.dispose()
    store = object_store(settings)
    if isinstance(store, S3Store):
        store.ensure_bucket()
    return f"{before or '-'} → {database.newest()}, {units} đơn vị mới"
