# SPDX-License-Identifier: Apache-2.0
"""The rows of a form as one stretch of text, in which labels are found and values end.

A label may run over two rows ("… doanh nghiệp, hợp tác / xã:"), a value over several. What tells
that a value goes on is what the typesetter did: the next row begins with a word that had no room
any more, or with a small letter, which no label does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

from ocr.layout import Line, PageLayout
from ocr.page import Word

_ITEM = re.compile(r"\s*(?:\d{1,2}|[a-zđ]|[IVX]{1,4})\s?[.)]\s")
_MACHINE_READABLE = re.compile(r"\s[^\s<]*[A-Z0-9]<[A-Z0-9<]*(?=\s|$)")
_STEP = 0.04
"""Rows further apart than this share of the page are no rows of one value."""
_SLACK = 0.012
"""Ragged right edges: a word that would just have fitted may still have been carried over."""
_CELL = 2.2
_FAR = 0.12
_ALIGNED, _BESIDE = 0.006, 0.06
_INSET = 0.3
"""A value below its label begins near the label's own edge."""

Span = tuple[int, int]
"""Letters of `Rows.text`, from and up to."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of a column of a form from top to bottom, over all its pages.

    `layouts`: the page of each row. `crossing`: numbers of rows that run on over the gutter;
    `alone`: of those with nothing on its other side. Places in `plain` (letters without marks) are
    places in `text`: rows joined by a line feed.
    """

    lines: tuple[Line, ...]
    layouts: tuple[PageLayout, ...]
    crossing: frozenset[int] = frozenset()
    alone: frozenset[int] = frozenset()

    @cached_property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    @cached_property
    def plain(self) -> str:
        return "\n".join(line.plain for line in self.lines)

    @cached_property
    def pages(self) -> list[PageLayout]:
        return list({layout.number: layout for layout in self.layouts}.values())

    @cached_property
    def starts(self) -> list[int]:
        """Where each row begins in `text`."""
        return [0, *accumulate(len(line.text) + 1 for line in self.lines)]

    def row_at(self, place: int) -> int:
        return min(bisect_right(self.starts, place), len(self.lines)) - 1

    def words(self, start: int, end: int) -> list[Word]:
        """The words that hold the letters `start`..`end` of `text`."""
        found: list[Word] = []
        for row in range(self.row_at(start), self.row_at(max(start, end - 1)) + 1):
            at = self.starts[row]
            found += self.lines[row].words_between(max(0, start - at), end - at)
        return found

    @cached_property
    def right_edges(self) -> dict[int, float]:
        """Page number -> where its long rows end; of a column only rows of two columns count.

        One row may reach further than all others (the Quốc hiệu): the second longest tells.
        """
        ends: dict[int, list[float]] = {}
        for row, line in enumerate(self.lines):
            if len(line.words) >= 3 and row not in self.crossing | self.alone:
                ends.setdefault(line.page, []).append(line.box.x1)
        return {page: sorted(found)[-2:][0] for page, found in ends.items()}

    def value_spans(self, label: Span, stops: Sequence[int], *, wraps: bool) -> list[Span]:
        """The stretches, row by row, of the value behind `label`, up to the next label.

        `stops`: beginnings of labels, in order. `wraps`: it may take more than one row.
        """
        row, left = self.row_at(label[1] - 1), self._left_of(label, stops)
        spans = [self._cut((label[1], self._end_in_row(row, label[1])), stops)]
        if not _says(self.text[slice(*spans[0])]):
            # on cards the value stands below; a watermark may stand between the two
            near = range(row + 1, min(row + 3, len(self.lines)))
            below = next((i for i in near if self._near(row, i) and self._cell(i, left)), None)
            found = self._cell(below, left) if below is not None else None
            if below is None or found is None or self._is_other(found, stops):
                return spans
            row, spans = below, [self._cut(found, stops)]
        while wraps and row + 1 < len(self.lines):
            found = self._cell(row + 1, left)
            if found is None or self._is_other(found, stops):
                break
            if not (self._near(row, row + 1) and self._goes_on(spans, found)):
                break
            spans.append(self._cut(found, stops))
            row += 1
        return spans

    def _left_of(self, label: Span, stops: Sequence[int]) -> float:
        """The left edge of the cell that the label opens: "Họ và tên / Full name:" is one label."""
        own = self.words(*label)[0]
        row = self.row_at(label[0])
        cell = next((c for c in self._cells(row) if own in c.words), None)
        if cell is None:
            return own.box.x0
        start = self.starts[row] + _place_of(self.lines[row], cell.words[0])
        opened = ":" in self.text[start : label[0]] or any(start <= s < label[0] for s in stops)
        return own.box.x0 if opened else cell.box.x0

    def _cut(self, span: Span, stops: Sequence[int]) -> Span:
        """The span up to the first label in it."""
        return span[0], next((s for s in stops if span[0] <= s < span[1]), span[1])

    def _end_in_row(self, row: int, start: int) -> int:
        """The row's end, or the gap before a cell with a label that the type does not know.

        What stands far to the right of a value is no part of it: a card's back beside its front.
        Nor are the lines for machines at its foot (ICAO 9303), however close they come.
        """
        line, at = self.lines[row], self.starts[row]
        for before, cell in pairwise(self._cells(row)):
            place = at + _place_of(line, cell.words[0])
            far = cell.box.x0 - before.box.x1 > _FAR
            if place > start and (far or ":" in cell.text) and _says(self.text[start:place]):
                return place
        zone = _MACHINE_READABLE.search(self.text, start, at + len(line.text))
        return zone.start() if zone else at + len(line.text)

    def _cells(self, row: int) -> list[Line]:
        return self.layouts[row].segments(self.lines[row], gap=_CELL)

    def _cell(self, row: int, left: float) -> Span | None:
        """What stands in a row below a label whose left edge is `left`."""
        line, at = self.lines[row], self.starts[row]
        cells = self._cells(row)
        first = next((c for c in cells if c.box.x1 > left and c.box.x0 < left + _INSET), None)
        if first is None:
            return None
        start = first.words[0]
        if first.box.x0 < left - _BESIDE:
            # a cell of another column that stands close: "Có giá trị đến: 15/09/2034 Thủy, xã …"
            edges = (b for a, b in pairwise(first.words) if abs(b.box.x0 - left) < _ALIGNED)
            aligned = next(edges, None)
            if aligned is None or not self._is_apart(row, aligned):
                return None
            start = aligned
        place = at + _place_of(line, start)
        return place, self._end_in_row(row, place)

    def _is_apart(self, row: int, word: Word) -> bool:
        """More than a blank before the word."""
        layout, words = self.layouts[row], self.lines[row].words
        before = [w for w in words[: words.index(word)] if _says(w.text)][-1:]
        left = before[0].box.x1 if before else 0.0
        return (word.box.x0 - left) * layout.aspect > 0.8 * layout.pitch

    def _is_other(self, span: Span, stops: Sequence[int]) -> bool:
        """A row with a label of its own, known or not, or the next point of a list."""
        text = self.text[slice(*span)]
        if self.row_at(span[0]) in self.crossing:
            return True
        labelled = any(span[0] <= stop < span[1] for stop in stops)
        # a speck behind "ĐỨC DŨNG" makes no label of it: labels are not set in capitals
        colon = ":" in (text.rstrip(" :") if _in_capitals(text) else text)
        return labelled or colon or _ITEM.match(text) is not None

    def _goes_on(self, spans: Sequence[Span], found: Span) -> bool:
        """Whether the row below belongs to the value that fills its row up to the end."""
        above, below = self.words(*spans[-1]), self.words(*found)
        text = self.text[slice(*found)]
        first = next((c for c in text if c.isalnum()), "")
        if first.islower():
            return True
        if _in_capitals(text) and not _in_capitals(self.text[spans[0][0] : spans[-1][1]]):
            return False
        page = self.lines[self.row_at(found[0])].page
        room = self.right_edges.get(page, 1.0) - max((w.box.x1 for w in above), default=0.0)
        return room < below[0].box.width + _SLACK

    def _near(self, row: int, other: int) -> bool:
        line, below = self.lines[row], self.lines[other]
        return line.page == below.page and 0 < below.y - line.y < _STEP


