# SPDX-License-Identifier: Apache-2.0
"""Reading many files at once without a server: one process a core, results in order."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.config import Settings
from service.opening_desk import dpi_of, opener
from workflows.errors import NotADocument, SohoaError
from workflows.opening import Opener, Rendered

if TYPE_CHECKING:  # loaded while the first pages are drawn
    from ocr.opened import Opening
    from ocr.recognise import Recogniser
    from service.reading_desk import ReadingDesk
    from workflows.ports.archival import CopyPage

Outcome = dict[str, Any] | SohoaError
Takers = Sequence["Callable[[], CopyPage]"]
_FIRST_PAGES, _NEXT_PAGES = 4, 12
"""Rendered at once: a child takes as long to start as to decode five pages."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LINGERS_S = 0.05
"""How long the kernel may go on listing a thread that has ended."""


def read_files(paths: Sequence[Path], jobs: int = 0) -> Iterator[tuple[Path, Outcome]]:
    """(path, contract JSON or the error) in the order given. `jobs` 0: one a core."""
    jobs = min(jobs or os.cpu_count() or 1, len(paths))
    if jobs <= 1:
        yield from ((path, _read(path)) for path in paths)
        return
    _load_readers()
    with _pool(jobs) as pool:
        yield from zip(paths, pool.map(_read, paths), strict=True)


@contextmanager
def copied_pages(path: Path, jobs: int = 0) -> Iterator[Iterator[CopyPage]]:
    """All pages of one file, read by `jobs` processes (0: one a core), in order as they come.

    Reading begins at once: what binds the pages may be loaded meanwhile. The pictures are made
    ready where they were read; what comes over is some 100 kB a page.
    """
    settings, jobs = Settings(), jobs or os.cpu_count() or 1
    dpi = dpi_of(settings)
    with ExitStack() as readers, ExitStack() as rooms:
        room = rooms.enter_context(ExitStack())

        def drawn() -> tuple[Opener, Opening, Rendered]:
            look = opener(settings)
            opened = look.opened(path, 1, max(_FIRST_PAGES, jobs), dpi)
            return look, *room.enter_context(opened)

        with ThreadPoolExecutor(1) as aside:
            # children try the sandbox and draw the first pages on one core while the readers are
            # loaded on another
            begins = aside.submit(drawn)
            _load_readers()
        look, opening, few = begins.result()
        jobs = min(jobs, opening.page_count)
        pool = readers.enter_context(_pool(jobs)) if jobs > 1 else None
        begun = room, _handed_out(few, pool)

        def later() -> Iterator[tuple[ExitStack, Takers]]:
            for first, last in _stretches(len(few.numbers) + 1, opening.page_count, jobs):
                next_room = rooms.enter_context(ExitStack())
                pages = next_room.enter_context(look.rendered(path, first, last, dpi))
                yield next_room, _handed_out(pages, pool)

        yield _in_order(begun, later())


def _in_order(
    here: tuple[ExitStack, Takers] | None, later: Iterator[tuple[ExitStack, Takers]]
) -> Iterator[CopyPage]:
    """The next pages are drawn while those before them are read, never more."""
    while here is not None:
        following = next(later, None)
        room, pages = here
        with room:
            for page in pages:
                yield page()
        here = following


def _stretches(first: int, count: int, jobs: int) -> Iterator[tuple[int, int]]:
    """(first, last) of the pages that one child draws, from page `first` on."""
    long = max(_NEXT_PAGES, 2 * jobs)
    return ((start, min(start + long - 1, count)) for start in range(first, count + 1, long))


def _handed_out(pages: Rendered, pool: Executor | None) -> Takers:
    """Each page to the next process that is free; without a pool read when it is taken."""
    reads = (partial(_copy, pages, number) for number in pages.numbers)
    return [*reads] if pool is None else [pool.submit(read).result for read in reads]


def _copy(pages: Rendered, number: int) -> CopyPage:
    return _desk().copy_page(pages.page(number))


def _load_readers() -> None:
    """What all processes need, once, for all that are forked.

    Tesseract too, which has no threads; importing onnxruntime starts one.
    """
    gc.disable()  # loading only makes what stays: looking for garbage took a tenth of it
    try:
        from ocr.document_types import shipped_document_types
        from service import reading_desk  # noqa: F401

        shipped_document_types()
        _witness()
        gc.freeze()
    finally:
        gc.enable()


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Forked where this process has a single thread: what it imported need not be loaded again.

    With threads spawned, which costs each process a second: a forked Tesseract or OpenCV would
    inherit locks that a thread holds.
    """
    return ProcessPoolExecutor(jobs, mp_context=get_context("fork" if _is_alone() else "spawn"))


def _is_alone() -> bool:
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return False
    patience = time.monotonic() + _LINGERS_S
    while len([*tasks.iterdir()]) > 1:
        if threading.active_count() > 1 or time.monotonic() > patience:
            return False
        time.sleep(0.001)
    return True


def _reuse_freed_memory() -> None:
    """Rasters and tensors take the place of those before them (glibc, mallopt(3)).

    By default glibc gives large blocks back to the kernel at once and has them zeroed page by page
    the next time: a fifth of the making of a copy, 3 % of the reading, and the peak no lower.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, 256 << 20)
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)


@cache
def _desk() -> ReadingDesk:
    from service.reading_desk import reading_desk

    _reuse_freed_memory()
    return reading_desk(Settings(), _witness())


@cache
def _witness() -> Recogniser:
    """This process's Tesseract, or the one that was loaded before it was forked."""
    from ocr.tesseract import default_recogniser

    return default_recogniser()


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
