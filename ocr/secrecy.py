# SPDX-License-Identifier: Apache-2.0
"""Dấu độ mật: the stamp that stops everything (Luật Bảo vệ bí mật nhà nước).

The stamp stands alone in the header (NĐ 30/2020, PL I, ô 10a). The word MẬT inside a sentence or in
a form's label ("Giải mật") is none.
"""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz

from ocr.lines import by_line
from ocr.normalise import nfc, squeeze
from ocr.page import Word
from ocr.red_figures import header_reach

_ALIKE = 85
_NAMES = ("TUYỆT MẬT", "TỐI MẬT", "MẬT", "TÀI LIỆU THU HỒI")


def secrecy_mark(words: Sequence[Word], aspect: float) -> str | None:
    """The gravest mark that stands as a line of its own in the upper part, or None."""
    found = {
        mark
        for line in by_line(words)
        if line[0].box.y0 < header_reach(aspect)
        and (mark := _named(" ".join(w.text for w in line))) is not None
    }
    return next((name for name in _NAMES if name in found), None)


def _named(text: str) -> str | None:
    """The mark that a line says and nothing else; frames come in as single letters.

    "MẬT" by its own marks ("MẶT", "MẤT" are other words). The long ones by their letters, one of
    which may be wrong: "TỔI MẬT", "TUYỆẸT MẬT" were read on stamped pages.
    """
    said = "".join(part for part in squeeze(text).split() if len(part) > 1)
    if said == "mat" and "MẬT" in nfc(text):
        return "MẬT"
    letters = [c for c in text if c.isalpha()]
    if len(said) < 6 or sum(map(str.isupper, letters)) < 0.8 * len(letters):
        return None
    long = (name for name in _NAMES if " " in name)
    return next((n for n in long if fuzz.ratio(said, squeeze(n).replace(" ", "")) >= _ALIKE), None)
