"""The hot folder takes files whole, once, and lets go only when told (f08, f09)."""

import os
import threading

import cv2
import numpy as np
import pytest

from scanner_drivers.folder import HotFolder, is_whole
from service.hot_folder import hand_over
from workflows.errors import DamagedDocument, StorageUnavailable

PDF = b"%PDF-1.7\n" + b"x" * 5000 + b"\n%%EOF\n"


@pytest.fixture
def hot(tmp_path):
    return HotFolder(tmp_path / "in", stable_s=2, give_up_s=60)


def drop(hot, name, content):
    path = hot.folder / name
    path.write_bytes(content)
    return path


def test_a_file_is_taken_after_it_stood_still(hot):
    drop(hot, "a.pdf", PDF)
    assert hot.scan_once(now=0) == []
    assert hot.scan_once(now=1) == []
    taken = hot.scan_once(now=3)
    assert [t.name for t in taken] == ["a.pdf"] and taken[0].path.read_bytes() == PDF
    assert not (hot.folder / "a.pdf").exists()
    hot.confirm(taken[0])
    assert list(hot.taken.iterdir()) == []


def test_a_writer_that_dribbles_or_stalls_is_never_taken_half(hot):
    for second in range(0, 60, 5):
        drop(hot, "slow.pdf", PDF[: 400 * (second // 5 + 1)])
        os.utime(hot.folder / "slow.pdf", ns=(second, second))
        assert hot.scan_once(now=second) == []
        assert hot.scan_once(now=second + 4) == []  # stood still 4 s, yet has no end
    drop(hot, "slow.pdf", PDF)
    hot.scan_once(now=100)
    assert [t.path.read_bytes() for t in hot.scan_once(now=103)] == [PDF]


def test_what_never_becomes_whole_is_set_aside_with_its_reason(hot):
    for name, content in (("empty.pdf", b""), ("cut.jpg", b"\xff\xd8\xff cut")):
        drop(hot, name, content)
    hot.scan_once(now=0)
    assert hot.scan_once(now=30) == []
    hot.scan_once(now=61)
    names = sorted(p.name.partition("-")[2] for p in hot.quarantined.iterdir())
    assert names == ["cut.jpg", "cut.jpg.txt", "empty.pdf", "empty.pdf.txt"]


def test_links_pipes_hidden_and_unfinished_names_are_left_alone(hot, tmp_path):
    (tmp_path / "secret.pdf").write_bytes(PDF)
    (hot.folder / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    os.mkfifo(hot.folder / "pipe.pdf")
    for name in (".a.pdf", "a.pdf.part", "a.tmp", "note.txt"):
        drop(hot, name, PDF)
    hot.scan_once(now=0)
    assert hot.scan_once(now=10) == []


def test_what_a_crash_left_taken_is_handed_over_again(hot):
    drop(hot, "a.pdf", PDF)
    hot.scan_once(now=0)
    hot.scan_once(now=3)
    again = HotFolder(hot.folder).left_over()
    assert [(t.name, t.path.read_bytes()) for t in again] == [("a.pdf", PDF)]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_images_are_whole_only_to_the_last_byte_that_matters(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8))
    assert is_whole(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert not is_whole(path)


class Answers:
    """An intake that gives these answers in turn."""

    def __init__(self, *answers):
        self.answers, self.seen = list(answers), []

    def receive(self, chunks, arrival, *, by):
        self.seen.append((b"".join(chunks), arrival.file_name))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def take(hot, name="a.pdf"):
    drop(hot, name, PDF)
    hot.scan_once(now=0)
    return hot.scan_once(now=3)[0]


def test_a_received_file_is_let_go_and_a_bad_one_set_aside_in_vietnamese(hot):
    stop = threading.Event()
    assert hand_over(hot, Answers("scan"), take(hot), None, stop) == "scan"
    assert list(hot.taken.iterdir()) == []
    assert hand_over(hot, Answers(DamagedDocument("x")), take(hot, "b.pdf"), None, stop) is None
    reason = next(hot.quarantined.glob("*.txt")).read_text("utf-8")
    assert "Tệp bị hỏng" in reason and "tai_lieu_hong" in reason


def test_a_store_that_does_not_answer_is_asked_again_with_the_whole_file(hot, monkeypatch):
    monkeypatch.setattr("service.hot_folder.RETRY_S", 0.01)
    intake = Answers(StorageUnavailable("down"), "scan")
    assert hand_over(hot, intake, take(hot), None, threading.Event()) == "scan"
    assert [content for content, _ in intake.seen] == [PDF, PDF]
