# SPDX-License-Identifier: Apache-2.0
"""Repositories of cases: dossiers, filings, holders, reuse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from storage.database import tables as t
from storage.database.mapping import from_row, to_row
from storage.database.papers import within
from storage.database.search import fold
from workflows.domain.document import Document, DocumentState
from workflows.domain.dossier import Dossier, Filing, FilingOrigin, FilingRole, Holder
from workflows.domain.unit import Scope
from workflows.errors import Conflict, NotFound, StaleVersion


class SqlDossiers:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add(self, dossier: Dossier) -> None:
        try:
            with self.connection.begin_nested():
                self.connection.execute(t.dossiers.insert().values(to_row(dossier)))
        except IntegrityError as error:
            raise Conflict(dossier.code, message="Mã hồ sơ đã có.") from error

    def by_code(self, code: str, scope: Scope) -> Dossier:
        wanted = select(t.dossiers).where(t.dossiers.c.code == code)
        scoped = within(wanted, t.dossiers.c.unit_id, scope)
        row = self.connection.execute(scoped).mappings().first()
        if row is None:
            raise NotFound(code)
        return from_row(Dossier, row)

    def find(self, scope: Scope, *, text: str | None = None, limit: int = 50) -> Sequence[Dossier]:
        d, h = t.dossiers.c, t.holders.c
        wanted = within(select(t.dossiers), d.unit_id, scope)
        wanted = wanted.order_by(d.created_at.desc())
        if text is None:
            rows = self.connection.execute(wanted.limit(limit)).mappings().all()
            return [from_row(Dossier, row) for row in rows]
        wanted = wanted.join(t.holders, h.id == d.holder_id).add_columns(
            h.name.label("holder_name"), h.number.label("holder_number")
        )
        asked = fold(text.strip())
        # a counter's open cases are few; names must match with and without marks
        rows = self.connection.execute(wanted.limit(5000)).mappings().all()
        return [
            from_row(Dossier, row)
            for row in rows
            if asked in fold(f"{row['code']} {row['holder_name']} {row['holder_number'] or ''}")
        ][:limit]

    def save(self, dossier: Dossier) -> Dossier:
        fresh = replace(dossier, version=dossier.version + 1)
        done = self.connection.execute(
            update(t.dossiers)
            .where(t.dossiers.c.id == dossier.id, t.dossiers.c.version == dossier.version)
            .values(to_row(fresh))
        )
        if done.rowcount != 1:
            raise StaleVersion(dossier.code)
        return fresh


class SqlFilings:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add(self, filing: Filing) -> None:
        row = to_row(filing) | {"component_code": filing.component_code or ""}
        try:
            with self.connection.begin_nested():
                self.connection.execute(t.filings.insert().values(row))
        except IntegrityError as error:
            raise Conflict(
                filing.document_id, message="Giấy tờ này đã có ở vị trí đó trong hồ sơ."
            ) from error

    def of_dossier(self, dossier_id: str) -> Sequence[Filing]:
        wanted = select(t.filings).where(t.filings.c.dossier_id == dossier_id)
        rows = self.connection.execute(wanted.order_by(t.filings.c.filed_at)).mappings()
        return [from_row(Filing, row) for row in rows]

    def of_document(self, document_id: str) -> Sequence[Filing]:
        wanted = select(t.filings).where(t.filings.c.document_id == document_id)
        rows = self.connection.execute(wanted.order_by(t.filings.c.filed_at)).mappings()
        return [from_row(Filing, row) for row in rows]


class SqlHolders:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add(self, holder: Holder) -> None:
        try:
            with self.connection.begin_nested():
                self.connection.execute(t.holders.insert().values(to_row(holder)))
        except IntegrityError as error:
            raise Conflict(holder.number or holder.id) from error

    def get(self, holder_id: str) -> Holder:
        wanted = select(t.holders).where(t.holders.c.id == holder_id)
        row = self.connection.execute(wanted).mappings().first()
        if row is None:
            raise NotFound(holder_id)
        return from_row(Holder, row)

    def by_number(self, number: str) -> Holder | None:
        wanted = select(t.holders).where(t.holders.c.number == number)
        row = self.connection.execute(wanted).mappings().first()
        return from_row(Holder, row) if row else None


class SqlReuse:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def candidates(
        self, holder_id: str, type_codes: Sequence[str], on: dt.date
    ) -> Sequence[Document]:
        d = t.documents.c
        newer = t.documents.alias()
        superseded = exists().where(
            newer.c.supersedes == d.id, newer.c.state == DocumentState.STORED.value
        )
        wanted = select(t.documents).where(
            d.holder_id == holder_id,
            d.state == DocumentState.STORED.value,
            or_(d.valid_to.is_(None), d.valid_to >= on),
            ~superseded,
        )
        if type_codes:
            wanted = wanted.where(d.type_code.in_(list(type_codes)))
        rows = self.connection.execute(
            wanted.order_by(d.trust.desc(), d.created_at.desc())
        ).mappings()
        return [from_row(Document, row) for row in rows]

    def grant(self, actor_id: str, document_id: str, purpose: str, at: dt.datetime) -> None:
        self.connection.execute(
            t.reuse_grants.insert().values(
                actor_id=actor_id, document_id=document_id, purpose=purpose, at=at
            )
        )

    def granted(self, actor_id: str, document_id: str, since: dt.datetime) -> str | None:
        g = t.reuse_grants.c
        wanted = select(g.purpose).where(
            g.actor_id == actor_id, g.document_id == document_id, g.at >= since
        )
        found = self.connection.execute(wanted.order_by(g.at.desc()).limit(1)).scalar()
        return str(found) if found is not None else None


def count_indicators(
    connection: Connection, scope: Scope, since: dt.date, until: dt.date
) -> Mapping[str, int]:
    """The counts `Transaction.indicators` promises, one query each."""
    s, d = t.dossiers.c, t.documents.c
    received = within(select(func.count()).select_from(t.dossiers), s.unit_id, scope).where(
        s.received_on.between(since, until)
    )
    start = dt.datetime.combine(since, dt.time(), dt.timezone(dt.timedelta(hours=7)))
    end = start + dt.timedelta(days=(until - since).days + 1)
    made = within(select(func.count()).select_from(t.documents), d.unit_id, scope).where(
        d.created_at >= start, d.created_at < end
    )
    component, result = _filed(FilingRole.COMPONENT), _filed(FilingRole.RESULT)
    reused = exists().where(
        and_(
            t.filings.c.dossier_id == s.id,
            t.filings.c.role == FilingRole.COMPONENT.value,
            t.filings.c.origin == FilingOrigin.REUSED.value,
        )
    )
    queries = {
        "dossiers": received,
        "digitized": received.where(component, result),
        "reused": received.where(reused),
        "documents": made,
        "stored": made.where(d.state == DocumentState.STORED.value),
    }
    return {name: int(connection.execute(q).scalar_one()) for name, q in queries.items()}


def _filed(role: FilingRole) -> ColumnElement[bool]:
    return exists().where(
        and_(t.filings.c.dossier_id == t.dossiers.c.id, t.filings.c.role == role.value)
    )
