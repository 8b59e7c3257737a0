# SPDX-License-Identifier: Apache-2.0
"""Danh mục: dated reference rows, as a person looks them up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from workflows.domain.dossier import Procedure
from workflows.domain.unit import Unit
from workflows.ports.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Reads what everybody may read: units, procedures."""

    database: Database

    def procedures(self, text: str | None = None, *, limit: int = 50) -> Sequence[Procedure]:
        with self.database.read() as tx:
            return tx.catalogue.procedures(text=text, limit=limit)

    def units(self, text: str | None = None, on: dt.date | None = None) -> Sequence[Unit]:
        with self.database.read() as tx:
            return tx.catalogue.units(on=on, text=text)
