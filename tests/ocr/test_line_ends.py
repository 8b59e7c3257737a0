"""Small ink before and behind lines: worn dashes of lists, the last point of "./.", leaders."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr.line_finder import find_lines
from ocr.page import Box
from tests.ocr.sheets import DPI, TYPEFACE, paper, pixels

FONT = ImageFont.truetype(TYPEFACE, round(13 * DPI / 72))
ITEMS = ("Như trên;", "Thường trực Đảng ủy;", "Các phòng, ban, đơn vị;", "Trang thông tin;")
LEFT, TOP, PITCH = 300, 400, 42
WORN = 18
"""Pixels before the first letter: what is left of the dash of a list."""


def sheet(lines: tuple[str, ...]) -> Image.Image:
    image = paper()
    for k, text in enumerate(lines):
        ImageDraw.Draw(image).text((LEFT, TOP + PITCH * k), text, fill="black", font=FONT)
    return image


def grey_of(image: Image.Image) -> np.ndarray:
    return pixels(image.convert("L")).copy()


def foot(k: int) -> int:
    return TOP + PITCH * k + round(FONT.getmetrics()[0])


def dot(grey: np.ndarray, x: int, bottom: int, size: int = 4) -> None:
    grey[bottom - size : bottom, x : x + size] = 0


def lefts(boxes: tuple[Box, ...], grey: np.ndarray) -> list[float]:
    return [box.x0 * grey.shape[1] for box in boxes]


def test_dots_before_two_items_of_a_list_are_its_dashes():
    grey = grey_of(sheet(ITEMS))
    bare = lefts(find_lines(grey, DPI).boxes, grey)
    for k in (0, 2, 3):
        dot(grey, LEFT - WORN, foot(k) - 6)
    found = lefts(find_lines(grey, DPI).boxes, grey)
    assert [now < LEFT - WORN for now in found] == [True, False, True, True]
    assert found[1] == bare[1]


@pytest.mark.parametrize("places", [[(1, 18)], [(0, 18), (2, 27)]], ids=["alone", "not in line"])
def test_specks_before_lines_are_no_dashes(places):
    grey = grey_of(sheet(ITEMS))
    bare = lefts(find_lines(grey, DPI).boxes, grey)
    for k, before in places:
        dot(grey, LEFT - before, foot(k) - 6)
    assert lefts(find_lines(grey, DPI).boxes, grey) == bare


def points(grey: np.ndarray, after: str, count: int, step: int) -> int:
    """`count` points behind the text `after` of the second line; where the last one ends."""
    end = LEFT + round(FONT.getlength(after))
    for k in range(count):
        dot(grey, end + 3 + step * k, foot(1))
    return end + 3 + step * (count - 1) + 4


def test_the_second_point_of_the_end_is_in_the_box_though_the_slant_is_not_seen():
    grey = grey_of(sheet((*ITEMS[:1], "tổ chức thực hiện")))
    end = points(grey, "tổ chức thực hiện", 2, 15)
    assert find_lines(grey, DPI).boxes[1].x1 * grey.shape[1] > end


def test_what_is_left_of_a_row_of_dots_is_no_end_of_a_line():
    grey = grey_of(sheet((*ITEMS[:1], "Dân tộc: Tày")))
    points(grey, "Dân tộc: Tày", 4, 15)
    text = LEFT + FONT.getlength("Dân tộc: Tày")
    assert find_lines(grey, DPI).boxes[1].x1 * grey.shape[1] < text + 3 + 15 + 4
