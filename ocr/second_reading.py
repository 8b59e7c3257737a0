# SPDX-License-Identifier: Apache-2.0
"""The second reader at the doubtful lines of a page that Tesseract had to read.

So it is where our line finder is not sure of its lines. Where Tesseract is unsure, or where the
finder sees a line it did not, the network reads the same ink. What both say is surer than what one
says; where they differ the surer one's text is kept and its confidence stays so low that a person
looks: the network takes a handwritten 20 for 2 at 1.00, so alone it proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ocr.line_finder import lines_in
from ocr.lines import with_line
from ocr.page import Box, Pixels, Word
from ocr.page_ink import PageInk
from ocr.recogniser.reader import ReadLine
from ocr.vietnamese import is_syllable, words_of

DOUBTFUL = 0.85
"""A line whose weakest word Tesseract is less sure of is read again."""
ALONE = 0.78
"""The most that a word may weigh which only one reader saw: numbers, days and names stay flagged.

At .79 a number passes by itself (`ocr.confidence`): eight of eleven handwritten ones did, right
by luck. At .60 days and titles of development papers are lost that .78 gives a person to check.
"""
BAD_PAGE = 0.90
"""Mean confidence of Tesseract's words: clean pages .93-.97, photocopies .60-.88."""
_JUNK = 0.75
_LONE_LETTER = 0.985
_SYLLABLES, _SYLLABLES_SHARE = 3, 0.45
"""So many syllables, so much of the letters, are print, however poor: a seal's rim has fewer."""
_GUESSED = 0.5


class LinesReader(Protocol):
    """Reads pictures of lines (`ocr.recogniser.reader.NetRecogniser`)."""

    def read_crops(self, crops: Sequence[Pixels], boxes: Sequence[Box]) -> list[ReadLine]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """The page's words after the second look; how many lines it took, how many it changed."""

    words: tuple[Word, ...]
    looked_at: int
    changed: int


def read_doubtful(ink: PageInk, words: Sequence[Word], reader: LinesReader) -> SecondReading:
    """Words of the page with its doubtful lines read again; `ink`: the level page they refer to."""
    found = lines_in(ink)
    boxes = found.boxes
    owner = _owners(words, boxes)
    homes = [[w for w, o in zip(words, owner, strict=True) if o == k] for k in range(len(boxes))]
    doubtful = [k for k, home in enumerate(homes) if is_doubtful(home)]
    crops = [found.crop(ink, k) for k in doubtful]
    said = reader.read_crops(crops, [boxes[k] for k in doubtful])
    read = dict(zip(doubtful, said, strict=True))
    kept = {k: chosen(homes[k], line) for k, line in read.items()}
    lines = {k: line for k, line in kept.items() if line is not None}
    changed = len(lines)
    if _is_bad(words):  # specks between the lines of a copy, read as letters
        off = [o < 0 and w.confidence < DOUBTFUL for w, o in zip(words, owner, strict=True)]
        owner = [o for o, gone in zip(owner, off, strict=True) if not gone]
        words = [w for w, gone in zip(words, off, strict=True) if not gone]
    return SecondReading(words=_put(words, owner, lines), looked_at=len(doubtful), changed=changed)


def _is_bad(words: Sequence[Word]) -> bool:
    return sureness(words) < BAD_PAGE


def is_doubtful(line: Sequence[Word]) -> bool:
    said = [w.confidence for w in line if any(c.isalnum() for c in w.text)]
    return not said or min(said) < DOUBTFUL


def chosen(first: Sequence[Word], second: ReadLine) -> tuple[Word, ...] | None:
    """The words to stand for this line, or None: as they were.

    The surer reading's text; a word that both read alike is as sure as the surer of the two.
    """
    if is_junk(second):
        return None
    if first and sureness(first) >= sureness(second.words):
        return _confirmed(first, second.words)
    return tuple(_weighed(word, first) for word in second.words)


def is_junk(line: ReadLine) -> bool:
    """Rims of a seal, strokes of a signature: hardly a letter, or none the network is sure of.

    Small print of a card on a photocopy is no better read, but it says something.
    """
    letters = [c.confidence for c in line.characters if c.text.isalnum()]
    if not letters:
        return True
    mean = float(np.mean([c.confidence for c in line.characters]))
    if len(letters) <= 2:
        return mean < _LONE_LETTER
    return mean < _JUNK and (mean < _GUESSED or not _says_something(line, len(letters)))


def _says_something(line: ReadLine, letters: int) -> bool:
    words = [t for w in line.words for t in words_of(w.text) if len(t) > 1 and is_syllable(t)]
    return len(words) >= _SYLLABLES and sum(map(len, words)) >= _SYLLABLES_SHARE * letters


def sureness(words: Sequence[Word]) -> float:
    """Mean confidence of a reading; 0 for none."""
    return float(np.mean([w.confidence for w in words])) if words else 0.0


def _confirmed(first: Sequence[Word], second: Sequence[Word]) -> tuple[Word, ...] | None:
    """The first reading's words, those that the second reads alike as sure as the surer one."""
    made = tuple(
        replace(w, confidence=max(w.confidence, min(_twin(w, second), 0.97))) for w in first
    )
    return made if made != tuple(first) else None


def _twin(word: Word, others: Sequence[Word]) -> float:
    """Confidence of the word that stands in the same place and says the same; 0 for none."""
    same = [o.confidence for o in others if o.text == word.text and overlap(o.box, word.box) > 0.5]
    return max(same, default=0.0)


def _weighed(word: Word, first: Sequence[Word]) -> Word:
    agreed = _twin(word, first)
    if agreed:
        return replace(word, confidence=max(agreed, min(word.confidence, 0.97)))
    return replace(word, confidence=min(word.confidence, ALONE))


def overlap(a: Box, b: Box) -> float:
    """Of the narrower one's width."""
    shared = min(a.x1, b.x1) - max(a.x0, b.x0)
    return shared / max(1e-6, min(a.width, b.width))


def _owners(words: Sequence[Word], boxes: Sequence[Box]) -> list[int]:
    """For each word the line its middle stands in; -1 for none."""
    if not boxes:
        return [-1] * len(words)
    x0, y0, x1, y1 = np.array([(b.x0, b.y0, b.x1, b.y1) for b in boxes]).T
    owners = []
    for word in words:
        x, y = (word.box.x0 + word.box.x1) / 2, (word.box.y0 + word.box.y1) / 2
        inside = np.flatnonzero((x0 <= x) & (x <= x1) & (y0 <= y) & (y <= y1))
        off = np.abs((y0 + y1)[inside] / 2 - y)
        owners.append(int(inside[off.argmin()]) if inside.size else -1)
    return owners


def _put(
    words: Sequence[Word], owner: Sequence[int], lines: dict[int, tuple[Word, ...]]
) -> tuple[Word, ...]:
    """`lines` in the place of the words they were read for; new ones after the line above."""
    put: list[Word] = []
    for word, home in zip(words, owner, strict=True):
        if home not in lines:
            put.append(word)
            continue
        for new in lines.pop(home, ()):
            put.append(replace(new, line=word.line))
        lines[home] = ()
    for line in [line for line in lines.values() if line]:
        put = with_line(put, line)
    return tuple(put)
