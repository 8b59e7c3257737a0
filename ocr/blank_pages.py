# SPDX-License-Identifier: Apache-2.0
"""Trang trắng: is this side of the sheet empty? Asked at the scanner, where both sides are at hand.

Thin paper lets the other side through: what stands mirrored on the other side and is faint does not
count. In doubt a page is not blank; and what is called blank is parked, never thrown away
(TT 01/2023/TT-VPCP, Đ.8). numpy and OpenCV only.
"""

from __future__ import annotations

import cv2
import numpy as np

from ocr.clean import lift_red, paper_level
from ocr.page import Pixels
from ocr.quality import BLANK_INK, measure_ink
from ocr.scaling import at_dpi

_LOOK_DPI = 150
_DARK = 40
_FAINT = 120
"""Grey levels under the paper: print and pens are darker, shine-through of 80 g paper is not."""
_A_WORD = 0.0001
"""Share of the page that the print of one short word covers."""
_MARGIN = 0.03
_SLACK_INCHES = 0.08
"""Two sides are never cut exactly alike."""


def is_blank(pixels: Pixels, dpi: float, other: Pixels | None = None) -> bool:
    """Nothing is written here. `other`: the other side of the sheet, same resolution, as scanned.

    About 20 ms for an A4 page of 300 dpi.
    """
    small = at_dpi(pixels, dpi, _LOOK_DPI)
    if measure_ink(small, _LOOK_DPI).is_nothing:
        return True
    if other is None:
        return False
    return _only_shines_through(lift_red(small), lift_red(at_dpi(other, dpi, _LOOK_DPI)))


def _only_shines_through(side: Pixels, other: Pixels) -> bool:
    if other.shape != side.shape:
        height, width = side.shape
        other = np.asarray(cv2.resize(other, (width, height)), np.uint8)
    if _share(_dark(side, _FAINT)) > _A_WORD:
        return False
    reach = round(_SLACK_INCHES * _LOOK_DPI)
    through = cv2.dilate(cv2.flip(_dark(other, _DARK), 1), np.ones((reach, reach), np.uint8))
    own = cv2.bitwise_and(_dark(side, _DARK), cv2.bitwise_not(through))
    return _share(np.asarray(own, np.uint8)) < BLANK_INK


def _share(mask: Pixels) -> float:
    """Of the page, without the single specks of a scanner's noise."""
    return float((cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)) > 0).mean())


def _dark(grey: Pixels, by: int) -> Pixels:
    """255 where it is darker than the paper, within the margins."""
    height, width = grey.shape
    my, mx = round(_MARGIN * height), round(_MARGIN * width)
    found = np.zeros_like(grey)
    inner = grey[my : height - my, mx : width - mx]
    found[my : height - my, mx : width - mx] = np.where(inner < paper_level(inner) - by, 255, 0)
    return found
