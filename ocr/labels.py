# SPDX-License-Identifier: Apache-2.0
"""Printed labels of forms and certificates, found in the rows of their pages.

Labels are matched on plain letters with a little tolerance; footnote marks "(1)" inside them are
stripped. What stands behind them is read by `form_fields`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from rapidfuzz import fuzz

from ocr.document_types import FieldSpec
from ocr.form_rows import Rows
from ocr.normalise import plain, squeeze

_ITEM = r"(?:\d{1,2}|[a-zđ]|[ivx]{1,4})\s?[.)]"
_LEAD = re.compile(rf"\W*(?:{_ITEM}\s*)?\w?\W*")
NEXT_ITEM = re.compile(rf"[\s;,.]*(?<!\w){_ITEM}\s*$")
"""The number of the next label, which its own pattern does not take in: "… 2."."""
_ALIKE = 86


@dataclass(frozen=True, kw_only=True)
class LabelHit:
    """A printed label found in the rows: letters `start`..`end` of their text."""

    spec: FieldSpec
    start: int
    end: int
    score: float


def find_labels(
    specs: Sequence[FieldSpec], rows: Rows, owners: Sequence[str] = ()
) -> list[LabelHit]:
    """Labels in reading order, each field at most once, inside its section."""
    sections = _sections(specs, rows)
    hits: list[LabelHit] = []
    for find in (_exact, _fuzzy):
        for spec in specs:
            if any(h.spec is spec for h in hits):
                continue
            if spec.section and spec.section not in sections:
                continue
            first, last = sections.get(spec.section, (0, len(rows.plain)))
            found = find(spec, rows, first, last, owners)
            free = (h for h in found if not any(_overlap(h, other) for other in hits))
            if hit := next(free, None):
                hits.append(hit)
    return sorted(hits, key=lambda h: h.start)


def _sections(specs: Sequence[FieldSpec], rows: Rows) -> dict[str | None, tuple[int, int]]:
    """Stretch of each section: from the row of its heading to that of the next section."""
    starts: dict[str, int] = {}
    for name in dict.fromkeys(s.section for s in specs if s.section):
        heads = "|".join(_loose(head) for head in name.split("|"))
        if found := re.search(rf"(?<!\w)(?:{heads})(?!\w)", rows.plain):
            starts[name] = rows.starts[rows.row_at(found.start())]
        elif (row := _damaged_heading(name, rows)) is not None:
            starts[name] = rows.starts[row]
    bounds: dict[str | None, tuple[int, int]] = {}
    for name, start in starts.items():
        later = [s for s in starts.values() if s > start]
        bounds[name] = (start, min(later, default=len(rows.plain)))
    return bounds


def _damaged_heading(name: str, rows: Rows) -> int | None:
    """The row that says most letters of a section's heading: "nơười cha"."""
    heads = [head for head in map(squeeze, name.split("|")) if len(head) >= 8]
    scored = [
        (fuzz.partial_ratio(head, squeeze(line.text)), -n)
        for n, line in enumerate(rows.lines)
        for head in heads
        if len(line.text) >= len(head)
    ]
    score, row = max(scored, default=(0.0, 0))
    return -row if score >= _ALIKE else None


def _overlap(a: LabelHit, b: LabelHit) -> bool:
    return a.start < b.end and b.start < a.end


def _exact(
    spec: FieldSpec, rows: Rows, first: int, last: int, owners: Sequence[str]
) -> list[LabelHit]:
    """Places of the labels letter by letter: with a colon first, then at the start of a row."""
    whose = tuple(dict.fromkeys([*(spec.section or "").split("|"), *owners]))
    ranked: list[tuple[bool, int, int, LabelHit]] = []
    for label in spec.labels:
        for found in _label_pattern(label, tuple(filter(None, whose))).finditer(
            rows.plain, first, last
        ):
            after = rows.text[found.end() :].lstrip()[:1]
            # "Dân tộc; Thái", "Quốc tịch / Nationality. Việt Nam": before a capital it was a colon
            misread = ";." if "/" in found[0] else ";"
            colon = found["colon"] == ":" or (
                found["colon"] != "" and found["colon"] in misread and after.isupper()
            )
            row = rows.row_at(found.start())
            leads = _LEAD.fullmatch(rows.plain, rows.starts[row], found.start()) is not None
            part = not colon and _goes_on_to_a_colon(rows.text[found.end() :][:60])
            if part or not (colon or leads or spec.inline or "/" in label):
                continue
            hit = LabelHit(spec=spec, start=found.start(), end=found.end(), score=100)
            ranked.append((not colon, hit.start, -len(label), hit))
    return [hit for *_, hit in sorted(ranked, key=lambda row: row[:3])]


