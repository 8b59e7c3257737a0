"""Red stamps of the header: urgency and secrecy, level or slanted; nothing else counts."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr.page import PageImage
from ocr.page_reader import PageReader
from ocr.red_marks import red_marks, with_marks
from ocr.tesseract import TesserocrRecogniser
from tests.ocr.sheets import DPI, TYPEFACE, decision, pixels

RED = "#d02030"


def stamped(text, angle, colour=RED):
    """A decision with a framed stamp set on it at an angle."""
    sheet = decision()
    stamp = Image.new("RGBA", (330, 110), (0, 0, 0, 0))
    draw = ImageDraw.Draw(stamp)
    draw.rectangle((4, 4, 325, 105), outline=colour, width=5)
    draw.text((165, 52), text, fill=colour, font=ImageFont.truetype(TYPEFACE, 44), anchor="mm")
    turned = stamp.rotate(angle, expand=True, resample=Image.Resampling.BICUBIC)
    sheet.paste(turned, (130, 720), turned)
    return pixels(sheet)


@pytest.fixture(scope="module")
def engine():
    return TesserocrRecogniser()


@pytest.mark.parametrize("angle", [0, 35, -20])
@pytest.mark.parametrize("mark", ["HỎA TỐC", "MẬT"])
def test_a_stamp_is_read_at_any_slant(engine, mark, angle):
    found = red_marks(stamped(mark, angle), DPI, engine)
    assert [w.text for w in found] == [mark]
    box = found[0].box
    assert box.x0 * 1654 == pytest.approx(130, abs=25)
    assert box.y0 * 2339 == pytest.approx(720, abs=25)


@pytest.mark.parametrize(
    "page",
    [stamped("ĐÃ THU PHÍ", 10), stamped("BỀ MẶT", 0), stamped("MẬT", 20, "black")],
    ids=["other words", "a word like it", "black ink"],
)
def test_nothing_else_is_a_mark(engine, page):
    assert red_marks(page, DPI, engine) == ()


def test_a_mark_comes_once_and_last(engine):
    marks = red_marks(stamped("HỎA TỐC", 35), DPI, engine)
    once = with_marks((), marks)
    assert [w.text for w in with_marks(once, marks)] == ["HỎA TỐC"]


def test_the_page_reader_brings_it_into_the_text():
    page = PageImage(number=1, pixels=stamped("MẬT", 30), dpi=DPI)
    text, seen = PageReader().read_page(page)
    assert "MẬT" in text.text.splitlines()
    assert text.quality["secret"] == "MẬT"
    assert np.array_equal(seen, page.pixels)
