# SPDX-License-Identifier: Apache-2.0
"""The ink of a page, looked at once: print, rules, leaders and the components they are made of.

Labelling the components of an A4 page costs more than anything else that is done to it before it
is read. So it is done once, and whoever asks (line finder, legibility, leaders) gets the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from ocr.clean import ink_mask, paper_level
from ocr.components import Labels, components
from ocr.page import Pixels

Mask = npt.NDArray[np.uint8]
Stats = npt.NDArray[np.int32]
X, Y, W, H, AREA = (
    cv2.CC_STAT_LEFT,
    cv2.CC_STAT_TOP,
    cv2.CC_STAT_WIDTH,
    cv2.CC_STAT_HEIGHT,
    cv2.CC_STAT_AREA,
)
_FAINT = 0.33  # of the contrast of print: paler ink is no print
_PRINTED = 0.62  # of that contrast: paler than this is a seal, if it is large
_CERTAIN = 0.88  # of that contrast: no seal on a grey scan is as dark, every stroke of print is
_SEAL, _PALE = 1500, 0.3  # least pixels (300 dpi) of such a thing, and how much of it is pale
_CELL_SHRINK = 4  # cells are large: their labels need no more than a quarter of the pixels
_DOT_SHRINK = 4
_FEWEST_DOTS = 8
_GROUP = 8  # pixels: bits of a byte


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Ruled lines of tables and forms: `mask` 255 on a rule, `cells` a label for each field.

    `cells` is smaller than the page by `shrink`; `extents` [n, 5] are in pixels of the page.
    """

    mask: Mask
    cells: Labels
    extents: Stats
    shrink: int

    def cell_at(self, x: float, y: float) -> int:
        """Label of the field at that pixel of the page; the open page is one like any other."""
        height, width = self.cells.shape
        column = int(min(width - 1, max(0.0, x / self.shrink)))
        row = int(min(height - 1, max(0.0, y / self.shrink)))
        return int(self.cells[row, column])


