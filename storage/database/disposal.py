# SPDX-License-Identifier: Apache-2.0
"""Legal holds and destructions: who stopped what, who asked, who decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from storage.database import tables as t
from storage.database.mapping import from_row, to_row
from storage.database.papers import within
from storage.database.registers import upsert
from workflows.domain.document import Document
from workflows.domain.retention import Destruction, LegalHold
from workflows.domain.unit import Scope
from workflows.errors import NotFound
from workflows.retention import ENDS


class SqlDisposal:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def put_hold(self, hold: LegalHold) -> None:
        upsert(self.connection, t.legal_holds, to_row(hold))

    def hold(self, hold_id: str, scope: Scope) -> LegalHold:
        h = t.legal_holds
        wanted = within(select(h).where(h.c.id == hold_id), h.c.unit_id, scope)
        row = self.connection.execute(wanted).mappings().first()
        if row is None:
            raise NotFound(hold_id)
        return from_row(LegalHold, row)

    def holds(self, document_id: str) -> Sequence[LegalHold]:
        h = t.legal_holds
        wanted = select(h).where(h.c.document_id == document_id).order_by(h.c.placed_at)
        return [from_row(LegalHold, row) for row in self.connection.execute(wanted).mappings()]

    def open_holds(self, scope: Scope, *, limit: int = 500) -> Sequence[LegalHold]:
        h = t.legal_holds
        wanted = select(h).where(h.c.released_at.is_(None)).order_by(h.c.placed_at.desc())
        rows = self.connection.execute(within(wanted, h.c.unit_id, scope).limit(limit)).mappings()
        return [from_row(LegalHold, row) for row in rows]

    def put(self, act: Destruction) -> None:
        upsert(self.connection, t.destructions, to_row(act))

    def get(self, destruction_id: str, scope: Scope) -> Destruction:
        d = t.destructions
        wanted = within(select(d).where(d.c.id == destruction_id), d.c.unit_id, scope)
        row = self.connection.execute(wanted).mappings().first()
        if row is None:
            raise NotFound(destruction_id)
        return from_row(Destruction, row)

    def of_document(self, document_id: str) -> Sequence[Destruction]:
        d = t.destructions
        wanted = select(d).where(d.c.document_id == document_id).order_by(d.c.requested_at)
        return [from_row(Destruction, row) for row in self.connection.execute(wanted).mappings()]

    def find(self, scope: Scope, *, limit: int = 500) -> Sequence[Destruction]:
        d = t.destructions
        wanted = within(select(d).order_by(d.c.requested_at.desc(), d.c.id), d.c.unit_id, scope)
        rows = self.connection.execute(wanted.limit(limit)).mappings()
        return [from_row(Destruction, row) for row in rows]

    def stored_before(
        self, type_code: str, edge: dt.datetime, scope: Scope, *, limit: int
    ) -> Sequence[Document]:
        d = t.documents
        since = func.coalesce(d.c.stored_at, d.c.created_at)
        held = select(t.legal_holds.c.document_id).where(t.legal_holds.c.released_at.is_(None))
        wanted = select(d).where(
            d.c.type_code == type_code,
            since < edge,
            d.c.state.in_(sorted(ENDS)),
            d.c.id.not_in(held),
        )
        ordered = within(wanted, d.c.unit_id, scope).order_by(since, d.c.id).limit(limit)
        return [from_row(Document, row) for row in self.connection.execute(ordered).mappings()]
