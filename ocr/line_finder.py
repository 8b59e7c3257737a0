# SPDX-License-Identifier: Apache-2.0
"""Where the lines of a page stand: our own finder, by connected components, in compiled calls.

Letters become bars of their middle height, bars reach out by the blank they may leave, and what
touches is a line. Rules cut the cells of a table before they are taken off; a column gap is wider
than any bar reaches. Every box is a fraction of the (upright, level) page.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from ocr.components import Labels
from ocr.line_ends import Lines, crossed_ends, last_points, list_dots, with_pale_dash
from ocr.page import Box, Pixels
from ocr.page_ink import AREA, H, Mask, PageInk, Rules, Stats, W, X, Y, page_ink
from ocr.reading_order import in_reading_order
from ocr.seal_remains import seal_remains

LEAST_COVER = 0.93
"""Share of the letters that must stand in lines; below it another layout is asked."""
_REACH = 0.80  # of a letter's height to both sides: justified blanks are < 1.5, columns > 2.5
_CROSSED = 3.5  # of a letter's height: what a signature's stroke can hide
_SLOPED, _STEEPEST = 8, 0.05  # letters that tell how a line slants, and the most it may
_CORE = 0.27  # of a letter's height taken off above and below: lines do not touch
_LEVEL, _BLANK = 0.6, 0.8  # of letters' heights: shared by pieces of a line, and between them
_RULED = 0.8  # of the rows between two pieces
_SEEN, _AT_ONCE = 3.0, 256  # letters' heights up and down, and pieces held against them at once
_TOUCHING = 0.5  # of a letter's height
_SEAL = 300  # pixels at 300 dpi: no signature is as large both ways
_DASHED = 2.3  # of a letter's height: two blanks and the dash between them
_ON_TOP = 0.28  # of a letter's height between a mark and the letter it stands on
_DOT = 0.38  # of a letter's height to both sides
_HANGING = 0.22  # of a letter's height between it and a mark on it, or between two such marks
_ASIDE = 0.1  # of a letter's height: the second mark of "ế" stands to the right of the first
_SPECK = 0.03  # of a letter's height squared: the ink of a full stop is more on a good scan
_DASH = 0.25  # of a letter's height: no speck is as wide
_BESIDE, _ABOVE = 0.35, 0.06  # of a letter's height around a line: room for a pale full stop
_FAR = 1 << 16  # pixels: no page is as wide
_LEAST = 6  # pixels: nothing smaller is a line of text
_NOBODY, _NO_TEXT = -1, -2
_SHRINK = 2  # bars are thick: half the pixels tell as well what touches


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLines:
    """Boxes in reading order; `cover`: share of the letters' ink that stands inside them.

    `owner` [n]: for each component of the page's ink the box it belongs to, -1 for none, -2 for
    what is no text at all (dot leaders). `slants` [n, 5], in no order: for each line its rise along
    the page, x and y of its middle, its width (all in pixels) and its letters; `usual`: the height
    of the page's letters.
    """

    boxes: tuple[Box, ...]
    cover: float
    owner: npt.NDArray[np.intp]
    slants: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 5)))
    usual: float = 0.0

    @property
    def sure(self) -> bool:
        return bool(self.boxes) and self.cover >= LEAST_COVER

    def crops(self, ink: PageInk) -> list[Pixels]:
        """The grey picture of each line, with what belongs to other lines taken off.

        In close print a box holds the marks of the line below and the tails of the one above.
        """
        return [self.crop(ink, k) for k in range(len(self.boxes))]

    def crop(self, ink: PageInk, k: int) -> Pixels:
        """The picture of line `k` alone."""
        x0, y0, x1, y1 = self.boxes[k].pixels(ink.grey.shape, _LEAST)
        crop = ink.grey[y0:y1, x0:x1]
        owner = self.owner[ink.labels[y0:y1, x0:x1]]
        foreign = (owner != k) & (owner != _NOBODY)
        if not foreign.any():
            return crop
        # a pixel around: the soft edge of a letter is no ink, but looks like a mark again
        off = cv2.dilate(foreign.astype(np.uint8), np.ones((3, 3), np.uint8))
        off[owner == k] = 0
        made = crop.copy()
        made[off > 0] = ink.paper
        return made


def find_lines(grey: Pixels, dpi: float) -> FoundLines:
    """Lines of an upright, level grey page; none reaches over a column gap or out of its cell."""
    return lines_in(page_ink(grey, dpi))


def lines_in(ink: PageInk) -> FoundLines:
    """Lines of a page whose ink has been looked at already."""
    height, width = ink.grey.shape
    stats, rules, unit = ink.stats, ink.rules, ink.unit
    letters = _letters(stats, unit)
    remains = seal_remains(ink, letters)
    letters &= ~remains
    if not letters.any():
        nobody = np.full(len(stats), _NOBODY)
        return FoundLines(boxes=(), cover=0.0 if ink.mask.any() else 1.0, owner=nobody)
    usual = float(np.median(stats[letters, H]))
    home = _homes(stats, letters, _named_bars(stats[letters], rules, (height, width), usual))
    home = _with_marks(stats, home, letters, usual)
    home = _joined(stats, home, ink)
    crossing = _crossing(ink, letters, ink.leaders | remains)
    home = _joined_under_strokes(ink, home, crossing)
    boxes, owner = _boxes(ink, home, letters, ink.leaders | remains, crossing)
    boxes = [with_pale_dash(box, ink) for box in boxes]
    found = [
        (
            Box(x0 / width, y0 / height, x1 / width, y1 / height),
            rules.cell_at((x0 + x1) / 2, (y0 + y1) / 2),
        )
        for x0, y0, x1, y1 in boxes
    ]
    tables = rules.extents[:, :4] / (width, height, width, height)
    order = in_reading_order(found, tables)
    place = np.full(len(boxes) + 2, _NOBODY)
    place[order] = np.arange(len(order))
    place[_NO_TEXT] = _NO_TEXT
    return FoundLines(
        boxes=tuple(found[k][0] for k in order),
        cover=_cover(stats[letters], boxes),
        owner=place[owner],
        slants=_slants(stats, home),
        usual=usual,
    )


def _slants(stats: Stats, home: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    names, box, count = _extents(stats, home)
    slope, middle, top, bottom = _levelled(stats, home, names)
    wide = box[:, 2] - box[:, 0]
    return np.column_stack([slope, middle, (top + bottom) / 2, wide, count])


def _letters(stats: Stats, unit: float) -> npt.NDArray[np.bool_]:
    """Components of a letter's size: no speck, no dot, no seal, no signature."""
    high, wide = stats[:, H], stats[:, W]
    fits = (high >= 12 * unit) & (high <= 115 * unit) & (wide <= 240 * unit)
    fits &= (wide <= 14 * high) & (stats[:, AREA] >= 0.08 * high * wide)
    fits[0] = False
    usual = float(np.median(high[fits])) if fits.any() else 0.0
    return np.asarray(fits & (high >= 0.45 * usual), np.bool_)


