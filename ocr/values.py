# SPDX-License-Identifier: Apache-2.0
"""Values of forms in their normal form, by the type of the field, and the checks by name.

A value that does not fit its type is kept and flagged, never repaired: the paper may be odd.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence

from rapidfuzz.distance import Levenshtein

from ocr.catalogue import ETHNICITIES, NATIONALITIES
from ocr.identifiers import (
    decode_personal_number,
    is_dossier_code,
    is_household_business_code,
    is_land_serial,
    is_old_identity_number,
    is_tax_code,
)
from ocr.normalise import (
    comparable,
    date_in_words,
    number_in_words,
    parse_date,
    plain,
    squeeze,
)


def normalise_value(
    type_name: str, text: str, today: dt.date
) -> tuple[str | int | bool | list[str] | None, bool, int]:
    """(value in its normal form, whether it fits the type, witnesses the check itself gives)."""
    maker = MAKERS.get(type_name)
    return maker(text, today) if maker else (text, True, 0)


Made = tuple[str | int | bool | list[str] | None, bool, int]


def _make_name(text: str, today: dt.date) -> Made:
    """Family and given name; of one word alone the rest was not read."""
    value = re.sub(r"[^\w\s.'-]+$", "", text).strip()
    return value, not re.search(r"\d", value) and len(value.split()) > 1, 0


def _make_date(text: str, today: dt.date) -> Made:
    date = parse_date(text)
    if date is None:
        return None, False, 0
    return date.iso(), date.iso() <= today.isoformat() or date.year < today.year + 60, 0


def _make_date_in_words(text: str, today: dt.date) -> Made:
    date = date_in_words(text)
    return (date.isoformat(), True, 1) if date else (None, False, 0)


def _make_personal_number(text: str, today: dt.date) -> Made:
    digits = re.sub(r"[\s.]", "", text)
    found = re.search(r"(?<!\d)\d{12}(?!\d)", digits)
    if not found:
        loose = re.search(r"\d{6,}", digits)
        return (loose.group(0) if loose else None), False, 0
    return found[0], decode_personal_number(found[0], today=today) is not None, 0


def _make_old_number(text: str, today: dt.date) -> Made:
    digits = re.sub(r"[\s.]", "", text)
    found = re.search(r"(?<!\d)\d{9}(?!\d)", digits)
    return (found[0], is_old_identity_number(found[0]), 0) if found else (None, False, 0)


def _make_gender(text: str, today: dt.date) -> Made:
    if glued := re.match(r"\W*(Nam|Nữ|NAM|NỮ)(?=[A-ZĐ][a-z])", text):
        return glued[1].capitalize(), True, 1  # "NamQuốc tịch: …"
    low = squeeze(text).split()
    for word in low[:2]:
        if word in ("nam", "male", "m"):
            return "Nam", True, 1
        if word in ("nu", "female", "f"):
            return "Nữ", True, 1
    return None, False, 0


def _make_ethnicity(text: str, today: dt.date) -> Made:
    """One of the 54 peoples."""
    return _one_of(ETHNICITIES, text)


def _make_nationality(text: str, today: dt.date) -> Made:
    """A country as papers name it."""
    return _one_of(NATIONALITIES, text)


def _one_of(names: Sequence[str], text: str) -> Made:
    """One letter or its marks off is put right and does not fit: a doubt."""
    said = comparable(text.casefold()).strip(" .,;")
    if any(comparable(name.casefold()) == said for name in names):
        return text.strip(" .,;"), True, 1
    letters = squeeze(text)
    alike = [name for name in names if squeeze(name) == letters]
    if not alike and len(letters) >= 4:
        alike = [n for n in names if Levenshtein.distance(squeeze(n), letters) == 1]
    return (alike[0] if len(alike) == 1 else text), False, 0


_PART = r"(?:xã|phường|thị trấn|đặc khu|quận|huyện|thị xã|thành phố|tỉnh)"
_OPEN_END = re.compile(rf"(?:^|[\s,])(?:{_PART}|thôn|tổ|ấp|khu phố|đường|số)$", re.IGNORECASE)
_RUN_ON = re.compile(rf"^(?:thôn|tổ|ấp|khu phố|số)\s.*\w\s{_PART}\s", re.IGNORECASE)


def _make_place(text: str, today: dt.date) -> Made:
    """An address; does it break off ("…, xã"), hold a colon, lack a comma between two parts?"""
    parts = [part.strip() for part in text.split(",")]
    run_on = len(parts) > 1 and any(map(_RUN_ON.match, parts))
    broken = run_on or _OPEN_END.search(text.rstrip(" .,;")) or re.search("[:;]", text)
    return text, not broken, 0


def _make_identity_paper(text: str, today: dt.date) -> Made:
    """Kind, number, date and place of a paper; without a number some of it was not read."""
    return text, re.search(r"\d{6}", re.sub(r"[\s.]", "", text)) is not None, 0


# fmt: off
_NUMBER_WORDS = frozenset((
    "không", "một", "mốt", "hai", "ba", "bốn", "tư", "năm", "lăm", "nhăm", "sáu", "bảy", "bẩy",
    "tám", "chín", "mười", "mươi", "trăm", "nghìn", "ngàn", "triệu", "tỷ", "tỉ", "linh", "lẻ",
    "đồng", "mét", "vuông", "phẩy", "chẵn", "rưỡi",
))
# fmt: on
_NUMBER_LETTERS = frozenset(map(plain, _NUMBER_WORDS))


def _make_number_in_words(text: str, today: dt.date) -> Made:
    """The words of a sum; a number word with marks that none has ("trắm") is misread."""
    words = re.findall(r"\w+", comparable(text).casefold())
    misread = any(plain(w) in _NUMBER_LETTERS and w not in _NUMBER_WORDS for w in words)
    return re.sub(r"[^\w)]+$", "", text), not misread, 0


def _make_tax_code(text: str, today: dt.date) -> Made:
    found = re.search(r"\d{10}(?:-\d{3})?", re.sub(r"\s", "", text))
    return (found[0], is_tax_code(found[0]), 1) if found else (None, False, 0)


def _make_amount(text: str, today: dt.date) -> Made:
    """Digits with the thousands' points off, a decimal comma as a point; words are the witness."""
    found = re.search(r"\d[\d.\s]*(?:,\d+)?", text)
    if not found:
        return None, False, 0
    value = re.sub(r"[.\s]", "", found[0]).replace(",", ".").rstrip(".")
    words = re.search(r"b[aằ]ng ch[uữ]\s*:?\s*([^)]*)", text, flags=re.IGNORECASE)
    said = number_in_words(words[1]) if words else None
    if said is None:
        return value, True, 0
    return value, said == int(float(value)), 1


