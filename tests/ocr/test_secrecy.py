"""Secrecy marks: found where the law puts them, by any stamp, and never inside a sentence."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr.page import Box, PageImage, Word
from ocr.page_reader import PageReader
from ocr.secrecy import header_reach, secrecy_mark
from tests.ocr.sheets import TYPEFACE, decision, pixels

A4 = 210 / 297


def row(text: str, y: float = 0.15) -> tuple[Word, ...]:
    return tuple(
        Word(text=t, box=Box(0.1 + 0.1 * i, y, 0.19 + 0.1 * i, y + 0.012), confidence=0.9)
        for i, t in enumerate(text.split())
    )


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("MẬT", "MẬT"),
        ("| MẬT |", "MẬT"),
        ("TỐI MẬT", "TỐI MẬT"),
        ("TỔI MẬT", "TỐI MẬT"),  # read so on stamped pages
        ("TUYỆẸT MẬT", "TUYỆT MẬT"),
        ("TÀI LIỆU THU HÔI", "TÀI LIỆU THU HỒI"),
        ("MẶT", None),
        ("MẤT", None),
        ("Giải mật", None),
        ("bảo vệ bí mật nhà nước", None),
        ("Tối mật", None),
        ("HỎA TỐC", None),
    ],
)
def test_a_mark_is_a_line_that_says_nothing_else(text, mark):
    assert secrecy_mark(row(text), A4) == mark


def test_the_gravest_of_two_marks_counts():
    words = (
        *row("MẬT"),
        *(Word(text=w.text, box=w.box, confidence=0.9, line=1) for w in row("TUYỆT MẬT", 0.2)),
    )
    assert secrecy_mark(words, A4) == "TUYỆT MẬT"


def test_the_header_is_measured_by_the_width():
    """The upper half of a page, as intake looks at it, has the same header as the page."""
    assert header_reach(A4) == pytest.approx(2 * 0.45 / 2, abs=0.01)
    assert header_reach(2 * A4) == pytest.approx(2 * header_reach(A4), abs=0.01)
    assert secrecy_mark(row("MẬT", 0.6), A4) is None
    assert secrecy_mark(row("MẬT", 0.6), 2 * A4) == "MẬT"


@pytest.mark.parametrize("angle", [0, 6, -7])
@pytest.mark.parametrize("mark", ["MẬT", "TỐI MẬT", "TUYỆT MẬT", "TÀI LIỆU THU HỒI"])
def test_a_tight_frame_is_taken_off_the_letters_it_touches(mark, angle):
    """At 150 dpi on the upper half, as at intake; the frame touches the hats of Ậ and Ồ."""
    sheet = decision()
    font = ImageFont.truetype(TYPEFACE, 42)
    stamp = Image.new("RGBA", (int(font.getlength(mark)) + 56, 74), (0, 0, 0, 0))
    draw = ImageDraw.Draw(stamp)
    draw.rectangle((2, 2, stamp.width - 3, stamp.height - 3), outline="#d02030", width=5)
    draw.text((28, 7), mark, fill="#d02030", font=font)
    turned = stamp.rotate(angle, expand=True, resample=Image.Resampling.BICUBIC)
    sheet.paste(turned, (150, 640), turned)
    small = sheet.resize((sheet.width * 3 // 4, sheet.height * 3 // 4))
    top = np.ascontiguousarray(pixels(small)[: small.height // 2])
    text, _ = PageReader().read_page(PageImage(number=1, pixels=top, dpi=150))
    assert text.quality.get("secret") == mark
