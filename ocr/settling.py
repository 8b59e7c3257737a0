# SPDX-License-Identifier: Apache-2.0
"""What the rest of the paper says of a value: annex heads, the drafter's line, the other offices.

Two readers that differ on a word leave a doubt that no look at the same ink takes away. A paper
says many things twice, though: an annex names the paper it belongs to (NĐ 30/2020, PL I, phần VII),
"Lưu: VT, KTTH" the unit that drafted it, which is the end of its symbol (ô 3 and 9b), the symbol
the office's initials. Where such a place agrees the value is settled, written by hand or not.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ocr.extraction import Candidate, FieldReading, Fields, FieldStatus
from ocr.identifiers import DocumentNumber, find_document_numbers
from ocr.layout import PageLayout
from ocr.normalise import calendar_date, plain, squeeze
from ocr.office_names import known_office, office_initials
from ocr.page import Word
from ocr.places import known_place
from ocr.spelling import is_said_elsewhere

_DATED = re.compile(
    r"ngay\s?(\d{1,2})\s?(?:/|thang)\s?(\d{1,2})\s?(?:/|nam)\s?((?:19|20)\d\d)\b"
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """The paper as the head of one of its annexes names it."""

    number: DocumentNumber
    issued_on: dt.date | None


def annex_heads(pages: Sequence[PageLayout]) -> tuple[Cited, ...]:
    """What annex heads say ("Kèm theo Quyết định số 47/QĐ-UBND ngày …")."""
    found: list[Cited] = []
    for layout in pages:
        top = [r for r in layout.rows if r.y < 0.32]
        for i, row in enumerate(top):
            low = squeeze(row.text)
            if "kem theo" in low or "ban hanh theo" in low:
                text = " ".join(r.text for r in top[i : i + 3])
                for number in find_document_numbers(text)[:1]:
                    found.append(Cited(number=number, issued_on=_dated(text)))
    return tuple(found)


def _dated(text: str) -> dt.date | None:
    found = _DATED.search(plain(text))
    return calendar_date(*map(int, found.groups())) if found else None


def with_annexes(fields: Fields, cited: Sequence[Cited]) -> Fields:
    """Number and date beside what annex heads repeat: agreement settles, disagreement flags.

    Only a number whose symbol is the document's own counts; a number hidden under a stamp is
    recovered as a flagged value.
    """
    symbol, year = fields["symbol"].value, str(fields["issued_on"].value or "")[:4] or None
    same = [c for c in cited if isinstance(symbol, str) and plain(c.number.symbol) == plain(symbol)]
    # a legal text cites others of its kind in its annexes: its own has the year of its date
    same = [c for c in same if "/" not in c.number.number or c.number.number.endswith(f"/{year}")]
    if not same:
        return fields
    number = _voted(fields["number"], [c.number.number for c in same])
    dates = {c.issued_on for c in same if c.issued_on and c.number.number == number.value}
    issued = fields["issued_on"]
    if {date.isoformat() for date in dates} == {issued.value}:
        issued = _settled(issued)
    return fields | {
        "number": number,
        "issued_on": issued,
        "full_number": _in_full(fields["full_number"], number, fields["symbol"]),
    }


def _voted(number: FieldReading, votes: Sequence[str]) -> FieldReading:
    if number.value is None:
        best = max(dict.fromkeys(votes), key=votes.count)
        return replace(
            number, value=best, confidence=0.6, needs_review=True, status=FieldStatus.PRESENT
        )
    if str(number.value) not in votes:
        others = tuple(Candidate(value=v, confidence=0.2) for v in sorted(set(votes)))
        return replace(
            number,
            confidence=min(number.confidence, 0.6),
            needs_review=True,
            candidates=(*number.candidates, *others),
        )
    if len(set(votes)) > 1:
        return replace(number, confidence=min(number.confidence, 0.5), needs_review=True)
    sure = 0.8 if number.needs_review else 0.99
    return _settled(replace(number, confidence=max(number.confidence, sure)))


def _in_full(full: FieldReading, number: FieldReading, symbol: FieldReading) -> FieldReading:
    """Số, ký hiệu as its two halves stand now."""
    if number.value is None or symbol.value is None:
        return full
    whole = DocumentNumber(number=str(number.value), symbol=str(symbol.value))
    weaker = min(number, symbol, key=lambda half: half.confidence)
    return replace(
        full,
        value=full.value or whole.full,
        confidence=weaker.confidence,
        needs_review=number.needs_review or symbol.needs_review,
        status=FieldStatus.PRESENT,
        evidence=weaker.evidence,
    )


def with_drafter(fields: Fields, recipients: FieldReading) -> Fields:
    """The symbol beside "Lưu: VT, KTTH.": the unit that drafts ends the symbol of a công văn."""
    symbol, items = fields["symbol"], recipients.value
    kept = items[-1] if isinstance(items, list) and items else ""
    if symbol.evidence is None or not re.match(r"\W*luu\b", plain(kept)):
        return fields
    office = fields["issuer"].value
    initials = office_initials(office if isinstance(office, str) else None)
    first, *others = re.split(r"[-/&]", str(symbol.value))
    if not others or not (first in initials or symbol.evidence.witnesses):
        return fields
    # "KTTHa47": the drafter's own name and the copies follow without a blank
    named = all(re.search(rf"(?<!\w){re.escape(t)}(?![A-ZĐ])", kept) for t in others)
    if not named:
        return fields
    settled = _settled(symbol)
    return fields | {
        "symbol": settled,
        "full_number": _in_full(fields["full_number"], fields["number"], settled),
    }


def with_offices(fields: Fields, pages: Sequence[PageLayout], heading: Sequence[Word]) -> Fields:
    """Offices of the catalogue that the symbol's initials or another place of the paper name.

    `heading`: the words of the letter head, which are no witnesses of themselves.
    """
    tokens = re.split(r"[-/]", str(fields["symbol"].value or ""))
    changed = dict(fields)
    for key in ("issuer", "parent_issuer"):
        seen = fields[key]
        name = known_office(str(seen.value)) if isinstance(seen.value, str) else None
        if name is None:
            continue
        province = known_place(re.split(r"\b(?:tỉnh|thành phố) ", name)[-1])
        told = province or name
        own = not province and any(t in office_initials(name) for t in tokens if len(t) > 2)
        if own or is_said_elsewhere(told, pages, heading):
            changed[key] = _settled(seen)
    return changed


def _settled(seen: FieldReading) -> FieldReading:
    evidence = seen.evidence
    if evidence is None:
        return seen
    more = replace(evidence, settled=True, witnesses=max(evidence.witnesses, 2))
    return replace(seen, evidence=more)
