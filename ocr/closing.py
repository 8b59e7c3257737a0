# SPDX-License-Identifier: Apache-2.0
"""Phần cuối văn bản: who signed and in what right, who receives (NĐ 30/2020, PL I, ô 7 and 9).

The signature block is often not on the last page, and a name in the abstract is not the signer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from ocr.confidence import Evidence, absent, reading, unreadable, weakest
from ocr.extraction import FieldReading
from ocr.layout import Line, PageLayout, is_annex
from ocr.letterhead import known_office
from ocr.normalise import nfc, squeeze
from ocr.page import Box, Word
from ocr.places import known_place
from ocr.receivers import is_receivers
from ocr.signer_names import (
    as_names_are_spelled,
    best_name,
    family_name,
    from_family_name,
    has_doubtful_marks,
    has_no_syllable,
    has_surname,
    is_rank,
    name_words,
    spelled,
    without_rank,
)
from ocr.signing_titles import (
    LAST_WORDS,
    Authority,
    authority_in,
    chiefs_of,
    deputy_of,
    office_in_full,
    rest_of_title,
    title_in,
)

Fields = dict[str, FieldReading]
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


def read_closing(layouts: Sequence[PageLayout]) -> Fields:
    """`signing_authority`, `signer_title`, `signer` of the best block among the pages."""
    blocks = [b for layout in layouts if (b := _block_on(layout, layouts[0]))]
    best = max(blocks, key=lambda b: (b.score, -b.page), default=None)
    if best is not None and best.name is None:
        best = _name_overleaf(best, layouts)
    if best is None:
        best = _lone_name(layouts)
    if best is None:
        return {
            "signing_authority": absent(unsure=True),
            "signer_title": absent(unsure=True),
            "signer": absent(unsure=True),
        }
    return {
        "signing_authority": _authority(best),
        "signer_title": _title(best),
        "signer": _signer(best),
    }


def block_zone(layout: PageLayout) -> Box | None:
    """Where the signature block of a page stands, from above its first line to below the name."""
    rights = [line for row in layout.rows if (line := _right_part(layout, row))]
    receivers = next((r for r in layout.rows if is_receivers(r)), None) or _list_head(layout)
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


def _name_overleaf(block: Closing, layouts: Sequence[PageLayout]) -> Closing:
    """A block at the foot of a page: the name may stand at the head of the next."""
    after = next((p for p in layouts if p.number == block.page + 1), None)
    lowest = max([line.y for line in (*block.authority, *block.titles)], default=0.0)
    if after is None or lowest < 0.8:
        return block
    rights = [ln for row in after.rows if row.y < 0.2 and (ln := _right_part(after, row))]
    return replace(block, name=best_name(rights))


def _block_on(layout: PageLayout, first: PageLayout) -> Closing | None:
    rights = [line for row in layout.rows if (line := _right_part(layout, row))]
    receivers = next((r for r in layout.rows if is_receivers(r)), None) or _list_head(layout)
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


def _unknown_capitals(block: Sequence[Line], known: Sequence[Line], name: Line | None) -> bool:
    limit = name.y if name else 1.0
    rest = [line for line in block if line not in known and line.y < limit - 0.004]
    for line in rest:
        capitals = [w for w in re.findall(r"[^\W\d_]{3,}", nfc(line.text)) if w.isupper()]
        if len("".join(capitals)) >= 5:
            return True
    return False


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


def _right_part(layout: PageLayout, row: Line) -> Line | None:
    """What stands in the right half and is no running text from the left."""
    for segment in layout.segments(row, gap=1.3):
        middle = (segment.box.x0 + segment.box.x1) / 2
        if middle > 0.55 and segment.box.x0 > 0.4:
            words = tuple(w for w in row.words if w.box.x0 >= segment.box.x0)
            return Line(page=row.page, words=words, y=row.y)
    return None


def _authority(block: Closing) -> FieldReading:
    """The TM./KT. lines. None is believed only of a chief's title that opens the block."""
    if not block.authority:
        return _acting_by_hand(block) or absent(unsure=not _signs_for_himself(block))
    words = tuple(w for line in block.authority for w in line.words)
    seen = [a for line in block.authority if (a := authority_in(line.text))]
    stops = ("" if "/" in a.prefix else "." for a in seen)
    paired = _is_paired(block)
    value = [
        f"{a.prefix}{stop} {office_in_full(a.whom)}" for a, stop in zip(seen, stops, strict=True)
    ]
    evidence = Evidence(
        kind="office",
        token=weakest(words),
        position=all(title_in(a.whom) or known_office(a.whom) for a in seen),
        repaired=any(a.repaired for a in seen),
        conflict=_is_lone_deputy(block) or not block.titles or not _is_complete(block),
        settled=paired,
        witnesses=int(paired),
    )
    return reading(value, words, block.page, evidence)


