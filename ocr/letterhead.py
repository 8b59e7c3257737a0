# SPDX-License-Identifier: Apache-2.0
"""Phần đầu văn bản: number, symbol, date, place, issuer, abstract (NĐ 30/2020, PL I, ô 2-5).

Each value is taken from its own row and column or not at all: numbers and dates cited in the
body read at 92-97 and are the classic silent error.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from ocr.catalogue import OFFICE_HEADS, OFFICES
from ocr.confidence import Evidence, absent, reading, unreadable, weakest
from ocr.document_types import DocumentType
from ocr.extraction import Candidate, FieldReading, FieldStatus
from ocr.identifiers import DocumentNumber, parse_document_number
from ocr.layout import NUMBER_LABEL, Header, Line, PageLayout
from ocr.normalise import (
    SLASHES,
    RepairedDigits,
    calendar_date,
    clean_symbol,
    comparable,
    digits_of,
    initials,
    office_case,
    plain,
    squeeze,
)
from ocr.page import Word
from ocr.places import known_place, mend_province

Fields = dict[str, FieldReading]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The number line cut at its slash: what stands before and after, as text and words."""

    number: str
    number_words: tuple[Word, ...]
    symbol: str
    symbol_words: tuple[Word, ...]
    party: bool = False
    slash_lost: bool = False


def read_number(header: Header | None, kind: DocumentType | None, issuer: FieldReading) -> Fields:
    """`number`, `symbol`, `full_number` from the number line only."""
    if header is None or header.number_line is None:
        lost = absent(unsure=True)
        return {"number": lost, "symbol": lost, "full_number": lost}
    line = header.number_line
    split = split_number_line(line, party=header.party)
    number = _number(line, split, header)
    if not split.symbol.strip() and number.value is not None and kind and not kind.is_letter:
        # "Số: 31/2025": number and year of a register; such papers have no symbol
        return {"number": number, "symbol": absent(unsure=False), "full_number": number}
    symbol = _symbol(line, split, header, kind, issuer)
    return {"number": number, "symbol": symbol, "full_number": _full(line, number, symbol, split)}


def split_number_line(line: Line, *, party: bool = False) -> Split:
    """Cut "Luật số: 26 /2023/QH15" -> "26/2023" and "QH15"; a Party number at its dash."""
    text = SLASHES.sub("/", line.text)
    label = NUMBER_LABEL.match(plain(text))
    start = label.end() if label else 0
    while start < len(text) and text[start] in " :.;,":
        start += 1
    cut = _cut(text, start, party=party)
    if cut is None:
        # the slash itself was lost: the symbol is the last run with a dash and capitals, or all
        # that stands behind the digits
        found = re.search(r"[A-ZĐÐ][A-Za-zĐđÐ&]*\s?-\s?[A-ZĐÐ]\S*\W*$", text[start:])
        found = found or re.search(r"(?<=\d)\s+(?=[A-ZĐÐ])[A-Za-zĐđÐ&.]{3,}\W*$", text[start:])
        at = start + found.start() if found else len(text)
        cut = (at, at)
    before, after = cut
    return Split(
        number=text[start:before],
        number_words=line.words_between(start, before),
        symbol=text[after:],
        symbol_words=line.words_between(after, len(text)),
        party=party and text[before : before + 1] == "-",
        slash_lost=before == after < len(text),
    )


def _cut(text: str, start: int, *, party: bool) -> tuple[int, int] | None:
    """Where the number ends and where the symbol starts."""
    if party and (dash := re.search(r"-(?=\s*[A-ZĐÐ]\S*\s*/)", text[start:])):
        return start + dash.start(), start + dash.end()
    legal = re.search(r"/\s*(?:19|20)\d\d\s*/", text[start:])
    if legal:
        return start + legal.end() - 1, start + legal.end()
    # stray slashes in unreadable ink ("Á4s⁄¿5 /GM-SYT"): the last one before capitals counts
    slashes = list(re.finditer(r"/\s*(?=[A-ZĐÐ])", text[start:]))
    tail = [s for s in slashes if "-" in text[start + s.end() :]] or slashes
    if not tail:
        return None
    return start + tail[-1].start(), start + tail[-1].end()


def _stands_alone(symbol: str, kind: DocumentType | None, office: str | None) -> bool:
    """Forms have the symbol of their type or of their office alone: "…/GPXD", "954/TTPVHCC"."""
    if kind is None or kind.is_letter:
        return False
    return symbol in kind.symbols or symbol in office_initials(office)


