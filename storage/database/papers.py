# SPDX-License-Identifier: Apache-2.0
"""Repositories of papers: scans, batches, documents and what was read and signed of them."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from storage.database import search
from storage.database import tables as t
from storage.database.mapping import from_row, to_row
from storage.database.types import EPOCH, MICROSECOND
from workflows.domain.document import (
    Batch,
    Document,
    DocumentFilter,
    DocumentHit,
    DocumentState,
    ExtractionRecord,
    FieldValue,
    HitPage,
    PageRecord,
    ReadingStatus,
    Scan,
    SignedCopy,
)
from workflows.domain.unit import Scope
from workflows.errors import Conflict, InvalidValue, NotFound, StaleVersion

HEADLINES = ("full_number", "issued_on", "issuer", "abstract", "full_name")


class SqlScans:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add(self, scan: Scan) -> None:
        try:
            with self.connection.begin_nested():
                self.connection.execute(t.scans.insert().values(to_row(scan)))
        except IntegrityError as error:
            raise Conflict(f"scan {scan.idempotency_key}") from error

    def get(self, scan_id: str, scope: Scope) -> Scan:
        wanted = select(t.scans).where(t.scans.c.id == scan_id)
        row = self.connection.execute(within(wanted, t.scans.c.unit_id, scope)).mappings().first()
        if row is None:
            raise NotFound(scan_id)
        return from_row(Scan, row)

    def by_key(self, unit_id: str, idempotency_key: str) -> Scan | None:
        wanted = select(t.scans).where(
            t.scans.c.unit_id == unit_id, t.scans.c.idempotency_key == idempotency_key
        )
        row = self.connection.execute(wanted).mappings().first()
        return from_row(Scan, row) if row else None


class SqlBatches:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add(self, batch: Batch) -> None:
        self.connection.execute(t.batches.insert().values(to_row(batch)))

    def get(self, batch_id: str, scope: Scope) -> Batch:
        wanted = select(t.batches).where(t.batches.c.id == batch_id)
        row = self.connection.execute(within(wanted, t.batches.c.unit_id, scope)).mappings().first()
        if row is None:
            raise NotFound(batch_id)
        return from_row(Batch, row)

    def progress(self, batch_id: str) -> Mapping[str, int]:
        d = t.documents.c
        counts: dict[str, int] = {}
        for column, prefix in ((d.reading, "reading."), (d.state, "state.")):
            rows = self.connection.execute(
                select(column, func.count()).where(d.batch_id == batch_id).group_by(column)
            )
            counts |= {prefix + value: count for value, count in rows}
        counts["received_files"] = sum(n for key, n in counts.items() if key.startswith("reading."))
        return counts


class SqlDocuments:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add(self, document: Document) -> None:
        try:
            with self.connection.begin_nested():
                self.connection.execute(t.documents.insert().values(_document_row(document)))
        except IntegrityError as error:
            raise Conflict(
                f"{document.id} {document.result_code}",
                message=f"Giấy tờ {document.id} hoặc mã kết quả {document.result_code} đã có.",
            ) from error
        reindex(self.connection, document.id)

    def get(self, document_id: str, scope: Scope) -> Document:
        wanted = select(t.documents).where(t.documents.c.id == document_id)
        scoped = within(wanted, t.documents.c.unit_id, scope)
        row = self.connection.execute(scoped).mappings().first()
        if row is None:
            raise NotFound(document_id)
        return from_row(Document, row)

    def save(self, document: Document) -> Document:
        fresh = replace(document, version=document.version + 1)
        done = self.connection.execute(
            update(t.documents)
            .where(t.documents.c.id == document.id, t.documents.c.version == document.version)
            .values(_document_row(fresh))
        )
        if done.rowcount != 1:
            raise StaleVersion(f"{document.id} is past version {document.version}")
        reindex(self.connection, document.id)
        return fresh

    def find(
        self, wanted: DocumentFilter, scope: Scope, *, limit: int = 50, cursor: str | None = None
    ) -> HitPage:
        query = within(self._filtered(wanted), t.documents.c.unit_id, scope)
        if wanted.text:
            rows, following = self._best(query, wanted.text, limit, cursor)
        else:
            rows, following = self._newest(query, limit, cursor)
        found = [from_row(Document, row) for row in rows]
        values = headlines(self.connection, [d.id for d in found])
        texts = self._texts([d.id for d in found]) if wanted.text else {}
        return HitPage(
            hits=tuple(
                DocumentHit(
                    document=d,
                    values=values.get(d.id, {}),
                    snippet=search.snippet(texts.get(d.id, ""), wanted.text or ""),
                )
                for d in found
            ),
            next_cursor=following,
        )

    def _filtered(self, wanted: DocumentFilter) -> Select[Any]:
        d, query = t.documents.c, select(t.documents)
        for column, value in (
            (d.state, wanted.state),
            (d.reading, wanted.reading),
            (d.type_code, wanted.type_code),
            (d.holder_id, wanted.holder_id),
            (d.batch_id, wanted.batch_id),
        ):
            if value is not None:
                query = query.where(column == str(value))
        for name, low, high in (
            ("issued_on", wanted.issued_from, wanted.issued_to),
            ("number", wanted.number, wanted.number),
        ):
            if low is not None or high is not None:
                query = query.where(d.id.in_(self._with_value(name, low, high)))
        if wanted.awaiting_org_signature is not None:
            query = query.where(d.awaiting_org_signature.is_(wanted.awaiting_org_signature))
        if wanted.needs_attention:
            states = (DocumentState.RECEIVED.value, DocumentState.CAPTURED.value)
            query = query.where(d.state.in_(states), d.reading != ReadingStatus.WAITING.value)
        return query

    def _with_value(self, name: str, low: Any, high: Any) -> Select[Any]:
        f = t.field_values.c
        value = f.value.as_string()
        query = select(f.document_id).where(f.name == name)
        if low is not None:
            query = query.where(value >= str(low))
        return query.where(value <= str(high)) if high is not None else query

    def _newest(
        self, query: Select[Any], limit: int, cursor: str | None
    ) -> tuple[Sequence[Any], str | None]:
        d = t.documents.c
        if cursor:
            at, last = _opened(cursor)
            moment = EPOCH + int(at) * MICROSECOND
            query = query.where(
                or_(d.created_at < moment, and_(d.created_at == moment, d.id < last))
            )
        query = query.order_by(d.created_at.desc(), d.id.desc()).limit(limit + 1)
        rows = self.connection.execute(query).mappings().all()
        if len(rows) <= limit:
            return rows, None
        end = rows[limit - 1]
        return rows[:limit], _sealed([(end["created_at"] - EPOCH) // MICROSECOND, end["id"]])

    def _best(
        self, query: Select[Any], text: str, limit: int, cursor: str | None
    ) -> tuple[Sequence[Any], str | None]:
        matching = search.matching(self.connection.dialect.name, text)
        if matching is None:
            return [], None
        hits = matching.subquery()
        start = int(_opened(cursor)[0]) if cursor else 0
        query = (
            query.join(hits, hits.c.document_id == t.documents.c.id)
            .order_by(hits.c.rank, t.documents.c.created_at.desc(), t.documents.c.id)
            .offset(start)
            .limit(limit + 1)
        )
        rows = self.connection.execute(query).mappings().all()
        return rows[:limit], _sealed([start + limit, ""]) if len(rows) > limit else None

    def _texts(self, document_ids: Sequence[str]) -> dict[str, str]:
        p = t.pages.c
        rows = self.connection.execute(
            select(p.document_id, p.text).where(p.document_id.in_(document_ids)).order_by(p.number)
        )
        texts: dict[str, str] = {}
        for document_id, content in rows:
            texts[document_id] = texts.get(document_id, "") + content + "\n"
        return texts


class SqlReadings:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add_page(self, page: PageRecord) -> None:
        p = t.pages.c
        known = select(p.number).where(p.document_id == page.document_id, p.number == page.number)
        if self.connection.execute(known).first() is None:
            self.connection.execute(t.pages.insert().values(to_row(page)))
            reindex(self.connection, page.document_id)

    def set_blank(self, document_id: str, number: int, blank: bool) -> None:
        p = t.pages.c
        wanted = t.pages.update().where(p.document_id == document_id, p.number == number)
        if self.connection.execute(wanted.values(blank=blank)).rowcount == 0:
            raise NotFound(f"page {number} of {document_id}")

    def pages(self, document_id: str) -> Sequence[PageRecord]:
        wanted = select(t.pages).where(t.pages.c.document_id == document_id)
        rows = self.connection.execute(wanted.order_by(t.pages.c.number)).mappings()
        return [from_row(PageRecord, row) for row in rows]

    def add_extraction(self, extraction: ExtractionRecord) -> None:
        self.connection.execute(t.extractions.insert().values(to_row(extraction)))

    def extraction(self, document_id: str) -> ExtractionRecord | None:
        wanted = select(t.extractions).where(t.extractions.c.document_id == document_id)
        newest = wanted.order_by(t.extractions.c.created_at.desc()).limit(1)
        row = self.connection.execute(newest).mappings().first()
        return from_row(ExtractionRecord, row) if row else None

    def forget(self, document_id: str, *, keep_extraction: bool) -> None:
        self.connection.execute(t.pages.delete().where(t.pages.c.document_id == document_id))
        if not keep_extraction:
            for table in (t.extractions, t.field_values):
                self.connection.execute(table.delete().where(table.c.document_id == document_id))
        search.forget(self.connection, document_id)


class SqlFields:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def put(self, value: FieldValue) -> FieldValue:
        history = self.history(value.document_id, value.name)
        fresh = replace(value, version=len(history) + 1)
        try:
            with self.connection.begin_nested():
                self.connection.execute(t.field_values.insert().values(to_row(fresh)))
        except IntegrityError as error:
            raise StaleVersion(f"{value.name} of {value.document_id}") from error
        reindex(self.connection, value.document_id)
        return fresh

    def values(self, document_id: str) -> Mapping[str, FieldValue]:
        f = t.field_values
        wanted = select(f).where(f.c.document_id == document_id).order_by(f.c.version)
        rows = self.connection.execute(wanted).mappings()
        return {row["name"]: from_row(FieldValue, row) for row in rows}

    def history(self, document_id: str, name: str) -> Sequence[FieldValue]:
        f = t.field_values
        wanted = select(f).where(f.c.document_id == document_id, f.c.name == name)
        rows = self.connection.execute(wanted.order_by(f.c.version)).mappings()
        return [from_row(FieldValue, row) for row in rows]


class SqlSignedCopies:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add(self, copy: SignedCopy) -> None:
        self.connection.execute(t.signed_copies.insert().values(to_row(copy)))

    def revisions(self, document_id: str) -> Sequence[SignedCopy]:
        c = t.signed_copies
        wanted = select(c).where(c.c.document_id == document_id).order_by(c.c.revision)
        return [from_row(SignedCopy, row) for row in self.connection.execute(wanted).mappings()]

    def to_preserve(
        self,
        profile: str,
        enough: Sequence[str],
        *,
        signed_before: dt.datetime,
        stamps_until: dt.datetime,
        limit: int,
    ) -> Sequence[SignedCopy]:
        c, later, d = t.signed_copies, t.signed_copies.alias("later"), t.documents
        newer = select(later.c.id).where(
            later.c.document_id == c.c.document_id, later.c.revision > c.c.revision
        )
        wanted = (
            select(c)
            .join(d, d.c.id == c.c.document_id)
            .where(
                c.c.profile == profile,
                ~newer.exists(),
                or_(c.c.level.not_in(enough), c.c.stamp_ends < stamps_until),
                or_(d.c.state == DocumentState.STORED.value, c.c.signed_at < signed_before),
            )
            .order_by(c.c.signed_at, c.c.id)
            .limit(limit)
        )
        return [from_row(SignedCopy, row) for row in self.connection.execute(wanted).mappings()]


def _document_row(document: Document) -> dict[str, Any]:
    return to_row(document) | {"original_sha256": document.original.sha256}


def within(query: Select[Any], unit_id: Any, scope: Scope) -> Select[Any]:
    """Only rows of the Units in scope; every query of a person passes through here."""
    if scope.unit_ids is None:
        return query
    return query.where(unit_id.in_(sorted(scope.unit_ids)))


def headlines(connection: Connection, document_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The newest confirmed headline values of many Documents; the machine's where none is."""
    if not document_ids:
        return {}
    e, f = t.extractions.c, t.field_values.c
    found: dict[str, dict[str, Any]] = {}
    read = select(e.document_id, e.body).where(e.document_id.in_(document_ids))
    for document_id, body in connection.execute(read.order_by(e.created_at)):
        fields = body.get("fields", {})
        found[document_id] = {n: fields[n]["value"] for n in HEADLINES if n in fields}
    confirmed = select(f.document_id, f.name, f.value).where(
        f.document_id.in_(document_ids), f.name.in_(HEADLINES)
    )
    for document_id, name, value in connection.execute(confirmed.order_by(f.version)):
        found.setdefault(document_id, {})[name] = value
    return found


def reindex(connection: Connection, document_id: str) -> None:
    """What can be found of a Document: names, codes, confirmed values, the text of its pages."""
    d, p, f = t.documents.c, t.pages.c, t.field_values.c
    row = connection.execute(
        select(d.file_name, d.type_name, d.result_code, d.owner_name, d.failure_code).where(
            d.id == document_id
        )
    ).one()
    if row.failure_code in ("tai_lieu_mat", "presented_only"):
        search.forget(connection, document_id)
        return
    texts = connection.scalars(
        select(p.text).where(p.document_id == document_id).order_by(p.number)
    )
    values = connection.scalars(
        select(f.value).where(f.document_id == document_id).order_by(f.version)
    )
    parts = [*(str(c) for c in row if c), *(_spoken(v) for v in values), *texts]
    search.index(connection, document_id, "\n".join(parts))


def _spoken(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _sealed(parts: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def _opened(cursor: str) -> list[Any]:
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor))
        int(parts[0])
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise InvalidValue(
            "cursor", message="Con trỏ trang không hợp lệ; tìm lại từ đầu."
        ) from error
    return list(parts)
