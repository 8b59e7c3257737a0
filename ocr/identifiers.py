# SPDX-License-Identifier: Apache-2.0
"""Numbers with a grammar: document numbers, personal numbers, tax codes, dossier codes, MRZ, QR.

Pure functions. A validator returns the decoded thing or None; it never repairs.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle

from ocr.normalise import calendar_date, nfc
from ocr.places import BIRTH_PROVINCES

# --- số, ký hiệu văn bản (NĐ 30/2020, Đ.8 and PL I) -------------------------------------------
_TOKEN = r"[A-ZĐÂÊÔƠƯ][A-Za-zĐđÂâÊêÔôƠơƯư0-9&]{0,14}"  # noqa: S105
_NUM = r"\d{1,6}(?:\.\d{1,3})?[a-zđ]?"
_JOIN = r"[ \t]*[-.][ \t]*"
SYMBOL = re.compile(rf"{_TOKEN}(?:{_JOIN}{_TOKEN})*")
_LEGAL = re.compile(
    rf"(?P<n>{_NUM})[ \t]*/[ \t]*(?P<y>(?:19|20)\d\d)[ \t]*/[ \t]*(?P<s>{SYMBOL.pattern})"
)
_PLAIN = re.compile(rf"(?P<n>{_NUM})[ \t]*/[ \t]*(?P<s>{SYMBOL.pattern})")
_PARTY = re.compile(
    rf"(?P<n>{_NUM})[ \t]*-[ \t]*(?P<s>{_TOKEN}[ \t]*/[ \t]*{_TOKEN}(?:{_JOIN}{_TOKEN})*)"
)
_NOT_INSIDE = r"(?<![\w/])"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentNumber:
    """Số và ký hiệu: "05" + "QĐ-UBND"; legal texts "02/2021" + "TT-BTC"; Party "21" + "NQ/TU"."""

    number: str
    symbol: str
    party: bool = False

    @property
    def full(self) -> str:
        return f"{self.number}{'-' if self.party else '/'}{self.symbol}"


def parse_document_number(text: str) -> DocumentNumber | None:
    """The whole of `text` as a document number, "Số:" already off."""
    text = nfc(text).strip()
    if found := _LEGAL.fullmatch(text):
        return _number(found, f"{found['n']}/{found['y']}")
    if found := _PARTY.fullmatch(text):
        return _number(found, found["n"], party=True)
    if found := _PLAIN.fullmatch(text):
        return _number(found, found["n"])
    return None


def find_document_numbers(text: str) -> tuple[DocumentNumber, ...]:
    """Every document number cited in a text, first seen first, each once."""
    text = nfc(text)
    found: dict[str, DocumentNumber] = {}
    either = re.compile(
        f"{_NOT_INSIDE}(?:{_LEGAL.pattern}|{_anonymous(_PARTY)}|{_anonymous(_PLAIN)})"
    )
    for match in either.finditer(text):
        number = parse_document_number(match.group(0).rstrip(".-"))
        # "2025 - Các" and the like: a symbol is capitals in its first token
        if number and sum(c.isupper() for c in number.symbol) >= 2:
            found.setdefault(number.full, number)
    return tuple(found.values())


def _anonymous(pattern: re.Pattern[str]) -> str:
    return re.sub(r"\?P<\w+>", "?:", pattern.pattern)


def _number(found: re.Match[str], number: str, *, party: bool = False) -> DocumentNumber:
    symbol = re.sub(r"[ \t]+", "", found["s"])
    return DocumentNumber(number=number, symbol=symbol, party=party)


# --- số định danh cá nhân, CCCD (NĐ 137/2015, TT 07/2016/TT-BCA) -------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalNumber:
    """Số định danh: what its digits say. `province` as at registration of birth (old 63)."""

    number: str
    province: str
    gender: str
    birth_year: int


def decode_personal_number(text: str, *, today: dt.date) -> PersonalNumber | None:
    """None for an unknown province prefix or a birth in the future; there is no check digit."""
    if not re.fullmatch(r"\d{12}", text):
        return None
    province = BIRTH_PROVINCES.get(text[:3])
    sign = int(text[3])
    year = 1900 + 100 * (sign // 2) + int(text[4:6])
    if province is None or year > today.year:
        return None
    gender = "Nữ" if sign % 2 else "Nam"
    return PersonalNumber(number=text, province=province, gender=gender, birth_year=year)


def is_old_identity_number(text: str) -> bool:
    """CMND 9 số: shape only."""
    return bool(re.fullmatch(r"\d{9}", text))


# --- mã số thuế (TT 105/2020/TT-BTC, PL I) -----------------------------------------------------
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def is_tax_code(text: str) -> bool:
    """10 digits with check digit, or 10-3 with a branch 001-999."""
    found = re.fullmatch(r"(\d{10})(?:-(\d{3}))?", text)
    if not found or found[2] == "000":
        return False
    digits = [int(d) for d in found[1]]
    rest = sum(w * d for w, d in zip(_TAX_WEIGHTS, digits, strict=False)) % 11
    # rest 0 would need the check digit 10: such a number is never issued
    return rest != 0 and digits[9] == 10 - rest


def is_household_business_code(text: str, *, today: dt.date) -> bool:
    """Mã số hộ kinh doanh: old `41A8012345`, a tax code, or the owner's personal number."""
    if re.fullmatch(r"\d{2}[A-Z]\d{7}", text) or is_tax_code(text):
        return True
    return decode_personal_number(text, today=today) is not None


