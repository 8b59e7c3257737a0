# SPDX-License-Identifier: Apache-2.0
"""Reading many files at once without a server: one process a core, results in order."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.config import Settings
from service.drawing import Drawer
from service.lifeline import end_with
from workflows.errors import NotADocument, SohoaError
from workflows.opening import Coming

if TYPE_CHECKING:  # loaded while the first pages are drawn
    from ocr.page import PageText
    from ocr.recognise import Recogniser
    from service.reading_desk import ReadingDesk
    from storage.picture.prepared import PreparedPicture
    from workflows.ports.archival import CopyPage

Outcome = dict[str, Any] | SohoaError
_PAGES, _AHEAD = 20, 3
"""One child draws at least so many: it takes as long to start as to decode five. The next starts
when three for each reader are not read yet: it takes as long to start as two of them to be read."""
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
    _load_rules()
    with _pool(jobs) as pool:
        yield from zip(paths, pool.map(_read, paths), strict=True)


@contextmanager
def copied_pages(path: Path, jobs: int = 0) -> Iterator[Iterator[CopyPage]]:
    """All pages of one file, read by `jobs` processes (0: one a core), in order as they come.

    Reading begins at once: what binds the pages may be loaded meanwhile. The pictures are made
    ready where they were read; what comes over is some 100 kB a page.
    """
    settings, jobs = Settings(), jobs or os.cpu_count() or 1
    # forked before anything is loaded: it is small, and draws while the readers are loaded
    with (
        ExitStack() as readers,
        Drawer(path, settings, fork=_is_alone()) as drawer,
        ExitStack() as rooms,
    ):
        room = rooms.enter_context(ExitStack())
        long = max(_PAGES, 2 * jobs)
        first = room.enter_context(drawer.stretch("open", 1, long))
        _load_readers()
        count = first.opening().page_count
        jobs = min(jobs, count)
        pool = _pool(jobs) if jobs > 1 else None
        if pool is not None:
            readers.callback(pool.shutdown, cancel_futures=True)
        numbers = range(1, min(long, count) + 1)
        begun = _handed_out(room, first, numbers, pool, jobs if count <= long else 0)

        def later() -> Iterator[_Stretch]:
            for low, high in _stretches(long + 1, count, long):
                next_room = rooms.enter_context(ExitStack())
                coming = next_room.enter_context(drawer.stretch("render", low, high))
                parted = jobs if high == count else 0
                yield _handed_out(next_room, coming, range(low, high + 1), pool, parted)

        yield _in_order(begun, later(), _AHEAD * jobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Pages one child draws: `takers` give them once read, `room` holds their rasters."""

    room: ExitStack
    coming: Coming
    numbers: range
    takers: Sequence[Callable[[], CopyPage]]


def _in_order(here: _Stretch | None, later: Iterator[_Stretch], ahead: int) -> Iterator[CopyPage]:
    """The next pages are drawn when no more than `ahead` of those before are to be taken."""
    while here is not None:
        following, asked = None, False
        with here.room:
            for left, page in zip(range(len(here.takers), 0, -1), here.takers, strict=True):
                if left <= ahead and not asked:
                    following, asked = next(later, None), True
                yield page()
            here.coming.conclude(here.numbers)
        here = following


def _stretches(first: int, count: int, long: int) -> Iterator[tuple[int, int]]:
    """(first, last) of the pages that one child draws, from page `first` on."""
    return ((start, min(start + long - 1, count)) for start in range(first, count + 1, long))


def _handed_out(
    room: ExitStack, coming: Coming, numbers: range, pool: Executor | None, parted: int
) -> _Stretch:
    """Each page to the next process that is free; without a pool read when it is taken.

    The last `parted` pages in halves, so that no process waits long for another at the end.
    """
    takers: list[Callable[[], CopyPage]]
    if pool is None:
        takers = [partial(_copy, coming, number) for number in numbers]
    else:
        whole, halved = numbers[: len(numbers) - parted], numbers[len(numbers) - parted :]
        takers = [pool.submit(_copy, coming, number).result for number in whole]
        takers += [_in_halves(coming, number, pool) for number in halved]
    return _Stretch(room=room, coming=coming, numbers=numbers, takers=takers)


def _copy(coming: Coming, number: int) -> CopyPage:
    desk = _desk()  # loaded while the page is drawn
    page = coming.page(number)
    coming.forget(number)
    return desk.copy_page(page)


def _text(coming: Coming, number: int) -> PageText:
    return _desk().text_of(coming.page(number))


def _picture(coming: Coming, number: int, clockwise: int) -> PreparedPicture:
    return _desk().picture_of(coming.page(number), clockwise)


def _in_halves(coming: Coming, number: int, pool: Executor) -> Callable[[], CopyPage]:
    """The picture is handed out when the text has told which way up it is."""
    text: Future[PageText] = pool.submit(_text, coming, number)
    handed_out: Future[Future[PreparedPicture]] = Future()

    def hand_out(read: Future[PageText]) -> None:
        try:
            clockwise = read.result().rotation
            handed_out.set_result(pool.submit(_picture, coming, number, clockwise))
        except BaseException as trouble:  # who takes the page hears of it
            handed_out.set_exception(trouble)

    text.add_done_callback(hand_out)

    def taken() -> CopyPage:
        from service.reading_desk import copy_of

        return copy_of(text.result(), handed_out.result().result())

    return taken


def _load_readers() -> None:
    """What all processes need, once, for all that are forked.

    Tesseract too, which has no threads; importing onnxruntime starts one.
    """
    gc.disable()  # loading only makes what stays: looking for garbage took a tenth of it
    try:
        import numpy.ma  # noqa: F401 - np.unique asks for it

        from ocr.compounds import shipped_compounds
        from service import reading_desk  # noqa: F401

        shipped_compounds()
        _witness()
        gc.freeze()
    finally:
        gc.enable()


def _load_rules() -> None:
    """What turns pages into fields, which a copy does not need."""
    from ocr import extract  # noqa: F401
    from ocr.document_types import shipped_document_types

    shipped_document_types()


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Forked where this process has a single thread: what it imported need not be loaded again.

    With threads spawned, which costs each process a second: a forked Tesseract or OpenCV would
    inherit locks that a thread holds.
    """
    context = get_context("fork" if _is_alone() else "spawn")
    return ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_end_with_master, initargs=(os.getpid(),)
    )


def _end_with_master(master: int) -> None:
    """Otherwise readers of a killed command would wait for pages for ever."""
    if not end_with(master, signal.SIGKILL):
        os._exit(1)
    # a page makes tens of thousands of words and boxes, none of them in rings: looked through in
    # vain every 700 of them by default
    gc.set_threshold(50_000, 20, 20)


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
