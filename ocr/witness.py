# SPDX-License-Identifier: Apache-2.0
"""The network reads first; Tesseract, who shares none of its habits, is asked where it matters.

What the network gets wrong it gets wrong surely: it takes a handwritten 20 for 2 at 1.00. Both
readers' errors are independent, so their agreement is strong evidence and one of them alone is
none. Asked are the lines fields come from: the header, the signature block, labelled lines of
forms. The rest of a page is text, for which the network alone is the better reader of the two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from rapidfuzz import fuzz

from ocr.closing import block_zone
from ocr.compounds import shipped_compounds
from ocr.header import MOTTO, NATIONAL_TITLE, PARTY_TITLE
from ocr.layout import lay_out
from ocr.normalise import nfc, plain
from ocr.page import Box, PageText, Pixels, Word
from ocr.places import known_place
from ocr.recognise import Recogniser
from ocr.recogniser.reader import ReadLine
from ocr.second_reading import ALONE, is_junk, overlap, sureness
from ocr.tesseract import placed
from ocr.vietnamese import is_syllable

HEADER_INCHES = 3.6
_LABELLED = re.compile(r"\w\s*:\s*\S")
_FORM_LINES, _FORM_SHARE = 5, 0.2
_LIKE_TITLE = 80.0
_BODY = re.compile(
    r"(can cu|thuc hien|thi hanh|theo de nghi|xet|de (trien khai|thuc hien|thong nhat)|ngay \d"
    r"|trong thoi gian|trong thang|hom nay)\b"
)
"""How the text begins, under everything that the header says (NĐ 30/2020, PL I, mục II.6)."""
_WIDE, _PARTED = 0.55, 0.06
"""Shares of the page's width: a full line of text, and the gap between receivers and signature."""
_ADOPTED = re.compile(r"thong qua ngay")
_PAD = 4
DISPUTED = 0.5
"""The most a word may weigh that the two readers read differently: under every threshold."""
_SIGNS = ".,;:'\"“”‘’()"
_BOTH = 0.99
_SAID_SURELY, _LOST_MARKS = 0.95, 0.92
_DOUBTED, _SPEAKS_AGAINST, _SPEAKS_FOR = 0.85, -2.0, 2.5
"""A word read less surely is doubted; natural logarithms of how much likelier the other is."""
_MUCH_SURER, _GUESS, _SEEN_WELL = 0.15, 0.5, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """Words line by line; how many lines the witness was asked for."""

    words: tuple[Word, ...]
    asked: int


def words_of(lines: Sequence[ReadLine]) -> tuple[Word, ...]:
    """What the network said, `line` counted in reading order; without rims of seals and strokes."""
    return tuple(
        Word(text=w.text, box=w.box, confidence=w.confidence, line=n)
        for n, line in enumerate(lines)
        if not is_junk(line)
        for w in line.words
    )


def with_witness(
    lines: Sequence[ReadLine],
    page: PageText,
    *,
    header: Callable[[], Pixels],
    body: Pixels,
    witness: Recogniser,
) -> Witnessed:
    """The lines that matter read by `witness` too.

    `page`: the network's words as a page of its own, for where things stand. `header`, `body`: the
    page the boxes refer to, as the witness reads it there (numbers and days suffer from cleaning).
    A line costs the witness 11 ms: a form of forty as much as the page, and stands where it should.
    """
    asked = [k for k in lines_that_matter(lines, page) if not is_junk(lines[k])]
    end, seen = HEADER_INCHES * page.dpi / page.height, dict[int, tuple[Word, ...]]()
    for k in asked:
        box = lines[k].box
        seen[k] = _read(header() if box.y0 < end else body, box, page.dpi, witness)
    words = list[Word]()
    for n, line in enumerate(lines):
        if is_junk(line):
            continue
        said: Sequence[Word] = line.words
        if n in seen:
            said = agreed(seen[n], line.words)
        words += [Word(text=w.text, box=w.box, confidence=w.confidence, line=n) for w in said]
    return Witnessed(words=tuple(words), asked=len(asked))


def agreed(seen: Sequence[Word], said: Sequence[Word]) -> tuple[Word, ...]:
    """One line out of two readings: `said` by the network, `seen` by the witness.

    What they share is as sure as the surer says; what they do not is not sure any more. The
    network's word stands (handwriting it reads, the witness does not) unless it had to guess, or
    the witness has the same letters with the marks that make a syllable of them.
    """
    one, other = said, seen
    if sureness(seen) > sureness(said) + _MUCH_SURER:
        one, other = seen, said
    words = []
    for n, word in enumerate(one):
        rivals = [o for o in other if overlap(o.box, word.box) > 0.5]
        twin = max((o.confidence for o in rivals if _core(o) == _core(word)), default=0.0)
        if twin:
            words.append(replace(word, confidence=min(max(word.confidence, twin), _BOTH)))
        elif not rivals:
            words.append(replace(word, confidence=min(word.confidence, ALONE)))
        else:
            only = len(rivals) == 1 and _is_alone(rivals[0], word, one)
            likelier = only and _is_likelier(rivals[0], word, *_beside(one, n))
            best = rivals[0] if likelier else word
            known = only and not likelier and one is said and _has_lost_marks(rivals[0], word)
            most = _LOST_MARKS if known else DISPUTED
            words.append(replace(best, confidence=min(best.confidence, most)))
    return tuple(words)


