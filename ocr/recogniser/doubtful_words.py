# SPDX-License-Identifier: Apache-2.0
"""Words in which the network was not sure of a letter: another reading of its own may fit better.

Two judges, and only what the network itself held for possible comes before them: the syllables
beside the word (`ocr.compounds`), then the list of syllables. Names, numbers and codes are left
alone. A letter that was changed keeps its own small chance, so the word stays in doubt.

Measured on 50 sample pages (`docs/benchmarks.md`): errors of marks at L4 1.73 -> 1.13 %, CER 6.9 ->
6.3 %; no level was read worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import inf, log, prod

from ocr.compounds import Compounds, shipped_compounds
from ocr.normalise import plain
from ocr.recogniser.decoding import NEARLY_SURE, Character, text_of
from ocr.vietnamese import is_syllable

_STAYS, _NO_SYLLABLE = 1.0, 3.0
"""Natural logarithms: how much likelier another word must be, and what no syllable falls short."""
_SAID_SURELY, _MOST_AGAINST = 0.93, 4.0
"""Against a word read so surely its neighbours count no more ("đến nay" is in no law)."""
_BY_COUNT, _UNMET = 0.8, 2.0
"""Where neither word was met beside its neighbours: weight of how often each was met at all."""
_LEVELS, _LEVEL = frozenset({"tỉnh", "xã", "phường", "thôn", "huyện", "quận"}), 3.0
"""Words before the name of a place, and how much likelier one of them is there."""
_LEAST_CHANCE = 1e-4
_MOST_READINGS = 400
_PASSES = 2
Reading = Sequence[tuple[str, float]]
"""A character and its chance, for each letter of a word."""


@dataclass(frozen=True, slots=True)
class _Token:
    """What stands between two blanks of a line; its word is what lies between its signs."""

    start: int
    end: int
    word_start: int
    word_end: int
    word: str

    @property
    def opens(self) -> bool:
        """No sign parts the word from the one before it."""
        return self.start == self.word_start

    @property
    def closes(self) -> bool:
        return self.end == self.word_end


def settled(characters: Sequence[Character]) -> tuple[Character, ...]:
    """The characters of a line, its doubtful words judged by their neighbours, then alone."""
    line = tuple(characters)
    if all(c.confidence >= NEARLY_SURE for c in line):
        return line
    return repaired(by_neighbours(line))


def by_neighbours(
    characters: Sequence[Character], compounds: Compounds | None = None
) -> tuple[Character, ...]:
    """Doubtful words as the syllables beside them ask for: "công túc" -> "công tác".

    The network's chance and the neighbours' count together (a noisy channel); another word must be
    a syllable that was met beside one of its neighbours, or the same letters with by far commoner
    marks where neither was. A capital inside the line is a name's.
    """
    known = compounds or shipped_compounds()
    made = list(characters)
    for _ in range(_PASSES):  # a word put right is a neighbour for the next one
        before = list(made)
        tokens = list(_tokens(made))
        capitals = "".join(c.text for c in made).isupper()
        for n, token in enumerate(tokens):
            if not token.word.isalpha() or len(token.word) < 2 or not _in_doubt(made, token):
                continue
            if not (capitals or token.word.islower() or _begins(tokens, n)):
                continue
            named = not capitals and token.word.islower() and _name_follows(tokens, n)
            _settle(made, token, *_beside(tokens, n, known), known, named=named)
        if made == before:
            break
    return tuple(made)


def _settle(
    line: list[Character],
    token: _Token,
    before: str | None,
    after: str | None,
    known: Compounds,
    *,
    named: bool,
) -> None:
    """`named`: a name stands behind the word, as behind "xã", "tỉnh"."""
    if before is None and after is None:
        return
    said = line[token.word_start : token.word_end]
    letters = [
        (
            (c.text, c.confidence),
            *((t, p) for t, p in c.alternatives if t.isalpha() and t != c.text),
        )
        for c in said
    ]
    if prod(map(len, letters)) > _MOST_READINGS:
        return

    own = known.usual(token.word)
    own_fit = known.fit(before, own, after)
    own_met = known.met(before, own) + known.met(own, after)
    surely = min(c.confidence for c in said) >= _SAID_SURELY

    def worth(reading: Reading) -> float:
        word = "".join(text for text, _ in reading)
        usual = known.usual(word)
        seen = sum(log(max(chance, _LEAST_CHANCE)) for _, chance in reading)
        if named and usual in _LEVELS:
            seen += _LEVEL
        if word == token.word:
            return seen + _STAYS - (0.0 if is_syllable(word) else _NO_SYLLABLE)
        if not is_syllable(word):
            return -inf
        if known.met(before, usual) + known.met(usual, after):
            gain = known.fit(before, usual, after) - own_fit
            return seen + (min(gain, _MOST_AGAINST) if surely else gain)
        if named and usual in _LEVELS:
            return seen
        if own_met or not word.islower() or plain(word) != plain(token.word):
            return -inf
        often = (known.often(usual) + 1) / (known.often(own) + 1)
        return seen + _BY_COUNT * log(often) - _UNMET

    readings: list[Reading] = list(product(*letters))
    best = max(readings, key=worth)
    for k, (was, (text, chance)) in enumerate(zip(said, best, strict=True), token.word_start):
        if text != was.text:
            others = ((was.text, was.confidence), *(o for o in was.alternatives if o[0] != text))
            line[k] = replace(was, text=text, confidence=chance, alternatives=others)


def _begins(tokens: Sequence[_Token], n: int) -> bool:
    """The first word of the line, with small letters behind it: no name."""
    behind = tokens[n + 1 : n + 2]
    return not any(t.word for t in tokens[:n]) and all(t.word.islower() for t in behind)


def _name_follows(tokens: Sequence[_Token], n: int) -> bool:
    behind = tokens[n + 1 : n + 2]
    return tokens[n].closes and any(t.opens and t.word[:1].isupper() for t in behind)


def _beside(tokens: Sequence[_Token], n: int, known: Compounds) -> tuple[str | None, str | None]:
    """The words right before and right behind, as counted; None where a sign or nothing stands."""
    before = after = None
    if n and tokens[n].opens and tokens[n - 1].closes and tokens[n - 1].word.isalpha():
        before = known.usual(tokens[n - 1].word)
    if n + 1 < len(tokens) and tokens[n].closes and tokens[n + 1].opens:
        after = known.usual(tokens[n + 1].word) if tokens[n + 1].word.isalpha() else None
    return before, after


def repaired(characters: Sequence[Character]) -> tuple[Character, ...]:
    """Words that are no Vietnamese syllable, with the marks on one letter that make them one.

    Only marks that the network itself held for possible, never in a valid syllable, never another
    letter (TNHH is none either).
    """
    made = list(characters)
    for token in _tokens(made):
        if len(token.word) > 1 and token.word.isalpha() and not is_syllable(token.word):
            _repair(made, token)
    return tuple(made)


def _repair(line: list[Character], token: _Token) -> None:
    word = token.word
    choices = [
        (chance, at, text)
        for at, c in enumerate(line[token.word_start : token.word_end])
        for text, chance in c.alternatives
        if _same_letter(text, word[at]) and is_syllable(word[:at] + text + word[at + 1 :])
    ]
    if choices:
        chance, at, text = max(choices, key=lambda choice: choice[0])
        at += token.word_start
        line[at] = replace(line[at], text=text, confidence=chance)


def _same_letter(one: str, other: str) -> bool:
    return plain(one) == plain(other) and one.isupper() == other.isupper()


def _tokens(line: Sequence[Character]) -> Iterator[_Token]:
    start = 0
    for k in range(len(line) + 1):
        if k < len(line) and line[k].text != " ":
            continue
        if k > start:
            first, last = start, k
            while first < last and not line[first].text.isalpha():
                first += 1
            while last > first and not line[last - 1].text.isalpha():
                last -= 1
            yield _Token(start, k, first, last, text_of(line[first:last]))
        start = k + 1


def _in_doubt(line: Sequence[Character], token: _Token) -> bool:
    return any(c.confidence < NEARLY_SURE for c in line[token.word_start : token.word_end])
