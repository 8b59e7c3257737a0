# SPDX-License-Identifier: Apache-2.0
"""Printed codes on a page (zxing-cpp): QR, Data Matrix, PDF417, Code 128, Code 39.

A leaf that a desk PC's station shares: what a code means is for `ocr.codes` and `ocr.separators`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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


def read_codes(pixels: Pixels) -> tuple[Code, ...]:
    """QR, Data Matrix, PDF417 and linear codes on a page.

    About 10 ms for a 200 dpi A4 page without any.
    """
    kinds = zxingcpp.BarcodeFormat
    wanted = kinds.QRCode | kinds.DataMatrix | kinds.PDF417 | kinds.Code128 | kinds.Code39
    found = zxingcpp.read_barcodes(pixels, formats=wanted, try_invert=False)
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
