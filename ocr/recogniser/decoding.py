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
_INKED = 96  # of 255: softer than that is a shadow of the resampling
_CONTENDERS = 3


@dataclass(frozen=True, slots=True)
class Character:
    """One character: its `confidence` 0..1, others that could stand there, steps it holds."""

    text: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...]
    start: float
    end: float


def best_path(scores: Scores, allowed: Sequence[int] | None = None) -> tuple[Character, ...]:
    """Characters of one line. `allowed`: classes that may come out (digits only), with the blank.

    Confidence is the probability at the character's peak, times how clearly the steps around it
    say that a character stands there at all.
    """
    if allowed is not None:
        kept = np.full(scores.shape[1], -np.inf, np.float32)
        kept[list(allowed)] = 0.0
        scores = scores + kept
        scores = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    best = scores.argmax(axis=1)
    if not best.size:
        return ()
    edges = np.flatnonzero(np.diff(best)) + 1
    starts, ends = np.r_[0, edges], np.r_[edges, len(best)]
    found = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        which = int(best[start])
        if which == BLANK:
            continue
        peak = start + int(scores[start:end, which].argmax())
        at = np.exp(scores[peak])
        others = at.copy()
        others[[BLANK, which]] = 0.0
        order = np.argsort(others)[::-1][:_CONTENDERS]
        found.append(
            Character(
                text=ALPHABET[which - 1],
                confidence=float(at[which]),
                alternatives=tuple(
                    (ALPHABET[k - 1], round(float(at[k]), 4)) for k in order if at[k] > 0.01
                ),
                start=start,
                end=end,
            )
        )
    return tuple(found)


def text_of(characters: Sequence[Character]) -> str:
    return unicodedata.normalize("NFC", "".join(c.text for c in characters)).strip()


def words_of(characters: Sequence[Character], picture: Picture) -> tuple[Word, ...]:
    """Words with boxes as fractions of the line's crop; confidence is that of the weakest letter.

    A word reaches half-way into the blanks beside it, then shrinks to the ink that stands there.
    """
    steps = picture.shape[1] // STEP
    words = []
    for group, left, right in _groups(characters, steps):
        box = _inked_box(picture, round(left * STEP), round(right * STEP))
        words.append(
            Word(
                text=text_of(group),
                box=box,
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


def _inked_box(picture: Picture, left: int, right: int) -> Box:
    height, width = picture.shape
    part = picture[:, max(0, left) : max(right, left + 1)] > _INKED
    columns, rows = np.flatnonzero(part.any(axis=0)), np.flatnonzero(part.any(axis=1))
    if not columns.size:
        return Box(left / width, 0.0, min(1.0, max(right, left + 1) / width), 1.0)
    x0, x1 = left + int(columns[0]), left + int(columns[-1]) + 1
    return Box(
        x0 / width, int(rows[0]) / height, min(1.0, x1 / width), (int(rows[-1]) + 1) / height
    )
