"""A worker process for the engine's tests: `python jobs.py URL QUEUE LEASE_S LOG`.

Each step appends one line to LOG; the key says what is to go wrong.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from storage.database import SqlDatabase
from storage.engine import DbosEngine, DbosWorker
from workflows.errors import DamagedDocument, StorageUnavailable
from workflows.ports.engine import Queue

URL, QUEUE, LEASE, LOG = sys.argv[1], sys.argv[2], float(sys.argv[3]), Path(sys.argv[4])
jobs = DbosEngine(URL)
database = SqlDatabase(URL, enqueue=jobs.enqueue_in)


def note(text):
    with LOG.open("a") as file:
        file.write(f"{text}\n")


def first(key):
    note(f"first {key}")
    return 1


def second(key):
    note(f"second {key}")
    if key.startswith("slow"):
        time.sleep(3)
    while key.startswith("held") and not LOG.with_name("go").exists():
        time.sleep(0.05)
    if key.startswith("suicide"):
        os.kill(os.getpid(), signal.SIGKILL)
    if key.startswith("broken"):
        raise DamagedDocument("truncated")
    if key.startswith("flaky") and LOG.read_text().count(f"second {key}\n") < 3:
        raise StorageUnavailable("not yet")
    with database.transaction():  # a publish: the fence runs first
        note(f"published {key}")
    return 2


def work(step, key):
    step("first", first, key)
    step("second", second, key)
    step("third", lambda k: note(f"third {k}"), key)


worker = DbosWorker(
    URL,
    database.engine,
    workflows={"work": work},
    on_failure=lambda name, key, error: note(f"failed {key} {getattr(error, 'code', error)}"),
    lease_s=LEASE,
    beat_s=0.2,
)
database.guard = worker.lease.alive
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
worker.run([Queue(QUEUE)], stop)
