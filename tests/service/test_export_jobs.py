"""An export asked for over REST, its worker killed (SIGKILL) on the way: one package, one end."""

import os
import signal
import subprocess
import sys
import time

import pytest
from boxes import dossier_of
from fastapi.testclient import TestClient
from office import open_office

from ocr.reader import Reader
from service.app import create_app
from service.wiring import assemble
from storage.database import SqlDatabase
from storage.engine import DbosEngine
from storage.packages.checking import check_package
from workflows.ports.clock import SystemClock

pytestmark = pytest.mark.slow


@pytest.fixture
def workers(tmp_path):
    """Starts workers as `sohoa serve` does; none outlives the test."""
    started = []

    def hire():
        argv = [sys.executable, "-m", "service.serving", "work", "server"]
        environment = os.environ | {"SOHOA_DATA_DIR": str(tmp_path), "OMP_THREAD_LIMIT": "1"}
        started.append(subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL))
        return started[-1]

    yield hire
    for worker in started:
        worker.kill()
        worker.wait()


def until(what, seconds=90):
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_a_killed_export_is_written_by_the_next_worker_once(tmp_path, workers):
    office = open_office(tmp_path)
    dossier = dossier_of(office, 60)
    url = office.station.settings.database
    prepare = f"from storage.engine import prepare; prepare({url!r})"
    subprocess.run([sys.executable, "-c", prepare], check=True)
    jobs = DbosEngine(url)
    database = SqlDatabase(url, enqueue=jobs.enqueue_in)
    station = assemble(office.station.settings, database, jobs, SystemClock(), Reader(None))
    client = TestClient(create_app(station))
    headers = {"authorization": f"Bearer {office.token('archivist')}"}
    asked = {"dossier_code": dossier.code, "purpose": "luu_tru"}
    place = client.post("/api/v1/packages", json=asked, headers=headers).headers["location"]

    def state():
        return client.get(place, headers=headers).json()["state"]

    folder = tmp_path / "packages"
    assert state() == "waiting" and jobs.waiting()["server"] == 1
    first = workers()
    until(lambda: list(folder.glob(".*.part")))
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert state() == "running" and not list(folder.glob("*.zip"))
    workers()
    until(lambda: state() not in ("waiting", "running"), 120)
    told = client.get(place, headers=headers).json()
    assert told["state"] == "done", told
    package = folder / told["file_name"]
    assert check_package(package).documents == 60 and list(folder.glob("*.zip")) == [package]
    with database.read() as tx:
        actions = [e.action for _, _, e in tx.audit.entries(limit=10_000)]
    assert actions.count("dossier.exported") == 1 and actions.count("document.exported") == 60
    jobs.close()
    database.dispose()
