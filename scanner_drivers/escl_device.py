# SPDX-License-Identifier: Apache-2.0
"""The device's side of eSCL: one scan job in a process of its own.

`python -m scanner_drivers.escl_device JOB` speaks JSON lines: `{"job": address}`, `{"page": path}`,
`{"wait": why}`, and at last `{"end": pages}` or `{"fault": name, "detail": text}`; without a last
line it crashed. Pages go into the job's room as `NNNN.part` and get their name when whole.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from scanner_drivers.driver import ScannerError, ScannerFault
from scanner_drivers.escl_connection import Connection
from scanner_drivers.escl_wire import Status, read_status

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/jpg": ".jpg", "image/tiff": ".tif"}
_MAX_PAGE = 512 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to fetch, and how long to wait, in seconds.

    `page_s`: for the first byte of a page; `quiet_s`: between its bytes; `busy_s`: how long a
    busy device is asked again before the clerk is told.
    """

    base: str
    pin: str
    room: str
    settings: str
    feeder: bool
    page_s: float
    quiet_s: float
    busy_s: float


def say(**line: object) -> None:
    os.write(1, (json.dumps(line) + "\n").encode())


def main(argv: list[str]) -> int:
    job = Job(**json.loads(argv[0]))
    try:
        with Connection(job.base, pin=job.pin, timeout_s=job.quiet_s) as scanner:
            say(end=_scan(scanner, job))
    except ScannerError as error:
        say(fault=error.fault, detail=error.detail)
    return 0


def _scan(scanner: Connection, job: Job) -> int:
    if job.feeder and (fault := _status(scanner).fault):
        raise ScannerError(fault, "before the scan")  # or it would take the glass instead
    address = _create(scanner, job)
    say(job=address)
    pages = 0
    try:
        while _next_document(scanner, job, address, pages + 1):
            pages += 1
            if not job.feeder:
                break
    finally:
        scanner.delete(address)
    return pages


def _create(scanner: Connection, job: Job) -> str:
    """POST ScanJobs; the address of the job. A device may be busy with its last one for a while."""
    until = time.monotonic() + job.busy_s
    while True:
        url = f"{scanner.base}/ScanJobs"
        with (
            _patience(job),
            scanner.stream("POST", url, content=job.settings, wait_s=job.page_s) as answer,
        ):
            code, place = answer.status_code, answer.headers.get("Location", "")
        if code == 201 and place:
            return scanner.own(place)
        if code != 503:
            raise ScannerError(_refusal(scanner, job, code), f"ScanJobs: {code}")
        if time.monotonic() >= until:
            raise ScannerError(ScannerFault.BUSY, f"503 for {job.busy_s} s")
        _pause(answer)


def _refusal(scanner: Connection, job: Job, code: int) -> ScannerFault:
    fault = _status(scanner).fault if job.feeder else None
    if fault:
        return fault
    return ScannerFault.BAD_SETTING if 400 <= code < 500 else ScannerFault.DRIVER_CRASHED


def _next_document(scanner: Connection, job: Job, address: str, number: int) -> bool:
    """One page into the room; False when there is none left. 503 and 404 are looked into."""
    started = time.monotonic()
    while True:
        url = f"{address}/NextDocument"
        with _patience(job) as begun, scanner.stream("GET", url, wait_s=job.page_s) as answer:
            code = answer.status_code
            if code == 200:
                return _save(answer, Path(job.room), number, begun)
        status, waited = _status(scanner), time.monotonic() - started
        if code == 404:
            _stop_on_fault(status, job)
            if not (job.feeder and status.more(address)):
                return False
            limit = job.page_s
        elif code == 503 and status.working(address):
            limit = job.page_s
        elif code == 503 and waited < job.busy_s and not _faulty(status, job):
            limit = job.busy_s
        else:
            raise ScannerError(_interrupted(status, job, code), f"NextDocument: {code}")
        if waited > limit:
            raise ScannerError(ScannerFault.DRIVER_STALLED, f"NextDocument: {code}, {waited:.0f} s")
        _pause(answer)


def _save(answer: httpx.Response, room: Path, number: int, begun: threading.Event) -> bool:
    """The type of the answer is believed, not the one asked for."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in SUFFIXES:
        raise ScannerError(ScannerFault.DAMAGED, f"a page as {kind!r}")
    part = room / f"{number:04d}.part"
    size = 0
    with part.open("wb", buffering=0) as file:
        for piece in answer.iter_bytes():
            begun.set()
            file.write(piece)
            size += len(piece)
            if size > _MAX_PAGE:
                raise ScannerError(ScannerFault.DAMAGED, f"a page of more than {_MAX_PAGE} bytes")
    say(page=str(part.replace(part.with_suffix(SUFFIXES[kind]))))
    return True


def _stop_on_fault(status: Status, job: Job) -> None:
    """Empty is how a good scan ends; a jam is not, even where the answer is the same 404."""
    if _faulty(status, job) and status.fault is not ScannerFault.OUT_OF_PAPER:
        raise ScannerError(status.fault or ScannerFault.JAM, status.adf)


def _faulty(status: Status, job: Job) -> bool:
    return job.feeder and status.fault is not None


def _interrupted(status: Status, job: Job, code: int) -> ScannerFault:
    if job.feeder and status.fault:
        return status.fault
    if code == 503:
        return ScannerFault.BUSY
    return ScannerFault.CANCELLED if code in (409, 410) else ScannerFault.DRIVER_CRASHED


def _status(scanner: Connection) -> Status:
    return read_status(scanner.xml("ScannerStatus"))


def _pause(answer: httpx.Response) -> None:
    say(wait=answer.status_code)
    asked = answer.headers.get("Retry-After", "")
    time.sleep(min(float(asked), 2.0) if asked.isdigit() else 0.25)


@contextmanager
def _patience(job: Job) -> Iterator[threading.Event]:
    """Signs of life until the first byte, at most `page_s`: a slow carriage, a cold lamp.

    Once bytes flow, only bytes count: a page that stops in the middle is one.
    """
    begun = threading.Event()

    def tick() -> None:
        until = time.monotonic() + job.page_s
        while not begun.wait(job.quiet_s / 3) and time.monotonic() < until:
            say(wait="first byte")

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield begun
    finally:
        begun.set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
