# SPDX-License-Identifier: Apache-2.0
"""Invented people, places and offices: whoever they resemble, nobody is meant.

Names are put together from short lists of syllables, communes do not exist, personal numbers obey
the grammar (NĐ 137/2015/NĐ-CP) and belong to no one on purpose. Provinces are those of today.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ocr.identifiers import is_tax_code

SURNAMES = [
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Huỳnh",
    "Phan",
    "Vũ",
    "Võ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
    "Dương",
    "Lý",
    "Đào",
    "Đinh",
    "Trịnh",
    "Mai",
]
_MALE_MIDDLE = [
    "Văn",
    "Hữu",
    "Đức",
    "Minh",
    "Quang",
    "Thanh",
    "Công",
    "Xuân",
    "Đình",
    "Ngọc",
    "Tuấn",
    "Quốc",
    "Trọng",
    "Bá",
]
_MALE_GIVEN = [
    "Hùng",
    "Dũng",
    "Cường",
    "Tuấn",
    "Thắng",
    "Khánh",
    "Phúc",
    "Lộc",
    "Nghĩa",
    "Sơn",
    "Hải",
    "Bình",
    "Tâm",
    "Đạt",
    "Kiên",
    "Trường",
    "Vượng",
    "Hưng",
]
_FEMALE_MIDDLE = [
    "Thị",
    "Ngọc",
    "Thu",
    "Thanh",
    "Kim",
    "Mỹ",
    "Bích",
    "Hồng",
    "Diệu",
    "Phương",
    "Thùy",
    "Quỳnh",
]
_FEMALE_GIVEN = [
    "Hương",
    "Lan",
    "Hạnh",
    "Thảo",
    "Nhung",
    "Trang",
    "Yến",
    "Phượng",
    "Tuyết",
    "Loan",
    "Hiền",
    "Ngân",
    "Quyên",
    "Thủy",
    "Duyên",
    "Vân",
    "Mận",
    "Liễu",
]
_FIRST = [
    "An",
    "Bình",
    "Phú",
    "Tân",
    "Vĩnh",
    "Hòa",
    "Long",
    "Thuận",
    "Mỹ",
    "Đông",
    "Xuân",
    "Cẩm",
    "Đại",
    "Trường",
    "Thanh",
]
_SECOND = [
    "Lạc",
    "Khê",
    "Thịnh",
    "Điền",
    "Trạch",
    "Xuyên",
    "Ngọc",
    "Sơn",
    "Thủy",
    "Hưng",
    "Quế",
    "Mỹ",
    "Đức",
    "Vượng",
    "Lộc",
]
_THIRD = ["Mẫu", "Thượng", "Hạ", "Tây", "Bắc", "Trung"]
PROVINCES = [
    "Quảng Ngãi",
    "Lâm Đồng",
    "Đồng Tháp",
    "Nghệ An",
    "Thanh Hóa",
    "Phú Thọ",
    "Gia Lai",
    "An Giang",
    "Cà Mau",
    "Đắk Lắk",
    "Khánh Hòa",
    "Vĩnh Long",
    "Tây Ninh",
    "Sơn La",
    "Điện Biên",
    "Hưng Yên",
    "Ninh Bình",
    "Quảng Trị",
    "Hà Tĩnh",
    "Bắc Ninh",
]
_BIRTH_CODES = "051 068 087 040 038 025 064 089 096 066 056 086 072 014 011 033 037 045 042 027"
NEWEST_BIRTH = dt.date(2026, 4, 30)
ETHNICITIES = ("Kinh", "Kinh", "Kinh", "Kinh", "Tày", "Thái", "Mường", "Khmer", "Nùng", "Hrê")
_T = TypeVar("_T")


def pick(random: np.random.Generator, choices: Sequence[_T]) -> _T:
    return choices[int(random.integers(len(choices)))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An invented commune or ward in a real province."""

    kind: str
    name: str
    province: str
    hamlet: str

    @property
    def commune(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def full(self) -> str:
        return f"{self.commune}, tỉnh {self.province}"

    @property
    def address(self) -> str:
        return f"{self.hamlet}, {self.full}"


def make_place(random: np.random.Generator) -> Place:
    name = f"{pick(random, _FIRST)} {pick(random, _SECOND)}"
    if random.random() < 0.35:
        name += f" {pick(random, _THIRD)}"
    kind = pick(random, ("xã", "xã", "xã", "phường"))
    hamlet = f"Thôn {pick(random, _FIRST)} {pick(random, _SECOND)}"
    if kind == "phường":
        street = f"{pick(random, _FIRST)} {pick(random, _SECOND)}"
        hamlet = f"Số {int(random.integers(2, 290))} đường {street}"
    return Place(kind=kind, name=name, province=pick(random, PROVINCES), hamlet=hamlet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a paper is about. `number`: 12 digits (province, century and sex, year, six at random)."""

    name: str
    gender: str
    born_on: dt.date
    ethnicity: str
    home: Place
    number: str
    id_issued_on: dt.date

    @property
    def capitals(self) -> str:
        return self.name.upper()

    @property
    def idpaper(self) -> str:
        return (
            f"Căn cước công dân số {self.number}, Cục Cảnh sát quản lý hành chính về trật tự xã hội"
            f" cấp ngày {slashed(self.id_issued_on)}"
        )


def make_name(random: np.random.Generator, gender: str, surname: str | None = None) -> str:
    male = gender == "Nam"
    middle = pick(random, _MALE_MIDDLE if male else _FEMALE_MIDDLE)
    given = pick(random, [g for g in (_MALE_GIVEN if male else _FEMALE_GIVEN) if g != middle])
    return f"{surname or pick(random, SURNAMES)} {middle} {given}"


def make_person(
    random: np.random.Generator,
    *,
    born: tuple[int, int] = (1965, 2003),
    gender: str | None = None,
    surname: str | None = None,
    home: Place | None = None,
) -> Person:
    gender = gender or pick(random, ("Nam", "Nữ"))
    place = home or make_place(random)
    birthday = make_date(
        random, dt.date(born[0], 1, 1), min(dt.date(born[1], 12, 31), NEWEST_BIRTH)
    )
    return Person(
        name=make_name(random, gender, surname),
        gender=gender,
        born_on=birthday,
        ethnicity=pick(random, ETHNICITIES),
        home=place,
        number=personal_number(random, place.province, gender, birthday.year),
        id_issued_on=make_date(random, dt.date(2021, 3, 1), dt.date(2024, 6, 28)),
    )


def personal_number(random: np.random.Generator, province: str, gender: str, year: int) -> str:
    code = _BIRTH_CODES.split()[PROVINCES.index(province)]
    century = 2 * (year // 100 - 19) + (gender == "Nữ")
    return f"{code}{century}{year % 100:02d}{int(random.integers(1, 999_999)):06d}"


def tax_code(random: np.random.Generator) -> str:
    """Ten digits with a right check digit (TT 105/2020/TT-BTC)."""
    while True:
        head = f"{int(random.integers(10, 64)):02d}{int(random.integers(0, 10**7)):07d}"
        for last in "0123456789":
            if is_tax_code(head + last):
                return head + last


def make_date(random: np.random.Generator, first: dt.date, last: dt.date) -> dt.date:
    return first + dt.timedelta(days=int(random.integers(0, (last - first).days + 1)))


def workday(random: np.random.Generator, first: dt.date, last: dt.date) -> dt.date:
    day = make_date(random, first, last)
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def slashed(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"


def long_date(day: dt.date) -> str:
    """`ngày 05 tháng 02 năm 2026`: leading zero for days below 10 and months 1, 2 (NĐ 30/2020)."""
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


_ONES = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]


def number_words(value: int) -> str:
    """Vietnamese words of a whole number below a thousand billion, as in "Bằng chữ"."""
    groups = ("", "nghìn", "triệu", "tỷ")
    parts: list[str] = []
    rest, index = value, 0
    while rest:
        rest, group = divmod(rest, 1000)
        if group:
            parts.append(f"{_hundreds(group, leading=rest == 0)} {groups[index]}".strip())
        index += 1
    return " ".join(reversed(parts)) or "không"


def _hundreds(value: int, *, leading: bool) -> str:
    hundreds, rest = divmod(value, 100)
    words = [] if leading and not hundreds else [_ONES[hundreds], "trăm"]
    tens, ones = divmod(rest, 10)
    if tens == 0:
        return " ".join(
            [*words, *(["lẻ"] if words and ones else []), *([_ONES[ones]] if ones else [])]
        )
    words += ["mười"] if tens == 1 else [_ONES[tens], "mươi"]
    last = {0: "", 5: "lăm", 1: "một" if tens == 1 else "mốt"}.get(ones, _ONES[ones])
    return " ".join([*words, last]).strip()


def date_words(day: dt.date) -> str:
    """`ngày mười hai tháng ba năm hai nghìn không trăm hai mươi`."""
    month = "tư" if day.month == 4 else number_words(day.month)
    small = f"mồng {number_words(day.day)}" if day.day <= 10 else number_words(day.day)
    return f"ngày {small} tháng {month} năm {number_words(day.year)}"


def money(value: int) -> str:
    return f"{value:,}".replace(",", ".")
