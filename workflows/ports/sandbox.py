# SPDX-License-Identifier: Apache-2.0
"""The one door to programs that parse bytes we did not make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Protocol


class SandboxLevel(IntEnum):
    """What the kernel allowed. `LIMITS` always; shown by `sohoa doctor`."""

    LIMITS = 1  # rlimits, wall-clock kill, no_new_privs
    FILTERED = 2  # and Landlock / seccomp
    NAMESPACES = 3  # and bubblewrap


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run. Memory is address space in bytes; times in seconds."""

    wall_s: float = 60.0
    cpu_s: int = 40
    memory: int = 1536 << 20
    file_size: int = 512 << 20
    processes: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How it ended. `killed` names the bound that ended it: `wall`, `cpu` or `memory`."""

    returncode: int
    stdout: bytes
    stderr: bytes
    killed: str | None
    seconds: float


class Sandbox(Protocol):
    @property
    def level(self) -> SandboxLevel: ...

    def run(
        self,
        argv: Sequence[str],
        *,
        read: Sequence[Path],
        out: Path,
        limits: Limits,
        env: Mapping[str, str] | None = None,
    ) -> Ran:
        """Run `argv` with no network; it may read `read` and write under `out`, nothing else.

        Paths are the same inside as outside. Never raises for what the program did: look at
        `Ran`, then check what it made; exit code 0 proves nothing.
        """
        ...
