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
from rapidfuzz import fuzz

from ocr.clean import Mask, red_mask
from ocr.lines import by_line
from ocr.normalise import squeeze
from ocr.page import Box, Pixels, Word
from ocr.recognise import Recogniser
from ocr.secrecy import header_reach

MARKS = (
    "TUYỆT MẬT",
    "TỐI MẬT",
    "MẬT",
    "TÀI LIỆU THU HỒI",
    "HỎA TỐC",
    "THƯỢNG KHẨN",
    "KHẨN",
)
_LETTERS = {squeeze(mark).replace(" ", ""): mark for mark in MARKS}
_ALIKE = 75
_FINE_DPI = 300
_SHORTEST_INCHES = 0.4
_LONGEST_INCHES = 3.0
MOST_FIGURES = 4


def red_marks(pixels: Pixels, dpi: float, recogniser: Recogniser) -> tuple[Word, ...]:
    """Marks stamped in red on the upper part of an upright page, each as one line of its own."""
    if pixels.ndim == 2:
        return ()
    top = pixels[: round(header_reach(pixels.shape[1] / pixels.shape[0]) * pixels.shape[0])]
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
        if wide < 1.3 * high and high > 0.9 * dpi:  # round: an office's seal
            continue
        x, y, w, h = cv2.boundingRect(outline)
        turn = cv2.getRotationMatrix2D(middle, angle, 1.0)
        turn[:, 2] += np.array([wide / 2 - middle[0], high / 2 - middle[1]])
        size = (max(1, round(wide)), max(1, round(high)))
        figure = cv2.warpAffine(
            cv2.bitwise_not(red), turn, size, flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255)
        )
        yield (x, y, w, h), np.asarray(figure, dtype=np.uint8)


def _read(figure: Pixels, dpi: float, recogniser: Recogniser) -> tuple[str, float] | None:
    """The mark on a levelled figure, frame and arrow taken away; None when it bears none."""
    inside = _without_frame(figure)
    scale = max(1.0, _FINE_DPI / dpi)
    fine = cv2.resize(inside, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    for image in (fine, np.ascontiguousarray(fine[::-1, ::-1])):
        framed = cv2.copyMakeBorder(image, 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=(255,))
        words = recogniser.read_line(np.asarray(framed, dtype=np.uint8), dpi * scale)
        mark = _named(" ".join(w.text for w in words))
        if mark is not None:
            return mark, max(w.confidence for w in words)
    return None


def _without_frame(figure: Pixels) -> Pixels:
    """Sides of the frame first, for letters touch it (Ậ the upper one); then what is left of it."""
    height, width = figure.shape
    ink = np.asarray(cv2.threshold(figure, 128, 255, cv2.THRESH_BINARY_INV)[1], dtype=np.uint8)
    across = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, max(8, int(0.4 * width))), np.uint8))
    down = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((max(8, int(0.75 * height)), 1), np.uint8))
    sides = cv2.dilate(cv2.bitwise_or(across, down), np.ones((3, 3), np.uint8))
    left = np.asarray(cv2.bitwise_and(ink, cv2.bitwise_not(sides)), dtype=np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(left, connectivity=8)
    # a side not quite level leaves a row of crumbs, in which the engine sees no line at all
    kept = (stats[:, cv2.CC_STAT_WIDTH] <= 0.5 * width) & (stats[:, cv2.CC_STAT_HEIGHT] > 2)
    kept[0] = False
    letters = cv2.dilate(kept.astype(np.uint8)[labels], np.ones((3, 3), np.uint8))
    return np.where(letters > 0, figure, 255).astype(np.uint8)


def _named(text: str) -> str | None:
    """The mark, when the figure says nothing else.

    By its letters without marks, which a stamp's ink blurs first; a longer one may have a letter
    wrong: a mark seen too often costs a look, one not seen breaks the law.
    """
    said = "".join(part for part in squeeze(text).split() if len(part) > 1)
    if said in _LETTERS:
        return _LETTERS[said]
    likeness = {mark: fuzz.ratio(said, letters) for letters, mark in _LETTERS.items()}
    best = max(likeness, key=lambda mark: likeness[mark])
    return best if likeness[best] >= _ALIKE and len(said) >= 5 and " " in best else None
