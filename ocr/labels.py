# SPDX-License-Identifier: Apache-2.0
"""Label and value: the fields of forms and certificates, driven by the type's data file.

Labels are matched on plain letters with a little tolerance; footnote marks "(1)" inside them are
stripped; a value ends at the next label of the row or goes on in the next row without one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from ocr.catalogue import SURNAMES
from ocr.confidence import Evidence, absent, reading, unreadable, weakest
from ocr.document_types import DocumentType, FieldSpec
from ocr.extraction import FieldReading, FieldStatus
from ocr.identifiers import (
    decode_personal_number,
)
from ocr.layout import Line, PageLayout
from ocr.normalise import nfc, plain, squeeze
from ocr.page import Word
from ocr.values import is_valid, normalise_value

Fields = dict[str, FieldReading]
_LEADERS = re.compile(r"[.…_]{3,}|(?:\.\s){3,}")
_FOOTNOTE = re.compile(r"\(\s?\d{1,2}\s?\)")


@dataclass(frozen=True, kw_only=True)
class LabelHit:
    """A printed label found in a row: letters `start`..`end` of the row's text."""

    spec: FieldSpec
    row: int
    start: int
    end: int
    score: float


def read_labelled(kind: DocumentType, pages: Sequence[PageLayout], today: dt.date) -> Fields:
    """Every field of the type that stands after a label; a key for each, found or not."""
    specs = [s for s in kind.fields if s.zone is None]
    found: Fields = {}
    for column in dict.fromkeys(s.column for s in specs):
        rows = _rows(pages, column)
        hits = _find_labels([s for s in specs if s.column == column], rows)
        for hit in hits:
            made = _read(hit, hits, rows, today)
            if hit.spec.key not in found or found[hit.spec.key].value is None:
                found[hit.spec.key] = made
    return {s.key: found.get(s.key, absent(unsure=s.required)) for s in specs}


def _rows(pages: Sequence[PageLayout], column: str | None) -> list[Line]:
    """Rows of all pages; of one half of the page only for a two-column paper."""
    rows: list[Line] = []
    for layout in pages:
        for row in layout.rows:
            half = row if column is None else row.part(_half(column))
            if half is not None:
                rows.append(half)
    return rows


def _half(column: str) -> Callable[..., bool]:
    if column == "left":
        return lambda word: (word.box.x0 + word.box.x1) / 2 < 0.5
    return lambda word: (word.box.x0 + word.box.x1) / 2 >= 0.5


def _find_labels(specs: Sequence[FieldSpec], rows: Sequence[Line]) -> list[LabelHit]:
    """Labels in reading order, each field at most once, inside its section."""
    sections = _sections(specs, rows)
    hits: list[LabelHit] = []
    for spec in specs:
        first, last = sections.get(spec.section, (0, len(rows)))
        if spec.section and spec.section not in sections:
            continue
        taken = [h for h in hits if h.spec.column == spec.column]
        if hit := _find_label(spec, rows, first, last, taken):
            hits.append(hit)
    return sorted(hits, key=lambda h: (h.row, h.start))


def _sections(
    specs: Sequence[FieldSpec], rows: Sequence[Line]
) -> dict[str | None, tuple[int, int]]:
    """Rows of each section: from its heading to that of the next section."""
    starts: dict[str, int] = {}
    for name in dict.fromkeys(s.section for s in specs if s.section):
        wanted = squeeze(name)
        for i, row in enumerate(rows):
            if re.search(rf"\b{re.escape(wanted)}\b", squeeze(row.text)):
                starts[name] = i
                break
    bounds: dict[str | None, tuple[int, int]] = {}
    for name, start in starts.items():
        later = [s for s in starts.values() if s > start]
        bounds[name] = (start, min(later, default=len(rows)))
    return bounds


def _find_label(
    spec: FieldSpec, rows: Sequence[Line], first: int, last: int, taken: Sequence[LabelHit]
) -> LabelHit | None:
    for i in range(first, last):
        text = rows[i].text
        for label in sorted(spec.labels, key=len, reverse=True):
            hit = _match_label(spec, i, text, label)
            if hit and not any(_overlap(hit, other) for other in taken):
                return hit
    return None


def _overlap(a: LabelHit, b: LabelHit) -> bool:
    return a.row == b.row and a.start < b.end and b.start < a.end


def _match_label(spec: FieldSpec, row: int, text: str, label: str) -> LabelHit | None:
    """The label at a word start, its blanks and marks free, ":" or a value behind it."""
    low, wanted = plain(text), plain(label)
    loose = r"\W{0,3}(?:\(\s?\d{1,2}\s?\)\W{0,2})?".join(map(re.escape, re.findall(r"\w+", wanted)))
    # "Họ, chữ đệm, tên người mẹ": the section's own words may stand between label and colon
    owner = re.escape(plain(spec.section or "")) or "(?!)"
    tail = rf"(?:\s{owner}(?!\w))?\s{{0,2}}(?:\(\s?\d{{1,2}}\s?\))?\s{{0,2}}(?P<colon>[:;.]?)"
    exact = re.search(rf"(?<!\w){loose}(?!\w){tail}", low)
    if exact:
        # a label starts its row, follows a number ("1. "), or carries a colon
        leads = not re.search(r"\w{2,}", low[: exact.start()])
        if exact["colon"] == ":" or leads or "/" in label:
            return LabelHit(spec=spec, row=row, start=exact.start(), end=exact.end(), score=100)
    colon = low.find(":")
    if len(wanted) >= 8 and colon > 0:
        head = re.sub(r"^\W*(?:[\divx]{1,3}[.)]\s*)?", "", low[:colon])
        head = _FOOTNOTE.sub("", head)
        score = fuzz.ratio(squeeze(head), squeeze(wanted))
        if score >= 88:
            return LabelHit(spec=spec, row=row, start=0, end=colon + 1, score=score)
    return None


