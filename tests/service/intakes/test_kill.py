"""kill -9 between any two steps of a hot folder's file: nothing lost, nothing doubled."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from office import open_office
from service_intakes import Came, eventually, feeder, picture

from scanner_drivers.folder import HotFolder
from service.intakes.hot_folder import FolderFeed
from service.intakes.journal import read_record
from service.intakes.tries import MOST, Tries
from storage.engine import prepare

pytestmark = pytest.mark.slow
TESTS = Path(__file__).resolve().parents[2]
CHILD = """
import os, signal, sys, threading
from pathlib import Path
from types import SimpleNamespace

import workflows.intake
from scanner_drivers import folder as folders
from service.intakes import hot_folder
from service_intakes import feeder, reopened

office, folder, point = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
station = reopened(office)

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def before(owner, name, when=lambda *a, **k: True):
    real = getattr(owner, name)
    def wrapped(*args, **kwargs):
        if when(*args, **kwargs):
            die()
        return real(*args, **kwargs)
    setattr(owner, name, wrapped)

if point == "moved aside":
    before(hot_folder.FolderFeed, "hand_over")
elif point == "in the inbox":
    before(workflows.intake.Intake, "_look_into")
elif point == "looked at":
    before(workflows.intake.Intake, "_record")
elif point == "stored, not committed":
    before(workflows.intake, "record")
elif point == "committed, not let go":
    before(folders.HotFolder, "confirm")
elif point == "reason written, not set aside":
    before(Path, "rename", lambda self, target: "quarantine" in str(target))
else:
    raise SystemExit(f"no such point: {point}")

hot = folders.HotFolder(folder)
feed = hot_folder.FolderFeed(
    folder=hot, feeder=feeder(SimpleNamespace(station=station), folder.parent / "journal"),
    accounts={"": "clerk"},
)
hot.prepare()
feed.look(0)
feed.look(3)
raise SystemExit("was not killed")
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.mark.parametrize(
    "point",
    [
        "moved aside",
        "in the inbox",
        "looked at",
        "stored, not committed",
        "committed, not let go",
        "reason written, not set aside",
    ],
)
def test_killed_at_this_point_the_file_is_received_once_or_set_aside_once(office, tmp_path, point):
    came, folder = Came(office), tmp_path / "in"
    folder.mkdir()
    bad = point.startswith("reason")
    content = b"%PDF-1.7\nno such thing\n%%EOF\n" if bad else picture(1)
    (folder / "a.pdf").write_bytes(content)
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, str(office.folder), str(folder), point],
        env=os.environ | {"PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    hot, stop = HotFolder(folder), threading.Event()
    feed = FolderFeed(
        folder=hot, feeder=feeder(office, tmp_path / "journal", stop=stop), accounts={"": "clerk"}
    )
    run = threading.Thread(target=feed.run, args=(stop,))
    run.start()
    eventually(lambda: not hot.pending())
    stop.set()
    run.join()
    aside = [p.read_bytes() for p in hot.quarantined_files() if p.exists()]
    if bad:
        assert came.names() == [] and aside == [content]
    else:
        assert came.names() == ["a.pdf"] and aside == []


def test_a_file_that_ends_the_process_again_and_again_is_set_aside_and_the_next_goes_on(
    office, tmp_path
):
    """f36: the count outlives the crash."""
    came, folder = Came(office), tmp_path / "in"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(1))
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, str(office.folder), str(folder), "in the inbox"],
        env=os.environ | {"PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
        capture_output=True,
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL
    (taken,) = HotFolder(folder).left_over()
    assert Tries(folder / "taken").begun(taken.path.name) == 1
    taken.path.with_name(f".{taken.path.name}.tries").write_text(str(MOST))  # and four more
    (folder / "b.png").write_bytes(picture(2))
    hot, stop = HotFolder(folder, every_s=0.1), threading.Event()
    feed = FolderFeed(
        folder=hot, feeder=feeder(office, tmp_path / "journal", stop=stop), accounts={"": "clerk"}
    )
    run = threading.Thread(target=feed.run, args=(stop,))
    run.start()
    eventually(lambda: not hot.pending())
    stop.set()
    run.join()
    assert came.names() == ["b.png"]
    (aside,) = hot.quarantined_files()
    assert aside.read_bytes() == picture(1)
    assert "nhiều lần" in aside.with_name(aside.name + ".txt").read_text("utf-8")
    assert list((folder / "taken").iterdir()) == []


@pytest.mark.timeout(900)  # nine starts of the real process
def test_thirty_files_through_random_kills_of_the_real_process(tmp_path, request):
    chance, folder, data = random.Random(5), tmp_path / "in", tmp_path / "data"
    environment = os.environ | {
        "SOHOA_DATA_DIR": str(data),
        "SOHOA_CONSUME_DIR": str(folder),
        "SOHOA_CONSUME_USER": "clerk",
        "OMP_THREAD_LIMIT": "1",
        "SOHOA_LOG_LEVEL": "ERROR",
        "PYTHONPATH": str(TESTS.parent),
    }
    prepare(open_office(data).station.settings.database)
    contents = [picture(n) for n in range(30)]
    folder.mkdir()
    left, kills = list(enumerate(contents)), 0

    def start():
        started = subprocess.Popen(
            [sys.executable, "-m", "service.serving", "intakes"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        request.addfinalizer(started.wait)
        request.addfinalizer(started.kill)
        return started

    def counted():
        record = read_record(data / "intakes" / "journal" / "folder-consume.json")
        return sum(record.counts.values()) if record else 0

    while left or kills < 8:
        for number, content in left[:4]:
            (folder / f"{number}.png").write_bytes(content)
        left, before = left[4:], counted()
        process = start()
        # at work, not starting up: then at any moment
        eventually(lambda before=before: counted() > before or not list(folder.rglob("*.png")))
        time.sleep(chance.uniform(0, 1.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
    process = start()
    eventually(lambda: not list(folder.rglob("*.png")), 120)
    process.terminate()
    process.wait(30)
    from service_intakes import reopened

    station = reopened(data)
    from workflows.domain.document import DocumentFilter

    clerk = feeder_actor(station)
    hits = station.shelf.find(DocumentFilter(), by=clerk, limit=100).hits
    found = sorted(hit.document.original.sha256 for hit in hits)
    assert found == sorted(hashlib.sha256(c).hexdigest() for c in contents)
    assert kills >= 8


def feeder_actor(station):
    from workflows.domain.unit import actor_of

    with station.database.read() as tx:
        user = tx.accounts.user(username="clerk")
        return actor_of(user, tx.accounts.scope_of(user.unit_id))
