"""The signature block read again: three inks over one another, the real engine, drawn sheets."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import ImageDraw, ImageFont

from ocr.closing import said_in_block
from ocr.page import Box, PageImage, Word
from ocr.page_reader import PageReader, shipped_network
from ocr.reader import Reader
from ocr.signature_lines import Seen, agreed, begins_outside, put, said_words
from tests.ocr.sheets import DPI, TYPEFACE, paper, pixels, write

HEAD = [
    ("ỦY BAN NHÂN DÂN", 0.13, 0.05),
    ("TỈNH QUẢNG NGÃI", 0.14, 0.07),
    ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 0.45, 0.05),
    ("Độc lập - Tự do - Hạnh phúc", 0.52, 0.07),
    ("Số: 47/QĐ-UBND", 0.14, 0.1),
    ("Quảng Ngãi, ngày 17 tháng 01 năm 2025", 0.5, 0.1),
    ("QUYẾT ĐỊNH", 0.42, 0.16),
    ("Về việc hỗ trợ quà Tết cho hộ nghèo trên địa bàn tỉnh", 0.24, 0.19),
    ("Điều 1. Phê duyệt hỗ trợ quà Tết cho hộ nghèo trên địa bàn tỉnh như sau.", 0.14, 0.3),
    ("Nơi nhận:", 0.13, 0.5),
    ("- Như Điều 4;", 0.13, 0.52),
    ("- Lưu: VT.", 0.13, 0.54),
]


def signed(*, name_colour="black", name_at=0.655):
    """A decision whose name lies between a seal and a signature; or was stamped like the seal."""
    sheet = paper()
    for text, x, y in HEAD:
        write(sheet, text, x, y)
    bold = ImageFont.truetype(TYPEFACE.replace("Regular", "Bold"), round(13 * DPI / 72))
    draw = ImageDraw.Draw(sheet)
    width, height = sheet.size
    draw.text((0.6 * width, 0.5 * height), "KT. CHỦ TỊCH", "black", bold)
    draw.text((0.58 * width, 0.52 * height), "PHÓ CHỦ TỊCH", "black", bold)
    draw.text((0.57 * width, name_at * height), "Nguyễn Hoàng Giang", name_colour, bold)
    x, y, r = 0.55 * width, 0.585 * height, 0.09 * width
    for grown in (0, 3, 6):
        draw.ellipse(
            (x - r - grown, y - r - grown, x + r + grown, y + r + grown), outline="#d8303a"
        )
    stroke = [
        (0.56 * width + 9 * k, 0.6 * height + 60 * math.sin(k / 3) + 2.0 * k) for k in range(50)
    ]
    draw.line(stroke, fill="#2a3fb0", width=5, joint="curve")
    return sheet


@pytest.fixture(scope="module")
def reader():
    return Reader(PageReader())


@pytest.mark.parametrize("colour", ["black", "#d02030"])
def test_the_name_is_read_under_seal_and_signature_and_when_stamped_in_red(reader, colour):
    seen = reader.read([PageImage(number=1, pixels=pixels(signed(name_colour=colour)), dpi=DPI)])
    fields = seen.document.fields
    signer = fields["signer"]
    assert signer.value == "Nguyễn Hoàng Giang"
    assert fields["signer_title"].value == "PHÓ CHỦ TỊCH"
    box = signer.box
    assert box is not None and 0.5 < box.x0 < 0.65 and 0.6 < box.y0 < 0.68


@pytest.mark.parametrize("colour", ["black", "#d02030"])
@pytest.mark.parametrize("at", [0.62, 0.63, 0.64])
def test_a_name_cut_by_the_seal_is_never_silently_short(reader, colour, at):
    """What is left, "Hoàng Giang", is a name too: only the ink beside it tells."""
    sheet = pixels(signed(name_colour=colour, name_at=at))
    signer = reader.read([PageImage(number=1, pixels=sheet, dpi=DPI)]).document.fields["signer"]
    assert signer.value == "Nguyễn Hoàng Giang" or signer.needs_review


def test_a_name_stamped_in_red_is_not_read_without_the_second_reading(reader, monkeypatch):
    """The positive control: lifting red takes most of the name along."""
    image = PageImage(number=1, pixels=pixels(signed(name_colour="#d02030")), dpi=DPI)
    sure = reader.read([image]).document.fields["signer"].confidence
    monkeypatch.setattr("ocr.page_reader.with_signature_block", lambda page, *_: page)
    alone = reader.read([image]).document.fields["signer"]
    assert alone.raw != "Nguyễn Hoàng Giang" and alone.confidence < sure


def test_on_a_grey_scan_the_name_is_told_from_the_seal_by_its_darkness():
    """No colour to lift: 200 dpi grey, the seal over the first letters of the name."""
    net, _ = shipped_network()
    sheet = pixels(signed(name_at=0.64)).mean(axis=2).astype(np.uint8)
    grey = np.ascontiguousarray(cv2.resize(sheet, None, fx=200 / DPI, fy=200 / DPI))
    reader = Reader(PageReader(net=net, second=net))
    signer = reader.read([PageImage(number=1, pixels=grey, dpi=200)]).document.fields["signer"]
    assert signer.value == "Nguyễn Hoàng Giang"


def test_a_name_that_the_network_sees_is_looked_for_nowhere_else(monkeypatch):
    """Looking for lines anywhere in the block takes Tesseract ten times as long as the name."""
    net, _ = shipped_network()
    looked = []
    monkeypatch.setattr(
        "ocr.signature_block.read_scattered",
        lambda recogniser, ink, dpi: looked.append(ink.shape) or (),
    )
    reader = Reader(PageReader(net=net, second=net))
    for sheet, times in ((signed(name_at=0.64), 0), (signed(name_colour="white"), 1)):
        looked.clear()
        reader.read([PageImage(number=1, pixels=pixels(sheet), dpi=DPI)])
        assert len(looked) == times


def test_two_inks_read_by_one_reader_are_one_witness():
    def seen(reader, ink, text, confidence):
        placed = [
            Word(text=t, box=Box(0.6 + 0.1 * n, 0.5, 0.69 + 0.1 * n, 0.52), confidence=confidence)
            for n, t in enumerate(text.split())
        ]
        return Seen(reader=reader, ink=ink, words=placed)

    def weakest(*lines):
        (line,) = agreed(lines)
        return min(w.confidence for w in line)

    name, other = "Nguyễn Hoàng Giang", "Nguyễn Hoàng Giáng"
    alone = [seen("net", n, name, 0.78) for n in (0, 1)]
    assert weakest(*alone) < 0.8
    assert weakest(alone[0], seen("tesseract", 0, name, 0.9)) < 0.95  # one ink: one artefact
    assert weakest(*alone, seen("tesseract", 0, name, 0.9)) >= 0.95
    assert weakest(*alone, seen("tesseract", 0, name, 0.9), seen("net", 2, other, 0.7)) <= 0.6


@pytest.mark.parametrize(("sure", "kept"), [(0.96, "Hoàng Bá Trường"), (0.4, "Hoàng Bã Trường")])
def test_a_name_that_the_block_says_otherwise_goes_to_a_person(sure, kept):
    def line(text, confidence):
        return [
            Word(text=t, box=Box(0.6 + 0.1 * n, 0.5, 0.69 + 0.1 * n, 0.52), confidence=confidence)
            for n, t in enumerate(text.split())
        ]

    made = put(line("Hoàng Bã Trường", 0.99), line("Hoàng Bá Trường", sure))
    assert " ".join(w.text for w in made) == kept
    assert max(w.confidence for w in made) <= 0.6


def test_what_was_read_of_the_seal_over_a_name_goes_when_the_name_is_read():
    def row(text, y0, y1, confidence):
        return [
            Word(text=t, box=Box(0.6 + 0.1 * n, y0, 0.69 + 0.1 * n, y1), confidence=confidence)
            for n, t in enumerate(text.split())
        ]

    title, tall = row("CHỦ TỊCH", 0.42, 0.435, 0.99), row("Mai H ng", 0.45, 0.515, 0.6)
    made = put([*title, *tall], row("Mai Hồng Quyên", 0.5, 0.512, 0.96))
    assert " ".join(w.text for w in made) == "CHỦ TỊCH Mai Hồng Quyên"


def test_a_line_that_the_left_edge_cuts_is_no_line_of_the_block():
    """ "Thôn Đôn|g Điền, xã Trường Lộc Mẫu" reads as a name of the block once it is cut."""

    def words(text, x):
        return [
            Word(text=t, box=Box(x + 0.06 * n, 0.5, x + 0.06 * n + 0.05, 0.515), confidence=0.9)
            for n, t in enumerate(text.split())
        ]

    zone = Box(0.42, 0.4, 1.0, 0.8)
    address = words("Thôn Đông Điền, xã Trường Lộc Mẫu", 0.33)
    assert begins_outside(words("g Điền, xã Trường Lộc Mẫu", 0.42), zone, address)
    assert not begins_outside(words("Lý Trường Lộc", 0.6), zone, address)
    above = [replace(w, box=replace(w.box, y0=0.45, y1=0.465)) for w in address]
    assert not begins_outside(words("Lý Trường Lộc", 0.425), zone, above)


def test_a_line_of_the_block_says_what_it_is():
    def line(text):
        return [Word(text=t, box=Box(0.6, 0.5, 0.7, 0.52), confidence=0.9) for t in text.split()]

    assert said_in_block(line("KT. CHỦ TỊCH")) == "authority"
    assert said_in_block(line("PHÓ CHỦ TỊCH")) == "title"
    assert said_in_block(line("Nguyễn Hoàng Giang")) == "name"
    assert said_in_block(line("Như Điều Trên")) is None
    assert said_in_block(line("12/QĐ")) is None


def test_what_is_nearly_a_name_is_kept_in_doubt():
    def line(text):
        return [Word(text=t, box=Box(0.6, 0.5, 0.7, 0.52), confidence=0.97) for t in text.split()]

    kept = said_words(line("Trân Bá Tuấn"))  # of Trần a mark lies under the seal
    assert [w.text for w in kept] == ["Trân", "Bá", "Tuấn"]
    assert max(w.confidence for w in kept) <= 0.6
    assert min(w.confidence for w in said_words(line("Trần Bá Tuấn"))) == 0.97
    assert said_words(line("Trân Bá")) == [] and said_words(line("Như Điều Trên")) == []
