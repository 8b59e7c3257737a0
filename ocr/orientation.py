# SPDX-License-Identifier: Apache-2.0
"""Which way up? By evidence: a page is upright when it reads as Vietnamese.

Tesseract's orientation was right on 296 of 296 turned pages, but its confidence was under 14 on
109 of them; a threshold leaves pages upside down. And it costs a third of a reading: so it is
asked only when the reading as scanned does not already prove itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ocr.clean import ink_mask
from ocr.page import Pixels, Word
from ocr.recognise import Recogniser
from ocr.straighten import turn
from ocr.tesseract import detect_orientation
from ocr.vietnamese import is_syllable, words_of

SURE = 14.0
ENOUGH = 12
_NOTHING = 3
_OSD_DPI = 150
_STRIP_INCHES = 1.6


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


def find_upright(grey: Pixels, dpi: float, recogniser: Recogniser) -> int:
    """Clockwise degrees that turn the page upright; 0 when nothing tells."""
    scale = min(1.0, _OSD_DPI / dpi)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    guess = detect_orientation(np.asarray(small, dtype=np.uint8), dpi * scale)
    if guess is None:
        return _best_of(grey, dpi, recogniser, (0, 90, 180, 270))
    if guess.confidence >= SURE:
        return guess.degrees
    other = (guess.degrees + 180) % 360
    return _best_of(grey, dpi, recogniser, (guess.degrees, other))


def _best_of(grey: Pixels, dpi: float, recogniser: Recogniser, ways: Sequence[int]) -> int:
    """The way in which the densest strip gives most valid syllables; the first when none does."""
    counts = {way: _syllables_of_strip(turn(grey, way), dpi, recogniser) for way in ways}
    best = max(ways, key=lambda way: counts[way])
    return best if counts[best] > _NOTHING else ways[0]


def _syllables_of_strip(grey: Pixels, dpi: float, recogniser: Recogniser) -> int:
    high = max(16, round(_STRIP_INCHES * dpi))
    rows = (ink_mask(grey) > 0).sum(axis=1).astype(np.float64)
    if len(rows) > high:
        sums = np.convolve(rows, np.ones(high), mode="valid")
        top = int(sums.argmax())
        grey = np.ascontiguousarray(grey[top : top + high])
    return count_syllables(recogniser.read_page(grey, dpi), 0.6)
