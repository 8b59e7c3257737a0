# SPDX-License-Identifier: Apache-2.0
"""A child process under limits, and under the kernel's filters where it has them."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from storage.sandbox import account
from storage.sandbox.scratch import home_folder
from storage.sandbox.surroundings import (
    CODE,
    LAUNCHER,
    PYTHON,
    clean_environment,
    devices,
    link_code,
    read_only,
    system_folders,
)
from storage.sandbox.watched import Ended, kill_escaped, watch
from workflows.ports.sandbox import Limits, Ran, SandboxLevel

_OPEN_FILES = 256
_NO_MEMORY = (b"MemoryError", b"bad_alloc", b"Cannot allocate memory", b"ut of memory")


class LimitedSandbox:
    """`Sandbox` of levels LIMITS and FILTERED.

    Without filters the child may read what the account may and reach the network: good enough for
    development only, which is why `SOHOA_SANDBOX_MIN` exists.
    """

    def __init__(self, *, seccomp: bool = False, landlock: bool = False) -> None:
        self._seccomp, self._landlock = seccomp, landlock

    @property
    def level(self) -> SandboxLevel:
        both = self._seccomp and self._landlock
        return SandboxLevel.FILTERED if both else SandboxLevel.LIMITS

    def run(
        self,
        argv: Sequence[str],
        *,
        read: Sequence[Path],
        out: Path,
        limits: Limits,
        env: Mapping[str, str] | None = None,
    ) -> Ran:
        """See the port. Afterwards `out` holds plain files and folders only: links are removed."""
        read, out = [path.absolute() for path in read], out.absolute()
        with _lent(out, self._account([*read], out)) as (uid, home):
            command = [*self._launch(read, out, home, limits, uid), *argv]
            surroundings = clean_environment(home, out, home / "code", env)
            ended = watch(command, env=surroundings, wall_s=limits.wall_s)
            if not self._seccomp:
                kill_escaped(f"HOME={home}\0", uid)
        return told(ended, limits)

    def _account(self, read: list[Path], out: Path) -> int | None:
        """As root: another account, when it can get at the files by their own paths."""
        seen = [*read, *CODE, LAUNCHER, PYTHON]
        if all(map(account.reachable, seen)) and account.passable([out]):
            return account.own_account()
        return None

    def _launch(
        self, read: Sequence[Path], out: Path, home: Path, limits: Limits, uid: int | None
    ) -> list[str]:
        files = [
            *(f"read={path}" for path in (*system_folders(), *read_only(), *devices(), *read)),
            *(f"write={path}" for path in (out, home, "/dev/null")),
            "read=/proc/self",
        ]
        return launcher(
            limits,
            cwd=out,
            processes=_processes_allowed(limits, uid),
            uid=uid,
            seccomp=self._seccomp,
            files=files if self._landlock else [],
        )


def launcher(
    limits: Limits,
    *,
    cwd: Path,
    processes: int,
    uid: int | None,
    seccomp: bool,
    files: Sequence[str],
) -> list[str]:
    """The words that start `launcher.py`; the program to run comes after them."""
    numbers = (limits.memory, limits.cpu_s, limits.file_size, _OPEN_FILES, processes)
    return [
        *(str(PYTHON), "-I", "-S", str(LAUNCHER)),
        f"limits={','.join(map(str, numbers))}",
        *([f"uid={uid}"] if uid is not None else []),
        f"cwd={cwd}",
        *(["seccomp=1"] if seccomp else []),
        *files,
        "--",
    ]


def _processes_allowed(limits: Limits, uid: int | None) -> int:
    # under the service's own account the kernel counts the service's threads too
    return limits.processes + (account.threads_of(account.current()) if uid is None else 0)


@contextmanager
def _lent(out: Path, uid: int | None) -> Iterator[tuple[int | None, Path]]:
    """`out` and an empty home belong to the run while it lasts."""
    with home_folder() as home:
        link_code(home / "code")
        owner = account.hand_over(out, uid) if uid is not None else None
        if uid is not None:
            account.hand_over(home, uid)
        try:
            yield uid, home
        finally:
            account.settle(out, owner)


def told(ended: Ended, limits: Limits) -> Ran:
    """What the end of a process means in the words of the port."""
    return Ran(
        returncode=ended.returncode,
        stdout=ended.stdout,
        stderr=ended.stderr,
        killed=_killed_by(ended, limits),
        seconds=ended.seconds,
    )


def _killed_by(ended: Ended, limits: Limits) -> str | None:
    if ended.wall_over:
        return "wall"
    if ended.returncode == -signal.SIGXCPU:
        return "cpu"
    if ended.returncode == -signal.SIGKILL:  # not by us: the hard CPU limit, or the kernel's OOM
        return "cpu" if ended.cpu_s >= limits.cpu_s else "memory"
    if ended.returncode != 0 and any(sign in ended.stderr for sign in _NO_MEMORY):
        return "memory"
    return None
