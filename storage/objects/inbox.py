# SPDX-License-Identifier: Apache-2.0
"""Received bytes rest here until they are known: durable, yet deletable.

Secret papers and identity cards end here (Luật Bảo vệ bí mật nhà nước; Luật 91/2025 về dữ liệu cá
nhân), so nothing in this folder is write-once. Names are ours, random: the client's file name
never touches a path.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from storage.objects.content import CHUNK
from storage.objects.disk import disk_errors, make_folder, sync_folder, write_synced
from workflows.domain.quarantine import Quarantined, Refused
from workflows.errors import NotFound, TooLarge

_REASON = ".reason.json"


class FolderInbox:
    """`Inbox` on a folder: `part/` (arriving), `received/` (whole), `quarantine/` (unreadable)."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._part, self._received = self._root / "part", self._root / "received"
        self._quarantine = self._root / "quarantine"
        with disk_errors(f"opening {root}"):
            for folder in (self._part, self._received, self._quarantine):
                make_folder(folder)

    def receive(self, chunks: Iterator[bytes], *, limit: int) -> tuple[Path, str, int]:
        """Durable once it returns. If the sender stops or lies about the size, nothing is kept."""
        name = secrets.token_hex(16)
        part, whole = self._part / name, self._received / name
        counted = _Counted(chunks, limit)
        try:
            with disk_errors("receive"):
                write_synced(part, iter(counted), mode=0o600)
                part.rename(whole)
                sync_folder(self._received)
        except BaseException:
            with suppress(OSError):  # the first error is the one to tell
                self._wipe(part)
                self._wipe(whole)
            raise
        return whole, counted.digest.hexdigest(), counted.size

    def erase(self, path: Path) -> None:
        """Overwrite, sync, unlink, and the reason beside a quarantined file too.

        Overwriting reaches the blocks on plain disks only; a flash disk or a copy-on-write file
        system may keep the old ones, so the volume itself must be encrypted (TCVN 14423, 5.4.2.4).
        """
        inside = self._inside(path)
        with disk_errors("erase"):
            self._wipe(_reason_path(inside))
            self._wipe(inside)
            sync_folder(inside.parent)

    def quarantine(self, path: Path, why: Refused) -> Path:
        """Move aside, `<name>.reason.json` beside it. A second call keeps the first reason."""
        inside = self._inside(path)
        aside = self._quarantine / inside.name
        with disk_errors("quarantine"):
            if not inside.exists() and not aside.exists():
                raise NotFound(f"{path} is no longer in the inbox")
            if not _reason_path(aside).exists():
                told = json.dumps(asdict(why), ensure_ascii=False, indent=1).encode()
                write_synced(_reason_path(aside), iter([told]), mode=0o600)
            if inside != aside and inside.exists():
                inside.rename(aside)
            sync_folder(self._quarantine)
        return aside

    def quarantined(self) -> Sequence[Quarantined]:
        """Oldest first. A reason without its file (a crash between the two) is passed over."""
        with disk_errors("quarantine"):
            found = [q for p in self._quarantine.iterdir() if (q := _quarantined(p)) is not None]
        return sorted(found, key=lambda q: (q.since, q.name))

    def sweep(self, older_than_s: float = 3600.0) -> int:
        """Erase what interrupted senders left; the number erased."""
        edge, removed = time.time() - older_than_s, 0
        with disk_errors("sweep"):
            for part in list(self._part.iterdir()):
                if part.stat().st_mtime <= edge:
                    self._wipe(part)
                    removed += 1
        return removed

    def left_behind(self, older_than_s: float = 86400.0) -> list[Path]:
        """Whole files that nobody promoted or erased: a crash before the transaction. Oldest first.

        Whether one may go is for the reconciler to say, which can see the database.
        """
        edge = time.time() - older_than_s
        with disk_errors("left_behind"):
            aged = [(path.stat().st_mtime, path) for path in self._received.iterdir()]
        return [path for since, path in sorted(aged) if since <= edge]

    def free_bytes(self) -> int:
        """Room left on the volume, for the doctor and the 507 answer."""
        return shutil.disk_usage(self._root).free

    def _inside(self, path: Path) -> Path:
        """The path itself, when it is ours: erase must never be talked into other folders."""
        inside = path.parent.resolve() / path.name
        if inside.parent not in {self._received, self._quarantine, self._part}:
            raise NotFound(f"{path} is not in the inbox")
        return inside

    def _wipe(self, path: Path) -> None:
        try:
            if path.is_file() and not path.is_symlink():
                _overwrite(path)
        finally:
            path.unlink(missing_ok=True)


class _Counted:
    """Chunks on their way to the disk: counted, hashed, cut off at the limit."""

    def __init__(self, chunks: Iterator[bytes], limit: int) -> None:
        self._chunks, self._limit = chunks, limit
        self.digest, self.size = hashlib.sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            if self.size > self._limit:
                raise TooLarge(f"more than {self._limit} bytes")
            self.digest.update(chunk)
            yield chunk


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for start in range(0, size, CHUNK):
            file.write(bytes(min(CHUNK, size - start)))
        file.flush()
        os.fsync(file.fileno())


def _reason_path(path: Path) -> Path:
    return path.with_name(f"{path.name}{_REASON}")


def _quarantined(path: Path) -> Quarantined | None:
    if path.name.endswith(_REASON) or not path.is_file():
        return None
    stat = path.stat()
    try:
        why = Refused(**json.loads(_reason_path(path).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        why = Refused(code="", reason="Không còn ghi chú lý do.")
    since = dt.datetime.fromtimestamp(stat.st_ctime, dt.UTC)
    return Quarantined(name=path.name, path=path, size=stat.st_size, since=since, why=why)