# --- mã hồ sơ (TT 01/2018/TT-VPCP, Đ.19), mã TTHC ----------------------------------------------
_DOSSIER = re.compile(r"(?:\d{3}\.\d{2}\.\d{2}\.)?[A-Y]\d{2}(?:\.\d{2,3})*-(\d{6}|\d{8})-\d{4,7}")
_PROCEDURE = re.compile(r"[1-3]\.\d{6}(?:\.\d{3}\.\d{2}\.\d{2}\.[A-Y]\d{2})?")


def is_dossier_code(text: str, *, today: dt.date) -> bool:
    """`H36.12.05-260630-0012`: the form and a real date, tomorrow at the latest."""
    found = _DOSSIER.fullmatch(text)
    if not found:
        return False
    date = _compact_date(found[1])
    return date is not None and date <= today + dt.timedelta(days=1)


def _compact_date(digits: str) -> dt.date | None:
    full = digits if len(digits) == 8 else f"20{digits}"
    return calendar_date(int(full[6:8]), int(full[4:6]), int(full[:4]))


def is_procedure_code(text: str) -> bool:
    """Mã TTHC by form; whether it is in force on a date is the catalogue's to say."""
    return bool(_PROCEDURE.fullmatch(text))


# --- phôi GCN quyền sử dụng đất ----------------------------------------------------------------
def is_land_serial(text: str) -> bool:
    """2 letters + 6 digits, since 01/8/2024 (TT 10/2024/TT-BTNMT) + 8."""
    return bool(re.fullmatch(r"[A-ZĐ]{2}\s?\d{6}(\d{2})?", text))


# --- QR của thẻ CCCD, căn cước -----------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class CardCode:
    """What the QR of a chip card says. Dates ISO or None; `old_number` None when empty."""

    number: str
    old_number: str | None
    name: str
    born_on: str | None
    gender: str | None
    address: str | None
    issued_on: str | None


def parse_card_code(text: str) -> CardCode | None:
    """CCCD 2021 (`số|CMND|tên|ngày sinh|giới|nơi ở|ngày cấp`) or căn cước 2024, told by shape.

    TT 16/2024/TT-BCA puts the gender before the date of birth and the old numbers last.
    """
    parts = [p.strip() for p in nfc(text).strip().split("|")]
    if len(parts) < 6 or not re.fullmatch(r"\d{12}", parts[0]):
        return None
    if _is_gender(parts[4]):
        number, old, name, born, gender, address, *rest = parts
        issued = rest[0] if rest else ""
    elif _is_gender(parts[2]):
        number, name, gender, born, address, issued, *rest = parts
        old = next((p for p in rest if is_old_identity_number(p)), "")
    else:
        return None
    return CardCode(
        number=number,
        old_number=old if is_old_identity_number(old) else None,
        name=name,
        born_on=_day_first(born),
        gender=gender.capitalize(),
        address=address or None,
        issued_on=_day_first(issued),
    )


