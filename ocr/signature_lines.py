# SPDX-License-Identifier: Apache-2.0
"""What several readings of a signature block say together, line by line, and what it replaces.

A name is sure when two readers say it letter by letter, and not in one ink only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ocr.closing import said_in_block
from ocr.normalise import comparable, squeeze
from ocr.page import Box, Word
from ocr.signer_names import is_nearly_named

_AGREED = 0.96
"""Both readers say the same name."""
DISPUTED = 0.6
"""The most a word weighs that readings differ on, or that ink stands beside: a person looks."""
_STROKE = 0.3
_TITLE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A line of the block as one reader saw it in one ink."""

    reader: str
    ink: int
    words: list[Word]

    @property
    def spelled(self) -> str:
        return _spelled(self.words)

    @property
    def weakest(self) -> float:
        return weakest(self.words)


def said_words(line: Sequence[Word]) -> list[Word]:
    """The words of a line that are an authority, a title or a name; [] when it is none.

    Strokes are taken off its ends only: a doubtful word inside is a part of the name. A title
    is never sure here: the ink around it may be the KT. or PHÓ that makes another of it.
    """
    kept = list(line)
    while kept and not _is_word(kept[0]):
        del kept[0]
    while kept and not _is_word(kept[-1]):
        del kept[-1]
    said = said_in_block(kept) if kept else None
    if said == "name":
        return kept
    if said is None and is_nearly_named([w.text.strip(" .,:;") for w in kept]):
        return [replace(w, confidence=min(w.confidence, DISPUTED)) for w in kept]
    return [replace(w, confidence=min(w.confidence, _TITLE)) for w in kept] if said else []


def _is_word(word: Word) -> bool:
    return word.confidence > _STROKE and any(c.isalpha() for c in word.text)


def agreed(lines: Sequence[Seen]) -> list[list[Word]]:
    """One line for each place: what most readings say, of those the surest.

    A name is as sure as two readers are when both say it, and not in one ink only: a stroke that
    crosses a letter makes the same mark of it for both. Where one says other marks, the words that
    differ are in doubt.
    """
    best: list[list[Word]] = []
    for place in _places(lines):
        said = [seen for seen in place if said_in_block(seen.words) == "name"] or place
        votes = Counter(seen.spelled for seen in said)
        text = max(votes, key=lambda t: (votes[t], max(s.weakest for s in said if s.spelled == t)))
        chosen = [seen for seen in said if seen.spelled == text]
        line = list(max(chosen, key=lambda seen: seen.weakest).words)
        alike = min(len({s.reader for s in chosen}), len({s.ink for s in chosen}))
        if alike > 1 and said_in_block(line) == "name":
            line = [replace(w, confidence=max(w.confidence, _AGREED)) for w in line]
        best.append(_doubted_where_others_differ(line, said))
    return best


def _places(lines: Sequence[Seen]) -> list[list[Seen]]:
    places: list[list[Seen]] = []
    for seen in sorted(lines, key=lambda seen: box_of(seen.words).y0):
        here = box_of(seen.words)
        home = next((p for p in places if same_place(box_of(p[0].words), here)), None)
        if home is None:
            places.append([seen])
        else:
            home.append(seen)
    return places


def _doubted_where_others_differ(line: list[Word], others: Sequence[Seen]) -> list[Word]:
    for other in others:
        if len(other.words) != len(line):
            continue
        for n, (word, rival) in enumerate(zip(line, other.words, strict=True)):
            differs = squeeze(word.text) == squeeze(rival.text) and word.text != rival.text
            if differs and rival.confidence >= DISPUTED:
                line[n] = replace(word, confidence=min(word.confidence, DISPUTED))
    return line


def put(words: Sequence[Word], line: Sequence[Word]) -> list[Word]:
    """The line in place of what stood there: a name read more surely, a title where none was."""
    box = box_of(line)
    under = [w for w in words if box.holds_middle_of(w.box)]
    said = said_in_block(under) if under else None
    if said == "name" and _spelled(under) != _spelled(line):
        # two readings of one name: whichever stands, a person looks
        under, line = list(under), list(line)
        stays = under if len(under) > len(line) or weakest(line) < DISPUTED else line
        line = [replace(w, confidence=min(w.confidence, DISPUTED)) for w in stays]
    elif said and (said != "name" or weakest(under) >= weakest(line)):
        return list(words)
    number = 1 + max((w.line for w in words), default=-1)
    fresh = [replace(w, line=number) for w in line]
    return [*(w for w in words if w not in under and not covers(w, fresh)), *fresh]


def covers(word: Word, fresh: Sequence[Word]) -> bool:
    """As tall as the seal it was read with, it lies over words that are read now."""
    return any(word.box.holds_middle_of(w.box) for w in fresh)


def _spelled(line: Sequence[Word]) -> str:
    return comparable(" ".join(w.text for w in line).casefold()).strip(" .,:;")


def weakest(line: Sequence[Word]) -> float:
    return min((w.confidence for w in line if any(c.isalnum() for c in w.text)), default=0.0)


def box_of(line: Sequence[Word]) -> Box:
    box = Box.around(w.box for w in line)
    assert box is not None  # noqa: S101 - lines have words
    return box


def begins_outside(line: Sequence[Word], zone: Box, words: Sequence[Word]) -> bool:
    """The left edge of the block has cut a line of text: its rest must not take its place."""
    box = box_of(line)
    return any(
        w.box.x0 < zone.x0 < w.box.x1
        and box.x0 < zone.x0 + w.box.height
        and w.box.y0 < (box.y0 + box.y1) / 2 < w.box.y1
        for w in words
    )


def inside(zone: Box, line: Sequence[Word]) -> bool:
    return zone.holds_middle_of(box_of(line))


def same_place(a: Box, b: Box) -> bool:
    """One line, not two close ones: "GIÁM ĐỐC" stands right above "PHÓ GIÁM ĐỐC"."""
    apart = abs(a.y0 + a.y1 - b.y0 - b.y1) / 2
    return a.x0 < b.x1 and b.x0 < a.x1 and apart < 0.5 * min(a.height, b.height)
