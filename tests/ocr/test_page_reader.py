"""One page, pixels to text, with the real engine on drawn sheets."""

import unicodedata
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import ImageDraw

from ocr.evaluation import character_error
from ocr.page import Box, PageImage, ReadingSource, Word
from ocr.page_reader import PageReader, default_reader, shipped_network
from ocr.straighten import turn
from ocr.tesseract import (
    PytesseractRecogniser,
    RecognitionFailed,
    TesserocrRecogniser,
    data_path,
    detect_orientation,
)
from tests.ocr.sheets import BODY, DPI, HEADER, decision, paper, pixels, write


@pytest.fixture(scope="module", params=["network first", "Tesseract alone"])
def reader(request):
    if request.param == "Tesseract alone":
        return PageReader()
    net, _ = shipped_network()
    assert net is not None
    return PageReader(net=net, second=net)


def image(sheet, **more):
    made = sheet if isinstance(sheet, np.ndarray) else pixels(sheet)
    return PageImage(number=1, pixels=made, dpi=DPI, **more)


@pytest.fixture(scope="module")
def read(reader):
    return reader.read_page(image(decision()))[0]


def test_header_and_body_are_read_line_by_line(read):
    lines = read.text.splitlines()
    assert {"ỦY BAN NHÂN DÂN", "TỈNH QUẢNG NGÃI", "Số: 47/QĐ-UBND"} <= set(lines)
    assert "Quảng Ngãi, ngày 17 tháng 01 năm 2025" in lines
    body = "\n".join(lines[lines.index("QUYẾT ĐỊNH") + 1 :])
    assert character_error("\n".join(BODY), body).rate < 0.01
    assert read.text == unicodedata.normalize("NFC", read.text)


def test_boxes_stand_on_the_ink(read):
    dark = pixels(decision())[:, :, 0] < 128
    height, width = dark.shape
    for word in read.words:
        assert 0 <= word.box.x0 < word.box.x1 <= 1
        assert 0 <= word.box.y0 < word.box.y1 <= 1
        rows = slice(int(word.box.y0 * height), int(word.box.y1 * height) + 1)
        assert dark[rows, int(word.box.x0 * width) : int(word.box.x1 * width) + 1].any()
    number = next(w for w in read.words if w.text.startswith("47"))
    x, y = HEADER[4][1:]
    assert (number.box.x0 - x, number.box.y0 - y) == pytest.approx((0.03, 0.003), abs=0.02)


def test_two_readings_are_equal_but_for_the_timings(reader, read):
    again, _ = reader.read_page(image(decision()))
    assert replace(again, timings={}) == replace(read, timings={})
    stages = {"ink", "lines", "net", "witness"} if reader.net else {"recognise", "rescue"}
    assert {"prepare", *stages} <= set(read.timings)
    assert read.engine.startswith("sohoa-line" if reader.net else "tesserocr")


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_is_turned_upright(reader, degrees):
    upright = pixels(decision())
    page, seen = reader.read_page(image(turn(upright, 360 - degrees)))
    assert page.rotation == degrees
    assert np.array_equal(seen, upright)
    assert "QUYẾT ĐỊNH" in page.text


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (1, 400), (4000, 2), (8, 8), (8, 20000)])
def test_a_picture_of_a_few_pixels_is_a_page_without_words(reader, shape):
    dice = np.random.default_rng(3)
    for levels in (np.zeros(shape), np.full(shape, 255), dice.choice([0, 255], shape)):
        page, _ = reader.read_page(
            PageImage(number=1, pixels=np.stack([levels] * 3, 2).astype(np.uint8), dpi=DPI)
        )
        assert (page.height, page.width, page.words) == (*shape, ())


@pytest.mark.parametrize("degrees", [90, 270])
def test_a_page_with_few_words_is_not_turned_on_its_side(reader, degrees, monkeypatch):
    """Too few syllables to prove it upright, and the engine's guess of its direction is wrong."""
    sheet = paper()
    write(sheet, "CĂN CƯỚC CÔNG DÂN", 0.3, 0.2)
    write(sheet, "Họ và tên: Lê Thị Lan", 0.3, 0.25)
    monkeypatch.setattr("ocr.page_reader.find_upright", lambda *_: degrees)
    page, _ = reader.read_page(image(sheet))
    assert page.rotation == 0
    assert page.text.splitlines() == ["CĂN CƯỚC CÔNG DÂN", "Họ và tên: Lê Thị Lan"]


def test_boxes_of_a_crooked_page_are_those_of_the_scan(reader, read):
    upright = pixels(decision())
    height, width = upright.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -1.5, 1.0)
    crooked = cv2.warpAffine(upright, matrix, (width, height), borderValue=(255, 255, 255))
    page, seen = reader.read_page(image(crooked))
    assert np.array_equal(seen, crooked)
    assert page.quality["skew"] == pytest.approx(1.5, abs=0.1)
    straight = next(w.box for w in read.words if w.text == "hành." and w.box.y0 > 0.3)
    x, y = matrix @ (straight.x0 * width, straight.y1 * height, 1)
    found = next(w.box for w in page.words if w.text == "hành." and w.box.y0 > 0.3)
    assert (found.x0 * width, found.y1 * height) == pytest.approx((x, y), abs=8)


