# SPDX-License-Identifier: Apache-2.0
"""Nơi nhận, Kính gửi: who a paper goes to (NĐ 30/2020, PL I, ô 9a and 9b)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ocr.compounds import mended
from ocr.confidence import Evidence, absent, reading, unreadable, weakest
from ocr.extraction import FieldReading, Fields
from ocr.header import Header
from ocr.layout import Line, PageLayout
from ocr.normalise import DASHES, plain


def is_receivers(row: Line) -> bool:
    """The row "Nơi nhận:" at the left; its first letter is often lost to the italic."""
    return row.box.x0 < 0.4 and bool(re.match(r"\W*(?:[nv]?oi|n.i)\s?nhan\s?:", row.plain))


def read_recipients(layouts: Sequence[PageLayout]) -> Fields:
    """`recipients`: the list under "Nơi nhận", and `copies` when printed behind the drafter."""
    for layout in layouts:
        at = next((i for i, r in enumerate(layout.rows) if is_receivers(r)), None)
        if at is None:
            continue
        lines = _left_list(layout, at)
        if not lines:
            break
        made = _list_of(lines, layout.number)
        if _is_unbroken([layout.rows[at], *lines]):
            made = _settled(made)
        return {"recipients": made, "copies": _copies(lines)}
    return {"recipients": absent(unsure=False), "copies": absent(unsure=False)}


_SURELY = 0.9
_EVEN = 1.6
"""Rows of a list are apart so unevenly at most: where one was lost it is twice as far."""
_FOR = re.compile(r"\([đdĐ][eêếềểễệẻẽéè]\s(?=[bctp])")
"""What a copy is for: "(để báo cáo)", "(để b/c)", "(để phối hợp)"; its mark is often misread."""


def _left_list(layout: PageLayout, at: int) -> list[Line]:
    lines: list[Line] = []
    for row in layout.rows[at + 1 :]:
        if lines and row.y - lines[-1].y > 3.0 * layout.pitch:
            break
        if row.box.x0 > 0.4:
            continue
        left = layout.segments(row, gap=1.3)[0]
        kept = left.part(lambda w: w.box.x0 < 0.5)
        if kept:
            lines.append(kept)
        if re.search(r"\bluu\b", plain(left.text)):
            break
    return lines


def _list_of(lines: Sequence[Line], page: int, *, position: bool = True) -> FieldReading:
    words = tuple(w for line in lines for w in line.words)
    seen = _items(lines)
    items = [_FOR.sub("(để ", mended(item)) for item in seen]
    evidence = Evidence(
        kind="text", token=weakest(words), position=position, repaired=items != seen
    )
    return reading(items, words, page, evidence)


def _items(lines: Sequence[Line]) -> list[str]:
    """A dash begins an item, or the line after one that ended in ";"; others go on with the last.

    The dash of a line is often lost; the semicolon that ends every item but the last (NĐ 30/2020,
    PL I, ô 9b) hardly ever is.
    """
    items: list[str] = []
    ended, room = True, 0.0
    edge = max((line.box.x1 for line in lines), default=0.0)
    for line in lines:
        text = DASHES.sub("-", line.text).replace("~", "-").strip()
        if not any(c.isalnum() for c in text):
            continue
        # where the semicolon is lost too: the first word would have had room in the line above
        fits = text[:1].isupper() and line.words[0].box.width < room
        if text.startswith("-") or ended or fits:
            items.append(text.lstrip("- .").rstrip(" ;.,"))
        else:
            items[-1] = f"{items[-1]} {text.rstrip(' ;.,')}".strip()
        ended, room = text.endswith(";"), edge - line.box.x1
    return [item for item in items if item]


def _copies(lines: Sequence[Line]) -> FieldReading:
    """From "PL.(300)": drafter's initials and number of copies (ô 12)."""
    for line in lines[-2:]:
        found = re.search(r"[A-ZĐ]\w*\.?\s?\((\d{1,4})(?:b|bản)?\)\.?$", line.text)
        if found and int(found[1]) > 1:
            words = line.words_between(found.start(1), found.end(1))
            evidence = Evidence(kind="number", token=weakest(words), position=False)
            return reading(int(found[1]), words, line.page, evidence)
    return absent(unsure=False)


