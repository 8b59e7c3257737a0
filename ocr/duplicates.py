# SPDX-License-Identifier: Apache-2.0
"""Is this the page we just had? A sheet fed twice after a jam, or once with a note stuck on it.

First by a coarse map of ink, which costs nothing; what is alike there is laid over one another,
turned and moved until it fits, and compared stroke by stroke: two filled forms of one kind are
alike in their print and not in their writing, and are no mistake of the feeder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Pixels

_CELLS = (48, 34)
_SAME_CELL = 0.10
_ALIKE_CELLS = 0.55
_SHAPE = (880, 622)  # A4 at 75 dpi: pens are 2 pixels wide
_SLACK = 5  # pixels that strokes of two feeds may lie apart
_STROKE = 30
_SAME_INK = 0.0006
"""Share of the ink without its like on the other page. Measured: none for two feeds of one sheet up
to 0.9 degrees apart; 0.09 to 0.22 % for a form with one other word, 0.3 to 0.6 % with five."""
_SPECK = 4  # pixels: less is noise
_NOTE_AREA = 0.35
_NOTE_LEAST = 60  # pixels, 20 mm: the narrow side of the smallest slip that is sold
Likeness = Literal["", "repeated", "note"]
Fine = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PagePrint:
    """What is kept of a page to know it again. `coarse`: [48, 34] share of ink; `fine`: 75 dpi."""

    coarse: npt.NDArray[np.float32]
    fine: Pixels


def page_print(grey: Pixels) -> PagePrint:
    """Of a page in grey, at any resolution; half a megabyte."""
    fine = cv2.resize(grey, _SHAPE[::-1], interpolation=cv2.INTER_AREA)
    paper = float(np.percentile(fine, 90))
    ink = np.clip((paper - fine.astype(np.float32)) / max(60.0, paper), 0, 1)
    ink[ink < 0.12] = 0  # noise and shine-through
    coarse = cv2.resize(ink, _CELLS[::-1], interpolation=cv2.INTER_AREA)
    return PagePrint(np.asarray(coarse, np.float32), np.asarray(ink * 255, np.uint8))


def likeness(one: PagePrint, other: PagePrint) -> Likeness:
    """`repeated`: the same page again; `note`: the same page but for one covered patch."""
    if min(one.coarse.sum(), other.coarse.sum()) < 4:
        return ""  # blank pages are all alike
    if _alike_cells(one.coarse, other.coarse) < _ALIKE_CELLS:
        return ""
    laid = _laid_over(one.fine, other.fine)
    if laid is None:
        return ""
    return _compared(one.fine, laid)


def _alike_cells(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Share of inked cells that are alike, a cell this way or that, as two feeds differ."""
    inked = (one > 0.05) | (other > 0.05)
    moved = (np.roll(other, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
    return max(float((np.abs(one - m) < _SAME_CELL)[inked].mean()) for m in moved)


def _laid_over(one: Pixels, other: Pixels) -> Pixels | None:
    """`other` turned and moved onto `one`; None where they do not come together."""
    warp: npt.NDArray[np.float32] = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
    for step in (4, 2):  # from coarse to fine: the first finds the place, the second the strokes
        size = (_SHAPE[1] // step, _SHAPE[0] // step)
        small = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (one, other)]
        everywhere = np.full(small[0].shape, 255, np.uint8)
        guess = warp.copy()
        guess[:, 2] /= step
        try:
            _, found = cv2.findTransformECC(
                small[0], small[1], guess, cv2.MOTION_EUCLIDEAN, stop, everywhere, 5
            )
        except cv2.error:
            return None
        warp = np.asarray(found, np.float32)
        warp[:, 2] *= step
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(other, warp, _SHAPE[::-1], flags=how), np.uint8)


def _compared(one: Pixels, other: Pixels) -> Likeness:
    kernel = np.ones((_SLACK, _SLACK), np.uint8)
    inks = [np.asarray(p > _STROKE, np.uint8) for p in (one, other)]
    wide = [
        np.asarray(cv2.dilate(np.asarray(p > _STROKE // 2, np.uint8), kernel), np.uint8)
        for p in (one, other)
    ]
    # ink of either page that has no like on the other
    lone = (inks[0] & (1 - wide[1])) | (inks[1] & (1 - wide[0]))
    lone = _without_specks(np.asarray(lone, np.uint8))
    ink = max(1, int(np.count_nonzero(inks[0] | inks[1])))
    if np.count_nonzero(lone) < _SAME_INK * ink:
        return "repeated"
    x, y, w, h = cv2.boundingRect(lone)
    inside = np.zeros_like(lone)
    inside[y : y + h, x : x + w] = 1
    around = int(np.count_nonzero((inks[0] | inks[1]) & (1 - inside)))
    # a note is one compact patch on a page that is much larger, and is filled with what differs
    compact = w * h < _NOTE_AREA * lone.size and around > 0.5 * ink
    return "note" if compact and _fills(lone[y : y + h, x : x + w]) else ""


def _without_specks(lone: Pixels) -> Pixels:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(lone, connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= _SPECK
    kept[0] = False
    return np.asarray(kept[labels], np.uint8)


def _fills(patch: Pixels) -> bool:
    """The differences are all over their rectangle, as under a slip of paper: not line by line."""
    if min(patch.shape) < _NOTE_LEAST:
        return False
    return float(cv2.dilate(patch, np.ones((25, 25), np.uint8)).mean()) > 0.8
