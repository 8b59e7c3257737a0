# SPDX-License-Identifier: Apache-2.0
"""The hot folder: files that other devices drop are taken whole, once, and never half-written.

A file is taken when size and time stood still long enough *and* it reads to its end; then it is
moved aside, handed over, and let go only after the receiver says it is safe.
"""

from __future__ import annotations

import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = {".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff"}
_TAIL = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A whole file, moved to `path`; `name` as it was dropped."""

    path: Path
    name: str


@dataclass(slots=True)
class _Seen:
    size: int
    changed: int
    since: float
    first: float


class HotFolder:
    """Watches `folder`.

    `stable_s`: how long a file must stand still; `give_up_s`: how long one that never becomes
    whole is waited for before it goes to `quarantine/` with its reason.
    """

    def __init__(
        self, folder: Path, *, stable_s: float = 2.0, give_up_s: float = 300.0, every_s: float = 1.0
    ) -> None:
        self.folder = folder
        self.taken, self.quarantined = folder / "taken", folder / "quarantine"
        self._stable_s, self._give_up_s, self._every_s = stable_s, give_up_s, every_s
        self._seen: dict[Path, _Seen] = {}
        for room in (folder, self.taken, self.quarantined):
            room.mkdir(parents=True, exist_ok=True)

    def watch(self, stop: threading.Event) -> Iterator[Taken]:
        """Files as they become whole; first those a crash left taken and not confirmed."""
        yield from self.left_over()
        while not stop.wait(self._every_s):
            yield from self.scan_once()

    def left_over(self) -> list[Taken]:
        return [Taken(path=p, name=_dropped_name(p)) for p in sorted(self.taken.iterdir())]

    def scan_once(self, now: float | None = None) -> list[Taken]:
        """One look; what is whole now is moved to `taken/` and returned."""
        now = time.monotonic() if now is None else now
        found = [p for p in sorted(self.folder.iterdir()) if _wanted(p)]
        self._seen = {p: s for p, s in self._seen.items() if p in set(found)}
        return [taken for p in found if (taken := self._look(p, now)) is not None]

    def confirm(self, taken: Taken) -> None:
        """The receiver has it durably."""
        taken.path.unlink(missing_ok=True)

    def quarantine(self, taken: Taken, reason: str) -> Path:
        """For a person to see; the reason stands beside it."""
        return self._set_aside(taken.path, taken.name, reason)

    def _look(self, path: Path, now: float) -> Taken | None:
        try:
            facts = path.stat()
        except FileNotFoundError:
            return None
        seen = self._seen.get(path)
        if seen is None or (seen.size, seen.changed) != (facts.st_size, facts.st_mtime_ns):
            first = seen.first if seen else now
            self._seen[path] = _Seen(facts.st_size, facts.st_mtime_ns, now, first)
            return None
        if now - seen.since < self._stable_s:
            return None
        if is_whole(path):
            target = self.taken / f"{time.time_ns():020d}-{path.name}"
            path.rename(target)
            return Taken(path=target, name=path.name)
        if now - seen.since >= self._give_up_s:
            self._set_aside(path, path.name, "Tệp không đầy đủ: không đọc được tới cuối.")
        return None

    def _set_aside(self, path: Path, name: str, reason: str) -> Path:
        target = self.quarantined / f"{time.time_ns():020d}-{name}"
        path.rename(target)
        target.with_name(target.name + ".txt").write_text(reason + "\n", "utf-8")
        return target


def _wanted(path: Path) -> bool:
    """Plain files with a suffix we know; no links, pipes, hidden or half-named ones."""
    if path.name.startswith(".") or path.suffix.lower() not in SUFFIXES:
        return False
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _dropped_name(path: Path) -> str:
    return path.name.partition("-")[2]


def is_whole(path: Path) -> bool:
    """Does the file reach its own end mark? Cheap; the sandbox looks closer later."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
        if head.startswith(b"%PDF-"):
            return b"%%EOF" in tail
        if head.startswith(b"\xff\xd8"):
            return b"\xff\xd9" in tail[-64:]
        if head.startswith(b"\x89PNG"):
            return b"IEND" in tail[-64:]
        if head[:4] in (b"II*\0", b"MM\0*"):
            directory = int.from_bytes(head[4:8], "little" if head[:2] == b"II" else "big")
            return 8 <= directory < size - 2
    return False
