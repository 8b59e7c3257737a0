# SPDX-License-Identifier: Apache-2.0
"""Closed lists the reading checks against: offices, titles, ranks, surnames (`catalogue.toml`)."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ocr.normalise import squeeze

_LISTS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
OFFICE_HEADS = tuple(
    sorted({squeeze(h) for h in (*_LISTS["heads"], "ubnd", "hđnd")}, key=len, reverse=True)
)
OFFICES: dict[str, str] = {squeeze(name).replace(" ", ""): name for name in _LISTS["offices"]}
"""Letters of an office's name -> its spelling ("chinhphu" -> "Chính phủ")."""

TITLES: dict[str, str] = {
    squeeze(t): t.upper() for t in sorted(_LISTS["titles"], key=len, reverse=True)
}
RANKS = tuple(squeeze(r) for r in sorted(_LISTS["ranks"], key=len, reverse=True))
SURNAMES: frozenset[str] = frozenset(_LISTS["surnames"])
NAME_WORDS: frozenset[str] = frozenset(_LISTS["name_words"]) | SURNAMES
"""Words that names of people are made of; rarer ones are missing."""
ETHNICITIES: tuple[str, ...] = tuple(_LISTS["ethnicities"])
NATIONALITIES: tuple[str, ...] = tuple(_LISTS["nationalities"])
