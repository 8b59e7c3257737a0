"""The conversion mark: complete, readable, and never over ink."""

import subprocess
from dataclasses import replace

import cv2
import numpy as np
import pytest
import zxingcpp

from storage.free_space import find_room, ink_of
from storage.pdf import check

TEXT = (
    "Bản số hóa từ bản giấy · Trung tâm Phục vụ hành chính công xã Đông Sơn · "
    "Nguyễn Thị Mẫu · 2026-11-22T14:03:05+07:00"
)


def rendered(content: bytes, tmp_path) -> np.ndarray:
    file = tmp_path / "f.pdf"
    file.write_bytes(content)
    command = ["pdftoppm", "-r", "100", "-l", "1", "-gray", "-singlefile"]
    subprocess.run([*command, str(file), str(tmp_path / "f")], check=True, timeout=60)
    return cv2.imread(str(tmp_path / "f.pgm"), cv2.IMREAD_GRAYSCALE)


def words_of(content: bytes, tmp_path) -> str:
    file = tmp_path / "f.pdf"
    file.write_bytes(content)
    ran = subprocess.run(["pdftotext", str(file), "-"], capture_output=True, check=True)
    return " ".join(ran.stdout.decode().split())


def test_the_mark_says_from_paper_where_who_when(archival, a4_page, mark, tmp_path):
    content = archival.compose([a4_page, a4_page], title="Giấy phép", mark=mark)
    assert words_of(content, tmp_path).count(TEXT) == 1


def test_no_unit_leaves_no_hole(archival, a4_page, mark, tmp_path):
    content = archival.compose([a4_page], title="", mark=replace(mark, unit_name=""))
    assert "từ bản giấy · Nguyễn Thị Mẫu · 2026" in words_of(content, tmp_path)


def test_the_mark_covers_no_ink(archival, make, mark, tmp_path):
    """A busy page: rows of print down to the edge, one gap in the lower half."""
    pixels = make.paper(2480, 3508)
    for top in range(100, 3480, 60):
        if not 2500 < top < 2640:
            cv2.rectangle(pixels, (20, top), (2460, top + 30), (20, 20, 20), -1)
    page = make.page_of(pixels)
    plain = rendered(archival.compose([page], title="", mark=None), tmp_path)
    marked = rendered(archival.compose([page], title="", mark=mark), tmp_path)
    assert plain.shape == marked.shape
    changed = cv2.absdiff(plain, marked) > 40
    assert changed.sum() > 300, "the mark is visible"
    assert plain[changed].min() > 200, "and stands on bare paper"


def test_a_page_without_room_gets_a_strip_of_paper(archival, make, mark, tmp_path):
    noise = np.random.default_rng(7).integers(0, 200, (1754, 1240, 3)).astype(np.uint8)
    page = make.page_of(noise, dpi=150)
    plain = rendered(archival.compose([page], title="", mark=None), tmp_path)
    marked = rendered(archival.compose([page], title="", mark=mark), tmp_path)
    added = marked.shape[0] - plain.shape[0]
    assert 10 <= added <= 60
    assert np.abs(marked[: plain.shape[0] - 2].astype(int) - plain[:-2]).mean() < 12
    assert (marked[plain.shape[0] + 1 :] < 120).sum() > 100
    assert TEXT in words_of(archival.compose([page], title="", mark=mark), tmp_path)


def test_a_long_mark_on_a_narrow_receipt_is_broken_into_lines(archival, make, mark, tmp_path):
    page = make.page_of(make.paper(640, 1200), dpi=203)
    assert TEXT in words_of(archival.compose([page], title="", mark=mark), tmp_path)


def test_room_is_the_nearest_free_rectangle():
    ink = np.zeros((100, 100), bool)
    ink[0:30, 0:60] = True
    whole = (0.0, 0.0, 1.0, 1.0)
    spot = find_room(ink, width=0.2, height=0.1, near=(0.0, 0.0), within=whole)
    assert spot is not None
    assert (spot.left, spot.top) == (0.0, 0.3)
    assert find_room(ink, width=0.5, height=0.8, near=(0, 0), within=whole) is None
    assert find_room(ink, width=2.0, height=0.1, near=(0, 0), within=whole) is None


@pytest.mark.parametrize("level", [255, 235, 200], ids=["white", "cream", "grey card"])
def test_bare_paper_is_no_ink_and_faint_stamps_are(level):
    noise = np.random.default_rng(1).normal(0, 2, (400, 300))
    page = np.clip(level + noise, 0, 255).astype(np.uint8)
    assert ink_of(page).mean() < 0.01
    cv2.circle(page, (150, 200), 40, level - 30, 3)
    ink = ink_of(page)
    assert ink[200, 190]
    assert ink[160, 150]


CODE = "SOHOA1:" + "0123456789ABCDEF" * 2 + ":" + "FEDCBA9876543210" * 4


def codes_of(content: bytes, tmp_path, dpi: int) -> list[str]:
    """QR codes on page 1 as a reader finds them on poppler's drawing."""
    file = tmp_path / "c.pdf"
    file.write_bytes(content)
    command = ["pdftoppm", "-r", str(dpi), "-l", "1", "-gray", "-singlefile"]
    subprocess.run([*command, str(file), str(tmp_path / "c")], check=True, timeout=60)
    image = cv2.imread(str(tmp_path / "c.pgm"), cv2.IMREAD_GRAYSCALE)
    return [found.text for found in zxingcpp.read_barcodes(image)]


@pytest.mark.parametrize("dpi", [150, 200, 300])
def test_the_code_beside_the_words_is_read_again(archival, a4_page, mark, tmp_path, dpi):
    content = archival.compose([a4_page], title="", mark=replace(mark, code=CODE))
    assert check(content) == []
    assert codes_of(content, tmp_path, dpi) == [CODE]
    assert sorted(words_of(content, tmp_path).split()) == sorted(
        [*TEXT.split(), *(w.text for w in a4_page.text.words)]
    )
    assert codes_of(archival.compose([a4_page], title="", mark=mark), tmp_path, dpi) == []


def test_the_code_covers_no_ink(archival, make, mark, tmp_path):
    """Room for the words alone is not room for the code: it looks further, or takes a strip."""
    pixels = make.paper(2480, 3508)
    for top in range(100, 3480, 60):
        if not 2500 < top < 2640:
            cv2.rectangle(pixels, (20, top), (2460, top + 30), (20, 20, 20), -1)
    page = make.page_of(pixels)
    plain = rendered(archival.compose([page], title="", mark=None), tmp_path)
    content = archival.compose([page], title="", mark=replace(mark, code=CODE))
    marked = rendered(content, tmp_path)
    assert codes_of(content, tmp_path, 300) == [CODE]
    assert marked.shape[0] > plain.shape[0], "paper was added below"
    assert np.abs(marked[: plain.shape[0] - 2].astype(int) - plain[:-2]).mean() < 12


def test_a_slip_too_narrow_for_a_code_keeps_the_words(archival, make, mark, tmp_path):
    page = make.page_of(make.paper(240, 1200), dpi=203)
    content = archival.compose([page], title="", mark=replace(mark, code=CODE))
    assert codes_of(content, tmp_path, 300) == []
    assert "Nguyễn Thị Mẫu" in words_of(content, tmp_path)
