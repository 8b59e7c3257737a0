# SPDX-License-Identifier: Apache-2.0
"""From ink as read to the form that is kept: letters, dates, names of offices.

`raw` always keeps what was seen; nothing here guesses a value that is not on the paper.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass

# Look-alikes met in real symbols: U+00D0 Eth for Đ, Cyrillic letters ("TT-BTС"), full-width forms.
LOOK_ALIKES = str.maketrans(
    {
        "Ð": "Đ",
        "ð": "đ",
        "Ɖ": "Đ",
        "А": "A",
        "В": "B",
        "С": "C",
        "Е": "E",
        "Н": "H",
        "К": "K",
        "М": "M",
        "О": "O",
        "Р": "P",
        "Т": "T",
        "Х": "X",
        "а": "a",
        "с": "c",
        "е": "e",
        "о": "o",
        "р": "p",
        "х": "x",
    }
)
DASHES = re.compile("[‐‑‒–—―−]")
SLASHES = re.compile("[⁄∕／]")
# What the reader takes a printed 1 or 0 for; a value repaired with it is always flagged.
DIGIT_LIKE = str.maketrans(
    {
        "l": "1",
        "I": "1",
        "|": "1",
        "]": "1",
        "[": "1",
        "!": "1",
        "Ì": "1",
        "Í": "1",
        "i": "1",
        "ï": "1",
    }
    | {"O": "0", "o": "0", "Q": "0", "S": "5", "Š": "5", "§": "5", "B": "8", "T": "1", "L": "1"}
)
SMALL_WORDS = frozenset({"và", "của", "về", "các", "cho", "theo", "tại", "thuộc", "trong", "với"})
_ACRONYMS = frozenset({"UBND", "UBMTTQ", "HCM", "TP.HCM", "CNTT"})  # those with vowels


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def plain(text: str) -> str:
    """Lower case, no marks, đ as d; one letter for each letter of the NFC text.

    The length is kept, so that a place found in the plain text is the place in the text.
    """
    return nfc(text).translate(_PLAIN)


class _PlainLetters(dict[int, str]):
    """For `str.translate`: each letter is worked out once, when it is first met."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        base = unicodedata.normalize("NFD", letter)[0].lower()
        self[code] = "d" if letter in "đĐÐð" else base if len(base) == 1 else letter
        return self[code]


_PLAIN = _PlainLetters()


def squeeze(text: str) -> str:
    """Plain letters and digits only: the form in which labels and titles are compared."""
    return re.sub(r"[^a-z0-9]+", " ", plain(text)).strip()


def clean_symbol(text: str) -> str:
    """Letters of a ký hiệu brought to the alphabet; blanks out, dashes to `-` (symbols only)."""
    text = DASHES.sub("-", nfc(text).translate(LOOK_ALIKES))
    text = re.sub(r"\s+", "", text)
    # Tesseract writes QĐ as "QĐÐ": one letter read twice
    text = re.sub("Đ{2,}", "Đ", text)
    text = re.sub("-{2,}", "-", text)
    return text.strip("._-,:;|'\"`“”‘’/()[]„")


def clean_number(text: str) -> str:
    return re.sub(r"[\s_]+", "", SLASHES.sub("/", text))


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairedDigits:
    """Digits of a token; `repaired` when a look-alike letter had to be taken for a digit."""

    digits: str
    repaired: bool


def digits_of(text: str) -> RepairedDigits | None:
    """Digits only, or None when the token holds anything that is no digit even by likeness."""
    token = re.sub(r"[\s._,]+", "", text)
    if re.fullmatch(r"[0-9]+", token):
        return RepairedDigits(digits=token, repaired=False)
    fixed = token.translate(DIGIT_LIKE)
    if token and re.fullmatch(r"[0-9]+", fixed):
        return RepairedDigits(digits=fixed, repaired=True)
    return None


def calendar_date(day: int, month: int, year: int) -> dt.date | None:
    """A real date between 1900 and 2199; "2018-03-80" is none."""
    if not 1900 <= year <= 2199:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


UNITS = {
    "khong": 0,
    "mot": 1,
    "hai": 2,
    "ba": 3,
    "bon": 4,
    "tu": 4,
    "nam": 5,
    "lam": 5,
    "sau": 6,
    "bay": 7,
    "tam": 8,
    "chin": 9,
}


def number_in_words(text: str) -> int | None:
    """Read "hai nghìn không trăm hai mươi" -> 2020; None when a word is not a number word.

    Read on plain letters except for "mười" (10) and "mươi" (tens), which marks tell apart;
    where the marks are lost the place in the phrase does.
    """
    total, block, unit = 0, 0, None
    words = squeeze(text).split()
    if not words:
        return None
    for word in words:
        if word in UNITS:
            if unit is not None:
                return None
            unit = UNITS[word]
        elif word == "muoi":
            block, unit = block + 10 * (1 if unit is None else unit), None
        elif word == "tram":
            block, unit = block + 100 * (unit or 0), None
        elif word in ("nghin", "ngan"):
            total, block, unit = total + 1000 * (block + (unit or 0) or 1), 0, None
        elif word == "trieu":
            above, total = total - total % 1_000_000_000, total % 1_000_000_000
            total, block, unit = above + (total + block + (unit or 0)) * 1_000_000, 0, None
        elif word == "ty":
            total, block, unit = (total + block + (unit or 0)) * 1_000_000_000, 0, None
        elif word not in ("linh", "le", "dong", "met", "vuong"):
            return None
    return total + block + (unit or 0)


