# SPDX-License-Identifier: Apache-2.0
"""Is this the page we just had? A sheet fed twice after a jam, or once with a note stuck on it.

Pages are compared as coarse maps of ink, a cell this way or that, as two feeds differ. Only
neighbours are compared: two forms of one kind further apart are no mistake.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Pixels

InkMap = npt.NDArray[np.float32]
_CELLS = (48, 34)
_SAME_CELL = 0.10
Likeness = Literal["", "repeated", "note"]


def ink_map(grey: Pixels) -> InkMap:
    """[48, 34] share of ink in each cell of the page, 0 to 1."""
    small = cv2.resize(grey, (340, 480), interpolation=cv2.INTER_AREA)
    paper = float(np.percentile(small, 90))
    ink = np.clip((paper - small.astype(np.float32)) / max(60.0, paper), 0, 1)
    ink[ink < 0.12] = 0  # noise and shine-through
    return np.asarray(cv2.resize(ink, _CELLS[::-1], interpolation=cv2.INTER_AREA), np.float32)


def likeness(one: InkMap, other: InkMap) -> Likeness:
    """`repeated`: the same page again; `note`: the same page but for one covered patch."""
    if min(one.sum(), other.sum()) < 4:
        return ""  # blank pages are all alike
    best = max(
        (_same(one, np.roll(other, (dy, dx), (0, 1))) for dy in (-1, 0, 1) for dx in (-1, 0, 1)),
        key=lambda same: float(same.mean()),
    )
    inked = (one > 0.05) | (other > 0.05)
    agree = float(best[inked].mean())
    if agree > 0.94:
        return "repeated"
    different = ~best & inked
    rows, columns = np.flatnonzero(different.any(axis=1)), np.flatnonzero(different.any(axis=0))
    area = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1) if rows.size else 0
    # a note is one compact patch, and everything around it is as before
    return (
        "note"
        if agree > 0.55 and 0 < area < 0.4 * best.size and _outside(best, rows, columns, inked)
        else ""
    )


def _same(one: InkMap, other: InkMap) -> npt.NDArray[np.bool_]:
    return np.asarray(np.abs(one - other) < _SAME_CELL)


def _outside(
    same: npt.NDArray[np.bool_],
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
    inked: npt.NDArray[np.bool_],
) -> bool:
    around = inked.copy()
    around[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = False
    return bool(around.sum() > 60 and same[around].mean() > 0.97)
