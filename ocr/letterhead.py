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

from ocr.catalogue import OFFICE_HEADS, OFFICES
from ocr.classify import TitleRow
from ocr.confidence import Evidence, absent, reading, unreadable, weakest
from ocr.document_types import DocumentType
from ocr.extraction import Candidate, FieldReading, FieldStatus
from ocr.identifiers import DocumentNumber, find_document_numbers, parse_document_number
from ocr.layout import NUMBER_LABEL, Header, Line, PageLayout
from ocr.normalise import (
    SLASHES,
    calendar_date,
    clean_symbol,
    comparable,
    digits_of,
    initials,
    office_case,
    plain,
    spell_out,
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


def read_number(header: Header | None, kind: DocumentType | None, issuer: str | None) -> Fields:
    """`number`, `symbol`, `full_number` from the number line only."""
    if header is None or header.number_line is None:
        lost = absent(unsure=True)
        return {"number": lost, "symbol": lost, "full_number": lost}
    line = header.number_line
    split = split_number_line(line, party=header.party)
    number = _number(line, split, header)
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
        # the slash itself was lost: the symbol is the last run with a dash and capitals
        found = re.search(r"[A-ZĐÐ][A-Za-zĐđÐ&]*\s?-\s?[A-ZĐÐ]\S*\W*$", text[start:])
        at = start + found.start() if found else len(text)
        cut = (at, at)
    before, after = cut
    return Split(
        number=text[start:before],
        number_words=line.words_between(start, before),
        symbol=text[after:],
        symbol_words=line.words_between(after, len(text)),
        party=party and text[before : before + 1] == "-",
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
        repaired=repaired or "_" in raw,
    )
    return reading(value, split.number_words, line.page, evidence, raw=raw)


def _symbol(
    line: Line, split: Split, header: Header, kind: DocumentType | None, issuer: str | None
) -> FieldReading:
    raw = split.symbol.strip()
    seen = clean_symbol(raw)
    if not seen:
        return unreadable(split.symbol_words or line.words, line.page, raw=raw)
    value, witnesses, conflict = settle_symbol(seen, kind, issuer)
    parsed = parse_document_number(f"1-{value}" if split.party else f"1/{value}")
    evidence = Evidence(
        kind="symbol",
        token=weakest(split.symbol_words),
        grammar=parsed is not None and ("-" in value or value.startswith("QH") or split.party),
        position=header.sure,
        witnesses=witnesses,
        conflict=conflict,
    )
    candidates = (
        (Candidate(value=seen, confidence=0.2),) if plain(seen) == plain(value) != value else ()
    )
    if candidates and seen == value:
        candidates = ()
    return reading(value, split.symbol_words, line.page, evidence, raw=raw, candidates=candidates)


def settle_symbol(
    seen: str, kind: DocumentType | None, issuer: str | None
) -> tuple[str, int, bool]:
    """Đ or D, by the type title and the issuer's initials: (symbol, witnesses, conflict).

    QĐ comes as QD or QĐÐ, HD for HĐ, DA for ĐA: the letters alone never tell.
    """
    head, *rest = seen.split("-")
    tail = "-".join(rest)
    witnesses, conflict = 0, False
    abbreviations = kind.symbols if kind else ()
    match = next((s for s in abbreviations if plain(s) == plain(head)), None)
    if match:
        head, witnesses = match, witnesses + 1
    elif abbreviations and len(head) <= 4 and not head.startswith("QH"):
        # a one-letter slip of the type ("OĐ", "KH" unread) is a conflict, not a correction
        conflict = fuzz.ratio(plain(head), plain(abbreviations[0])) >= 50
    office = _office_initials(issuer)
    for known in office:
        for i, token in enumerate(re.split(r"-", tail) if match else [head, *rest]):
            if plain(token) == plain(known):
                witnesses += 1
                if match:
                    tokens = tail.split("-")
                    tokens[i] = known
                    tail = "-".join(tokens)
                break
        else:
            continue
        break
    value = f"{head}-{tail}" if tail else head
    return value, witnesses, conflict


def _office_initials(issuer: str | None) -> tuple[str, ...]:
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
    return (*found, initials(issuer), *(initials(" ".join(words[:n])) for n in range(6, 1, -1)))


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
    return {"issued_on": read_date_line(line, today, sure=header.sure), "place": _place(line)}


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
    parts = [digits_of(p) for p in pieces]
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


def _place(line: Line) -> FieldReading:
    cut = re.search(r"[,;.]?\s*ng[ao]y|,", line.plain)
    end = cut.start() if cut else 0
    words = line.words_between(0, end)
    text = line.text[:end].strip(" ,.;:„")
    if not text:
        return unreadable(line.words, line.page)
    known = known_place(re.sub(r"^(?:tp\.?|t\.?p\.?)\s*", "", text, flags=re.IGNORECASE))
    value = text
    if known and squeeze(known) == squeeze(text):
        value = known
    evidence = Evidence(
        kind="name",
        token=weakest(words),
        grammar=text[0].isupper(),
        catalogue=True if known else None,
    )
    return reading(value, words, line.page, evidence, raw=line.text[:end])


# --- cơ quan -----------------------------------------------------------------------------------
def read_issuer(header: Header | None) -> Fields:
    """`issuer`, `parent_issuer`: lines of the left column; a new office starts with its head."""
    if header is None or not header.issuer_lines:
        return {"issuer": absent(unsure=True), "parent_issuer": absent(unsure=False)}
    units: list[list[Line]] = []
    for line in header.issuer_lines:
        if units and not _starts_office(line.text, units[-1]):
            units[-1].append(line)
        else:
            units.append([line])
    own = _office(units[-1])
    parent = _office(units[-2]) if len(units) > 1 else absent(unsure=False)
    return {"issuer": own, "parent_issuer": parent}


def _starts_office(text: str, before: Sequence[Line]) -> bool:
    """A line that starts with "SỞ", "CỤC"…; "BAN" after "BỘ … VÀ" does not."""
    low = squeeze(text)
    if re.search(r"\b(va|ve|cac)$", squeeze(before[-1].text)):
        return False
    return any(low == h or low.startswith(h + " ") for h in OFFICE_HEADS)


def _office(lines: Sequence[Line]) -> FieldReading:
    words = tuple(w for line in lines for w in line.words)
    raw = " ".join(line.text for line in lines)
    kept = re.sub(r"^[^\w(]+|[^\w).]+$", "", raw).rstrip(".")
    mended = mend_office(kept)
    low = squeeze(mended)
    known = known_office(mended) is not None
    evidence = Evidence(
        kind="office",
        token=weakest(words),
        grammar=any(low.startswith(h) for h in OFFICE_HEADS) and kept.count("(") == kept.count(")"),
        catalogue=known,
        witnesses=1 if known else 0,
        # capitals lose marks at confidence 90: an office no list knows is for a person to see
        position=known,
    )
    return reading(office_case(mended), words, lines[0].page, evidence, raw=raw)


def known_office(text: str) -> str | None:
    """Ministries, departments, provincial committees: the catalogue's spelling, or None."""
    low = squeeze(text)
    if found := OFFICES.get(low.replace(" ", "")):
        return found
    for lead in ("uy ban nhan dan", "hoi dong nhan dan", "ubnd", "hdnd"):
        rest = re.sub(rf"^{lead} (?:tinh|thanh pho|tp) ", "", low)
        if rest != low and (name := known_place(rest)):
            level = "tỉnh" if " tinh " in f" {low} " else "thành phố"
            return f"{OFFICES[lead.replace(' ', '')]} {level} {name}"
    return None


def mend_office(text: str) -> str:
    """Marks of a known office put right ("BỌ GIÁO DỤC" …); an unknown one only its province."""
    return known_office(text) or mend_province(text)


# --- trích yếu ---------------------------------------------------------------------------------
_BODY = re.compile(
    r"^(can cu|kinh gui|thuc hien|theo de nghi|de trien khai|de thuc hien|de thong nhat|dieu 1"
    r"|quyet dinh|chuong [i1]|phan (thu|i|1)|trong thoi gian|trong thang|ngay \d|xet|hom nay|i|1)\b"
)
# the authority that enacts, in capitals: "BỘ TRƯỞNG BỘ GIÁO DỤC VÀ ĐÀO TẠO"
_ENACTING = re.compile(
    r"^(chu tich|bo truong|giam doc|uy ban|hoi dong|thu tuong|chanh|tong cuc truong|cuc truong"
    r"|hieu truong|vien truong|quoc hoi|chinh phu)\b"
)


def read_abstract(
    layout: PageLayout, header: Header | None, title: TitleRow | None, body: str
) -> FieldReading:
    """Trích yếu: the lines under the type title, or "V/v …" under the number of a công văn."""
    lines = _under_title(layout, title) if title is not None else about_lines(layout, header)
    if not lines:
        return absent(unsure=True)
    words = tuple(w for line in lines for w in line.words)
    raw = " ".join(line.text for line in lines)
    value = re.sub(r"\s+", " ", raw).strip(" -_~.|'`“") if title else raw.strip()
    evidence = Evidence(
        kind="text",
        token=weakest(words),
        witnesses=2 if _said_again(value, body) else 0,
        # no lexicon tells "72/2024" from 79/2024 or CHÉ from CHẾ: without the same words further
        # down a long text is never certain
        position=header is not None and _ends_cleanly(layout, lines) and _said_again(value, body),
        grammar=len(value) > 5 and not _holds_noise(words),
        conflict=_spelled_otherwise(value, body),
    )
    return reading(value, words, layout.number, evidence, raw=raw)


def _holds_noise(words: Sequence[Word]) -> bool:
    """Stamp or handwriting mixed into the lines."""
    return any(w.confidence < 0.3 for w in words)


def _ends_cleanly(layout: PageLayout, lines: Sequence[Line]) -> bool:
    """A clear step down to the body: else a line too few or too many may have been taken."""
    below = [r for r in layout.rows if r.y > lines[-1].y + 0.3 * layout.pitch]
    if not below:
        return False
    step = below[0].y - lines[-1].y
    return step > 1.9 * layout.pitch or _starts_body(below[0])


def _starts_body(line: Line) -> bool:
    text = squeeze(line.text)
    return bool(_BODY.match(text) or (line.is_capitals() and _ENACTING.match(text)))


def _said_again(value: str, body: str) -> bool:
    """The abstract repeated word for word further down ("ban hành Thông tư quy định …")."""
    core = words_of(value)
    core = re.sub(r"^(về việc|v v|về|ban hành)\s+", "", core)
    return len(core) > 12 and core in body


def _spelled_otherwise(value: str, body: str) -> bool:
    """Three words of it stand in the body with other marks ("tô chức" here, "tổ chức" there).

    The same misreading often happens twice, so one agreeing place does not make up for it.
    """
    seen: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    words = body.split()
    for three in zip(words, words[1:], words[2:], strict=False):
        seen.setdefault(tuple(map(plain, three)), set()).add(three)
    own = words_of(value).split()
    return any(
        seen.get(tuple(map(plain, three)), set()) - {three}
        for three in zip(own, own[1:], own[2:], strict=False)
    )


def words_of(text: str) -> str:
    """Words with their marks kept, case and punctuation aside."""
    return re.sub(r"[\W_]+", " ", comparable(text).casefold()).strip()


def about_lines(layout: PageLayout, header: Header | None) -> list[Line]:
    """Lines of "V/v …" in the left column under the number (ô 5b)."""
    if header is None or header.number_line is None:
        return []
    lines: list[Line] = []
    for row in layout.rows:
        if row.y <= header.number_line.y + 0.4 * layout.pitch:
            continue
        if lines and row.y - lines[-1].y > 2.4 * layout.pitch:
            break
        if row.y > header.number_line.y + 9 * layout.pitch and not lines:
            break
        left = row.part(lambda w: (w.box.x0 + w.box.x1) / 2 < header.split)
        if left is None or squeeze(row.text).startswith("kinh gui"):
            if lines:
                break
            continue
        if not lines and not re.match(r"\W{0,2}v\s?/\s?v|\W{0,2}ve viec", left.plain):
            continue
        lines.append(layout.segments(left)[0])
    return lines


def _under_title(layout: PageLayout, title: TitleRow) -> list[Line]:
    start = next((i for i, r in enumerate(layout.rows) if abs(r.y - title.line.y) < 1e-9), 0)
    rows = layout.rows[start + title.rows :]
    lines: list[Line] = []
    last = layout.rows[start + title.rows - 1].y
    step = 0.0
    for row in rows:
        segment = _central(layout, row)
        if segment is None:
            continue
        gap = row.y - last
        limit = 1.55 * step if step else 3.2 * layout.pitch
        if gap > max(limit, 2.0 * layout.pitch) or (
            _starts_body(segment) and _opens_body(segment, lines)
        ):
            break
        if lines:
            step = max(step, gap) if step else gap
        lines.append(segment)
        last = row.y
        if len(lines) > 14:
            return []
    return lines


def _opens_body(segment: Line, lines: Sequence[Line]) -> bool:
    """A body word at the start of a line ends the abstract, unless the sentence runs on."""
    if not lines:
        return not squeeze(segment.text).startswith(("thuc hien", "xet"))
    if segment.is_capitals() and not lines[0].is_capitals():
        return True
    return segment.text.lstrip("“\"' -")[:1].isupper() or segment.text[:1].isdigit()


def _central(layout: PageLayout, row: Line) -> Line | None:
    """The row without stamps at its sides: the segment that crosses the middle of the page."""
    for segment in layout.segments(row, gap=2.0):
        if segment.box.x0 < 0.56 and segment.box.x1 > 0.45:
            kept = segment.part(lambda w: any(c.isalnum() for c in w.text) or w.text in "-–—,;.")
            if kept and sum(c.isalpha() for c in kept.text) >= 3:
                return kept
    return None


# --- bằng chứng từ phụ lục ---------------------------------------------------------------------
def annex_numbers(pages: Sequence[PageLayout]) -> tuple[DocumentNumber, ...]:
    """Numbers repeated in annex heads ("Kèm theo Quyết định số 47/QĐ-UBND ngày …")."""
    found: list[DocumentNumber] = []
    for layout in pages:
        top = [r for r in layout.rows if r.y < 0.32]
        for i, row in enumerate(top):
            low = squeeze(row.text)
            if "kem theo" in low or "ban hanh theo" in low:
                text = " ".join(r.text for r in top[i : i + 3])
                found.extend(find_document_numbers(text)[:1])
    return tuple(found)


def with_witness(fields: Fields, cited: Sequence[DocumentNumber], year: str | None) -> Fields:
    """Annex heads that repeat the number: agreement lifts, disagreement keeps the flag.

    Only a number whose symbol is the document's own counts; a number hidden under a stamp is
    recovered as a flagged value.
    """
    symbol, number = fields["symbol"].value, fields["number"]
    same = [c for c in cited if isinstance(symbol, str) and plain(c.symbol) == plain(symbol)]
    # a legal text cites others of its kind in its annexes: its own has the year of its date
    same = [c for c in same if "/" not in c.number or c.number.endswith(f"/{year}")]
    if not same:
        return fields
    votes = {c.number for c in same}
    if number.value is None:
        changed = _from_annex(number, max(votes, key=[c.number for c in same].count))
    elif str(number.value) not in votes:
        others = tuple(Candidate(value=v, confidence=0.2) for v in sorted(votes))
        changed = replace(
            number,
            confidence=min(number.confidence, 0.6),
            needs_review=True,
            candidates=(*number.candidates, *others),
        )
    elif len(votes) == 1 and not number.needs_review:
        changed = replace(number, confidence=0.99)
    elif len(votes) == 1:
        changed = replace(number, confidence=max(number.confidence, 0.8))
    else:
        changed = replace(number, confidence=min(number.confidence, 0.5), needs_review=True)
    return fields | {"number": changed}


def _from_annex(number: FieldReading, cited: str) -> FieldReading:
    return replace(
        number, value=cited, confidence=0.6, needs_review=True, status=FieldStatus.PRESENT
    )


def same_office(a: str, b: str) -> bool:
    return squeeze(spell_out(a)) == squeeze(spell_out(b))
