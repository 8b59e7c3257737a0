# SPDX-License-Identifier: Apache-2.0
"""Reading many files at once without a server: one process a core, results in order."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ocr.document_types import shipped_document_types
from service.config import Settings
from service.reading_desk import ReadingDesk, dpi_of, opener, reading_desk
from workflows.errors import NotADocument, SohoaError
from workflows.opening import Rendered
from workflows.ports.archival import CopyPage

Outcome = dict[str, Any] | SohoaError
_FIRST_PAGES, _NEXT_PAGES = 4, 12
"""Rendered at once: a child takes as long to start as to decode five pages."""


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
    settings = Settings()
    look, dpi = opener(settings), dpi_of(settings)
    count = look.inspect(path).page_count
    jobs = min(jobs or os.cpu_count() or 1, count)
    if jobs <= 1:
        yield from map(_desk().copy_page, _desk().pages_of(path))
        return
    shipped_document_types()  # once, for all that are forked
    with _pool(jobs) as pool, ExitStack() as rooms:
        waiting: deque[tuple[ExitStack, list[Future[CopyPage]]]] = deque()
        for first, last in _stretches(count, jobs):
            # the next pages are rendered while those before are read, never more
            room = rooms.enter_context(ExitStack())
            pages = room.enter_context(look.rendered(path, first, last, dpi))
            read = [pool.submit(_copy, pages, number) for number in pages.numbers]
            waiting.append((room, read))
            if len(waiting) > 1:
                yield from _taken(*waiting.popleft())
        while waiting:
            yield from _taken(*waiting.popleft())


def _stretches(count: int, jobs: int) -> Iterator[tuple[int, int]]:
    """(first, last) of the pages one child renders: few at first, that nobody waits long."""
    first, long = 1, max(_FIRST_PAGES, jobs)
    while first <= count:
        yield first, min(first + long - 1, count)
        first, long = first + long, max(_NEXT_PAGES, 2 * jobs)


def _taken(room: ExitStack, read: list[Future[CopyPage]]) -> Iterator[CopyPage]:
    with room:
        for page in read:
            yield page.result()


def _copy(pages: Rendered, number: int) -> CopyPage:
    return _desk().copy_page(pages.page(number))


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Forked where this process has a single thread: what it imported need not be loaded again.

    With threads spawned, which costs each process a second: a forked Tesseract or OpenCV would
    inherit locks that a thread holds.
    """
    tasks = Path("/proc/self/task")
    alone = tasks.is_dir() and len([*tasks.iterdir()]) == 1
    return ProcessPoolExecutor(jobs, mp_context=get_context("fork" if alone else "spawn"))


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
