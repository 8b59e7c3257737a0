# SPDX-License-Identifier: Apache-2.0
"""What a seal has left among the ink of a grey page: its letters are paler than print.

A round seal (36 mm across, its letters on a ring) that was scanned in grey, or whose red was
lifted, is read as scraps of text and draws the lines of the signer it lies upon out of shape.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page_ink import AREA, H, PageInk, Stats, X

_PRINTED = 0.62  # of the contrast of print: every letter of print is darker somewhere
_PALE, _PALER = 0.4, 0.05  # share of dark ink: of what a seal's remains have, of its plain letters
_SMALL = 0.85  # of the height of the page's letters: those of a seal are larger
_STEP, _STEP_300 = 2, 3  # pixels, and at 300 dpi: no stroke is so thin that all miss it
_FEWEST = 8  # letters of a seal
_REACH = 283  # pixels at 300 dpi, 24 mm: around a letter of a seal all others
_SPREAD = 142  # 12 mm both ways: a pale line of handwriting is level
_RIM = 60
_MOST = 3  # seals on a page
_AT_ONCE = 256  # pale letters held against the others of their rows
_LEVEL = 0.4  # of a letter's height between the middles of two in a row
_BLANK = 1.6  # of a letter's height: a colon and a blank
_SEAL_LETTER = 26  # pixels at 300 dpi: a seal's are 2 mm high and more
_LONG = 8  # letters of a row
_PIXEL, _STEPPED, _MOST_LEVEL = 1.5, 0.12, 0.6  # pixels, of a letter's height; of the letters

Sides = npt.NDArray[np.float64]


def seal_remains(ink: PageInk, letters: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which components of the page's ink are what a seal has left; `letters`: of a letter's size.

    Only where many pale letters stand together: pale handwriting and pale lines of text stay.
    """
    none = np.zeros(len(ink.stats), np.bool_)
    dark = _dark_share(ink)
    pale = letters & (dark < _PALER)
    if np.count_nonzero(pale) < _FEWEST:
        return none
    (x, y), high = ink.middles.T, ink.stats[:, H]
    usual, remains = float(np.median(high[letters])), none
    for x0, y0, x1, y1 in _zones(ink.middles[pale], ink.unit):
        inside = (x0 <= x) & (x <= x1) & (y0 <= y) & (y <= y1)
        held = inside & (dark < _PALE)
        rim = _REACH * ink.unit  # a row may begin or end beside the seal
        around = (x0 - rim <= x) & (x <= x1 + rim) & (y0 - rim <= y) & (y <= y1 + rim)
        small = (
            around & (0.3 * usual <= high) & (high <= max(_SMALL * usual, _SEAL_LETTER * ink.unit))
        )
        for left, top, right, bottom in _rows(ink.stats[small]):
            held &= (x < left) | (right < x) | (y < top) | (bottom < y)
        remains = remains | held
    return remains


def _rows(letters: Stats) -> list[tuple[float, float, float, float]]:
    """Boxes of level rows of small letters: what signing software prints beside its seal.

    The letters on a ring do not stay level for so many; at its foot they nearly do, but each
    stands a little higher or lower than the one before.
    """
    letters = letters[np.argsort(letters[:, X], kind="stable")]
    x, y, wide, high = letters[:, :4].T.astype(np.float64)
    middle, foot, row_of = y + high / 2, y + high, _row_of(x, y, wide, high)
    rows = []
    for name in np.flatnonzero(np.bincount(row_of) >= _LONG).tolist():
        row = row_of == name
        tall = float(np.median(high[row]))
        steps = np.abs(np.diff(foot[row]))
        level = np.mean(steps <= max(_PIXEL, _STEPPED * tall)) >= _MOST_LEVEL
        if np.ptp(middle[row]) <= tall and level:
            right, bottom = (x + wide)[row].max(), (y + high)[row].max()
            off = 0.5 * tall
            rows.append((x[row].min() - off, y[row].min() - off, right + off, bottom + off))
    return rows


