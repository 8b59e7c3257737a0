# SPDX-License-Identifier: Apache-2.0
"""A doubtful mark at the end of a line, by how the next line begins.

A speck makes a comma of a full stop and a colon of a semicolon. Before a line that begins a new
paragraph no comma stands; items of a list end with semicolons (NĐ 30/2020/NĐ-CP, PL I: "Nơi nhận").
Only marks that the network itself held for possible are put in.

Measured on 315 sample pages of three levels: 26 marks put right, 2 wrong ("Thôn Xuân Mỹ," on
cards). A full stop before small letters is left: of 11 such 10 were printed so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ocr.page import Box
from ocr.recogniser.decoding import NEARLY_SURE, Character, text_of

_PARAGRAPH = re.compile(r"[A-ZÀ-ỸĐ]|[-–+]\s|\d+\s?[.)]|[a-zđ]\)")
_ITEM = re.compile(r"[-–+]\s")
_BELOW, _FAR = 0.5, 1.2
"""Of a line's height: how much lower the next line is at least, and what paper lies between."""


def with_ends(
    lines: Sequence[tuple[Character, ...]], boxes: Sequence[Box]
) -> list[tuple[Character, ...]]:
    """The lines of a page in reading order, their last marks as the lines below them ask."""
    texts = [text_of(line) for line in lines]
    made = list(lines)
    for k, line in enumerate(lines):
        if len(line) > 1 and line[-1].text in ",:" and line[-1].confidence < NEARLY_SURE:
            below = _below(k, boxes)
            wanted = _wanted(line[-1].text, texts[k], texts[below]) if below else None
            if wanted:
                made[k] = (*line[:-1], _as(line[-1], wanted))
    return made


def _below(k: int, boxes: Sequence[Box]) -> int | None:
    """The line right under this one, in the same column."""
    box = boxes[k]
    for n in range(k + 1, min(k + 4, len(boxes))):
        other = boxes[n]
        shared = min(other.x1, box.x1) - max(other.x0, box.x0)
        if shared > min(other.width, box.width) / 2 and other.y0 > box.y0 + _BELOW * box.height:
            return n if other.y0 - box.y1 < _FAR * box.height else None
    return None


def _wanted(mark: str, line: str, below: str) -> str | None:
    if mark == "," and _PARAGRAPH.match(below):
        return "."
    if mark == ":" and _ITEM.match(line) and _ITEM.match(below):
        return ";"
    return None


def _as(mark: Character, wanted: str) -> Character:
    chance = dict(mark.alternatives).get(wanted)
    if chance is None:
        return mark
    others = tuple(o for o in mark.alternatives if o[0] != wanted)
    return replace(
        mark,
        text=wanted,
        confidence=chance,
        alternatives=((mark.text, mark.confidence), *others),
    )
