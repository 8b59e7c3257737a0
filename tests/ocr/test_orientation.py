"""Which way up, where the detector says nothing: by what reads, in rows."""

import cv2
import numpy as np
import pytest

from ocr import orientation
from ocr.line_finder import FoundLines
from ocr.orientation import find_upright, level_words, reads_upright
from ocr.page import Box, Word
from ocr.page_reader import shipped_network
from ocr.straighten import turn
from ocr.tesseract import default_recogniser
from tests.ocr.sheets import DPI, paper, pixels, write

TEXT = [
    "căn", "cứ", "luật", "tổ", "chức", "chính", "quyền", "địa", "phương", "ngày", "tháng", "năm",
]  # fmt: skip


def row_of(words, y, *, sideways=False):
    made = []
    for i, text in enumerate(words):
        along = (0.05 + 0.07 * i, 0.05 + 0.07 * i + 0.06)
        box = Box(y, along[0], y + 0.01, along[1]) if sideways else Box(along[0], y, along[1],
                                                                        y + 0.01)  # fmt: skip
        made.append(Word(text=text, box=box, confidence=0.95))
    return tuple(made)


class Recogniser:
    """Sees where the ink of a known page went; reads pages on their side as Tesseract does."""

    name = "made"

    def __init__(self, page):
        self.page = page

    def read_page(self, image, dpi):
        way = next(w for w in (0, 90, 180, 270) if np.array_equal(turn(self.page, w), image))
        rows = {0: 2, 90: 5, 180: 0, 270: 4}[way]  # more on its side than the right way up
        return tuple(
            w for k in range(rows) for w in row_of(TEXT, 0.1 + 0.02 * k, sideways=way != 0)
        )

    def read_line(self, image, dpi):
        return ()


@pytest.fixture
def page():
    sheet = np.full((300, 220), 255, np.uint8)
    sheet[20:90, 10:40] = 0
    sheet[100:110, 150:200] = 0
    return sheet


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_more_text_on_its_side_does_not_turn_a_page(page, turned, monkeypatch):
    monkeypatch.setattr(orientation, "detect_orientation", lambda image, dpi: None)
    delivered = turn(page, (360 - turned) % 360)
    assert find_upright(delivered, 200, Recogniser(page)) == turned


def test_level_words_are_wider_than_high_in_pixels():
    wide = np.zeros((100, 1000), np.uint8)
    upright = Word(text="căn", box=Box(0.1, 0.1, 0.12, 0.2), confidence=0.9)  # 20 x 10 pixels
    on_side = Word(text="căn", box=Box(0.1, 0.1, 0.11, 0.4), confidence=0.9)  # 10 x 30 pixels
    letter = Word(text="à", box=Box(0.1, 0.1, 0.2, 0.2), confidence=0.9)
    assert level_words([upright, on_side, letter], wide) == [upright]


def test_only_level_words_prove_a_page_upright():
    assert reads_upright(row_of(TEXT, 0.1))
    assert not reads_upright(row_of(TEXT, 0.1, sideways=True))
    assert not reads_upright(row_of(["xq", "zzk", "wf"] * 8, 0.1))


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_of_a_photo_too_small_to_read_the_rows_tell(turned):
    """Letters five pixels high: nobody reads a word, and the rows begin flush all the same."""
    sheet = paper()
    for n in range(22):
        text = " ".join(TEXT[: 3 + n * 5 % 9])
        write(sheet, text, 0.12 + 0.05 * (n % 4 == 1), 0.08 + 0.035 * n, points=14)
    tiny = cv2.resize(pixels(sheet), None, fx=0.22, fy=0.22, interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(cv2.cvtColor(tiny, cv2.COLOR_RGB2GRAY), (0, 0), 0.9)
    delivered = turn(grey, (360 - turned) % 360)
    reader = default_recogniser()
    assert not any(w.confidence > 0.8 for w in reader.read_page(grey, DPI * 0.22))
    assert find_upright(delivered, DPI * 0.22, reader) == turned


def test_an_empty_page_stays_as_it_lies(monkeypatch):
    monkeypatch.setattr(orientation, "detect_orientation", lambda image, dpi: None)
    assert find_upright(np.full((480, 360), 255, np.uint8), 41, default_recogniser()) == 0


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_page_that_the_network_reads_one_way_starts_no_other_program(turned, monkeypatch):
    monkeypatch.setattr(orientation, "detect_orientation", lambda *_: pytest.fail("was started"))
    sheet = paper()
    for n in range(12):
        write(sheet, " ".join(TEXT), 0.12, 0.1 + 0.04 * n)
    grey = cv2.cvtColor(pixels(sheet), cv2.COLOR_RGB2GRAY)
    net, _ = shipped_network()
    assert find_upright(turn(grey, 360 - turned), DPI, default_recogniser(), net) == turned


def test_where_two_ways_read_or_none_the_network_does_not_decide(page, monkeypatch):
    monkeypatch.setattr(orientation, "detect_orientation", lambda image, dpi: None)

    class Both(Recogniser):
        def read_page(self, image, dpi):
            return row_of(TEXT, 0.1) + row_of(TEXT, 0.2)

    delivered = turn(page, 180)
    assert find_upright(delivered, 200, Recogniser(page), Both(page)) == 180


def test_a_large_drawing_is_not_enlarged_to_look_at_its_rows(monkeypatch):
    looked, none = [], FoundLines(boxes=(), cover=1.0, owner=np.zeros(0, np.intp))
    monkeypatch.setattr(
        orientation, "find_lines", lambda grey, dpi: looked.append((grey.size, dpi)) or none
    )
    for shape in ((300, 200), (6000, 5000)):
        assert orientation._rows(np.full(shape, 255, np.uint8), 55) == []
    assert looked == [(600 * 400, 110), (6000 * 5000, 55)]
