# SPDX-License-Identifier: Apache-2.0
"""Ký hiệu chuyển đổi: the visible line that says this copy was made from paper, when, by whom.

Luật GDĐT 20/2023 Đ.12 and NĐ 137/2024 Đ.4. It is page content, written before the first
signature, and stands where no ink is; a page without any room gets a strip of paper below.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from ocr.page import Pixels
from storage.free_space import Ink, find_room, ink_of
from storage.pdf.jpeg import frame_of
from storage.picture.prepared import PreparedPicture, decoded
from storage.typeface import Typeface
from workflows.errors import DamagedDocument
from workflows.ports.archival import ConversionMark, CopyPage
from workflows.ports.clock import VIETNAM

_SIZES = (7.0, 6.0, 5.0)  # points
_LEADING = 1.2
_MAX_PIXELS = 200_000_000  # our own image; an A0 sheet at 300 dpi is 140 million
_SEARCH_DPI = 75
_MODULE = 1.0  # points, 0.35 mm: read again from a print at 300 dpi
_QUIET = 4  # modules of bare paper around the code (ISO/IEC 18004, 9.1)


Modules = tuple[tuple[bool, ...], ...]
"""A QR code row by row from the top; True is dark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedMark:
    """Lines of writable text; `left`, `bottom` in points from the picture's lower left corner.

    `strip`: height of paper added below the picture, 0 when the picture had room. `code`: the
    QR code in front of the lines; `left`, `bottom` are then the corner of both together.
    """

    lines: tuple[str, ...]
    size: float
    left: float
    bottom: float
    strip: float = 0.0
    code: Modules = ()

    @property
    def height(self) -> float:
        return max(self.size * _LEADING * len(self.lines), _side(self.code))


def mark_text(mark: ConversionMark) -> str:
    when = mark.converted_at.astimezone(VIETNAM).isoformat(timespec="seconds")
    parts = ("Bản số hóa từ bản giấy", mark.unit_name, mark.converted_by, when)
    return " · ".join(p for p in parts if p)


def place_mark(mark: ConversionMark, page: CopyPage, face: Typeface) -> tuple[PlacedMark, int]:
    """The mark in a free strip of the lower half, as near the bottom edge as ink allows.

    Returns it with the number of characters the font could not draw.
    """
    text, dropped = face.writable(mark_text(mark))
    width, height = page.width / page.dpi * 72, page.height / page.dpi * 72
    ink, code = page_ink(page), _modules(mark.code)
    if _side(code) > width / 2:
        code = ()  # a slip too narrow for a code keeps the words, which the law asks for
    room = width * 0.9 - _side(code)
    for size in _SIZES:
        for lines in _breaks(text, face, size, room, beside=_side(code)):
            placed = _in_free_strip(lines, size, face, ink, width, height, code)
            if placed is not None:
                return placed, dropped
    size = _SIZES[0]
    lines = _breaks(text, face, size, room, beside=_side(code))[-1]
    tall = max(size * _LEADING * len(lines) + size, _side(code))
    return (
        PlacedMark(lines=lines, size=size, left=width * 0.05, bottom=-tall, strip=tall, code=code),
        dropped,
    )


def mark_operators(placed: PlacedMark, face: Typeface, encode: Callable[[str], str]) -> bytes:
    """Visible dark grey text, and the code in black before it."""
    spare = placed.height - placed.size * _LEADING * len(placed.lines)
    first = (placed.bottom + spare / 2) + placed.size * (
        _LEADING * (len(placed.lines) - 1) + face.descent / 1000 + 0.1
    )
    left = placed.left + _side(placed.code)
    rows = [*_code_operators(placed), "BT", "0 Tr 0.2 g 100 Tz", f"/F0 {placed.size:.2f} Tf"]
    rows.append(f"{placed.size * _LEADING:.2f} TL 1 0 0 1 {left:.2f} {first:.2f} Tm")
    rows += [f"{encode(line)} Tj T*" for line in placed.lines]
    return "\n".join([*rows, "ET"]).encode("ascii")


