# SPDX-License-Identifier: Apache-2.0
"""Hồ sơ ký as data: adding a profile needs no Python."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from workflows.ports.signer import SignatureLevel, SignatureProfile

PROFILES = Path(__file__).with_name("profiles.toml")
_CORNERS = {"top_left", "top_right", "bottom_left", "bottom_right"}


def load_profiles(own: Path | None = None) -> Mapping[str, SignatureProfile]:
    """Profiles by name: the shipped ones, and those of an office's own file over them.

    An own table need only name what it changes. Raises `ValueError` for a corner, level or key
    that is not known.
    """
    read = tomllib.loads(PROFILES.read_text("utf-8"))
    for name, entry in (tomllib.loads(own.read_text("utf-8")) if own else {}).items():
        read[name] = read.get(name, {}) | entry
    return {name: _profile(name, entry) for name, entry in read.items()}


def _profile(name: str, entry: Mapping[str, str | bool]) -> SignatureProfile:
    try:
        level = SignatureLevel(str(entry.get("level", SignatureLevel.B_B)))
        profile = SignatureProfile(name=name, **dict(entry, level=level))  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise ValueError(f"signature profile {name}: {error}") from error
    if profile.corner not in _CORNERS:
        raise ValueError(f"signature profile {name}: corner {profile.corner} is not known")
    profile.stamp.format(signer="", time="")
    return profile
