# SPDX-License-Identifier: Apache-2.0
"""How large lines are and how they lie, by the letters that belong to them.

`home` [n]: for each component of the page the name of its line, 0 for none.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ocr.page_ink import H, Stats, W, X, Y

_SLOPED, _STEEPEST = 8, 0.05  # letters that tell how a line slants, and the most it may


def extents(
    stats: Stats, home: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """(names, boxes [n, 4] around their letters, how many letters) of the lines."""
    owned = np.flatnonzero(home > 0)
    names, at, count = np.unique(home[owned], return_inverse=True, return_counts=True)
    box = np.empty((len(names), 4))
    box[:, :2], box[:, 2:] = np.inf, -np.inf
    np.minimum.at(box[:, 0], at, stats[owned, X])
    np.minimum.at(box[:, 1], at, stats[owned, Y])
    np.maximum.at(box[:, 2], at, stats[owned, X] + stats[owned, W])
    np.maximum.at(box[:, 3], at, stats[owned, Y] + stats[owned, H])
    return names, box, count


def levelled(
    stats: Stats, home: npt.NDArray[np.int64], names: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], ...]:
    """(slope, x, top and bottom there) of each line: the box of a slanted one is as tall as two."""
    owned = np.flatnonzero(home > 0)
    at = np.searchsorted(names, home[owned])
    x, y = stats[owned, X] + stats[owned, W] / 2, stats[owned, Y].astype(np.float64)
    foot = y + stats[owned, H]
    count = np.bincount(at)
    middle, low = np.bincount(at, x) / count, np.bincount(at, foot) / count
    off = x - middle[at]
    spread = np.bincount(at, off * off)
    slope = np.bincount(at, off * (foot - low[at])) / np.maximum(spread, 1)
    slope = np.where(count >= _SLOPED, np.clip(slope, -_STEEPEST, _STEEPEST), 0.0)
    top, bottom = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    np.minimum.at(top, at, y - slope[at] * off)
    np.maximum.at(bottom, at, foot - slope[at] * off)
    return slope, middle, top, bottom


def slants(stats: Stats, home: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """[n, 5]: each line's rise along the page, x and y of its middle, its width, its letters."""
    names, box, count = extents(stats, home)
    slope, middle, top, bottom = levelled(stats, home, names)
    wide = box[:, 2] - box[:, 0]
    return np.column_stack([slope, middle, (top + bottom) / 2, wide, count])


def usual_sizes(
    sizes: npt.NDArray[np.integer], home: npt.NDArray[np.int64], names: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Median of the `sizes` of the letters of each line."""
    owned = np.flatnonzero(home > 0)
    at = np.searchsorted(names, home[owned])
    order = np.lexsort((sizes[owned], at))
    held, first = sizes[owned][order], np.searchsorted(at[order], np.arange(len(names) + 1))
    count = np.diff(first)
    lower, upper = first[:-1] + (count - 1) // 2, first[:-1] + count // 2
    return np.asarray((held[lower] + held[upper]) / 2, np.float64)
