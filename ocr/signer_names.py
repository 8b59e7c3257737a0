# SPDX-License-Identifier: Apache-2.0
"""Names of people as they stand under a signature: the run of capitalised words, rank aside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz.distance import Levenshtein

from ocr.catalogue import NAME_WORDS, RANKS, SURNAMES
from ocr.compounds import shipped_compounds, without_echo
from ocr.layout import Line
from ocr.normalise import nfc, place_tones, plain, squeeze
from ocr.page import Word
from ocr.vietnamese import is_syllable

_RANK = re.compile(rf"^(?:(?:{'|'.join(RANKS)})\b[\s.]*)+")
_SIGNS = "“”\"'`.,:;-_|*~()‘’«»=<>"


def has_surname(name: Line) -> bool:
    """A family name first, whole or without the letter that the seal took, and more behind it."""
    words = without_rank(name.text).split()
    if max(map(len, words[1:]), default=0) < 2:
        return False  # letters of a seal: "H N"
    return words[0] in SURNAMES or (len(words) > 2 and _is_cut_surname(words[0]))


def is_nearly_named(words: Sequence[str]) -> bool:
    """A family name with other marks and two words more: "Trân Bá Tuấn", a mark under the seal."""
    if len(words) < 3 or not all(map(_is_name_word, words)):
        return False
    return len(words[0]) > 2 and words[0] not in SURNAMES and plain(words[0]) in _SURNAME_LETTERS


_SURNAME_LETTERS = frozenset(map(plain, SURNAMES))


def from_family_name(words: Sequence[str]) -> Sequence[str]:
    """Without what is no family name and stands before one: "N", "Xố" are letters of a seal."""
    letters = len(words) > 1 and len(words[0]) == len(words[1]) == 1
    if not words or (family_name(words[0]) is not None and not letters):
        return words
    known = (n for n in range(1, len(words) - 1) if len(words[n]) > 1 and words[n] in SURNAMES)
    return words[next(known, 0) :]


def best_name(lines: Sequence[Line]) -> Line | None:
    names = [n for line in lines if (n := name_words(line))]
    return max(names, key=_name_score, default=None)


def _name_score(line: Line) -> float:
    words = without_rank(line.text).split()
    known = bool(words) and family_name(words[0]) is not None
    return 2.0 * known + line.confidence + (0.3 if 2 <= len(words) <= 4 else 0.0)


def name_words(line: Line) -> Line | None:
    """The run of capitalised words in a line that could be a name."""
    kept: list[Word] = []
    words = [part for word in line.words for part in _apart(word)]
    for n, word in enumerate(words):
        core = word.text.strip(_SIGNS)
        small = _is_small_name_word(core, words[n + 1 :]) if kept else _is_cut_surname(core)
        if _is_name_word(core) or small or squeeze(core) in RANKS:
            kept.append(word)
        elif kept and len(kept) >= 2:
            break
        else:
            kept = []
    if not 2 <= len(kept) <= 7 or any(any(c.isdigit() for c in w.text) for w in kept):
        return None
    if max(len(w.text.strip(_SIGNS)) for w in kept) < 2:
        return None  # letters of a seal
    return Line(page=line.page, words=tuple(kept), y=line.y)


def _apart(word: Word) -> Sequence[Word]:
    """Words of a name read as one are told apart by their capitals, for a person: "BáĐạt"."""
    parts = _TITLED.findall(word.text)
    if len(parts) < 2 or "".join(parts) != word.text or not NAME_WORDS.issuperset(parts):
        return (word,)
    x0, letter = word.box.x0, word.box.width / len(word.text)
    words = list[Word]()
    for part in parts:
        box = replace(word.box, x0=x0, x1=x0 + letter * len(part))
        sure = min(word.confidence, _GLUED)
        words.append(replace(word, text=part, box=box, confidence=sure))
        x0 = box.x1
    return words


_CAPITALS = "".join(sorted({c for name in NAME_WORDS for c in name if c.isupper()}))
_TITLED = re.compile(rf"[{_CAPITALS}][^\W\d_{_CAPITALS}]+")


def _is_name_word(core: str) -> bool:
    """One capital, then small letters: "Nguyễn", "Ý"."""
    return core[:1].isupper() and core.isalpha() and (len(core) == 1 or core[1:].islower())


def _is_cut_surname(core: str) -> bool:
    """A family name whose first letter the seal took: "guyễn"; never a word of its own."""
    fragment = len(core) >= 4 and core.isalpha() and core.islower()
    return fragment and not shipped_compounds().knows(core) and family_name(core) is not None


def _is_small_name_word(core: str, following: Sequence[Word]) -> bool:
    """A "văn" between capitals: letters whose two cases look alike are told by size alone."""
    after = following[0].text if following else ""
    return core[:1] in _SAME_SHAPE and core.isalpha() and core.islower() and _is_name_word(after)


_AT_SIGHT = 0.97
"""Above what a name read again in the signature block is ever given."""
_GLUED = 0.6
_SURELY = 0.9
"""So surely read, a rare name is one."""
_SAME_SHAPE = frozenset("vxscoôơuưpk")


def without_rank(text: str) -> str:
    words = [w.strip(_SIGNS) for w in nfc(text).split()]
    plain_text = " ".join(squeeze(w) for w in words)
    found = _RANK.match(plain_text)
    drop = len(found.group(0).split()) if found else 0
    return " ".join(words[drop:])


def spelled(words: Sequence[str]) -> list[str]:
    """The name's words put right: its family name, capitals, letters read twice."""
    family = family_name(words[0])
    return [family or words[0], *(without_echo(_capital(word)) for word in words[1:])]