def _row_of(x: Sides, y: Sides, wide: Sides, high: Sides) -> npt.NDArray[np.intp]:
    """For each letter, given from left to right, the first of those it stands in one row with.

    Each is held only against those that begin soon behind it: against all others, and these
    against all again, 1,200 small letters took .3 s.
    """
    first = np.arange(len(x))
    ahead = np.searchsorted(x, x + wide + _BLANK * high, side="right") - first - 1
    one = np.repeat(first, ahead)
    other = one + 1 + np.arange(len(one)) - np.searchsorted(one, one)
    lower, middle = np.minimum(high[one], high[other]), y + high / 2
    joined = (
        (x[other] - (x + wide)[one] <= _BLANK * lower)
        & (np.abs(middle[one] - middle[other]) <= _LEVEL * lower)
        & (lower >= 0.5 * np.maximum(high[one], high[other]))
    )
    one, other = one[joined], other[joined]
    while True:
        found = first.copy()
        np.minimum.at(found, one, first[other])
        np.minimum.at(found, other, first[one])
        found = found[found]
        if np.array_equal(found, first):
            return first
        first = found


def _dark_share(ink: PageInk) -> npt.NDArray[np.float64]:
    """For each component the share of its ink that is as dark as print."""
    step = max(_STEP, round(_STEP_300 * ink.unit))
    some = slice(None, None, step)
    grey, mask = np.ascontiguousarray(ink.grey[some, some]), ink.mask[some, some]
    mask = np.ascontiguousarray(mask)
    tones = cv2.calcHist([grey], [0], mask, [256], [0, 256]).ravel().cumsum()
    print_level = float(np.searchsorted(tones, 0.15 * tones[-1]))
    limit = ink.paper - _PRINTED * max(0.0, ink.paper - print_level)
    dark = ink.labels[some, some][(mask > 0) & (grey <= limit)]
    held = np.bincount(dark, minlength=len(ink.stats)) * step * step
    return np.asarray(held / np.maximum(1, ink.stats[:, AREA]), np.float64)


def _zones(
    middles: npt.NDArray[np.float64], unit: float
) -> list[tuple[float, float, float, float]]:
    """Boxes around the pale letters that stand together as those of a seal do."""
    zones, left = list[tuple[float, float, float, float]](), middles
    while len(left) >= _FEWEST and len(zones) < _MOST:
        crowd = _crowd(left, _REACH * unit)
        low, high = left[crowd].min(axis=0), left[crowd].max(axis=0)
        if crowd.sum() < _FEWEST or (high - low < _SPREAD * unit).any():
            break
        rim = _RIM * unit
        zones.append((low[0] - rim, low[1] - rim, high[0] + rim, high[1] + rim))
        left = left[~crowd]
    return zones


def _crowd(points: npt.NDArray[np.float64], reach: float) -> npt.NDArray[np.bool_]:
    """Which points [n, 2] are within reach of the one that has most others there.

    Some rows of the page at a time: of a raster printed pale there are thousands, and each held
    against each took gigabytes.
    """
    order = np.argsort(points[:, 1], kind="stable")
    rows, held = points[order], np.zeros(len(points), np.intp)
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        first = np.searchsorted(rows[:, 1], some[0, 1] - reach)
        last = np.searchsorted(rows[:, 1], some[-1, 1] + reach, side="right")
        near = _apart(some, rows[first:last]) <= reach
        held[order[start : start + _AT_ONCE]] = np.count_nonzero(near, axis=1)
    most = points[held.argmax()]
    return np.asarray(_apart(most[None], points)[0] <= reach, np.bool_)


def _apart(
    some: npt.NDArray[np.float64], others: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Distances [n, m] of points [n, 2] and [m, 2]."""
    x, y = (some[:, None] - others[None]).transpose(2, 0, 1)
    return np.asarray(np.hypot(x, y), np.float64)
