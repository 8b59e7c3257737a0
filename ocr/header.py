# SPDX-License-Identifier: Apache-2.0
"""Phần đầu văn bản (NĐ 30/2020, PL I, ô 1-4): where its rows and columns stand on the page.

What the rows say is read by `number_line`, `place_and_date` and `issuer`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rapidfuzz import fuzz

from ocr.layout import Line, PageLayout
from ocr.normalise import squeeze
from ocr.page import Word

NATIONAL_TITLE = "cong hoa xa hoi chu nghia viet nam"
MOTTO = "doc lap tu do hanh phuc"
PARTY_TITLE = "dang cong san viet nam"


@dataclass(frozen=True, kw_only=True)
class Header:
    """Phần đầu văn bản (NĐ 30 PL I, ô 1-4): what stands left and right of `split`.

    `sure`: the Quốc hiệu (or the Party's title) was read; without it the position of everything
    else is only likely. `number_row` and `date_row` may be the same row of the page.
    """

    page: int
    split: float
    top: float
    sure: bool
    party: bool
    issuer_lines: tuple[Line, ...]
    number_line: Line | None
    date_line: Line | None
    bottom: float


NUMBER_LABEL = re.compile(
    r"^\W{0,2}(?:luat\s*|phap lenh\s*|nghi quyet\s*|lenh\s*)?s[o0e6]\s{0,2}(?:[:.;]|(?=\W|\d|$))"
)
_LOST_COLON = re.compile(r"\d|/")
"""Without its colon "Số" must be followed by a digit or a slash: "SỞ Y TẾ" is no number."""
_DATE_WORDS = re.compile(r"ng[ao]y.*th[ao]ng|ng[ao]y.*nam|thang.*nam\s*\d{4}|,\s*nga?y?")


def find_header(layout: PageLayout, is_title: Callable[[Line], bool]) -> Header | None:
    """The header on a page, or None. Nothing below the type title is looked at."""
    for i, row in enumerate(layout.rows):
        if row.y > 0.55:
            break
        start, party = _national_title(row)
        if start is not None:
            return _header_around(layout, i, start, party, is_title)
    return _header_without_title(layout, is_title)


def _national_title(row: Line) -> tuple[float | None, bool]:
    """X of the first word of the Quốc hiệu in a row; whether it is the Party's title instead."""
    text = row.plain
    for title, party in ((NATIONAL_TITLE, False), (PARTY_TITLE, True)):
        found = fuzz.partial_ratio_alignment(title, text, score_cutoff=82)
        if found and len(text) >= 0.8 * len(title) and row.is_capitals():
            word = row.words_between(found.dest_start + 1, found.dest_start + 3)
            # the word before may have been taken in: the title starts with a long word
            return (word[0].box.x0 if word else row.box.x0), party
    return None, False


def _header_around(
    layout: PageLayout, at: int, start: float, party: bool, is_title: Callable[[Line], bool]
) -> Header:
    rows = layout.rows
    top = rows[at].y
    # Party papers carry their title on the right, level with the parent organ, like ours
    split = start - 0.008
    reach = top + 16 * layout.pitch
    below = [r for r in rows[at + 1 :] if r.y <= reach]
    ends = next((i for i, row in enumerate(below) if is_title(row)), len(below))
    title = below[ends].y if ends < len(below) else top + 6 * layout.pitch
    below = below[:ends]
    # the date first: a number whose label is lost is only known by standing level with it
    date = next((d for row in below if (d := _date_part(layout, row, split))), None)
    found = (n for row in below if (n := _number_part(layout, row, split, date)))
    number = next(found, None)
    last = max([top, *(line.y for line in (number, date) if line)])
    limit = min([r.y for r in (number, date) if r] or [title])
    return Header(
        page=layout.number,
        split=split,
        top=top,
        sure=True,
        party=party,
        issuer_lines=_issuer_lines(layout, top, limit, split),
        number_line=number,
        date_line=date,
        # a card or a form has neither number nor date here: its title stands close below
        bottom=last if number or date else min(title, top + 2 * layout.pitch),
    )


def _header_without_title(layout: PageLayout, is_title: Callable[[Line], bool]) -> Header | None:
    """No Quốc hiệu could be read: a number row level with a place-and-date line is one too."""
    for row in layout.rows:
        if row.y > 0.4 or is_title(row):
            break
        date = _date_part(layout, row, 0.45)
        number = _number_part(layout, row, 0.5, None)
        if date and number and _apart(layout, row, number, date):
            return Header(
                page=layout.number,
                split=date.box.x0 - 0.01,
                top=max(0.0, row.y - 5 * layout.pitch),
                sure=False,
                party=False,
                issuer_lines=_issuer_lines(
                    layout, row.y - 5 * layout.pitch, row.y, date.box.x0 - 0.01
                ),
                number_line=number,
                date_line=date,
                bottom=row.y,
            )
    return None


def _apart(layout: PageLayout, row: Line, number: Line, date: Line) -> bool:
    """Number at the row's start, date after a column gap: no sentence that cites both."""
    first = row.words[0].box.x0 >= number.box.x0 - 0.001
    before = max((w.box.x1 for w in row.words if w.box.x1 <= date.box.x0), default=0.0)
    return first and (date.box.x0 - before) * layout.aspect > 1.2 * layout.pitch


def _date_part(layout: PageLayout, row: Line, split: float) -> Line | None:
    """The place-and-date line of a row: the right column, from the place name to the year."""
    found = _DATE_WORDS.search(row.plain)
    if not found:
        return None
    anchor = row.words_between(found.start(), found.start() + 2)
    if not anchor or anchor[0].box.x1 < split - 0.06:
        return None
    first = row.words.index(anchor[0])
    # the place name: to the left as far as the words stand close and hold no "/"
    while first > 0:
        left, here = row.words[first - 1], row.words[first]
        gap = (here.box.x0 - left.box.x1) * layout.aspect
        if gap > 1.6 * layout.pitch or "/" in left.text or not _may_name_a_place(left, split):
            break
        first -= 1
    return Line(page=row.page, words=row.words[first:], y=row.y)


def _may_name_a_place(word: Word, split: float) -> bool:
    # "Bà Rịa - Vũng Tàu": a dash may stand in it
    letters = bool(re.match(r"[^\W\d_]|[-–—]$", word.text))
    return letters and word.box.x0 > split - 0.12


def _number_part(layout: PageLayout, row: Line, split: float, date: Line | None) -> Line | None:
    """The number line of a row: the left column, from "Số" on."""
    level = date is not None and abs(date.y - row.y) < 1.1 * layout.pitch
    edge = date.box.x0 if date and level else split + 0.02
    left = row.part(lambda w: w.box.middle_x < edge)
    if left is None:
        return None
    for i in range(min(4, len(left.words))):
        rest = Line(page=row.page, words=left.words[i:], y=row.y)
        found = NUMBER_LABEL.match(rest.plain)
        if found and (found[0][-1] in ":.;" or _LOST_COLON.search(rest.plain)):
            return _with_gap_words(layout, rest)
    # the label itself unreadable (a stamp over it), the symbol not: level with the date only
    if level and re.search(r"/\s*[A-ZĐÐ&]{2}|\b[A-Z]{2}\S*-[A-Z]{2}", left.text):
        return left
    return None


def _with_gap_words(layout: PageLayout, line: Line) -> Line:
    """Handwriting stands off the base line: words of other rows inside the line's own gap."""
    box = line.box
    inside = [
        w
        for row in layout.rows
        for w in row.words
        if row.y != line.y
        and box.x0 < w.box.middle_x < box.x1
        and abs(w.box.middle_y - line.words[0].box.middle_y) < 0.7 * layout.pitch
    ]
    if not inside:
        return line
    words = tuple(sorted((*line.words, *inside), key=lambda w: w.box.x0))
    return Line(page=line.page, words=words, y=line.y)


def _issuer_lines(layout: PageLayout, top: float, limit: float, split: float) -> tuple[Line, ...]:
    """Capitals of the left column, from a line above the Quốc hiệu down to the number line."""
    lines = []
    for row in layout.rows:
        if not top - 1.6 * layout.pitch <= row.y < limit - 0.5 * layout.pitch:
            continue
        # an issuer's own name may reach a little over the split
        left = row.part(lambda w: w.box.middle_x < split)
        if left is None:
            continue
        left = left.part(lambda w: bool(re.search(r"[^\W\d_]", w.text)))
        if left and "/" not in left.text and left.is_capitals() and _reads_as_words(left):
            lines.append(left)
    return tuple(lines)


def _reads_as_words(line: Line) -> bool:
    """A rule under the issuer comes as "Nunn" or "——": short, low, alone."""
    letters = sum(c.isalpha() for c in line.text)
    return letters >= 3 and max(w.confidence for w in line.words) >= 0.2


def is_annex(layout: PageLayout) -> bool:
    """Phụ lục, biểu mẫu: a page that belongs to the document before it."""
    for row in layout.rows:
        if row.y > 0.3:
            break
        text = squeeze(row.text)
        if re.match(r"(phu luc|(ban hanh )?kem theo|mau so|mau [a-z]{1,3} ?\d+|mau \d+)\b", text):
            return True
    return False
