# SPDX-License-Identifier: Apache-2.0
"""The words of an abstract: what official language and the rest of the paper say of each.

Two readers of one print err alike ("sự có tràn dầu", both at .98), and one line has no more ink to
look at. But the abstract comes back in the text below it, in other type, and official language is
narrow: beside "ứng phó" stands "sự cố". Together they tell which words are beyond doubt, which are
to be put right, and which only a person can tell.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr.compounds import Compounds, in_the_case_of, shipped_compounds
from ocr.normalise import comparable, plain
from ocr.page import Word

SURE = 0.88
_LIKELIER = 2.0
"""So much likelier (natural logarithm) between its neighbours, what the body has is put in."""
_UNLIKELY = -1.0
"""A word that other marks would suit so much better is not beyond doubt, however it was read."""
Token = tuple[str, float]
"""A word with its marks, lower case, and the confidence it was read with."""
Three = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What language and the rest of the paper say of the words of an abstract.

    `weakest`: confidence of the weakest word, those aside that their neighbours settle. `known`:
    every word is one of official texts between such neighbours, or stands again in the paper, as
    every figure must. `settled`: words were doubtful and their neighbours leave none of them
    another spelling. `disputed`: the paper spells some of it otherwise, and the neighbours do not
    tell which is right.
    """

    weakest: float
    known: bool
    settled: bool
    disputed: bool


def tokens_of(words: Sequence[Word]) -> list[Token]:
    return [(t, w.confidence) for w in words for t in words_of(w.text).split()]


def words_of(text: str, *, keep_case: bool = False) -> str:
    """Words with their marks kept, punctuation aside and, unless asked for, case."""
    said = comparable(text)
    return re.sub(r"[\W_]+", " ", said if keep_case else said.casefold()).strip()


def judge(value: str, own: Sequence[Token], below: Sequence[Token]) -> Wording:
    """`own`: the abstract's words as they were read; `below`: those of the text after it."""
    known = shipped_compounds()
    words = [known.usual(word) for word in words_of(value).split()]
    if len(words) != len(own):
        weak = min((sure for _, sure in own), default=0.0)
        return Wording(weakest=weak, known=False, settled=False, disputed=True)
    # a figure is nobody's neighbour
    near = [word if word.isalpha() else None for word in words]
    beside = list(zip([None, *near], words, [*near[1:], None], strict=False))
    firm = [known.settles(word, before, after) for before, word, after in beside]
    # the counts know no names: "Sở Tư pháp", "tỉnh Tuyên Quang"
    named = [
        w[:1].isupper() and not value.isupper() for w in words_of(value, keep_case=True).split()
    ]
    likely = [
        name or known.lead(word, before, after) > _UNLIKELY
        for name, (before, word, after) in zip(named, beside, strict=True)
    ]
    said = Counter(known.usual(word) for word, sure in below if sure >= SURE)
    doubtful = [sure < SURE for _, sure in own]
    rivals = _rivals([word for word, _ in own], below)
    return Wording(
        weakest=min(
            SURE if doubt and is_firm else sure
            for (_, sure), doubt, is_firm in zip(own, doubtful, firm, strict=True)
        ),
        known=all(likely)
        and all(
            said[word] or (word.isalpha() and known.knows(word)) or (n < 2 and word == "v")
            for n, word in enumerate(words)  # "V/v"
        ),
        settled=any(doubtful)
        and all(is_firm for doubt, is_firm in zip(doubtful, firm, strict=True) if doubt),
        disputed=any(other and not is_firm for other, is_firm in zip(rivals, firm, strict=True)),
    )


def as_the_body_spells(value: str, own: Sequence[Token], below: Sequence[Token]) -> str:
    """Marks of a word put as the body has them more often among the same neighbours.

    This paper's own words vote, those read surely, and the abstract's own reading has a voice too.
    Readers lose marks far more often than they see some where none are: a vote that only takes
    marks away ("về cấp" for "về cáp") needs official language on its side, and what the body has
    even once is put in where official language all but asks for it. A word no official text has
    ("buỗi") becomes the only one that has its letters. Whatever is changed is flagged.
    """
    seen: dict[Three, Counter[Three]] = {}
    for (a, sure_a), (b, sure_b), (c, sure_c) in zip(below, below[1:], below[2:], strict=False):
        if min(sure_a, sure_b, sure_c) >= SURE:
            spelled = a, b, c
            seen.setdefault(_bare(spelled), Counter())[spelled] += 1
    tokens = re.split(r"([\W_]+)", value)
    places = [i for i, token in enumerate(tokens) if words_of(token)]
    if len(places) != len(own):
        return value
    votes = [Counter({word: int(confidence >= SURE)}) for word, confidence in own]
    for start, three in enumerate(_threes([word for word, _ in own])):
        for spelled, count in seen.get(_bare(three), Counter()).items():
            for offset in range(3):
                votes[start + offset][spelled[offset]] += count
    voted = [
        max(vote, key=lambda spelled: (vote[spelled], spelled == word, spelled))
        for (word, _), vote in zip(own, votes, strict=True)
    ]
    read = [word for word, _ in own]
    names = [tokens[i][:1].isupper() for i in places]
    best = _likeliest(read, voted, _rivals(read, below), names, shipped_compounds())
    for place, (word, _), chosen in zip(places, own, best, strict=True):
        if chosen != word:
            tokens[place] = in_the_case_of(tokens[place], chosen)
    return "".join(tokens)


def _likeliest(
    read: Sequence[str],
    voted: Sequence[str],
    rivals: Sequence[set[str]],
    names: Sequence[bool],
    known: Compounds,
) -> list[str]:
    """Of each word the spelling read, the one voted for, or one that its neighbours ask for."""
    best = [word if _is_less(vote, word) else vote for word, vote in zip(read, voted, strict=True)]
    for n, word in enumerate(read):
        before = known.usual(best[n - 1]) if n else None
        after = known.usual(best[n + 1]) if n + 1 < len(best) else None
        for other in sorted({word, voted[n], *rivals[n]} - {best[n]}):
            least = 0.0 if other == voted[n] else _LIKELIER
            gain = known.fit(before, known.usual(other), after) - known.fit(
                before, known.usual(best[n]), after
            )
            if gain > least:
                best[n] = other
        best[n] = best[n] if names[n] else known.only(best[n]) or best[n]
    return best


def _is_less(word: str, full: str) -> bool:
    """The same letters with some of their marks lost."""
    one, whole = (unicodedata.normalize("NFD", text) for text in (word, full))
    return len(one) < len(whole) and set(one) <= set(whole) and plain(word) == plain(full)


def _rivals(words: Sequence[str], below: Sequence[Token]) -> list[set[str]]:
    """Of each word its other spellings further down between the same neighbours.

    The same misreading often happens twice, so one agreeing place does not make up for it.
    """
    seen: dict[Three, set[Three]] = {}
    for three in _threes([word for word, _ in below]):
        seen.setdefault(_bare(three), set()).add(three)
    found: list[set[str]] = [set() for _ in words]
    for start, three in enumerate(_threes(words)):
        for other in seen.get(_bare(three), set()):
            for offset in range(3):
                if other[offset] != three[offset]:
                    found[start + offset].add(other[offset])
    return found


def _threes(words: Sequence[str]) -> Iterator[Three]:
    return zip(words, words[1:], words[2:], strict=False)


def _bare(three: Three) -> Three:
    return plain(three[0]), plain(three[1]), plain(three[2])