def date_in_words(text: str) -> dt.date | None:
    """Read "ngày mười hai tháng ba năm hai nghìn không trăm hai mươi" -> 2020-03-12."""
    found = re.search(r"\bngay\b\s*(.+?)\s*\bthang\b\s*(.+?)\s*\bnam\b\s+(.+)", squeeze(text))
    if not found:
        return None
    day, month, year = found.groups()
    # "năm" is both the year label and five: "tháng năm năm hai nghìn ..." gives an empty rest
    if month == "" or year == "":
        return None
    values = [number_in_words(part) for part in (re.sub(r"^m[uo]ng ", "", day), month, year)]
    if None in values:
        return None
    return calendar_date(*(v for v in values if v is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDate:
    """A date of which parts may be missing; never completed by invention."""

    year: int
    month: int | None = None
    day: int | None = None

    def iso(self) -> str:
        parts = [f"{self.year:04d}"]
        if self.month:
            parts.append(f"{self.month:02d}")
            if self.day:
                parts.append(f"{self.day:02d}")
        return "-".join(parts)


_LONG = re.compile(r"(?<!\d)(\d{1,2})\s*thang\s*(\d{1,2})\s*nam\s*(\d{4})")
_SHORT = re.compile(r"(?<!\d)(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})(?!\d)")
_MONTH_YEAR = re.compile(r"thang\s*(\d{1,2})\s*nam\s*(\d{4})|(?<![\d/])(\d{1,2})/(\d{4})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(19\d\d|20\d\d)(?!\d)")


def parse_date(text: str) -> PartialDate | None:
    """The date a value holds: full, month and year, or a year alone ("Năm sinh: 1956")."""
    low = plain(text)
    found = _LONG.search(low) or _SHORT.search(low)
    if found:
        day, month, year = (int(v) for v in found.groups())
        date = calendar_date(day, month, year)
        return PartialDate(year=year, month=month, day=day) if date else None
    if partial := _MONTH_YEAR.search(low):
        month, year = (int(v) for v in partial.groups() if v)
        return PartialDate(year=year, month=month) if 1 <= month <= 12 else None
    if lone := _YEAR.search(low):
        return PartialDate(year=int(lone.group(1)))
    return None


_PROPER_AFTER = ("bộ", "sở", "cục", "vụ", "viện", "phòng")
_PARTY_LEVELS = ("tỉnh", "thành", "huyện", "quận", "thị", "đảng")
_PLACE_HEADS = ("tỉnh", "thành phố", "thị xã", "thị trấn", "huyện", "quận", "xã", "phường", "tp.")


def office_case(text: str) -> str:
    """Write "ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI" -> "Ủy ban nhân dân tỉnh Quảng Ngãi".

    After the last place head ("tỉnh", "xã"…) every word is a proper name; so is the word after
    "bộ", "sở", "cục". Acronyms stay.
    """
    words = text.split()
    if not words or sum(c.islower() for c in text) > sum(c.isupper() for c in text):
        return text
    out: list[str] = []
    proper = False
    for i, word in enumerate(words):
        low = word.lower()
        before = words[i - 1].lower() if i else ""
        if i and (
            low in _PLACE_HEADS or (low in ("phố", "xã", "trấn") and before in ("thành", "thị"))
        ):
            out.append(low)
            proper = low not in ("thành", "thị")
        elif low in ("ủy", "uỷ") and before in _PARTY_LEVELS:
            out.append(low)  # "Tỉnh ủy Quảng Ngãi"
            proper = True
        elif _is_acronym(word):
            out.append(word)
        elif i == 0 or before in _PROPER_AFTER or (proper and low not in SMALL_WORDS):
            out.append(low.capitalize())
        else:
            out.append(low)
    return " ".join(out)


def _is_acronym(word: str) -> bool:
    core = word.strip("().,")
    if core in _ACRONYMS or "." in core or "&" in core:
        return True
    return len(core) > 1 and not re.search("[aeiouy]", plain(core))


def initials(office: str) -> str:
    """The abbreviation an office signs with: "Bộ Giáo dục và Đào tạo" -> "BGDĐT"."""
    words = re.findall(r"[^\W\d_]+", nfc(office))
    firsts = [w[0].upper() for w in words if w.lower() not in ("và", "của")]
    # symbols know no marks but Đ: Ủy is U
    return "".join(f if f == "Đ" else plain(f).upper() for f in firsts)


def spell_out(text: str) -> str:
    """UBND and HĐND in full: the same office is printed both ways."""
    text = re.sub(r"\bUBND\b", "Ủy ban nhân dân", text)
    return re.sub(r"\bHĐND\b", "Hội đồng nhân dân", text)


def comparable(text: str) -> str:
    """For comparing texts: NFC, one blank, plain quotes and dashes, tone placed the new way."""
    text = DASHES.sub("-", nfc(text))
    text = re.sub("[“”„‟«»]", '"', text)
    text = re.sub("[‘’‚`´]", "'", text)
    return place_tones(re.sub(r"\s+", " ", text).strip())


_TONES = {
    form(old): form(new)
    for olds, news in (
        ("òa óa ỏa õa ọa", "oà oá oả oã oạ"),
        ("òe óe ỏe õe ọe", "oè oé oẻ oẽ oẹ"),
        ("ùy úy ủy ũy ụy", "uỳ uý uỷ uỹ uỵ"),
    )
    for old, new in zip(olds.split(), news.split(), strict=True)
    for form in (str.lower, str.capitalize, str.upper)
}
# only open syllables: "hoàn", "quý" have one spelling
_OLD_TONE = re.compile(rf"(?<![qQ])(?:{'|'.join(_TONES)})(?!\w)")


def place_tones(text: str) -> str:
    """hòa -> hoà, ủy -> uỷ: one form of the two in use, for comparing only."""
    return _OLD_TONE.sub(lambda found: _TONES[found[0]], text)
