# SPDX-License-Identifier: Apache-2.0
"""`sohoa serve` and `sohoa work`: one web process, worker processes around it, one supervisor.

A worker slot is two processes: one takes counter jobs, one takes batch jobs at a lower CPU
priority. So a citizen at the counter never waits behind a box of archives, and an idle counter
leaves both cores to the archive.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import structlog

from service.config import Settings
from service.intakes.sources import declared
from service.setup import prepare
from service.station.link import identity, remember
from service.supervisor import Command, Supervisor, end_with_supervisor
from service.wiring import assemble
from workflows.ports.clock import SystemClock
from workflows.ports.engine import Queue

log = structlog.get_logger(__name__)
READING = (Queue.COUNTER, Queue.BATCH)
BATCH_NICE = 10
DEMO_PACE_S = 0.6
"""A sheet through the scanner of sample sheets, about as fast as a device of metal."""


def run(settings: Settings, *, workers: int, host: str, port: int) -> int:
    """Web and workers until SIGTERM; returns the exit code."""
    prepare(settings)
    sohoa = [sys.executable, "-m", "service.serving"]
    commands = [
        Command(name="web", argv=[*sohoa, "web", host, str(port)]),
        Command(name="upkeep", argv=[*sohoa, "upkeep"]),
        # archive packages are written into this machine's data folder, so it is not `sohoa work`'s
        Command(name="server", argv=[*sohoa, "work", Queue.SERVER.value]),
    ]
    for number in range(workers):
        for queue in READING:
            name = f"{queue.value}-{number}"
            commands.append(Command(name=name, argv=[*sohoa, "work", queue.value]))
    if declared(settings).any:
        commands.append(Command(name="intakes", argv=[*sohoa, "intakes"]))
    desk = settings.data_dir / "station"
    if (known := identity(desk)) is not None:
        remember(desk, replace(known, server=f"http://{host}:{port}"))
        commands.append(Command(name="station", argv=[*sohoa, "station", str(desk)]))
    sys.stdout.write(f"Sohoa: http://{host}:{port}\n")
    sys.stdout.flush()
    return Supervisor(commands).run()


def work(settings: Settings, *, counter_only: bool) -> int:
    """One worker slot of a machine that only reads."""
    sohoa = [sys.executable, "-m", "service.serving", "work"]
    queues = [Queue.COUNTER] if counter_only else list(READING)
    return Supervisor([Command(name=q.value, argv=[*sohoa, q.value]) for q in queues]).run()


def _web(settings: Settings, host: str, port: int) -> None:
    import uvicorn

    from service.app import create_app
    from service.wiring import build

    app = create_app(build(settings))
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False)


def _work(settings: Settings, queue: Queue) -> None:
    """The body of one worker process."""
    import cv2

    from service.reading_desk import reader_of
    from storage.database import SqlDatabase
    from storage.engine import DbosEngine, DbosWorker
    from storage.sandbox import sweep

    sweep(settings.data_dir / "scratch")  # a machine that only reads has no upkeep
    cv2.setNumThreads(1)
    if queue is not Queue.COUNTER:
        os.nice(BATCH_NICE)
    jobs = DbosEngine(settings.database)
    database = SqlDatabase(settings.database, enqueue=jobs.enqueue_in)
    station = assemble(settings, database, jobs, SystemClock(), reader_of(settings))
    worker = DbosWorker(
        settings.database,
        database.engine,
        workflows=station.road.workflows(),
        on_failure=station.road.failed,
    )
    database.guard = worker.lease.alive
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    worker.run([queue], stop)


def _intakes(settings: Settings) -> None:
    """Hot folders, mail and FTP in a process of their own; what hangs there stops nothing else."""
    from service.intakes.running import run as run_intakes
    from service.wiring import build

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    run_intakes(build(settings), declared(settings), stop)


def _upkeep(settings: Settings) -> None:
    """Replica, heads of the log, scrub."""
    from service.upkeep import run as run_upkeep

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    run_upkeep(settings, stop)


def _station(folder: Path) -> None:
    """The scanners of this very machine: an office of one PC needs no second program."""
    from service.station.app import run as run_station

    sheets = folder / "sheets"
    run_station(folder, virtual=sheets if sheets.is_dir() else None, pace=DEMO_PACE_S)


def main(argv: list[str]) -> None:
    """What the supervisor starts.

    `web HOST PORT` | `work QUEUE` | `intakes` | `upkeep` | `station DIR`
    """
    from service import logs

    end_with_supervisor()
    # a second thread a page costs four times the CPU (measured), so it is set before any import
    os.environ["OMP_THREAD_LIMIT"] = "1"
    settings = Settings()
    logs.configure(settings.log_level)
    if argv[0] == "web":
        _web(settings, argv[1], int(argv[2]))
    elif argv[0] == "station":
        _station(Path(argv[1]))
    elif argv[0] == "intakes":
        _intakes(settings)
    elif argv[0] == "upkeep":
        _upkeep(settings)
    else:
        _work(settings, Queue(argv[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
