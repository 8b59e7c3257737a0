# SPDX-License-Identifier: Apache-2.0
"""Địa danh và thời gian ban hành (NĐ 30/2020, PL I, ô 4): "Lào Cai, ngày 02 tháng 7 năm 2025".

Dates cited in the body are never taken: the line is that of the header, on a certificate the
lowest of its kind.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz.distance import Levenshtein

from ocr.confidence import Evidence, absent, reading, unreadable, weakest
from ocr.extraction import FieldReading, Fields, FieldStatus
from ocr.header import Header
from ocr.layout import Line, PageLayout
from ocr.normalise import RepairedDigits, calendar_date, comparable, digits_of, squeeze
from ocr.places import known_place


def read_date(header: Header | None, today: dt.date) -> Fields:
    """`issued_on`, `place` from the place-and-date line at the right only."""
    if header is None or header.date_line is None:
        return {"issued_on": absent(unsure=True), "place": absent(unsure=True)}
    line = header.date_line
    printed = "\n".join(issuer.text for issuer in header.issuer_lines)
    return {
        "issued_on": read_date_line(line, today, sure=header.sure),
        "place": _place(line, printed),
    }


def read_closing_date(pages: Sequence[PageLayout], today: dt.date) -> Fields:
    """Certificates are dated at their foot: the lowest place-and-date line in the right half."""
    for layout in reversed(pages):
        for row in reversed(layout.rows):
            for segment in layout.segments(row):
                at = _DATE.search(segment.plain)
                place = segment.text[: at.start()].strip(" ,") if at else ""
                if at and place and segment.box.x0 > 0.35 and place[0].isupper():
                    dated = read_date_line(segment, today)
                    return {"issued_on": dated, "place": _place(segment, "")}
    return {"issued_on": absent(unsure=True), "place": absent(unsure=False)}


_DATE = re.compile(
    r"\bng[ao](?:y|\b)\W{0,2}(?P<d>.*?)\s*th[ao]ng\W{0,2}(?P<m>.*?)\s*n[ao]m\W{0,2}(?P<y>\d{4}|\S{2,6})"
)


def read_date_line(line: Line, today: dt.date, *, sure: bool = True) -> FieldReading:
    """ngày … tháng … năm …: three numbers that make a real date, not after `today`."""
    found = _DATE.search(line.plain)
    if not found:
        return unreadable(line.words, line.page)
    spans = [found.span(name) for name in ("d", "m", "y")]
    pieces = [line.text[a:b].strip(" .,_:;") for a, b in spans]
    words = [w for a, b in spans for w in line.words_between(a, b)]
    raw = line.text[found.start() :]
    shown = line.words_between(found.start(), found.end())
    parts = [_one_number(p) for p in pieces]
    if not pieces[0] and parts[1] and parts[2]:
        return unreadable(shown, line.page, raw=raw, status=FieldStatus.BLANK)
    if any(p is None for p in parts):
        return unreadable(shown, line.page, raw=raw)
    day, month, year = (p for p in parts if p)
    date = None
    if len(day.digits) <= 2 and len(month.digits) <= 2 and len(year.digits) == 4:
        date = calendar_date(int(day.digits), int(month.digits), int(year.digits))
    if date is None or date > today or date.year < 1945:
        return unreadable(shown, line.page, raw=raw)
    evidence = Evidence(
        kind="date",
        token=weakest(words),
        position=sure,
        repaired=day.repaired or month.repaired or year.repaired,
    )
    return reading(date.isoformat(), shown, line.page, evidence, raw=raw)


def _one_number(piece: str) -> RepairedDigits | None:
    """The digits between two words; a stray mark beside them leaves a doubt."""
    if found := digits_of(piece):
        return found
    tokens = [t for t in piece.split() if any(c.isalnum() for c in t)]
    alone = digits_of(tokens[0]) if len(tokens) == 1 else None
    return replace(alone, repaired=True) if alone else None


def _place(line: Line, issuer: str) -> FieldReading:
    """The place name before the comma; a province by the list, a commune by its issuer's name."""
    cut = re.search(r"[,;.]?\s*\bng[ao](?:y|\b)|,", line.plain)
    end = cut.start() if cut else 0
    start = line.text.rfind(":", 0, end) + 1  # "Làm tại: Đông Hưng, ngày …"
    words = line.words_between(start, end)
    text = line.text[start:end].strip(" ,.;:„")
    if not text:
        return unreadable(line.words, line.page)
    city = re.match(r"(?:tp\.?|t\.p\.?)\s*|", text, flags=re.IGNORECASE)
    lead = city[0] if city else ""
    known = known_place(text.removeprefix(lead))
    named = text.casefold() in issuer.casefold().replace("\n", " ")
    # "Thanh Hoà" may be a commune: only what neither list nor issuer spells so is put right
    mended = known and not named and squeeze(known) == squeeze(text.removeprefix(lead))
    value = f"{lead}{known}" if mended else text
    if not known and not named:
        value = _seat_of(issuer, text) or text
    # readers may differ on a mark: the letters name one province, and the issuer is of the same
    settled = bool(known) and f" {squeeze(known or '')} " in f" {squeeze(issuer)} "
    evidence = Evidence(
        kind="office",
        token=weakest(words),
        grammar=text[0].isupper(),
        position=known is not None or named,
        repaired=comparable(value) != comparable(text),
        catalogue=True if known else None,
        witnesses=int(named or settled),
        settled=settled,
    )
    return reading(value, words, line.page, evidence, raw=line.text[start:end])


_SEAT = re.compile(r".*\b(?:tinh|thanh pho|xa|phuong|thi tran|dac khu|huyen|quan) (?=\S)")


def _seat_of(issuer: str, place: str) -> str | None:
    """The issuer's own commune or province where the place read is a letter or two off.

    The place is the seat of the office that issues (NĐ 30/2020, PL I, ô 4). `issuer`: its lines.
    """
    for text in (*issuer.split("\n"), issuer.replace("\n", " ")):
        head, words = _SEAT.match(squeeze(text)), text.split()
        if head is None or len(words) != len(squeeze(text).split()) or len(place) < 5:
            continue
        name = " ".join(word.capitalize() for word in words[len(head[0].split()) :])
        off = Levenshtein.distance(squeeze(name), squeeze(place))
        if off == 1 or (off == 2 and len(place) >= 6):
            return known_place(name) or name
    return None
