# SPDX-License-Identifier: Apache-2.0
"""Whose account the child runs under, and handing its folder over and back.

The kernel counts processes by account and exempts root from the count. So as root every run gets an
account number of its own; it then cannot touch the service's processes and files either. Numbers
are from the range that systemd's DynamicUser= keeps free of real accounts.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

_FIRST, _LAST = 61184, 65519


def own_account() -> int | None:
    """A number for this run; None when we are not root and cannot change."""
    return _FIRST + secrets.randbelow(_LAST - _FIRST) if os.getuid() == 0 else None


def current() -> int:
    return os.getuid()


def reachable(path: Path) -> bool:
    """May any account read it, through folders any account may pass?"""
    try:
        real = path.resolve(strict=True)
        own = real.stat().st_mode
        passed = all(parent.stat().st_mode & stat.S_IXOTH for parent in real.parents)
    except OSError:
        return False
    return bool(passed and readable(own))


def readable(mode: int) -> bool:
    wanted = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
    return mode & wanted == wanted


def passable(paths: Iterable[Path]) -> bool:
    """May any account reach what is inside these folders, by name?"""
    return all(
        parent.stat().st_mode & stat.S_IXOTH for path in paths for parent in path.resolve().parents
    )


def hand_over(out: Path, uid: int) -> os.stat_result:
    """Give the folder and what is in it to the account of the run; returns whose it was."""
    before = out.stat()
    for path in (out, *_inside(out)):
        os.chown(path, uid, uid, follow_symlinks=False)
    return before


def settle(out: Path, owner: os.stat_result | None) -> None:
    """Leave only plain files and folders, and give them back to `owner`.

    The parent will open what lies here by name: a link the child made could point it at our own
    files, a pipe would stop it for ever.
    """
    for path in _inside(out):
        found = path.lstat()
        plain = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
        if not plain and not stat.S_ISDIR(found.st_mode):
            path.unlink()
        elif owner:
            _give_back(path, owner)
    if owner:
        _give_back(out, owner)


def _give_back(path: Path, owner: os.stat_result) -> None:
    os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _inside(folder: Path) -> list[Path]:
    return [
        Path(top) / name
        for top, folders, files in os.walk(folder, followlinks=False)
        for name in (*folders, *files)
    ]


def threads_of(uid: int) -> int:
    """How many threads the account has now: RLIMIT_NPROC counts them all, not only the child's."""
    return sum(_threads(entry, uid) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _threads(process: Path, uid: int) -> int:
    try:
        return len([*(process / "task").iterdir()]) if process.stat().st_uid == uid else 0
    except OSError:
        return 0
