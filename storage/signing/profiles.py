# SPDX-License-Identifier: Apache-2.0
"""Hồ sơ ký as data: adding a profile needs no Python."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from workflows.ports.signer import SignatureProfile

PROFILES = Path(__file__).with_name("profiles.toml")
_CORNERS = {"top_left", "top_right", "bottom_left", "bottom_right"}
_LEVELS = {"B-B", "B-T"}


def load_profiles(path: Path = PROFILES) -> Mapping[str, SignatureProfile]:
    """Profiles by name. Raises `ValueError` for a corner, level or key that is not known."""
    read = tomllib.loads(path.read_text("utf-8"))
    return {name: _profile(name, entry) for name, entry in read.items()}


def _profile(name: str, entry: Mapping[str, str | bool]) -> SignatureProfile:
    try:
        profile = SignatureProfile(name=name, **entry)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError(f"signature profile {name}: {error}") from error
    if profile.corner not in _CORNERS or profile.level not in _LEVELS:
        raise ValueError(f"signature profile {name}: corner or level is not known")
    profile.stamp.format(signer="", time="")
    return profile
