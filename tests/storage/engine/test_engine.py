"""Durable work: nothing lost, nothing doubled, whoever dies."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from servers.postgresql import postgresql  # noqa: F401

from storage.database import SqlDatabase, upgrade
from storage.engine import FENCED, DbosEngine, prepare
from workflows.ports.engine import Queue

pytestmark = pytest.mark.slow
LEASE_S = 1.5


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.requires_postgresql)]
)
def url(request, tmp_path):
    made = (
        f"sqlite:///{tmp_path}/sohoa.db"
        if request.param == "sqlite"
        else request.getfixturevalue("postgresql").database()
    )
    upgrade(made)
    # in a process of its own, as `sohoa db upgrade` is
    subprocess.run(
        [sys.executable, "-c", f"from storage.engine import prepare; prepare({made!r})"], check=True
    )
    return made


@pytest.fixture
def shop(url, tmp_path):
    made = Shop(url, tmp_path / "log")
    yield made
    made.close()


class Shop:
    """The client, the workers started, and the log their steps write."""

    def __init__(self, url, log):
        self.url, self.log, self.workers = url, log, []
        log.touch()
        self.engine = DbosEngine(url)
        self.database = SqlDatabase(url, enqueue=self.engine.enqueue_in)

    def hire(self, queue=Queue.COUNTER):
        argv = [sys.executable, str(Path(__file__).with_name("jobs.py")), self.url, queue.value]
        worker = subprocess.Popen([*argv, str(LEASE_S), str(self.log)])
        self.workers.append(worker)
        return worker

    def ask(self, key, queue=Queue.COUNTER, priority=5):
        with self.database.transaction() as tx:
            tx.jobs.enqueue("work", key, queue=queue, priority=priority)

    def lines(self):
        return self.log.read_text().splitlines()

    def wait(self, line, seconds=45):
        deadline = time.monotonic() + seconds
        while line not in self.lines():
            assert time.monotonic() < deadline, f"{line!r} never came: {self.lines()}"
            time.sleep(0.05)

    def close(self):
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
        self.engine.close()
        self.database.dispose()


def test_a_job_asked_for_twice_runs_once_and_one_rolled_back_never(shop):
    with pytest.raises(RuntimeError), shop.database.transaction() as tx:
        tx.jobs.enqueue("work", "rolled-back", queue=Queue.COUNTER)
        raise RuntimeError
    shop.ask("a")
    shop.ask("a")
    shop.engine.start("work", "a", queue=Queue.COUNTER)
    assert shop.engine.waiting() == {"counter": 1, "batch": 0, "server": 0}
    shop.hire()
    shop.ask("b")
    shop.wait("third b")
    assert shop.lines().count("first a") == 1
    assert not any("rolled-back" in line for line in shop.lines())


def test_a_worker_killed_in_a_step_is_replaced_and_finished_steps_are_not_repeated(shop):
    shop.ask("slow")
    worker = shop.hire()
    shop.wait("second slow")
    worker.kill()
    worker.wait()
    shop.hire()
    shop.wait("third slow")
    assert shop.lines().count("first slow") == 1
    assert shop.lines().count("published slow") == 1


def test_a_paused_worker_that_was_declared_dead_publishes_nothing(shop):
    shop.ask("slow")
    paused = shop.hire()
    shop.wait("second slow")
    paused.send_signal(signal.SIGSTOP)
    shop.hire()
    shop.wait("published slow")
    shop.wait("third slow")
    paused.send_signal(signal.SIGCONT)
    assert paused.wait(20) == FENCED
    assert shop.lines().count("published slow") == 1


def test_a_bad_paper_fails_once_and_a_refusing_store_is_asked_again(shop):
    for key in ("broken", "flaky", "after"):
        shop.ask(key)
    shop.hire()
    shop.wait("third after")
    shop.wait("third flaky")
    lines = shop.lines()
    assert lines.count("second broken") == 1 and "failed broken tai_lieu_hong" in lines
    assert lines.count("second flaky") == 3 and "failed flaky" not in "\n".join(lines)


def test_urgent_jobs_go_first_and_a_full_batch_queue_does_not_hold_the_counter(shop):
    for n in range(3):
        shop.ask(f"held{n}", queue=Queue.BATCH)
    shop.hire(Queue.BATCH)
    shop.wait("second held0")
    shop.ask("late", priority=9)
    shop.ask("soon", priority=1)
    shop.hire(Queue.COUNTER)
    shop.wait("third late")
    lines = shop.lines()
    assert lines.index("first soon") < lines.index("first late")
    assert "published held0" not in lines
    shop.log.with_name("go").touch()
    shop.wait("third held2")


@pytest.mark.timeout(240)
def test_a_paper_that_kills_its_reader_is_given_up(shop):
    shop.ask("suicide")
    deadline = time.monotonic() + 200
    while not any(line.startswith("failed suicide") for line in shop.lines()):
        assert time.monotonic() < deadline, shop.lines()
        if not shop.workers or shop.workers[-1].poll() is not None:
            shop.hire()
        time.sleep(0.1)
    assert shop.lines().count("second suicide") == 6
    shop.ask("after")
    if shop.workers[-1].poll() is not None:
        shop.hire()
    shop.wait("third after")


def test_a_worker_told_to_stop_ends_its_job_first(shop):
    shop.ask("slow")
    worker = shop.hire()
    shop.wait("second slow")
    worker.terminate()
    assert worker.wait(15) == 0
    assert "third slow" in shop.lines()


def test_preparing_twice_changes_nothing(url):
    prepare(url)
