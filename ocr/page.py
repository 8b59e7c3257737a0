# SPDX-License-Identifier: Apache-2.0
"""What a page is made of once it has been looked at: pixels, boxes, words.

Every value keeps the place on the paper it was read from (`Box`), so that a person can always
look at the ink behind a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""An image: (height, width) grey or (height, width, 3) RGB, 0 is black."""


class ReadingSource(StrEnum):
    """Where a word or a value came from (the `source` of the JSON contract)."""

    OCR = "ocr"
    TEXT_LAYER = "text_layer"
    QR = "qr"
    MRZ = "mrz"
    BARCODE = "barcode"
    SIGNATURE = "signature"
    DATABASE = "database"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions (0..1) of the upright page as scanned; origin top left."""

    x0: float
    y0: float
    x1: float
    y1: float

    def union(self, other: Box) -> Box:
        return Box(
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
        )

    @classmethod
    def around(cls, boxes: Iterable[Box]) -> Box | None:
        """The smallest box that holds all of `boxes`; None when there are none."""
        some = tuple(boxes)
        if len(some) < 2:
            return some[0] if some else None
        return Box(
            min([box.x0 for box in some]),
            min([box.y0 for box in some]),
            max([box.x1 for box in some]),
            max([box.y1 for box in some]),
        )

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def middle_x(self) -> float:
        return (self.x0 + self.x1) / 2

    @property
    def middle_y(self) -> float:
        return (self.y0 + self.y1) / 2

    def holds_middle_of(self, other: Box) -> bool:
        inside = self.x0 <= other.middle_x <= self.x1
        return inside and self.y0 <= other.middle_y <= self.y1

    def pixels(self, shape: tuple[int, ...], least: int = 1) -> tuple[int, int, int, int]:
        """Left, top, right, bottom on an image of that shape; inside it, `least` pixels or more."""
        height, width = shape[:2]
        x0 = max(0, min(width - least, int(self.x0 * width)))
        y0 = max(0, min(height - least, int(self.y0 * height)))
        x1 = min(width, max(x0 + least, ceil(self.x1 * width)))
        y1 = min(height, max(y0 + least, ceil(self.y1 * height)))
        return x0, y0, x1, y1

    def __reduce__(self) -> tuple[type[Box], tuple[float, float, float, float]]:
        """Thousands go from one process to another: dataclasses' own way takes three times."""
        return Box, (self.x0, self.y0, self.x1, self.y1)

    def as_list(self) -> list[float]:
        return [round(v, 5) for v in (self.x0, self.y0, self.x1, self.y1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word as read; `confidence` 0..1; `line` numbers the text line it stands on."""

    text: str
    box: Box
    confidence: float
    line: int = 0

    def __reduce__(self) -> tuple[Callable[..., Word], tuple[str, Box, float, int]]:
        return _word, (self.text, self.box, self.confidence, self.line)


def _word(text: str, box: Box, confidence: float, line: int) -> Word:
    return Word(text=text, box=box, confidence=confidence, line=line)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageImage:
    """One rendered page, not yet turned upright. `number` counts from 1; `dpi` of the raster.

    `layer` holds the words of the file's own text layer (annotations and signature appearances
    left out), in the page as rendered. It is believed only when the reader finds reason to.
    """

    number: int
    pixels: Pixels
    dpi: float
    layer: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """What was read on one page.

    `width`, `height`: pixels of the upright raster that was read, at `dpi`. `rotation`: clockwise
    degrees that turn the page as scanned upright. `quality` holds named measures and advice.
    """

    page: int
    width: int
    height: int
    dpi: float
    rotation: int = 0
    blank: bool = False
    source: ReadingSource = ReadingSource.OCR
    text: str = ""
    words: tuple[Word, ...] = ()
    quality: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    engine: str = ""