def _core(word: Word) -> str:
    return word.text.strip(_SIGNS) or word.text


def _is_alone(rival: Word, word: Word, line: Sequence[Word]) -> bool:
    return all(w is word or overlap(w.box, rival.box) < 0.3 for w in line)


def _is_likelier(rival: Word, word: Word, before: str | None, after: str | None) -> bool:
    """Of the same letters those with the marks that make a syllable, or that language asks for.

    Over a doubtful word with fewer marks language need only not speak against them: readers lose
    marks more often than they see some where none are. Over one read at .85 and more it must ask:
    of 45 words with more marks on sample pages one was right, the others were "NHÂN ĐẦN".
    """
    new, old = _core(rival), _core(word)
    if plain(new) != plain(old) or not new.isalpha():
        return word.confidence < _GUESS and rival.confidence >= _SEEN_WELL
    if is_syllable(new) != is_syllable(old):
        return is_syllable(new)
    if any(_is_province(a, b) for a, b in ((before, new), (new, after))):
        return True
    gain = shipped_compounds().gain(before, old, new, after)
    doubted = word.confidence < _DOUBTED and _marks(new) > _marks(old)
    return gain > (_SPEAKS_AGAINST if doubted else _SPEAKS_FOR)


def _is_province(first: str | None, second: str | None) -> bool:
    said = f"{first} {second}"
    found = known_place(said) if first and second else None
    return found is not None and found.casefold() == nfc(said).casefold()


def _beside(line: Sequence[Word], n: int) -> tuple[str | None, str | None]:
    """The words right before and right behind; None where a sign, a figure or nothing stands."""
    before = line[n - 1].text.lstrip(_SIGNS) if n and line[n].text[:1].isalpha() else ""
    after = ""
    if n + 1 < len(line) and line[n].text[-1:].isalpha():
        after = line[n + 1].text.rstrip(_SIGNS)
    return before if before.isalpha() else None, after if after.isalpha() else None


def _has_lost_marks(rival: Word, word: Word) -> bool:
    """The witness saw the same letters with fewer marks ("Quôc", its habit), the network surely."""
    less, full = _core(rival), _core(word)
    return (
        full.isalpha()
        and plain(less) == plain(full)
        and word.confidence >= _SAID_SURELY
        and is_syllable(full)
        and all(
            set(unicodedata.normalize("NFD", a)) <= set(unicodedata.normalize("NFD", b))
            for a, b in zip(less, full, strict=True)
        )
    )


def _marks(text: str) -> int:
    return sum(unicodedata.combining(c) > 0 for c in unicodedata.normalize("NFD", text))


def lines_that_matter(lines: Sequence[ReadLine], page: PageText) -> list[int]:
    """Numbers of the lines that fields are read from; Quốc hiệu and motto are the same on all."""
    said = [plain(line.text) for line in lines]
    header = 0.0
    if page.page == 1 or any(map(_is_title, said[:12])):
        header = HEADER_INCHES * page.dpi / page.height
    zone = block_zone(lay_out(page))
    labelled = {k for k, line in enumerate(lines) if _LABELLED.search(line.text)}
    bodies = [line.box.y0 for line, text in zip(lines, said, strict=True) if _is_body(line, text)]
    body = min(bodies, default=1.0)
    header = min(header, body)
    if len(labelled) < max(_FORM_LINES, _FORM_SHARE * len(lines)):
        labelled = set()
    return [
        k
        for k, line in enumerate(lines)
        if (line.box.y0 < header and not _is_title(said[k], MOTTO))
        or k in labelled
        or (zone is not None and zone.holds_middle_of(line.box) and not _runs_on(line))
        or _ADOPTED.search(said[k])
    ]


def _is_body(line: ReadLine, said: str) -> bool:
    """A line of text begins here: an abstract that runs on has a small letter there."""
    return line.text[:1].isupper() and line.box.width > _WIDE and bool(_BODY.match(said))


def _runs_on(line: ReadLine) -> bool:
    """A full line of text; what stands in a signature block is short, or parted from its left."""
    gaps = [after.box.x0 - word.box.x1 for word, after in pairwise(line.words)]
    return line.box.width > _WIDE and max(gaps, default=0.0) < _PARTED


def _is_title(said: str, *more: str) -> bool:
    return len(said) >= 12 and any(
        fuzz.ratio(said, title) >= _LIKE_TITLE for title in (NATIONAL_TITLE, PARTY_TITLE, *more)
    )


def _read(grey: Pixels, box: Box, dpi: float, witness: Recogniser) -> tuple[Word, ...]:
    height, width = grey.shape
    x0, y0, x1, y1 = box.pixels(grey.shape)
    x0, y0 = max(0, x0 - _PAD), max(0, y0 - _PAD)
    x1, y1 = min(width, x1 + _PAD), min(height, y1 + _PAD)
    place = Box(x0 / width, y0 / height, x1 / width, y1 / height)
    return placed(witness.read_line(np.ascontiguousarray(grey[y0:y1, x0:x1]), dpi), place)
