# SPDX-License-Identifier: Apache-2.0
"""Quyền hạn và chức vụ: TM., KT., TL. and the titles behind them (NĐ 30/2020, Đ.13, PL I, ô 7a)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from ocr.catalogue import TITLES
from ocr.layout import Line
from ocr.normalise import nfc, squeeze
from ocr.office_names import known_office, mend_head
from ocr.signer_names import is_rank

_NOISE = re.compile(r"\W*\w{0,2}\W*\s")
_AUTHORITY = re.compile(
    r"^[\W_]*(?P<prefix>[TK]/[MTL]|[^\W_]{1,3}|K\W)"
    r"(?P<stop>\s?[.,:;]\s?|\s)(?P<whom>[^\W_].*?)[\W_]*$"
)
_MISREAD = {
    **dict.fromkeys(("KI", "KL", "K1", "KF", "KJ", "KÍ", "KÌ", "XT", "ET", "K|", "K!", "K]"), "KT"),
    **dict.fromkeys(("IM", "1M", "TN", "IN", "TMI", "IMI"), "TM"),
    **dict.fromkeys(("TI", "T1", "IL"), "TL"),
    **dict.fromkeys(("TUO", "TƯQ", "TUG", "IUQ"), "TUQ"),
}
"""Prefixes as readers give them; they count only before a title or an office."""
_TITLE_LETTERS = {key.replace(" ", ""): title for key, title in TITLES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Quyền hạn ký: "KT. BỘ TRƯỞNG" as prefix and office; `repaired`: a letter was misread."""

    prefix: str
    whom: str
    repaired: bool


def title_in(text: str) -> str | None:
    """The title a line of capitals is, in the catalogue's spelling; noise around it is off."""
    letters = [c for c in text if c.isalpha()]
    if not letters or sum(c.isupper() for c in letters) < 0.75 * len(letters):
        return None
    words = squeeze(text).split()
    # noise stands before a title more often than behind it: whole line first, then its ends
    for start in range(len(words)):
        ending = "".join(words[start:])
        if title := _TITLE_LETTERS.get(ending):
            return title
        best = max(_TITLE_LETTERS, key=lambda key: fuzz.ratio(ending, key))
        floor = 86 if len(ending) >= 7 else 90
        if len(ending) >= 6 and fuzz.ratio(ending, best) >= floor:
            return _TITLE_LETTERS[best]
    return None


LAST_WORDS = {"doc": "GIÁM ĐỐC", "tich": "CHỦ TỊCH", "tuong": "THỦ TƯỚNG"}
"""What is left of a title whose beginning lies under the seal, and ends no other chief's."""


def rest_of_title(lines: Sequence[Line]) -> Line | None:
    """A line of capitals that ends as a title does ("LÁM ĐỐC"); nothing else is said there.

    "TRUNG TƯỚNG" is no rest of a title, it is a rank.
    """
    for line in lines:
        words = [w for w in squeeze(line.text).split() if len(w) > 1]
        ends_so = line.is_capitals() and len(words) <= 3 and words and words[-1] in LAST_WORDS
        if ends_so and not is_rank(line.text):
            return line
    return None


def authority_in(text: str) -> Authority | None:
    """The TM./KT./TL./TUQ./Q. of a line in capitals (NĐ 30/2020, Đ.13), or None.

    Papers of the Party write T/M, K/T, T/L without a full stop.
    """
    said = nfc(text)
    noise = _NOISE.match(said)
    return _authority(said) or (_authority(said[noise.end() :]) if noise else None)


def _authority(text: str) -> Authority | None:
    found = _AUTHORITY.match(text)
    if found is None:
        return None
    letters = [c for c in found["whom"] if c.isalpha()]
    if sum(map(str.isupper, letters)) < 0.7 * len(letters):
        return None
    if "/" in found["prefix"]:
        return Authority(prefix=found["prefix"], whom=found["whom"], repaired=False)
    seen, stopped = found["prefix"].upper(), bool(found["stop"].strip())
    known = squeeze(seen).upper() in ("TM", "KT", "TL", "TUQ", "Q")
    if known and stopped:
        return Authority(prefix=squeeze(seen).upper(), whom=found["whom"], repaired=False)
    prefix = _MISREAD.get(seen, squeeze(seen).upper() if known else None)
    if prefix is None or not (title_in(found["whom"]) or known_office(found["whom"])):
        return None
    return Authority(prefix=prefix, whom=found["whom"], repaired=not known)


def chiefs_of(deputy: str) -> tuple[str, ...]:
    """Whom a deputy stands for: PHÓ CHỦ TỊCH for CHỦ TỊCH, THỨ TRƯỞNG for BỘ TRƯỞNG."""
    own = deputy.removesuffix(" THƯỜNG TRỰC")
    if own.startswith("THỨ TRƯỞNG"):
        return ("BỘ TRƯỞNG",)
    return (own.removeprefix("PHÓ "), own.replace("PHÓ ", "", 1)) if "PHÓ " in own else ()


def deputy_of(chief: str) -> str:
    """Who signs KT. (NĐ 30/2020, Đ.13): the chief's deputy."""
    return "THỨ TRƯỞNG" if chief == "BỘ TRƯỞNG" else f"PHÓ {chief}"


def office_in_full(whom: str) -> str:
    """Title or office in the catalogue's spelling: "BỘ TRUỞNG" -> "BỘ TRƯỞNG"."""
    return title_in(whom) or (known_office(whom) or mend_head(whom)).upper()
