"""Small ink before and behind lines: worn dashes of lists, the last point of "./.", leaders."""

import cv2
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


def struck(text: str, *letters: int) -> tuple[np.ndarray, tuple[float, float]]:
    """A name with strokes from above into these letters; where it begins and ends."""
    grey = grey_of(sheet((text,)))
    for k in letters:
        x = LEFT + round(FONT.getlength(text[:k]) + FONT.getlength(text[k]) / 2)
        cv2.line(grey, (x - 60, TOP - 150), (x, foot(0) - 10), 0, 5)
    return grey, (LEFT, LEFT + FONT.getlength(text))


@pytest.mark.parametrize("letters", [(0,), (13,), (0, 13)])
def test_the_first_and_the_last_letter_of_a_name_a_signature_runs_into_are_in_its_box(letters):
    grey, (start, end) = struck("Ngô Minh Kiêng", *letters)
    name = max(find_lines(grey, DPI).boxes, key=lambda box: box.y1)
    assert name.x0 * grey.shape[1] < start + 2
    assert name.x1 * grey.shape[1] > end - 2


def test_pieces_of_a_name_are_one_line_where_a_stroke_took_the_letters_between():
    grey, (start, end) = struck("Đào Quốc Lộc", 7, 9)
    boxes = [b for b in find_lines(grey, DPI).boxes if b.y1 * grey.shape[0] > foot(0) - 4]
    assert len(boxes) == 1
    assert boxes[0].x0 * grey.shape[1] < start + 2
    assert boxes[0].x1 * grey.shape[1] > end - 2


def test_a_stroke_that_passes_beside_a_line_makes_it_no_longer():
    grey = grey_of(sheet(("Ngô Minh Kiêng",)))
    bare = find_lines(grey, DPI).boxes
    cv2.line(grey, (LEFT - 120, foot(0) - 60), (LEFT - 6, foot(0) + 40), 0, 3)
    found = find_lines(grey, DPI).boxes
    assert found[-1].x0 >= bare[0].x0 - 12 / grey.shape[1]
