# SPDX-License-Identifier: Apache-2.0
"""One child process, watched to its end: output capped, time bounded, nothing left behind."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

OUTPUT_CAP = 64 << 10
_GONE_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """`returncode` is negative for a signal; `cpu_s` counts the child and those it waited for."""

    returncode: int
    stdout: bytes
    stderr: bytes
    wall_over: bool
    cpu_s: float
    seconds: float


def watch(argv: Sequence[str], *, env: Mapping[str, str], wall_s: float) -> Ended:
    """Run to the end or to `wall_s`, then kill the whole process group. No threads, no stdin."""
    began = time.monotonic()
    process = subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        close_fds=True,
        start_new_session=True,
    )
    try:
        texts, wall_over = _listen(process, began + wall_s)
    finally:
        # also when we are interrupted ourselves; the child is not reaped yet, so the id is its own
        _kill_group(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    _wait_for_group(process.pid)
    return Ended(
        returncode=process.returncode,
        stdout=bytes(texts[0]),
        stderr=bytes(texts[1]),
        wall_over=wall_over,
        cpu_s=usage.ru_utime + usage.ru_stime,
        seconds=time.monotonic() - began,
    )


def _listen(process: subprocess.Popen[bytes], deadline: float) -> tuple[list[bytearray], bool]:
    """Read both pipes until the child ends; what is over the cap is read and thrown away."""
    assert process.stdout and process.stderr  # noqa: S101 - asked for above
    pipes, texts = (process.stdout, process.stderr), [bytearray(), bytearray()]
    ended = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as ready, process.stdout, process.stderr:
            ready.register(ended, selectors.EVENT_READ)
            for pipe, text in zip(pipes, texts, strict=True):
                os.set_blocking(pipe.fileno(), False)
                ready.register(pipe, selectors.EVENT_READ, text)
            while (left := deadline - time.monotonic()) > 0:
                for key, _ in ready.select(left):
                    if key.fileobj == ended:
                        _drain(pipes, texts)
                        return texts, False
                    if _take(key.fd, key.data) == 0:
                        ready.unregister(key.fileobj)
            return texts, True
    finally:
        os.close(ended)


def _drain(pipes: tuple[IO[bytes], IO[bytes]], texts: list[bytearray]) -> None:
    for pipe, text in zip(pipes, texts, strict=True):
        while len(text) < OUTPUT_CAP and _take(pipe.fileno(), text):
            pass


def _take(descriptor: int, text: bytearray) -> int | None:
    """Bytes read; 0 at the end of the pipe, None when it is empty for now."""
    try:
        piece = os.read(descriptor, OUTPUT_CAP)
    except BlockingIOError:
        return None
    text += piece[: OUTPUT_CAP - len(text)]
    return len(piece)


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _wait_for_group(group: int) -> None:
    """SIGKILL is on its way: wait until the last member is gone, or is a zombie of process 1."""
    give_up = time.monotonic() + _GONE_WITHIN_S
    while time.monotonic() < give_up:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
        if not any(_is_alive_in(group, entry) for entry in _processes()):
            return
        time.sleep(0.002)


def _processes() -> list[Path]:
    return [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _is_alive_in(group: int, process: Path) -> bool:
    try:
        after_name = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return after_name[0] != "Z" and int(after_name[2]) == group


def kill_escaped(mark: str, uid: int | None) -> None:
    """For the level where nothing stops `setsid`: kill who left the process group.

    Known by the account of this run, else by the mark in its environment.
    """
    for process in _processes():
        with suppress(OSError):
            mine = process.stat().st_uid == uid if uid else mark in _environment(process)
            if mine:
                os.kill(int(process.name), signal.SIGKILL)


def _environment(process: Path) -> str:
    return (process / "environ").read_text("utf-8", "replace")
