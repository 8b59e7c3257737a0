"""Hot folders into intake: received, repeated, set aside, or kept until it can be received."""

import threading
import time

import pytest
from office import make_sample, open_office
from service_intakes import Came, feeder, picture

from scanner_drivers.folder import HotFolder
from service.intakes.feeding import Refusal
from service.intakes.hot_folder import FolderFeed
from service.intakes.journal import read_record
from service.samples import write_sample
from workflows.domain.document import DocumentFilter
from workflows.errors import (
    DamagedDocument,
    NotAuthenticated,
    SecretDocument,
    StorageUnavailable,
)


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


class Answers:
    """An intake that gives these answers in turn, then the real one's."""

    def __init__(self, intake, *answers):
        self.intake, self.answers, self.seen = intake, list(answers), []

    def receive(self, chunks, arrival, *, by):
        content = b"".join(chunks)
        self.seen.append((content, arrival.file_name))
        if self.answers:
            raise self.answers.pop(0)
        return self.intake.receive(iter([content]), arrival, by=by)


class Drop:
    def __init__(self, office, folder, *answers, accounts=None):
        self.office, self.stop = office, threading.Event()
        self.came = Came(office)
        self.intake = Answers(office.station.intake, *answers)
        accounts = {"": "clerk"} if accounts is None else accounts
        self.hot = HotFolder(folder, routes=[r for r in accounts if r])
        self.hot.prepare()
        self.journal_room = folder.parent / "journal"
        made = feeder(
            office,
            self.journal_room,
            kind="folder",
            source="hot_folder",
            intake=self.intake,
            stop=self.stop,
        )
        self.feed = FolderFeed(folder=self.hot, feeder=made, accounts=accounts)
        self.now = 0.0

    def put(self, name, content):
        (self.hot.folder / name).write_bytes(content)

    def look(self, seconds=3.0):
        self.feed.look(self.now)
        self.now += seconds
        self.feed.look(self.now)

    @property
    def record(self):
        return read_record(self.journal_room / "folder-test.json")

    def papers(self, who="clerk"):
        """Names of the papers that came during this test."""
        return self.came.names(who)


@pytest.fixture
def drop(office, tmp_path):
    return Drop(office, tmp_path / "in")


def test_a_file_becomes_a_paper_of_the_folders_account_and_is_let_go(drop):
    drop.put("giấy.png", picture())
    drop.look()
    assert drop.papers() == ["giấy.png"]
    assert drop.hot.pending() == [] and drop.hot.quarantined_files() == []
    assert drop.record.counts == {"received": 1} and drop.record.events[0].scan_id


def test_the_same_content_twice_is_reported_and_stored_once(drop):
    for name in ("a.png", "b.png"):
        drop.put(name, picture())
    drop.look()
    drop.put("c.png", picture())
    drop.look()
    assert drop.papers() == ["a.png"]
    assert [(e.what, e.name) for e in drop.record.events] == [
        ("repeated", "c.png"),
        ("repeated", "b.png"),
        ("received", "a.png"),
    ]
    assert drop.hot.pending() == []


def test_each_sub_folder_goes_to_its_own_unit(office, tmp_path):
    drop = Drop(office, tmp_path / "in", accounts={"": "clerk", "xa-khac": "stranger"})
    drop.put("a.png", picture(250))
    drop.put("xa-khac/b.png", picture(240))
    drop.look()
    assert drop.papers("clerk") == ["a.png"] and drop.papers("stranger") == ["b.png"]


@pytest.mark.slow
def test_one_bad_file_does_not_stop_the_twenty_after_it(drop):
    """f06."""
    drop.put("0.pdf", b"%PDF-1.7\nno such thing\n%%EOF\n")
    drop.put("rỗng.png", b"")
    for n in range(20):
        drop.put(f"{n + 1:02}.png", picture(200 + n))
    drop.look()
    drop.look(301)
    assert len(drop.papers()) == 20
    reasons = {
        p.name.partition("-")[2]: p.with_name(p.name + ".txt").read_text("utf-8")
        for p in drop.hot.quarantined_files()
    }
    assert set(reasons) == {"0.pdf", "rỗng.png"}
    assert "[tai_lieu_hong]" in reasons["0.pdf"] and "0 byte" in reasons["rỗng.png"]
    assert drop.record.counts == {"received": 20, "set_aside": 2}


