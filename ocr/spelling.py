# SPDX-License-Identifier: Apache-2.0
"""One paper spells the name of its commune many times: what the other places say of its marks.

Capitals lose marks at confidence .95 ("VĨNH ĐIÊN"), and two readings of the same print err alike;
the letter head, the date line, the body and the list of receivers are set in different type.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ocr.extraction import Candidate, FieldReading
from ocr.layout import PageLayout
from ocr.normalise import comparable, plain
from ocr.page import Word
from ocr.places import known_place

_SURE = 0.8
_UNSETTLED = 0.45
_LEVEL = re.compile(r"\b(?:xa|phuong|thi tran|dac khu|huyen|quan|thi xa|thanh pho|tinh)\s+")


def spellings(name: str, pages: Sequence[PageLayout], aside: Sequence[Word] = ()) -> Counter[str]:
    """How surely read rows of the paper spell `name`, its own words `aside`; lower case."""
    letters = r"\s+".join(map(re.escape, plain(name).split()))
    wanted = re.compile(rf"(?<!\w){letters}(?!\w)")
    seen: Counter[str] = Counter()
    for layout in pages:
        for row in layout.rows:
            for found in wanted.finditer(row.plain):
                words = row.words_between(*found.span())
                if words and not any(w in aside for w in words) and _is_sure(words):
                    seen[comparable(row.text[slice(*found.span())].casefold())] += 1
    return seen


def with_spelling(
    seen: FieldReading, pages: Sequence[PageLayout], own: Sequence[Word]
) -> FieldReading:
    """The reading with the commune's name as the rest of the paper spells it.

    Whatever is changed, and whatever the paper spells both ways, goes to a person. `own`: the words
    the reading was made from.
    """
    if not isinstance(seen.value, str):
        return seen
    level = list(_LEVEL.finditer(plain(seen.value)))
    start = level[-1].end() if level else 0
    name = seen.value[start:]
    if known_place(name) == name:
        return seen
    votes = spellings(name, pages, own)
    mine = comparable(name.casefold())
    if not votes or set(votes) == {mine}:
        return seen
    best, count = max(votes.items(), key=lambda vote: (vote[1], vote[0] == mine))
    changed = best if count > votes[mine] + 1 else mine
    value = seen.value if changed == mine else seen.value[:start] + _titled(changed)
    others = tuple(
        Candidate(value=seen.value[:start] + _titled(other), confidence=0.2)
        for other in (mine, *votes)
        if other != changed
    )
    return replace(
        seen,
        value=value,
        confidence=min(seen.confidence, _UNSETTLED),
        needs_review=True,
        candidates=(*seen.candidates, *dict.fromkeys(others)),
    )


def _is_sure(words: Sequence[Word]) -> bool:
    return min(w.confidence for w in words) >= _SURE


def _titled(name: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in name.split())
