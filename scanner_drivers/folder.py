# SPDX-License-Identifier: Apache-2.0
"""The hot folder: files that other devices drop are taken whole, once, and never half-written.

A file is taken when size and time stood still long enough, nobody has it open for writing, *and*
it reads to its end; then it is moved aside, handed over, and let go only after the receiver says
it is safe. Looking is by polling on purpose: network shares (SMB, NFS) announce nothing.
"""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanner_drivers.whole import Shortfall, shortfall

SUFFIXES = {".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff"}
NOT_TAKEN = {
    *(".heic", ".heif", ".webp", ".bmp", ".gif", ".zip", ".rar", ".7z"),
    *(".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".odt", ".eml", ".msg"),
}
"""A person may well have meant these as papers, so they are told; any other file is left alone."""
_LONGEST_NAME = 200
"""Bytes; with our prefix it stays under the 255 of every file system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A whole file, moved to `path`; `name` as it was dropped, `route` the sub-folder it lay in.

    `again`: it was taken before a crash and may have been handed over already.
    """

    path: Path
    name: str
    route: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A file in `quarantine/`, with the reason a person is told."""

    path: Path
    name: str
    route: str
    reason: str


@dataclass(slots=True)
class _Seen:
    size: int
    changed: int
    since: float


class HotFolder:
    """Watches `folder` and the sub-folders named in `routes`.

    `stable_s`: how long a file must stand still; `give_up_s`: how long one that never becomes
    whole is waited for before it goes to `quarantine/` with its reason. `rooms`: where `taken/`
    and `quarantine/` are, on the same file system; by default in the folder itself, where the
    people who drop files can see them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        routes: Sequence[str] = (),
        rooms: Path | None = None,
        stable_s: float = 2.0,
        give_up_s: float = 300.0,
        every_s: float = 1.0,
    ) -> None:
        self.folder, self.routes = folder, ("", *routes)
        self.taken = (rooms or folder) / "taken"
        self.quarantined = (rooms or folder) / "quarantine"
        self._stable_s, self._give_up_s, self.every_s = stable_s, give_up_s, every_s
        self._doubtful_s = max(30.0, 10 * stable_s)
        self._seen: dict[Path, _Seen] = {}
        self._leases = False

    def prepare(self) -> None:
        """Make the rooms; looking from outside (`pending`) needs none. Raises OSError."""
        drops = (self.folder / route for route in self.routes)
        for room in (*drops, self.quarantined, *(self._room(r) for r in self.routes)):
            room.mkdir(parents=True, exist_ok=True)
        self._leases = _leases_work(self.quarantined)

    def left_over(self) -> list[Taken]:
        """What a crash left taken and not confirmed."""
        return [
            Taken(path=p, name=_dropped_name(p), route=route, again=True)
            for route in self.routes
            for p in _entries(self._room(route))
            if p.is_file() and not p.name.startswith(".")
        ]

    def scan_once(self, now: float | None = None) -> list[Taken | SetAside]:
        """One look, oldest drop first: what is whole is moved aside; so is what never will be.

        Raises OSError when the folder itself is not to be had.
        """
        now = time.monotonic() if now is None else now
        found = {p: route for route in self.routes for p in self._dropped(route)}
        self._seen = {p: s for p, s in self._seen.items() if p in found}
        seen = (self._look(p, route, now) for p, route in found.items())
        return [ended for ended in seen if ended is not None]

    def confirm(self, taken: Taken) -> None:
        """The receiver has it durably."""
        taken.path.unlink(missing_ok=True)

    def quarantine(self, taken: Taken, reason: str) -> SetAside:
        """For a person to see; the reason stands beside it."""
        return self._set_aside(taken.path, taken.name, taken.route, reason)

    def pending(self) -> list[float]:
        """When each file that is dropped or taken, and not handed over, came to lie here.

        Seconds since 1970, oldest first. Both times of a file are looked at: moving one in keeps
        its time of writing and changes the other.
        """
        drops = [r for r in self.routes if (self.folder / r).is_dir()]
        waiting = [p for route in drops for p in self._dropped(route)]
        waiting += [t.path for t in self.left_over()]
        facts = [p.stat() for p in waiting if p.exists()]
        return sorted(max(f.st_mtime, f.st_ctime) for f in facts)

    def quarantined_files(self) -> list[Path]:
        """What lies in quarantine, newest first; each has its reason in `<name>.txt`."""
        return sorted(
            (p for p in _entries(self.quarantined) if p.with_name(p.name + ".txt").exists()),
            reverse=True,
        )

    def _dropped(self, route: str) -> list[Path]:
        entries = (self.folder / route).iterdir()
        facts = [(p, f) for p in entries if (f := _wanted(p)) is not None]
        return [p for p, _ in sorted(facts, key=lambda f: (f[1].st_mtime_ns, f[0].name))]

    def _look(self, path: Path, route: str, now: float) -> Taken | SetAside | None:
        try:
            return self._look_at(path, route, now)
        except FileNotFoundError:  # whoever dropped it took it back, or renames it
            return None
        except PermissionError:
            if now - self._seen[path].since < self._give_up_s:
                return None
            reason = "Không có quyền đọc tệp; báo quản trị cấp quyền rồi thả lại."
            return self._set_aside(path, path.name, route, reason)

    def _look_at(self, path: Path, route: str, now: float) -> Taken | SetAside | None:
        facts = path.lstat()
        seen = self._seen.get(path)
        if seen is None or (seen.size, seen.changed) != (facts.st_size, facts.st_mtime_ns):
            self._seen[path] = _Seen(facts.st_size, facts.st_mtime_ns, now)
            return None
        still = now - seen.since
        if still < self._stable_s:
            return None
        lacking = _shortfall(path)
        if lacking is None or (lacking.doubtful and still >= self._doubtful_s):
            busy = self._leases and _open_for_writing(path)
            return None if busy else self._take(path, route, facts)
        if lacking.final or (still >= self._give_up_s and not lacking.doubtful):
            return self._set_aside(path, path.name, route, lacking.reason)
        return None

    def _take(self, path: Path, route: str, seen: os.stat_result) -> Taken | None:
        target = self._room(route) / _stamped(path.name)
        path.rename(target)
        facts = target.lstat()
        if (facts.st_size, facts.st_mtime_ns, facts.st_ino) != (
            seen.st_size,
            seen.st_mtime_ns,
            seen.st_ino,
        ):
            # the writer woke up, or put another file in its place, between the look and the move
            if not path.exists():
                target.rename(path)
            return None
        return Taken(path=target, name=path.name, route=route)

    def _room(self, route: str) -> Path:
        return self.taken / route

    def _set_aside(self, path: Path, name: str, route: str, reason: str) -> SetAside:
        target = self.quarantined / _stamped(name)
        # the reason first: a file whose reason is missing would be a riddle after a crash
        target.with_name(target.name + ".txt").write_text(reason + "\n", "utf-8")
        path.rename(target)
        return SetAside(path=target, name=name, route=route, reason=reason)


