# SPDX-License-Identifier: Apache-2.0
"""Making a file durable: the three fsyncs that most programs forget, and what a disk can answer."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workflows.errors import SohoaError, StorageFull, StorageUnavailable

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn the operating system's refusals into `StorageFull` or `StorageUnavailable`."""
    try:
        yield
    except SohoaError:
        raise
    except OSError as problem:
        kind = StorageFull if problem.errno in _NO_SPACE else StorageUnavailable
        raise kind(f"{what}: {problem}") from problem


def sync_folder(folder: Path) -> None:
    """A new or renamed entry survives a power cut only after its folder was synced (f37)."""
    if os.name == "nt":  # NTFS journals entries; a folder cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """`mkdir -p`, each new level synced into the one above."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o750, exist_ok=True)
    sync_folder(folder.parent)


def write_synced(path: Path, pieces: Iterator[bytes], *, mode: int = 0o440) -> None:
    """Write a new file and fsync it. Refuses to touch one that exists."""
    binary: int = getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, mode)
    with os.fdopen(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
