# SPDX-License-Identifier: Apache-2.0
"""Red figures of stamp size on a page, each levelled and alone. numpy and OpenCV only."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from ocr.clean import Mask
from ocr.page import Pixels

HEADER = 0.64
"""Height of the header in page widths: 45 % of an upright A4 page."""
MOST_FIGURES = 4
_SHORTEST_INCHES = 0.4
_LONGEST_INCHES = 3.0
_Place = tuple[int, int, int, int]


def header_reach(aspect: float) -> float:
    """Share of the height in which marks stand. `aspect`: width / height.

    By the width, because intake looks at the upper half of a page only.
    """
    return min(0.9, HEADER * aspect)


def stamp_figures(red: Mask, dpi: float) -> Iterator[tuple[_Place, Pixels]]:
    """Red figures of stamp size: their box, and the figure alone, black on white and level."""
    reach = max(3, round(0.08 * dpi))
    joined = cv2.morphologyEx(red, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for outline in sorted(outlines, key=cv2.contourArea, reverse=True)[:MOST_FIGURES]:
        middle, (wide, high), angle = cv2.minAreaRect(outline)
        if wide < high:
            wide, high, angle = high, wide, angle - 90
        angle = (angle + 90) % 180 - 90  # level, and never turned by half
        if not _SHORTEST_INCHES * dpi <= wide <= _LONGEST_INCHES * dpi or high < 0.12 * dpi:
            continue
        if wide < 1.3 * high and high > 0.9 * dpi:  # round: an office's seal
            continue
        x, y, w, h = cv2.boundingRect(outline)
        turn = cv2.getRotationMatrix2D(middle, angle, 1.0)
        turn[:, 2] += np.array([wide / 2 - middle[0], high / 2 - middle[1]])
        size = (max(1, round(wide)), max(1, round(high)))
        figure = cv2.warpAffine(
            cv2.bitwise_not(red), turn, size, flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255)
        )
        yield (x, y, w, h), np.asarray(figure, dtype=np.uint8)


def without_frame(figure: Pixels) -> Pixels:
    """Sides of the frame first, for letters touch it (Ậ the upper one); then what is left of it."""
    height, width = figure.shape
    ink = np.asarray(cv2.threshold(figure, 128, 255, cv2.THRESH_BINARY_INV)[1], dtype=np.uint8)
    across = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, max(8, int(0.4 * width))), np.uint8))
    down = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((max(8, int(0.75 * height)), 1), np.uint8))
    sides = cv2.dilate(cv2.bitwise_or(across, down), np.ones((3, 3), np.uint8))
    left = np.asarray(cv2.bitwise_and(ink, cv2.bitwise_not(sides)), dtype=np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(left, connectivity=8)
    # a side not quite level leaves a row of crumbs, in which the engine sees no line at all
    kept = (stats[:, cv2.CC_STAT_WIDTH] <= 0.5 * width) & (stats[:, cv2.CC_STAT_HEIGHT] > 2)
    kept[0] = False
    letters = cv2.dilate(kept.astype(np.uint8)[labels], np.ones((3, 3), np.uint8))
    return np.where(letters > 0, figure, 255).astype(np.uint8)
