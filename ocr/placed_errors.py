# SPDX-License-Identifier: Apache-2.0
"""Character errors by place: every word is held against the truth line it stands on.

The order of lines does not count (columns may be read either way), the place does: a word where
nothing is printed is an error, and so is a line nobody read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

from ocr.evaluation import ErrorRate, total_error
from ocr.normalise import nfc
from ocr.page import Box, Word

_STRAY = 0.35  # of a line's height that a word's middle may lie outside it


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthLine:
    """One printed line: its text and the box of its ink, fractions of the upright page."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedErrors:
    """CER, WER and DER (a mark wrong, its letter right) of a page or of many."""

    characters: ErrorRate
    words: ErrorRate
    marks: ErrorRate

    @classmethod
    def total(cls, parts: Sequence[PlacedErrors]) -> PlacedErrors:
        return cls(
            characters=total_error([p.characters for p in parts]),
            words=total_error([p.words for p in parts]),
            marks=total_error([p.marks for p in parts]),
        )


def placed_errors(truth: Sequence[TruthLine], words: Sequence[Word]) -> PlacedErrors:
    """Errors of one page; words outside every truth line are counted as added text."""
    owners = _owners(truth, words)
    edits = word_edits = mark_edits = 0
    for number, line in enumerate(truth):
        mine = [w for w, owner in zip(words, owners, strict=True) if owner == number]
        said, wanted = _joined(mine), _squeezed(line.text)
        wrong = Levenshtein.distance(wanted, said)
        edits += wrong
        word_edits += Levenshtein.distance(wanted.split(), said.split())
        mark_edits += wrong - Levenshtein.distance(_unmarked(wanted), _unmarked(said))
    stray = [w for w, owner in zip(words, owners, strict=True) if owner is None]
    edits += sum(len(_squeezed(w.text)) for w in stray)
    length = sum(len(_squeezed(line.text)) for line in truth)
    return PlacedErrors(
        characters=ErrorRate(edits=edits, length=length),
        words=ErrorRate(
            edits=word_edits + len(stray), length=sum(len(t.text.split()) for t in truth)
        ),
        marks=ErrorRate(edits=max(0, mark_edits), length=length),
    )


def in_one_box(truth: Sequence[TruthLine], boxes: Sequence[Box]) -> int:
    """How many truth lines stand whole in exactly one box that holds no other line's middle."""
    if not boxes:
        return 0
    lines, found = _corners([t.box for t in truth]), _corners(boxes)
    middle = (lines[:, 1] + lines[:, 3]) / 2
    level = (found[:, 1] < middle[:, None]) & (middle[:, None] < found[:, 3])
    shared = np.minimum(lines[:, None, 2], found[:, 2]) - np.maximum(lines[:, None, 0], found[:, 0])
    share = np.where(level, shared, 0.0) / np.maximum(lines[:, 2] - lines[:, 0], 1e-6)[:, None]
    touched = share > 0.05
    # the box of a lone "1" in the truth is as wide as its advance, not as its ink
    short = (lines[:, 2] - lines[:, 0])[:, None] - shared < 0.006
    held = touched & ((share > 0.93) | short)
    lonely = (np.where(touched, share, 0) > 0.5).sum(axis=0) <= 1
    return int(((touched.sum(axis=1) == 1) & (held & lonely).any(axis=1)).sum())


def _corners(boxes: Sequence[Box]) -> npt.NDArray[np.float64]:
    return np.array([(b.x0, b.y0, b.x1, b.y1) for b in boxes], np.float64).reshape(-1, 4)


def _owners(truth: Sequence[TruthLine], words: Sequence[Word]) -> list[int | None]:
    """For each word the line it stands on: that whose middle is nearest, where it overlaps."""
    if not truth:
        return [None] * len(words)
    lines = _corners([t.box for t in truth])
    height = lines[:, 3] - lines[:, 1]
    owners: list[int | None] = []
    for word in words:
        box = word.box
        y, reach = (box.y0 + box.y1) / 2, _STRAY * height
        on = (lines[:, 1] - reach < y) & (y < lines[:, 3] + reach)
        shared = np.minimum(lines[:, 2], box.x1) - np.maximum(lines[:, 0], box.x0)
        on &= shared > -0.25 * (box.x1 - box.x0)
        if not on.any():
            owners.append(None)
            continue
        off = np.abs((lines[:, 1] + lines[:, 3]) / 2 - y) / np.maximum(height, 1e-6)
        off = off + np.where(shared > 0.5 * (box.x1 - box.x0), 0.0, 1.0)
        owners.append(int(np.where(on, off, np.inf).argmin()))
    return owners


def _joined(words: Sequence[Word]) -> str:
    return _squeezed(" ".join(w.text for w in sorted(words, key=lambda w: w.box.x0 + w.box.x1)))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", nfc(text)).strip()


def _unmarked(text: str) -> str:
    """Without marks; đ is a letter of its own and stays."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
