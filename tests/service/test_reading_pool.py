"""Pages of one file come in order, whoever reads them, and rasters do not pile up on the disk."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import img2pdf
import numpy as np
import pytest
from PIL import Image

from service import reading_pool
from service.reading_pool import _stretches, copy_pages
from workflows.errors import DamagedDocument


@dataclass
class Desk:
    """Reads nothing; gives back the number, late for odd pages. Counts the rasters it sees."""

    rasters: Path
    broken: int = 0
    most: int = 0
    seen: list[int] = field(default_factory=list)

    def copy_page(self, image):
        self.most = max(self.most, len([*self.rasters.glob("*/page-*.ppm")]))
        time.sleep(0.02 * (image.number % 2))
        if image.number == self.broken:
            raise DamagedDocument("cannot be read")
        assert image.pixels.mean() == pytest.approx(255 - image.number, abs=1)
        return image.number


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
    return made


def test_pages_come_in_order_and_few_rasters_wait(file, desk):
    assert list(copy_pages(file, 3)) == list(range(1, 31))
    assert 4 <= desk.most <= 24
    assert not [*desk.rasters.glob("*/page-*.ppm")]


def test_a_page_that_cannot_be_read_ends_it_and_leaves_nothing_behind(file, desk):
    desk.broken = 7
    with pytest.raises(DamagedDocument):
        list(copy_pages(file, 3))
    assert not [*desk.rasters.glob("*/page-*.ppm")]


@pytest.mark.parametrize("jobs", [1, 2, 3, 8, 32])
@pytest.mark.parametrize("count", [*range(1, 40), 1000])
def test_stretches_cover_every_page_once(count, jobs):
    stretches = list(_stretches(count, jobs))
    covered = [n for first, last in stretches for n in range(first, last + 1)]
    assert covered == list(range(1, count + 1))
    assert stretches[0][1] <= max(4, jobs)
