# SPDX-License-Identifier: Apache-2.0
"""In what right a paper is signed (NĐ 30/2020, Đ.13): what its lines ask of one another.

TM. is signed by the head of a collective, KT. by a deputy. A line without the one it asks for is
the rest of a block some ink of which was not read.
"""

from __future__ import annotations

import re

from ocr.closing import Closing
from ocr.layout import Line
from ocr.normalise import squeeze
from ocr.signing_titles import Authority, authority_in, chiefs_of, title_in


def is_paired(block: Closing) -> bool:
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


_COLLECTIVE = frozenset({"uy ban nhan dan", "hoi dong nhan dan"})
_HEADS = frozenset({"CHỦ TỊCH", "PHÓ CHỦ TỊCH"})


def is_lone_deputy(block: Closing) -> bool:
    """A deputy without KT., or KT. without a deputy: unread ink.

    In the Party a deputy secretary signs for the committee itself (T/M BAN THƯỜNG VỤ).
    """
    for_committee = any(line.text.lstrip().startswith("T/M") for line in block.authority)
    return is_deputy(block) != (acts_for(block) is not None) and not for_committee


def is_deputy(block: Closing) -> bool:
    """The signer is a PHÓ … or a THỨ TRƯỞNG."""
    named = title_in(block.titles[-1].text) if block.titles else None
    return bool(named and re.match(r"(pho|thu truong)", squeeze(named)))


def acts_for(block: Closing) -> Authority | None:
    """The KT. line: whose place the signer takes."""
    seen = (authority_in(line.text) for line in block.authority)
    return next((a for a in seen if a and a.prefix in ("KT", "K/T")), None)


def signs_for_himself(block: Closing) -> bool:
    """A chief's title alone at the head of the block, every line of which could be read."""
    whole = len(block.titles) == 1 and is_whole(block.titles[0])
    # a law ends with its signature; the title names the body, so that no TM. stands above
    opens = block.opens or (whole and title_in(block.titles[0].text) in _OF_A_BODY)
    clear = opens and not block.noise and block.name is not None
    return whole and clear and not is_deputy(block)


_OF_A_BODY = frozenset({"CHỦ TỊCH QUỐC HỘI", "CHỦ TỊCH NƯỚC"})


def is_complete(block: Closing) -> bool:
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
    return opening and len(block.titles) == 1 and _is_over(first, title)


def is_whole_and_centred(block: Closing) -> bool:
    """A title of the closed list over the middle of the name: nothing stood before or behind it.

    What is misread as "GIÁM ĐỐC" letter by letter is a "PHÓ GIÁM ĐỐC", twice as far to one side.
    """
    line, name = block.titles[-1], block.name
    if name is None or block.cut or not is_whole(line):
        return False
    return _is_over(line, name)


_CENTRED = 0.01
"""Share of the page's width: so far at most are lines out of the middle of a block; "KT. " is .02
wide."""


def _is_over(upper: Line, lower: Line) -> bool:
    return abs(upper.box.middle_x - lower.box.middle_x) < _CENTRED


def is_whole(line: Line) -> bool:
    """Nothing stands in the line but the title."""
    return squeeze(line.text) == squeeze(title_in(line.text) or "")
