# SPDX-License-Identifier: Apache-2.0
"""The signature block read again: the one place where three inks lie on one another.

A seal in red, a signature in blue, the name in black, or stamped in red as the seal is. No single
preparation shows them all: lifting red takes the stamped name along, keeping it leaves the seal's
letters in the name; on a grey scan only darkness tells print from seal. So the block alone is read
in several inks, by the network where there is one and by Tesseract, and of each reading only the
lines are taken that say what stands there by NĐ 30/2020 (PL I, ô 7): the authority, the title, the
name. A name is sure when two readings say it letter by letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from ocr.clean import ink_mask
from ocr.closing import block_zone, said_in_block
from ocr.hidden_names import FINE_DPI, clear_end, hidden_name
from ocr.layout import PageLayout
from ocr.line_finder import find_lines
from ocr.lines import by_line, join_text
from ocr.page import Box, PageText, Pixels, Word
from ocr.recognise import Recogniser
from ocr.recogniser.reader import NetRecogniser
from ocr.second_reading import ALONE
from ocr.signature_inks import distinct, enlarged, inks_of
from ocr.signature_lines import (
    DISPUTED,
    Seen,
    agreed,
    begins_outside,
    box_of,
    covers,
    inside,
    put,
    said_words,
    same_place,
    weakest,
)
from ocr.tesseract import placed, read_scattered

_NET_DPI = 200
"""Coarser scans are enlarged; for the network no further: half as much time again, no name more."""
_SURE = 0.95
"""What is read surely already is left alone."""
_BESIDE, _INKED = 1.2, 0.04
"""Beside a line, so many heights far, so large a share of ink is a word that was not read."""
_CLOSE, _ROOM = 0.25, 2.0
"""Heights of its line on each side of a name: as found, and for words the network did not see."""
_CUT = 2
"""Pixels: as near the edge of the block is a line that goes on beyond it."""


def with_signature_block(
    page: PageText,
    layout: PageLayout,
    pixels: Pixels,
    recogniser: Recogniser,
    net: NetRecogniser | None = None,
) -> PageText:
    """The page with its block read again where a name or a title is missing or doubtful.

    `pixels`: the upright page the boxes refer to, grey or RGB.
    """
    zone = block_zone(layout)
    if zone is None or _is_clear(layout, zone):
        return page
    words = list(page.words)
    named = _has_sure_name([line for line in by_line(page.words) if inside(zone, line)])
    seen: list[Seen] = []
    for lines in _readings(pixels, page.dpi, zone, recogniser, net, named=named):
        seen += [line for line in lines if not begins_outside(line.words, zone, page.words)]
        if _has_sure_name(agreed(seen)):
            break
    # what is nearly a name only where there is none
    for line in sorted(agreed(seen), key=lambda line: said_in_block(line) is None):
        if said_in_block(line) or not _holds_name(words, zone):
            words = put(words, line)
    if net is not None:
        words = _with_hidden_name(words, page, pixels, zone, net, recogniser)
    if len(words) == len(page.words) and tuple(words) == page.words:
        return page
    return replace(page, words=tuple(words), text=join_text(words))


def _holds_name(words: Sequence[Word], zone: Box) -> bool:
    lines = (line for line in by_line(words) if inside(zone, line))
    return any(said_in_block(line) == "name" for line in lines)


def _with_hidden_name(
    words: list[Word],
    page: PageText,
    pixels: Pixels,
    zone: Box,
    net: NetRecogniser,
    recogniser: Recogniser,
) -> list[Word]:
    """Where nobody read a name, the one that fits best what the seal has left of it."""
    found = clear_end([line for line in by_line(words) if inside(zone, line)])
    if found is None:
        return words
    x0, y0, x1, y1 = zone.pixels(pixels.shape)
    height, width = pixels.shape[:2]
    place = Box(x0 / width, y0 / height, x1 / width, y1 / height)
    scale = max(1.0, FINE_DPI / page.dpi)
    inks = [enlarged(ink, scale) for ink in distinct(inks_of(pixels[y0:y1, x0:x1]))]
    row, centre = _within(place, found[0]), (found[1] - place.x0) / place.width
    line = list(placed(hidden_name(inks, row, centre, net, recogniser), place))
    if not line:
        return words
    box = box_of(line)
    number = 1 + max((w.line for w in words), default=-1)
    beside = [w for w in words if not box.holds_middle_of(w.box) and not covers(w, line)]
    return [*beside, *(replace(w, line=number) for w in line)]


def _is_clear(layout: PageLayout, zone: Box) -> bool:
    """The name was read surely, a title too: nothing to gain."""
    lines = [line for line in by_line(layout.page.words) if inside(zone, line)]
    return _has_sure_name(lines) and any(said_in_block(line) == "title" for line in lines)


def _has_sure_name(lines: Sequence[Sequence[Word]]) -> bool:
    return any(weakest(line) >= _SURE and said_in_block(line) == "name" for line in lines)


def _readings(
    pixels: Pixels,
    dpi: float,
    zone: Box,
    recogniser: Recogniser,
    net: NetRecogniser | None,
    *,
    named: bool,
) -> Iterator[list[Seen]]:
    """Lines of the block that say something, reading after reading."""
    height, width = pixels.shape[:2]
    x0, x1 = int(zone.x0 * width), int(zone.x1 * width)
    y0, y1 = int(zone.y0 * height), int(zone.y1 * height)
    crop = pixels[y0:y1, x0:x1]
    if min(crop.shape[:2]) < 16:
        return
    place = Box(x0 / width, y0 / height, x1 / width, y1 / height)
    scale = max(1.0, (FINE_DPI if net is None else _NET_DPI) / dpi)
    inks = [enlarged(ink, scale) for ink in distinct(inks_of(crop))]
    if net is None:
        for n, ink in enumerate(inks):
            seen = by_line(read_scattered(recogniser, ink, dpi * scale))
            yield _placed_lines(("tesseract", n), seen, ink, place)
        return
    found = list[Box]()
    for n, ink in enumerate(inks):  # in turn: most names are sure after the second ink
        lines = _placed_lines(("net", n), _by_net(net, ink, dpi * scale), ink, place)
        for line in lines:
            box = _within(place, box_of(line.words))
            if said_in_block(line.words) == "name" and not any(same_place(box, b) for b in found):
                found.append(box)
        yield lines
        if not named:  # else only a title was wanting: the network's word is enough to look at
            yield _witnessed(recogniser, n, ink, found, dpi * scale, place, _CLOSE)
    if named:
        return
    for n, ink in enumerate(inks if found else ()):
        yield _witnessed(recogniser, n, ink, found, dpi * scale, place, _ROOM)
    if not found:  # no name for the network anywhere: one look for lines wherever they stand
        seen = by_line(read_scattered(recogniser, inks[0], dpi * scale))
        yield _placed_lines(("tesseract", 0), seen, inks[0], place)


def _witnessed(
    recogniser: Recogniser,
    n: int,
    ink: Pixels,
    names: Sequence[Box],
    dpi: float,
    place: Box,
    room: float,
) -> list[Seen]:
    """The names' lines by Tesseract, which looks nowhere else: a tenth of the time."""
    seen = [list(w) for box in names if (w := _by_witness(recogniser, ink, box, dpi, room))]
    return _placed_lines(("tesseract", n), seen, ink, place)


