# SPDX-License-Identifier: Apache-2.0
"""Folders that live as long as one run, and what a killed service left of them."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_HOME, _GIVEN = "sohoa-home-", "sohoa-given-"
_OTHERS = ("sohoa-paper-", "sohoa-package-", "sohoa-stamp-", "sohoa-trust-", "sohoa-verify-")
"""What else is named so while a paper is looked at: by workflows, signing and packages."""
_MEMORY = Path("/dev/shm")  # noqa: S108 - through tempfile, with its random names


@contextmanager
def home_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=_HOME, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def given_folder(size: int) -> Iterator[Path]:
    """For copies of papers, of `size` bytes: in memory where they fit, so no disk keeps them."""
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2 * size
    with tempfile.TemporaryDirectory(prefix=_GIVEN, dir=_MEMORY if in_memory else None) as folder:
        yield Path(folder)


def sweep(*places: Path, older_than_s: float = 3600.0) -> int:
    """Remove the copies of papers that a killed service left; the number of folders removed.

    In memory, among the temporary folders and in `places`. No run lasts half so long
    (`Limits.wall_s`).
    """
    edge, removed = time.time() - older_than_s, 0
    for place in (Path(tempfile.gettempdir()), _MEMORY, *places):
        for prefix in (_HOME, _GIVEN, *_OTHERS):
            for folder in place.glob(f"{prefix}*"):
                with suppress(FileNotFoundError):  # its own run removed it meanwhile
                    if folder.lstat().st_mtime <= edge:
                        shutil.rmtree(folder, ignore_errors=True)
                        removed += not folder.exists()
    return removed