def _named_bars(letters: Stats, rules: Rules, shape: tuple[int, int], usual: float) -> Labels:
    """Letters as bars, bars cut at the rules, a label for what touches; smaller by `_SHRINK`."""
    height, width = (side // _SHRINK + 1 for side in shape)
    bars = np.zeros((height, width), np.uint8)
    high = letters[:, H].astype(np.float64)
    reach = _REACH * np.clip(high, 0.8 * usual, 1.8 * usual)
    rows = np.stack(
        [
            letters[:, X] - reach,
            letters[:, Y] + _CORE * high,
            letters[:, X] + letters[:, W] + reach,
            letters[:, Y] + (1 - _CORE) * high,
        ],
        axis=1,
    )
    for x0, y0, x1, y1 in np.rint(rows / _SHRINK).astype(int).tolist():
        cv2.rectangle(bars, (x0, y0), (x1, max(y0, y1)), 255, cv2.FILLED)
    if rules.mask.any():
        spread = cv2.dilate(rules.mask, np.ones((_SHRINK, _SHRINK), np.uint8), anchor=(0, 0))
        small = spread[::_SHRINK, ::_SHRINK]
        bars[: small.shape[0], : small.shape[1]][small > 0] = 0
    _, names = cv2.connectedComponents(bars, connectivity=4, ltype=cv2.CV_32S)
    return np.asarray(names, np.int32)


def _homes(stats: Stats, letters: npt.NDArray[np.bool_], names: Labels) -> npt.NDArray[np.int64]:
    """For each letter the line (label of its bar) it belongs to; 0 for none."""
    height, width = names.shape
    x = np.clip(((stats[:, X] + stats[:, W] / 2) / _SHRINK).astype(int), 0, width - 1)
    y = np.clip(((stats[:, Y] + stats[:, H] / 2) / _SHRINK).astype(int), 0, height - 1)
    home = np.asarray(names[y, x], np.int64)
    home[~letters] = 0
    return home


def _with_marks(
    stats: Stats, home: npt.NDArray[np.int64], letters: npt.NDArray[np.bool_], usual: float
) -> npt.NDArray[np.int64]:
    """Stacked marks (ố, ẩ) are as tall as letters: what stands on a longer line belongs to it."""
    names, first, count = _extents(stats, home)
    if len(names) < 2:
        return home
    slope, middle, top, bottom = _levelled(stats, home, names)
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
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        own = stats[pieces[some]]
        first = np.searchsorted(top[order], own[0, Y] - reach - tallest)
        last = np.searchsorted(top[order], (own[:, Y] + own[:, H]).max() + reach, side="right")
        near = np.sort(order[first:last])  # of two as near the first stands
        if near.size:
            gap[some], found = _gaps(stats, pieces[some], carriers[near], usual)
            nearest[some] = near[found]
    far = np.flatnonzero(gap > reach)
    for start in range(0, len(far), _AT_ONCE):
        some = far[start : start + _AT_ONCE]
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


def _joined(stats: Stats, home: npt.NDArray[np.int64], ink: PageInk) -> npt.NDArray[np.int64]:
    """Pieces of one line that a signature, a seal or a dash stands between.

    A column gap is wider and empty; behind the upright rule of a table stands another cell.
    """
    names, box, count = _extents(stats, home)
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


def _crossing(
    ink: PageInk, letters: npt.NDArray[np.bool_], no_text: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Components too large for marks that are no letters: strokes, with letters they touch."""
    high, wide = ink.stats[:, H], ink.stats[:, W]
    large = (high > 40 * ink.unit) | (wide > 60 * ink.unit)
    # letters stand around a seal, none are one with it
    large &= np.minimum(high, wide) < _SEAL * ink.unit
    large[0] = False
    return np.asarray(large & ~letters & ~no_text, np.bool_)


def _joined_under_strokes(
    ink: PageInk, home: npt.NDArray[np.int64], crossing: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Pieces of one line where letters between them are one with the stroke that crosses them."""
    stats = ink.stats
    names, box, _ = _extents(stats, home)
    tall = _usual(stats[:, H], home, names)
    lines = Lines(box=box, tall=tall, foot=_usual(stats[:, Y] + stats[:, H], home, names))
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


def _ties(between: Mask, gap: float) -> bool:
    """Ink all through the gap, or the dash of "Văn hóa - Xã hội" in one that is not wide."""
    inked = float((between > 0).any(axis=0).mean())
    return inked > 0.5 or (gap < _DASHED and inked > 0.12)


def _extents(
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


def _levelled(
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


def _usual(
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


def _boxes(
    ink: PageInk,
    home: npt.NDArray[np.int64],
    letters: npt.NDArray[np.bool_],
    leaders: npt.NDArray[np.bool_],
    crossing: npt.NDArray[np.bool_],
) -> tuple[list[tuple[float, float, float, float]], npt.NDArray[np.intp]]:
    """Boxes around the letters of each line and the marks and points that hang on to it.

    And for each component the box it belongs to.
    """
    stats, middles, unit = ink.stats, ink.middles, ink.unit
    names, box, _ = _extents(stats, home)
    owner = np.full(len(stats), _NOBODY)
    owner[leaders] = _NO_TEXT
    owner[home > 0] = np.searchsorted(names, home[home > 0])
    right, bottom = stats[:, X] + stats[:, W], stats[:, Y] + stats[:, H]
    tall = _usual(stats[:, H], home, names)
    small = np.flatnonzero(
        ~letters & ~leaders & (stats[:, H] <= 40 * unit) & (stats[:, W] <= 60 * unit)
    )
    small = small[(small > 0) & (stats[small, AREA] >= max(3, 12 * unit * unit))]
    lines = Lines(box=box, tall=tall, foot=_usual(bottom, home, names))
    grown = box.copy()
    grown[:, (0, 2)] += crossed_ends(lines, ink, crossing) * (-1, 1)
    if small.size:
        hung = _owners(stats, home, names, box, tall, small, middles[small])
        owner[small] = np.where(hung >= 0, hung, owner[small])
        pieces, line = small[hung >= 0], hung[hung >= 0]
        stretching = _stretching(stats, home, names, box, tall, pieces, line, middles[pieces])
        pieces, line = pieces[stretching], line[stretching]
        np.minimum.at(grown[:, 0], line, stats[pieces, X])
        np.minimum.at(grown[:, 1], line, stats[pieces, Y])
        np.maximum.at(grown[:, 2], line, right[pieces])
        np.maximum.at(grown[:, 3], line, bottom[pieces])
        for found in (list_dots, last_points):
            pieces, line = found(lines, stats, small)
            owner[pieces] = line
            np.minimum.at(grown[:, 0], line, stats[pieces, X])
            np.maximum.at(grown[:, 2], line, right[pieces])
    grown += np.outer(tall, (-_BESIDE, -_ABOVE, _BESIDE, _ABOVE))
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in grown.tolist()], owner


def _stretching(
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


def _owners(
    stats: Stats,
    home: npt.NDArray[np.int64],
    names: npt.NDArray[np.int64],
    box: npt.NDArray[np.float64],
    tall: npt.NDArray[np.float64],
    small: npt.NDArray[np.intp],
    middles: npt.NDArray[np.float64],
) -> npt.NDArray[np.intp]:
    """For each mark or point (`small`) the line it hangs on to; -1 for none."""
    x, y = middles.T
    dash = stats[small, W] >= 1.5 * stats[small, H]  # of a list, a blank before its line
    hang = np.where(dash, 1.3, 0.6)[:, None]
    near = (
        (x[:, None] >= box[:, 0] - hang * tall)
        & (x[:, None] <= box[:, 2] + hang * tall)
        & (y[:, None] >= box[:, 1] - 0.45 * tall)
        & (y[:, None] <= box[:, 3] + 0.40 * tall)
    )
    owner = np.where(near.any(axis=1), near.argmax(axis=1), -1)
    disputed = near.sum(axis=1) > 1
    if disputed.any():
        letters = np.flatnonzero(np.isin(home, names[near[disputed].any(axis=0)]))
        carriers = _carriers(stats, small[disputed], letters, small, float(np.median(tall)))
        owner[disputed] = np.searchsorted(names, home[letters[carriers]])
    return owner


def _cover(letters: Stats, boxes: list[tuple[float, float, float, float]]) -> float:
    if not boxes:
        return 0.0
    x = letters[:, X] + letters[:, W] / 2
    y = letters[:, Y] + letters[:, H] / 2
    inside = np.zeros(len(letters), np.bool_)
    for x0, y0, x1, y1 in boxes:
        inside |= (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    area = letters[:, AREA]
    return float(area[inside].sum() / area.sum())
