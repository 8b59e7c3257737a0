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
_SLANT, _LEVEL = 0.3, 0.08  # the least room for the slant between them; how level they stand
_SAME, _PIXEL = 0.3, 1.0  # of a point's size, and pixels: how much two of them differ
_AFTER = 8.0  # so far behind the line no third may stand
_CROSSED, _BLANK, _FILLED, _WORD = 1.7, 0.4, 0.25, 1.7
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
    pair &= (gap >= _SLANT * tall) & (gap <= _SECOND * tall)
    for side in (W, H):  # one type makes both
        pair &= np.abs(a[:, side] - b[:, side]) <= np.maximum(_PIXEL, _SAME * a[:, side])
    pair &= np.abs(a[:, Y] + a[:, H] - b[:, Y] - b[:, H]) <= np.maximum(_PIXEL, _LEVEL * tall)
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


def crossed_ends(lines: Lines, ink: PageInk, crossing: npt.NDArray[np.bool_]) -> Sides:
    """[n, 2] pixels by which a line goes on to the left and to the right under a stroke.

    `crossing`: components too large for letters. The first letter of a name that a signature runs
    through is one component with it; a stroke alone fills less of the line's height than a letter.
    """
    made = np.zeros((len(lines.tall), 2))
    if not crossing.any():
        return made
    width = ink.mask.shape[1]
    boxes = ink.stats[crossing]
    x0, y0, x1, y1 = boxes[:, X], boxes[:, Y], boxes[:, X] + boxes[:, W], boxes[:, Y] + boxes[:, H]
    for k, (left, top, right, bottom) in enumerate(lines.box.tolist()):
        tall = lines.tall[k]
        if right - left < _WORD * tall:
            continue
        reach = _CROSSED * tall
        near = (y0 < bottom) & (y1 > top) & (x0 < right + reach) & (x1 > left - reach)
        if not near.any():
            continue
        rows = slice(max(0, int(top)), int(bottom) + 1)
        for side, place in (
            (0, slice(max(0, int(left - reach)), max(0, int(left)))),
            (1, slice(min(width, int(right)), min(width, int(right + reach)))),
        ):
            own = crossing[ink.labels[rows, place]]
            filled = own.mean(axis=0)
            if side == 0:
                filled = filled[::-1]
            made[k, side] = _run(filled, tall)
    return made


def _run(filled: Sides, tall: float) -> float:
    """How far from the line's end columns are filled as letters fill them, blanks left out."""
    inked = np.flatnonzero(filled > 0)
    if not inked.size or inked[0] > _BLANK * tall:
        return 0.0
    gaps = np.flatnonzero(np.diff(inked) > _BLANK * tall)
    end = int(inked[gaps[0]] if gaps.size else inked[-1]) + 1
    return float(end) if filled[:end].mean() >= _FILLED and end >= _BLANK * tall else 0.0
