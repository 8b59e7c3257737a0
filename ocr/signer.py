# SPDX-License-Identifier: Apache-2.0
"""Who signed and in what right (NĐ 30/2020, PL I, ô 7): authority, title and name."""

from __future__ import annotations

from collections.abc import Sequence

from ocr.closing import Closing, find_closing
from ocr.confidence import Evidence, absent, reading, unreadable, weakest
from ocr.extraction import FieldReading, Fields
from ocr.layout import PageLayout
from ocr.normalise import squeeze
from ocr.office_names import known_office
from ocr.signer_names import (
    as_names_are_spelled,
    family_name,
    from_family_name,
    has_doubtful_marks,
    has_no_syllable,
    spelled,
    without_rank,
)
from ocr.signing_right import (
    acts_for,
    is_complete,
    is_deputy,
    is_lone_deputy,
    is_paired,
    is_whole,
    is_whole_and_centred,
    signs_for_himself,
)
from ocr.signing_titles import (
    LAST_WORDS,
    authority_in,
    chiefs_of,
    deputy_of,
    office_in_full,
    title_in,
)


def read_signer(layouts: Sequence[PageLayout]) -> Fields:
    """`signing_authority`, `signer_title`, `signer` of the signature block among the pages."""
    block = find_closing(layouts)
    if block is None:
        return {key: absent(unsure=True) for key in ("signing_authority", "signer_title", "signer")}
    return {
        "signing_authority": _authority(block),
        "signer_title": _title(block),
        "signer": _signer(block),
    }


def _authority(block: Closing) -> FieldReading:
    """The TM./KT. lines. None is believed only of a chief's title that opens the block."""
    if not block.authority:
        return _acting_by_hand(block) or absent(unsure=not signs_for_himself(block))
    words = tuple(w for line in block.authority for w in line.words)
    seen = [a for line in block.authority if (a := authority_in(line.text))]
    stops = ("" if "/" in a.prefix else "." for a in seen)
    paired = is_paired(block)
    value = [
        f"{a.prefix}{stop} {office_in_full(a.whom)}" for a, stop in zip(seen, stops, strict=True)
    ]
    evidence = Evidence(
        kind="office",
        token=weakest(words),
        position=all(title_in(a.whom) or known_office(a.whom) for a in seen),
        repaired=any(a.repaired for a in seen),
        conflict=is_lone_deputy(block) or not block.titles or not is_complete(block),
        settled=paired,
        witnesses=int(paired),
    )
    return reading(value, words, block.page, evidence)


def _acting_by_hand(block: Closing) -> FieldReading | None:
    """A "KT." by hand over a typed GIÁM ĐỐC: two titles, the lower one the deputy's."""
    if len(block.titles) < 2 or not is_deputy(block):
        return None
    upper, lower = (title_in(line.text) or "" for line in block.titles[-2:])
    if upper not in chiefs_of(lower):
        return None
    line = block.titles[-2]
    evidence = Evidence(kind="office", token=weakest(line.words), repaired=True)
    return reading([f"KT. {upper}"], line.words, block.page, evidence, raw=line.text)


def _title(block: Closing) -> FieldReading:
    acting = acts_for(block)
    chief = title_in(acting.whom) if acting else None
    if not block.titles:
        return _unread_title(block, chief)
    # with several (GIÁM ĐỐC typed, KT. and PHÓ added) the lowest is the signer's own
    line = block.titles[-1]
    value = title_in(line.text)
    conflict = is_lone_deputy(block) or len(block.titles) > 1 or block.noise
    if chief is not None and value == chief:
        value, conflict = deputy_of(chief), True  # the PHÓ went under the seal
    evidence = Evidence(
        kind="office",
        token=weakest(line.words),
        catalogue=True,
        position=is_whole(line),
        witnesses=1 if block.name else 0,
        settled=is_paired(block) or is_whole_and_centred(block),
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
