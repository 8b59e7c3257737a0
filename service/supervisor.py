# SPDX-License-Identifier: Apache-2.0
"""Keeps child processes running: a dead one is started again, all end together.

A worker's death never ends the web process; the web process's death does not end the workers'
jobs. Signals go to the children this supervisor started and to nobody else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from service.lifeline import end_with

log = structlog.get_logger(__name__)
SUPERVISOR = "SUPERVISOR_PID"
GRACE_S = 10.0
BACKOFF_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
SETTLED_S = 30.0
"""A child that lived this long starts with the shortest wait again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    name: str
    argv: Sequence[str]


@dataclass(slots=True)
class _Child:
    command: Command
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    due: float = field(default=0.0)


def end_with_supervisor() -> None:
    """Called first by every child: when the supervisor is killed, so is the child (Linux).

    Otherwise an orphaned web process would keep the port and no new server could start.
    """
    expected = os.environ.get(SUPERVISOR)
    if expected is not None and not end_with(int(expected), signal.SIGTERM):
        sys.exit(0)  # it died before we asked


class Supervisor:
    """Runs `commands` until SIGTERM or SIGINT."""

    def __init__(self, commands: Sequence[Command]) -> None:
        self._children = [_Child(command) for command in commands]
        self._stop = threading.Event()

    def run(self) -> int:
        """Returns 0 after a clean stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        try:
            while not self._stop.is_set():
                for child in self._children:
                    self._tend(child)
                self._stop.wait(0.2)
        finally:
            self._end_all()
        return 0

    def stop(self) -> None:
        self._stop.set()

    def pids(self) -> dict[str, int]:
        """Living children by name."""
        return {c.command.name: c.process.pid for c in self._children if c.process is not None}

    def _tend(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                self._start(child, now)
            return
        code = child.process.poll()
        if code is None:
            return
        child.process = None
        if now - child.started > SETTLED_S:
            child.failures = 0
        wait = BACKOFF_S[min(child.failures, len(BACKOFF_S) - 1)]
        child.failures, child.due = child.failures + 1, now + wait
        log.warning("child ended", child=child.command.name, code=code, again_in_s=wait)

    def _start(self, child: _Child, now: float) -> None:
        # a session of its own: Ctrl+C reaches the supervisor, which then stops them in order
        child.process = subprocess.Popen(
            list(child.command.argv),
            env=os.environ | {SUPERVISOR: str(os.getpid())},
            start_new_session=True,
        )
        child.started = now

    def _end_all(self) -> None:
        living = [c.process for c in self._children if c.process is not None]
        for process in living:
            process.terminate()
        deadline = time.monotonic() + GRACE_S
        for process in living:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