def _read(
    hit: LabelHit, hits: Sequence[LabelHit], rows: Sequence[Line], today: dt.date
) -> FieldReading:
    row = rows[hit.row]
    after = [h.start for h in hits if h.row == hit.row and h.start >= hit.end]
    end = min(after, default=len(row.text))
    words = list(row.words_between(hit.end, end))
    text = row.text[hit.end : end]
    labelled = {h.row for h in hits}
    for i in range(hit.row + 1, min(hit.row + 3, len(rows))):
        if after or i in labelled or not _goes_on(rows[i - 1], rows[i], hit, text):
            break
        words.extend(rows[i].words)
        text = f"{text} {rows[i].text}"
    value = _without_leaders(text)
    if not any(c.isalnum() for c in value):
        label = row.words_between(hit.start, hit.end)
        return _empty(hit.spec, label, row.page, text)
    return _typed(hit, value, words, row.page, today)


def _empty(spec: FieldSpec, label: Sequence[Word], page: int, text: str) -> FieldReading:
    """Nothing after the label. Read leaders are an empty line; no leaders may be unread ink."""
    blank = unreadable(label, page, raw=text.strip(), status=FieldStatus.BLANK)
    ruled = bool(_LEADERS.search(text)) and not spec.required
    return replace(blank, needs_review=not ruled, confidence=0.92 if ruled else 0.0)


def _goes_on(before: Line, row: Line, hit: LabelHit, text: str) -> bool:
    """The next row without a label of its own continues a long value."""
    if before.page != row.page or row.y - before.y > 0.035 or hit.spec.type not in _LONG:
        return False
    if ":" in row.text or re.match(r"\s*(\d{1,2}|[a-zđ])[.)]\s", row.text) or row.is_capitals():
        return False
    # a value that stopped well before the right edge is complete
    return before.box.x1 > 0.8 or not any(c.isalnum() for c in text)


_LONG = frozenset({"text", "place", "org", "idpaper", "datew"})


def _without_leaders(text: str) -> str:
    text = _LEADERS.sub(" ", _FOOTNOTE.sub("", nfc(text)))
    return re.sub(r"\s+", " ", text).strip(" .:;,…_|")


def _typed(
    hit: LabelHit, text: str, words: Sequence[Word], page: int, today: dt.date
) -> FieldReading:
    """The value in the normal form of its type; what does not fit the type is flagged."""
    value, fits, witness = normalise_value(hit.spec.type, text, today)
    failed = [v for v in hit.spec.validators if not is_valid(v, str(value), today)]
    proven = sum(v in _PROOFS for v in hit.spec.validators) if not failed else 0
    short = "office" if len(words) <= 4 else "text"
    named = hit.spec.type == "name"
    evidence = Evidence(
        kind=_KINDS.get(hit.spec.type, short),
        token=weakest(words),
        catalogue=_has_family_name(str(value)) if named else None,
        grammar=fits and not failed,
        witnesses=witness + proven,
        position=hit.score >= 95,
    )
    if value is None:
        return unreadable(words, page, raw=text)
    return reading(value, words, page, evidence, raw=text)


def _has_family_name(text: str) -> bool:
    first = text.split(" ")[0].capitalize()
    return first in SURNAMES


# checks a misread value hardly ever passes
_PROOFS = frozenset({"tax_code", "dossier_code", "household_code", "land_serial"})
_KINDS = {
    "date": "date",
    "id12": "number",
    "id9": "number",
    "mst": "number",
    "integer": "number",
    "money": "number",
    "area": "number",
    "name": "name",
}


def cross_check(fields: Fields, today: dt.date) -> Fields:
    """id12 ↔ gender and year of birth, digits ↔ words: a conflict flags both, never settles."""
    checked = dict(fields)
    for prefix in {k.rpartition(".")[0] for k in fields}:
        dot = f"{prefix}." if prefix else ""
        number = fields.get(f"{dot}id")
        if number is None or not isinstance(number.value, str):
            continue
        person = decode_personal_number(number.value, today=today)
        if person is None:
            continue
        born, gender = fields.get(f"{dot}born_on"), fields.get(f"{dot}gender")
        if born and isinstance(born.value, str) and born.value[:4] != str(person.birth_year):
            _flag(checked, f"{dot}id", f"{dot}born_on")
        if gender and isinstance(gender.value, str) and gender.value != person.gender:
            _flag(checked, f"{dot}id", f"{dot}gender")
    digits, words = fields.get("born_on"), fields.get("born_words")
    if digits and words and digits.value and words.value and digits.value != words.value:
        _flag(checked, "born_on", "born_words")
    return checked


def _flag(fields: Fields, *keys: str) -> None:
    for key in keys:
        seen = fields[key]
        fields[key] = replace(seen, confidence=min(seen.confidence, 0.45), needs_review=True)
