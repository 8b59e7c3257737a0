# SPDX-License-Identifier: Apache-2.0
"""What is written down: SQLite on one PC, PostgreSQL in an office, one suite of tests for both."""

from storage.database.catalogue import import_procedures, import_rules, import_units
from storage.database.database import Enqueue, SqlDatabase
from storage.database.schema import current, newest, upgrade

__all__ = [
    "Enqueue",
    "SqlDatabase",
    "current",
    "import_procedures",
    "import_rules",
    "import_units",
    "newest",
    "upgrade",
]
