# SPDX-License-Identifier: Apache-2.0
"""Which syllables stand beside one another in official Vietnamese, and words read against that.

Readers lose and swap marks: "bỗ sung", "kiễm tra", "đễ báo cáo". Rewriting by how frequent a word
is alone does harm (reading.md, 6); neighbours tell. A word is put right only where the same letters
with other marks are two thousand times as probable between its neighbours. Names, numbers and
codes are never touched. What was changed goes to a person.

Measured on 25 texts the counts do not know (161,431 words, `training.compounds --held-back 16`): 6
of 10,000 right words are changed, 89 % of 1,397 words with a wrong mark are put right.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from math import inf, log
from pathlib import Path

from ocr.normalise import nfc, place_tones, plain
from ocr.vietnamese import is_syllable

SHIPPED = Path(__file__).with_suffix(".txt.gz")
ENOUGH = 4
"""Times that the pairs of a word must have been met before it takes the place of another."""
_GAIN, _NO_WORD = 7.5, 4.0
"""So much more probable, as a natural logarithm, must it be; less over what is no word at all."""
_MET_OFTEN, _MARGIN = 20, 4.0
"""Met so often beside its neighbours, so much more probable than other marks, a word is settled."""
_EVER, _UNSEEN = 0.2, 20
"""A pair that was never met counts as so often; all of a word's unmet pairs as so many."""
_PASSES = 3
_SPLIT = re.compile(r"([^\W\d_]+)")


class Compounds:
    """Pairs of syllables and how often they were met in a corpus of legal texts."""

    def __init__(self, rows: Sequence[str]) -> None:
        self._after: dict[str, dict[str, int]] = {}
        self._alike: dict[str, list[str]] = {}
        self._usual: dict[str, str] = {}
        self._followed: Counter[str] = Counter()
        self._led: Counter[str] = Counter()
        for row in rows:
            first, _, rest = row.partition("\t")
            # every reading process takes it in before its first page
            pairs = rest.replace(":", " ").split(" ")
            behind = self._after[first] = dict(zip(pairs[::2], map(int, pairs[1::2]), strict=True))
            self._followed[first] = sum(behind.values())
            for second, count in behind.items():
                self._led[second] += count
        for word in sorted({*self._after, *self._led}):
            self._alike.setdefault(plain(word), []).append(word)
            self._usual[place_tones(word)] = word

    def met(self, first: str | None, second: str | None) -> int:
        """How often the second syllable stood right behind the first, small letters."""
        behind = self._after.get(first or "")
        return behind.get(second or "", 0) if behind else 0

    def often(self, word: str) -> int:
        """How often the word was met, beside whatever; counted on either side."""
        usual = self.usual(word)
        return self._followed[usual] + self._led[usual]

    def knows(self, word: str) -> bool:
        """Whether the word was ever met, beside whatever."""
        return place_tones(word.lower()) in self._usual

    def only(self, word: str) -> str | None:
        """The one word met that has the letters of `word`, which itself was never met."""
        alike = self._alike.get(plain(word), ())
        return alike[0] if len(alike) == 1 and not self.knows(word) else None

    def usual(self, word: str) -> str:
        """The spelling counted here: tones may be placed two ways (hòa, hoà)."""
        low = word.lower()
        return self._usual.get(place_tones(low), low)

    def better(self, word: str, before: str | None, after: str | None) -> str | None:
        """The word that the neighbours ask for instead of `word`; None when it may stand."""
        alike = self._alike.get(plain(word), ())
        others = [w for w in alike if w != word]
        if not others or not (before or after):
            return None
        best = max(others, key=lambda w: self.fit(before, w, after))
        gain = self.fit(before, best, after) - self.fit(before, word, after)
        if word not in alike:  # "kiễm" is no word beside anything
            gain += _NO_WORD
        met = self.met(before, best) + self.met(best, after)
        return best if met >= ENOUGH and gain > _GAIN else None

    def settles(self, word: str, before: str | None, after: str | None) -> bool:
        """Whether its neighbours leave these letters no other marks than `word` has them."""
        met = self.met(before, word) + self.met(word, after)
        return met >= _MET_OFTEN and self.lead(word, before, after) > _MARGIN

    def lead(self, word: str, before: str | None, after: str | None) -> float:
        """How much likelier `word` is here than the best of its letters with other marks.

        As a natural logarithm; infinite where there is no other, or where it was hardly ever met.
        """
        others = [
            w
            for w in self._alike.get(plain(word), ())
            if w != word and self.met(before, w) + self.met(w, after) >= ENOUGH
        ]
        if not others:
            return inf
        best = max(self.fit(before, other, after) for other in others)
        return self.fit(before, word, after) - best

    def gain(self, before: str | None, word: str, other: str, after: str | None) -> float:
        """How much likelier `other` is here than `word`, as a natural logarithm.

        Where neither was ever met beside its neighbours, by how often each was met at all. That
        tells nothing of a word with a capital, maybe a name, nor where a third spelling was met.
        """
        one, two = self.usual(word), self.usual(other)
        left = self.usual(before) if before else None
        right = self.usual(after) if after else None
        met = {w for w in self._alike.get(plain(one), ()) if self.met(left, w) + self.met(w, right)}
        if met & {one, two}:
            return self.fit(left, two, right) - self.fit(left, one, right)
        if met or not word.islower():
            return 0.0
        return log((self.often(two) + 1) / (self.often(one) + 1))

    def fit(self, before: str | None, word: str, after: str | None) -> float:
        """Log-probability of the word behind the one before and before the one after."""
        fit = 0.0
        if before:
            fit += log((self.met(before, word) + _EVER) / (self._followed[before] + _UNSEEN))
        if after:
            fit += log((self.met(word, after) + _EVER) / (self._led[after] + _UNSEEN))
        return fit


