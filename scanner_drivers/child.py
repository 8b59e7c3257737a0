# SPDX-License-Identifier: Apache-2.0
"""A device program in a process group of its own, watched by the bytes it makes.

libsane and vendors' sources really do hang in the middle of a page, with the processor at 100 %
or at 0; only SIGKILL helps then. Progress is a line on stdout or growth of a file in the folder.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scanner_drivers.driver import ScannerError, ScannerFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Seconds without progress before the child is killed."""

    first_byte_s: float = 60.0
    between_s: float = 15.0
    cancel_s: float = 10.0


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


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
            preexec_fn=_die_with_parent if _LIBC is not None else None,
        )
        self.errors = b""

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    def send(self, line: str) -> None:
        """One command. A program that is gone hears nothing; `lines` tells that it is."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - started with `commands`
        with suppress(BrokenPipeError):
            stdin.write(line.encode() + b"\n")
            stdin.flush()

    def finish(self) -> bool:
        """Close stdin, which asks the program to end; False when it did not in `cancel_s`."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(self.watch.cancel_s)
        return self._process.returncode is not None

    def lines(self) -> Generator[str, None, None]:
        """Raises DRIVER_STALLED when nothing moves for too long; the group is then dead."""
        out, err = self._process.stdout, self._process.stderr
        assert out is not None and err is not None  # noqa: S101 - both are pipes
        pending = b""
        with selectors.DefaultSelector() as selector:
            for stream in (out, err):
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ)
            moved, size, limit = time.monotonic(), -1, self.watch.first_byte_s
            while selector.get_map():
                for key, _ in selector.select(0.1):
                    data = os.read(key.fd, 1 << 16)
                    if not data:
                        selector.unregister(key.fileobj)
                    elif key.fileobj is err:
                        self.errors = (self.errors + data)[-65536:]
                    else:
                        pending += data
                        moved, limit = time.monotonic(), self.watch.between_s
                *whole, pending = pending.split(b"\n")
                yield from (line.decode("utf-8", "replace") for line in whole)
                grown = self._size()
                if grown != size:
                    if size >= 0:
                        limit = self.watch.between_s
                    moved, size = time.monotonic(), grown
                if time.monotonic() - moved > limit:
                    self.kill()
                    raise ScannerError(ScannerFault.DRIVER_STALLED, f"no progress for {limit} s")
        self._process.wait()

    def kill(self) -> None:
        """Ask, then kill the whole group; leaves no zombie."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def _size(self) -> int:
        total = 0
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):
                total += path.stat().st_size
        return total
