# SPDX-License-Identifier: Apache-2.0
"""Marks, dots and dashes: which line each belongs to, and which make its box larger.

Stacked marks (ế, ẩ) are as tall as letters and, in close print, as near to the line above as to
their own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ocr.line_shapes import extents, levelled
from ocr.page_ink import AREA, H, Stats, W, X, Y

_SEEN, _AT_ONCE = 3.0, 256  # letters' heights up and down, and pieces held against them at once
_HELD = 1 << 22  # pairs of a piece and what it may hang on to, held at once
_ON_TOP = 0.28  # of a letter's height between a mark and the letter it stands on
_DOT = 0.38  # of a letter's height to both sides
_HANGING = 0.22  # of a letter's height between it and a mark on it, or between two such marks
_ASIDE = 0.1  # of a letter's height: the second mark of "ế" stands to the right of the first
_SPECK = 0.03  # of a letter's height squared: the ink of a full stop is more on a good scan
_DASH = 0.25  # of a letter's height: no speck is as wide
_FAR = 1 << 16  # pixels: no page is as wide


def with_marks(
    stats: Stats, home: npt.NDArray[np.int64], letters: npt.NDArray[np.bool_], usual: float
) -> npt.NDArray[np.int64]:
    """Stacked marks (ố, ẩ) are as tall as letters: what stands on a longer line belongs to it."""
    names, first, count = extents(stats, home)
    if len(names) < 2:
        return home
    slope, middle, top, bottom = levelled(stats, home, names)
    tall = bottom - top
    wide = first[:, 2] - first[:, 0]
    moved, disputed = dict[int, int](), list[int]()
    for k in np.flatnonzero(count <= 4).tolist():
        x = (first[k, 0] + first[k, 2]) / 2
        y = first[k, 3] - 0.25 * tall[k]
        rise = slope * (x - middle)
        over = (first[:, 0] - 0.3 * tall <= x) & (x <= first[:, 2] + 0.3 * tall)
        # a comma begins above what its line stands on, wherever it ends
        over &= (top + rise - 0.35 * tall <= y) & (first[k, 1] + 0.25 * tall[k] <= bottom + rise)
        over &= (count > count[k]) & (wide > wide[k])
        # a letter of its own is as tall as its line; a line of its own stands clear of others
        over &= tall[k] < 0.8 * tall
        lines = np.flatnonzero(over)
        if len(lines) == 1:
            moved[int(names[k])] = int(names[lines[0]])
        elif len(lines):
            disputed.append(int(names[k]))
    renamed = home.copy()
    for old, new in moved.items():
        renamed[home == old] = new
    if disputed:
        theirs = np.isin(home, disputed)
        pieces = np.flatnonzero(theirs)
        marks = np.concatenate([pieces, np.flatnonzero(~letters & (stats[:, AREA] > 3))[1:]])
        owners = np.flatnonzero((renamed > 0) & ~theirs)
        if owners.size:
            renamed[pieces] = renamed[owners[_carriers(stats, pieces, owners, marks, usual)]]
    return renamed


def _carriers(
    stats: Stats,
    pieces: npt.NDArray[np.intp],
    letters: npt.NDArray[np.intp],
    marks: npt.NDArray[np.intp],
    usual: float,
) -> npt.NDArray[np.intp]:
    """For each piece the letter (index into `letters`) that it stands on or hangs below.

    In close print the acute of "ế" stands as near to the line above as to its own: it belongs to
    the letter it is nearest to, a mark on a mark (dấu sắc on dấu mũ) to what carries that.
    """
    on_letter, letter = _nearest(stats, pieces, letters, usual)
    if not marks.size:
        return letter
    on_mark, mark = _nearest(stats, pieces, marks, usual)
    _, carried = _nearest(stats, marks[mark], letters, usual)
    return np.where(on_mark < on_letter, carried, letter)


def _nearest(
    stats: Stats, pieces: npt.NDArray[np.intp], carriers: npt.NDArray[np.intp], usual: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
    """(gap, index into `carriers`) of what each piece most likely hangs on to, never itself.

    A mark stands right above its letter; only a dot may also hang right below one. Whatever does
    neither (a comma, a hyphen) belongs to what is next to it.
    """
    gap = np.full(len(pieces), np.inf, np.float32)
    nearest = np.zeros(len(pieces), np.intp)
    top = stats[carriers, Y]
    order, tallest, reach = np.argsort(top), stats[carriers, H].max(), _SEEN * usual
    rows = np.argsort(stats[pieces, Y], kind="stable")
    at_once = min(_AT_ONCE, 1 + _HELD // len(carriers))
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        own = stats[pieces[some]]
        first = np.searchsorted(top[order], own[0, Y] - reach - tallest)
        last = np.searchsorted(top[order], (own[:, Y] + own[:, H]).max() + reach, side="right")
        near = np.sort(order[first:last])  # of two as near the first stands
        if near.size:
            gap[some], found = _gaps(stats, pieces[some], carriers[near], usual)
            nearest[some] = near[found]
    far = np.flatnonzero(gap > reach)
    for start in range(0, len(far), at_once):
        some = far[start : start + at_once]
        gap[some], nearest[some] = _gaps(stats, pieces[some], carriers, usual)
    return gap, nearest


def _gaps(
    stats: Stats, pieces: npt.NDArray[np.intp], carriers: npt.NDArray[np.intp], usual: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
    """The same, each piece held against every carrier."""
    left, top, wide, high = (stats[pieces, :4].T[:, :, None]).astype(np.float32)
    x, y, w, h = (stats[carriers, :4].T[:, None, :]).astype(np.float32)
    middle = left + wide / 2
    over = (x - 1 <= middle) & (middle <= x + w + 1)
    below, above = y - top - high, top - y - h
    across = np.maximum(np.maximum(x - left - wide, left - x - w), 0)
    along = np.maximum(np.maximum(below, above), 0)
    gap = np.hypot(across, along) + np.float32(_ON_TOP * usual)
    dot = (wide <= _DOT * usual) & (high <= _DOT * usual)
    for held, room in ((over, below), (over & dot, above)):
        near = held & (room >= -0.5 * _ON_TOP * usual) & (room <= _ON_TOP * usual)
        gap = np.where(near, np.minimum(gap, np.maximum(room, 0)), gap)
    gap[pieces[:, None] == carriers[None, :]] = np.inf
    nearest = gap.argmin(axis=1)
    return gap[np.arange(len(pieces)), nearest], nearest


def mark_owners(
    stats: Stats,
    home: npt.NDArray[np.int64],
    names: npt.NDArray[np.int64],
    box: npt.NDArray[np.float64],
    tall: npt.NDArray[np.float64],
    small: npt.NDArray[np.intp],
    middles: npt.NDArray[np.float64],
) -> npt.NDArray[np.intp]:
    """For each mark or point (`small`) the line it hangs on to; -1 for none.

    Some rows of the page at a time: on a large drawing with dust there are hundreds of thousands of
    them and thousands of lines, and each held against each took gigabytes.
    """
    x, y = middles.T
    dash = stats[small, W] >= 1.5 * stats[small, H]  # of a list, a blank before its line
    hang = np.where(dash, 1.3, 0.6)
    top, bottom = box[:, 1] - 0.45 * tall, box[:, 3] + 0.40 * tall
    owner = np.full(len(small), -1, np.intp)
    disputed, rivals = np.zeros(len(small), np.bool_), np.zeros(len(names), np.bool_)
    rows = np.argsort(y, kind="stable")
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        lines = np.flatnonzero((top <= y[some[-1]]) & (y[some[0]] <= bottom))
        if not lines.size:
            continue
        off = hang[some, None] * tall[lines]
        across, level = x[some, None], y[some, None]
        near = (across >= box[lines, 0] - off) & (across <= box[lines, 2] + off)
        near &= (level >= top[lines]) & (level <= bottom[lines])
        count = np.count_nonzero(near, axis=1)
        owner[some] = np.where(count, lines[near.argmax(axis=1)], -1)
        disputed[some] = count > 1
        rivals[lines] |= near[count > 1].any(axis=0)
    if disputed.any():
        letters = np.flatnonzero(np.isin(home, names[rivals]))
        carriers = _carriers(stats, small[disputed], letters, small, float(np.median(tall)))
        owner[disputed] = np.searchsorted(names, home[letters[carriers]])
    return owner


def stretching(
    stats: Stats,
    home: npt.NDArray[np.int64],
    names: npt.NDArray[np.int64],
    box: npt.NDArray[np.float64],
    tall: npt.NDArray[np.float64],
    pieces: npt.NDArray[np.intp],
    line: npt.NDArray[np.intp],
    middles: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Which pieces make the box of their line larger: marks on letters, dashes, what is no speck.

    Every speck of a copy beside a line would have its letters drawn smaller: read in boxes without
    specks, a third fewer of the letters of copies are wrong.
    """
    y, high = middles[:, 1], tall[line]
    letters = np.flatnonzero(home > 0)
    on = np.searchsorted(names, home[letters])
    hangs = _hanging(stats, pieces, line, letters, on, high)
    marks = pieces[hangs], line[hangs]
    hangs |= _hanging(stats, pieces, line, *marks, high) if hangs.any() else False
    size = stats[pieces, AREA] / (high * high)
    dash = stats[pieces, W] >= np.maximum(1.5 * stats[pieces, H], _DASH * high)
    quarter = stats[pieces, H] / 4  # of a comma stands above what its line stands on
    level = (box[line, 1] <= y) & (stats[pieces, Y] + quarter <= box[line, 3])
    return np.asarray(hangs | (level & (dash | (size >= _SPECK))), np.bool_)


def _hanging(
    stats: Stats,
    pieces: npt.NDArray[np.intp],
    line: npt.NDArray[np.intp],
    carriers: npt.NDArray[np.intp],
    on: npt.NDArray[np.intp],
    high: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Which pieces stand right above or below a carrier `on` their own `line`, never themselves."""
    x = stats[pieces, X] + stats[pieces, W] / 2
    places = on * _FAR + stats[carriers, X]
    order = np.argsort(places)
    carriers, on = carriers[order], on[order]
    after = np.searchsorted(places[order], line * _FAR + x + _ASIDE * high, side="right")
    hangs = np.zeros(len(pieces), np.bool_)
    for back in (1, 2):  # letters may overlap: the one that starts last is not always below
        at = np.maximum(after - back, 0)
        left, top, wide, tall = stats[carriers[at], :4].T
        over = (on[at] == line) & (carriers[at] != pieces)
        over &= (left - _ASIDE * high <= x) & (x <= left + wide + _ASIDE * high)
        above = top - stats[pieces, Y] - stats[pieces, H]
        below = stats[pieces, Y] - top - tall
        hangs |= over & (np.maximum(above, below) <= _HANGING * high)
    return hangs