def test_a_store_that_does_not_answer_is_asked_again_with_the_whole_file(office, tmp_path):
    drop = Drop(office, tmp_path / "in", StorageUnavailable("down"), OSError("disk"))
    drop.put("a.png", picture())
    drop.look()
    assert [content for content, _ in drop.intake.seen] == [picture()] * 3
    assert drop.papers() == ["a.png"] and not drop.record.trouble


def test_a_fault_nobody_foresaw_sets_the_file_aside_after_three_tries(office, tmp_path):
    faults = [RuntimeError("bug")] * 3
    drop = Drop(office, tmp_path / "in", *faults)
    drop.put("a.png", picture(1))
    drop.put("b.png", picture(2))
    drop.look()
    assert drop.papers() == ["b.png"]
    (kept,) = drop.hot.quarantined_files()
    assert kept.read_bytes() == picture(1)  # f14: the original is kept


def test_a_locked_account_keeps_the_files_waiting_and_says_so(office, tmp_path):
    drop = Drop(office, tmp_path / "in", accounts={"": "nobody"})
    drop.put("a.png", picture())
    threading.Timer(0.3, drop.stop.set).start()
    drop.look()
    assert drop.record.trouble_code == NotAuthenticated.code and "nobody" in drop.record.trouble
    assert len(drop.hot.pending()) == 1 and drop.hot.quarantined_files() == []


def test_a_secret_paper_leaves_nothing_in_the_folder(office, tmp_path):
    drop = Drop(office, tmp_path / "in", SecretDocument("MẬT"))
    drop.put("danh sách.png", picture())
    drop.look()
    left = [p for p in drop.hot.folder.rglob("*") if p.is_file()]
    assert left == []
    assert "danh sách" not in (drop.journal_room / "folder-test.json").read_text("utf-8")
    assert drop.record.events[0].code == SecretDocument.code


def test_what_a_crash_left_taken_is_received_once_and_not_called_a_repetition(office, tmp_path):
    first = Drop(office, tmp_path / "in")
    for n in range(2):
        first.put(f"{n}.png", picture(n))
    first.hot.scan_once(now=0)
    taken = first.hot.scan_once(now=3)
    with taken[0].path.open("rb") as file:  # intake has it; the crash came before the unlink
        office.station.intake.receive(iter([file.read()]), arrival(), by=office.actor("clerk"))
    second = Drop(office, tmp_path / "in")
    second.stop.set()
    second.feed.run(second.stop)
    assert len(second.hot.pending()) == 2  # asked to stop: nothing is touched
    second.stop.clear()
    run = threading.Thread(target=second.feed.run, args=(second.stop,))
    run.start()
    while second.hot.pending():
        time.sleep(0.05)
    second.stop.set()
    run.join()
    assert len(first.papers()) == 2
    assert second.record.counts == {"received": 2}


def arrival():
    from workflows.intake import Arrival

    return Arrival(file_name="0.png", source="hot_folder")


def test_a_real_paper_dropped_is_read(drop):
    sample = make_sample("quyet_dinh", 3)
    drop.office.reader.show(sample)
    drop.put("qd.pdf", write_sample(sample, drop.office.folder).read_bytes())
    drop.look()
    drop.office.run_jobs()
    clerk = drop.office.actor("clerk")
    hits = drop.office.station.shelf.find(DocumentFilter(), by=clerk, limit=200).hits
    (paper,) = [hit.document for hit in hits if hit.document.file_name == "qd.pdf"]
    assert paper.type_code == "quyet_dinh"


def test_a_refusal_tells_its_code_and_what_to_do(office, tmp_path):
    drop = Drop(office, tmp_path / "in", DamagedDocument("x"))
    path = tmp_path / "a.png"
    path.write_bytes(picture())
    ended = drop.feed.feeder.hand_over(path, "a.png", account="clerk")
    assert isinstance(ended, Refusal) and "[tai_lieu_hong]" in ended.reason
    assert "quét lại" in ended.reason