def _within(outer: Box, box: Box) -> Box:
    """The box in fractions of `outer`."""
    return Box(
        (box.x0 - outer.x0) / outer.width,
        (box.y0 - outer.y0) / outer.height,
        (box.x1 - outer.x0) / outer.width,
        (box.y1 - outer.y0) / outer.height,
    )


def _by_witness(
    recogniser: Recogniser, ink: Pixels, box: Box, dpi: float, room: float
) -> tuple[Word, ...]:
    """A name's line, with `room` heights at each end for what the network did not see."""
    height, width = ink.shape
    x0, y0, x1, y1 = box.pixels(ink.shape)
    high = y1 - y0
    x0, x1 = max(0, x0 - round(room * high)), min(width, x1 + round(room * high))
    y0, y1 = max(0, y0 - high // 4), min(height, y1 + high // 4)
    place = Box(x0 / width, y0 / height, x1 / width, y1 / height)
    return placed(recogniser.read_line(np.ascontiguousarray(ink[y0:y1, x0:x1]), dpi), place)


def _by_net(net: NetRecogniser, ink: Pixels, dpi: float) -> list[list[Word]]:
    """What the network reads; alone it is never sure enough to pass.

    A line cut by the upper edge belongs to the text above: half a line reads as anything.
    """
    boxes = [box for box in find_lines(ink, dpi).boxes if box.y0 * ink.shape[0] > _CUT]
    read = net.read_lines(ink, boxes)
    return [
        [replace(word, confidence=min(word.confidence, ALONE)) for word in line.words]
        for line in read
        if line.words
    ]


def _placed_lines(
    by: tuple[str, int], lines: Sequence[list[Word]], ink: Pixels, place: Box
) -> list[Seen]:
    said = [_doubted_beside_ink(words, ink) for line in lines if (words := said_words(line))]
    return [Seen(reader=by[0], ink=by[1], words=list(placed(tuple(line), place))) for line in said]


def _doubted_beside_ink(line: list[Word], image: Pixels) -> list[Word]:
    """A line with ink right beside it may have lost a word to the seal: it goes to a person."""
    height, width = image.shape
    box = box_of(line)
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
            return [replace(w, confidence=min(w.confidence, DISPUTED)) for w in line]
    return line
