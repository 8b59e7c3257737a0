"""A process of its own draws; readers take each page as it comes, and hear why one does not."""

import multiprocessing
import os
import pickle
import signal
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from ocr.opened import PageSize, describe_page, write_down
from service import drawing
from service.config import Settings
from service.drawing import Drawer
from workflows.errors import (
    DamagedDocument,
    HostileDocument,
    NotADocument,
    SandboxTooWeak,
    SohoaError,
    Unavailable,
)
from workflows.opening import Coming
from workflows.ports.sandbox import Ran


def ran(killed=None, returncode=0) -> bytes:
    end = Ran(returncode=returncode, stdout=b"", stderr=b"why", killed=killed, seconds=1.0)
    return pickle.dumps(end)


@pytest.fixture
def coming(tmp_path) -> Coming:
    (tmp_path / "out").mkdir()
    mine = os.getpid()
    return Coming(folder=tmp_path / "out", end=tmp_path / "1.end", drawer=mine, patience_s=0.2)


def draw(coming: Coming, number: int) -> None:
    Image.new("L", (20, 30), number).save(coming.folder / f"page-{number:05d}.ppm")
    describe_page(coming.folder, number, PageSize(width_pt=20, height_pt=30), 72)


def test_a_page_is_taken_before_the_run_has_ended(coming):
    later = threading.Timer(0.05, draw, (coming, 3))
    later.start()
    assert coming.page(3).pixels.max() == 3
    assert not coming.end.exists()
    later.join()


def test_a_page_that_never_comes_is_given_up(coming):
    with pytest.raises(Unavailable, match="nobody draws"):
        coming.page(1)


def test_a_page_whose_drawer_was_killed_is_given_up_soon(coming):
    with subprocess.Popen(["/bin/true"]) as drawer:
        orphaned = replace(coming, drawer=drawer.pid, patience_s=600)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="nobody draws"):
        orphaned.page(1)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("end", "said", "error"),
    [
        (ran(killed="cpu"), None, HostileDocument),
        (ran(returncode=1), {"error": {"code": "khong_phai_tai_lieu"}}, NotADocument),
        (ran(returncode=-11), None, DamagedDocument),
        (pickle.dumps(SandboxTooWeak("reached 1")), None, SandboxTooWeak),
    ],
)
def test_who_waits_hears_why_it_ended(coming, end, said, error):
    coming.end.write_bytes(end)
    if said:
        write_down(coming.folder / "render.json", said)
        write_down(coming.folder / "opening.json", said)
    for wait in (coming.opening, lambda: coming.page(1), lambda: coming.conclude([1])):
        with pytest.raises(error):
            wait()


def test_what_was_drawn_counts_only_when_the_run_ended_well(coming):
    draw(coming, 1)
    assert coming.page(1).number == 1
    coming.end.write_bytes(ran())
    with pytest.raises(DamagedDocument):  # it did not say what it drew
        coming.conclude([1])
    write_down(coming.folder / "render.json", {"pages": [1]})
    coming.conclude([1])
    with pytest.raises(DamagedDocument):  # another page was asked for
        coming.conclude([1, 2])
    coming.end.write_bytes(ran(killed="memory"))
    with pytest.raises(HostileDocument):
        coming.conclude([1])


def test_a_folder_laid_in_the_place_of_a_raster_stops_nobody(coming):
    draw(coming, 1)
    raster = coming.folder / "page-00001.ppm"
    coming.forget(1)
    assert not raster.exists()
    coming.forget(1)
    raster.mkdir()
    coming.forget(1)
    coming.end.write_bytes(ran())
    with pytest.raises(DamagedDocument):
        coming.page(1)


def test_who_waits_for_a_folder_that_goes_is_let_go(coming):
    waiting = replace(coming, patience_s=60)
    threading.Timer(0.05, coming.folder.rmdir).start()
    with pytest.raises(DamagedDocument, match="broken off"):
        waiting.page(1)


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    monkeypatch.setenv("SOHOA_DATA_DIR", str(tmp_path / "var"))
    return Settings()


@pytest.fixture
def file(tmp_path) -> Path:
    sheets = [Image.new("RGB", (200, 290), (number, 0, 0)) for number in range(1, 6)]
    sheets[0].save(tmp_path / "in.tiff", save_all=True, append_images=sheets[1:], dpi=(50, 50))
    return tmp_path / "in.tiff"