def _is_complete(block: Closing) -> bool:
    """No line of the authority was lost: the block opens level with "Nơi nhận", or can open so.

    Above a TM. stands nothing, nor above the KT. of a chief who heads no collective (NĐ 30/2020,
    Đ.13). A line in between that was lost leaves a deputy without KT., a beginning that was lost a
    line out of the middle of the block.
    """
    if block.opens:
        return True
    first, title = block.authority[0], block.titles[-1] if block.titles else None
    seen = authority_in(first.text)
    if seen is None or title is None:
        return False
    opening = seen.prefix == "TM" or (
        seen.prefix == "KT" and title_in(seen.whom) not in (None, "CHỦ TỊCH")
    )
    return opening and len(block.titles) == 1 and abs(_middle(first) - _middle(title)) < _CENTRED


_CENTRED = 0.01
"""Share of the page's width: so far at most are lines out of the middle of a block; "KT. " is .02
wide."""


def _middle(line: Line) -> float:
    return (line.box.x0 + line.box.x1) / 2


def _is_paired(block: Closing) -> bool:
    """Authority and title ask for each other (NĐ 30/2020, Đ.13): KT. a deputy, TM. a head.

    Each is in a closed list; that a misreading should give another pair is out of the question.
    """
    title = title_in(block.titles[-1].text) if len(block.titles) == 1 else None
    seen = [a for line in block.authority if (a := authority_in(line.text))]
    if title is None or not seen:
        return False
    acting = [a for a in seen if a.prefix in ("KT", "K/T")]
    if acting:
        chief = title_in(acting[-1].whom)
        return acting == seen[-1:] and chief is not None and chief in chiefs_of(title)
    for_whom = squeeze(seen[-1].whom)
    collective = [a.prefix for a in seen] == ["TM"] and for_whom in _COLLECTIVE
    return collective and title in _HEADS


_OF_A_BODY = frozenset({"CHỦ TỊCH QUỐC HỘI", "CHỦ TỊCH NƯỚC"})
_COLLECTIVE = frozenset({"uy ban nhan dan", "hoi dong nhan dan"})
_HEADS = frozenset({"CHỦ TỊCH", "PHÓ CHỦ TỊCH"})


def _is_lone_deputy(block: Closing) -> bool:
    """A deputy without KT., or KT. without a deputy: unread ink.

    In the Party a deputy secretary signs for the committee itself (T/M BAN THƯỜNG VỤ).
    """
    for_committee = any(line.text.lstrip().startswith("T/M") for line in block.authority)
    return _is_deputy(block) != _is_acting(block) and not for_committee


def _acting_by_hand(block: Closing) -> FieldReading | None:
    """A "KT." by hand over a typed GIÁM ĐỐC: two titles, the lower one the deputy's."""
    if len(block.titles) < 2 or not _is_deputy(block):
        return None
    upper, lower = (title_in(line.text) or "" for line in block.titles[-2:])
    if upper not in chiefs_of(lower):
        return None
    line = block.titles[-2]
    evidence = Evidence(kind="office", token=weakest(line.words), repaired=True)
    return reading([f"KT. {upper}"], line.words, block.page, evidence, raw=line.text)