def _modules(content: str) -> Modules:
    if not content:
        return ()
    import segno  # most copies bear no mark

    made = segno.make(content, error="m", micro=False, boost_error=False)
    return tuple(tuple(bool(dark) for dark in row) for row in made.matrix)


def _side(code: Modules) -> float:
    """Points of the code with the bare paper around it; 0 without one."""
    return (len(code) + 2 * _QUIET) * _MODULE if code else 0.0


def _code_operators(placed: PlacedMark) -> list[str]:
    """Dark modules as rectangles, one for each run of a row."""
    if not placed.code:
        return []
    top = placed.bottom + (placed.height + _side(placed.code)) / 2 - _QUIET * _MODULE
    left = placed.left + _QUIET * _MODULE
    rows = []
    for number, row in enumerate(placed.code):
        at = 0
        for dark, run in itertools.groupby(row):
            long = len(list(run))
            if dark:
                x, y = left + at * _MODULE, top - (number + 1) * _MODULE
                rows.append(f"{x:.2f} {y:.2f} {long * _MODULE:.2f} {_MODULE:.2f} re")
            at += long
    return ["q 0 g", *rows, "f Q"]


def page_ink(page: CopyPage) -> Ink:
    """Ink of the picture, and the words that were read on it, at about 75 dpi."""
    grey = _small_grey(page)
    ink = ink_of(grey)
    rows, columns = ink.shape
    for word in page.text.words:
        top, bottom = int(word.box.y0 * rows), int(np.ceil(word.box.y1 * rows))
        left, right = int(word.box.x0 * columns), int(np.ceil(word.box.x1 * columns))
        ink[max(top, 0) : bottom, max(left, 0) : right] = True
    return ink


def _small_grey(page: CopyPage) -> Pixels:
    """The JPEG decoded at an eighth to a half: the decoder never builds the full raster."""
    if isinstance(page.picture, PreparedPicture):
        return decoded(page.picture.small)
    frame = frame_of(page.jpeg)
    if frame.width * frame.height > _MAX_PIXELS:
        raise DamagedDocument(f"page image of {frame.width}x{frame.height} pixels")
    modes = {
        8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
        4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
        2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    }
    mode = next((m for f, m in modes.items() if page.dpi / f >= _SEARCH_DPI), cv2.IMREAD_GRAYSCALE)
    small = cv2.imdecode(np.frombuffer(page.jpeg, np.uint8), mode | cv2.IMREAD_IGNORE_ORIENTATION)
    if small is None:
        raise DamagedDocument("JPEG cannot be decoded")
    return small.astype(np.uint8, copy=False)


def _breaks(
    text: str, face: Typeface, size: float, room: float, *, beside: float
) -> list[tuple[str, ...]]:
    """The text in one line if it fits `room` points, and in as few lines as it needs or two.

    Next to a code `beside` points high it takes as many lines as stand beside it.
    """
    natural = face.width(text, size)
    if beside:
        lines = max(1, int(beside / (size * _LEADING)))
        return [
            _wrapped(text, face, size, min(room, natural * share / lines)) for share in (1.2, 2)
        ]
    whole = [(text,)] if natural <= room else []
    return [*whole, _wrapped(text, face, size, min(room, natural * 0.6))]


def _wrapped(text: str, face: Typeface, size: float, room: float) -> tuple[str, ...]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if face.width(longer, size) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return tuple(lines)


def _in_free_strip(
    lines: tuple[str, ...],
    size: float,
    face: Typeface,
    ink: Ink,
    width: float,
    height: float,
    code: Modules,
) -> PlacedMark | None:
    wide = max(face.width(line, size) for line in lines) + _side(code)
    tall = max(size * _LEADING * len(lines), _side(code))
    spot = find_room(
        ink,
        width=wide / width,
        height=tall / height,
        near=(0.0, 1.0),
        within=(0.03, 0.5, 0.98, 0.985),
    )
    if spot is None:
        return None
    bottom = height - spot.top * height - tall
    return PlacedMark(lines=lines, size=size, left=spot.left * width, bottom=bottom, code=code)