def read_addressees(layout: PageLayout, header: Header | None, *, expected: bool) -> FieldReading:
    """Under "Kính gửi": one office in the line, or a list with dashes below.

    `expected`: the type always has them, so that nothing found is a doubt.
    """
    for i, row in enumerate(layout.rows):
        found = re.search(r"\b[kr]inh\s?[gq][uo]i\s?[:;]?\s*", row.plain)
        if not found or row.y > 0.6 or found.start() > 3:
            continue
        lines = _addressed(layout, i, found.end())
        words = tuple(w for line in lines for w in line.words)
        if not words:
            return unreadable(row.words, layout.number)
        return _whole(_list_of(lines, layout.number), lines)
    lines = _dashed_list(layout, header)
    if lines:
        return _list_of(lines, layout.number, position=False)
    return absent(unsure=expected)


def _whole(seen: FieldReading, lines: Sequence[Line]) -> FieldReading:
    """One office behind "Kính gửi:" and no list below it: no row of a list can have been lost."""
    text = lines[0].text.lstrip()
    alone = len(lines) == 1 and not text.startswith(("-", "–", "—", "~")) and "," not in text
    return _settled(seen) if alone else seen


def _is_unbroken(rows: Sequence[Line]) -> bool:
    """From "Nơi nhận:" to "Lưu" evenly spaced rows: no row was lost, and none is two.

    A dash before each, a semicolon behind all but the last (NĐ 30/2020, PL I, ô 9b).
    """
    steps = [below.y - row.y for row, below in pairwise(rows)]
    texts = [DASHES.sub("-", row.text).strip() for row in rows[1:]]
    even = max(steps) < _EVEN * min(steps)
    dashed = all(text.startswith("-") for text in texts)
    ended = all(text.endswith(";") for text in texts[:-1])
    return even and dashed and ended and re.match(r"-\s?luu\b", plain(texts[-1])) is not None


def _settled(seen: FieldReading) -> FieldReading:
    """Whole, if every word of it was surely read."""
    if seen.evidence is None or seen.evidence.token < _SURELY:
        return seen
    return replace(seen, evidence=replace(seen.evidence, settled=True))


def _dashed_list(layout: PageLayout, header: Header | None) -> list[Line]:
    """The label lost, its list not: lines with dashes, set in, before the body begins."""
    lines: list[Line] = []
    for row in layout.rows:
        if header is None or row.y < header.bottom + layout.pitch or row.y > 0.45:
            continue
        starts = bool(re.match(r"[-–—~]\s?\S", row.text))
        near = bool(lines) and row.y - lines[-1].y < 2 * layout.pitch
        if (starts and row.box.x0 > 0.3) or (near and row.box.x0 > lines[-1].box.x0):
            lines.append(row)
        elif lines:
            break
    return lines


def _addressed(layout: PageLayout, at: int, start: int) -> list[Line]:
    row = layout.rows[at]
    rest = row.words_between(start, len(row.text))
    lines = [Line(page=row.page, words=rest, y=row.y)] if rest else []
    last = row.y
    edge = row.box.x0 - 0.01
    for whole in layout.rows[at + 1 : at + 14]:
        # a mark of urgency may stand level with the list, at its left
        beside = [s for s in layout.segments(whole) if s.box.x0 < edge]
        marked = all(s.is_capitals() and s.box.x1 < edge for s in beside)
        below = whole.part(lambda w: w.box.x0 >= edge)
        if below is None or not marked or below.y - last > 2.2 * layout.pitch:
            break
        starts = below.text.lstrip()[:1]
        inset = below.box.x0 > row.box.x0 + 0.03
        open_item = not lines or not lines[-1].text.rstrip().endswith((".", ":"))
        if starts not in "-–—~" and not (inset and open_item):
            break
        lines.append(below)
        last = below.y
        if below.text.rstrip().endswith("."):
            break  # the last item ends in a full stop
    return lines
