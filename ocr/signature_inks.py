# SPDX-License-Identifier: Apache-2.0
"""The signature block in the inks that show what others hide.

A seal in red, a signature in blue, the name in black or stamped in red: no single one shows all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from ocr.clean import red_mask
from ocr.page import Pixels

_RED = 0.0005
"""Share of the block that is red before it is worth reading red alone."""
_COLOURED = 0.002
_DARKER = (0.45, 0.35)
"""Print is darker than the seal of a grey scan: what stays of the way from print to paper."""


def inks_of(crop: Pixels) -> Iterator[Pixels]:
    """The block without its colours, then in the ways that show a stamped or a faded name."""
    if crop.ndim == 2:
        yield from _grey_inks(np.ascontiguousarray(crop))
        return
    high, low = crop.max(axis=2), crop.min(axis=2)
    colour = cv2.subtract(high, low)
    if np.count_nonzero(colour > 45) < _COLOURED * colour.size:
        yield from _grey_inks(np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8))
        return
    # the more colour, the whiter: red and blue strokes go, also where they cross black letters
    black = cv2.add(high, cv2.convertScaleAbs(colour, alpha=3))
    yield np.asarray(black, np.uint8)
    yield _dark(np.asarray(black, np.uint8), _DARKER[0])
    yield np.ascontiguousarray(high)
    if cv2.countNonZero(red_mask(crop)) > _RED * crop.shape[0] * crop.shape[1]:
        red, green, blue = cv2.split(crop)
        over = cv2.subtract(red, cv2.max(green, blue))
        yield np.asarray(cv2.bitwise_not(cv2.convertScaleAbs(over, alpha=255 / 120)), np.uint8)


def _grey_inks(grey: Pixels) -> Iterator[Pixels]:
    for share in _DARKER:
        yield _dark(grey, share)
    yield grey


def _dark(grey: Pixels, share: float) -> Pixels:
    """Only what is nearly as dark as print: a seal scanned in grey fades to paper."""
    darkest, paper = float(np.percentile(grey, 0.5)), float(np.median(grey))
    slope = 255 / max(1.0, share * (paper - darkest))
    return np.asarray(np.clip((grey - darkest) * slope, 0, 255), np.uint8)


def distinct(inks: Iterable[Pixels]) -> Iterator[Pixels]:
    """A bilevel scan looks the same in every ink: it is read once."""
    seen: list[Pixels] = []
    for ink in inks:
        if not any(np.array_equal(ink, other) for other in seen):
            seen.append(ink)
            yield ink


def enlarged(ink: Pixels, scale: float) -> Pixels:
    if scale <= 1:
        return ink
    fine = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine, np.uint8)
