# SPDX-License-Identifier: Apache-2.0
"""Pieces of one line that something stands between: a signature, a seal, a dash, a rule."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ocr.line_ends import Lines, crossed_ends
from ocr.line_shapes import extents, usual_sizes
from ocr.page_ink import H, Mask, PageInk, Stats, W, Y

_CROSSED = 3.5  # of a letter's height: what a signature's stroke can hide
_LEVEL, _BLANK = 0.6, 0.8  # of letters' heights: shared by pieces of a line, and between them
_RULED = 0.8  # of the rows between two pieces
_TOUCHING = 0.5  # of a letter's height
_SEAL = 300  # pixels at 300 dpi: no signature is as large both ways
_DASHED = 2.3  # of a letter's height: two blanks and the dash between them


def joined(stats: Stats, home: npt.NDArray[np.int64], ink: PageInk) -> npt.NDArray[np.int64]:
    """Pieces of one line that a signature, a seal or a dash stands between.

    A column gap is wider and empty; behind the upright rule of a table stands another cell.
    """
    names, box, count = extents(stats, home)
    tall, middle = box[:, 3] - box[:, 1], (box[:, 1] + box[:, 3]) / 2
    renamed = home.copy()
    for left in np.argsort(box[:, 0]).tolist():
        gap = box[:, 0] - box[left, 2]
        level = np.abs(middle - middle[left]) < 0.3 * np.minimum(tall, tall[left])
        right = level & (gap > 0) & (gap < _CROSSED * tall[left]) & (tall < 1.6 * tall[left])
        right &= tall[left] < 1.6 * tall
        if count[left] < 2 or not right.any():
            continue
        k = int(np.where(right, gap, np.inf).argmin())
        top, bottom = int(max(box[left, 1], box[k, 1])), int(min(box[left, 3], box[k, 3]))
        between = np.s_[top : bottom + 1, int(box[left, 2]) : int(box[k, 0]) + 1]
        # where letters touch both sides of a rule it is the frame of a stamp over text
        ruled = ink.rules.mask[between].any(axis=1).mean() > _RULED
        apart = float(gap[k] / tall[left])
        if apart <= _TOUCHING if ruled else _ties(ink.mask[between], apart):
            renamed[renamed == names[k]] = renamed[home == names[left]][0]
    return renamed


def _ties(between: Mask, gap: float) -> bool:
    """Ink all through the gap, or the dash of "Văn hóa - Xã hội" in one that is not wide."""
    inked = float((between > 0).any(axis=0).mean())
    return inked > 0.5 or (gap < _DASHED and inked > 0.12)


def crossing_strokes(
    ink: PageInk, letters: npt.NDArray[np.bool_], no_text: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Components too large for marks that are no letters: strokes, with letters they touch."""
    high, wide = ink.stats[:, H], ink.stats[:, W]
    large = (high > 40 * ink.unit) | (wide > 60 * ink.unit)
    # letters stand around a seal, none are one with it
    large &= np.minimum(high, wide) < _SEAL * ink.unit
    large[0] = False
    return np.asarray(large & ~letters & ~no_text, np.bool_)


def joined_under_strokes(
    ink: PageInk, home: npt.NDArray[np.int64], crossing: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Pieces of one line where letters between them are one with the stroke that crosses them."""
    stats = ink.stats
    names, box, _ = extents(stats, home)
    tall = usual_sizes(stats[:, H], home, names)
    lines = Lines(box=box, tall=tall, foot=usual_sizes(stats[:, Y] + stats[:, H], home, names))
    ends = crossed_ends(lines, ink, crossing)
    if not ends.any():
        return home
    renamed, high = home.copy(), box[:, 3] - box[:, 1]
    start, end = box[:, 0] - ends[:, 0], box[:, 2] + ends[:, 1]
    for k in np.argsort(box[:, 0]).tolist():
        struck = (ends[:, 0] > 0) | (ends[k, 1] > 0)
        right = struck & (box[:, 0] > box[k, 2]) & (start < end[k] + _BLANK * tall[k])
        if not right.any():
            continue
        shared = np.minimum(box[k, 3], box[:, 3]) - np.maximum(box[k, 1], box[:, 1])
        right &= shared > _LEVEL * np.minimum(high, high[k])
        for j in np.flatnonzero(right).tolist():
            renamed[renamed == renamed[home == names[j]][0]] = renamed[home == names[k]][0]
    return renamed