def _number(line: Line, split: Split, header: Header) -> FieldReading:
    parts = [p.strip(" _.,:;") for p in split.number.split("/")]
    raw = split.number.strip()
    digits = [digits_of(p) for p in parts if p]
    if not raw:
        words = split.number_words or line.words
        # the gap is empty: not numbered yet, or ink no reader saw; a person tells which
        return unreadable(words, line.page, raw=raw, status=FieldStatus.BLANK)
    if not digits or any(d is None for d in digits) or len(digits) > 2:
        return unreadable(split.number_words, line.page, raw=raw)
    value = "/".join(d.digits for d in digits if d)
    repaired = any(d.repaired for d in digits if d)
    inked = [w for w in split.number_words if any(c.isalnum() for c in w.text)]
    evidence = Evidence(
        kind="number",
        token=weakest(inked),
        grammar=bool(re.fullmatch(r"\d{1,6}(/(19|20)\d\d)?", value)),
        position=header.sure,
        repaired=repaired or "_" in raw or split.slash_lost,
    )
    return reading(value, split.number_words, line.page, evidence, raw=raw)


def _symbol(
    line: Line, split: Split, header: Header, kind: DocumentType | None, issuer: FieldReading
) -> FieldReading:
    raw = split.symbol.strip()
    seen = clean_symbol(raw)
    if not seen:
        return unreadable(split.symbol_words or line.words, line.page, raw=raw)
    office = issuer.value if isinstance(issuer.value, str) else None
    trusted = not issuer.needs_review
    value, witnesses, conflict = settle_symbol(seen, kind, office, trusted=trusted)
    parsed = parse_document_number(f"1-{value}" if split.party else f"1/{value}")
    offices = {plain(known) for known in office_initials(office)} | _OFFICE_CODES
    named = any(plain(token) in offices for token in re.split(r"[-/]", value))
    named = named or (kind is not None and not kind.is_letter)
    evidence = Evidence(
        kind="symbol",
        token=weakest(split.symbol_words),
        grammar=parsed is not None
        and (
            "-" in value
            or value.startswith("QH")
            or split.party
            or _stands_alone(value, kind, office)
        ),
        # two readers may agree on "GAVT": what nothing on the paper says again is for a person
        position=header.sure and named,
        witnesses=witnesses,
        conflict=conflict,
    )
    candidates = (
        (Candidate(value=seen, confidence=0.2),) if plain(seen) == plain(value) != value else ()
    )
    if candidates and seen == value:
        candidates = ()
    return reading(value, split.symbol_words, line.page, evidence, raw=raw, candidates=candidates)


_OFFICE_CODES = frozenset({"ubnd", "hdnd", "cp", "ttg", "ctn", "ubtvqh"})
_OFFICE_CODES |= frozenset(f"qh{term}" for term in range(1, 20))


def settle_symbol(
    seen: str, kind: DocumentType | None, issuer: str | None, *, trusted: bool = True
) -> tuple[str, int, bool]:
    """Đ or D, by the type title and the issuer's initials: (symbol, witnesses, conflict).

    QĐ comes as QD or QĐÐ, HD for HĐ, DA for ĐA: the letters alone never tell. An issuer that is
    itself doubtful (`trusted` false) may agree but changes nothing.
    """
    tokens = seen.split("-")
    witnesses, conflict = 0, False
    abbreviations = kind.symbols if kind else ()
    match = next((s for s in abbreviations if plain(s) == plain(tokens[0])), None)
    if match:
        tokens[0], witnesses = match, 1
    elif abbreviations and len(tokens[0]) <= 4 and not tokens[0].startswith("QH"):
        # a slip of the type ("TTT" for TTr, "OĐ" for QĐ): put right by the title, for a person to
        # see; other letters are an office ("CT-KTT3") or another type, and stay
        alike = fuzz.ratio(plain(tokens[0]), plain(abbreviations[0]))
        conflict = alike >= 50
        if len(tokens) > 1 and len(tokens[0]) == len(abbreviations[0]) and alike >= 50:
            tokens[0] = abbreviations[0]
    if len(tokens) == 1 and trusted and abbreviations:
        # the dash lost with the slash: "TIrSNV"
        whole = [f"{abbreviations[0]}-{known}" for known in office_initials(issuer)]
        if near := next((w for w in whole if _nearly(tokens[0], w)), None):
            return near, 0, True
    offices = range(1 if match else 0, len(tokens))
    for known in office_initials(issuer):
        at = next((i for i in offices if plain(tokens[i]) == plain(known)), None)
        if at is not None and (trusted or tokens[at] == known):
            tokens[at] = known
            witnesses += 1
            break
    return "-".join(tokens), witnesses, conflict


def _nearly(seen: str, whole: str) -> bool:
    """One letter apart, the dash aside; short ones are too much alike to tell."""
    bare = plain(whole).replace("-", "")
    return len(bare) >= 5 and Levenshtein.distance(plain(seen), bare) <= 1


