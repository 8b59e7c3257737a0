# SPDX-License-Identifier: Apache-2.0
"""Whose account the child runs under, and handing its folder over and back.

The kernel counts processes by account and exempts root from the count. So as root every run gets an
account number of its own; it then cannot touch the service's processes and files either. Numbers
are from ranges that real accounts stay out of (systemd, "Users, Groups, UIDs and GIDs").
"""

from __future__ import annotations

import functools
import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_WIDE = (0x7000_0000, 1 << 28)  # so many that two runs never meet
_NARROW = (61184, 65520 - 61184)  # of DynamicUser=: where a container maps only 65,536 numbers


def own_account() -> int | None:
    """A number for this run; None when we are not root and cannot change."""
    if os.getuid() != 0:
        return None
    first, count = _WIDE if _maps_all_numbers() else _NARROW
    return first + secrets.randbelow(count)


@functools.cache
def _maps_all_numbers() -> bool:
    ranges = Path("/proc/self/uid_map").read_text("ascii").splitlines()
    return any(int(one.split()[2]) > sum(_WIDE) for one in ranges)


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
    os.chown(out, uid, uid)
    for top, folders, files in os.walk(out, followlinks=False):
        for name in (*folders, *files):
            os.chown(Path(top) / name, uid, uid, follow_symlinks=False)
    return before


def settle(out: Path, owner: os.stat_result | None) -> None:
    """Leave only plain files and folders that we can open, and give them back to `owner`.

    The parent will open what lies here by name: a link the child made could point it at our own
    files, a pipe would stop it for ever.
    """
    for top, folders, files in os.walk(out, followlinks=False):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):  # who takes pages as they come removes them meanwhile
                _settle_one(Path(top) / name, owner)
    if owner:
        _give_back(out, owner)


def _settle_one(path: Path, owner: os.stat_result | None) -> None:
    found = path.lstat()
    is_folder = stat.S_ISDIR(found.st_mode)
    if not is_folder and not (stat.S_ISREG(found.st_mode) and found.st_nlink == 1):
        path.unlink()
        return
    if owner:
        _give_back(path, owner)
    # os.walk enters the folder only after this; setuid and the like do not come out
    path.chmod((found.st_mode | (0o700 if is_folder else 0o600)) & 0o777)


def _give_back(path: Path, owner: os.stat_result) -> None:
    os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def threads_of(uid: int) -> int:
    """How many threads the account has now: RLIMIT_NPROC counts them all, not only the child's."""
    return sum(_threads(entry, uid) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _threads(process: Path, uid: int) -> int:
    try:
        return len([*(process / "task").iterdir()]) if process.stat().st_uid == uid else 0
    except OSError:
        return 0