def as_names_are_spelled(words: Sequence[str], sure: Sequence[float]) -> list[str]:
    """Words read in doubt with marks no name has, put as the only name with their letters.

    "ĐỊNH THÙY LAN" -> "ĐINH THÙY LAN", "Hoàng Bịch Thảo" -> "Hoàng Bích Thảo". `sure`: how surely
    each word was read. Where several names have its letters ("Thẳng") a word stays as it was read.
    """
    made = list(words)
    for n, (word, confidence) in enumerate(zip(words, sure, strict=True)):
        bare = word.capitalize()
        if confidence >= _SURELY or not word.isalpha():
            continue
        known = SURNAMES if n == 0 else NAME_WORDS
        usual = {place_tones(name.lower()): name for name in known}
        if place_tones(word.lower()) in usual:
            continue
        alike = [name for name in usual.values() if plain(name) == plain(bare)]
        if len(alike) == 1:
            made[n] = alike[0].upper() if word.isupper() else alike[0]
    return made


def is_rank(text: str) -> bool:
    """Nothing but ranks and degrees: "Đại tướng"."""
    return _RANK.fullmatch(squeeze(text) + " ") is not None


def has_odd_marks(text: str) -> bool:
    """A word no name is known to have, while one with its letters and other marks is ("Tuẩn").

    A pen stroke through a D makes both readers see a Đ ("Điệu Lan"), a speck an accent.
    """
    words = [place_tones(word.strip(_SIGNS).lower()) for word in nfc(text).split()]
    return any(w not in _NAME_WORDS and plain(w) in _NAME_LETTERS for w in words)


def has_doubtful_marks(text: str, weakest: float) -> bool:
    """Odd marks where the ink was not plain at first sight: a stroke of seal or pen is among them.

    Of a name that both readers saw at once the marks may be as odd as they like: a rare name.
    """
    return weakest < _AT_SIGHT and has_odd_marks(text)


def has_no_syllable(text: str) -> bool:
    """A word that Vietnamese cannot spell and no name in the lists is ("Eá")."""
    words = [word.strip(_SIGNS) for word in nfc(text).split()]
    return any(
        not is_syllable(w.lower()) and place_tones(w.lower()) not in _NAME_WORDS
        for w in words
        if w.isalpha()
    )


_NAME_WORDS = frozenset(place_tones(word.lower()) for word in NAME_WORDS)
_NAME_LETTERS = frozenset(map(plain, _NAME_WORDS))


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def family_name(word: str) -> str | None:
    """The word if it is a family name, else the only one it is but for its marks or a letter."""
    if word in SURNAMES:
        return word
    seen = squeeze(word)
    alike = [name for name in SURNAMES if squeeze(name) == seen]
    if not alike and len(seen) >= 4:  # "guyễn" under the rim of a seal
        alike = [name for name in SURNAMES if Levenshtein.distance(squeeze(name), seen) == 1]
    return alike[0] if len(alike) == 1 else None
