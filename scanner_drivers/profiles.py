# SPDX-License-Identifier: Apache-2.0
"""Scan profiles by name: what a clerk chooses instead of six settings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scanner_drivers.driver import Policy, ScannerError, ScannerFault, ScanProfile

_SHIPPED = Path(__file__).with_name("profiles.toml")
_KINDS = {
    **dict.fromkeys(("source", "mode", "size", "policy"), str),
    **dict.fromkeys(("duplex", "manual_duplex"), bool),
    "dpi": int,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedProfile:
    """`title` is for the clerk, in Vietnamese."""

    name: str
    title: str
    profile: ScanProfile


def load_profiles(own: Path | None = None) -> dict[str, NamedProfile]:
    """The shipped ones (counter, archive, card), then those of a TOML file; a name counts once.

    Raises `ScannerError` BAD_SETTING that names the file and the profile it cannot use.
    """
    found: dict[str, NamedProfile] = {}
    for path in (_SHIPPED, own):
        if path is not None:
            found |= _read(path)
    return found


def _read(path: Path) -> dict[str, NamedProfile]:
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScannerError(ScannerFault.BAD_SETTING, f"{path}: {error}") from error
    return {name: _profile(path, name, table) for name, table in tables.items()}


def _profile(path: Path, name: str, table: object) -> NamedProfile:
    if not isinstance(table, Mapping):
        raise ScannerError(ScannerFault.BAD_SETTING, f"{path}: {name} is no table")
    values = {key: value for key, value in table.items() if key != "title"}
    wrong = [k for k, v in values.items() if k not in _KINDS or type(v) is not _KINDS[k]]
    if wrong:
        raise ScannerError(ScannerFault.BAD_SETTING, f"{path}: [{name}] {', '.join(wrong)}")
    try:
        policy = Policy(values.pop("policy", Policy.NEAREST))
    except ValueError as error:
        raise ScannerError(ScannerFault.BAD_SETTING, f"{path}: [{name}] policy") from error
    profile = ScanProfile(policy=policy, **values)
    return NamedProfile(name=name, title=str(table.get("title", name)), profile=profile)
