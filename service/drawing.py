# SPDX-License-Identifier: Apache-2.0
"""The pages of one file drawn beside those who read them, by a process that does nothing else.

A process and not a thread: the readers are forked while it works, and a fork must find no thread.
It begins before the readers are loaded, and they take each page as soon as it is there.
"""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from service.config import Settings
from service.lifeline import end_with
from service.opening_desk import dpi_of, opener
from workflows.errors import SohoaError
from workflows.opening import PAGES_A_STEP, RENDER_LIMITS, ROOM, Coming

_LOOKS_UP_S = 1.0
"""How often the process looks whether the one it draws for is still there."""
_STARTS_S = 60.0


class Drawer:
    """Draws stretches of pages in the order they are asked for.

    `fork`: only where this process has a single thread.
    """

    def __init__(self, untrusted: Path, settings: Settings, *, fork: bool) -> None:
        self._untrusted, self._settings = untrusted, settings
        self._context = get_context("fork") if fork else get_context("spawn")
        self._kept, self._asked = ExitStack(), 0

    def __enter__(self) -> Self:
        scratch = self._settings.data_dir / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        room = tempfile.TemporaryDirectory(
            prefix=ROOM, dir=scratch.resolve(), ignore_cleanup_errors=True
        )
        self._room = Path(self._kept.enter_context(room))
        # the child's own account has to pass, or it would draw under ours (`sandbox.account`)
        self._room.chmod(0o711)
        ours, its = self._context.Pipe()
        self._orders: Connection = ours
        self._process = self._context.Process(
            target=_work,
            args=(its, self._untrusted, self._settings, os.getpid(), self._room),
            daemon=True,
        )
        self._process.start()
        its.close()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with suppress(OSError):
            self._orders.send(None)
        if kind is not None and self._process.pid is not None and self._process.is_alive():
            # what it still draws nobody wants; interrupted it takes its child along
            os.kill(self._process.pid, signal.SIGINT)
        self._process.join()
        self._orders.close()
        self._kept.close()

    @contextmanager
    def stretch(self, verb: str, first: int, last: int) -> Iterator[Coming]:
        """Pages `first`..`last`, to be drawn next; their files go with the block."""
        self._asked += 1
        out, end = self._room / str(self._asked), self._room / f"{self._asked}.end"
        out.mkdir(mode=0o700)
        self._orders.send((verb, first, last, out, end))
        # those asked for before are drawn before
        patience = _STARTS_S + 2 * RENDER_LIMITS.wall_s * (1 + (last - first) // PAGES_A_STEP)
        try:
            yield Coming(folder=out, end=end, drawer=self._process.pid or 0, patience_s=patience)
        finally:
            shutil.rmtree(out, ignore_errors=True)


def _work(orders: Connection, untrusted: Path, settings: Settings, master: int, room: Path) -> None:
    """Draws; when the process it draws for is killed, stops at once and clears its room away."""
    os.umask(0o077)  # how a run ended is nobody else's to read
    with suppress(KeyboardInterrupt):
        # a shell has its jobs in the background ignore it
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if end_with(master, signal.SIGINT):
            _draw(orders, untrusted, settings, master)
    if os.getppid() != master:
        shutil.rmtree(room, ignore_errors=True)


def _draw(orders: Connection, untrusted: Path, settings: Settings, master: int) -> None:
    """What the process does until it is told to stop or is alone."""
    look = None
    with suppress(KeyboardInterrupt, EOFError, OSError):
        while os.getppid() == master:
            if not orders.poll(_LOOKS_UP_S):
                continue
            if (order := orders.recv()) is None:
                return
            verb, first, last, out, end = order
            try:
                look = look or opener(settings)
                ended = pickle.dumps(look.draw(verb, untrusted, out, first, last, dpi_of(settings)))
            except SohoaError as trouble:
                ended = pickle.dumps(trouble)
            except Exception as trouble:  # whoever waits has to hear of it
                ended = pickle.dumps(SohoaError(f"drawing: {trouble!r}"))
            part = end.with_suffix(".part")
            part.write_bytes(ended)
            part.replace(end)
