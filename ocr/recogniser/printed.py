# SPDX-License-Identifier: Apache-2.0
"""Wording that is printed alike on every paper of its kind, spotted in the network's own scores.

Of "CỤC TRƯỞNG CỤC CẢNH SÁT" a photocopy of a card leaves "cục cÁnm sÁn": the letters that were
said best are no words, but the network held the right ones for possible all along. A wording of
`printed.toml` is aligned with the scores of the line (CTC, Viterbi, free at both ends) and taken
where it costs little against what was read. A label that somebody altered stays: a word that was
read surely and is none of the wording's forbids it. Values are no wording, none is ever touched.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from ocr.normalise import comparable, plain
from ocr.recogniser.decoding import NEARLY_SURE, Character, Scores, text_of
from ocr.recogniser.line_image import ALPHABET
from ocr.vietnamese import is_syllable, words_of

_SHIPPED = Path(__file__).with_suffix(".toml")
_LIKE_HEAD, _LIKE_WORDING, _LIKE_WORD = 70.0, 50.0, 60.0
_CONTENDERS, _LEAST_LETTERS = 2, 4
_CHEAP, _DEAR, _A_LETTER = 1.35, 3.0, 6.0
"""Nats a letter of the wording may cost: at once, at most, and then a letter that is changed."""
_TIE = 1e-6
"""Nats; a letter that may hold a step or not holds it."""
_SHORT, _MOST_OF_IT = 12, 0.6
"""Of a short wording no more may be changed: strokes of a signature bear any few letters."""
_LABELS_TELL, _WORDS_SEEN = 2, 0.65
PRINTED = NEARLY_SURE
"""Confidence of a letter that the form says and the network held for possible; none settles it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A printed form: the labels and marks it is known by, and every wording on it.

    A mark, as "<<<<" of the zone that machines read, tells the form by itself.
    """

    labels: tuple[str, ...]
    marks: tuple[str, ...]
    wordings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What is printed on papers: heads are whole lines, offices stand in lines of capitals."""

    heads: tuple[str, ...]
    offices: tuple[str, ...]
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spotted:
    """A wording on a line: what it costs in nats, and its letters where they stand.

    None stands on a line that is too short for it or too dear; its cost has no end.
    """

    wording: str
    cost: float
    letters: tuple[Character, ...]

    @property
    def start(self) -> float:
        return self.letters[0].start

    @property
    def end(self) -> float:
        return self.letters[-1].end

    @property
    def a_letter(self) -> float:
        return self.cost / len(self.wording)


@cache
def shipped_printed() -> Printed:
    told = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    return Printed(
        heads=tuple(told["heads"]),
        offices=tuple(told["offices"]),
        forms=tuple(
            Form(
                labels=tuple(form["labels"]),
                marks=tuple(map(plain, form["marks"])),
                wordings=(*form["labels"], *form["lines"]),
            )
            for form in told["forms"]
        ),
    )


def with_printed(
    lines: Sequence[tuple[Character, ...]], scores: Sequence[Scores]
) -> list[tuple[Character, ...]]:
    """The lines of one page with the wording that is printed where it stands.

    `scores`: of each line, [steps, classes]. A form counts where one of its marks or two of its
    labels are plain to read; lines alone, out of their page, are none.
    """
    known = shipped_printed()
    texts = [text_of(line) for line in lines]
    spelled = [plain(text) for text in texts]
    forms = [form for form in known.forms if _is_on(form, spelled)]
    wordings = _wordings(forms)
    made = []
    for line, text, bare, said in zip(lines, texts, spelled, scores, strict=True):
        heads = [spotted(said, wording, _DEAR) for wording in _at_head(text, bare, known)]
        line = _taken(line, heads, sure=0.0)
        near = _near(text, bare, wordings)
        if near:
            line = _taken(line, [spotted(said, wording, _DEAR) for wording in near], sure=PRINTED)
        made.append(line)
    return made


