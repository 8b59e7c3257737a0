# SPDX-License-Identifier: Apache-2.0
"""Red stamps that say something: HỎA TỐC in a slanted arrow, MẬT in a box.

NĐ 30/2020, PL I, ô 10: urgency and secrecy are stamped in red, often askew, where Tesseract reads
no line. Each red figure of the header is levelled and read alone; only the words of the law count.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from rapidfuzz import fuzz

from ocr.clean import red_mask
from ocr.lines import by_line
from ocr.normalise import squeeze
from ocr.page import Box, Pixels, Word
from ocr.recognise import Recogniser
from ocr.red_figures import header_reach, stamp_figures, without_frame

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


def red_marks(pixels: Pixels, dpi: float, recogniser: Recogniser) -> tuple[Word, ...]:
    """Marks stamped in red on the upper part of an upright page, each as one line of its own."""
    if pixels.ndim == 2:
        return ()
    top = pixels[: round(header_reach(pixels.shape[1] / pixels.shape[0]) * pixels.shape[0])]
    red = red_mask(top)
    found: list[Word] = []
    for line, (box, figure) in enumerate(stamp_figures(red, dpi)):
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


def _read(figure: Pixels, dpi: float, recogniser: Recogniser) -> tuple[str, float] | None:
    """The mark on a levelled figure, frame and arrow taken away; None when it bears none."""
    inside = without_frame(figure)
    scale = max(1.0, _FINE_DPI / dpi)
    fine = cv2.resize(inside, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    for image in (fine, np.ascontiguousarray(fine[::-1, ::-1])):
        framed = cv2.copyMakeBorder(image, 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=(255,))
        words = recogniser.read_line(np.asarray(framed, dtype=np.uint8), dpi * scale)
        mark = _named(" ".join(w.text for w in words))
        if mark is not None:
            return mark, max(w.confidence for w in words)
    return None


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
