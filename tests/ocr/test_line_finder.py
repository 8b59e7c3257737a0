"""Lines of drawn pages: columns apart, cells apart, skew borne, order as a person reads."""

import cv2
import numpy as np
import pytest
from PIL import ImageDraw, ImageFont

from ocr.line_finder import find_lines, lines_in
from ocr.page import Box
from ocr.page_ink import page_ink
from ocr.placed_errors import TruthLine, in_one_box
from tests.ocr.sheets import BODY, DPI, HEADER, TYPEFACE, paper, pixels

FONT = ImageFont.truetype(TYPEFACE, round(13 * DPI / 72))


class Sheet:
    """A sheet that remembers where its lines stand."""

    def __init__(self) -> None:
        self.image = paper()
        self.pen = ImageDraw.Draw(self.image)
        self.lines: list[TruthLine] = []

    def write(self, text: str, x: float, y: float) -> None:
        at = (x * self.image.width, y * self.image.height)
        self.pen.text(at, text, fill="black", font=FONT)
        x0, y0, x1, y1 = self.pen.textbbox(at, text, font=FONT)
        width, height = self.image.size
        box = Box(x0 / width, y0 / height, x1 / width, y1 / height)
        self.lines.append(TruthLine(text=text, box=box))

    @property
    def grey(self) -> np.ndarray:
        return pixels(self.image.convert("L"))

    def order(self, boxes: tuple[Box, ...]) -> list[str]:
        """Texts of the lines in the order of the boxes they stand in."""
        said = []
        for box in boxes:
            for line in self.lines:
                x, y = (line.box.x0 + line.box.x1) / 2, (line.box.y0 + line.box.y1) / 2
                if box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1:
                    said.append(line.text)
        return said


@pytest.fixture(scope="module")
def decision() -> Sheet:
    sheet = Sheet()
    for text, x, y in HEADER:
        sheet.write(text, x, y)
    for i, text in enumerate(BODY):
        sheet.write(text, 0.14, 0.24 + 0.03 * i)
    return sheet


def test_every_line_stands_in_one_box(decision):
    found = find_lines(decision.grey, DPI)
    assert found.sure
    assert len(found.boxes) == len(decision.lines)
    assert in_one_box(decision.lines, found.boxes) == len(decision.lines)


def test_header_columns_are_read_one_after_the_other(decision):
    said = decision.order(find_lines(decision.grey, DPI).boxes)
    left = ["ỦY BAN NHÂN DÂN", "TỈNH QUẢNG NGÃI", "Số: 47/QĐ-UBND"]
    assert [t for t in said if t in left] == left
    assert said.index("Số: 47/QĐ-UBND") < said.index("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")
    assert said[-len(BODY) :] == list(BODY)


@pytest.mark.parametrize("degrees", [-0.7, 0.4, 0.7])
def test_what_skew_is_left_joins_no_lines(decision, degrees):
    grey = decision.grey
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    found = find_lines(cv2.warpAffine(grey, turn, (width, height), borderValue=255), DPI)
    assert len(found.boxes) == len(decision.lines)


