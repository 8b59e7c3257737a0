# SPDX-License-Identifier: Apache-2.0
"""A signer's name whose first letters lie under the seal, told from what the network half sees.

The seal covers the left third of the signature (NĐ 30/2020, Đ.33.1): the end of a name stands
clear, its beginning is black on black. No reader says "Nguyễn" there, but the network's scores tell
which family name fits the ink best. A block is centred, so the title above tells how far to the
left the name began. What is made here is put before a person and never passes by itself.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product, takewhile
from math import exp

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Postfix

from ocr.catalogue import NAME_WORDS, SURNAMES
from ocr.closing import said_in_block
from ocr.normalise import plain
from ocr.page import Box, Pixels, Word
from ocr.recognise import Recogniser
from ocr.recogniser.decoding import Character, Scores, best_path
from ocr.recogniser.line_image import ALPHABET, line_image
from ocr.recogniser.reader import NetRecogniser
from ocr.signing_titles import authority_in
from ocr.vietnamese import is_syllable

FINE_DPI = 300
GUESSED = 0.3
"""Confidence of every word of such a name: a person looks."""
_CLEAR = 0.9
"""A word read so surely stands as it was read."""
_ALONE = 0.75
"""A word one reader was sure of and no other has seen weighs a little more (`ALONE`)."""
_FADED = 0.02
"""Chance that the seal has hidden a mark of a letter."""
_FAR = -12.0
"""Natural logarithm: a name that fits the ink so much worse than nonsense is none."""
_MOST_WORDS = 5
_LEFT, _HIGH = (1.0, 0.5, 0.0), (0.15, 0.4)
"""Line heights: a letter begins somewhere; where the crop begins decides what is seen of it."""
_WITNESSED, _SHORT = 1.5, -2.0
"""Natural logarithms: for each word that Tesseract sees too, and for a name of two words alone."""
_BELOW = 0.2
"""Share of the page: a name stands no further below its title."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Token:
    """What stands between two blanks, and the network's steps it takes."""

    text: str
    confidence: float
    scores: Floats


def clear_end(lines: Sequence[Sequence[Word]]) -> tuple[Box, float] | None:
    """The row of a block whose name begins under the seal, and the middle of the title above it.

    `lines`: the words of the block. None where a name could be read, or nothing of one.
    """
    said = [(said_in_block(line), line) for line in lines]
    acting = [line for line in lines if authority_in(" ".join(w.text for w in line))]
    titles = [*map(_around, [*(line for what, line in said if what == "title"), *acting])]
    if not titles or any(what == "name" for what, _ in said):
        return None
    widest, lowest = max(titles, key=lambda box: box.width), max(box.y1 for box in titles)
    centre = (widest.x0 + widest.x1) / 2
    rows = []
    for line in lines:
        box, ends = _around(line), [*takewhile(_is_clear_word, reversed(line))]
        if ends and lowest < ends[0].box.y0 < lowest + _BELOW and box.x1 > centre:
            clear = _around(ends)
            rows.append(Box(box.x0, clear.y0, clear.x1, clear.y1))
    return max(((row, centre) for row in rows), key=lambda found: found[0].y0, default=None)


def _is_clear_word(word: Word) -> bool:
    named = word.text.isalpha() and word.text.istitle() and is_syllable(word.text)
    return named and len(word.text) > 1 and word.confidence >= _ALONE


def _around(words: Sequence[Word]) -> Box:
    box = Box.around(w.box for w in words)
    assert box is not None  # noqa: S101 - lines have words
    return box


