# SPDX-License-Identifier: Apache-2.0
"""Printed codes on a page (zxing-cpp): QR, Data Matrix, PDF417, Code 128, Code 39.

A leaf that a desk PC's station shares: what a code means is for `ocr.codes` and `ocr.separators`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import zxingcpp

from ocr.normalise import nfc
from ocr.page import Box, Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One printed code: its text, its symbology ("QR Code") and where it stands.

    `turn`: clockwise degrees, in quarters, that set the code upright.
    """

    text: str
    format: str
    box: Box
    turn: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"text": self.text, "format": self.format, "box": self.box.as_list()}


_KINDS = (
    zxingcpp.BarcodeFormat.QRCode,
    zxingcpp.BarcodeFormat.DataMatrix,
    zxingcpp.BarcodeFormat.PDF417,
    zxingcpp.BarcodeFormat.Code128,
    zxingcpp.BarcodeFormat.Code39,
)
_ENLARGED = (2.0, 3.0)


def read_codes(
    pixels: Pixels, *, expected: bool = False, upright: bool = False
) -> tuple[Code, ...]:
    """QR, Data Matrix, PDF417 and linear codes on a page.

    About 15 ms for a 200 dpi A4 page without any, 6 ms where the page is known to be `upright`:
    squares are found at any turn, bars then only when they stand as the text does. `expected`: the
    paper is of a kind that carries a QR square; where none is found it is looked for again,
    enlarged and sharpened. A square of a card is .25 mm a module: two pixels at 200 dpi, and soft
    on a grey scan or a photograph.
    """
    found = _read(pixels, _KINDS, turned=not upright)
    if expected and not any("QR" in code.format for code in found):
        found += next(filter(None, (_read_small(pixels, scale) for scale in _ENLARGED)), ())
    return found


def _read_small(pixels: Pixels, scale: float) -> tuple[Code, ...]:
    """QR squares only: in enlarged pages linear codes cost ten times as much and gain nothing."""
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    large = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(large, (0, 0), 1.2 * scale)
    sharp = np.asarray(cv2.addWeighted(large, 2.2, soft, -1.2, 0), np.uint8)
    return _read(sharp, (zxingcpp.BarcodeFormat.QRCode,), turned=True)


def _read(pixels: Pixels, kinds: Any, *, turned: bool = False) -> tuple[Code, ...]:
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    found = zxingcpp.read_barcodes(grey, formats=kinds, try_invert=False, try_rotate=turned)
    height, width = pixels.shape[:2]
    return tuple(
        Code(
            text=nfc(c.text),
            format=str(c.format),
            box=_box(c.position, width, height),
            turn=round(-c.orientation / 90) % 4 * 90,
        )
        for c in sorted(found, key=lambda c: (c.position.top_left.y, c.position.top_left.x))
        if c.valid and c.text
    )


def _box(position: Any, width: int, height: int) -> Box:
    corners = (
        position.top_left,
        position.top_right,
        position.bottom_right,
        position.bottom_left,
    )
    xs = [min(max(c.x / width, 0.0), 1.0) for c in corners]
    ys = [min(max(c.y / height, 0.0), 1.0) for c in corners]
    return Box(min(xs), min(ys), max(xs), max(ys))
