# SPDX-License-Identifier: Apache-2.0
"""Repositories of reference rows, accounts and the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, or_, select, text

from storage.database import tables as t
from storage.database.mapping import from_row, to_row
from storage.database.search import fold
from workflows.domain.audit import GENESIS, AuditEvent, LegalRule
from workflows.domain.dossier import Procedure
from workflows.domain.unit import ApiKey, Scope, Unit, User

AUDIT_LOCK = 0x50_48_4F_41
"""Advisory lock of PostgreSQL: the chain has one writer at a time."""


def upsert(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert or replace by primary key, on either database."""
    key = [c.name for c in table.primary_key]
    same = [table.c[name] == row[name] for name in key]
    if connection.execute(table.update().where(*same).values(row)).rowcount == 0:
        connection.execute(table.insert().values(row))


class SqlCatalogue:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def put(self, row: Unit | Procedure | LegalRule) -> None:
        if isinstance(row, Unit):
            upsert(self.connection, t.units, to_row(row) | {"folded": fold(row.name)})
        elif isinstance(row, Procedure):
            upsert(self.connection, t.procedures, to_row(row) | {"folded": fold(row.name)})
        else:
            upsert(self.connection, t.legal_rules, to_row(row))

    def units(self, *, on: dt.date | None = None, text: str | None = None) -> Sequence[Unit]:
        u, wanted = t.units.c, select(t.units)
        if on is not None:
            wanted = wanted.where(
                or_(u.valid_from.is_(None), u.valid_from <= on),
                or_(u.valid_to.is_(None), u.valid_to >= on),
            )
        if text:
            wanted = wanted.where(
                or_(u.folded.contains(fold(text), autoescape=True), u.code == text)
            )
        wanted = wanted.order_by(u.valid_from.desc(), u.code)
        return [from_row(Unit, row) for row in self.connection.execute(wanted).mappings()]

    def units_by_id(self, unit_ids: Sequence[str]) -> Sequence[Unit]:
        wanted = select(t.units).where(t.units.c.id.in_(list(unit_ids)))
        return [from_row(Unit, row) for row in self.connection.execute(wanted).mappings()]

    def procedures(
        self, *, text: str | None = None, code: str | None = None, limit: int = 50
    ) -> Sequence[Procedure]:
        p, wanted = t.procedures.c, select(t.procedures)
        if code is not None:
            wanted = wanted.where(p.code == code)
        if text:
            wanted = wanted.where(
                or_(
                    p.folded.contains(fold(text), autoescape=True),
                    p.code.contains(text, autoescape=True),
                )
            )
        rows = self.connection.execute(wanted.order_by(p.code).limit(limit)).mappings()
        return [from_row(Procedure, row) for row in rows]

    def rules(self, citation: str | None, on: dt.date) -> Sequence[LegalRule]:
        r = t.legal_rules.c
        wanted = select(t.legal_rules).where(
            r.effective_from <= on, or_(r.effective_to.is_(None), r.effective_to >= on)
        )
        if citation is not None:
            wanted = wanted.where(r.citation == citation)
        rows = self.connection.execute(wanted.order_by(r.effective_from.desc(), r.id)).mappings()
        return [from_row(LegalRule, row) for row in rows]


class SqlAccounts:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def put(self, account: User | ApiKey) -> None:
        table = t.users if isinstance(account, User) else t.api_keys
        upsert(self.connection, table, to_row(account))

    def user(self, *, username: str | None = None, user_id: str | None = None) -> User | None:
        u = t.users.c
        same = u.username == username if username is not None else u.id == user_id
        row = self.connection.execute(select(t.users).where(same)).mappings().first()
        return from_row(User, row) if row else None

    def key(self, secret_sha256: str) -> ApiKey | None:
        wanted = select(t.api_keys).where(t.api_keys.c.secret_sha256 == secret_sha256)
        row = self.connection.execute(wanted).mappings().first()
        return from_row(ApiKey, row) if row else None

    def scope_of(self, unit_id: str) -> Scope:
        u = t.units.c
        tree = select(u.id).where(u.id == unit_id).cte("tree", recursive=True)
        tree = tree.union(select(u.id).join(tree, u.parent_id == tree.c.id))
        return Scope(frozenset(self.connection.scalars(select(tree.c.id))))


class SqlAudit:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.appended: list[tuple[int, str]] = []
        """(sequence, hash) of what this transaction adds; the witness signs it after the commit."""

    def append(self, event: AuditEvent) -> str:
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AUDIT_LOCK})
        sequence, previous = self.last() or (0, GENESIS)
        digest = event.chained_hash(previous)
        self.connection.execute(
            t.audit_events.insert().values(
                to_row(event) | {"sequence": sequence + 1, "hash": digest}
            )
        )
        self.appended.append((sequence + 1, digest))
        return digest

    def last(self) -> tuple[int, str] | None:
        a = t.audit_events.c
        row = self.connection.execute(
            select(a.sequence, a.hash).order_by(a.sequence.desc()).limit(1)
        ).first()
        return (row.sequence, row.hash) if row else None

    def entries(
        self, *, after: int = 0, subject_id: str | None = None, limit: int = 200
    ) -> Sequence[tuple[int, str, AuditEvent]]:
        a = t.audit_events.c
        wanted = select(t.audit_events).where(a.sequence > after)
        if subject_id is not None:
            wanted = wanted.where(a.subject_id == subject_id)
        rows = self.connection.execute(wanted.order_by(a.sequence).limit(limit)).mappings()
        return [(r["sequence"], r["hash"], from_row(AuditEvent, r)) for r in rows]