def hidden_name(
    inks: Sequence[Pixels], row: Box, centre: float, net: NetRecogniser, witness: Recogniser
) -> tuple[Word, ...]:
    """The likeliest name of a row of the signature block; none when no name fits.

    `inks`: the block in several inks at `FINE_DPI`. `row`: what could be read of it, `centre`: of
    the title above it; these and the boxes of the words in fractions of the block.
    """
    shape = inks[0].shape
    left = min(row.x0, 2 * centre - row.x1) * shape[1]
    _, y0, x1, y1 = row.pixels(shape)
    high = y1 - y0
    votes: dict[str, float] = defaultdict(float)
    for ink, before, around in product(inks, _LEFT, _HIGH):
        top, end = max(0, round(y0 - around * high)), round(y1 + around * high)
        start = max(0, round(left - before * high))
        crop = np.ascontiguousarray(ink[top:end, start : x1 + high // 3])
        for name, fit in _names(net.model.scores([line_image(crop)])[0]):
            votes[name] += exp(fit)
    if not votes:
        return ()
    start = max(0, round(left - high))
    top, end = max(0, y0 - high // 4), y1 + high // 4
    said = [
        witness.read_line(np.ascontiguousarray(ink[top:end, start:x1]), FINE_DPI) for ink in inks
    ]
    best = max(votes, key=lambda name: (votes[name] * exp(_agreement(name, said)), name))
    return _spread(best, Box(max(0.0, left / shape[1]), row.y0, row.x1, row.y1))


def _spread(name: str, place: Box) -> tuple[Word, ...]:
    """The words of a name side by side in its place, as wide as their letters are many."""
    words, at, letter = list[Word](), place.x0, place.width / len(name)
    for text in name.split():
        box = Box(at, place.y0, at + letter * len(text), place.y1)
        words.append(Word(text=text, box=box, confidence=GUESSED))
        at = box.x1 + letter
    return tuple(words)


def _agreement(name: str, said: Sequence[Sequence[Word]]) -> float:
    """What the witness saw of the words, from the clear end of the name on: "ấn" of "Tấn"."""
    found = 0.0
    for words in said:
        for word, seen in zip(reversed(name.split()), reversed(words), strict=False):
            shared = Postfix.similarity(word, seen.text.strip(".,:;"))
            found += _WITNESSED * (shared >= max(2, len(word) - 1))
    return found


def _names(scores: Scores) -> Iterator[tuple[str, float]]:
    """Names that the line's end could be, with how much worse than the network's own text."""
    tokens = list(_tokens(scores))
    for first in range(max(0, len(tokens) - _MOST_WORDS), len(tokens) - 1):
        name, total = list[str](), 0.0 if len(tokens) - first > 2 else _SHORT
        for n, token in enumerate(tokens[first:]):
            word, fit = _likeliest(token, family=n == 0)
            name.append(word)
            total += fit
        if total > _FAR:
            yield " ".join(name), total


def _likeliest(token: _Token, *, family: bool) -> tuple[str, float]:
    """The word of a name that fits the token best."""
    clear = token.confidence >= _CLEAR and token.text.istitle() and is_syllable(token.text)
    if clear and (not family or token.text in SURNAMES):
        return token.text, 0.0
    words, labels, lengths = _lexicon(family=family)
    if len(token.scores) < 2:
        return words[0], float("-inf")
    _, own, size = _encoded((token.text,))
    fits = _log_chance(token.scores, labels, lengths)
    best = int(fits.argmax())
    return words[best], float(fits[best] - _log_chance(token.scores, own, size)[0])


def _tokens(scores: Scores) -> Iterator[_Token]:
    """The words of the line as the network saw them, each with its own steps."""
    faded = _with_hidden_marks(scores)
    left, group = 0, list[Character]()
    for character in best_path(scores):
        if character.text != " ":
            group.append(character)
            continue
        middle = int(character.start + character.end) // 2
        if group:
            yield _token(group, faded[left:middle])
            group = []
        left = middle
    if group:
        yield _token(group, faded[left:])


def _token(group: Sequence[Character], scores: Floats) -> _Token:
    text = unicodedata.normalize("NFC", "".join(c.text for c in group))
    return _Token(text, min(c.confidence for c in group), scores)


def _with_hidden_marks(scores: Scores) -> Floats:
    """Each letter may be one that has marks besides, at a price."""
    chances = np.exp(scores.astype(np.float64))
    for marked, bare in _LESSER:
        np.maximum(chances[:, marked], _FADED * chances[:, bare], out=chances[:, marked])
    return np.log(np.maximum(chances, 1e-12))


def _lesser() -> Iterator[tuple[int, int]]:
    marks = {c: frozenset(unicodedata.normalize("NFD", c)) for c in ALPHABET if c.isalpha()}
    for full, bare in product(marks, marks):
        if marks[bare] < marks[full] and plain(bare) == plain(full):
            yield ALPHABET.index(full) + 1, ALPHABET.index(bare) + 1


_LESSER = tuple(_lesser())


@cache
def _lexicon(*, family: bool) -> tuple[tuple[str, ...], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    words = SURNAMES if family else NAME_WORDS
    return _encoded(tuple(sorted(w for w in words if w.isalpha() and len(w) > 1)))


def _encoded(
    words: tuple[str, ...],
) -> tuple[tuple[str, ...], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Words as rows of classes with blanks between (Graves et al. 2006), and the rows' lengths."""
    labels = np.zeros((len(words), 2 * max(map(len, words)) + 1), np.intp)
    for row, word in enumerate(words):
        for at, letter in enumerate(word):
            labels[row, 2 * at + 1] = ALPHABET.index(letter) + 1
    return words, labels, np.array([2 * len(w) + 1 for w in words], np.intp)


def _log_chance(
    scores: Floats, labels: npt.NDArray[np.intp], lengths: npt.NDArray[np.intp]
) -> Floats:
    """Log P(word | steps) of every row by the CTC forward algorithm."""
    rows, never = np.arange(len(labels)), -1e9
    leaps = np.zeros(labels.shape, bool)
    leaps[:, 3::2] = labels[:, 3::2] != labels[:, 1:-2:2]
    at = np.full(labels.shape, never)
    at[:, 0] = scores[0, 0]
    at[:, 1] = scores[0, labels[:, 1]]
    for step in scores[1:]:
        one, two = np.full_like(at, never), np.full_like(at, never)
        one[:, 1:] = at[:, :-1]
        two[:, 2:] = np.where(leaps[:, 2:], at[:, :-2], never)
        at = np.logaddexp(np.logaddexp(at, one), two) + step[labels]
    return np.asarray(np.logaddexp(at[rows, lengths - 1], at[rows, lengths - 2]))
