# SPDX-License-Identifier: Apache-2.0
"""Names of offices as letterheads spell them, and how an office abbreviates itself in a symbol.

Capitals lose and change marks: a list of known offices and the few heads a name can start with
bring them back. What no list knows stays as it was read.
"""

from __future__ import annotations

import re

from ocr.catalogue import OFFICES
from ocr.normalise import comparable, initials, plain, squeeze
from ocr.places import known_place


def known_office(text: str) -> str | None:
    """Ministries, departments, provincial committees: the catalogue's spelling, or None."""
    low = squeeze(text)
    if found := OFFICES.get(low.replace(" ", "")):
        return found
    if (party := re.fullmatch(r"(tinh|thanh) uy (.+)", low)) and (name := known_place(party[2])):
        return f"{'Tỉnh' if party[1] == 'tinh' else 'Thành'} ủy {name}"
    for lead in ("uy ban nhan dan", "hoi dong nhan dan", "ubnd", "hdnd"):
        rest = re.sub(rf"^{lead} (?:tinh|thanh pho|tp) ", "", low)
        if rest != low and (name := known_place(rest)):
            level = "tỉnh" if " tinh " in f" {low} " else "thành phố"
            return f"{OFFICES[lead.replace(' ', '')]} {level} {name}"
    return None


_HEAD = re.compile(r"(uy ban nhan dan|hoi dong nhan dan)\b(?: (xa|phuong|thi tran|dac khu)\b)?")


def mend_head(text: str) -> str:
    """The head of a committee's name in its own spelling: "ỦY BẠN NHÂN DÂN XÃ" -> "ỦY BAN …".

    Capitals lose and change marks; the name behind the head is left as it was read.
    """
    words = text.split()
    found = _HEAD.match(" ".join(squeeze(w) for w in words))
    if found is None:
        return text
    head = [*OFFICES[found[1].replace(" ", "")].split(), *_LEVELS.get(found[2] or "", "").split()]
    spelled = " ".join(head)
    return " ".join([spelled.upper() if text.isupper() else spelled, *words[len(head) :]])


_COMMITTEE = re.compile(
    r"(uy ban nhan dan|ubnd|hoi dong nhan dan|hdnd) (xa|phuong|thi tran|dac khu) (.+)"
)
_LEVELS = {"xa": "xã", "phuong": "phường", "thi tran": "thị trấn", "dac khu": "đặc khu"}


def committee_of(office: str, place: str) -> str | None:
    """A committee of exactly the place the paper is dated at, marks and all; its spelling."""
    found = _COMMITTEE.fullmatch(squeeze(office))
    if (
        not found
        or not place
        or not comparable(office.casefold()).endswith(f" {comparable(place.casefold())}")
    ):
        return None
    if squeeze(place) != found[3]:
        return None
    return f"{OFFICES[found[1].replace(' ', '')]} {_LEVELS[found[2]]} {place}"


LEVEL_LOST = re.compile(
    r"(?:uy ban nhan dan|hoi dong nhan dan|ubnd|hdnd) "
    r"(?!(?:tinh|thanh pho|tp|quan|huyen|thi xa|thi tran|tx|tt|xa|phuong|dac khu|va)\b)"
)
"""A committee of a place without what kind of place it is: a word was not read."""


def office_initials(issuer: str | None) -> tuple[str, ...]:
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
    return (*found, initials(issuer), *(initials(" ".join(words[:n])) for n in range(8, 1, -1)))
