# SPDX-License-Identifier: Apache-2.0
"""A device program in a process group of its own, watched by the bytes it makes.

libsane and vendors' sources really do hang in the middle of a page, with the processor at 100 %
or at 0; only SIGKILL helps then. Progress is a line on stdout or growth of a file in the folder.
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scanner_drivers.driver import ScannerError, ScannerFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Seconds without progress before the child is killed."""

    first_byte_s: float = 60.0
    between_s: float = 15.0
    cancel_s: float = 10.0


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
_LAST_WORDS = 10  # tenths of a second for what a program that ended has still in its pipes


def _die_with_parent() -> None:
    """Runs in the child between fork and exec: no scan goes on that nobody writes down."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class DeviceProcess:
    """Runs one job; `lines` yields its stdout and ends when it does.

    `commands`: the program reads commands on stdin (`send`); without, stdin is empty.
    """

    def __init__(
        self,
        argv: Sequence[str],
        folder: Path,
        *,
        watch: Watch,
        environment: Mapping[str, str] | None = None,
        commands: bool = False,
    ) -> None:
        self.folder = folder
        self.watch = watch
        self._process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE if commands else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            process_group=0,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            preexec_fn=_die_with_parent if _LIBC is not None else None,
        )
        self.errors = b""
        self._readers: list[threading.Thread] = []
        self._progress = _Progress(folder, watch)

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    def send(self, line: str) -> None:
        """One command. A program that is gone hears nothing; `lines` tells that it is."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - started with `commands`
        self.warming_up()
        with suppress(BrokenPipeError):
            stdin.write(line.encode() + b"\n")
            stdin.flush()

    def warming_up(self) -> None:
        """Something that may take long begins: `first_byte_s` once more, to the next progress."""
        self._progress.wait(self.watch.first_byte_s)

    def finish(self) -> bool:
        """Close stdin, which asks the program to end; False when it did not in `cancel_s`."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(self.watch.cancel_s)
        return self._process.returncode is not None

    def lines(self) -> Generator[str, None, None]:
        """Raises DRIVER_STALLED when nothing moves for too long; the group is then dead.

        Ends with the program, even where a helper that it left behind keeps its pipes open. The
        time a caller takes over a line is no silence of the device.
        """
        said = self._start_reading()
        progress, pending, ended = self._progress, b"", 0
        while any(reader.is_alive() for reader in self._readers) or not said.empty():
            try:
                data = said.get(timeout=0.1)
            except queue.Empty:
                ended = ended + 1 if self._process.poll() is not None else 0
                if ended > _LAST_WORDS:
                    break
                data = b""
            if data:
                progress.heard()
            *whole, pending = (pending + data).split(b"\n")
            for line in whole:
                paused = time.monotonic()
                yield line.decode("utf-8", "replace")
                progress.moved += time.monotonic() - paused
            if progress.stalled():
                self.kill()
                raise ScannerError(
                    ScannerFault.DRIVER_STALLED, f"no progress for {progress.limit} s"
                )
        self._process.wait()

    def _start_reading(self) -> queue.SimpleQueue[bytes]:
        """Threads, for the pipes of a child cannot be polled on Windows."""
        said = queue.SimpleQueue[bytes]()
        out, err = self._process.stdout, self._process.stderr
        assert out is not None and err is not None  # noqa: S101 - both are pipes
        for stream, keep in ((out, said.put), (err, self._note)):
            reader = threading.Thread(target=_read, args=(stream, keep), daemon=True)
            self._readers.append(reader)
            reader.start()
        return said

    def _note(self, data: bytes) -> None:
        self.errors = (self.errors + data)[-65536:]

    def kill(self) -> None:
        """Kill the whole group; leaves no zombie."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join(1.0)
        closed_by_readers = (self._process.stdout, self._process.stderr) if self._readers else ()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None and stream not in closed_by_readers:
                with suppress(BrokenPipeError):
                    stream.close()


class _Progress:
    """When the program last said something or its folder grew, and how long it may now be still."""

    def __init__(self, folder: Path, watch: Watch) -> None:
        self._between_s, self._folder, self._size = watch.between_s, folder, _size(folder)
        self.wait(watch.first_byte_s)

    def wait(self, limit_s: float) -> None:
        self.moved, self.limit = time.monotonic(), limit_s

    def heard(self) -> None:
        self.wait(self._between_s)

    def stalled(self) -> bool:
        size = _size(self._folder)
        if size != self._size:
            self._size = size
            self.heard()
        return time.monotonic() - self.moved > self.limit


def _read(stream: IO[bytes], keep: Callable[[bytes], None]) -> None:
    """Closes the pipe itself: closed by another thread, its number could be another file's."""
    with stream:
        while data := os.read(stream.fileno(), 1 << 16):
            keep(data)


def _size(folder: Path) -> int:
    total = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
