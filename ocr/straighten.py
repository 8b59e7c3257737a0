# SPDX-License-Identifier: Apache-2.0
"""Making a page straight: quarter turns, the sheet cut out of a photo, the last degrees of skew.

Every step tells the way back, so that boxes are always those of the page as scanned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Box, Pixels
from ocr.scaling import shrunk

Matrix = npt.NDArray[np.float64]

_PROFILE_WIDTH = 700
_LEAST_INK = 200  # points at that width; fewer prove no direction
_MANY_INK, _THINNED = 6000, 3  # of so many points every third tells the half degree
_WIDEST = 5.0
LEAST_SKEW = 0.08
"""Degrees; less than this is not worth resampling."""
_SMALL = 500
_STRIP = 8  # pixels once shrunk: nothing so narrow is a sheet, and nothing of it may be left
_DARK_DESK = 45
_COLOURED_DESK = 30  # of 255: how much more colour the desk must have than the paper
A4 = 297 / 210
_QUARTERS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Warp:
    """The way back: `back` (3x3) takes pixels of the straight page to pixels of the scan.

    `made` and `scan` are (height, width) of the two.
    """

    back: Matrix
    made: tuple[int, int]
    scan: tuple[int, int]

    @classmethod
    def none(cls, image: Pixels) -> Self:
        shape = (image.shape[0], image.shape[1])
        return cls(back=np.eye(3), made=shape, scan=shape)

    def to_scan(self, box: Box) -> Box:
        """The box on the scan: the middles of its sides, so that a turned line grows no taller."""
        return self.all_to_scan([box])[0]

    def all_to_scan(self, boxes: Sequence[Box]) -> list[Box]:
        """The same for many at once: one by one they took 6 ms a page."""
        x0, y0, x1, y1 = np.array([(b.x0, b.y0, b.x1, b.y1) for b in boxes]).reshape(-1, 4).T
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        sides = np.stack([x0, y, x1, y, x, y0, x, y1], axis=1).reshape(-1, 2)
        points = np.column_stack([sides * self.made[::-1], np.ones(len(sides))]) @ self.back.T
        points = points[:, :2] / points[:, 2:] / self.scan[::-1]
        left, right, top, bottom = np.clip(points, 0.0, 1.0).reshape(-1, 4, 2).transpose(1, 0, 2)
        across = np.sort([left[:, 0], right[:, 0]], axis=0)
        down = np.sort([top[:, 1], bottom[:, 1]], axis=0)
        found = np.stack([across[0], down[0], across[1], down[1]], axis=1)
        return [Box(*four) for four in found.tolist()]


def chain(first: Warp, second: Warp) -> Warp:
    """One way back for two steps, `first` having been done first."""
    return Warp(back=first.back @ second.back, made=second.made, scan=first.scan)


def turn(image: Pixels, clockwise: int) -> Pixels:
    """The image after quarter turns clockwise (0, 90, 180, 270 degrees)."""
    quarters = _QUARTERS.get(clockwise % 360)
    # numpy turns the three channels of a page in five times as long
    if quarters is None:
        return np.ascontiguousarray(image)
    return np.asarray(cv2.rotate(image, quarters), np.uint8)


def find_skew(grey: Pixels) -> float:
    """Degrees to turn the page counter-clockwise until its lines run level; 0 when in doubt.

    Level lines make the sums of the rows differ most: 0.5 degree steps, then 0.05.
    """
    # not by halves as elsewhere: on cards the direction is found worse (L1 2 -> 7 letters wrong)
    scale = _PROFILE_WIDTH / max(grey.shape[:2])
    if scale * min(grey.shape[:2]) < _STRIP:
        return 0.0
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    edge_y, edge_x = small.shape[0] // 30, small.shape[1] // 30
    small = small[edge_y : -edge_y or None, edge_x : -edge_x or None]
    ink = np.ascontiguousarray(np.argwhere(small < float(np.median(small)) - 40).T, np.float64)
    if ink.shape[1] < _LEAST_INK:
        return 0.0
    some = np.ascontiguousarray(ink[:, :: _THINNED if ink.shape[1] > _MANY_INK else 1])
    coarse = max(np.arange(-_WIDEST, _WIDEST + 0.01, 0.5), key=lambda a: _sharpness(some, a))
    fine = np.arange(coarse - 0.45, coarse + 0.46, 0.05)
    best = float(max(fine, key=lambda a: _sharpness(ink, a)))
    return 0.0 if abs(best) > _WIDEST - 0.1 else best


def _sharpness(ink: np.ndarray, angle: float) -> float:
    """`ink` [2, n]: rows and columns of its points."""
    turn = np.deg2rad(angle)
    rows = ink[0] * np.cos(turn) - ink[1] * np.sin(turn)
    counts = np.bincount((rows - rows.min()).astype(np.int64))
    return float(np.square(np.diff(counts.astype(np.float64))).sum())


def level(image: Pixels, skew: float) -> tuple[Pixels, Warp]:
    """The page turned by `skew` degrees counter-clockwise; as it is when that is hardly any."""
    if abs(skew) < LEAST_SKEW:
        return image, Warp.none(image)
    height, width = image.shape[:2]
    forth = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), skew, 1.0)
    paper = float(np.median(image[::16, ::16]))
    # cubic costs three times as much and is read worse: 603 letters against 585 of the 49 365 on
    # 50 sample pages, L3 0.55 against 0.50 %, L4 4.79 against 4.67
    made = cv2.warpAffine(
        image, forth, (width, height), flags=cv2.INTER_LINEAR, borderValue=(paper, paper, paper)
    )
    back = np.linalg.inv(np.vstack([forth, [0.0, 0.0, 1.0]]))
    shape = (height, width)
    return np.asarray(made, dtype=np.uint8), Warp(back=back, made=shape, scan=shape)


def find_sheet(grey: Pixels, rgb: Pixels | None = None) -> Matrix | None:
    """Corners (4x2 pixels, clockwise from top left) of a light sheet on a darker desk, or None.

    Never on flatbed and feeder scans: at least three sides of the picture must be desk. A shadow
    over the sheet makes it as dark as the desk; its colour (`rgb`) still tells it from the desk.
    """
    scale = _SMALL / max(grey.shape)
    if scale * min(grey.shape) < _STRIP or not _lies_on_desk(shrunk(grey, _SMALL)):
        return None
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    sides, middle = _sides_and_middle(np.asarray(small, np.uint8))
    smooth = np.asarray(cv2.medianBlur(np.asarray(small, dtype=np.uint8), 9), dtype=np.uint8)
    desk = float(np.median([float(np.median(side)) for side in sides]))
    # a shadow parts the sheet in two shades and Otsu takes the lighter one alone: of the sheets
    # seen with thresholds from the desk upwards the largest is the whole one
    levels = [desk + share * (middle - desk) for share in (0.3, 0.4, 0.55)]
    levels.append(float(cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0]))
    found = [_quadrilateral(smooth > at) for at in levels]
    if rgb is not None and rgb.ndim == 3:
        found.append(_of_another_colour(rgb, scale))
    quads = [quad for quad in found if quad is not None]
    if not quads:
        return None
    return _clockwise(max(quads, key=_area) / scale)


def _lies_on_desk(small: Pixels) -> bool:
    sides, middle = _sides_and_middle(small)
    return sum(float(np.median(side)) < middle - _DARK_DESK for side in sides) >= 3


def _sides_and_middle(small: Pixels) -> tuple[tuple[Pixels, ...], float]:
    """The four edges of the picture, and how light the middle of it is."""
    high, wide = small.shape
    middle = float(np.percentile(small[high // 4 : -high // 4, wide // 4 : -wide // 4], 75))
    return (small[:4], small[-4:], small[:, :4], small[:, -4:]), middle


def _of_another_colour(rgb: Pixels, scale: float) -> Matrix | None:
    """The sheet as what has not the hue of the desk: white in any light has none."""
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    colour = small.astype(np.float32)
    strength = colour.max(axis=2)
    shares = cv2.medianBlur(
        (255 * (strength - colour.min(axis=2)) / np.maximum(strength, 1)).astype(np.uint8), 9
    )
    edge = np.concatenate([shares[:4].ravel(), shares[-4:].ravel(), shares[:, :4].ravel()])
    high, wide = shares.shape
    paper = float(np.median(shares[high // 4 : -high // 4, wide // 4 : -wide // 4]))
    desk = float(np.median(edge))
    if desk - paper < _COLOURED_DESK:
        return None
    return _quadrilateral(shares < (paper + desk) / 2)


def _quadrilateral(sheet: npt.NDArray[np.bool_]) -> Matrix | None:
    """Corners of the largest figure when it is a solid sheet of paper's size."""
    high, wide = sheet.shape
    bright = np.asarray(sheet, dtype=np.uint8)
    outlines, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not outlines:
        return None
    outline = max(outlines, key=cv2.contourArea)
    hull = cv2.convexHull(outline)
    area = cv2.contourArea(hull)
    if not 0.35 * high * wide <= area <= 0.985 * high * wide:
        return None
    if cv2.contourArea(outline) < 0.93 * area:  # a bright patch of the desk hangs on to it
        return None
    for tolerance in (0.02, 0.03, 0.05):
        corners = cv2.approxPolyDP(hull, tolerance * cv2.arcLength(hull, True), True)
        if len(corners) == 4:
            return np.asarray(corners, dtype=np.float64).reshape(4, 2)
    return None


