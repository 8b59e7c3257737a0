# SPDX-License-Identifier: Apache-2.0
"""Tên cơ quan, tổ chức ban hành (NĐ 30/2020, PL I, ô 2) and the office above it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ocr.catalogue import OFFICE_HEADS
from ocr.confidence import Evidence, absent, reading, weakest
from ocr.extraction import FieldReading, Fields
from ocr.header import Header
from ocr.layout import Line
from ocr.normalise import comparable, office_case, squeeze
from ocr.office_names import LEVEL_LOST, committee_of, known_office, mend_head
from ocr.page import Word
from ocr.places import mend_province


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


def _starts_office(text: str, before: Sequence[Line]) -> bool:
    """A line that starts with "SỞ", "CỤC"…; "BAN" after "BỘ … VÀ" does not."""
    low = squeeze(text)
    if re.search(r"\b(va|ve|cac)$", squeeze(before[-1].text)):
        return False
    return any(low == h or low.startswith(h + " ") for h in OFFICE_HEADS)


_UNDER_ANOTHER = ("so ", "phong ")
"""Departments and divisions stand under their committee or department, which is printed (ô 2)."""


def _office(lines: Sequence[Line], place: str) -> FieldReading:
    words = tuple(w for line in lines for w in line.words)
    raw = " ".join(line.text for line in lines)
    # a lone "ˆ" counts as a letter for \w
    kept = re.sub(r"(?:\s[ʰ-˿\W]+)+$", "", raw)
    kept = re.sub(r"^[^\w(]+|[^\w).]+$", "", kept).rstrip(".")
    known = known_office(kept) or committee_of(kept, place)
    mended = known or mend_province(mend_head(kept))
    low = squeeze(mended)
    evidence = Evidence(
        kind="office",
        token=weakest(_told(words)),
        grammar=any(low.startswith(h) for h in OFFICE_HEADS)
        and kept.count("(") == kept.count(")")
        and not LEVEL_LOST.match(low),
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