def rows_of(pages: Sequence[PageLayout], column: str | None = None, gutter: float = 0.5) -> Rows:
    """All rows, or what stands left or right of `gutter` of a paper in two columns."""
    lines: list[Line] = []
    layouts: list[PageLayout] = []
    crossing: set[int] = set()
    alone: set[int] = set()
    for layout in pages:
        for row in layout.rows:
            half = row if column is None else row.part(lambda w: _stands(w, column, gutter))
            if half is None:
                continue
            if column and _crosses(row, layout, gutter):
                crossing.add(len(lines))
            elif column and len(half.words) == len(row.words):
                alone.add(len(lines))
            lines.append(half)
            layouts.append(layout)
    return Rows(
        lines=tuple(lines),
        layouts=tuple(layouts),
        crossing=frozenset(crossing),
        alone=frozenset(alone),
    )


def _stands(word: Word, column: str | None, gutter: float) -> bool:
    return ((word.box.x0 + word.box.x1) / 2 < gutter) == (column == "left")


def _crosses(row: Line, layout: PageLayout, gutter: float) -> bool:
    left = [w.box.x1 for w in row.words if _stands(w, "left", gutter)]
    right = [w.box.x0 for w in row.words if _stands(w, "right", gutter)]
    return bool(left and right) and (min(right) - max(left)) * layout.aspect < layout.pitch


def _place_of(line: Line, word: Word) -> int:
    before = line.words[: line.words.index(word)]
    return sum(len(w.text) + 1 for w in before)


def _says(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _in_capitals(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return bool(letters) and sum(map(str.isupper, letters)) >= 0.8 * len(letters)