def spotted(scores: Scores, wording: str, most: float = np.inf) -> Spotted:
    """Where on the line `wording` stands best; its cost is 0 where it is what was read.

    What is dearer than `most` is not looked for: each letter costs at least its best step.
    """
    classes = np.array([ALPHABET.index(letter) + 1 for letter in wording], np.intp)
    tops = scores.max(axis=1)
    least = float((tops[:, None] - scores[:, classes]).min(axis=0).sum())
    if least > most * len(wording):
        return Spotted(wording=wording, cost=np.inf, letters=())
    states = np.zeros(2 * len(classes) - 1, np.intp)  # letters, blanks between them
    states[::2] = classes
    leaps = np.zeros(len(states), bool)  # from letter to letter: not between two alike
    leaps[2::2] = classes[1:] != classes[:-1]
    said = scores[:, states].astype(np.float64)
    free = np.concatenate([[0.0], np.cumsum(tops, dtype=np.float64)])
    steps = len(said)
    came = np.zeros(said.shape, np.int8)
    reached = np.full(len(states), -np.inf)
    ended = np.full(steps, -np.inf)
    ways = np.full((3, len(states)), -np.inf)
    for step in range(steps):
        ways[0] = reached + _TIE
        ways[1, 1:] = reached[:-1]
        ways[1, 0] = free[step]
        ways[2, 2:] = np.where(leaps[2:], reached[:-2], -np.inf)
        came[step] = ways.argmax(axis=0)
        reached = ways.max(axis=0) + said[step]
        ended[step] = reached[-1] + free[-1] - free[step + 1]
    # of equal ends the last: a letter holds all of its steps
    last = int(np.flatnonzero(ended >= ended.max() - steps * _TIE)[-1])
    cost = float(free[-1] - ended[last])
    if not np.isfinite(cost):  # fewer steps than letters
        return Spotted(wording=wording, cost=np.inf, letters=())
    starts, ends = _traced(came, last, len(classes))
    return Spotted(
        wording=wording,
        cost=cost,
        letters=tuple(
            Character(letter, float(np.exp(scores[a:b, k].max())), (), a, b)
            for letter, k, a, b in zip(
                wording, classes.tolist(), starts.tolist(), ends.tolist(), strict=True
            )
        ),
    )