def test_stretches_are_drawn_one_after_the_other(file, settings):
    with Drawer(file, settings, fork=False) as drawer:
        with drawer.stretch("open", 1, 2) as first, drawer.stretch("render", 3, 9) as rest:
            assert first.opening().page_count == 5
            assert [rest.page(n).pixels[0, 0, 0] for n in (3, 4, 5)] == [3, 4, 5]
            assert first.page(2).number == 2
            first.conclude([1, 2])
            rest.conclude([3, 4, 5])
        assert not [*settings.data_dir.rglob("*.ppm")]
    assert not [*(settings.data_dir / "scratch").iterdir()]


def test_a_reader_may_remove_what_it_has_taken_while_more_is_drawn(file, settings):
    for _ in range(5):
        with (
            Drawer(file, settings, fork=False) as drawer,
            drawer.stretch("open", 1, 5) as all_of_it,
        ):
            for number in range(1, 6):
                assert all_of_it.page(number).number == number
                all_of_it.forget(number)
            all_of_it.conclude([1, 2, 3, 4, 5])


def test_whatever_stops_the_drawing_is_told(coming, settings, monkeypatch):
    def broken(settings):
        raise OSError("no room")

    monkeypatch.setattr(drawing, "opener", broken)
    ours, its = multiprocessing.Pipe()
    ours.send(("open", 1, 2, coming.folder, coming.end))
    ours.send(None)
    drawing._draw(its, coming.folder, settings, os.getppid())
    with pytest.raises(SohoaError, match="no room"):
        coming.opening()


def test_an_error_does_not_wait_for_what_nobody_wants(file, settings):
    with (
        pytest.raises(ZeroDivisionError),
        Drawer(file, settings, fork=False) as drawer,
        drawer.stretch("open", 1, 5),
    ):
        raise ZeroDivisionError
    assert not [*(settings.data_dir / "scratch").iterdir()]
    assert not multiprocessing.active_children()


_MASTER = """
import signal, sys, time
from pathlib import Path
from types import SimpleNamespace
from service import drawing
from service.config import Settings
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as for what a script runs in the background
if sys.argv[2] == "drawing":
    def draw(verb, untrusted, out, *_):
        (out / "page").write_text("someone's")
        time.sleep(600)
    drawing.opener = lambda settings: SimpleNamespace(draw=draw)
with drawing.Drawer(Path(sys.argv[1]), Settings(), fork=True) as drawer:
    with drawer.stretch("open", 1, 5) as coming:
        while not ([*coming.folder.iterdir()] if sys.argv[2] == "drawing" else coming.end.exists()):
            time.sleep(0.01)
        print(drawer._process.pid, flush=True)
        time.sleep(600)
"""


@pytest.mark.parametrize("meanwhile", ["drawing", "idle"])
def test_it_ends_with_the_process_it_draws_for_and_clears_its_papers_away(
    file, settings, meanwhile
):
    master = subprocess.Popen(
        [sys.executable, "-c", _MASTER, str(file), meanwhile],
        stdout=subprocess.PIPE,
        env={**os.environ, "SOHOA_DATA_DIR": str(settings.data_dir)},
    )
    with master:
        assert master.stdout is not None
        drawer = int(master.stdout.readline())
        master.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while _lives(drawer) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(drawer)
    assert not [*(settings.data_dir / "scratch").iterdir()]


def test_the_account_of_the_child_may_pass_and_nobody_may_look(file, settings):
    with Drawer(file, settings, fork=False) as drawer, drawer.stretch("open", 1, 5) as coming:
        coming.conclude([1, 2, 3, 4, 5])
        passed = [p for p in coming.folder.parents if p.is_relative_to(settings.data_dir)]
        assert len(passed) == 3  # its room, `scratch`, `var`
        assert all(folder.stat().st_mode & stat.S_IXOTH for folder in passed)
        assert coming.folder.stat().st_mode & 0o077 == 0
        assert coming.end.stat().st_mode & 0o077 == 0
        assert coming.folder.parent.stat().st_mode & 0o066 == 0


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
