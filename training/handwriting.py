# SPDX-License-Identifier: Apache-2.0
"""Digits as clerks write them into the printed gap: handwriting faces, real digits, own pen strokes.

Sources are given by the caller (folders of an npm install, see training/README.md); without them
the pen strokes alone are used. Every function returns ink [h, w] uint8, 255 where the pen was.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.typefaces import inked, sized

Ink = npt.NDArray[np.uint8]

# Skeletons in a unit box (x right, y down), each a list of strokes; Bézier-like through points.
# 1 with a hook, 7 with a bar, 4 open and closed: the shapes Vietnamese schools teach.
_SKELETONS: dict[str, list[list[list[tuple[float, float]]]]] = {
    "0": [[[(0.5, 0), (0.1, 0.3), (0.1, 0.7), (0.5, 1), (0.9, 0.7), (0.9, 0.3), (0.5, 0.02)]]],
    "1": [
        [[(0.3, 0.25), (0.6, 0), (0.6, 0.5), (0.6, 1)]],
        [[(0.5, 0), (0.5, 1)]],
        [[(0.2, 0.35), (0.6, 0), (0.55, 1)], [(0.3, 1), (0.85, 1)]],
    ],
    "2": [
        [[(0.1, 0.25), (0.3, 0.02), (0.8, 0.1), (0.8, 0.4), (0.1, 1), (0.9, 0.97)]],
        [[(0.1, 0.2), (0.5, 0), (0.85, 0.25), (0.4, 0.7), (0.1, 0.95), (0.3, 0.8), (0.9, 1)]],
    ],
    "3": [
        [[(0.1, 0.1), (0.6, 0), (0.85, 0.22), (0.4, 0.45), (0.9, 0.7), (0.6, 1), (0.1, 0.88)]],
        [[(0.1, 0), (0.85, 0), (0.45, 0.4), (0.9, 0.65), (0.6, 1), (0.1, 0.9)]],
    ],
    "4": [
        [[(0.6, 0), (0.1, 0.65), (0.95, 0.65)], [(0.7, 0.35), (0.65, 1)]],
        [[(0.2, 0), (0.15, 0.5), (0.8, 0.5)], [(0.75, 0), (0.7, 1)]],
    ],
    "5": [
        [[(0.25, 0), (0.2, 0.42), (0.7, 0.4), (0.9, 0.7), (0.6, 1), (0.1, 0.9)], [(0.25, 0.02), (0.85, 0)]],
    ],
    "6": [[[(0.75, 0), (0.25, 0.4), (0.1, 0.75), (0.5, 1), (0.9, 0.75), (0.55, 0.52), (0.15, 0.7)]]],
    "7": [
        [[(0.1, 0.05), (0.9, 0.02), (0.5, 0.5), (0.35, 1)]],
        [[(0.1, 0.05), (0.9, 0.02), (0.45, 1)], [(0.25, 0.5), (0.8, 0.48)]],
    ],
    "8": [
        [[(0.8, 0.15), (0.45, 0), (0.2, 0.2), (0.8, 0.7), (0.5, 1), (0.15, 0.78), (0.8, 0.2)]],
    ],
    "9": [
        [[(0.85, 0.2), (0.45, 0), (0.15, 0.28), (0.5, 0.52), (0.85, 0.2), (0.8, 0.6), (0.65, 1)]],
        [[(0.85, 0.25), (0.5, 0), (0.15, 0.25), (0.5, 0.5), (0.85, 0.2), (0.85, 0.8), (0.4, 1), (0.15, 0.88)]],
    ],
}  # fmt: skip


def _through(points: npt.NDArray[np.float64], per: int = 10) -> npt.NDArray[np.float64]:
    """A Catmull-Rom curve through the points [n, 2]."""
    p = np.vstack([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, per, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        pieces.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    return np.vstack([*pieces, points[-1:]])


class Hand:
    """Writes a number; one style for all its digits, as a person does."""

    def __init__(self, faces: list[Path], real: Path | None) -> None:
        self.faces = [str(path) for path in faces]
        self.real: dict[str, npt.NDArray[np.uint8]] = {}
        for digit in "0123456789" if real else "":
            rows = json.loads((real / f"{digit}.json").read_text())["data"]  # type: ignore[operator]
            self.real[digit] = (np.asarray(rows, np.float32).reshape(-1, 28, 28) * 255).astype(
                np.uint8
            )

    def write(self, rng: random.Random, number: str, height: int) -> Ink:
        """`height` is that of a printed capital, pixels."""
        tall = max(8, round(height * rng.uniform(0.85, 1.75)))
        kind = rng.random()
        if kind < 0.3 and self.faces:
            ink = self._face(rng, number, tall)
        elif kind < 0.65 and self.real:
            ink = self._real(rng, number, tall)
        else:
            ink = self._strokes(rng, number, tall)
        return _slanted(rng, ink)

    def _face(self, rng: random.Random, number: str, tall: int) -> Ink:
        font = sized(rng.choice(self.faces), max(10, round(tall * 1.45)))
        ink, _, _ = inked(font, number)
        if not ink.size:
            return self._strokes(rng, number, tall)
        if rng.random() < 0.5:
            ink = cv2.dilate(ink, np.ones((2, 2), np.uint8))
        return ink

    def _real(self, rng: random.Random, number: str, tall: int) -> Ink:
        cells = []
        for digit in number:
            rows = self.real[digit]
            cell = rows[rng.randrange(len(rows))][3:25, 3:25]
            columns = np.flatnonzero(cell.max(axis=0) > 60)
            cell = cell[:, max(0, columns[0] - 1) : columns[-1] + 2] if columns.size else cell
            size = round(tall * rng.uniform(0.92, 1.08))
            wide = max(2, round(cell.shape[1] * size / 22 * rng.uniform(0.85, 1.05)))
            cells.append(cv2.resize(cell, (wide, size), interpolation=cv2.INTER_CUBIC))
        ink = _row(rng, cells, tall)
        if rng.random() < 0.6:  # the pen of 1990 was thinner than the marker of the data set
            size = max(2, tall // 16)
            ink = cv2.erode(ink, np.ones((size, size), np.uint8))
        return ink

    def _strokes(self, rng: random.Random, number: str, tall: int) -> Ink:
        wide = tall * rng.uniform(0.42, 0.7)
        thick = max(1, round(tall * rng.uniform(0.05, 0.11)))
        wild = rng.uniform(0.02, 0.075)
        cells = []
        for digit in number:
            variant = rng.choice(_SKELETONS[digit])
            width = max(3, round(wide * (0.55 if digit == "1" else 1) * rng.uniform(0.85, 1.15)))
            cell = np.zeros((tall + 4 * thick, width + 4 * thick), np.uint8)
            for stroke in variant:
                points = np.array(stroke) + np.array(
                    [[rng.gauss(0, wild), rng.gauss(0, wild)] for _ in stroke]
                )
                curve = _through(points) * (width, tall) + 2 * thick
                cv2.polylines(
                    cell, [np.round(curve * 8).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 3
                )
            cells.append(cell)
        return _row(rng, cells, tall)


def _row(rng: random.Random, cells: list[Ink], tall: int) -> Ink:
    """Digits side by side, sometimes touching, never quite on one line."""
    gap = tall * rng.uniform(-0.10, 0.16)
    height = max(c.shape[0] for c in cells) + tall // 3
    row = np.zeros(
        (height, sum(c.shape[1] for c in cells) + int(len(cells) * abs(gap)) + tall), np.uint8
    )
    x = 2.0
    for cell in cells:
        y = rng.randint(0, max(1, height - cell.shape[0]) // 2 + 1)
        h, w = cell.shape
        place = row[y : y + h, int(x) : int(x) + w]
        np.maximum(place, cell[: place.shape[0], : place.shape[1]], out=place)
        x = max(2.0, x + w + gap)
    columns = np.flatnonzero(row.max(axis=0) > 40)
    return row[:, columns[0] : columns[-1] + 1] if columns.size else row


def _slanted(rng: random.Random, ink: Ink) -> Ink:
    shear = rng.uniform(-0.1, 0.35)
    h, w = ink.shape
    extra = int(abs(shear) * h) + 1
    matrix = np.array([[1, -shear, extra if shear < 0 else shear * h], [0, 1, 0]], np.float32)
    matrix[0, 2] = max(0.0, shear * h) if shear > 0 else 0.0
    leaned = cv2.warpAffine(ink, matrix, (w + extra, h))
    return np.asarray(leaned, np.uint8)
