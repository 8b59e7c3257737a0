# SPDX-License-Identifier: Apache-2.0
"""Trích yếu: what a paper is about (NĐ 30/2020, PL I, ô 5a and 5b), and how far to believe it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ocr.classify import TitleRow
from ocr.compounds import mended, without_echoes
from ocr.confidence import Evidence, absent, reading
from ocr.extraction import FieldReading
from ocr.header import Header
from ocr.layout import Line, PageLayout
from ocr.normalise import squeeze
from ocr.page import Word
from ocr.wording import Token, as_the_body_spells, judge, tokens_of, words_of

_BODY = re.compile(
    r"^(can cu|kinh gui|thuc hien|theo de nghi|de trien khai|de thuc hien|de thong nhat|dieu 1"
    r"|quyet dinh|chuong [i1]|phan (thu|i|1)|trong thoi gian|trong thang|ngay \d|xet|hom nay"
    r"|vao luc|vao hoi|i|1)\b"
)
# the authority that enacts, in capitals: "BỘ TRƯỞNG BỘ GIÁO DỤC VÀ ĐÀO TẠO"
_ENACTING = re.compile(
    r"^(chu tich|bo truong|giam doc|uy ban|hoi dong|thu tuong|chanh|tong cuc truong|cuc truong"
    r"|hieu truong|vien truong|quoc hoi|chinh phu)\b"
)


def read_abstract(
    pages: Sequence[PageLayout], header: Header | None, title: TitleRow | None
) -> FieldReading:
    """Trích yếu: the lines under the type title, or "V/v …" under the number of a công văn."""
    layout = pages[0]
    lines = _under_title(layout, title) if title is not None else about_lines(layout, header)
    if not lines:
        return absent(unsure=True)
    words = tuple(w for line in lines for w in line.words)
    raw = " ".join(line.text for line in lines)
    if title is None:
        raw = re.sub(r"^(\W{0,2})[Vv]\s?[/1Il|\\]?\s?v\b", r"\1V/v", raw)
    seen = re.sub(r"\s+", " ", raw).strip(" -_~.|'`“") if title else raw.strip()
    below = _words_below(pages, lines[-1])
    body = " ".join(token for token, _ in below)
    own = tokens_of(words)
    value = without_echoes(mended(as_the_body_spells(seen, own, below)))
    judged = judge(value, own, below)
    evidence = Evidence(
        kind="text",
        token=judged.weakest,
        witnesses=2 if _said_again(seen, body) else 0,
        # no lexicon tells "72/2024" from 79/2024 or a name from another: what is neither said again
        # nor made of known words is never certain; ";" and "," are one on a bad copy
        position=header is not None
        and ";" not in value
        and _ends_cleanly(layout, lines)
        and (_said_again(seen, body) or judged.known),
        grammar=len(value) > 5 and not _holds_noise(words),
        conflict=value != seen or judged.disputed,
        settled=judged.settled,
    )
    return reading(value, words, layout.number, evidence, raw=raw)


_OVER = 0.08


def _words_below(pages: Sequence[PageLayout], last: Line) -> list[Token]:
    """What stands after the abstract's last line; the next pages count too."""
    rows = [r for r in pages[0].rows if r.y > last.y + 0.3 * pages[0].pitch]
    rows += [row for page in pages[1:4] for row in page.rows]
    return [token for row in rows for token in tokens_of(row.words)]


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


_ABOUT = re.compile(r"\W{0,2}(?:v\s?[/1il|\\]?\s?v\b|ve viec)")
"""The stroke of "V/v" is lost or read as a letter."""


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
        if not lines and not _ABOUT.match(left.plain):
            continue
        lines.append(_own_column(layout, row, left, header.split))
    return lines


def _own_column(layout: PageLayout, row: Line, left: Line, split: float) -> Line:
    """What stands under the number; its last words may reach a little over the column's edge."""
    first = layout.segments(row)[0]
    return first if first.box.x1 < split + _OVER else layout.segments(left)[0]


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
        if len(lines) > 24:  # amending decrees name all they amend
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
            # a last line may hold a year alone ("… giai đoạn 2021 -"), or one word ("… địa bàn xã")
            if kept and sum(c.isalnum() for c in kept.text) >= 2:
                return kept
    return None
