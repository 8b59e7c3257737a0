# SPDX-License-Identifier: Apache-2.0
"""Red stamps that say something: HỎA TỐC in a slanted arrow, MẬT in a box.

NĐ 30/2020, PL I, ô 10: urgency and secrecy are stamped in red, often askew, where Tesseract reads
no line. Each red figure of the header is levelled and read alone; only the words of the law count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from ocr.clean import Mask, red_mask
from ocr.lines import by_line
from ocr.normalise import nfc, squeeze
from ocr.page import Box, Pixels, Word
from ocr.recognise import Recogniser

MARKS = ("TUYỆT MẬT", "TỐI MẬT", "MẬT", "HỎA TỐC", "THƯỢNG KHẨN", "KHẨN")
_PLAIN = {squeeze(mark): mark for mark in MARKS}
REACH = 0.45
_SHORTEST_INCHES = 0.4
_LONGEST_INCHES = 3.0
MOST_FIGURES = 4


def red_marks(pixels: Pixels, dpi: float, recogniser: Recogniser) -> tuple[Word, ...]:
    """Marks stamped in red on the upper part of an upright page, each as one line of its own."""
    if pixels.ndim == 2:
        return ()
    top = pixels[: round(REACH * pixels.shape[0])]
    red = red_mask(top)
    found: list[Word] = []
    for line, (box, figure) in enumerate(_figures(red, dpi)):
        seen = _read(figure, dpi, recogniser)
        if seen is None:
            continue
        text, confidence = seen
        x, y, w, h = box
        height, width = pixels.shape[:2]
        place = Box(x / width, y / height, (x + w) / width, (y + h) / height)
        found.append(Word(text=text, box=place, confidence=confidence, line=line))
    return tuple(found)


def with_marks(words: tuple[Word, ...], marks: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words of a page and those marks that are not among its lines already."""
    said = {squeeze(" ".join(w.text for w in line)) for line in by_line(words)}
    first = 1 + max((w.line for w in words), default=-1)
    new = [m for m in marks if squeeze(m.text) not in said]
    return (*words, *(replace(m, line=first + i) for i, m in enumerate(new)))


def _figures(red: Mask, dpi: float) -> Iterator[tuple[tuple[int, int, int, int], Pixels]]:
    """Red figures of stamp size: their box, and the figure alone, black on white and level."""
    reach = max(3, round(0.08 * dpi))
    joined = cv2.morphologyEx(red, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for outline in sorted(outlines, key=cv2.contourArea, reverse=True)[:MOST_FIGURES]:
        middle, (wide, high), angle = cv2.minAreaRect(outline)
        if wide < high:
            wide, high, angle = high, wide, angle - 90
        if not _SHORTEST_INCHES * dpi <= wide <= _LONGEST_INCHES * dpi or high < 0.12 * dpi:
            continue
        if wide < 1.3 * high:  # round: an office's seal
            continue
        x, y, w, h = cv2.boundingRect(outline)
        turn = cv2.getRotationMatrix2D(middle, angle, 1.0)
        turn[:, 2] += np.array([wide / 2 - middle[0], high / 2 - middle[1]])
        size = (max(1, round(wide)), max(1, round(high)))
        figure = cv2.warpAffine(255 - red, turn, size, borderValue=(255, 255, 255))
        yield (x, y, w, h), np.asarray(figure, dtype=np.uint8)


def _read(figure: Pixels, dpi: float, recogniser: Recogniser) -> tuple[str, float] | None:
    """The mark on a levelled figure, frame and arrow taken away; None when it bears none."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(255 - figure, connectivity=8)
    frame = stats[:, cv2.CC_STAT_WIDTH] > 0.5 * figure.shape[1]
    frame[0] = False
    inside = figure.copy()
    inside[frame[labels]] = 255
    for image in (inside, np.ascontiguousarray(inside[::-1, ::-1])):
        framed = cv2.copyMakeBorder(image, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=(255,))
        words = recogniser.read_line(np.asarray(framed, dtype=np.uint8), dpi)
        mark = _named(" ".join(w.text for w in words))
        if mark is not None:
            return mark, max(w.confidence for w in words)
    return None


def _named(text: str) -> str | None:
    """The mark, when the figure says nothing else; secrecy by its letters ("MẶT" is none)."""
    said = " ".join(part for part in squeeze(text).split() if len(part) > 1)
    mark = _PLAIN.get(said)
    return None if mark and "MẬT" in mark and "MẬT" not in nfc(text) else mark