@dataclass(frozen=True, kw_only=True)
class PageInk:
    """Ink as dark as print of an upright, level grey page.

    `mask`: 255 on ink, rules taken off. `labels` names the component of each pixel, `stats` [n, 5]
    and `middles` [n, 2] tell of them, the paper first. `unit`: pixels to one pixel at 300 dpi.
    """

    grey: Pixels
    unit: float
    mask: Mask
    rules: Rules
    labels: Labels
    stats: Stats
    middles: npt.NDArray[np.float64]

    @cached_property
    def paper(self) -> int:
        """Grey level of the paper."""
        return round(paper_level(self.grey))

    @cached_property
    def leaders(self) -> npt.NDArray[np.bool_]:
        """Which components are dots in a row, as forms print them to be written upon."""
        unit, stats = self.unit, self.stats
        dots = (stats[:, H] <= 9 * unit + 1) & (stats[:, W] <= 12 * unit + 1)
        dots[0] = False
        found = np.zeros(len(stats), np.bool_)
        if np.count_nonzero(dots) < _FEWEST_DOTS:
            return found
        height, width = (side // _DOT_SHRINK + 1 for side in self.mask.shape)
        at = (self.middles[dots] / _DOT_SHRINK).astype(int)
        canvas = np.zeros((height, width), np.uint8)
        canvas[at[:, 1], at[:, 0]] = 255
        canvas = np.asarray(cv2.dilate(canvas, np.ones((2, 1), np.uint8)), np.uint8)
        reach = max(2, round(26 * unit / _DOT_SHRINK)) + 1
        rows = cv2.morphologyEx(canvas, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
        labels, bands, _ = components(np.asarray(rows, np.uint8))
        long = (bands[:, W] >= 110 * unit / _DOT_SHRINK) & (
            bands[:, H] <= max(3, 16 * unit / _DOT_SHRINK)
        )
        long[0] = False
        found[dots] = long[labels[at[:, 1], at[:, 0]]]
        return found


def page_ink(grey: Pixels, dpi: float) -> PageInk:
    """Look at an upright, level grey page."""
    unit = dpi / 300
    ink = ink_mask(grey)
    # every third row tells how dark print is
    tones = cv2.calcHist([grey[::3]], [0], ink[::3], [256], [0, 256]).ravel().cumsum()
    paper, print_level = paper_level(grey), float(np.searchsorted(tones, 0.15 * tones[-1]))
    contrast = max(0.0, paper - print_level)
    # what is left of a lifted seal is paler than print and ties lines together
    ink = _darker(grey, ink, paper - _FAINT * contrast)
    rules = find_rules(ink, unit)
    if rules.mask.any():
        off = cv2.dilate(rules.mask, np.ones((3, 3), np.uint8))
        ink = np.asarray(cv2.subtract(ink, off), np.uint8)
    labels, stats, middles = components(ink)
    limits = paper - _PRINTED * contrast, paper - _CERTAIN * contrast
    crossed = _without_seals(grey, ink, labels, stats, unit, *limits)
    if crossed is not None:
        off = cv2.dilate(cv2.subtract(ink, crossed), np.ones((3, 3), np.uint8))
        off[crossed > 0] = 0
        grey = grey.copy()
        grey[off > 0] = round(paper)
        ink = crossed
        labels, stats, middles = components(ink)
    return PageInk(
        grey=grey,
        unit=unit,
        mask=ink,
        rules=rules,
        labels=labels,
        stats=np.asarray(stats, np.int32),
        middles=np.asarray(middles, np.float64),
    )


def _darker(grey: Pixels, ink: Mask, limit: float) -> Mask:
    dark = cv2.threshold(grey, limit, 255, cv2.THRESH_BINARY_INV)[1]
    return np.asarray(cv2.bitwise_and(ink, dark), np.uint8)


def _without_seals(
    grey: Pixels,
    ink: Mask,
    labels: Labels,
    stats: Stats,
    unit: float,
    printed: float,
    certain: float,
) -> Mask | None:
    """The ink with what is paler than print taken off the components that are no letters.

    On a grey scan a seal cannot be lifted by its colour: its ring and the letters it crosses are
    one component, and the signer's name in it is no letter any more. Here and there the ring is
    as dark as pale print (`printed`): pieces without a pixel darker than `certain` go with it,
    else they are read as dashes and small letters. None: nothing to take off.
    """
    large = (stats[:, H] > 115 * unit) | (stats[:, W] > 240 * unit)
    large &= stats[:, AREA] >= _SEAL * unit * unit
    large[0] = False
    made: Mask | None = None
    for x, y, w, h in stats[large, :4].tolist():
        place = (slice(y, y + h), slice(x, x + w))
        own = large[labels[place]]
        pale = own & (grey[place] > printed)
        if np.count_nonzero(pale) < _PALE * np.count_nonzero(own):
            continue
        pieces, found, _ = components(np.where(own & ~pale, np.uint8(255), np.uint8(0)))
        print_of = np.zeros(len(found), np.bool_)
        print_of[pieces[grey[place] <= certain]] = True
        print_of[0] = False
        made = ink.copy() if made is None else made
        made[place][own & ~print_of[pieces]] = 0
    return made


def find_rules(ink: Mask, unit: float) -> Rules:
    """Rules longer than any stroke of a letter, and the fields they enclose."""
    wide = _runs_along_rows(ink, _size(150, unit))
    # on a photo they lean: a pixel more to each side and 5 in 100 pixels are borne
    leaning = np.asarray(cv2.dilate(ink, np.ones((1, 3), np.uint8)), np.uint8)
    high = np.asarray(cv2.bitwise_and(_runs_down_columns(leaning, _size(130, unit)), ink), np.uint8)
    high = _standing_rules(high, wide, unit)
    joined = cv2.bitwise_or(
        cv2.dilate(wide, np.ones((3, _size(15, unit)), np.uint8)),
        cv2.dilate(high, np.ones((_size(15, unit), 3), np.uint8)),
    )
    mask = np.asarray(joined, np.uint8)
    height, width = mask.shape
    shrink = _CELL_SHRINK if min(height, width) >= 16 * _CELL_SHRINK else 1
    # a rule is thinner than the step: the darkest of each square, never a sample of it
    spread = cv2.dilate(mask, np.ones((shrink, shrink), np.uint8), anchor=(0, 0))
    small = np.ascontiguousarray(cv2.bitwise_not(spread)[::shrink, ::shrink])
    cells, extents, _ = components(np.asarray(small, np.uint8), connectivity=4)
    scaled = np.asarray(extents, np.int32) * (shrink, shrink, shrink, shrink, shrink * shrink)
    return Rules(
        mask=mask,
        cells=cells,
        extents=np.asarray(scaled, np.int32),
        shrink=shrink,
    )


def _runs_along_rows(ink: Mask, length: int) -> Mask:
    """Ink in rows of `length` pixels or more (an opening); few rows have any: only they are opened.

    Such a run holds at least `length // 8 - 2` whole groups of eight pixels, also where the edge
    of the page cuts it in two: what lies outside counts as ink.
    """
    if length < 3 * _GROUP:
        return _opened(ink, (1, length))
    made = np.zeros_like(ink)
    whole = _whole_along_rows(ink)
    rows = np.flatnonzero(_opened(whole, (1, length // _GROUP - 2)).any(axis=1))
    if rows.size:
        made[rows] = _opened(ink[rows], (1, length))
    return made


def _runs_down_columns(ink: Mask, length: int) -> Mask:
    """The same for what stands upright."""
    if length < 3 * _GROUP:
        return _opened(ink, (length, 1))
    made = np.zeros_like(ink)
    whole = _whole_down_columns(ink)
    columns = np.flatnonzero(_opened(whole, (length // _GROUP - 2, 1)).any(axis=0))
    if columns.size:
        made[:, columns] = _opened(ink[:, columns], (length, 1))
    return made


def _whole_along_rows(ink: Mask) -> Mask:
    """255 for each eight pixels of a row that are ink, all of them."""
    packed = np.packbits(ink, axis=1)
    if rest := ink.shape[1] % _GROUP:
        packed[:, -1] |= np.uint8(0xFF >> rest)
    return np.where(packed == 0xFF, 255, 0).astype(np.uint8)


def _whole_down_columns(ink: Mask) -> Mask:
    """255 for each eight pixels of a column that are ink, all of them."""
    height, width = ink.shape
    end = height - height % _GROUP
    whole = np.bitwise_and.reduce(ink[:end].reshape(-1, _GROUP, width), axis=1)
    if end < height:
        whole = np.vstack([whole, np.bitwise_and.reduce(ink[end:], axis=0)])
    return np.asarray(whole, np.uint8)


def _opened(ink: Mask, size: tuple[int, int]) -> Mask:
    return np.asarray(cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(size, np.uint8)), np.uint8)


def _standing_rules(high: Mask, wide: Mask, unit: float) -> Mask:
    """Upright rules that belong to a frame; the flank of a seal's ring is as long and as thin."""
    x, y, w, h = cv2.boundingRect(high)
    if not w:
        return high
    reach = _size(30, unit)
    around = (slice(max(0, y - reach), y + h + reach), slice(max(0, x - reach), x + w + reach))
    crossing = cv2.dilate(wide[around], np.ones((reach, reach), np.uint8))
    labels, stats, _ = components(high[around])
    kept = np.zeros(len(stats), np.bool_)
    kept[np.unique(labels[(high[around] > 0) & (crossing > 0)])] = True
    kept |= stats[:, H] >= 600 * unit
    kept[0] = False
    made = np.zeros_like(high)
    made[around] = np.where(kept, 255, 0).astype(np.uint8)[labels]
    return made


def _size(length: float, unit: float) -> int:
    return max(1, round(length * unit))
