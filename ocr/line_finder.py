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
from ocr.line_marks import mark_owners, stretching, with_marks
from ocr.line_pieces import crossing_strokes, joined, joined_under_strokes
from ocr.line_shapes import extents, slants, usual_sizes
from ocr.page import Box, Pixels
from ocr.page_ink import AREA, H, PageInk, Rules, Stats, W, X, Y, page_ink
from ocr.reading_order import in_reading_order
from ocr.seal_remains import seal_remains

LEAST_COVER = 0.93
"""Share of the letters that must stand in lines; below it another layout is asked."""
_REACH = 0.80  # of a letter's height to both sides: justified blanks are < 1.5, columns > 2.5
_CORE = 0.27  # of a letter's height taken off above and below: lines do not touch
_BESIDE, _ABOVE = 0.35, 0.06  # of a letter's height around a line: room for a pale full stop
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
    home = with_marks(stats, home, letters, usual)
    home = joined(stats, home, ink)
    crossing = crossing_strokes(ink, letters, ink.leaders | remains)
    home = joined_under_strokes(ink, home, crossing)
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
        slants=slants(stats, home),
        usual=usual,
    )


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
    names, box, _ = extents(stats, home)
    owner = np.full(len(stats), _NOBODY)
    owner[leaders] = _NO_TEXT
    owner[home > 0] = np.searchsorted(names, home[home > 0])
    right, bottom = stats[:, X] + stats[:, W], stats[:, Y] + stats[:, H]
    tall = usual_sizes(stats[:, H], home, names)
    small = np.flatnonzero(
        ~letters & ~leaders & (stats[:, H] <= 40 * unit) & (stats[:, W] <= 60 * unit)
    )
    small = small[(small > 0) & (stats[small, AREA] >= max(3, 12 * unit * unit))]
    lines = Lines(box=box, tall=tall, foot=usual_sizes(bottom, home, names))
    grown = box.copy()
    grown[:, (0, 2)] += crossed_ends(lines, ink, crossing) * (-1, 1)
    if small.size:
        hung = mark_owners(stats, home, names, box, tall, small, middles[small])
        owner[small] = np.where(hung >= 0, hung, owner[small])
        pieces, line = small[hung >= 0], hung[hung >= 0]
        larger = stretching(stats, home, names, box, tall, pieces, line, middles[pieces])
        pieces, line = pieces[larger], line[larger]
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