def test_a_bowed_page_keeps_its_lines(decision):
    grey = decision.grey
    height, width = grey.shape
    x = np.arange(width, dtype=np.float32)
    drop = (24 * np.sin(np.pi * x / width)).astype(np.float32)
    ys = np.arange(height, dtype=np.float32)[:, None] - drop[None, :]
    xs = np.ascontiguousarray(np.broadcast_to(x, (height, width)))
    bowed = cv2.remap(grey, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    assert len(find_lines(bowed, DPI).boxes) == len(decision.lines)


@pytest.mark.parametrize("degrees", [-2.2, 2.2])
def test_a_short_title_over_a_slanted_line_is_no_mark_on_it(degrees):
    """The box around the long line is taller than both."""
    sheet = Sheet()
    sheet.write("LỆNH", 0.47, 0.3)
    sheet.write("Về việc tăng cường bảo đảm trật tự, an toàn giao thông dịp Tết", 0.2, 0.3175)
    middle = (sheet.grey.shape[1] / 2, sheet.grey.shape[0] / 2)
    turned = cv2.warpAffine(
        sheet.grey,
        cv2.getRotationMatrix2D(middle, degrees, 1.0),
        sheet.grey.shape[::-1],
        borderValue=255,
    )
    boxes = find_lines(turned, DPI).boxes
    assert [box.width > 0.3 for box in boxes] == [False, True]


def test_cells_are_cut_at_their_rules_and_read_row_by_row():
    sheet = Sheet()
    rows = [("TT", "Họ và tên", "Số tiền"), ("1", "Nguyễn Văn An", "1.250.000"),
            ("2", "Trần Thị Bình", "980.000")]  # fmt: skip
    width, height = sheet.image.size
    edges = [0.14, 0.20, 0.40, 0.55]
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            top = 0.30 + 0.025 * r
            box = (edges[c] * width, top * height, edges[c + 1] * width, (top + 0.025) * height)
            sheet.pen.rectangle(box, outline="black", width=3)
            sheet.write(cell, edges[c] + 0.006, top + 0.006)
    sheet.write("Tổng cộng hai người được hỗ trợ.", 0.14, 0.5)
    found = find_lines(sheet.grey, DPI)
    assert in_one_box(sheet.lines, found.boxes) == len(sheet.lines)
    assert sheet.order(found.boxes) == [cell for row in rows for cell in row] + [
        "Tổng cộng hai người được hỗ trợ."
    ]
    # upright rules of a photographed page lean
    lean = np.array([[1.0, 0.06, -0.06 * 0.33 * height], [0.0, 1.0, 0.0]])
    leaning = cv2.warpAffine(sheet.grey, lean, (width, height), borderValue=255)
    assert in_one_box(sheet.lines, find_lines(leaning, DPI).boxes) == len(sheet.lines)


def test_specks_and_a_seal_are_no_lines(decision):
    grey = decision.grey.copy()
    random = np.random.default_rng(5)
    for y, x in zip(random.integers(0, 2300, 1500), random.integers(0, 1640, 1500), strict=True):
        grey[y : y + 3, x : x + 3] = 60
    cv2.circle(grey, (1200, 1500), 190, 90, 6)
    found = find_lines(grey, DPI)
    assert in_one_box(decision.lines, found.boxes) == len(decision.lines)
    assert len(found.boxes) <= len(decision.lines) + 2


def test_specks_beside_a_line_leave_its_box_as_it_is():
    """Else its letters are drawn smaller: a third more of them are wrong on copies."""
    sheet = Sheet()
    sheet.write("- Lưu: VT, xã Ấp Bắc, huyện Nghĩa Hành.", 0.2, 0.3)
    clean = sheet.grey
    alone = find_lines(clean, DPI).boxes[0]
    x0, y0, x1, y1 = alone.pixels(clean.shape)
    specked = clean.copy()
    places = [(x0 - 6, y0 + 8), (x1 + 5, y0 + 14)]
    for step, x in enumerate(range(x0, x1, 47)):  # in no row: they would be dot leaders
        places += [(x, y0 - 3 - step % 4), (x, y1 + 3 + step % 3)]
    for x, y in places:
        specked[y : y + 3, x : x + 3] = 0
    box = next(b for b in find_lines(specked, DPI).boxes if b.y0 < (alone.y0 + alone.y1) / 2 < b.y1)
    high = y1 - y0
    assert box.pixels(clean.shape) == pytest.approx((x0, y0, x1, y1), abs=0.12 * high)


def test_a_list_keeps_its_dashes_and_a_line_its_marks():
    sheet = Sheet()
    for i, text in enumerate(("- Ổn định, ấm no;", "- Lưu: VT.", "ỦY BAN NHÂN DÂN TỈNH")):
        sheet.write(text, 0.2, 0.3 + 0.04 * i)
    boxes = find_lines(sheet.grey, DPI).boxes
    assert len(boxes) == 3
    for line, box in zip(sheet.lines, boxes, strict=True):
        assert box.x0 <= line.box.x0 + 0.002
        assert box.y0 <= line.box.y0 + 0.001
        assert box.y1 >= line.box.y1 - 0.001


def test_marks_stay_with_their_letters(decision):
    """Ấ, Ệ: the mark stands apart from its letter and is part of the line."""
    for box in find_lines(decision.grey, DPI).boxes:
        inside = [
            t
            for t in decision.lines
            if box.x0 <= (t.box.x0 + t.box.x1) / 2 <= box.x1
            and box.y0 <= (t.box.y0 + t.box.y1) / 2 <= box.y1
        ]
        assert len(inside) == 1
        assert box.y0 <= inside[0].box.y0 + 0.0005
        assert box.y1 >= inside[0].box.y1 - 0.0005


def test_an_empty_page_and_a_tiny_one_have_no_lines():
    assert find_lines(np.full((800, 600), 255, np.uint8), 100).boxes == ()
    assert find_lines(np.full((3, 3), 255, np.uint8), 300).boxes == ()


def test_marks_belong_to_their_own_line_in_close_print():
    upper, lower = "gỡ, nghỉ phép giữ gìn y tế", "cả tiếng đế chốt sổ, thuốc huyện"
    close, alone = Sheet(), Sheet()
    close.write(upper, 0.12, 0.3)
    for sheet in (close, alone):
        sheet.write(lower, 0.12, 0.3 + 0.0155)
    ink, only = page_ink(close.grey, DPI), page_ink(alone.grey, DPI)
    found = lines_in(ink)
    assert len(found.boxes) == 2
    inked = [(crop < 128).sum() for crop in (found.crop(ink, 1), lines_in(only).crop(only, 0))]
    assert inked[0] == pytest.approx(inked[1], rel=0.01)


def test_leaders_are_no_text():
    sheet = Sheet()
    sheet.write("Họ và tên: " + "." * 60, 0.12, 0.3)
    ink, end = page_ink(sheet.grey, DPI), FONT.getlength("Họ và tên: ") / sheet.grey.shape[1]
    assert ink.leaders.sum() >= 55
    assert max(box.x1 for box in lines_in(ink).boxes) < 0.12 + end + 0.01


def test_a_pale_seal_over_a_name_of_a_grey_scan_is_taken_off_its_letters():
    sheet, alone = Sheet(), Sheet()
    for made in (sheet, alone):
        made.write("Nguyễn Hoàng Giang", 0.5, 0.5)
        for k in range(12):
            made.write("văn bản này có hiệu lực từ ngày ký ban hành", 0.12, 0.1 + 0.02 * k)
    sealed, height = sheet.grey.copy(), sheet.grey.shape[0]
    ring = np.full_like(sealed, 255)
    middle = (round(0.55 * sealed.shape[1]), round(0.5 * height))
    for radius in (60, 66, 90, 120, 140):
        cv2.circle(ring, middle, radius, 130, 5)
    sealed = np.minimum(sealed, ring)
    bare, found = lines_in(page_ink(alone.grey, DPI)), lines_in(page_ink(sealed, DPI))
    assert len(bare.boxes) == 13
    name = bare.boxes[-1]
    over = [b for b in found.boxes if b.y0 < name.y1 and b.y1 > name.y0]
    assert any(b.x0 < name.x0 + 0.01 and b.x1 > name.x1 - 0.01 for b in over)


def test_where_a_ring_is_as_dark_as_pale_print_it_goes_with_its_seal():
    """Else its pieces are read as dashes before the title and letters beside the name."""
    sheet = Sheet()
    for k in range(12):
        sheet.write("văn bản này có hiệu lực từ ngày ký ban hành", 0.12, 0.1 + 0.02 * k)
    sheet.write("Nguyễn Hoàng Giang", 0.5, 0.5)
    grey, bare = sheet.grey, page_ink(sheet.grey, DPI)
    middle = (round(0.5 * grey.shape[1]), round(0.5 * grey.shape[0]))
    ring = np.full_like(grey, 255)
    cv2.circle(ring, middle, 120, 130, 5)
    for start in range(20, 360, 40):
        cv2.ellipse(ring, middle, (120, 120), 0, start, start + 9, 70, 5)
    sealed = page_ink(np.minimum(grey, ring), DPI)
    beside = np.ones_like(ring)
    cv2.circle(beside, middle, 116, 0, cv2.FILLED)
    beside[: middle[1] - 200] = 0
    x0, y0, x1, y1 = sheet.lines[-1].box.pixels(grey.shape)
    beside[y0:y1, x0:x1] = 0
    assert not (sealed.mask * beside).any()
    name = np.s_[y0:y1, x0:x1]
    assert (sealed.mask[name] > 0).sum() == pytest.approx((bare.mask[name] > 0).sum(), rel=0.05)


def test_a_dash_too_thin_to_count_as_ink_is_in_the_box_of_its_line():
    """A thin face at 200 dpi: the letters are black, the dash is grey."""
    sheet = Sheet()
    for k in range(5):
        sheet.write("Lưu: văn thư, các phòng thuộc xã", 0.2, 0.2 + 0.03 * k)
    grey = sheet.grey.copy()
    bare = find_lines(grey, DPI).boxes
    x0, y0, _, y1 = bare[2].pixels(grey.shape)
    middle = round(y0 + 0.55 * (y1 - y0))
    grey[middle : middle + 2, x0 - 10 : x0 + 1] = 200  # a blank further left than the letters
    for before, now in zip(bare, find_lines(grey, DPI).boxes, strict=True):
        assert now.y0 == before.y0
        assert (now.x0 * grey.shape[1] <= x0 - 10) == (before is bare[2])


def test_a_pale_dash_stands_before_any_letter_and_alone():
    """The foot of "T" is as pale as the dash; a stroke that comes from afar is a seal's."""
    sheet = Sheet()
    for k in range(5):
        sheet.write("Trang thông tin, các phòng thuộc xã", 0.2, 0.2 + 0.03 * k)
    grey = sheet.grey.copy()
    bare = find_lines(grey, DPI).boxes
    for line, reach in ((1, 11), (3, 60)):
        x0, y0, _, y1 = bare[line].pixels(grey.shape)
        middle, top = round(y0 + 0.55 * (y1 - y0)), round(y0 + 0.2 * (y1 - y0))
        grey[middle : middle + 2, x0 - reach : x0 + 1] = 200
        grey[top : top + 2, x0 + 2 : x0 + 5] = 200
    grown = [now.x0 < b.x0 for now, b in zip(find_lines(grey, DPI).boxes, bare, strict=True)]
    assert grown == [False, True, False, False, False]


def test_a_comma_as_tall_as_a_letter_belongs_to_its_line():
    """No tail of another letter reaches as low: it was a line of its own, and read as a 9."""
    sheet = Sheet()
    font = ImageFont.truetype(TYPEFACE, round(19 * DPI / 72))
    for k, text in enumerate(
        ("TỒN TẠI, HẠN CHẾ", "trên địa bàn biết, thực hiện", "MỤC, ĐÍCH, CHÍNH")
    ):
        at = (300, 300 + 120 * k)
        sheet.pen.text(at, text, fill="black", font=font)
        x0, y0, x1, y1 = sheet.pen.textbbox(at, text, font=font)
        width, height = sheet.image.size
        box = Box(x0 / width, y0 / height, x1 / width, y1 / height)
        sheet.lines.append(TruthLine(text=text, box=box))
    for k in range(12):
        sheet.write("sao cao su mua xuân vào xem cả nhà ra sân", 0.2, 0.5 + 0.03 * k)
    boxes = find_lines(sheet.grey, DPI).boxes
    assert len(boxes) == len(sheet.lines)
    for line, box in zip(sheet.lines[:3], boxes[:3], strict=True):
        assert box.y1 >= line.box.y1 - 0.0005
