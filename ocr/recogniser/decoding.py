# SPDX-License-Identifier: Apache-2.0
"""From the network's scores to characters, words and boxes (CTC best path).

Graves et al. 2006, "Connectionist temporal classification": equal neighbours are one character,
the blank parts them. A character's peak tells where on the line it stands.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr.page import Box, Word
from ocr.recogniser.line_image import ALPHABET, BLANK, STEP

Scores = npt.NDArray[np.float32]
"""[steps, classes] log-probabilities of one line."""
Picture = npt.NDArray[np.uint8]
INKED = 96  # of 255: softer than that is a shadow of the resampling
_CONTENDERS, _LEAST_CHANCE = 3, 0.01
NEARLY_SURE = 0.98
"""A surer character has no alternatives."""


@dataclass(frozen=True, slots=True)
class Character:
    """One character: its `confidence` 0..1, others that could stand there, steps it holds."""

    text: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...]
    start: float
    end: float


def best_path(scores: Scores) -> tuple[Character, ...]:
    """Characters of one line.

    Confidence is the probability at the character's peak, times how clearly the steps around it
    say that a character stands there at all.
    """
    best = scores.argmax(axis=1)
    if not best.size:
        return ()
    edges = np.flatnonzero(np.diff(best)) + 1
    starts, ends = np.r_[0, edges], np.r_[edges, len(best)]
    said = best[starts] != BLANK
    starts, ends = starts[said], ends[said]
    if not starts.size:
        return ()
    peaks = _peaks(scores[np.arange(len(best)), best], starts, ends)
    which = best[peaks]
    confidence = np.exp(scores[peaks, which])
    others = _others(scores, peaks, which, np.flatnonzero(confidence < NEARLY_SURE))
    return tuple(
        Character(ALPHABET[character - 1], sure, others.get(k, ()), start, end)
        for k, (character, sure, start, end) in enumerate(
            zip(which.tolist(), confidence.tolist(), starts.tolist(), ends.tolist(), strict=True)
        )
    )


def _others(
    scores: Scores,
    peaks: npt.NDArray[np.intp],
    which: npt.NDArray[np.intp],
    doubtful: npt.NDArray[np.intp],
) -> dict[int, tuple[tuple[str, float], ...]]:
    """What else could stand where the network was not sure, likeliest first."""
    if not doubtful.size:
        return {}
    at = np.exp(scores[peaks[doubtful]])
    at[np.arange(len(at)), which[doubtful]] = 0.0
    at[:, BLANK] = 0.0
    order = np.argpartition(at, -_CONTENDERS, axis=1)[:, -_CONTENDERS:]
    chances = np.take_along_axis(at, order, axis=1)
    return {
        k: _contenders(names, chance)
        for k, names, chance in zip(
            doubtful.tolist(), order.tolist(), chances.tolist(), strict=True
        )
    }


def _peaks(
    values: npt.NDArray[np.float32], starts: npt.NDArray[np.intp], ends: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """The step of the highest value in each run of steps."""
    peaks = starts.copy()
    for k in np.flatnonzero(ends - starts > 1).tolist():
        peaks[k] = starts[k] + int(values[starts[k] : ends[k]].argmax())
    return peaks


def _contenders(others: Sequence[int], chances: Sequence[float]) -> tuple[tuple[str, float], ...]:
    ranked = sorted(zip(chances, others, strict=True), reverse=True)
    return tuple((ALPHABET[k - 1], round(p, 4)) for p, k in ranked if p > _LEAST_CHANCE)


def text_of(characters: Sequence[Character]) -> str:
    return unicodedata.normalize("NFC", "".join(c.text for c in characters)).strip()


def words_of(characters: Sequence[Character], picture: Picture) -> tuple[Word, ...]:
    """Words with boxes as fractions of the line's crop; confidence is that of the weakest letter.

    A word reaches half-way into the blanks beside it, then shrinks to the ink that stands there.
    """
    height, width = picture.shape
    inked = picture > INKED
    columns = np.flatnonzero(inked.any(axis=0))
    tops = inked.argmax(axis=0)
    bottoms = height - inked[::-1].argmax(axis=0)
    words = []
    for group, left, right in _groups(characters, width // STEP):
        x0 = round(left * STEP)
        x1 = max(round(right * STEP), x0 + 1)
        first, last = np.searchsorted(columns, (x0, x1)).tolist()
        y0, y1 = 0, height
        if first < last:
            own = columns[first:last]
            x0, x1 = int(own[0]), int(own[-1]) + 1
            y0, y1 = int(tops[own].min()), int(bottoms[own].max())
        words.append(
            Word(
                text=text_of(group),
                box=Box(x0 / width, y0 / height, min(1.0, x1 / width), y1 / height),
                confidence=min(c.confidence for c in group),
            )
        )
    return tuple(words)


def _groups(
    characters: Sequence[Character], steps: int
) -> Iterator[tuple[list[Character], float, float]]:
    """(characters of a word, first step, last step) from left to right."""
    left, group = 0.0, list[Character]()
    for character in characters:
        if character.text != " ":
            group.append(character)
            continue
        middle = (character.start + character.end) / 2
        if group:
            yield group, left, middle
            group = []
        left = middle
    if group:
        yield group, left, float(steps)
