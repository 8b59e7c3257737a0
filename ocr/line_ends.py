# SPDX-License-Identifier: Apache-2.0
"""What stands before and behind a line and is too small to be told from specks by itself.

The dash of a list item, thin or worn down to a dot, and the last point of "./.", whose slant is
thinner than ink. Each is believed for what stands beside it: paper to both sides of a pale dash,
the same dot before another item of the list, a first point that the second stands level with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr.page_ink import AREA, H, PageInk, Stats, W, X, Y

_DASH_BEFORE = 0.6  # of a line's height before it: a list's dash and its blank
_PALE_DASH = 10  # grey levels that a row with a pale dash falls below its paper
# of a letter's height from here on:
_LOW, _HIGH = 0.2, 0.8  # over the foot of a line: there dashes stand
_NEAR, _FAR = 0.15, 1.5  # between the dot of a list and its line
_ALIKE = 0.3  # how far dots of one list stand differently before their lines
_ITEMS = 20  # between two items of a list
_INK = 0.02  # squared: the least ink of a dot or point
_POINT, _FOOT = 0.45, 0.2  # size of a point, and how far off the foot of its line
_FIRST, _SECOND = 0.6, 1.0  # a first point behind the line, and the second behind it
_AFTER = 8.0  # so far behind the line no third may stand
_MOST = 400  # dots before lines; on a page that has more they are no dots of lists

Sides = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines by their letters: boxes [n, 4] in pixels, height and foot of a usual letter [n]."""

    box: Sides
    tall: Sides
    foot: Sides


def list_dots(lines: Lines, stats: Stats, pieces: Numbers) -> tuple[Numbers, Numbers]:
    """(piece, line) for each dot that is left of the dash of a list item.

    `pieces`: components that may be one. A speck stands anywhere; items of a list begin below each
    other, and so do their dashes.
    """
    low, high = lines.foot - _HIGH * lines.tall, lines.foot - _LOW * lines.tall
    piece, line = _beside(stats, pieces, low, high)
    tall, right = lines.tall[line], stats[piece, X] + stats[piece, W]
    off = (lines.box[line, 0] - right) / tall
    fits = (off >= _NEAR) & (off <= _FAR) & (stats[piece, AREA] >= _INK * tall * tall)
    piece, line, off, tall = piece[fits], line[fits], off[fits], tall[fits]
    if not 2 <= len(piece) <= _MOST:
        return piece[:0], line[:0]
    left, foot = lines.box[line, 0], lines.foot[line]
    apart = np.abs(foot[:, None] - foot)
    alike = np.abs(off[:, None] - off) <= _ALIKE
    alike &= np.abs(left[:, None] - left) <= _ALIKE * tall
    alike &= (0.5 * tall < apart) & (apart <= _ITEMS * tall)
    listed = alike.any(axis=1)
    return piece[listed], line[listed]


def last_points(lines: Lines, stats: Stats, pieces: Numbers) -> tuple[Numbers, Numbers]:
    """(piece, line) for each second point behind a line: of "./." the slant is not always seen."""
    low, high = lines.foot - _FOOT * lines.tall, lines.foot + _FOOT * lines.tall
    piece, line = _beside(stats, pieces, low, high, foot=True)
    tall, size = lines.tall[line], stats[piece]
    fits = (size[:, W] <= _POINT * tall) & (size[:, H] <= _POINT * tall)
    fits &= size[:, AREA] >= _INK * tall * tall
    off = (size[:, X] - lines.box[line, 2]) / tall
    fits &= (off > -_FOOT) & (off <= _AFTER)
    piece, line, off = piece[fits], line[fits], off[fits]
    order = np.lexsort((off, line))
    piece, line, off = piece[order], line[order], off[order]
    first, second = np.arange(len(piece) - 1), np.arange(1, len(piece))
    tall, a, b = lines.tall[line[first]], stats[piece[first]], stats[piece[second]]
    gap = b[:, X] - a[:, X] - a[:, W]
    # more of them are what is left of a row of dots
    two = np.bincount(line, minlength=len(lines.tall)) == 2
    pair = (line[first] == line[second]) & (off[first] <= _FIRST) & two[line[first]]
    pair &= (gap > 0) & (gap <= _SECOND * tall)
    pair &= np.abs(a[:, Y] + a[:, H] - b[:, Y] - b[:, H]) <= _FOOT * tall
    pair &= (a[:, AREA] <= 2 * b[:, AREA]) & (b[:, AREA] <= 2 * a[:, AREA])
    return piece[second[pair]], line[second[pair]]


def _beside(
    stats: Stats, pieces: Numbers, low: Sides, high: Sides, *, foot: bool = False
) -> tuple[Numbers, Numbers]:
    """(piece, line) for each piece whose middle, or foot, is on the level of a line."""
    at = stats[pieces, Y] + stats[pieces, H] * (1.0 if foot else 0.5)
    order = np.argsort(at)
    first = np.searchsorted(at[order], low)
    count = np.searchsorted(at[order], high, side="right") - first
    line = np.repeat(np.arange(len(low)), count)
    within = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
    return pieces[order[first[line] + within]], line


def with_pale_dash(
    box: tuple[float, float, float, float], ink: PageInk
) -> tuple[float, float, float, float]:
    """The box with the dash of a list before it, where that is too thin to count as ink.

    "- Như trên;" of a thin face at 200 dpi: letters are as dark as print, the dash is grey.
    """
    x0, y0, x1, y1 = box
    high = y1 - y0
    left, right = round(x0 - _DASH_BEFORE * high), round(x0 + 0.12 * high)
    if left < 0:
        return box
    # above and below stand the serifs of "T" and "L"
    rows = slice(round(y0 + 0.3 * high), round(y1 - 0.2 * high))
    strip = ink.grey[rows, left:right]
    if not strip.size:
        return box
    tones = strip.mean(axis=1)
    fall = np.sort(tones)[-max(1, len(tones) // 4)] - tones
    dashed = np.flatnonzero(fall > _PALE_DASH / 2)
    if fall.max() < _PALE_DASH or np.ptp(dashed) > 0.2 * high:
        return box
    lit = float(np.median(strip))
    dark = np.flatnonzero(strip[dashed].min(axis=0) < lit - 2 * _PALE_DASH)
    # a stroke that comes from further left is a seal's ring or a rule
    alone = len(dark) and dark[0] >= 1 and np.ptp(dark) < len(dark) + 1
    return (left, y0, x1, y1) if alone and len(dark) >= 0.2 * high else box