def _traced(
    came: npt.NDArray[np.int8], last: int, letters: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First step of each letter, and the step behind its last."""
    starts, ends = np.zeros(letters, np.intp), np.zeros(letters, np.intp)
    state, step = 2 * letters - 2, last
    while True:
        if state % 2 == 0:
            starts[state // 2] = step
            ends[state // 2] = max(ends[state // 2], step + 1)
        back = int(came[step, state])
        if back > state:
            return starts, ends
        state, step = state - back, step - 1


def _wordings(forms: Sequence[Form]) -> list[str]:
    """Longest first, a shorter one is often part of a longer one; else as the file names them.

    Of two that resemble a line as much the first is tried: in every process the same.
    """
    named = dict.fromkeys(wording for form in forms for wording in form.wordings)
    return sorted(named, key=len, reverse=True)


def _is_on(form: Form, lines: Sequence[str]) -> bool:
    """A mark; or labels in two languages, one read in both: "Ngày sinh" stands on any form."""
    if any(mark in line for mark in form.marks for line in lines):
        return True
    words = [frozenset(words_of(line)) for line in lines]
    seen = foreign = 0
    for label in form.labels:
        wanted, other = (frozenset(_long_words(part)) for part in (label, label.partition("/")[2]))
        if len(wanted) < 2:
            continue
        holding = [said for said in words if len(wanted & said) >= _WORDS_SEEN * len(wanted)]
        seen += bool(holding)
        foreign += any(2 * len(other & said) >= len(other) for said in holding)
    return seen >= _LABELS_TELL and foreign > 0


def _long_words(text: str) -> list[str]:
    return [word for word in words_of(plain(text)) if len(word) > 2]


def _at_head(text: str, bare: str, known: Printed) -> list[str]:
    """Wordings of letters that the line nearly says: a head as a whole, an office within.

    Offices that place tones the old way ("HOÀ", "UỶ") or print long dashes are right too.
    """
    heads = [
        head
        for head in known.heads
        if abs(len(head) - len(text)) <= len(head) // 4
        and fuzz.ratio(plain(head), bare) >= _LIKE_HEAD
    ]
    if any(comparable(head) == comparable(text) for head in heads):
        return []
    offices = []
    for office in known.offices:
        at = bare.find(plain(office))
        said = text[at : at + len(office)]
        if at >= 0 and said.isupper() and comparable(said) != comparable(office):
            offices.append(office)
    return heads or offices


def _near(text: str, bare: str, wordings: Sequence[str]) -> list[str]:
    """The wordings of its form that a line may hold besides those it says already."""
    rest = bare
    for wording in wordings:
        if wording in text:
            rest = rest.replace(plain(wording), " ")
    if sum(map(str.isalpha, rest)) < _LEAST_LETTERS:
        return []
    found = process.extract(
        rest,
        [plain(wording) for wording in wordings],
        scorer=fuzz.partial_ratio,
        limit=_CONTENDERS,
        score_cutoff=_LIKE_WORDING,
    )
    return [wordings[k] for _, _, k in found if wordings[k] not in text]


def _taken(
    line: tuple[Character, ...], found: Sequence[Spotted], *, sure: float
) -> tuple[Character, ...]:
    """The line with those wordings in it that it bears, the cheapest first."""
    taken: list[Spotted] = []
    for one in sorted(found, key=lambda s: s.a_letter):
        if one.a_letter > _DEAR:
            break
        apart = all(one.end <= t.start or t.end <= one.start for t in taken)
        if apart and _bears(line, one):
            line = _put(line, one, sure)
            taken.append(one)
    return line


def _bears(line: Sequence[Character], found: Spotted) -> bool:
    own = [c for c in line if _meets(c, found)]
    changed = Levenshtein.distance(text_of(own), found.wording)
    if not changed:
        return False
    if found.a_letter > _CHEAP and found.cost > _A_LETTER * changed:
        return False
    if len(found.wording) < _SHORT and changed > _MOST_OF_IT * len(found.wording):
        return False
    if any(c.text.isdigit() and c.confidence >= NEARLY_SURE for c in own):
        return False
    return not any(_is_altered(word, found.wording) for word in _sure_words(own))


def _meets(character: Character, found: Spotted) -> bool:
    """Most of it stands where the wording does: the first digit behind a label stays its own."""
    shared = min(character.end, found.end) - max(character.start, found.start)
    least = (character.end - character.start) / 2 if character.text.isalnum() else 0.0
    return shared > least


def _sure_words(line: Sequence[Character]) -> list[str]:
    breaks = [-1, *(k for k, c in enumerate(line) if not c.text.isalpha()), len(line)]
    words = [line[a + 1 : b] for a, b in pairwise(breaks)]
    return [text_of(w) for w in words if len(w) > 2 and min(c.confidence for c in w) >= NEARLY_SURE]


def _is_altered(word: str, wording: str) -> bool:
    """A word surely read that the wording does not have: something else is printed here."""
    bare, printed = plain(word), words_of(plain(wording))
    if bare in printed:
        return False
    return is_syllable(word) or max(fuzz.ratio(bare, other) for other in printed) < _LIKE_WORD


def _put(line: Sequence[Character], found: Spotted, sure: float) -> tuple[Character, ...]:
    """The wording in the place of what was read there, and of the specks that stick to it."""
    own = [c for c in line if _meets(c, found)]
    letters = []
    for letter in found.letters:
        read = max(own, key=lambda c: _shared(c, letter), default=None)
        if read and _shared(read, letter) > 0:
            if read.text == letter.text:
                letter = read
            else:
                letter = replace(letter, alternatives=((read.text, read.confidence),))
        letters.append(replace(letter, confidence=max(letter.confidence, sure)))
    rest = [c for c in line if not _meets(c, found)]
    before = [c for c in rest if c.start < found.start]
    while before and _is_speck(before[-1]):
        before.pop()
    behind = [c for c in rest if c.start >= found.start]
    while behind and _is_speck(behind[0]):
        behind.pop(0)
    if before and before[-1].text != " ":
        before.append(_blank(found.start))
    if behind and behind[0].text != " ":
        behind.insert(0, _blank(found.end))
    return (*before, *letters, *behind)


def _shared(one: Character, other: Character) -> float:
    return min(one.end, other.end) - max(one.start, other.start)


def _is_speck(character: Character) -> bool:
    """A doubtful mark, no letter and no blank; a letter may be of the value."""
    doubtful = character.confidence < NEARLY_SURE
    return doubtful and not character.text.isalnum() and character.text != " "


def _blank(step: float) -> Character:
    return Character(" ", PRINTED, (), step, step)
