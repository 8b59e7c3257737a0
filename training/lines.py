# SPDX-License-Identifier: Apache-2.0
"""One training line: text set in a typeface, on paper with neighbours, rules, seals and damage."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from ocr.recogniser.line_image import STEP, line_image
from training import texts
from training.damage import Grey, damaged, tilted
from training.handwriting import Hand
from training.texts import Corpus
from training.typefaces import Case, Typeface, inked, sized

MAX_WIDTH = 960  # columns of a finished line; longer ones are cut at a word
_WORDS = re.compile(r"\S+\s*|\s+")
Piece = tuple[str, bool]  # text, written by hand


@dataclass(frozen=True, slots=True)
class Renderer:
    """Draws lines; the same seed draws the same line."""

    corpus: Corpus
    case: Case
    hand: Hand

    def line(self, seed: int, level: str = "") -> tuple[npt.NDArray[np.uint8], str]:
        """(picture [40, w] as `line_image` gives it, its text). `level` "" draws one."""
        for attempt in range(20):
            rng = random.Random(seed * 31 + attempt)
            picture, text = self._drawn(rng, level or _level(rng))
            if picture.shape[1] <= MAX_WIDTH and text and _can_be_read(picture.shape[1], text):
                return picture, text
        return picture[:, :MAX_WIDTH], ""

    def _drawn(self, rng: random.Random, level: str) -> tuple[npt.NDArray[np.uint8], str]:
        face = self.case.pick(rng)
        em = round(rng.triangular(30, 66, 52))
        canvas, box, text = self._set(rng, face, em, self._pieces(rng, face))
        if rng.random() < 0.3:
            _decorate(rng, canvas, box, em)
        if rng.random() < 0.25:
            self._neighbours(rng, canvas, face, em, box)
        if rng.random() < 0.09:
            _seal(rng, canvas)
        if rng.random() < 0.04:
            _pen(rng, canvas, em)
        if rng.random() < 0.55:
            canvas = tilted(
                rng, canvas, rng.gauss(0, 0.45) if rng.random() < 0.9 else rng.uniform(-1.5, 1.5)
            )
        before = canvas.shape
        grey = damaged(rng, canvas, level)
        return line_image(_cropped(rng, grey, box, em, grey.shape[0] / before[0])), text

    def _pieces(self, rng: random.Random, face: Typeface) -> list[Piece]:
        kind = rng.random()
        if kind < 0.10:
            before, number, behind = texts.a_number(rng)
            return [(before, False), (number, rng.random() < 0.6), (behind, False)]
        if kind < 0.20:
            head, day, tháng, month, năm, year = texts.a_day(rng)
            by_hand = rng.random() < 0.6
            month_too = by_hand and rng.random() < 0.3
            return [
                (head, False),
                (day, by_hand),
                (tháng, False),
                (month, month_too),
                (năm + year, False),
            ]
        if kind < 0.23:
            return [(texts.digits(rng, rng.randint(1, 5)), True)]
        if kind < 0.68:
            text = self.corpus.line(rng, *((12, 85) if rng.random() < 0.8 else (2, 14)))
            if rng.random() < 0.2:
                text = text.upper()
        else:
            text = texts.made_line(rng, self.corpus)
        return [("".join(c for c in text if c in face.covers or c == " "), False)]

    def _set(
        self, rng: random.Random, face: Typeface, em: int, pieces: list[Piece]
    ) -> tuple[Grey, tuple[int, int, int, int], str]:
        """(canvas with the line on it, box of its ink extents, its text)."""
        font = sized(face.path, em)
        margin, base = em, round(em * 2.1)
        inks: list[tuple[npt.NDArray[np.uint8], int, int]] = []  # ink, x, y of its top
        x, parts = float(margin), list[str]()
        squeeze = rng.uniform(0.88, 1.1) if rng.random() < 0.5 else 1.0
        spacing = rng.uniform(-0.02, 0.12) * em if rng.random() < 0.08 else 0.0
        justified = rng.uniform(-0.08, 0.6) ** 2 * em if rng.random() < 0.3 else 0.0
        for text, by_hand in pieces:
            if by_hand:
                ink = self.hand.write(rng, text, round(em * 0.68))
                x += em * rng.uniform(-0.05, 0.4)
                y = base - ink.shape[0] + round(em * rng.uniform(-0.12, 0.30))
                inks.append((ink, round(x), y))
                x += ink.shape[1] + em * rng.uniform(-0.12, 0.4)
                parts.append(text)
                continue
            for bit in text if spacing else _WORDS.findall(text) if justified else [text]:
                ink, dx, dy = inked(font, bit)
                if ink.size:
                    if squeeze != 1.0:
                        ink = cv2.resize(ink, (max(1, round(ink.shape[1] * squeeze)), ink.shape[0]))
                    inks.append((ink, round(x + dx * squeeze), base + dy))
                x += font.getlength(bit) * squeeze + spacing
                x += justified * (len(bit) - len(bit.rstrip()))
            parts.append(text)
        text = texts.clean("".join(parts))
        canvas = np.full((round(em * 3.4), round(x) + 2 * margin), 255, np.uint8)
        heavy = rng.random()
        for ink, left, top in inks:
            if heavy < 0.12:
                ink = cv2.dilate(ink, np.ones((2, 2), np.uint8))
            top = max(0, top)
            place = canvas[top : top + ink.shape[0], max(0, left) : max(0, left) + ink.shape[1]]
            np.minimum(place, 255 - ink[: place.shape[0], : place.shape[1]], out=place)
        return canvas, _extent(canvas), text

    def _neighbours(
        self,
        rng: random.Random,
        canvas: Grey,
        face: Typeface,
        em: int,
        box: tuple[int, int, int, int],
    ) -> None:
        font = sized(face.path, em)
        ink, _, dy = inked(font, self.corpus.line(rng, 10, 60))
        ink = 255 - ink
        step = round(em * rng.uniform(1.08, 1.5)) * rng.choice((-1, 1))
        top = round(em * 2.1) + dy + step
        crop = ink[max(0, -top) : max(0, canvas.shape[0] - top), : canvas.shape[1] - em]
        place = canvas[max(0, top) : max(0, top) + crop.shape[0], em // 2 : em // 2 + crop.shape[1]]
        np.minimum(place, crop[: place.shape[0], : place.shape[1]], out=place)


def _can_be_read(width: int, text: str) -> bool:
    """CTC needs a step for every character and one more between equal neighbours."""
    doubles = sum(a == b for a, b in pairwise(text))
    return width >= 9 * len(text) // 2 and width // STEP >= len(text) + doubles


def _level(rng: random.Random) -> str:
    kind = rng.random()
    return "clean" if kind < 0.09 else "scan" if kind < 0.43 else "copy" if kind < 0.86 else "phone"


def _extent(canvas: Grey) -> tuple[int, int, int, int]:
    rows = np.flatnonzero(canvas.min(axis=1) < 160)
    columns = np.flatnonzero(canvas.min(axis=0) < 160)
    if not rows.size or not columns.size:
        return 0, 0, canvas.shape[1], canvas.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _cropped(
    rng: random.Random, grey: Grey, box: tuple[int, int, int, int], em: int, scale: float
) -> Grey:
    """The box as a line finder would give it: tight, loose, or a little off."""
    x0, y0, x1, y1 = box
    base = em * 2.1
    if rng.random() < 0.5:  # from the letters' line: room for marks and descenders
        y0, y1 = (
            min(y0, round(base - em * rng.uniform(0.72, 1.0))),
            max(y1, round(base + em * 0.22)),
        )
    pad = em * rng.uniform(0.0, 0.22)
    top, bottom = y0 - pad + em * rng.gauss(0, 0.03), y1 + pad + em * rng.gauss(0, 0.03)
    left, right = x0 - em * rng.uniform(0.02, 0.5), x1 + em * rng.uniform(0.02, 0.5)
    if (
        rng.random() < 0.04
    ):  # a cut top: the letter must still be told from what is left of its mark
        top = y0 + em * rng.uniform(0.0, 0.07)
    height, width = grey.shape
    y = slice(
        max(0, round(top * scale)), min(height, max(round(bottom * scale), round(top * scale) + 8))
    )
    x = slice(
        max(0, round(left * scale)), min(width, max(round(right * scale), round(left * scale) + 8))
    )
    return grey[y, x]


def _decorate(rng: random.Random, canvas: Grey, box: tuple[int, int, int, int], em: int) -> None:
    """Underlines, rules of a cell and what is left of them."""
    x0, y0, x1, y1 = box
    thick, tone = rng.randint(1, 4), rng.randint(0, 90)
    kind = rng.random()
    if kind < 0.35:
        y = round(em * 2.1 + em * rng.uniform(0.06, 0.35))
        a = rng.randint(x0, max(x0, x1 - em)) if rng.random() < 0.5 else x0
        cv2.line(canvas, (a, y), (min(x1, a + rng.randint(em, canvas.shape[1])), y), tone, thick)
    if kind > 0.25:
        for y in (y0 - round(em * rng.uniform(0.08, 0.4)), y1 + round(em * rng.uniform(0.08, 0.4))):
            if rng.random() < 0.5:
                cv2.line(canvas, (0, y), (canvas.shape[1], y + rng.randint(-3, 3)), tone, thick)
    if kind > 0.5:
        for x in (
            x0 - round(em * rng.uniform(0.12, 0.45)),
            x1 + round(em * rng.uniform(0.12, 0.45)),
        ):
            if rng.random() < 0.6:
                cv2.line(canvas, (x, 0), (x + rng.randint(-3, 3), canvas.shape[0]), tone, thick)


def _seal(rng: random.Random, canvas: Grey) -> None:
    """Arcs and letters of a seal, as they stay after the red is lifted or in a black copy."""
    height, width = canvas.shape
    centre = (rng.randint(0, width), rng.randint(-height, 2 * height))
    tone, layer = rng.randint(60, 225), np.full_like(canvas, 255)
    radius = rng.randint(height // 2, height * 3)
    for r in (radius, round(radius * rng.uniform(0.6, 0.92))):
        cv2.circle(layer, centre, r, tone, rng.randint(2, 7), cv2.LINE_AA)
    for _ in range(rng.randint(0, 7)):
        angle = rng.uniform(0, 6.28)
        at = (
            round(centre[0] + radius * 0.8 * np.cos(angle)),
            round(centre[1] + radius * 0.8 * np.sin(angle)),
        )
        cv2.putText(
            layer, rng.choice("ABCDEGHIKLMNOPQRSTUVXY*"), at, 0, rng.uniform(0.8, 1.8), tone, 3
        )
    np.minimum(canvas, layer, out=canvas)


def _pen(rng: random.Random, canvas: Grey, em: int) -> None:
    """A signature's or a marker's stroke across the line."""
    height, width = canvas.shape
    x, points = rng.uniform(0, width), list[tuple[float, float]]()
    for _ in range(rng.randint(3, 7)):
        points.append((x, rng.uniform(-0.3 * height, 1.3 * height)))
        x += rng.uniform(-2 * em, 3 * em)
    tone = rng.randint(30, 150)
    cv2.polylines(canvas, [np.array(points, np.int32)], False, tone, rng.randint(1, 4), cv2.LINE_AA)
