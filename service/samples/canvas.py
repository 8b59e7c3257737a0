# SPDX-License-Identifier: Apache-2.0
"""One A4 sheet at 300 dpi on which text is drawn and remembered.

Black print goes to a grey raster; pens, seals and stamps are kept apart as coloured layers,
because a photocopy blackens what was on the paper before it and not what came after.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from service.samples.fonts import SCAN_DPI, Style, font_of

Mask = npt.NDArray[np.uint8]
Rectangle = tuple[float, float, float, float]
Colour = tuple[int, int, int]
WIDTH, HEIGHT = 2480, 3508
BLUE_PEN: Colour = (38, 52, 140)
BLACK_PEN: Colour = (40, 40, 48)
RED_INK: Colour = (214, 38, 52)


def mm(length: float) -> int:
    """Millimetres to pixels of the sheet."""
    return round(length * SCAN_DPI / 25.4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text in one style; `fields` are the truth keys it shows.

    `by_hand`: digits written with a pen into a printed gap of `gap` pixels.
    """

    text: str
    style: Style
    fields: tuple[str, ...] = ()
    by_hand: bool = False
    gap: int = 0
    underlined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text as drawn; `box` in pixels of the sheet."""

    text: str
    box: Rectangle


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Ink of one colour at (x, y); `after_copy`: put on the finished paper (seal, signature)."""

    x: int
    y: int
    mask: Mask
    colour: Colour
    after_copy: bool = False


@dataclass(slots=True)
class Canvas:
    """A sheet being written; `finished` gives what was put on it."""

    image: Image.Image = field(default_factory=lambda: Image.new("L", (WIDTH, HEIGHT), 255))
    lines: list[Line] = field(default_factory=list)
    fields: dict[str, Rectangle] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    pen: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.pen = ImageDraw.Draw(self.image)

    def write(self, x: float, baseline: float, piece: Piece) -> Rectangle | None:
        """Draw one piece from `x`; its ink box, None for blanks."""
        fount = font_of(piece.style)
        if not piece.text.strip():
            return None
        at = (round(x), round(baseline))
        self.pen.text(at, piece.text, fill=piece.style.tone, font=fount, anchor="ls")
        left, top, right, bottom = fount.getbbox(piece.text, anchor="ls")
        if piece.underlined:
            self.rule(x, x + width_of(piece), baseline + 9, 3)
        box = (at[0] + left, at[1] + top, at[0] + right, at[1] + bottom)
        self.mark(box, piece.fields)
        return box

    def mark(self, box: Rectangle, fields: Iterable[str]) -> None:
        """Note that the ink in `box` shows these truth keys."""
        for name in fields:
            before = self.fields.get(name)
            self.fields[name] = box if before is None else union([before, box])

    def note_line(self, text: str, boxes: Sequence[Rectangle]) -> None:
        """Remember a line of text for the truth."""
        clean = unicodedata.normalize("NFC", " ".join(text.split()))
        if clean and boxes:
            self.lines.append(Line(text=clean, box=union(boxes)))

    def rule(self, x0: float, x1: float, y: float, thick: int = 4) -> None:
        self.pen.rectangle((round(x0), round(y), round(x1), round(y) + thick - 1), fill=0)

    def frame(self, box: Rectangle, thick: int = 3) -> None:
        self.pen.rectangle(tuple(round(v) for v in box), outline=0, width=thick)

    def paste(self, x: float, y: float, mask: Mask, colour: Colour, *, after: bool = False) -> None:
        """Put ink on the sheet; what hangs over the edge is cut off."""
        left, top = round(x), round(y)
        cut = mask[max(0, -top) : max(0, HEIGHT - top), max(0, -left) : max(0, WIDTH - left)]
        if cut.size:
            layer = Layer(x=max(0, left), y=max(0, top), mask=cut, colour=colour, after_copy=after)
            self.layers.append(layer)


def union(boxes: Sequence[Rectangle]) -> Rectangle:
    columns = list(zip(*boxes, strict=True))
    return (min(columns[0]), min(columns[1]), max(columns[2]), max(columns[3]))


@lru_cache(maxsize=20_000)
def _length(text: str, style: Style) -> float:
    return font_of(style).getlength(text)


def width_of(piece: Piece) -> float:
    """Advance width in pixels."""
    return float(piece.gap) if piece.by_hand else _length(piece.text, replace(piece.style, tone=0))