def test_a_red_seal_does_not_hide_the_signer(reader):
    sheet = decision()
    ring = ImageDraw.Draw(sheet)
    ring.ellipse((950, 1280, 1250, 1580), outline="#d8203a", width=12)
    ring.line((960, 1420, 1240, 1430), fill="#d8203a", width=14)
    write(sheet, "Nguyễn Hoàng Giang", 0.6, 0.6)  # black shows through stamp ink
    page, seen = reader.read_page(image(sheet))
    assert "Nguyễn Hoàng Giang" in page.text
    assert np.array_equal(seen, pixels(sheet))  # what is kept still shows the seal


def test_a_form_with_rules_and_leaders_is_read(reader):
    sheet = paper()
    for i, label in enumerate(("Họ và tên", "Ngày sinh", "Nơi thường trú", "Số điện thoại")):
        write(sheet, f"{label}: " + "." * 60, 0.12, 0.2 + 0.04 * i)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((180, 1000, 1480, 1300), outline="black", width=3)
    draw.line((180, 1150, 1480, 1150), fill="black", width=3)
    write(sheet, "Thành phần hồ sơ", 0.13, 0.445)
    write(sheet, "Bản chính giấy khai sinh", 0.13, 0.51)
    text = reader.read_page(image(sheet))[0].text
    for label in ("Họ và tên", "Nơi thường trú", "Thành phần hồ sơ", "giấy khai sinh"):
        assert label in text


def test_a_blank_back_is_parked_a_single_line_is_not(reader):
    back = paper()
    ImageDraw.Draw(back).ellipse((900, 1500, 1200, 1800), outline="#f6e4e4", width=8)
    page, _ = reader.read_page(image(back))
    assert page.blank
    assert page.words == ()
    write(back, "PHỤ LỤC I", 0.4, 0.4)
    page, _ = reader.read_page(image(back))
    assert not page.blank
    assert "PHỤ LỤC" in page.text


def layer_of(read, shift=0.0):
    """A PDF's own layer that says what stands there, or stands beside it."""
    words = []
    for w in read.words:
        box = Box(w.box.x0, w.box.y0 + shift, w.box.x1, w.box.y1 + shift)
        words.append(Word(text=w.text, box=box, confidence=1.0, line=w.line))
    return tuple(words)


def test_a_true_layer_is_believed(reader, read):
    page, _ = reader.read_page(image(decision(), layer=layer_of(read)))
    assert page.source is ReadingSource.TEXT_LAYER
    assert "QUYẾT ĐỊNH" in page.text


def test_a_layer_of_another_page_is_not(reader, read):
    for layer in (layer_of(read, 0.3), layer_of(read)[:12]):
        page, _ = reader.read_page(image(decision(), layer=layer))
        assert page.source is ReadingSource.OCR
        assert "QUYẾT ĐỊNH" in page.text


def test_a_layer_that_says_something_else_is_not_believed(reader, read):
    liar = tuple(replace(w, text="điều") for w in layer_of(read))
    page, _ = reader.read_page(image(decision(), layer=liar))
    assert page.source is ReadingSource.OCR
    assert "Số: 47/QĐ-UBND" in page.text


def test_a_page_that_breaks_the_engine_gets_a_second_try(read):
    class Broken(TesserocrRecogniser):
        def read_page(self, image, dpi):
            raise RecognitionFailed("gave up")

    page, _ = PageReader(Broken()).read_page(image(decision()))
    assert page.quality["second_try"] is True
    assert "QUYẾT ĐỊNH" in page.text


def test_both_engines_read_the_same_lines():
    grey = pixels(decision())[:, :, 0]
    texts = [
        " ".join(w.text for w in engine.read_page(grey, DPI))
        for engine in (TesserocrRecogniser(), PytesseractRecogniser())
    ]
    assert character_error(*texts).rate < 0.02
    assert TesserocrRecogniser().name.startswith("tesserocr ")


def test_orientation_is_clockwise_to_upright():
    grey = pixels(decision(BODY * 4))[:, :, 0]
    for degrees in (90, 180):
        seen = detect_orientation(turn(grey, 360 - degrees), DPI)
        assert seen is not None
        assert seen.degrees == degrees
    assert detect_orientation(np.full((300, 300), 255, np.uint8), DPI) is None


def test_missing_language_data_are_named(tmp_path, monkeypatch):
    from ocr.tesseract import TesseractMissing

    fake = tmp_path / "tesseract"
    fake.write_text('#!/bin/sh\necho "List of available languages in \\"/x/\\" (1):"\necho eng\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    data_path.cache_clear()
    try:
        with pytest.raises(TesseractMissing, match="tesseract-ocr-osd tesseract-ocr-vie"):
            data_path()
    finally:
        data_path.cache_clear()


def test_the_shipped_reader_gives_fields():
    fields = default_reader().read([image(decision())]).document.fields
    assert fields["full_number"].value == "47/QĐ-UBND"
    assert fields["issued_on"].value == "2025-01-17"
