# SPDX-License-Identifier: Apache-2.0
"""Danh mục: units before and after 01/7/2025, procedures, legal rules; from files, again and again.

Importing twice changes nothing: rows are keyed by (level, code, generation) or by code.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from ocr.document_types import shipped_document_types
from ocr.normalise import nfc, squeeze
from storage.database import tables as t
from storage.database.database import SqlTransaction
from storage.database.search import fold
from workflows.domain.audit import LegalRule
from workflows.domain.dossier import Component, Procedure
from workflows.domain.unit import UnitLevel

HERE = Path(__file__).parent
NEW = "2025"
OLD = "truoc2025"


def unit_id(level: str, code: str, generation: str) -> str:
    """Codes were given anew in 2025, so the generation is part of the key."""
    return f"{level}-{code}-{generation}"


def import_units(tx: SqlTransaction, folder: Path = HERE) -> int:
    """34 provinces and 3,321 communes of today, the 63 / 696 / 10,686 before; returns rows new."""
    known = set(tx.connection.scalars(select(t.units.c.id)))
    fresh = [row for row in _unit_rows(folder) if row["id"] not in known]
    if fresh:
        tx.connection.execute(t.units.insert(), fresh)
        tx.connection.execute(t.unit_successors.delete())
        tx.connection.execute(t.unit_successors.insert(), list(_successors(folder)))
    return len(fresh)


def _unit_rows(folder: Path) -> Iterator[dict[str, Any]]:
    with (folder / "units.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            generation = NEW if row["valid_from"] else OLD
            yield {
                "id": unit_id(row["level"], row["code"], generation),
                "code": row["code"],
                "name": row["name"],
                "folded": fold(row["name"]),
                "level": row["level"],
                "parent_id": _parent(row, generation),
                "valid_from": _day(row["valid_from"]),
                "valid_to": _day(row["valid_to"]),
            }


def _parent(row: Mapping[str, str], generation: str) -> str | None:
    if not row["parent_code"]:
        return None
    # since 01/7/2025 a commune stands directly under its province
    above = (
        UnitLevel.DISTRICT
        if row["level"] == UnitLevel.COMMUNE and generation == OLD
        else UnitLevel.PROVINCE
    )
    return unit_id(above, row["parent_code"], generation)


def _successors(folder: Path) -> Iterator[dict[str, str]]:
    with (folder / "province_successors.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {
                "old_id": unit_id(UnitLevel.PROVINCE, row["old_code"], OLD),
                "new_id": unit_id(UnitLevel.PROVINCE, row["new_code"], NEW),
            }


def import_procedures(tx: SqlTransaction, path: Path) -> int:
    """Procedures from our own JSON form, or from an export of the national catalogue.

    Ours: `[{code, name, field, level, components: [{code, name, document_types, required}]}]`.
    """
    rows = json.loads(path.read_text("utf-8"))
    for row in rows:
        made = _ours(row) if "code" in row else _exported(row)
        if made is not None:
            tx.catalogue.put(made)
    return len(rows)


def _ours(row: Mapping[str, Any]) -> Procedure:
    components = tuple(
        Component(**{**c, "document_types": tuple(c.get("document_types", ()))})
        for c in row.get("components", ())
    )
    return Procedure(
        code=row["code"],
        name=nfc(row["name"]),
        field=nfc(row.get("field", "")),
        level=nfc(row.get("level", "")),
        components=components,
        result_types=tuple(row.get("result_types", ())),
        valid_from=_day(row.get("valid_from")),
        valid_to=_day(row.get("valid_to")),
    )


def _exported(row: Mapping[str, Any]) -> Procedure | None:
    about = row.get("metadata", {})
    code = about.get("mã_thủ_tục") or row.get("thu_tuc_id")
    if not code:
        return None
    papers = row.get("tables", {}).get("thanh_phan_ho_so", [])
    result = row.get("content", {}).get("kết_quả_thực_hiện", "")
    return Procedure(
        code=code,
        name=nfc(about.get("tên_thủ_tục", "")),
        field=nfc(about.get("lĩnh_vực", "")),
        level=nfc(about.get("cấp_thực_hiện", "")),
        components=tuple(_components(papers)),
        result_types=types_named_in(result),
    )


def _components(papers: Iterable[Mapping[str, str]]) -> Iterator[Component]:
    for number, paper in enumerate(papers, 1):
        name = nfc(paper.get("ten_giay_to", ""))
        if name:
            # the export's columns are shifted: the counts stand in the note
            note = paper.get("ghi_chu", "")
            yield Component(
                code=f"TP{number:02d}",
                name=name,
                document_types=types_named_in(name),
                originals=_count(note, "Bản chính"),
                copies=_count(note, "Bản sao"),
            )


def _count(note: str, kind: str) -> int:
    found = re.search(rf"{kind}\s*:\s*(\d+)", note)
    return int(found[1]) if found else 0


def types_named_in(text: str) -> tuple[str, ...]:
    """Codes of the document types whose title the text names."""
    asked = squeeze(text)
    return tuple(
        kind.code
        for kind in shipped_document_types()
        if any(len(title) > 6 and title in asked for title in kind.squeezed_titles)
    )


def import_rules(tx: SqlTransaction, path: Path = HERE / "legal_rules.json") -> int:
    """Dated legal rules; `verified_by` stays empty until somebody has read the Gazette."""
    rows = json.loads(path.read_text("utf-8"))
    for row in rows:
        start = _day(row["effective_from"])
        if start is None:
            raise ValueError(f"{path.name}: {row['id']} needs effective_from")
        tx.catalogue.put(
            LegalRule(
                id=row["id"],
                citation=row["citation"],
                article=row["article"],
                effective_from=start,
                effective_to=_day(row.get("effective_to")),
                supersedes=row.get("supersedes"),
                params=row.get("params", {}),
                source=row.get("source", ""),
                verified_by=row.get("verified_by"),
            )
        )
    return len(rows)


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
