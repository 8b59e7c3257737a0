# SPDX-License-Identifier: Apache-2.0
"""Số, ký hiệu (NĐ 30/2020, PL I, ô 3): the number line cut into number and symbol.

Taken from its own row and column or not at all: numbers cited in the body read at 92-97 and are
the classic silent error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from ocr.confidence import Evidence, absent, reading, unreadable, weakest
from ocr.document_types import DocumentType
from ocr.extraction import Candidate, FieldReading, Fields, FieldStatus
from ocr.header import NUMBER_LABEL, Header
from ocr.identifiers import DocumentNumber, parse_document_number
from ocr.layout import Line
from ocr.normalise import SLASHES, clean_symbol, digits_of, plain
from ocr.office_names import office_initials
from ocr.page import Word


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


def _stands_alone(symbol: str, kind: DocumentType | None, office: str | None) -> bool:
    """Forms have the symbol of their type or of their office alone: "…/GPXD", "954/TTPVHCC"."""
    if kind is None or kind.is_letter:
        return False
    return symbol in kind.symbols or symbol in office_initials(office)


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
