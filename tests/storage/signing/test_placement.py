"""The visible mark covers nothing: not a letter, seal, motto or code, however the page lies.

Measured on poppler's drawing at twice the resolution the search works at.
"""

import subprocess
from io import BytesIO

import cv2
import numpy as np
import pikepdf
import pytest

from service.samples import TYPE_CODES, make_sample, pdf_of
from storage.sandbox import best_sandbox
from storage.signing.stamp import PageBox, first_page_ink, page_box, place_stamp
from storage.typeface import load_typeface
from workflows.domain.signature import SignatureState

TEXT = "Người số hóa: Nguyễn Thị Mẫu\nThời gian ký: 2026-11-22T14:03:05+07:00"
CORNERS = ("top_left", "top_right")
DPI = 150
DUST = 10  # points at 150 dpi: 0.3 mm2, no letter
COPIER_DUST = 26  # two specks of level L4 side by side


@pytest.fixture(scope="module")
def face():
    return load_typeface()


def drawn(content: bytes, tmp_path, dpi: int = DPI) -> np.ndarray:
    file = tmp_path / "page.pdf"
    file.write_bytes(content)
    command = ["pdftoppm", "-r", str(dpi), "-l", "1", "-png", "-singlefile", "-cropbox"]
    subprocess.run([*command, str(file), str(tmp_path / "page")], check=True, timeout=60)
    return cv2.imread(str(tmp_path / "page.png"))


