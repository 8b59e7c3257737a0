# SPDX-License-Identifier: Apache-2.0
"""A child that sees nothing but what it was given: bubblewrap around the limited child.

As root, bubblewrap keeps two capabilities so that the launcher inside can change to the account of
the run (root's processes are not counted); as anyone else it makes a user namespace.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from storage.sandbox import account
from storage.sandbox.limited import launcher, told
from storage.sandbox.scratch import given_folder
from storage.sandbox.surroundings import (
    CODE,
    LAUNCHER,
    PROJECT,
    PYTHON,
    clean_environment,
    devices,
    read_only,
    system_folders,
)
from storage.sandbox.watched import Ended, watch
from workflows.ports.sandbox import Limits, Ran, SandboxLevel

_HOME = Path("/tmp")  # noqa: S108 - inside: an empty memory disk of its own
_HOME_SIZE = 64 << 20
_SIGNALS = range(129, 129 + 64)  # bubblewrap says 128 + signal


class NamespaceSandbox:
    """`Sandbox` of level NAMESPACES; seccomp and Landlock apply inside as well where they work."""

    def __init__(self, *, seccomp: bool = True, landlock: bool = True) -> None:
        self._seccomp, self._landlock = seccomp, landlock

    @property
    def level(self) -> SandboxLevel:
        return SandboxLevel.NAMESPACES

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
        uid = account.own_account() if all(map(_anyone_may, (*CODE, LAUNCHER, PYTHON))) else None
        with _shown(read, uid) as shown, _lent(out, uid):
            command = [
                *bubblewrap(shown, out),
                *self._launch(read, out, limits, uid),
                *argv,
            ]
            surroundings = clean_environment(_HOME, out, PROJECT, env)
            ended = watch(command, env=surroundings, wall_s=limits.wall_s)
        return told(_unwrapped(ended), limits)

    def _launch(
        self, read: Sequence[Path], out: Path, limits: Limits, uid: int | None
    ) -> list[str]:
        seen = (
            *system_folders(),
            *read_only(),
            *devices(),
            LAUNCHER,
            PROJECT,
            Path("/proc"),
            *read,
        )
        files = [
            *(f"read={path}" for path in seen),
            *(f"write={path}" for path in (out, _HOME, "/dev/null")),
        ]
        return launcher(
            limits,
            cwd=out,
            processes=limits.processes,  # counted inside the namespace, or for the own account
            uid=uid,
            seccomp=self._seccomp,
            files=files if self._landlock else [],
        )


def bubblewrap(shown: Mapping[Path, Path], out: Path) -> list[str]:
    """The words that build the view. `shown` maps a path inside to the file that stands there."""
    view = {**{path: path for path in read_only()}, **shown}
    bound = [word for inside, file in view.items() for word in _bind(file, inside)]
    return [
        shutil.which("bwrap") or "bwrap",
        *(["--unshare-user", "--uid", "65534", "--gid", "65534"] if os.getuid() else []),
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        *("--unshare-cgroup-try", "--die-with-parent", "--hostname", "sandbox"),
        *("--cap-drop", "ALL"),
        *([] if os.getuid() else ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]),
        *_system(),
        *("--proc", "/proc", "--dev", "/dev"),
        # first the empty disk: what is given may lie under the same folder
        *("--size", str(_HOME_SIZE), "--perms", "1777", "--tmpfs", str(_HOME)),
        *_parents([*view, out]),
        *bound,
        *("--bind", str(out), str(out)),
        # without Landlock these memory disks could be filled
        *("--remount-ro", "/dev", "--remount-ro", "/", "--"),
    ]


def _bind(file: Path, inside: Path) -> tuple[str, str, str]:
    return ("--ro-bind", str(file), str(inside))


def _parents(paths: Sequence[Path]) -> list[str]:
    """As root, bubblewrap makes the folders above a mount for root alone (measured, 0.8.0)."""
    above = sorted({parent for path in paths for parent in path.parents} - {Path("/"), _HOME})
    return [word for one in above for word in ("--perms", "0755", "--dir", str(one))]


def _system() -> list[str]:
    """/usr read-only, and beside it either links into it or folders, as the distribution has it."""
    words: list[str] = []
    for path in system_folders():
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    return words


@contextmanager
def _shown(read: Sequence[Path], uid: int | None) -> Iterator[dict[Path, Path]]:
    """What stands at each path inside: the file itself, or a copy the account may read."""
    closed = [] if uid is None else [path for path in read if not _all_readable(path)]
    if not closed:
        yield {path: path for path in read}
        return
    with given_folder(sum(map(_size, closed))) as folder:
        copies = {
            path: _readable_copy(path, folder / str(number)) for number, path in enumerate(closed)
        }
        yield {path: copies.get(path, path) for path in read}


def _size(path: Path) -> int:
    return sum(one.stat().st_size for one in (path, *path.rglob("*")))


def _all_readable(path: Path) -> bool:
    return all(_anyone_may(one) for one in (path, *path.rglob("*")))


def _anyone_may(path: Path) -> bool:
    return account.readable(path.stat().st_mode)


def _readable_copy(path: Path, copy: Path) -> Path:
    if path.is_dir():
        shutil.copytree(path, copy)
    else:
        shutil.copyfile(path, copy)
    for one in (copy, *copy.rglob("*")):
        one.chmod(0o755 if one.is_dir() else 0o444)
    return copy


@contextmanager
def _lent(out: Path, uid: int | None) -> Iterator[None]:
    owner = account.hand_over(out, uid) if uid is not None else None
    try:
        yield
    finally:
        account.settle(out, owner)


def _unwrapped(ended: Ended) -> Ended:
    """As if bubblewrap were not between: the signal, and a bound for the CPU time.

    It does not wait for the child, so the kernel gives us no CPU time; a child killed for CPU ran
    at least that long by the clock.
    """
    if ended.returncode in _SIGNALS:
        return replace(ended, returncode=128 - ended.returncode, cpu_s=ended.seconds)
    return ended
