# SPDX-License-Identifier: Apache-2.0
"""Writing the ZIP file of a package: durable, whole or absent; equal content, equal bytes."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import stat
import time
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.objects.disk import disk_errors, make_folder, sync_folder, write_synced
from storage.packages.entries import Entry, media_type_of

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_PACKED = {"application/pdf", "image/jpeg", "image/png"}  # packing them again saves nothing
_PART = ".part"
_STALE_S = 24 * 3600.0


class ZipWriter:
    """Adds files below one folder; remembers the sha-256 and size of each."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        self._archive = archive
        self._folder = folder
        self.entries: list[Entry] = []

    def add(self, path: str, content: bytes, created: dt.datetime, media_type: str = "") -> Entry:
        entry = Entry(
            path=path,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            media_type=media_type or media_type_of(path),
            created=created,
        )
        self.put(path, content, pack=entry.media_type not in _PACKED)
        self.entries.append(entry)
        return entry

    def put(self, path: str, content: bytes, *, pack: bool = True) -> None:
        """Without an entry of its own: the last METS.xml, and what a bag says about itself."""
        place = zipfile.ZipInfo(f"{self._folder}/{path}", _FIRST_DAY)
        place.compress_type = zipfile.ZIP_DEFLATED if pack else zipfile.ZIP_STORED
        place.external_attr = (stat.S_IFREG | 0o644) << 16
        place.create_system = 3
        self._archive.writestr(place, content)


@contextmanager
def durable_zip(final: Path, folder: str) -> Iterator[tuple[ZipWriter, Path]]:
    """(writer, the file being written). The name appears only when all is on the disk.

    Leaving the block closes the file; the caller then calls `publish`. A crash leaves `*.part`,
    which nothing reads and the next export sweeps.
    """
    with disk_errors(f"writing {final.name}"):
        make_folder(final.parent)
        sweep(final.parent)
        part = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}{_PART}")
        try:
            yield from _written(part, folder)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _written(part: Path, folder: str) -> Iterator[tuple[ZipWriter, Path]]:
    # personal data: nobody but the office's own account and group reads it
    descriptor = os.open(
        part, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o640
    )
    with os.fdopen(descriptor, "w+b") as file:
        with zipfile.ZipFile(file, "w") as archive:
            yield ZipWriter(archive, folder), part
        file.flush()
        os.fsync(file.fileno())


def publish(part: Path, final: Path) -> None:
    """From here on it is believed."""
    with disk_errors(f"writing {final.name}"):
        part.replace(final)
        sync_folder(final.parent)


def replace_file(path: Path, content: bytes) -> None:
    """A small file, whole at every moment."""
    fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}{_PART}")
    with disk_errors(f"writing {path.name}"):
        write_synced(fresh, iter([content]))
        fresh.replace(path)
        sync_folder(path.parent)


def sweep(folder: Path, older_than_s: float = _STALE_S) -> int:
    """Remove what killed exports left; the number removed. One under way is younger."""
    edge, removed = time.time() - older_than_s, 0
    for part in folder.glob(f".*{_PART}"):
        if part.stat().st_mtime <= edge:
            part.unlink(missing_ok=True)
            removed += 1
    return removed


def is_unfinished(path: Path) -> bool:
    return path.name.endswith(_PART)
