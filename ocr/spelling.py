# SPDX-License-Identifier: Apache-2.0
"""One paper spells the name of its commune many times: what the other places say of its marks.

Capitals lose marks at confidence .95 ("VĨNH ĐIÊN"), and two readings of the same print err alike;
the letter head, the date line, the body and the list of receivers are set in different type.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ocr.extraction import Candidate, FieldContent, FieldReading
from ocr.layout import PageLayout
from ocr.normalise import comparable, plain
from ocr.page import Word
from ocr.places import known_place
from ocr.unit_names import shipped_unit_names

_SURE = 0.8
_UNSETTLED = 0.45
_LONGEST = 6
_LEVEL = re.compile(r"\b(?:xa|phuong|thi tran|dac khu|huyen|quan|thi xa|thanh pho|tinh)\s+")


def spellings(name: str, pages: Sequence[PageLayout], aside: Sequence[Word] = ()) -> Counter[str]:
    """How surely read rows of the paper spell `name`, its own words `aside`; lower case."""
    return Counter(comparable(said.casefold()) for said in _said(name, pages, aside))


def is_said_elsewhere(name: str, pages: Sequence[PageLayout], aside: Sequence[Word] = ()) -> bool:
    """Whether surely read rows name it again, as a name, and none with other marks."""
    said = [s for s in _said(name, pages, aside) if s[:1].isupper()]
    return bool(said) and {comparable(s.casefold()) for s in said} == {comparable(name.casefold())}


def _said(name: str, pages: Sequence[PageLayout], aside: Sequence[Word]) -> Iterator[str]:
    """The letters of `name`, whatever their marks, where they were surely read."""
    letters = r"\s+".join(map(re.escape, plain(name).split()))
    wanted = re.compile(rf"(?<!\w){letters}(?!\w)")
    for layout in pages:
        for row in layout.rows:
            for found in wanted.finditer(row.plain):
                words = row.words_between(*found.span())
                if words and not any(w in aside for w in words) and _is_sure(words):
                    yield row.text[slice(*found.span())]


def with_spelling(
    seen: FieldReading, pages: Sequence[PageLayout], own: Sequence[Word]
) -> FieldReading:
    """The reading with the names of its communes as the rest of the paper spells them.

    Whatever is changed, and whatever the paper spells both ways, goes to a person. `own`: the words
    the reading was made from.
    """
    if not isinstance(seen.value, str):
        return seen
    value, others = seen.value, list[str]()
    for start, end in reversed(_names(value)):
        name = value[start:end]
        spelled, rivals = _settled(name, pages, own)
        others += [value[:start] + rival + value[end:] for rival in rivals]
        value = value[:start] + spelled + value[end:]
    if not others:
        return seen
    candidates = tuple(Candidate(value=other, confidence=0.2) for other in dict.fromkeys(others))
    return replace(
        seen,
        value=value,
        confidence=min(seen.confidence, _UNSETTLED),
        needs_review=True,
        candidates=(*seen.candidates, *candidates),
    )


def with_unit_names(seen: FieldReading, *, is_name: bool = False) -> FieldReading:
    """A commune in a spelling that communes hardly have goes to a person ("xã Cầm Sơn").

    `is_name`: the value is a unit's name where no level ("xã", "phường") stands before one.
    """
    if isinstance(seen.value, list):
        made: FieldContent = [_as_units_are(text, is_name=is_name) for text in seen.value]
    elif isinstance(seen.value, str):
        made = _as_units_are(seen.value, is_name=is_name)
    else:
        return seen
    # of "Xuân Trạch" the first word was lost: few units have a name of one word
    known = shipped_unit_names()
    short = is_name and " " not in str(made) and not known.is_known(str(made))
    if made == seen.value and not short:
        return seen
    evidence = replace(seen.evidence, conflict=True) if seen.evidence else None
    return replace(
        seen,
        confidence=min(seen.confidence, _UNSETTLED),
        needs_review=True,
        evidence=evidence,
        candidates=(*seen.candidates, *_others(made, seen.value)),
    )


def _as_units_are(text: str, *, is_name: bool) -> str:
    """The text with the names of its units as units are called."""
    for start, end in reversed(_names(text) if is_name else _levelled_names(text)):
        text = text[:start] + shipped_unit_names().likelier(text[start:end]) + text[end:]
    return text


def _levelled_names(text: str) -> list[tuple[int, int]]:
    """The names behind "xã", "phường" … alone: in "Phòng Quản lý xã hội" no other word is one's.

    In a short text a name may have lost its capital ("xã cầm Sơn").
    """
    if text.isupper():
        return []
    levels = [*_LEVEL.finditer(plain(text))]
    named = [level for level in levels if text[level.end() : level.end() + 1].isupper()]
    return _behind(named or (levels if len(text.split()) < _LONGEST else []), text)


def _others(made: FieldContent, value: FieldContent) -> tuple[Candidate, ...]:
    """What differs from the value: what is printed is never changed, a person chooses."""
    shown = made if isinstance(made, list) else [str(made)]
    said = value if isinstance(value, list) else [str(value)]
    pairs = zip(shown, said, strict=True)
    return tuple(Candidate(value=text, confidence=0.2) for text, read in pairs if text != read)


def _names(value: str) -> list[tuple[int, int]]:
    """Where the names behind "xã", "phường" … stand, up to a comma; the whole where none is."""
    found = _LEVEL.finditer(plain(value))
    # "Bộ Lao động - Thương binh và Xã hội" names no commune
    levels = [level for level in found if value[level.end() : level.end() + 1].isupper()]
    if not levels:
        return [(0, len(value))] if len(value.split()) < _LONGEST else []
    return _behind(levels, value)


def _behind(levels: Sequence[re.Match[str]], value: str) -> list[tuple[int, int]]:
    """What stands behind each level, up to the next or a comma."""
    ends = [*(level.start() for level in levels), len(value)][1:]
    return [
        (level.end(), level.end() + len(value[level.end() : end].split(",")[0].rstrip()))
        for level, end in zip(levels, ends, strict=True)
    ]


def _settled(
    name: str, pages: Sequence[PageLayout], own: Sequence[Word]
) -> tuple[str, tuple[str, ...]]:
    """The spelling most rows have, and the others; a doubtful reading has no vote of its own."""
    if not name.strip() or known_place(name) == name:
        return name, ()
    votes = spellings(name, pages, own)
    mine = comparable(name.casefold())
    if not votes or set(votes) == {mine}:
        return name, ()
    best, count = max(votes.items(), key=lambda vote: (vote[1], vote[0] == mine))
    heard = votes[mine] + (min((w.confidence for w in own), default=0.0) >= _SURE)
    if best == mine or count <= heard:
        return name, tuple(_titled(other) for other in votes if other != mine)
    return _titled(best), (name, *(_titled(other) for other in votes if other not in (best, mine)))


def _is_sure(words: Sequence[Word]) -> bool:
    return min(w.confidence for w in words) >= _SURE


def _titled(name: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in name.split())