def office_initials(issuer: str | None) -> tuple[str, ...]:
    """Ways an office abbreviates itself in a symbol."""
    if not issuer:
        return ()
    low = plain(issuer)
    fixed = {
        "uy ban nhan dan": "UBND",
        "ubnd": "UBND",
        "hoi dong nhan dan": "HĐND",
        "chinh phu": "CP",
        "thu tuong": "TTg",
    }
    found = [short for name, short in fixed.items() if low.startswith(name)]
    words = issuer.split()
    # "Sở Y tế (Dự án …)", "Sở Tư pháp tỉnh …": the name itself, and its start
    return (*found, initials(issuer), *(initials(" ".join(words[:n])) for n in range(8, 1, -1)))


def _full(line: Line, number: FieldReading, symbol: FieldReading, split: Split) -> FieldReading:
    if number.value is None or symbol.value is None:
        raw = line.text
        state = number.status if number.value is None else symbol.status
        return unreadable(line.words, line.page, raw=raw, status=state)
    whole = DocumentNumber(
        number=str(number.value), symbol=str(symbol.value), party=split.party
    ).full
    weaker = min(number, symbol, key=lambda r: r.confidence)
    words = (*split.number_words, *split.symbol_words)
    made = reading(whole, words, line.page, Evidence(kind="number", token=1.0), raw=line.text)
    return replace(
        made,
        confidence=weaker.confidence,
        needs_review=number.needs_review or symbol.needs_review,
        evidence=weaker.evidence,
    )


# --- ngày tháng, địa danh ----------------------------------------------------------------------
_DATE = re.compile(
    r"\bng[ao](?:y|\b)\W{0,2}(?P<d>.*?)\s*th[ao]ng\W{0,2}(?P<m>.*?)\s*n[ao]m\W{0,2}(?P<y>\d{4}|\S{2,6})"
)


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


# --- cơ quan -----------------------------------------------------------------------------------
def read_issuer(header: Header | None) -> Fields:
    """`issuer`, `parent_issuer`: lines of the left column; a new office starts with its head.

    The place of the date line, set in other letters, witnesses the commune of a committee.
    """
    if header is None or not header.issuer_lines:
        lost = header is not None and header.number_line is not None
        return {"issuer": absent(unsure=True), "parent_issuer": absent(unsure=lost)}
    units: list[list[Line]] = []
    for line in header.issuer_lines:
        if units and not _starts_office(line.text, units[-1]):
            units[-1].append(line)
        else:
            units.append([line])
    place = header.date_line.text.split(",")[0].strip() if header.date_line else ""
    own = _office(units[-1], place)
    under = squeeze(str(own.value)).startswith(_UNDER_ANOTHER)
    parent = _office(units[-2], place) if len(units) > 1 else absent(unsure=under)
    return {"issuer": _of_its_committee(own, parent), "parent_issuer": parent}


_UNDER_ANOTHER = ("so ", "phong ")
"""Departments and divisions stand under their committee or department, which is printed (ô 2)."""
_SHARED = ("Trung tâm Phục vụ hành chính công",)
"""Offices that every commune has: the committee above completes the name (NĐ 118/2025)."""
_SEATED = re.compile(r"\b(?:xã|phường|thị trấn|đặc khu|tỉnh|thành phố) \S.*")


def _of_its_committee(own: FieldReading, parent: FieldReading) -> FieldReading:
    """The centre under "UBND phường Phú Quế" is that ward's, as surely as both lines are read."""
    name = next((n for n in _SHARED if squeeze(n) == squeeze(str(own.value))), None)
    seat = _SEATED.search(parent.value) if isinstance(parent.value, str) else None
    if name is None or seat is None or own.evidence is None or parent.evidence is None:
        return own
    weaker = min(own, parent, key=lambda seen: seen.confidence)
    token = min(own.evidence.token, parent.evidence.token)
    return replace(
        own,
        value=f"{name} {seat[0]}",
        confidence=weaker.confidence,
        needs_review=own.needs_review or parent.needs_review,
        evidence=replace(
            own.evidence,
            token=token,
            catalogue=parent.evidence.catalogue,
            position=parent.evidence.position,
        ),
    )


def _starts_office(text: str, before: Sequence[Line]) -> bool:
    """A line that starts with "SỞ", "CỤC"…; "BAN" after "BỘ … VÀ" does not."""
    low = squeeze(text)
    if re.search(r"\b(va|ve|cac)$", squeeze(before[-1].text)):
        return False
    return any(low == h or low.startswith(h + " ") for h in OFFICE_HEADS)


