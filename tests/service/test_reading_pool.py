"""Pages of one file come in order, whoever reads them, and rasters do not pile up on the disk."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import img2pdf
import numpy as np
import pytest
from PIL import Image

from service import reading_desk, reading_pool
from service.reading_pool import _stretches, copied_pages
from workflows.errors import DamagedDocument


@dataclass
class Desk:
    """Reads nothing; gives back the number, late for odd pages. Counts the rasters it sees."""

    rasters: Path
    broken: int = 0
    turned: int = 0
    most: int = 0
    seen: list[int] = field(default_factory=list)

    def copy_page(self, image):
        # a folder may go while it is looked through: os.walk minds that less than glob
        files = [name for _, _, names in os.walk(self.rasters) for name in names]
        self.most = max(self.most, sum(name.endswith(".ppm") for name in files))
        time.sleep(0.02 * (image.number % 2))
        if image.number == self.broken:
            raise DamagedDocument("cannot be read")
        assert image.pixels.mean() == pytest.approx(255 - image.number, abs=1)
        return image.number

    def text_of(self, image):
        return Text(number=self.copy_page(image), rotation=90 if self.turned == image.number else 0)

    def picture_of(self, image, clockwise):
        assert image.pixels.mean() == pytest.approx(255 - image.number, abs=1)
        return clockwise


@dataclass
class Text:
    """Half of a page as `Desk` makes it."""

    number: int
    rotation: int

    def joined(self, picture: int) -> int:
        assert picture == self.rotation
        return self.number


@pytest.fixture
def file(tmp_path) -> Path:
    pages = []
    for number in range(1, 31):
        grey = tmp_path / f"{number}.png"
        Image.fromarray(np.full((290, 205), 255 - number, np.uint8)).save(grey, dpi=(50, 50))
        pages.append(str(grey))
    layout = img2pdf.get_layout_fun((img2pdf.mm_to_pt(52), img2pdf.mm_to_pt(74)))
    (tmp_path / "in.pdf").write_bytes(img2pdf.convert(pages, layout_fun=layout))
    return tmp_path / "in.pdf"


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Desk:
    monkeypatch.setenv("SOHOA_DATA_DIR", str(tmp_path / "var"))
    made = Desk(rasters=tmp_path / "var" / "scratch")
    monkeypatch.setattr(reading_pool, "_desk", lambda: made)
    monkeypatch.setattr(reading_pool, "_pool", ThreadPoolExecutor)
    monkeypatch.setattr(reading_desk, "copy_of", Text.joined)
    return made


@pytest.mark.parametrize("jobs", [1, 3])
def test_pages_come_in_order_and_few_rasters_wait(file, desk, jobs):
    with copied_pages(file, jobs) as pages:
        assert list(pages) == list(range(1, 31))
    assert 0 < desk.most <= 24
    assert not [*desk.rasters.rglob("*.ppm")]


@pytest.mark.parametrize("turned", [1, 28, 29, 30])
def test_the_picture_of_a_page_that_lies_on_its_side_is_turned_as_its_text_is(file, desk, turned):
    desk.turned = turned
    with copied_pages(file, 3) as pages:
        assert list(pages) == list(range(1, 31))


@pytest.mark.parametrize("broken", [7, 29, 30])
def test_a_page_that_cannot_be_read_ends_it_and_leaves_nothing_behind(file, desk, broken):
    desk.broken = broken
    with pytest.raises(DamagedDocument), copied_pages(file, 3) as pages:
        list(pages)
    assert not [*desk.rasters.rglob("*.ppm")]


def test_reading_begins_before_anybody_asks_for_a_page(file, desk):
    with copied_pages(file, 3):
        deadline = time.monotonic() + 20
        while not desk.most and time.monotonic() < deadline:
            time.sleep(0.01)
        assert desk.most  # how many were drawn by then is chance
    assert not [*desk.rasters.rglob("*.ppm")]


def test_a_file_that_cannot_be_opened_says_so_before_any_page(tmp_path, desk):
    (tmp_path / "cut.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n")
    with pytest.raises(DamagedDocument), copied_pages(tmp_path / "cut.pdf", 3):
        pytest.fail("it was opened")
    assert not [*desk.rasters.glob("*")]


@pytest.mark.parametrize("long", [12, 16, 64])
@pytest.mark.parametrize("count", [*range(1, 40), 1000])
def test_stretches_cover_every_page_once(count, long):
    stretches = [*_stretches(long + 1, count, long)]
    covered = [n for first, last in stretches for n in range(first, last + 1)]
    assert covered == list(range(long + 1, count + 1))
    assert all(last - first < long for first, last in stretches)


def test_a_thread_that_has_ended_does_not_forbid_forking_one_that_runs_does():
    told = subprocess.run(
        [sys.executable, "-c", _THREADS], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.split() == ["True"] * 20 + ["False"]


_THREADS = """
import threading
from concurrent.futures import ThreadPoolExecutor
from service.reading_pool import _is_alone
for _ in range(20):
    with ThreadPoolExecutor(1) as aside:
        aside.submit(int)
    print(_is_alone())
waits = threading.Event()
threading.Thread(target=waits.wait, daemon=True).start()
print(_is_alone())
"""


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_readers_end_with_a_command_that_is_killed(way):
    master = subprocess.Popen([sys.executable, "-c", _POOL, way], stdout=subprocess.PIPE, text=True)
    with master:
        assert master.stdout is not None
        said, *readers = master.stdout.readline().split()
        assert said == way
        assert len(set(readers)) == 2
        master.kill()
    deadline = time.monotonic() + 20
    while any(_lives(pid) for pid in readers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in readers if _lives(pid)]


_POOL = """
import os, sys, threading, time
from service.reading_pool import _pool
if sys.argv[1] == "spawn":
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
with _pool(2) as pool:
    [*pool.map(time.sleep, [0.5, 0.5])]
    way = pool._mp_context.get_start_method()
    print(way, *pool._processes, flush=True)
    time.sleep(600)
"""


def _lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_forked_reader_loads_no_tesseract_of_its_own(tmp_path, monkeypatch):
    """Half of what a process loaded before its first page."""
    monkeypatch.setenv("SOHOA_DATA_DIR", str(tmp_path / "var"))
    assert reading_pool._desk.__wrapped__().reader.page_reader.recogniser is reading_pool._witness()
