# SPDX-License-Identifier: Apache-2.0
"""Thùng cách ly: files nobody could open, kept because the sender may have no other copy."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a file was turned away and how it came: what a second try needs to know."""

    code: str
    reason: str
    file_name: str = ""
    source: str = "upload"
    unit_id: str = ""
    received_by: str = ""
    batch_id: str | None = None
    declared_sheets: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One such file. `name` is ours, random; `path` is where the bytes lie."""

    name: str
    path: Path
    size: int
    since: dt.datetime
    why: Refused