def _signs_for_himself(block: Closing) -> bool:
    """A chief's title alone at the head of the block, every line of which could be read."""
    whole = len(block.titles) == 1 and _is_whole(block.titles[0])
    # a law ends with its signature; the title names the body, so that no TM. stands above
    opens = block.opens or (whole and title_in(block.titles[0].text) in _OF_A_BODY)
    clear = opens and not block.noise and block.name is not None
    return whole and clear and not _is_deputy(block)


def _is_whole(line: Line) -> bool:
    return squeeze(line.text) == squeeze(title_in(line.text) or "")


def _is_whole_and_centred(block: Closing) -> bool:
    """A title of the closed list over the middle of the name: nothing stood before or behind it.

    What is misread as "GIÁM ĐỐC" letter by letter is a "PHÓ GIÁM ĐỐC", twice as far to one side.
    """
    line, name = block.titles[-1], block.name
    if name is None or block.cut or not _is_whole(line):
        return False
    return abs(_middle(line) - _middle(name)) < _CENTRED


def _is_deputy(block: Closing) -> bool:
    named = title_in(block.titles[-1].text) if block.titles else None
    return bool(named and re.match(r"(pho|thu truong)", squeeze(named)))


def _is_acting(block: Closing) -> bool:
    return _acts_for(block) is not None


def _acts_for(block: Closing) -> Authority | None:
    seen = (authority_in(line.text) for line in block.authority)
    return next((a for a in seen if a and a.prefix in ("KT", "K/T")), None)


def _title(block: Closing) -> FieldReading:
    acting = _acts_for(block)
    chief = title_in(acting.whom) if acting else None
    if not block.titles:
        return _unread_title(block, chief)
    # with several (GIÁM ĐỐC typed, KT. and PHÓ added) the lowest is the signer's own
    line = block.titles[-1]
    value = title_in(line.text)
    conflict = _is_lone_deputy(block) or len(block.titles) > 1 or block.noise
    if chief is not None and value == chief:
        value, conflict = deputy_of(chief), True  # the PHÓ went under the seal
    evidence = Evidence(
        kind="office",
        token=weakest(line.words),
        catalogue=True,
        position=_is_whole(line),
        witnesses=1 if block.name else 0,
        settled=_is_paired(block) or _is_whole_and_centred(block),
        # KT. is signed by a deputy, and a deputy signs KT.: one without the other is unread ink
        conflict=conflict,
    )
    return reading(value, line.words, block.page, evidence, raw=line.text)


def _unread_title(block: Closing, chief: str | None) -> FieldReading:
    """What the title can only be: the deputy's below a KT., else by its last word; for a person."""
    line = block.rest or (block.authority[-1] if block.authority else None)
    if line is None or not (chief or block.rest):
        return absent(unsure=True)
    value = deputy_of(chief) if chief else LAST_WORDS[squeeze(line.text).split()[-1]]
    evidence = Evidence(kind="office", token=weakest(line.words), repaired=True, conflict=True)
    return reading(value, line.words, block.page, evidence, raw=line.text)


def _signer(block: Closing) -> FieldReading:
    if block.name is None:
        return absent(unsure=True)
    seen = without_rank(block.name.text).split()
    words = from_family_name(seen)
    if len(words) < 2:
        return unreadable(block.name.words, block.name.page)
    sure = [word.confidence for word in block.name.words[-len(words) :]]
    named = as_names_are_spelled(spelled(words), sure)
    evidence = Evidence(
        kind="name",
        token=weakest(block.name.words),
        # "Hồ B" is the rest of a longer name; "Y" and "Ý" are names
        grammar=len(words) <= 5
        and (len(words[-1]) > 1 or words[-1] in {"Y", "Ý"})
        and not has_no_syllable(" ".join(named)),
        catalogue=family_name(words[0]) is not None,
        # "Nguyên" put right to the one family name it can be is for a person to see
        repaired=named != words,
        position=bool(block.titles or block.authority),
        # ink beside it, or a gap in it, says that this is the rest of another name
        conflict=block.cut
        or len(words) < len(seen)
        or has_doubtful_marks(" ".join(named), weakest(block.name.words)),
    )
    return reading(
        " ".join(named), block.name.words, block.name.page, evidence, raw=block.name.text
    )