_COMMITTEE = re.compile(
    r"(uy ban nhan dan|ubnd|hoi dong nhan dan|hdnd) (xa|phuong|thi tran|dac khu) (.+)"
)
_LEVELS = {"xa": "xã", "phuong": "phường", "thi tran": "thị trấn", "dac khu": "đặc khu"}


def _commune_of(office: str, place: str) -> str | None:
    """A committee of exactly the place the paper is dated at, marks and all; its spelling."""
    found = _COMMITTEE.fullmatch(squeeze(office))
    if (
        not found
        or not place
        or not comparable(office.casefold()).endswith(f" {comparable(place.casefold())}")
    ):
        return None
    if squeeze(place) != found[3]:
        return None
    return f"{OFFICES[found[1].replace(' ', '')]} {_LEVELS[found[2]]} {place}"


def _office(lines: Sequence[Line], place: str) -> FieldReading:
    words = tuple(w for line in lines for w in line.words)
    raw = " ".join(line.text for line in lines)
    # a lone "ˆ" counts as a letter for \w
    kept = re.sub(r"(?:\s[ʰ-˿\W]+)+$", "", raw)
    kept = re.sub(r"^[^\w(]+|[^\w).]+$", "", kept).rstrip(".")
    known = known_office(kept) or _commune_of(kept, place)
    mended = known or mend_province(mend_head(kept))
    low = squeeze(mended)
    evidence = Evidence(
        kind="office",
        token=weakest(_told(words)),
        grammar=any(low.startswith(h) for h in OFFICE_HEADS)
        and kept.count("(") == kept.count(")")
        and not _LEVEL_LOST.match(low),
        catalogue=known is not None,
        witnesses=1 if known else 0,
        # capitals lose marks at confidence 90: an office no list knows is for a person to see
        position=known is not None,
    )
    return reading(office_case(mended), words, lines[0].page, evidence, raw=raw)


def _told(words: Sequence[Word]) -> Sequence[Word]:
    """The words that tell which committee it is: "ỦY BAN NHÂN DÂN XÃ", whole, stands on them all.

    Another reader's doubt of one of its words is none: no other office is spelled nearly so.
    """
    said = [comparable(w.text.strip(" .,:;").casefold()) for w in words]
    for head in _COMMITTEES:
        if said[: len(head)] == head and len(said) > len(head):
            rest = words[len(head) :]
            level = len(rest) > 1 and comparable(rest[0].text.casefold()) in _LEVEL_WORDS
            return rest[1:] if level else rest
    return words


_COMMITTEES = tuple(
    comparable(name).split() for name in ("ủy ban nhân dân", "hội đồng nhân dân", "ubnd", "hđnd")
)
_LEVEL_WORDS = frozenset(map(comparable, ("xã", "phường", "tỉnh", "huyện", "quận")))
_LEVEL_LOST = re.compile(
    r"(?:uy ban nhan dan|hoi dong nhan dan|ubnd|hdnd) "
    r"(?!(?:tinh|thanh pho|tp|quan|huyen|thi xa|thi tran|tx|tt|xa|phuong|dac khu|va)\b)"
)
"""A committee of a place without what kind of place it is: a word was not read."""
_HEAD = re.compile(r"(uy ban nhan dan|hoi dong nhan dan)\b(?: (xa|phuong|thi tran|dac khu)\b)?")


def mend_head(text: str) -> str:
    """The head of a committee's name in its own spelling: "ỦY BẠN NHÂN DÂN XÃ" -> "ỦY BAN …".

    Capitals lose and change marks; the name behind the head is left as it was read.
    """
    words = text.split()
    found = _HEAD.match(" ".join(squeeze(w) for w in words))
    if found is None:
        return text
    head = [*OFFICES[found[1].replace(" ", "")].split(), *_LEVELS.get(found[2] or "", "").split()]
    spelled = " ".join(head)
    return " ".join([spelled.upper() if text.isupper() else spelled, *words[len(head) :]])


def known_office(text: str) -> str | None:
    """Ministries, departments, provincial committees: the catalogue's spelling, or None."""
    low = squeeze(text)
    if found := OFFICES.get(low.replace(" ", "")):
        return found
    if (party := re.fullmatch(r"(tinh|thanh) uy (.+)", low)) and (name := known_place(party[2])):
        return f"{'Tỉnh' if party[1] == 'tinh' else 'Thành'} ủy {name}"
    for lead in ("uy ban nhan dan", "hoi dong nhan dan", "ubnd", "hdnd"):
        rest = re.sub(rf"^{lead} (?:tinh|thanh pho|tp) ", "", low)
        if rest != low and (name := known_place(rest)):
            level = "tỉnh" if " tinh " in f" {low} " else "thành phố"
            return f"{OFFICES[lead.replace(' ', '')]} {level} {name}"
    return None
