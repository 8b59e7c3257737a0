# SPDX-License-Identifier: Apache-2.0
"""The signature block read again: the one place where three inks lie on one another.

A seal in red, a signature in blue, the name in black, or stamped in red as the seal is. No single
preparation shows them all: lifting red takes the stamped name along, keeping it leaves the seal's
letters in the name. So the block alone is read as it is, without its colours, and in red alone,
and of each reading only the lines are taken that say what stands there by NĐ 30/2020 (PL I, ô 7):
the authority, the title, the name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from ocr.clean import ink_mask, red_mask
from ocr.closing import block_zone, said_in_block
from ocr.layout import PageLayout
from ocr.lines import by_line, join_text
from ocr.normalise import squeeze
from ocr.page import Box, PageText, Pixels, Word
from ocr.recognise import Recogniser
from ocr.tesseract import placed, read_scattered

_FINE_DPI = 300
_SURE = 0.95
"""What is read surely already is left alone."""
_DISPUTED = 0.6
_STROKE = 0.3
_TITLE = 0.3
_BESIDE, _INKED = 1.2, 0.04
"""Beside a line, so many heights far, so large a share of ink is a word that was not read."""
_RED = 0.0005
"""Share of the block that is red before it is worth reading red alone."""


def with_signature_block(
    page: PageText, layout: PageLayout, pixels: Pixels, recogniser: Recogniser
) -> PageText:
    """The page with its block read again where a name or a title is missing or doubtful.

    `pixels`: the upright page the boxes refer to, grey or RGB.
    """
    zone = block_zone(layout)
    if zone is None or _is_clear(layout, zone):
        return page
    words = list(page.words)
    seen: list[list[Word]] = []
    for lines in _readings(pixels, page.dpi, zone, recogniser):
        seen += lines
        if _has_sure_name(_agreed(seen)):
            break
    for line in _agreed(seen):
        words = _put(words, line)
    if len(words) == len(page.words) and tuple(words) == page.words:
        return page
    return replace(page, words=tuple(words), text=join_text(words))


def _is_clear(layout: PageLayout, zone: Box) -> bool:
    """The name was read surely, a title too: nothing to gain."""
    lines = [line for line in by_line(layout.page.words) if _inside(zone, line)]
    return _has_sure_name(lines) and any(said_in_block(line) == "title" for line in lines)


def _has_sure_name(lines: Sequence[Sequence[Word]]) -> bool:
    return any(_weakest(line) >= _SURE and said_in_block(line) == "name" for line in lines)


def _readings(
    pixels: Pixels, dpi: float, zone: Box, recogniser: Recogniser
) -> Iterator[list[list[Word]]]:
    """Lines of the block that say something, reading after reading."""
    height, width = pixels.shape[:2]
    x0, x1 = int(zone.x0 * width), int(zone.x1 * width)
    y0, y1 = int(zone.y0 * height), int(zone.y1 * height)
    crop = pixels[y0:y1, x0:x1]
    if min(crop.shape[:2]) < 16:
        return
    place = Box(x0 / width, y0 / height, x1 / width, y1 / height)
    scale = max(1.0, _FINE_DPI / dpi)
    for ink in _inks(crop):
        fine = ink
        if scale > 1:
            fine = np.asarray(
                cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8
            )
        seen = by_line(read_scattered(recogniser, fine, dpi * scale))
        lines = [_doubted_beside_ink(said, fine) for line in seen if (said := _said(line))]
        yield [list(placed(tuple(line), place)) for line in lines]


def _doubted_beside_ink(line: list[Word], image: Pixels) -> list[Word]:
    """A line with ink right beside it may have lost a word to the seal: it goes to a person."""
    height, width = image.shape
    box = _box(line)
    high = (box.y1 - box.y0) * height
    rows = slice(max(0, int(box.y0 * height)), int(box.y1 * height) + 1)
    left, right = int(box.x0 * width - 0.15 * high), int(box.x1 * width + 0.15 * high)
    reach = round(_BESIDE * high)
    ink = ink_mask(image)
    for beside in (
        ink[rows, max(0, left - reach) : max(0, left)],
        ink[rows, right : right + reach],
    ):
        if beside.size and cv2.countNonZero(beside) > _INKED * beside.size:
            return [replace(w, confidence=min(w.confidence, _DISPUTED)) for w in line]
    return line


def _inks(crop: Pixels) -> Iterator[Pixels]:
    if crop.ndim == 2:
        yield np.ascontiguousarray(crop)
        return
    yield np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8)
    yield np.ascontiguousarray(crop.max(axis=2))  # neither red nor blue
    if cv2.countNonZero(red_mask(crop)) > _RED * crop.shape[0] * crop.shape[1]:
        red, green, blue = cv2.split(crop)
        over = cv2.subtract(red, cv2.max(green, blue))
        yield np.asarray(cv2.bitwise_not(cv2.convertScaleAbs(over, alpha=255 / 120)), np.uint8)


def _said(line: Sequence[Word]) -> list[Word]:
    """The words of a line that are an authority, a title or a name; [] when it is none.

    Strokes are taken off its ends only: a doubtful word inside is a part of the name. A title
    is never sure here: the ink around it may be the KT. or PHÓ that makes another of it.
    """
    kept = list(line)
    while kept and not _is_word(kept[0]):
        del kept[0]
    while kept and not _is_word(kept[-1]):
        del kept[-1]
    said = said_in_block(kept) if kept else None
    if said == "name":
        return kept
    return [replace(w, confidence=min(w.confidence, _TITLE)) for w in kept] if said else []


def _is_word(word: Word) -> bool:
    return word.confidence > _STROKE and any(c.isalpha() for c in word.text)


def _agreed(lines: Sequence[list[Word]]) -> list[list[Word]]:
    """One line for each place: the surest reading; where others differ, the word is in doubt."""
    best: list[list[Word]] = []
    for line in sorted(lines, key=_rank, reverse=True):
        same = next((b for b in best if _same_place(_box(b), _box(line))), None)
        if same is None:
            best.append(line)
        elif len(same) == len(line):
            for n, (mine, other) in enumerate(zip(same, line, strict=True)):
                differs = squeeze(mine.text) == squeeze(other.text) and mine.text != other.text
                if differs and other.confidence >= _DISPUTED:
                    same[n] = replace(mine, confidence=min(mine.confidence, _DISPUTED))
    return best


def _rank(line: Sequence[Word]) -> tuple[int, float]:
    return len(line) if said_in_block(line) == "name" else 0, _weakest(line)


def _put(words: Sequence[Word], line: Sequence[Word]) -> list[Word]:
    """The line in place of what stood there: a name read more surely, a title where none was."""
    box = _box(line)
    under = [w for w in words if _middle_in(box, w.box)]
    said = said_in_block(under) if under else None
    if said and (said != "name" or _weakest(under) >= _weakest(line)):
        return list(words)
    number = 1 + max((w.line for w in words), default=-1)
    fresh = [replace(w, line=number) for w in line]
    return [*(w for w in words if w not in under), *fresh]


def _weakest(line: Sequence[Word]) -> float:
    return min((w.confidence for w in line if any(c.isalnum() for c in w.text)), default=0.0)


def _box(line: Sequence[Word]) -> Box:
    box = Box.around(w.box for w in line)
    assert box is not None  # noqa: S101 - lines have words
    return box


def _inside(zone: Box, line: Sequence[Word]) -> bool:
    return _middle_in(zone, _box(line))


def _middle_in(outer: Box, inner: Box) -> bool:
    x, y = (inner.x0 + inner.x1) / 2, (inner.y0 + inner.y1) / 2
    return outer.x0 <= x <= outer.x1 and outer.y0 <= y <= outer.y1


def _same_place(a: Box, b: Box) -> bool:
    """One line, not two close ones: "GIÁM ĐỐC" stands right above "PHÓ GIÁM ĐỐC"."""
    apart = abs(a.y0 + a.y1 - b.y0 - b.y1) / 2
    return a.x0 < b.x1 and b.x0 < a.x1 and apart < 0.5 * min(a.height, b.height)