def _make_area(text: str, today: dt.date) -> Made:
    """As an amount; of four figures in a row one may be behind a comma that was not read."""
    value, fits, witness = _make_amount(text, today)
    return value, fits and (witness > 0 or re.search(r"\d{4}", text) is None), witness


def _make_integer(text: str, today: dt.date) -> Made:
    found = re.search(r"\d{1,6}", text)
    return (int(found[0]), True, 0) if found else (None, False, 0)


def _make_serial(text: str, today: dt.date) -> Made:
    found = re.search(r"([A-ZĐ]{2})\s?(\d{6,8})", text)
    if not found:
        return text, False, 0
    serial = f"{found[1]} {found[2]}"
    return serial, is_land_serial(serial), 0


def _make_land_paper(text: str, today: dt.date) -> Made:
    """A certificate named by its serial, printed with a blank: "BĐ144308" -> "BĐ 144308"."""
    return re.sub(r"(?<!\w)([A-ZĐ]{2})[-.]?(\d{6}(?:\d{2})?)(?!\d)", r"\1 \2", text), True, 0


def _make_check(text: str, today: dt.date) -> Made:
    ticked = re.search(r"[☑☒✓✔xX]\s*(C[oó]|Kh[oô]ng)|(C[oó]|Kh[oô]ng)\s*[☑☒✓✔xX]", text)
    if not ticked:
        return None, False, 0
    return squeeze(ticked[1] or ticked[2]) == "co", True, 0


def _make_list(text: str, today: dt.date) -> Made:
    return [part.strip() for part in re.split(r";|\s-\s", text) if part.strip()], True, 0


MAKERS: dict[str, Callable[[str, dt.date], Made]] = {
    "name": _make_name,
    "date": _make_date,
    "datew": _make_date_in_words,
    "id12": _make_personal_number,
    "id9": _make_old_number,
    "gender": _make_gender,
    "ethnicity": _make_ethnicity,
    "nationality": _make_nationality,
    "place": _make_place,
    "idpaper": _make_identity_paper,
    "words": _make_number_in_words,
    "mst": _make_tax_code,
    "money": _make_amount,
    "area": _make_area,
    "integer": _make_integer,
    "serial": _make_serial,
    "land_paper": _make_land_paper,
    "check": _make_check,
    "list": _make_list,
}


def is_valid(name: str, value: str, today: dt.date) -> bool:
    """Single-value checks by name; those that compare fields are in `cross_check`."""
    match name:
        case "tax_code":
            return is_tax_code(value)
        case "dossier_code":
            return is_dossier_code(value.split(" ")[0], today=today)
        case "household_code":
            return is_household_business_code(value.replace(" ", ""), today=today)
        case "land_serial":
            return is_land_serial(value)
        case "length":  # "13,2 m²": a speck behind the unit makes an area of it
            return re.search(r"\d\s?m(?!\s?[²³23])", value) is not None
        case "not_future":
            return value <= today.isoformat()
    return True
