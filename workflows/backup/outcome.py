# SPDX-License-Identifier: Apache-2.0
"""What a run of the backup says afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What one target holds now. `copied`: objects new to it; `missing`: keys nobody could read."""

    target: str
    id: str = ""
    objects: int = 0
    copied: int = 0
    copied_bytes: int = 0
    missing: tuple[str, ...] = ()
    pruned: int = 0
    trouble: str = ""


@dataclass(slots=True, kw_only=True)
class Checked:
    """A snapshot looked through. `problems`: (key in the target, what is wrong)."""

    id: str
    made_at: str = ""
    signed: bool = False
    opened: bool = False
    objects: int = 0
    read_bytes: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.signed and not self.problems


@dataclass(slots=True, kw_only=True)
class Restored:
    """`lost`: objects the backup could not give, by key; all others are back and proved."""

    id: str
    made_at: str
    objects: int = 0
    copied: int = 0
    copied_bytes: int = 0
    lost: list[tuple[str, str]] = field(default_factory=list)
