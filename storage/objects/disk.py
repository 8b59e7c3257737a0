# SPDX-License-Identifier: Apache-2.0
"""Making a file durable: the three fsyncs that most programs forget, and what a disk can answer."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workflows.errors import SohoaError, StorageFull, StorageUnavailable

_GET_FLAGS, _SET_FLAGS, _IMMUTABLE = 0x80086601, 0x40086602, 0x10
"""FS_IOC_GETFLAGS, FS_IOC_SETFLAGS and FS_IMMUTABLE_FL of linux/fs.h (64 bit)."""
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


def is_on_encrypted_disk(path: Path) -> bool | None:
    """Whether the block device under `path` is a dm-crypt one (LUKS) or lies on one.

    None where that cannot be told: no Linux, a network share, a container's layer.
    """
    if not sys.platform.startswith("linux"):
        return None
    number = path.stat().st_dev
    device = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    return _is_encrypted(device) if device.exists() else None


def _is_encrypted(device: Path) -> bool:
    uuid = device / "dm/uuid"
    if uuid.is_file() and uuid.read_text().startswith("CRYPT-"):
        return True
    below = device / "slaves"
    return below.is_dir() and any(_is_encrypted(lower) for lower in below.iterdir())


def set_immutable(path: Path, *, on: bool) -> bool:
    """`chattr +i` or `-i`; whether it is so now.

    Needs Linux, CAP_LINUX_IMMUTABLE and a file system that knows it (ext4, xfs, btrfs).
    """
    if os.name != "posix" or not path.is_file():
        return False
    import fcntl

    descriptor = os.open(path, os.O_RDONLY)
    try:
        flags = int.from_bytes(fcntl.ioctl(descriptor, _GET_FLAGS, bytes(8))[:4], sys.byteorder)
        wanted = flags | _IMMUTABLE if on else flags & ~_IMMUTABLE
        if wanted != flags:
            fcntl.ioctl(descriptor, _SET_FLAGS, wanted.to_bytes(8, sys.byteorder))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def write_synced(path: Path, pieces: Iterator[bytes], *, mode: int = 0o440) -> None:
    """Write a new file and fsync it. Refuses to touch one that exists."""
    binary: int = getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, mode)
    with os.fdopen(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
