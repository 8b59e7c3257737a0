# SPDX-License-Identifier: Apache-2.0
"""Reading many files at once without a server: one process a core, results in order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from service.config import Settings
from service.reading_desk import ReadingDesk, opener, reading_desk, steps_of
from workflows.errors import NotADocument, SohoaError
from workflows.ports.archival import CopyPage

Outcome = dict[str, Any] | SohoaError


def read_files(paths: Sequence[Path], jobs: int = 0) -> Iterator[tuple[Path, Outcome]]:
    """(path, contract JSON or the error) in the order given. `jobs` 0: one a core."""
    jobs = min(jobs or os.cpu_count() or 1, len(paths))
    if jobs <= 1:
        yield from ((path, _read(path)) for path in paths)
        return
    with _pool(jobs) as pool:
        yield from zip(paths, pool.map(_read, paths), strict=True)


def copy_pages(path: Path, jobs: int = 0) -> Iterator[CopyPage]:
    """All pages of one file, read by `jobs` processes (0: one a core), in order as they come.

    The pictures are made ready where they were read; what comes over is some 100 kB a page.
    """
    jobs = jobs or os.cpu_count() or 1
    steps = steps_of(opener(Settings()), path, jobs)
    jobs = min(jobs, len(steps))
    if jobs <= 1:
        for step in steps:
            yield from _copy(path, step)
        return
    with _pool(jobs) as pool:
        for pages in pool.map(partial(_copy, path), steps):
            yield from pages


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Forked where this process has a single thread: what it imported need not be loaded again.

    With threads spawned, which costs each process a second: a forked Tesseract or OpenCV would
    inherit locks that a thread holds.
    """
    tasks = Path("/proc/self/task")
    alone = tasks.is_dir() and len([*tasks.iterdir()]) == 1
    return ProcessPoolExecutor(jobs, mp_context=get_context("fork" if alone else "spawn"))


def _copy(path: Path, step: tuple[int, int]) -> list[CopyPage]:
    return _desk().copy_pages(path, *step)


@cache
def _desk() -> ReadingDesk:
    return reading_desk(Settings())


def _read(path: Path) -> Outcome:
    if not path.is_file():
        return NotADocument(str(path), message=f"Không có tệp {path}.")
    try:
        extraction = _desk().read_file(path)
    except SohoaError as error:
        return error
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest} | extraction.as_json()
