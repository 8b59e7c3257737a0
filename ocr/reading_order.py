# SPDX-License-Identifier: Apache-2.0
"""In what order a person reads the lines of a page.

Breuel 2003, "High performance document layout analysis": of two lines one above the other the
upper comes first; a line left of another comes first unless a third one spans both between them.
So header columns and signature blocks are read one after the other. Tables are read row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr.page import Box

_OVERLAP = 0.25  # of the narrower one's width: less is the slant of a column
_LARGEST_CELL = 0.5  # of the page; a frame around everything is no cell
_AT_ONCE = 256  # lines held against all others
_MOST = 6000  # lines: the order of twice as many takes a minute and a gigabyte
_JOINT = 0.012  # of the page between the cells of one table


@dataclass(frozen=True, slots=True)
class _Unit:
    """A line on the open page, or a whole table with its lines already in order."""

    box: Box
    lines: tuple[int, ...]


def in_reading_order(
    lines: Sequence[tuple[Box, int]], cells: npt.NDArray[np.floating]
) -> list[int]:
    """Numbers of the lines in reading order.

    `lines`: each with the number of the field it stands in; `cells` [n, 4]: left, top, width and
    height of the fields, in fractions of the page.
    """
    free, celled = list[_Unit](), dict[int, list[int]]()
    for k, (box, cell) in enumerate(lines):
        if _is_cell(cells[cell]):
            celled.setdefault(cell, []).append(k)
        else:
            free.append(_Unit(box, (k,)))
    units = free + _tables(celled, [box for box, _ in lines], cells)
    return [k for unit in _ordered(units) for k in unit.lines]


def _is_cell(cell: npt.NDArray[np.floating]) -> bool:
    left, top, width, height = cell.tolist()
    at_edge = left <= 0.004 or top <= 0.004 or left + width >= 0.996 or top + height >= 0.996
    return not at_edge and width * height < _LARGEST_CELL


def _tables(
    celled: dict[int, list[int]], boxes: Sequence[Box], cells: npt.NDArray[np.floating]
) -> list[_Unit]:
    """Cells that touch are a table; its cells row by row, the lines of a cell from the top."""
    places = {
        name: Box(x, y, x + w, y + h) for name in celled for x, y, w, h in [cells[name].tolist()]
    }
    groups: list[list[int]] = []
    for name in sorted(places, key=lambda n: (places[n].y0, places[n].x0)):
        touching = [g for g in groups if any(_touch(places[name], places[m]) for m in g)]
        groups = [g for g in groups if g not in touching]
        groups.append([name, *(m for g in touching for m in g)])
    units = []
    for group in groups:
        lines = [
            k
            for name in _by_rows(group, places)
            for k in sorted(celled[name], key=lambda k: (boxes[k].y0 + boxes[k].y1, boxes[k].x0))
        ]
        box = Box.around(boxes[k] for k in lines)
        if box is not None:
            units.append(_Unit(box, tuple(lines)))
    return units


def _touch(a: Box, b: Box) -> bool:
    return (
        a.x0 <= b.x1 + _JOINT
        and b.x0 <= a.x1 + _JOINT
        and a.y0 <= b.y1 + _JOINT
        and b.y0 <= a.y1 + _JOINT
    )


def _by_rows(names: Sequence[int], places: dict[int, Box]) -> list[int]:
    rows: list[list[int]] = []
    for name in sorted(names, key=lambda n: places[n].y0):
        if rows and places[name].y0 - places[rows[-1][0]].y0 < _JOINT / 2:
            rows[-1].append(name)
        else:
            rows.append([name])
    return [name for row in rows for name in sorted(row, key=lambda n: places[n].x0)]


def _ordered(units: Sequence[_Unit]) -> list[_Unit]:
    """Depth-first over "comes before"; a circle (slanted pages) falls back to the upper first.

    A raster of signs is no text and has thousands of lines: the upper first, too.
    """
    units = sorted(units, key=lambda u: (u.box.y0, u.box.x0))
    if len(units) > _MOST:
        return units
    before = _before([u.box for u in units])
    done, order = [False] * len(units), list[_Unit]()
    for start in range(len(units)):
        path, ahead = [start], {start: _ahead(before, start)}
        while path:
            here = path[-1]
            if done[here]:
                path.pop()
                continue
            new = next((k for k in ahead[here] if not done[k] and k not in ahead), None)
            if new is not None:
                path.append(new)
                ahead[new] = _ahead(before, new)
                continue
            done[here] = True
            order.append(units[here])
            path.pop()
            del ahead[here]
    return order


def _ahead(before: npt.NDArray[np.bool_], unit: int) -> Iterator[int]:
    """What is read before a unit, each but once: what was passed over is done or on the path."""
    return iter(np.flatnonzero(before[:, unit]).tolist())


def _before(boxes: Sequence[Box]) -> npt.NDArray[np.bool_]:
    """[i, j]: i is read before j."""
    if not boxes:
        return np.zeros((0, 0), np.bool_)
    x0, y0, x1, y1 = np.array([(b.x0, b.y0, b.x1, b.y1) for b in boxes]).T
    middle = (y0 + y1) / 2
    overlap = np.empty((len(boxes), len(boxes)), np.bool_)
    for start in range(0, len(boxes), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        here, end = x0[some, None], x1[some, None]
        shared = np.minimum(end, x1) - np.maximum(here, x0)
        overlap[some] = shared > _OVERLAP * np.minimum(end - here, x1 - x0)
    result = np.asarray(overlap & (middle[:, None] < middle), np.bool_)
    left = ~overlap & ((x0 + x1)[:, None] < x0 + x1)
    # the lines by their height, a bit for each: what stands between two is a stretch of bits
    order = np.argsort(middle, kind="stable")
    spans = _packed(overlap[:, order])
    heights = middle[order]
    upto = _packed(heights < middle[:, None])
    through = _packed(heights <= middle[:, None])
    for i, row in enumerate(left):
        others = np.flatnonzero(row)
        lower = middle[others] > middle[i]
        under = np.where(lower[:, None], upto[others], upto[i])
        over = np.where(lower[:, None], through[i], through[others])
        between = spans[others] & spans[i] & under & ~over
        result[i, others] |= ~between.any(axis=1)
    np.fill_diagonal(result, False)
    return result


def _packed(bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    """Rows of bits in words of 64; the last is filled up with zeros."""
    rows, width = bits.shape
    padded = np.zeros((rows, -(-width // 64) * 64), np.bool_)
    padded[:, :width] = bits
    return np.packbits(padded, axis=1).view(np.uint64)
