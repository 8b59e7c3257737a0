# SPDX-License-Identifier: Apache-2.0
"""Exports of archive packages that were asked for, with what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from storage.database import tables as t
from storage.database.mapping import from_row, to_row
from storage.database.papers import within
from storage.database.registers import upsert
from workflows.domain.package import ExportRequest
from workflows.domain.unit import Scope
from workflows.errors import NotFound


class SqlPackageExports:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def put(self, request: ExportRequest) -> None:
        upsert(self.connection, t.package_exports, to_row(request))

    def get(self, request_id: str, scope: Scope) -> ExportRequest:
        e = t.package_exports
        wanted = within(select(e).where(e.c.id == request_id), e.c.unit_id, scope)
        row = self.connection.execute(wanted).mappings().first()
        if row is None:
            raise NotFound(request_id)
        return from_row(ExportRequest, row)

    def find(self, scope: Scope, *, limit: int = 50) -> Sequence[ExportRequest]:
        e = t.package_exports
        wanted = within(select(e).order_by(e.c.requested_at.desc(), e.c.id), e.c.unit_id, scope)
        rows = self.connection.execute(wanted.limit(limit)).mappings()
        return [from_row(ExportRequest, row) for row in rows]
