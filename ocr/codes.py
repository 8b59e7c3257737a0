# SPDX-License-Identifier: Apache-2.0
"""QR codes, barcodes and the machine readable zone: witnesses beside the print.

Source order is QR > MRZ > OCR; a disagreement is shown with both values, never settled in silence.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ocr.barcodes import Code
from ocr.extraction import Candidate, FieldReading, Fields, FieldStatus
from ocr.identifiers import is_dossier_code, parse_card_code, parse_mrz
from ocr.layout import PageLayout
from ocr.normalise import squeeze
from ocr.page import Box, PageText, ReadingSource

_ENDLESS = "2099-12-31"
"""What the zone of a card without an end says ("Không thời hạn", 991231)."""


def with_codes(text: PageText, codes: Sequence[Code]) -> PageText:
    """The page's text carries its codes along: `quality["codes"]`, plain JSON."""
    if not codes:
        return text
    return replace(text, quality={**text.quality, "codes": [c.as_json() for c in codes]})


def expects_code(text: PageText) -> bool:
    """Is this a paper that carries a QR square: a card, or one of the one-stop system?"""
    return bool(_CODED.search(squeeze(text.text)))


# the English labels of a card: its Vietnamese name stands on every form that asks for its number
_CODED = re.compile(r"date of birth|place of (?:origin|residence|birth)|giay tiep nhan ho so")


def codes_of(text: PageText) -> tuple[Code, ...]:
    rows = text.quality.get("codes", ())
    return tuple(Code(text=r["text"], format=r["format"], box=Box(*r["box"])) for r in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a code says about one field. `printed`: the same stands in print on some page."""

    value: str
    source: ReadingSource
    page: int
    box: Box | None
    printed: bool = False


def statements(pages: Sequence[PageLayout], today: dt.date) -> dict[str, list[Statement]]:
    """Field key -> what QR and MRZ say, the stronger source first."""
    said: dict[str, list[Statement]] = {}
    printed = _Print(pages)
    for layout in pages:
        for code in codes_of(layout.page):
            source = ReadingSource.QR if "QR" in code.format else ReadingSource.BARCODE
            for key, value in _code_values(code.text, today).items():
                statement = Statement(
                    value=value,
                    source=source,
                    page=layout.number,
                    box=code.box,
                    printed=printed.holds(key, value),
                )
                said.setdefault(key, []).append(statement)
    for layout in pages:
        for key, value, box in _zone_values(layout, today):
            statement = Statement(
                value=value,
                source=ReadingSource.MRZ,
                page=layout.number,
                box=box,
                printed=printed.holds(key, value),
            )
            said.setdefault(key, []).append(statement)
    return said


class _Print:
    """What stands in print, for asking whether a code says the same.

    Columns stand side by side on a card: a name must stand in one row, the words of an address
    only somewhere. Marks do not count, they are what a reader loses first.
    """

    def __init__(self, pages: Sequence[PageLayout]) -> None:
        rows = [row.text for page in pages for row in page.rows if "<<" not in row.text]
        self.rows = [squeeze(text) for text in rows]
        self.words = {word for row in self.rows for word in row.split()}
        self.digits = [re.sub(r"\D", " ", text).split() for text in rows]

    def holds(self, key: str, value: str) -> bool:
        wanted = squeeze(value)
        if key.endswith("_on") or key == "valid_to":
            year, month, day = value.split("-")
            return any(_in_row([day, month, year], row) for row in self.digits)
        if key == "id" or wanted.isdigit():
            return any(wanted in row for row in self.digits)
        if key == "residence":
            return all(word in self.words for word in wanted.split())
        return any(f" {wanted} " in f" {row} " for row in self.rows)


def _in_row(wanted: Sequence[str], row: Sequence[str]) -> bool:
    return any(list(row[i : i + len(wanted)]) == list(wanted) for i in range(len(row)))


def _code_values(text: str, today: dt.date) -> Mapping[str, str]:
    card = parse_card_code(text)
    if card is not None:
        values = {
            "id": card.number,
            "full_name": card.name,
            "born_on": card.born_on,
            "gender": card.gender,
            "residence": card.address,
            "issued_on": card.issued_on,
        }
        return {k: v for k, v in values.items() if v}
    # papers printed by the one-stop system name their dossier (TT 01/2023/TT-VPCP)
    dossier = next((t for t in re.split(r"[|;\s]+", text) if is_dossier_code(t, today=today)), None)
    return {"dossier_code": dossier} if dossier else {}


def _zone_values(layout: PageLayout, today: dt.date) -> list[tuple[str, str, Box]]:
    """Three rows of 30 letters, digits and "<", all check digits right."""
    rows = [
        (row, compact)
        for row in layout.rows
        if re.fullmatch(r"[A-Z0-9<]{30}", compact := re.sub(r"[\s«]", "", row.text))
    ]
    for three in zip(rows, rows[1:], rows[2:], strict=False):
        zone = parse_mrz([compact for _, compact in three], today=today)
        if zone is None:
            continue
        box = three[0][0].box.union(three[2][0].box)
        values = {
            "id": zone.number,
            "born_on": zone.born_on,
            "gender": zone.gender,
            "valid_to": None if zone.expires_on == _ENDLESS else zone.expires_on,
        }
        return [(key, value, box) for key, value in values.items() if value]
    return []


def with_statements(fields: Fields, said: Mapping[str, Sequence[Statement]]) -> Fields:
    """Print and codes together: agreement is sure, disagreement keeps both and is flagged."""
    merged = dict(fields)
    for key, what in said.items():
        if key in merged:
            merged[key] = _merge(key, merged[key], what)
    return merged


_ON_EVERY_CARD = frozenset({"id", "full_name", "born_on"})
_UNCONFIRMED = 0.7


def _merge(key: str, seen: FieldReading, what: Sequence[Statement]) -> FieldReading:
    first, *others = what
    read = isinstance(seen.value, str) and seen.source is ReadingSource.OCR
    # what the labels found may be half a line; what stands in print as the code says it agrees
    against = [o for o in others if squeeze(o.value) != squeeze(first.value)]
    prints = read and not first.printed and squeeze(str(seen.value)) != squeeze(first.value)
    agree = not against and not prints
    candidates = [Candidate(value=o.value, confidence=0.5, source=o.source) for o in against]
    if prints:
        candidates.append(Candidate(value=str(seen.value), confidence=seen.confidence))
    # a square pasted over another may say what the card does not print at all
    alone = key in _ON_EVERY_CARD and not (first.printed or others or read)
    sure = 0.5 if not agree else _UNCONFIRMED if alone else 0.99
    return FieldReading(
        value=first.value,
        raw=first.value,
        page=first.page,
        box=first.box,
        confidence=sure,
        needs_review=not agree or alone,
        source=first.source,
        status=FieldStatus.PRESENT,
        candidates=tuple(candidates),
    )