def _is_gender(text: str) -> bool:
    return text.lower() in ("nam", "nữ")


def _day_first(digits: str) -> str | None:
    if not re.fullmatch(r"\d{8}", digits):
        return None
    date = calendar_date(int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    return date.isoformat() if date else None


# --- MRZ TD1 (ICAO 9303-5) ---------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class MachineReadableZone:
    """The three lines on the back of a card, all check digits right."""

    number: str
    born_on: str
    gender: str | None
    expires_on: str | None
    name: str


def check_digit(text: str) -> int:
    """ICAO 9303: weights 7-3-1, `<` is 0, A is 10."""
    return sum(_mrz_value(c) * w for c, w in zip(text, cycle((7, 3, 1)), strict=False)) % 10


def _mrz_value(letter: str) -> int:
    if letter == "<":
        return 0
    return int(letter) if letter.isdigit() else ord(letter) - 55


_DIGIT_LIKE = str.maketrans("OQDILZSGB", "000112568")
_ZONE_FIRST = re.compile(r"VNM([A-Z0-9]{9})([A-Z0-9])([A-Z0-9]{12})")
_ZONE_SECOND = re.compile(
    r"([A-Z0-9]{6})([A-Z0-9])([MF<])([A-Z0-9]{6})([A-Z0-9])VNM[A-Z0-9<]*?([A-Z0-9])"
)


def parse_mrz(lines: Iterable[str], *, today: dt.date) -> MachineReadableZone | None:
    """TD1, 3 x 30, of VNM; None when the shape or any check digit is wrong.

    Letters where only digits stand are taken for the digits they look like, and what is filler is
    not looked at ("<<<" is read as "555"): four check digits and the number said twice decide.
    """
    rows = [re.sub(r"[^A-Z0-9<]", "", line.upper()) for line in lines]
    if len(rows) != 3 or any(not 28 <= len(row) <= 32 for row in rows):
        return None
    first, second = _ZONE_FIRST.search(rows[0], 0, 27), _ZONE_SECOND.fullmatch(rows[1])
    if first is None or second is None:
        return None
    short, short_digit, number = (g.translate(_DIGIT_LIKE) for g in first.groups())
    born, born_digit, sex, expires, expires_digit, last = second.groups()
    born, born_digit, expires, expires_digit, last = (
        g.translate(_DIGIT_LIKE) for g in (born, born_digit, expires, expires_digit, last)
    )
    # the digit of the long number stands behind filler: worked out, the last digit proves it
    whole = f"{short}{short_digit}{number}<<{check_digit(number)}"
    composite = whole + born + born_digit + expires + expires_digit
    checks = (
        (short, short_digit), (born, born_digit), (expires, expires_digit), (composite, last),
    )  # fmt: skip
    for body, digit in checks:
        if not digit.isdigit() or check_digit(body) != int(digit):
            return None
    date = _two_digit_year(born, latest=today)
    if not number.isdigit() or number[3:] != short or date is None:
        return None
    ends = _two_digit_year(expires, latest=dt.date(2099, 12, 31))
    return MachineReadableZone(
        number=number,
        born_on=date.isoformat(),
        gender={"M": "Nam", "F": "Nữ"}.get(sex),
        expires_on=ends.isoformat() if ends else None,
        name=re.sub(" +", " ", rows[2].replace("<", " ")).strip(),
    )


def _two_digit_year(digits: str, *, latest: dt.date) -> dt.date | None:
    if not digits.isdigit():
        return None
    for century in (2000, 1900):
        date = calendar_date(int(digits[4:]), int(digits[2:4]), century + int(digits[:2]))
        if date and date <= latest:
            return date
    return None
