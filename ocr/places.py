# SPDX-License-Identifier: Apache-2.0
"""Provinces as data: the 63 of before 01/7/2025 (the code base of the personal number) and now.

A merger renumbered nobody: 015 on a card is still Yên Bái. The key is (code, date), never code
alone (`Unit` catalogue and card decoder do not share a table).
"""

from __future__ import annotations

from functools import cache

from rapidfuzz.distance import Levenshtein

from ocr.normalise import squeeze

_OLD = (
    "01 Hà Nội,02 Hà Giang,04 Cao Bằng,06 Bắc Kạn,08 Tuyên Quang,10 Lào Cai,11 Điện Biên,"
    "12 Lai Châu,14 Sơn La,15 Yên Bái,17 Hòa Bình,19 Thái Nguyên,20 Lạng Sơn,22 Quảng Ninh,"
    "24 Bắc Giang,25 Phú Thọ,26 Vĩnh Phúc,27 Bắc Ninh,30 Hải Dương,31 Hải Phòng,33 Hưng Yên,"
    "34 Thái Bình,35 Hà Nam,36 Nam Định,37 Ninh Bình,38 Thanh Hóa,40 Nghệ An,42 Hà Tĩnh,"
    "44 Quảng Bình,45 Quảng Trị,46 Thừa Thiên Huế,48 Đà Nẵng,49 Quảng Nam,51 Quảng Ngãi,"
    "52 Bình Định,54 Phú Yên,56 Khánh Hòa,58 Ninh Thuận,60 Bình Thuận,62 Kon Tum,64 Gia Lai,"
    "66 Đắk Lắk,67 Đắk Nông,68 Lâm Đồng,70 Bình Phước,72 Tây Ninh,74 Bình Dương,75 Đồng Nai,"
    "77 Bà Rịa - Vũng Tàu,79 TP Hồ Chí Minh,80 Long An,82 Tiền Giang,83 Bến Tre,84 Trà Vinh,"
    "86 Vĩnh Long,87 Đồng Tháp,89 An Giang,91 Kiên Giang,92 Cần Thơ,93 Hậu Giang,94 Sóc Trăng,"
    "95 Bạc Liêu,96 Cà Mau"
)
BIRTH_PROVINCES = {f"0{row[:2]}": row[3:] for row in _OLD.split(",")}
"""Three-digit prefix of the personal number -> province of birth registration (old 63)."""

NAMES = tuple(
    dict.fromkeys([*BIRTH_PROVINCES.values(), "Hồ Chí Minh", "Thành phố Hồ Chí Minh", "Huế"])
)


@cache
def _by_squeezed() -> dict[str, str]:
    names = {squeeze(name): name for name in NAMES}
    names["hcm"] = "Hồ Chí Minh"
    return names


def known_place(text: str) -> str | None:
    """The province whose name `text` is, marks and case aside; the spelling of the catalogue."""
    return _by_squeezed().get(squeeze(text))


def near_place(text: str) -> str | None:
    """The province whose name `text` is but for marks, or the only one it is but for a letter."""
    seen = squeeze(text)
    if found := _by_squeezed().get(seen):
        return found
    near = {name for key, name in _by_squeezed().items() if Levenshtein.distance(key, seen) == 1}
    return near.pop() if len(near) == 1 and len(seen) >= 5 else None


def mend_province(text: str) -> str:
    """A province name at the end of `text` put into the catalogue's spelling.

    "TĨNH QUẢNG NGÁI" -> "TỈNH QUẢNG NGÃI": print errors in capitals come with confidence 90. A
    letter may be wrong too ("tỉnh Bắc NNH").
    """
    words = text.split()
    for size in (5, 4, 3, 2):
        if len(words) <= size:
            continue
        head = squeeze(words[-size - 1])
        if head not in ("tinh", "pho", "tp"):
            continue
        tail = " ".join(words[-size:])
        if name := near_place(tail):
            fixed = name.upper() if tail.upper() == tail else name
            lead = {"tinh": "tỉnh", "pho": "phố"}.get(head, words[-size - 1])
            lead = lead.upper() if tail.upper() == tail else lead
            return " ".join([*words[: -size - 1], lead, fixed])
    return text
