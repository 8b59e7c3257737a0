# SPDX-License-Identifier: Apache-2.0
"""Phần cuối văn bản: where the signature block is and which lines it has (NĐ 30/2020, PL I, ô 7).

The block is often not on the last page, and a name in the abstract is not the signer. What its
lines say is read by `signer`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from ocr.header import is_annex
from ocr.layout import Line, PageLayout
from ocr.normalise import nfc
from ocr.page import Box, Word
from ocr.places import known_place
from ocr.receivers import is_receivers
from ocr.signer_names import best_name, has_surname, is_rank, name_words
from ocr.signing_titles import authority_in, rest_of_title, title_in

Said = Literal["authority", "title", "name"]


@dataclass(frozen=True, kw_only=True)
class Closing:
    """The signature block as found on one page.

    `opens`: its first line stands level with "Nơi nhận" or above, so no line before it was lost.
    `noise`: capitals between title and name that no list knows (a title under the seal).
    `cut`: something stands right beside the name that could not be read as a part of it.
    `rest`: what is left of the title where none could be read whole.
    """

    page: int
    authority: tuple[Line, ...]
    titles: tuple[Line, ...]
    name: Line | None
    score: float
    opens: bool
    noise: bool
    cut: bool = False
    rest: Line | None = None


def find_closing(layouts: Sequence[PageLayout]) -> Closing | None:
    """The best block among the pages; else a lone name at the right of one that ends there."""
    blocks = [b for layout in layouts if (b := _block_on(layout, layouts[0]))]
    best = max(blocks, key=lambda b: (b.score, -b.page), default=None)
    if best is not None and best.name is None:
        best = _name_overleaf(best, layouts)
    return best or _lone_name(layouts)


def _block_on(layout: PageLayout, first: PageLayout) -> Closing | None:
    rights, receivers = _right_half(layout), _receivers(layout)
    start = _start(layout, rights, receivers)
    if start is None:
        return None
    block = [line for line in rights if start - 1.2 * layout.pitch < line.y < start + 0.36]
    authority = tuple(line for line in block if authority_in(line.text))
    titles = tuple(line for line in block if line not in authority and title_in(line.text))
    last = max([line.y for line in (*authority, *titles)], default=start)
    titles = tuple(t for t in titles if t.y < start + 0.14)
    rest = None if titles else rest_of_title(block)
    last = max(last, rest.y) if rest else last
    below = [line for line in block if line.y > last + 0.5 * layout.pitch]
    name = best_name(below)
    score = 2.0 * bool(receivers) + 1.5 * bool(authority) + bool(titles) + 1.2 * bool(name)
    if layout is not first and is_annex(layout):
        score -= 3.0
    if not (receivers or authority or ((titles or rest) and name)):
        return None
    first_line = min([line.y for line in (*authority, *titles)], default=1.0)
    return Closing(
        page=layout.number,
        authority=authority,
        titles=titles,
        name=name,
        score=score,
        opens=bool(receivers and first_line < receivers.y + 0.8 * layout.pitch),
        noise=_unknown_capitals(block, (*authority, *titles), name),
        cut=name is not None and _is_cut(name, below),
        rest=rest,
    )


def _start(layout: PageLayout, rights: Sequence[Line], receivers: Line | None) -> float | None:
    """Height at which the block begins: level with "Nơi nhận", else its first authority line."""
    if receivers is not None:
        above = [
            line.y
            for line in rights
            if receivers.y - 9 * layout.pitch < line.y <= receivers.y + layout.pitch
            and (authority_in(line.text) or title_in(line.text))
        ]
        return min([receivers.y, *above])
    for line in rights:
        if line.y > 0.08 and (authority_in(line.text) or title_in(line.text)):
            return line.y
    return None


def _receivers(layout: PageLayout) -> Line | None:
    """The line "Nơi nhận:", or where its list begins."""
    return next((r for r in layout.rows if is_receivers(r)), None) or _list_head(layout)


def _list_head(layout: PageLayout) -> Line | None:
    """First line of the list that ends in "- Lưu: VT": its heading could not be read."""
    starts = (i for i, r in enumerate(layout.rows) if re.match(r"\W*luu\s?[:;.]?\s?v", r.plain))
    last = next(starts, None)
    if last is None:
        return None
    first = last
    while first > 0 and re.match(r"\s*[-–—~]", layout.rows[first - 1].text):
        first -= 1
    return layout.rows[max(0, first - 1)] if last - first >= 2 else None


def _right_half(layout: PageLayout) -> list[Line]:
    return [line for row in layout.rows if (line := _right_part(layout, row))]


def _right_part(layout: PageLayout, row: Line) -> Line | None:
    """What stands in the right half and is no running text from the left."""
    for segment in layout.segments(row, gap=1.3):
        if segment.box.middle_x > 0.55 and segment.box.x0 > 0.4:
            words = tuple(w for w in row.words if w.box.x0 >= segment.box.x0)
            return Line(page=row.page, words=words, y=row.y)
    return None


def _unknown_capitals(block: Sequence[Line], known: Sequence[Line], name: Line | None) -> bool:
    limit = name.y if name else 1.0
    rest = [line for line in block if line not in known and line.y < limit - 0.004]
    for line in rest:
        capitals = [w for w in re.findall(r"[^\W\d_]{3,}", nfc(line.text)) if w.isupper()]
        if len("".join(capitals)) >= 5:
            return True
    return False


def _is_cut(name: Line, lines: Sequence[Line]) -> bool:
    """What is left of "Ng#yễn Hoàng Giang" is a whole name, of another person.

    Letters that belong to no name stand beside it, or a word is missing in its middle.
    """
    letter = name.box.width / max(1, len(name.text))
    if any(b.box.x0 - a.box.x1 > 2 * letter for a, b in pairwise(name.words)):
        return True
    words = next((line.words for line in lines if name.words[0] in line.words), ())
    others = [w for w in words if w not in name.words and w.box.x0 > 0.4]
    if is_rank(" ".join(w.text for w in others)):
        return False  # "Đại tướng Tô Lâm"
    # the "ỗ" of a Đỗ whose Đ is gone; strokes of a pen are single letters too, but never sure ones
    beside = [w for w in others if sum(map(str.isalnum, w.text)) > 1 or _is_sure_letter(w)]
    return any(
        -letter < gap < 2 * letter
        for w in beside
        for gap in (name.box.x0 - w.box.x1, w.box.x0 - name.box.x1)
    )


def _is_sure_letter(word: Word) -> bool:
    return len(word.text) == 1 and word.text.isalpha() and word.confidence >= 0.8


def _name_overleaf(block: Closing, layouts: Sequence[PageLayout]) -> Closing:
    """A block at the foot of a page: the name may stand at the head of the next."""
    after = next((p for p in layouts if p.number == block.page + 1), None)
    lowest = max([line.y for line in (*block.authority, *block.titles)], default=0.0)
    if after is None or lowest < 0.8:
        return block
    rights = [ln for row in after.rows if row.y < 0.2 and (ln := _right_part(after, row))]
    return replace(block, name=best_name(rights))


def _lone_name(layouts: Sequence[PageLayout]) -> Closing | None:
    """Nothing but a name at the right of a page that ends there (a law under a seal): flagged."""
    for layout in reversed(layouts):
        for row in reversed(layout.rows):
            line = _right_part(layout, row)
            name = name_words(line) if line and line.y > 0.2 and line.box.x0 > 0.5 else None
            if name and has_surname(name) and known_place(name.text) is None:
                return Closing(
                    page=layout.number,
                    authority=(),
                    titles=(),
                    name=name,
                    score=0.0,
                    opens=False,
                    noise=True,
                )
    return None


def block_zone(layout: PageLayout) -> Box | None:
    """Where the signature block of a page stands, from above its first line to below the name."""
    rights, receivers = _right_half(layout), _receivers(layout)
    start = _start(layout, rights, receivers)
    if start is None:
        return None
    acting = receivers is not None or any(authority_in(r.text) for r in rights)
    if not acting and not _nothing_reads_on(layout, start):
        return None
    return Box(0.42, max(0.0, start - 4 * layout.pitch), 1.0, min(1.0, start + 0.33))


def _nothing_reads_on(layout: PageLayout, start: float) -> bool:
    """Below a title in the text stands more text, below the one of a certificate its signature."""
    below = [row for row in layout.rows if start + 0.5 * layout.pitch < row.y < start + 0.2]
    return start > 0.3 and all(row.box.x0 > 0.42 for row in below)


def said_in_block(words: Sequence[Word]) -> Said | None:
    """What a line of the block is: "authority", "title", "name" of a known family, or None."""
    line = Line(page=0, words=tuple(words), y=0.0)
    if (seen := authority_in(line.text)) and title_in(seen.whom):
        return "authority"
    if title_in(line.text):
        return "title"
    name = name_words(line)
    return "name" if name is not None and has_surname(name) else None
