# SPDX-License-Identifier: Apache-2.0
"""Lines in reading order: engine lines cut where a column gap runs through them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from ocr.page import Word
from ocr.vietnamese import nfc

SCRAP = 0.6
_LEADER = re.compile(r"[.…·]*(?:\.{4}|…)[.…·]*")
_LONE_DOTS = re.compile(r"[.·]{1,2}")
COLUMN_GAP = 2.5
"""In word heights. Blanks of justified text stay under 1.5; header columns stand 3 apart."""


def number_lines(words: Sequence[Word], aspect: float) -> tuple[Word, ...]:
    """Words line by line, left to right, `line` counted from 0. `aspect`: page width / height."""
    numbered: list[Word] = []
    count = 0
    for line in by_line(words):
        for part in cut_at_gaps(line, aspect):
            numbered += [replace(w, line=count) for w in part]
            count += 1
    return tuple(numbered)


def by_line(words: Sequence[Word]) -> list[list[Word]]:
    """Words of each line, lines in the order given, words from left to right."""
    lines: dict[int, list[Word]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word)
    return [sorted(line, key=lambda w: w.box.x0) for line in lines.values()]


def without_scraps(words: Sequence[Word]) -> tuple[Word, ...]:
    """Leave out lines of one or two doubtful letters: strokes of a signature, rims of a seal.

    And the dots that a form has left behind its value: they are where to write, no text. One or
    two that stand alone are specks wherever they stand (51 of 51 on sample pages).
    """
    return tuple(w for line in by_line(words) if not _is_scrap(line) for w in _undotted(line))


def _is_scrap(line: Sequence[Word]) -> bool:
    letters = sum(c.isalnum() for w in line for c in w.text)
    return letters <= 2 and max(w.confidence for w in line) < SCRAP


def _undotted(line: list[Word]) -> list[Word]:
    last = len(line)
    while last and _LEADER.fullmatch(line[last - 1].text):
        last -= 1
    return [word for word in line[:last] if not _LONE_DOTS.fullmatch(word.text)]


def cut_at_gaps(line: Sequence[Word], aspect: float) -> list[list[Word]]:
    """Cut one line where the gap is wider than `COLUMN_GAP` word heights: columns, cells."""
    heights = [w.box.height for w in line if len(w.text) > 1] or [w.box.height for w in line]
    widest = COLUMN_GAP * median(heights) / max(aspect, 0.01)
    parts: list[list[Word]] = [[line[0]]]
    for word in line[1:]:
        if word.box.x0 - max(w.box.x1 for w in parts[-1]) > widest:
            parts.append([])
        parts[-1].append(word)
    return parts


def join_text(words: Sequence[Word]) -> str:
    """The page's text: words joined by blanks, lines by line feeds, NFC."""
    return nfc("\n".join(" ".join(w.text for w in line) for line in by_line(words)))


def with_line(words: Sequence[Word], found: Sequence[Word]) -> list[Word]:
    """`found` as a line of its own, after the nearest line above it in the same column."""
    line = 1 + max((w.line for w in words), default=-1)
    middle = sum(w.box.y0 + w.box.y1 for w in found) / (2 * len(found))
    x0, x1 = min(w.box.x0 for w in found), max(w.box.x1 for w in found)
    above = [
        (w.box.y1, i)
        for i, w in enumerate(words)
        if (w.box.y0 + w.box.y1) / 2 < middle and w.box.x0 < x1 and w.box.x1 > x0
    ]
    at = 0
    if above:
        owner = words[max(above)[1]].line
        at = 1 + max(i for i, w in enumerate(words) if w.line == owner)
    new = [replace(w, line=line) for w in found]
    return [*words[:at], *new, *words[at:]]
