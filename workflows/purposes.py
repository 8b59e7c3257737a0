# SPDX-License-Identifier: Apache-2.0
"""Mục đích: why somebody looks, as data with its legal basis, written into every AuditEvent.

An office adds its own words where none fits; a partner's key names what it may state.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """`title` is what the log shows; `basis` the legal basis."""

    code: str
    title: str
    basis: str


@cache
def shipped_purposes() -> Mapping[str, Purpose]:
    """By code, in the order a list should offer them."""
    rows = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {code: Purpose(code=code, **row) for code, row in rows.items()}


def stated(purpose: str | None, otherwise: str) -> str:
    """What the log should say: a code's title, else the words given, else the title `otherwise`."""
    words = unicodedata.normalize("NFC", (purpose or "").strip()) or otherwise
    known = shipped_purposes().get(words)
    return known.title if known else words