@cache
def _label_pattern(label: str, owners: tuple[str, ...]) -> re.Pattern[str]:
    # "Họ, chữ đệm, tên người mẹ": whose it is may stand between label and colon
    # its first word may be damaged ("nơười cha")
    owner = "|".join(_loose(name) for name in owners) or "(?!)"
    lasts = [plain(name).split()[-1] for name in owners if " " in name]
    owner = "|".join([owner, *(rf"\w{{3,6}}\s{re.escape(last)}" for last in lasts)])
    # "Quê quán / Place of origin:" is one label, in two languages; its colon may be lost
    both = (
        r"(?:\s?/[^:;./\n]{2,34}(?=[:;\n]|\.\s|\Z)|\s?/[^:/\n]{2,34}(?=[:\n]|\Z)"
        r"|\s(?:place of|date of|full)\s\w+(?=:))?"  # the stroke lost
    )
    note = r"\s{0,2}(?:\(\s?\d{1,2}\s?\))?\s{0,2}"
    tail = rf"(?:\s(?:{owner})(?!\w))?{both}{note}(?P<colon>[:;.]?)"
    return re.compile(rf"(?<!\w){_loose(label)}(?!\w){tail}")


@cache
def _loose(label: str) -> str:
    """The words of a label with anything between them that is no word: blanks, marks, "(1)"."""
    words = map(re.escape, re.findall(r"\w+", plain(label)))
    return r"\W{0,3}(?:\(\s?\d{1,2}\s?\)\W{0,2})?".join(words)


def _goes_on_to_a_colon(text: str) -> bool:
    """Small letters up to a colon: the label found is only the beginning of another one."""
    more, colon, _ = text.partition(":")
    small = not any(c.isupper() or c.isdigit() or c == "\n" for c in more)
    return bool(colon) and small and len(more.strip()) > 1


def _fuzzy(
    spec: FieldSpec, rows: Rows, first: int, last: int, owners: Sequence[str]
) -> list[LabelHit]:
    """A damaged label before a colon: most letters of as many words as the label has."""
    wanted = [squeeze(label) for label in spec.labels if len(plain(label)) >= 8]
    hits: list[LabelHit] = []
    for colon in re.finditer(":", rows.plain[first:last]):
        place = first + colon.start()
        begin = rows.starts[rows.row_at(place)]
        before = rows.plain[begin:place].rpartition(":")[2]
        words = list(re.finditer(r"[^\W_]+", before))
        for label in wanted:
            count = label.count(" ") + 1
            for size in (count, count + 1, count - 1):
                if not 0 < size <= len(words):
                    continue
                start = place - len(before) + words[-size].start()
                score = fuzz.ratio(squeeze(rows.plain[start:place]), label)
                if score >= _ALIKE:
                    hits.append(LabelHit(spec=spec, start=start, end=place + 1, score=score))
    return sorted(hits, key=lambda h: -h.score)


def lost_fields(specs: Sequence[FieldSpec], hits: Sequence[LabelHit], rows: Rows) -> set[str]:
    """Fields whose label must be there unread: its neighbours stand in one row, or its section.

    A section that was not found while others were is printed on the form as they are.
    """
    place = {h.spec.key: rows.row_at(h.start) for h in hits}
    lost = {
        here.key
        for before, here, after in zip(specs, specs[1:], specs[2:], strict=False)
        if before.key in place and place.get(after.key) == place[before.key]
    }
    sections = {h.spec.section for h in hits if h.spec.section}
    heads = {s.section: s.key for s in reversed(specs) if s.section in sections}
    unfound = {s.section for s in specs if s.section} - sections if sections else set()
    unread = {s.key for s in specs if s.section in unfound}
    return (lost | unread | set(heads.values())) - set(place)


def gutter_of(specs: Sequence[FieldSpec], rows: Rows) -> float:
    """Where the right column begins: at a label that stands twice in one row."""
    label = next((s.labels[0] for s in specs if s.column), "")
    places = [m.start() for m in re.finditer(_loose(label), rows.plain)]
    for left, right in pairwise(places):
        if rows.row_at(left) == rows.row_at(right):
            return rows.words(right, right + 1)[0].box.x0 - 0.008
    return 0.5