@cache
def shipped_compounds() -> Compounds:
    return Compounds(gzip.decompress(SHIPPED.read_bytes()).decode().split("\n"))


def mended(text: str, compounds: Compounds | None = None) -> str:
    """The text with misread marks put right; length and punctuation stay as they are.

    A capital inside the text begins a name, and a name is left alone; but "Tỗ phó", "Ban Cháp hành"
    are no names of people or places, whose every word has a capital.
    """
    known = compounds or shipped_compounds()
    for _ in range(_PASSES):  # a word put right is a neighbour for the next one
        before, text = text, _mended_once(nfc(text), known)
        if text == before:
            break
    return text


def _mended_once(text: str, known: Compounds) -> str:
    parts = _SPLIT.split(text)
    capitals = text.isupper()
    for n in range(1, len(parts), 2):
        word = parts[n]
        if len(word) < 2 or (word.isupper() and not capitals):
            continue
        before = parts[n - 2] if n > 1 and parts[n - 1].isspace() else None
        after = parts[n + 2] if n + 2 < len(parts) and parts[n + 1].isspace() else None
        if word[:1].isupper() and not capitals and any(p.strip() for p in parts[:n]):
            if after is None or not after.islower() or known.knows(word):
                continue
            before = None
        best = known.better(
            known.usual(word),
            known.usual(before) if before else None,
            known.usual(after) if after else None,
        )
        if best is not None:
            parts[n] = in_the_case_of(word, best)
    return "".join(parts)


def without_echo(word: str) -> str:
    """A letter or two read twice taken out: "Ttrọng" -> "Trọng"; what is a syllable stays."""
    if is_syllable(word):
        return word
    for size in (1, 2):
        for at in range(len(word) - 2 * size + 1):
            twice = plain(word[at : at + size]) == plain(word[at + size : at + 2 * size])
            once = word[:at] + word[at : at + size] + word[at + 2 * size :]
            if twice and is_syllable(once):
                return once
    return word


def without_echoes(text: str, compounds: Compounds | None = None) -> str:
    """The end of a word read again as a word of its own taken out: "công tác ác" -> "công tác".

    Two readings of one line that were put together leave it. It must be no word that ever follows.
    """
    known = compounds or shipped_compounds()
    kept: list[str] = []
    for word in text.split(" "):
        before = kept[-1] if kept else ""
        echo = 1 < len(word) < len(before) and before.lower().endswith(word.lower())
        if not (echo and word.isalpha() and not known.met(known.usual(before), known.usual(word))):
            kept.append(word)
    return " ".join(kept)


def in_the_case_of(model: str, word: str) -> str:
    """`word` in capitals, with a first capital, or small, as `model` is."""
    if model.isupper():
        return word.upper()
    return word.capitalize() if model[:1].isupper() else word
