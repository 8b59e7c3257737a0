# SPDX-License-Identifier: Apache-2.0
"""Where words stand on a page: lines, rows, columns.

Works on word boxes only. Boxes are of the page as scanned, so the skew (up to 2° on real scans)
is measured from the lines and taken out before rows are put together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

from ocr.normalise import plain
from ocr.page import Box, PageText, Word


@dataclass(frozen=True, kw_only=True)
class Line:
    """Words side by side, left to right. `y`: height of its middle with the skew taken out."""

    page: int
    words: tuple[Word, ...]
    y: float

    @cached_property
    def text(self) -> str:
        return " ".join(w.text for w in self.words)

    @cached_property
    def plain(self) -> str:
        return plain(self.text)

    @cached_property
    def box(self) -> Box:
        box = Box.around(w.box for w in self.words)
        if box is None:
            raise ValueError("a line has at least one word")
        return box

    @cached_property
    def height(self) -> float:
        return median(w.box.height for w in self.words)

    @property
    def confidence(self) -> float:
        """The weakest word that holds a letter or a digit; a lone dash proves nothing."""
        return min((w.confidence for w in self.words if re.search(r"\w", w.text)), default=0.0)

    def part(self, keep: Callable[[Word], bool]) -> Line | None:
        words = tuple(w for w in self.words if keep(w))
        return Line(page=self.page, words=words, y=self.y) if words else None

    def words_between(self, start: int, end: int) -> tuple[Word, ...]:
        """The words that hold the letters `start`..`end` of `text`."""
        found, at = [], 0
        for word in self.words:
            if at < end and at + len(word.text) > start:
                found.append(word)
            at += len(word.text) + 1
        return tuple(found)

    def is_capitals(self) -> bool:
        letters = [c for c in self.text if c.isalpha()]
        return len(letters) >= 2 and sum(c.isupper() for c in letters) >= 0.8 * len(letters)


@dataclass(frozen=True, kw_only=True)
class PageLayout:
    """A page as rows from top to bottom. `pitch`: height of a usual word, fraction of the page."""

    page: PageText
    rows: tuple[Line, ...]
    pitch: float

    @property
    def number(self) -> int:
        return self.page.page

    @property
    def aspect(self) -> float:
        """Width over height: turns a horizontal fraction into a vertical one."""
        return self.page.width / max(1, self.page.height)

    def segments(self, row: Line, gap: float = 2.2) -> list[Line]:
        """The row cut where the gap is wider than `gap` word heights: columns, cells."""
        groups: list[list[Word]] = []
        for word in row.words:
            before = groups[-1][-1].box.x1 if groups else 0.0
            if groups and (word.box.x0 - before) * self.aspect <= gap * self.pitch:
                groups[-1].append(word)
            else:
                groups.append([word])
        return [Line(page=row.page, words=tuple(g), y=row.y) for g in groups]


def lay_out(page: PageText) -> PageLayout:
    """Rows of a page: engine lines level with each other are one row."""
    lines = _engine_lines(page)
    slope = _skew(lines, page)
    heights = [w.box.height for words in lines for w in words if len(w.text) > 1]
    pitch = median(heights) if heights else 0.012
    levels = sorted(
        ((_level(words, slope, page), words) for words in lines),
        key=lambda pair: (pair[0], pair[1][0].box.x0),
    )
    rows: list[tuple[float, list[Word]]] = []
    for y, words in levels:
        home = next((r for r in rows[-3:] if _same_row(r, y, words, pitch)), None)
        if home is None:
            rows.append((y, list(words)))
        else:
            home[1].extend(words)
    return PageLayout(
        page=page,
        pitch=pitch,
        rows=tuple(
            Line(page=page.page, words=tuple(sorted(ws, key=lambda w: w.box.x0)), y=y)
            for y, ws in rows
        ),
    )


def _engine_lines(page: PageText) -> list[tuple[Word, ...]]:
    lines: dict[int, list[Word]] = {}
    for word in page.words:
        if word.text.strip():
            lines.setdefault(word.line, []).append(word)
    return [
        tuple(level)
        for words in lines.values()
        for level in _levels_of(sorted(words, key=lambda w: w.box.x0))
    ]


def _levels_of(words: Sequence[Word]) -> list[list[Word]]:
    """One line, or the two that the reader took for one: words that stand above one another."""
    if not any(_stacked(a, b) for a, b in pairwise(words)):
        return [list(words)]
    levels: list[list[Word]] = []
    for word in words:
        near = [level for level in levels if _apart(level[-1], word) < _reach(word)]
        home = min(near, key=lambda level: _apart(level[-1], word), default=None)
        if home is None:
            levels.append([word])
        else:
            home.append(word)
    return levels


def _stacked(left: Word, right: Word) -> bool:
    """Two words share a third of the narrower one's width and stand at different heights."""
    shared = left.box.x1 - right.box.x0
    wide = min(left.box.width, right.box.width)
    return shared > wide / 3 and _apart(left, right) > _reach(right)


def _apart(one: Word, other: Word) -> float:
    """How far their middles are from one another in height."""
    return abs(one.box.middle_y - other.box.middle_y)


def _reach(word: Word) -> float:
    return 0.6 * word.box.height


def _skew(lines: Iterable[Sequence[Word]], page: PageText) -> float:
    """Fall of the lines, page heights per page width: median over the long lines."""
    slopes = []
    for words in lines:
        run = words[-1].box.x1 - words[0].box.x0
        if len(words) < 4 or run < 0.3:
            continue
        xs = [w.box.middle_x for w in words]
        ys = [w.box.middle_y for w in words]
        mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
        spread = sum((x - mx) ** 2 for x in xs)
        slopes.append(sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / spread)
    # beyond 5° it is no skew but a turned column or a stamp
    steep = 0.09 * page.width / max(1, page.height)
    return max(-steep, min(steep, median(slopes))) if len(slopes) >= 3 else 0.0


def _level(words: Sequence[Word], slope: float, page: PageText) -> float:
    return median(w.box.middle_y - slope * (w.box.middle_x - 0.5) for w in words)


def _same_row(row: tuple[float, list[Word]], y: float, words: Sequence[Word], pitch: float) -> bool:
    if abs(row[0] - y) > 0.45 * pitch:
        return False
    x0, x1 = min(w.box.x0 for w in words), max(w.box.x1 for w in words)
    return not any(w.box.x0 < x1 - 0.004 and w.box.x1 > x0 + 0.004 for w in row[1])