def shown_box(page: PageBox, box: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    """left, top, right, bottom as shown, in points: the way back, written out by hand."""
    left, bottom, right, top = box
    return {
        0: (left - page.left, page.top - top, right - page.left, page.top - bottom),
        90: (bottom - page.bottom, left - page.left, top - page.bottom, right - page.left),
        180: (page.right - right, bottom - page.bottom, page.right - left, top - page.bottom),
        270: (page.top - top, page.right - right, page.top - bottom, page.right - left),
    }[page.turn]


def covered(image: np.ndarray, box: tuple[float, float, float, float], dust: int = DUST) -> int:
    """Inked points under the box, dust aside: darker than its paper by what an eye calls ink."""
    left, top, right, bottom = (round(v / 72 * DPI) for v in box)
    assert 0 <= left < right <= image.shape[1] and 0 <= top < bottom <= image.shape[0]
    weakest = image.min(2)[top:bottom, left:right]
    ink = (weakest < float(np.median(weakest)) - 30).astype(np.uint8)
    stats = cv2.connectedComponentsWithStats(ink, connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    return int(stats[stats > dust].sum())


def placements(content: bytes, face, tmp_path, dust: int = DUST) -> dict[str, int | None]:
    """Inked points under the mark for each corner; None where no mark was placed."""
    page, ink = page_box(content), first_page_ink(content, best_sandbox())
    image = drawn(content, tmp_path)
    found: dict[str, int | None] = {}
    for corner in CORNERS:
        placed = place_stamp(TEXT, corner, ink, page, face)
        found[corner] = placed and covered(image, shown_box(page, placed.box), dust)
    return found


PAPERS = [
    pytest.param(code, level, marks=[] if level == "L2" and n % 4 == 0 else [pytest.mark.slow])
    for n, code in enumerate(TYPE_CODES)
    for level in ("L2", "L4")
]


@pytest.mark.parametrize(("code", "level"), PAPERS)
def test_every_sample_paper_takes_a_mark_that_covers_nothing(code, level, face, tmp_path):
    content = pdf_of(make_sample(code, 21, level))
    dust = COPIER_DUST if level == "L4" else DUST
    assert placements(content, face, tmp_path, dust) == dict.fromkeys(CORNERS, 0)


@pytest.mark.shared_data
def test_every_real_paper_takes_a_mark_that_covers_nothing(shared_data, face, tmp_path):
    found = {
        file.name: placements(file.read_bytes(), face, tmp_path)
        for file in sorted((shared_data / "documents").glob("*/*.pdf"))
    }
    assert len(found) >= 32
    assert {n: f for n, f in found.items() if f != dict.fromkeys(CORNERS, 0)} == {}


def test_the_measure_sees_covered_ink(tools, face, tmp_path):
    """Positive control: the rectangle of the first draft lies over the quốc hiệu."""
    content = tools.compose(tools.letter(), mark=False)
    page, image = page_box(content), drawn(content, tmp_path)
    fixed = (round(page.right) - 260, round(page.top) - 110, round(page.right) - 20, 770)
    assert covered(image, shown_box(page, fixed)) > 500


def _lying(content: bytes, turn: int, crop: bool) -> bytes:
    with pikepdf.open(BytesIO(content)) as pdf:
        page = pdf.pages[0]
        page.Rotate = turn
        if crop:
            left, bottom, right, top = (float(v) for v in page.mediabox)
            page.cropbox = [left + 30, bottom + 50, right - 20, top - 15]
        out = BytesIO()
        pdf.save(out)
    return out.getvalue()


@pytest.mark.parametrize("crop", [False, True], ids=["whole", "cropped"])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_turned_page_shows_the_mark_upright(
    turn, crop, signer, profiles, tools, verify, tmp_path
):
    content = _lying(tools.compose(tools.letter(), mark=False), turn, crop)
    done = signer.sign(content, profile=profiles["ca_nhan"], who="u1")
    assert verify(done.content)[0].state is SignatureState.VALID
    before, after = drawn(content, tmp_path), drawn(done.content, tmp_path)
    changed = cv2.absdiff(before, after).max(2) > 40
    assert changed.sum() > 500
    assert before.min(2)[changed].min() > 200
    rows, columns = np.nonzero(changed)
    wide, tall = np.ptp(columns), np.ptp(rows)
    assert wide > 3 * tall, "the lines run across the page as shown"
    assert rows.mean() < 0.35 * before.shape[0], "in the upper part as shown"
    # upright and not upside down: the same letters as on a page that is not turned
    words = _read_by_tesseract(after[rows.min() - 12 : rows.max() + 12])
    assert "Nguyễn Thị Mẫu" in words
    assert "2026" in words


def _read_by_tesseract(image: np.ndarray) -> str:
    large = cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    _, png = cv2.imencode(".png", large)
    command = ["tesseract", "stdin", "stdout", "-l", "vie", "--psm", "6"]
    ran = subprocess.run(command, input=png.tobytes(), capture_output=True, check=True)
    return ran.stdout.decode()


SIZES = {"A5": (874, 1240), "receipt 80 mm": (472, 1180), "A5 across": (1240, 874)}


@pytest.mark.parametrize("name", SIZES)
def test_small_papers_take_a_mark(name, signer, profiles, tools, verify, tmp_path):
    width, height = SIZES[name]
    page = np.full((height, width, 3), 250, np.uint8)
    for row in range(90, height - 60, 46):
        cv2.putText(page, "Bien nhan 123456 " * 4, (30, row), 0, 0.7, (20, 20, 20), 2)
    page[:, width - 25 :] = 250
    content = tools.compose(page, mark=False)
    done = signer.sign(content, profile=profiles["ca_nhan"], who="u1")
    [report] = verify(done.content)
    assert (report.state, report.visible) == (SignatureState.VALID, True)
    before, after = drawn(content, tmp_path), drawn(done.content, tmp_path)
    changed = cv2.absdiff(before, after).max(2) > 40
    assert changed.sum() > 200
    assert before.min(2)[changed].min() > 200


def _full_of_print(margin: int) -> np.ndarray:
    """A4 at 150 dpi with lines of print from edge to edge, `margin` points of paper above."""
    page = np.full((1754, 1240, 3), 250, np.uint8)
    for row in range(round(margin / 72 * 150) + 22, 1760, 30):
        cv2.putText(page, "Trich luc so dang ky 0123456789 " * 3, (0, row), 0, 0.8, (20, 20, 20), 2)
    return page


def test_a_narrow_margin_takes_the_mark_in_one_line(tools, face):
    content = tools.compose(_full_of_print(18), mark=False)
    ink = first_page_ink(content, best_sandbox())
    placed = place_stamp(TEXT, "top_left", ink, page_box(content), face)
    assert placed is not None
    assert "\n" not in placed.text
    assert placed.box[1] > 842 - 18


def _dotted(page: np.ndarray) -> None:
    for row in range(60, 1700, 40):
        page[row : row + 3, 20:1220:9] = 40
        page[row : row + 3, 21:1220:9] = 40


def _dusty(page: np.ndarray) -> None:
    random = np.random.default_rng(8)
    rows, columns = random.integers(0, 1750, 2600), random.integers(0, 1236, 2600)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        page[row : row + 2, column : column + 2] = 90


def test_dust_leaves_room_and_dotted_lines_do_not(tools, face):
    """The dots a form is filled in over are print; the same dots strewn about are dust."""
    rooms = {}
    for draw in (_dotted, _dusty):
        page = np.full((1754, 1240, 3), 250, np.uint8)
        draw(page)
        content = tools.compose(page, mark=False)
        ink = first_page_ink(content, best_sandbox())
        rooms[draw] = place_stamp(TEXT, "top_left", ink, page_box(content), face)
    dotted, dusty = rooms[_dotted], rooms[_dusty]
    assert dusty is not None and dusty.text == TEXT
    assert dotted is not None, "the margin is free"
    assert dotted.box[1] > 842 - 60 / 150 * 72


def test_between_lines_of_print_is_no_place(tools, face):
    content = tools.compose(_full_of_print(0), mark=False)
    ink = first_page_ink(content, best_sandbox())
    assert ink.mean() < 0.95, "there is some paper between the lines"
    assert place_stamp(TEXT, "top_left", ink, page_box(content), face) is None


def test_without_room_the_signature_is_invisible_and_says_so(
    signer, profiles, tools, verify, tmp_path, caplog
):
    content = tools.compose(_full_of_print(0), mark=False)
    done = signer.sign(content, profile=profiles["ca_nhan"], who="u1")
    [report] = verify(done.content)
    assert (report.state, report.visible) == (SignatureState.VALID, False)
    assert "no free paper" in caplog.text
    assert np.array_equal(drawn(content, tmp_path), drawn(done.content, tmp_path))
