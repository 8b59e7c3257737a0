# SPDX-License-Identifier: Apache-2.0
"""Which way up? By evidence: a page is upright when it reads as Vietnamese.

Tesseract's orientation was right on 296 of 296 turned pages, but its confidence was under 14 on
109 of them; a threshold leaves pages upside down. And it costs a third of a reading: so it is
asked only when the reading as scanned does not already prove itself, and the network, which reads
a strip each way in a quarter of that time, reads in no way or in more than one. Of a photo so
small that nothing on it reads, the rows themselves tell: they are long, and flush where they begin.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ocr.clean import ink_mask
from ocr.line_finder import find_lines
from ocr.page import Box, Pixels, Word
from ocr.recognise import Recogniser
from ocr.straighten import turn
from ocr.tesseract import detect_orientation
from ocr.vietnamese import is_syllable, words_of

SURE = 14.0
ENOUGH = 12
_NOTHING, _READ = 3, 0.6
"""So few syllables tell nothing; a word read less surely is none."""
_FEW, _CLEARLY = 8, 4
"""Different syllables, and so many times those of any other way: a form has a dozen words."""
_OSD_DPI = 150
_STRIP_INCHES, _SHORT_STRIP_INCHES = 1.6, 0.8
_ROWS_DPI, _MOST_PIXELS = 110, 20_000_000
"""Enlarged to no more than a sheet of A0: a larger drawing would take gigabytes."""
_FEWEST_ROWS, _LONGER, _FLUSHER = 5, 1.5, 1.15
"""Rows at least; so much longer than across the page, and so much more in line where they begin."""
_SAME_EDGE = 16
"""Pixels: about the height of a line of a small photo enlarged."""


def reads_upright(words: Sequence[Word]) -> bool:
    """Enough surely read valid syllables, more of them than of anything else, in level words.

    Tesseract reads a page that lies on its side too: word by word, in upright boxes.
    """
    long = [w.box.width > w.box.height for w in words if len(w.text) >= 4]
    if sum(long) <= len(long) / 2:
        return False
    letters = [t for w in words for t in words_of(w.text) if len(t) > 1]
    return count_syllables(words, 0.8) >= max(ENOUGH, 0.4 * len(letters))


def count_syllables(words: Sequence[Word], confidence: float) -> int:
    """Valid syllables of two letters or more read at least that surely."""
    return sum(
        is_syllable(t)
        for w in words
        if w.confidence >= confidence
        for t in words_of(w.text)
        if len(t) > 1
    )


def level_syllables(words: Sequence[Word], page: Pixels) -> int:
    """Valid syllables that lie along the rows of the page they were read on.

    A page on its side is read too, block by block: 111 syllables against 65 the right way up.
    """
    return count_syllables(level_words(words, page), _READ)


def find_upright(
    grey: Pixels, dpi: float, recogniser: Recogniser, net: Recogniser | None = None
) -> int:
    """Clockwise degrees that turn the page upright; 0 when nothing tells.

    `net` is asked first: where one way alone reads, Tesseract's orientation need not be started.
    """
    if net is not None and (way := _only_way(grey, dpi, net)) is not None:
        return way
    scale = min(1.0, _OSD_DPI / dpi)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    guess = detect_orientation(np.asarray(small, dtype=np.uint8), dpi * scale)
    if guess is None:
        return _best_of(grey, dpi, recogniser, (0, 180, 90, 270))
    if guess.confidence >= SURE:
        return guess.degrees
    likely = [(guess.degrees + more) % 360 for more in (0, 180, 90, 270)]
    return _best_of(grey, dpi, recogniser, likely)


def _only_way(grey: Pixels, dpi: float, net: Recogniser) -> int | None:
    """The way in which the densest strip reads, and no other at all well; None without one.

    The sides first: of the pages asked about most lie on one of them, and where one reads much the
    other two ways are not looked at. A form without its answers has a dozen words.
    """
    counts: dict[int, int] = {}
    for pair, enough in (((90, 270), 2 * ENOUGH), ((180, 0), _FEW)):
        strip = _densest(turn(grey, pair[0]), dpi, _SHORT_STRIP_INCHES)
        for way, page in ((pair[0], strip), (pair[1], turn(strip, 180))):
            counts[way] = _different_syllables(net.read_page(page, dpi), page)
        best, *others = sorted(counts, key=lambda way: counts[way], reverse=True)
        if counts[best] >= max(enough, _CLEARLY * counts[others[0]]):
            return best
    return None


def _best_of(grey: Pixels, dpi: float, recogniser: Recogniser, ways: Sequence[int]) -> int:
    """The way in which the densest strip gives most valid syllables; the first when none does.

    A page and its upside down first: where one of them reads, its sides are not looked at.
    """
    counts: dict[int, int] = {}
    for pair in (ways[:2], ways[2:]):
        counts |= {way: _syllables_of_strip(turn(grey, way), dpi, recogniser) for way in pair}
        if max(counts.values()) >= ENOUGH:
            break
    best = max(counts, key=lambda way: counts[way])
    if counts[best] > _NOTHING:
        return best
    by_rows = _upright_by_rows(grey, dpi)
    return ways[0] if by_rows is None else by_rows


def _upright_by_rows(grey: Pixels, dpi: float) -> int | None:
    """Clockwise degrees after which long rows begin flush at the left; None when no rows say so.

    Asked of 44 turned pages, most of them legible: 40 right, 1 wrong (set flush at both ends), 3
    times no answer. Where a page reads, what it reads decides.
    """
    found = {way: _rows(turn(grey, way), dpi) for way in (0, 90)}
    lengths = {way: sum(row.width for row in rows) for way, rows in found.items()}
    along = max(lengths, key=lambda way: lengths[way])
    rows = found[along]
    if len(rows) < _FEWEST_ROWS or lengths[along] < _LONGER * lengths[90 - along]:
        return None
    begin, end = _flush([row.x0 for row in rows]), _flush([row.x1 for row in rows])
    if max(begin, end) < _FLUSHER * min(begin, end):
        return None
    return along if begin > end else along + 180


def _rows(grey: Pixels, dpi: float) -> list[Box]:
    """Lines of text with their sides in pixels, of a picture enlarged where it is small."""
    scale = max(1.0, min(_ROWS_DPI / dpi, (_MOST_PIXELS / grey.size) ** 0.5))
    fine = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC))
    high, wide = fine.shape
    sides = (
        Box(b.x0 * wide, b.y0 * high, b.x1 * wide, b.y1 * high)
        for b in find_lines(np.asarray(fine, np.uint8), dpi * scale).boxes
    )
    return [box for box in sides if box.width > 4 * box.height]


def _flush(edges: Sequence[float]) -> float:
    """How many edges stand at the same place as one does, in the mean."""
    at = np.asarray(edges)
    return float((np.abs(at[:, None] - at[None, :]) < _SAME_EDGE).sum(axis=1).mean())


def _syllables_of_strip(grey: Pixels, dpi: float, recogniser: Recogniser) -> int:
    strip = _densest(grey, dpi, _STRIP_INCHES)
    return level_syllables(recogniser.read_page(strip, dpi), strip)


def _densest(grey: Pixels, dpi: float, inches: float) -> Pixels:
    """The rows of the page, so many inches of them, that hold most ink."""
    high = max(16, round(inches * dpi))
    rows = cv2.reduce(ink_mask(grey), 1, cv2.REDUCE_SUM, dtype=cv2.CV_64F).ravel()
    if len(rows) <= high:
        return grey
    top = int(np.convolve(rows, np.ones(high), mode="valid").argmax())
    return np.ascontiguousarray(grey[top : top + high])


def _different_syllables(words: Sequence[Word], page: Pixels) -> int:
    """As `level_syllables`, each counted once: a letter on its side is the same sign every time."""
    sure = [w for w in level_words(words, page) if w.confidence >= _READ]
    return len(
        {t.casefold() for w in sure for t in words_of(w.text) if len(t) > 1 and is_syllable(t)}
    )


def level_words(words: Sequence[Word], page: Pixels) -> list[Word]:
    """Words of two letters or more that lie along the rows of the page they were read on."""
    shape = page.shape[0] / page.shape[1]
    return [w for w in words if len(w.text) > 1 and w.box.width > w.box.height * shape]
