# SPDX-License-Identifier: Apache-2.0
"""What the object store must hold, as the rows say; and how far long upkeep work has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, or_, select

from storage.database import tables as t
from storage.database.registers import upsert
from workflows.domain.document import DocumentState, ReadingStatus, StoredObject
from workflows.domain.holding import ERASED_CODES, Holding

_OBJECTS = ("original", "copy", "evidence")


class SqlHoldings:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def after(self, document_id: str, *, limit: int) -> Sequence[Holding]:
        d = t.documents.c
        rows = self._rows(and_(d.id > document_id, _kept(), _settled()), limit)
        return self._holdings(rows)

    def of(self, document_ids: Sequence[str]) -> Sequence[Holding]:
        d = t.documents.c
        return self._holdings(self._rows(and_(d.id.in_(document_ids), _kept(), _settled()), None))

    def of_original(self, sha256: str) -> tuple[Sequence[Holding], bool]:
        d = t.documents.c
        rows = self._rows(d.original_sha256 == sha256, None)
        kept = self._rows(and_(d.original_sha256 == sha256, _kept()), None)
        return self._holdings(kept), len(rows) > len(kept)

    def _rows(self, wanted: ColumnElement[bool], limit: int | None) -> Sequence[RowMapping]:
        d = t.documents.c
        query = select(d.id, d.original, d.copy, d.evidence).where(wanted)
        return self.connection.execute(query.order_by(d.id).limit(limit)).mappings().all()

    def _holdings(self, rows: Sequence[RowMapping]) -> Sequence[Holding]:
        objects: dict[str, dict[str, StoredObject]] = {
            row["id"]: _keyed(row[name] for name in _OBJECTS) for row in rows
        }
        sources = ((t.pages, t.pages.c.image), (t.signed_copies, t.signed_copies.c.object))
        for table, column in sources:
            of = table.c.document_id
            found = self.connection.execute(select(of, column).where(of.in_(objects)).order_by(of))
            for document_id, stored in found:
                objects[document_id] |= _keyed([stored])
        return [
            Holding(document_id=document_id, objects=tuple(found.values()))
            for document_id, found in objects.items()
        ]


class SqlProgress:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def get(self, name: str) -> Mapping[str, Any] | None:
        p = t.progress.c
        body: Mapping[str, Any] | None = self.connection.execute(
            select(p.body).where(p.name == name)
        ).scalar()
        return body

    def put(self, name: str, body: Mapping[str, Any]) -> None:
        upsert(self.connection, t.progress, {"name": name, "body": dict(body)})


def _kept() -> ColumnElement[bool]:
    """Whose bytes the law lets us keep, and nobody has destroyed."""
    d = t.documents.c
    return and_(
        or_(d.failure_code.is_(None), d.failure_code.not_in(sorted(ERASED_CODES))),
        d.state != DocumentState.DESTROYED.value,
    )


def _settled() -> ColumnElement[bool]:
    """Past the reading, which may yet find a mark of secrecy and have the bytes erased."""
    return t.documents.c.reading != ReadingStatus.WAITING.value


def _keyed(rows: Any) -> dict[str, StoredObject]:
    found = (StoredObject(**row) for row in rows if row is not None)
    return {stored.key: stored for stored in found}