def _entries(room: Path) -> list[Path]:
    return sorted(room.iterdir()) if room.is_dir() else []


def _shortfall(path: Path) -> Shortfall | None:
    if path.suffix.lower() not in SUFFIXES:
        kind = path.suffix.lower()
        return shortfall(path) or Shortfall(
            reason=f"Loại tệp {kind} không được nhận. Hãy gửi PDF, PNG, JPEG hoặc TIFF.", final=True
        )
    return shortfall(path)


def _wanted(path: Path) -> os.stat_result | None:
    """Plain files of a kind we answer for; no links, pipes, hidden or half-named ones."""
    if path.name.startswith((".", "~")) or path.suffix.lower() not in SUFFIXES | NOT_TAKEN:
        return None
    try:
        facts = path.lstat()
    except OSError:
        return None
    return facts if stat.S_ISREG(facts.st_mode) else None


def _open_for_writing(path: Path) -> bool | None:
    """Has anybody the file open for writing? None where that cannot be told.

    Linux knows, for its own disks: it refuses a read lease then (fcntl 2). Others have only size,
    time and the file's end to go by.
    """
    try:
        import fcntl

        lease, signal_by = fcntl.F_SETLEASE, 10  # F_SETSIG, which Python does not name
    except (ImportError, AttributeError):
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        # should a writer come in this instant: a signal that is ignored, not one that ends us
        fcntl.fcntl(descriptor, signal_by, signal.SIGURG)
        fcntl.fcntl(descriptor, lease, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, lease, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


def _leases_work(room: Path) -> bool:
    """Some network file systems refuse every lease; theirs say nothing about writers."""
    probe = room / f".probe-{os.getpid()}"
    try:
        probe.write_bytes(b"")
        return _open_for_writing(probe) is False
    except OSError:
        return False
    finally:
        probe.unlink(missing_ok=True)


def _stamped(name: str) -> str:
    """Our name for a file: the time first, so that nothing is overwritten and order is kept."""
    stem, dot, suffix = name.rpartition(".")
    room = _LONGEST_NAME - len(suffix.encode()) - 1
    short = stem.encode()[:room].decode("utf-8", "ignore")
    return f"{time.time_ns():020d}-{short}{dot}{suffix}"


def _dropped_name(path: Path) -> str:
    return path.name.partition("-")[2]
