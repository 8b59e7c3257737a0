# SPDX-License-Identifier: Apache-2.0
"""Tra cứu: full text with and without marks, đ/Đ included, on both databases.

Two columns are indexed, as printed and folded. A query is never raw syntax: each word is a
quoted term, all must occur; hits with the very marks typed come first.
"""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, Connection, Select, String, cast, func, literal, select, text
from sqlalchemy.sql import column, table

from ocr import vietnamese
from ocr.normalise import nfc
from storage.database.tables import search_texts

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_fts = table("search_fts", column("document_id"), column("exact"), column("folded"))


def fold(value: str) -> str:
    """Lower case without any mark; đ becomes d (FTS5 never folds it by itself)."""
    return vietnamese.fold(value).lower()


def words(query: str) -> list[str]:
    """The terms of a query; punctuation and operators of either database mean nothing."""
    return _WORD.findall(nfc(query))


def index(connection: Connection, document_id: str, content: str) -> None:
    """Replace what is findable of a Document."""
    # only words: PostgreSQL's parser would take "47/QĐ-UBND" for a path
    exact = " ".join(words(content)).lower()
    folded = fold(exact)
    forget(connection, document_id)
    connection.execute(
        search_texts.insert().values(document_id=document_id, exact=exact, folded=folded)
    )
    if connection.dialect.name == "sqlite":
        connection.execute(
            text("INSERT INTO search_fts(document_id, exact, folded) VALUES (:d, :e, :f)"),
            {"d": document_id, "e": exact, "f": folded},
        )


def forget(connection: Connection, document_id: str) -> None:
    connection.execute(search_texts.delete().where(search_texts.c.document_id == document_id))
    if connection.dialect.name == "sqlite":
        connection.execute(
            text("DELETE FROM search_fts WHERE document_id = :d"), {"d": document_id}
        )


def matching(dialect: str, query: str) -> Select[tuple[str, float]] | None:
    """(document_id, rank), smaller rank is better; None when the query has no words."""
    terms = words(query)
    if not terms:
        return None
    return _sqlite(terms) if dialect == "sqlite" else _postgresql(terms)


def _sqlite(terms: list[str]) -> Select[tuple[str, float]]:
    exact = " AND ".join(f'"{t.lower()}"' for t in terms)
    folded = " AND ".join(f'"{fold(t)}"' for t in terms)
    match = f"(exact : ({exact})) OR (folded : ({folded}))"
    rank = func.bm25(text("search_fts"), 0.0, 4.0, 1.0)
    return (
        select(cast(_fts.c.document_id, String).label("document_id"), rank.label("rank"))
        .select_from(_fts)
        .where(text("search_fts MATCH :match").bindparams(match=match))
    )


def _postgresql(terms: list[str]) -> Select[tuple[str, float]]:
    exact, folded = _vector("exact"), _vector("folded")
    ask_exact = func.plainto_tsquery("simple", " ".join(t.lower() for t in terms))
    ask_folded = func.plainto_tsquery("simple", " ".join(fold(t) for t in terms))
    rank = func.ts_rank(exact, ask_exact) * 4 + func.ts_rank(folded, ask_folded)
    return select(search_texts.c.document_id, (literal(0.0) - rank).label("rank")).where(
        folded.op("@@")(ask_folded)
    )


def _vector(name: str) -> ColumnElement[str]:
    return func.to_tsvector(text("'simple'"), search_texts.c[name])


def snippet(content: str, query: str, width: int = 60) -> str | None:
    """Whole words around the first match, as printed; None when it stands only in other fields."""
    folded = fold(content)
    if len(folded) != len(content):  # folding changed lengths: positions would lie
        return None
    for term in words(query):
        at = folded.find(fold(term))
        if at >= 0:
            start, end = max(0, at - width), at + len(term) + width
            before, after = content[start:at], content[at:end]
            if start > 0:
                before = re.sub(r"^\S*\s", "… ", before)
            if end < len(content):
                after = re.sub(r"\s\S*$", " …", after)
            return " ".join((before + after).split())
    return None
