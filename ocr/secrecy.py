# SPDX-License-Identifier: Apache-2.0
"""Dấu độ mật: the stamp that stops everything (Luật Bảo vệ bí mật nhà nước).

The stamp stands alone in the header (NĐ 30/2020, PL I, ô 10a). The word MẬT inside a sentence or in
a form's label ("Giải mật") is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ocr.lines import by_line
from ocr.page import Word

HEADER = 0.45
_EDGE = r"[\W_\dIl|]{0,4}"
_MARK = re.compile(rf"^{_EDGE}(TUYỆT\s*MẬT|TỐI\s*MẬT|MẬT|TÀI\s*LIỆU\s*THU\s*HỒI){_EDGE}$")
_NAMES = ("TUYỆT MẬT", "TỐI MẬT", "MẬT", "TÀI LIỆU THU HỒI")


def secrecy_mark(words: Sequence[Word]) -> str | None:
    """The gravest mark that stands as a line of its own in the upper part, or None."""
    found = {
        re.sub(r"\s+", " ", match[1].replace("TUYỆTMẬT", "TUYỆT MẬT"))
        for line in by_line(words)
        if line[0].box.y0 < HEADER
        and (match := _MARK.match(" ".join(w.text for w in line))) is not None
    }
    compact = {mark.replace(" ", "") for mark in found}
    return next((name for name in _NAMES if name.replace(" ", "") in compact), None)