def _area(corners: Matrix) -> float:
    return float(cv2.contourArea(corners.astype(np.float32)))


def _clockwise(corners: Matrix) -> Matrix:
    """From top left: the sum of x and y is least there, their difference at top right."""
    total, difference = corners.sum(axis=1), corners[:, 0] - corners[:, 1]
    order = [total.argmin(), difference.argmax(), total.argmax(), difference.argmin()]
    return np.asarray(corners[order], dtype=np.float64)


def cut_sheet(image: Pixels, corners: Matrix) -> tuple[Pixels, Warp]:
    """The sheet as if seen from straight above; A4 where its sides come near to it."""
    a, b, c, d = corners
    wide = (float(np.linalg.norm(b - a)) + float(np.linalg.norm(c - d))) / 2
    high = (float(np.linalg.norm(d - a)) + float(np.linalg.norm(c - b))) / 2
    if 1.2 < high / wide < 1.7:
        high = wide * A4
    elif 1.2 < wide / high < 1.7:
        wide = high * A4
    width, height = max(1, round(wide)), max(1, round(high))
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    forth = cv2.getPerspectiveTransform(corners.astype(np.float32), flat)
    made = cv2.warpPerspective(
        image, forth, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    warp = Warp(
        back=np.asarray(np.linalg.inv(forth), dtype=np.float64),
        made=(height, width),
        scan=(image.shape[0], image.shape[1]),
    )
    return np.asarray(made, dtype=np.uint8), warp
