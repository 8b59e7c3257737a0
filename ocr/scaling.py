# SPDX-License-Identifier: Apache-2.0
"""A page at the resolution a measure was tuned for."""

from __future__ import annotations

import cv2
import numpy as np

from ocr.page import Pixels

A4_LONG = 297 / 25.4
"""Inches; a page whose resolution nobody knows is taken for A4."""


def at_dpi(pixels: Pixels, dpi: float, wanted: float) -> Pixels:
    """The page at `wanted` dpi; `dpi` 0 means unknown. Grey or RGB as it came."""
    scale = wanted / (dpi if dpi > 0 else max(pixels.shape[:2]) / A4_LONG)
    if abs(scale - 1) < 0.01:
        return pixels
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=how), np.uint8)


def grey_at_dpi(pixels: Pixels, dpi: float, wanted: float) -> Pixels:
    """The same in grey: shrunk before the colours go, which is where the time goes."""
    small = at_dpi(pixels, dpi, wanted)
    if small.ndim == 2:
        return small
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def shrunk(pixels: Pixels, longest: int) -> Pixels:
    """The picture, its longer side `longest` pixels; one that is smaller is enlarged.

    By halves as far as they go: the mean of four whole pixels costs a thirtieth of what the mean
    of a broken number of them does (.14 ms against 3.6 ms for an A4 page at 200 dpi).
    """
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    made = pixels
    while max(made.shape[:2]) >= 2 * longest and min(made.shape[:2]) > 1:
        made = np.asarray(cv2.resize(made, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(made, size, interpolation=cv2.INTER_AREA), np.uint8)
