# SPDX-License-Identifier: Apache-2.0
"""Where the lines of a page stand: our own finder, by connected components, in compiled calls.

Letters become bars of their middle height, bars reach out by the blank they may leave, and what
touches is a line. Rules cut the cells of a table before they are taken off; a column gap is wider
than any bar reaches. Every box is a fraction of the (upright, level) page.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr.clean import ink_mask, paper_level
from ocr.page import Box, Pixels
from ocr.reading_order import in_reading_order

Mask = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int32]
Stats = npt.NDArray[np.int32]
LEAST_COVER = 0.93
"""Share of the letters that must stand in lines; below it another layout is asked."""
_REACH = 0.80  # of a letter's height to both sides: justified blanks are < 1.5, columns > 2.5
_FAINT = 0.33  # of the contrast of print: paler ink is no print
_CROSSED = 3.5  # of a letter's height: what a signature's stroke can hide
_CORE = 0.27  # of a letter's height taken off above and below: lines do not touch
_X, _Y, _W, _H, _AREA = (
    cv2.CC_STAT_LEFT,
    cv2.CC_STAT_TOP,
    cv2.CC_STAT_WIDTH,
    cv2.CC_STAT_HEIGHT,
    cv2.CC_STAT_AREA,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLines:
    """Boxes in reading order; `cover`: share of the letters' ink that stands inside them."""

    boxes: tuple[Box, ...]
    cover: float

    @property
    def sure(self) -> bool:
        return bool(self.boxes) and self.cover >= LEAST_COVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Ruled lines of tables and forms: `mask` 255 on a rule, `cells` a label for each field."""

    mask: Mask
    cells: Labels
    extents: Stats


def find_lines(grey: Pixels, dpi: float) -> FoundLines:
    """Lines of an upright, level grey page; none reaches over a column gap or out of its cell."""
    height, width = grey.shape
    unit = dpi / 300
    ink = _print_ink(grey)
    rules = find_rules(ink, unit)
    off = cv2.dilate(rules.mask, np.ones((3, 3), np.uint8))
    inked = np.asarray(cv2.subtract(ink, off), np.uint8)
    _, _, found_stats, found_middles = cv2.connectedComponentsWithStats(inked, connectivity=8)
    stats, middles = np.asarray(found_stats, np.int32), np.asarray(found_middles, np.float64)
    letters = _letters(stats, unit)
    if not letters.any():
        return FoundLines(boxes=(), cover=0.0 if inked.any() else 1.0)
    usual = float(np.median(stats[letters, _H]))
    bars = _bars(stats[letters], rules, (height, width), usual)
    _, names = cv2.connectedComponents(bars, connectivity=4, ltype=cv2.CV_32S)
    home = _homes(stats, letters, np.asarray(names, np.int32))
    home = _with_marks(stats, home)
    home = _joined(stats, home, inked)
    boxes = _boxes(stats, home, letters, middles, unit)
    found = [
        (Box(x0 / width, y0 / height, x1 / width, y1 / height), _cell(rules, x0, y0, x1, y1))
        for x0, y0, x1, y1 in boxes
    ]
    tables = rules.extents[:, :4] / (width, height, width, height)
    ordered = in_reading_order(found, tables)
    return FoundLines(boxes=tuple(ordered), cover=_cover(stats[letters], boxes))


def _print_ink(grey: Pixels) -> Mask:
    """Ink as dark as print; what is left of a lifted seal is paler and ties lines together."""
    ink = ink_mask(grey)
    inked = grey[ink > 0]
    if not inked.size:
        return ink
    paper, print_level = paper_level(grey), float(np.percentile(inked, 15))
    ink[grey > paper - _FAINT * max(0.0, paper - print_level)] = 0
    return ink


def find_rules(ink: Mask, unit: float) -> Rules:
    """Rules longer than any stroke of a letter, and the fields they enclose."""
    wide = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, _size(150, unit)), np.uint8))
    high = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((_size(130, unit), 1), np.uint8))
    high = _standing_rules(np.asarray(high, np.uint8), np.asarray(wide, np.uint8), unit)
    joined = cv2.bitwise_or(
        cv2.dilate(wide, np.ones((3, _size(15, unit)), np.uint8)),
        cv2.dilate(high, np.ones((_size(15, unit), 3), np.uint8)),
    )
    mask = np.asarray(joined, np.uint8)
    _, cells, extents, _ = cv2.connectedComponentsWithStats(
        cv2.bitwise_not(mask), connectivity=4, ltype=cv2.CV_32S
    )
    return Rules(mask=mask, cells=np.asarray(cells, np.int32), extents=np.asarray(extents))


def _standing_rules(high: Mask, wide: Mask, unit: float) -> Mask:
    """Upright rules that belong to a frame; the flank of a seal's ring is as long and as thin."""
    crossing = cv2.dilate(wide, np.ones((_size(30, unit), _size(30, unit)), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(high, connectivity=8)
    kept = np.zeros(count, np.bool_)
    kept[np.unique(labels[(high > 0) & (crossing > 0)])] = True
    kept |= stats[:, _H] >= 600 * unit
    kept[0] = False
    return np.asarray(np.where(kept, 255, 0).astype(np.uint8)[labels], np.uint8)


def _size(length: float, unit: float) -> int:
    return max(1, round(length * unit))


def _letters(stats: Stats, unit: float) -> npt.NDArray[np.bool_]:
    """Components of a letter's size: no speck, no dot, no seal, no signature."""
    high, wide = stats[:, _H], stats[:, _W]
    fits = (high >= 12 * unit) & (high <= 115 * unit) & (wide <= 240 * unit)
    fits &= (wide <= 14 * high) & (stats[:, _AREA] >= 0.08 * high * wide)
    fits[0] = False
    usual = float(np.median(high[fits])) if fits.any() else 0.0
    return np.asarray(fits & (high >= 0.45 * usual), np.bool_)


def _bars(letters: Stats, rules: Rules, shape: tuple[int, int], usual: float) -> Mask:
    """Letters as bars, bars cut at the rules."""
    bars = np.zeros(shape, np.uint8)
    high = letters[:, _H].astype(np.float64)
    reach = _REACH * np.clip(high, 0.8 * usual, 1.8 * usual)
    rows = np.stack(
        [
            letters[:, _X] - reach,
            letters[:, _Y] + _CORE * high,
            letters[:, _X] + letters[:, _W] + reach,
            letters[:, _Y] + (1 - _CORE) * high,
        ],
        axis=1,
    )
    for x0, y0, x1, y1 in np.rint(rows).astype(int).tolist():
        cv2.rectangle(bars, (x0, y0), (x1, max(y0, y1)), 255, cv2.FILLED)
    bars[rules.mask > 0] = 0
    return bars


def _homes(stats: Stats, letters: npt.NDArray[np.bool_], names: Labels) -> npt.NDArray[np.int64]:
    """For each letter the line (label of its bar) it belongs to; 0 for none."""
    height, width = names.shape
    x = np.clip((stats[:, _X] + stats[:, _W] / 2).astype(int), 0, width - 1)
    y = np.clip((stats[:, _Y] + stats[:, _H] / 2).astype(int), 0, height - 1)
    home = np.asarray(names[y, x], np.int64)
    home[~letters] = 0
    return home


def _with_marks(stats: Stats, home: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Stacked marks (ố, ẩ) are as tall as letters: what stands on a longer line belongs to it."""
    names, first, count = _extents(stats, home)
    if len(names) < 2:
        return home
    tall = first[:, 3] - first[:, 1]
    wide = first[:, 2] - first[:, 0]
    moved = {}
    for k in np.flatnonzero(count <= 4).tolist():
        x = (first[k, 0] + first[k, 2]) / 2
        y = first[k, 3] - 0.25 * tall[k]
        over = (first[:, 0] - 0.3 * tall <= x) & (x <= first[:, 2] + 0.3 * tall)
        over &= (first[:, 1] - 0.35 * tall <= y) & (y <= first[:, 3])
        over &= (count > count[k]) & (wide > wide[k])
        # a letter of its own is as tall as its line; a line of its own stands clear of others
        over &= tall[k] < 0.8 * tall
        if over.any():
            off = np.where(over, np.abs(y - (first[:, 1] + first[:, 3]) / 2), np.inf)
            moved[int(names[k])] = int(names[int(off.argmin())])
    renamed = home.copy()
    for old, new in moved.items():
        renamed[home == old] = new
    return renamed


def _joined(stats: Stats, home: npt.NDArray[np.int64], ink: Mask) -> npt.NDArray[np.int64]:
    """Pieces of one line that a signature or a seal runs through: the gap between is full of ink.

    A column gap is wider and empty.
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
        between = ink[top : bottom + 1, int(box[left, 2]) : int(box[k, 0]) + 1]
        if between.size and float((between > 0).any(axis=0).mean()) > 0.5:
            renamed[renamed == names[k]] = renamed[home == names[left]][0]
    return renamed


def _extents(
    stats: Stats, home: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """(names, boxes [n, 4] around their letters, how many letters) of the lines."""
    owned = np.flatnonzero(home > 0)
    names, at, count = np.unique(home[owned], return_inverse=True, return_counts=True)
    box = np.empty((len(names), 4))
    box[:, :2], box[:, 2:] = np.inf, -np.inf
    np.minimum.at(box[:, 0], at, stats[owned, _X])
    np.minimum.at(box[:, 1], at, stats[owned, _Y])
    np.maximum.at(box[:, 2], at, stats[owned, _X] + stats[owned, _W])
    np.maximum.at(box[:, 3], at, stats[owned, _Y] + stats[owned, _H])
    return names, box, count


def _boxes(
    stats: Stats,
    home: npt.NDArray[np.int64],
    letters: npt.NDArray[np.bool_],
    middles: npt.NDArray[np.float64],
    unit: float,
) -> list[tuple[float, float, float, float]]:
    """Around the letters of each line, then around the marks and points that hang on to it."""
    names, box, _ = _extents(stats, home)
    if not names.size:
        return []
    right, bottom = stats[:, _X] + stats[:, _W], stats[:, _Y] + stats[:, _H]
    tall = np.array([np.median(stats[home == name, _H]) for name in names])
    small = np.flatnonzero(~letters & (stats[:, _H] <= 40 * unit) & (stats[:, _W] <= 60 * unit))
    small = small[(small > 0) & (stats[small, _AREA] >= max(3, 12 * unit * unit))]
    grown = box.copy()
    if small.size:
        x, y = middles[small].T
        dash = stats[small, _W] >= 1.5 * stats[small, _H]  # of a list, a blank before its line
        hang = np.where(dash, 1.3, 0.6)[:, None]
        near = (
            (x[:, None] >= box[:, 0] - hang * tall)
            & (x[:, None] <= box[:, 2] + hang * tall)
            & (y[:, None] >= box[:, 1] - 0.45 * tall)
            & (y[:, None] <= box[:, 3] + 0.40 * tall)
        )
        off = np.abs(y[:, None] - (box[:, 1] + box[:, 3]) / 2) / (box[:, 3] - box[:, 1])
        nearest = np.where(near, off, np.inf).argmin(axis=1)
        hung = near.any(axis=1)
        pieces, owner = small[hung], nearest[hung]
        np.minimum.at(grown[:, 0], owner, stats[pieces, _X])
        np.minimum.at(grown[:, 1], owner, stats[pieces, _Y])
        np.maximum.at(grown[:, 2], owner, right[pieces])
        np.maximum.at(grown[:, 3], owner, bottom[pieces])
    pad = np.stack([0.15 * tall, 0.06 * tall, 0.15 * tall, 0.06 * tall], axis=1)
    grown += pad * (-1, -1, 1, 1)
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in grown.tolist()]


def _cell(rules: Rules, x0: float, y0: float, x1: float, y1: float) -> int:
    """Label of the field the line stands in; the open page is one like any other."""
    height, width = rules.cells.shape
    x = int(min(width - 1, max(0.0, (x0 + x1) / 2)))
    y = int(min(height - 1, max(0.0, (y0 + y1) / 2)))
    return int(rules.cells[y, x])


def _cover(letters: Stats, boxes: list[tuple[float, float, float, float]]) -> float:
    if not boxes:
        return 0.0
    x = letters[:, _X] + letters[:, _W] / 2
    y = letters[:, _Y] + letters[:, _H] / 2
    inside = np.zeros(len(letters), np.bool_)
    for x0, y0, x1, y1 in boxes:
        inside |= (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    area = letters[:, _AREA]
    return float(area[inside].sum() / area.sum())
