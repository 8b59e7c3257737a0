# SPDX-License-Identifier: Apache-2.0
"""Finding room on a page: what Sohoa writes on paper images never covers ink.

A fixed corner rectangle covers the quốc hiệu of most papers (measured), so the room is searched.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Pixels

Ink = npt.NDArray[np.bool_]
"""True where the page is not bare paper, with a little air around it."""

_FAINT = 14  # grey levels below the paper nearby; JPEG noise on bare paper stays under 8
_DARK = 70  # below the paper's own level: photographs, dark scanner edges
_SPECK = 4  # points at 75 dpi: 0.5 mm2
_BESIDE = 13  # points: 2 mm to each side
_ROW, _DOTS = 19, 4  # four or more within 6 mm of a line are print
_AIR = 5  # pixels, at the ~75 dpi the search runs at: about 2 points on each side


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where the room is: fractions of the page, origin top left."""

    left: float
    top: float


def ink_of(grey: Pixels) -> Ink:
    """The inked part of a small grey page image (about 75 dpi)."""
    paper_here = cv2.medianBlur(grey, min(41, _odd_below(min(grey.shape))))
    paper = float(np.percentile(grey, 75))
    faint = cv2.subtract(paper_here, grey) > _FAINT
    dark = grey < max(paper - _DARK, 0)
    marks = _without_specks((faint | dark).astype(np.uint8))
    grown: npt.NDArray[np.uint8] = cv2.dilate(marks, np.ones((_AIR, _AIR), np.uint8))  # type: ignore[assignment]
    return grown > 0


def _without_specks(marks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The marks less the dust of a photocopy, which would leave no room on any page.

    Dust is a point or three, alone: not beside a letter (a dash, a full stop), and not in a row
    of its like (the dots of a form's line).
    """
    count, labels, stats, middles = cv2.connectedComponentsWithStats(marks, connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] <= _SPECK
    small[0] = False
    large = np.where(small[labels], 0, marks)
    near = cv2.dilate(large, np.ones((_BESIDE, _BESIDE), np.uint8)) > 0
    dots = np.zeros(marks.shape, np.uint8)
    x, y = middles[small].round().astype(int).T
    dots[y, x] = 1
    row = cv2.boxFilter(dots, -1, (_ROW, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    alone = np.zeros(count, np.bool_)
    alone[np.flatnonzero(small)] = (row[y, x] < _DOTS) & ~near[y, x]
    return np.where(alone[labels], 0, marks).astype(np.uint8)


def with_air(ink: Ink, pixels: int) -> Ink:
    """The ink with that much more air on each side."""
    side = 2 * pixels + 1
    return np.asarray(cv2.dilate(ink.astype(np.uint8), np.ones((side, side), np.uint8)) > 0)


def find_room(
    ink: Ink,
    *,
    width: float,
    height: float,
    near: tuple[float, float],
    within: tuple[float, float, float, float] = (0.02, 0.015, 0.98, 0.985),
) -> Spot | None:
    """The ink-free rectangle whose centre-side corner lies nearest `near`; None without one.

    `width`, `height`: size wanted, fractions of the page. `near`: x and y of the corner of
    `within` to stay close to. `within`: left, top, right, bottom bounds.
    """
    rows, columns = ink.shape
    tall, wide = max(1, round(height * rows)), max(1, round(width * columns))
    left, top = int(within[0] * columns), int(within[1] * rows)
    right, bottom = int(within[2] * columns) - wide, int(within[3] * rows) - tall
    if right < left or bottom < top:
        return None
    free = _inked_pixels(ink, tall, wide)[top : bottom + 1, left : right + 1] == 0
    if not free.any():
        return None
    y, x = np.nonzero(free)
    x, y = x + left, y + top
    away_x = np.abs(x + near[0] * wide - near[0] * columns)
    away_y = np.abs(y + near[1] * tall - near[1] * rows)
    best = int(np.argmin(away_x + away_y))
    return Spot(left=float(x[best]) / columns, top=float(y[best]) / rows)


def _inked_pixels(ink: Ink, tall: int, wide: int) -> npt.NDArray[np.int32]:
    """How many inked pixels a tall x wide rectangle covers, for each top left corner."""
    total = np.asarray(cv2.integral(ink.astype(np.uint8)), dtype=np.int32)
    counts: npt.NDArray[np.int32] = (
        total[tall:, wide:] - total[:-tall, wide:] - total[tall:, :-wide] + total[:-tall, :-wide]
    )
    return counts


def _odd_below(size: int) -> int:
    return max(1, size - 1 if size % 2 == 0 else size)
