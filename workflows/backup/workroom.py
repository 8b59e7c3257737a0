# SPDX-License-Identifier: Apache-2.0
"""Where plain copies lie for a moment, and how several objects go their way at once."""

from __future__ import annotations

import fcntl
import hashlib
import secrets
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from workflows.errors import Conflict

_AT_ONCE = 4
_ABANDONED_S = 86_400.0

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def alone(scratch: Path) -> Iterator[None]:
    """A lock that ends with the process, however it ends. Raises `Conflict` where it is taken."""
    scratch.mkdir(parents=True, exist_ok=True)
    with (scratch / "backup.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise Conflict("backup.lock", message="Một lượt sao lưu khác đang chạy.") from taken
        yield


@contextmanager
def workroom(scratch: Path) -> Iterator[Path]:
    """A folder for plain copies, ours alone (0700); what a killed run left goes first."""
    scratch.mkdir(parents=True, exist_ok=True)
    for old in scratch.glob("backup-*/"):
        if time.time() - old.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="backup-", dir=scratch) as work:
        yield Path(work)


@contextmanager
def plain_and_closed(work: Path) -> Iterator[tuple[Path, Path]]:
    """Two file names for one object, plain and encrypted; both files are gone afterwards."""
    name = secrets.token_hex(8)
    plain, closed = work / f"object-{name}", work / f"object-{name}.age"
    try:
        yield plain, closed
    finally:
        plain.unlink(missing_ok=True)
        closed.unlink(missing_ok=True)


def side_by_side(work: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R]]:
    """In order, a few at once: an object is mostly waiting for a disk to say that it is durable."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting: deque[tuple[T, Future[R]]] = deque()
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > 4 * _AT_ONCE:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
