"""Cleaning: seals, rules, leaders and specks go; full stops and dấu nặng stay."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageDraw

from ocr.clean import (
    erase_leaders,
    erase_rules,
    erase_small,
    flatten,
    ink_mask,
    is_uneven,
    lift_red,
)
from tests.ocr.sheets import DPI, decision, paper, pixels, write


def ink(grey):
    return int((grey < 140).sum())


def test_red_goes_blue_and_black_stay():
    sheet = paper((400, 300))
    draw = ImageDraw.Draw(sheet)
    for x, colour in ((50, "#d02030"), (150, "#2030c0"), (250, "black")):
        draw.rectangle((x, 100, x + 40, 140), fill=colour)
    grey = lift_red(pixels(sheet))
    assert grey[120, 70] > 190
    assert grey[120, 170] < 110
    assert grey[120, 270] < 30


def test_a_grey_page_is_taken_as_it_is():
    grey = np.full((50, 50), 200, np.uint8)
    assert lift_red(grey) is grey


def test_table_rules_go_and_letters_stay():
    sheet = decision()
    plain = lift_red(pixels(sheet))
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((150, 1000, 1500, 1400), outline="black", width=3)
    draw.line((800, 1000, 800, 1400), fill="black", width=3)
    cleaned = erase_rules(lift_red(pixels(sheet)), DPI)
    assert ink(cleaned) <= ink(plain)
    assert ink(cleaned) > 0.97 * ink(plain)


def test_leaders_go():
    sheet = paper()
    write(sheet, "Họ và tên: ................................................", 0.1, 0.3)
    before = lift_red(pixels(sheet))
    after = erase_small(before, DPI)
    columns = np.nonzero((after < 140).any(axis=0))[0]
    words_end = np.nonzero((before[:, :400] < 140).any(axis=0))[0]
    assert ink(after) < 0.8 * ink(before)
    assert columns.max() < 420
    assert columns.min() == words_end.min()


def test_full_stops_and_dots_under_letters_stay():
    sheet = paper()
    write(sheet, "Việc thực hiện một nhiệm vụ. Được. Tại xã.", 0.1, 0.3)
    before = lift_red(pixels(sheet))
    assert ink(erase_small(before, DPI)) == ink(before)


def test_lone_specks_go():
    sheet = decision()
    before = lift_red(pixels(sheet))
    speckled = before.copy()
    for x in range(100, 1500, 90):
        speckled[1500 + x % 70, x : x + 3] = 0
    assert ink(erase_small(speckled, DPI)) == ink(before)


def test_shadow_is_flattened_and_only_shadow():
    even = lift_red(pixels(decision()))
    assert not is_uneven(even)
    shade = np.linspace(1.0, 0.5, even.shape[1])
    shaded = (even * shade).astype(np.uint8)
    assert is_uneven(shaded)
    flat = flatten(shaded)
    assert not is_uneven(flat)
    assert np.percentile(flat[1500:, ::7], 5) > 225


def test_ink_is_what_is_darker_than_its_surroundings():
    grey = np.full((200, 200), 120, np.uint8)
    grey[90:96, 50:150] = 40
    mask = ink_mask(grey)
    assert mask[92, 100] == 255
    assert mask[20:60].max() == 0


@given(
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.sampled_from([(0, 256), (0, 30), (235, 256), (0, 2)]),
    st.integers(0, 2**32 - 1),
)
def test_ink_is_what_opencv_takes_for_it_bit_by_bit(shape, levels, seed):
    grey = np.random.default_rng(seed).integers(*levels, shape, np.uint8)
    before = grey.copy()
    wanted = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 18
    )
    assert np.array_equal(ink_mask(grey), wanted)
    assert np.array_equal(grey, before)


def test_black_shows_through_a_seal():
    red = np.full((40, 60, 3), (170, 30, 50), np.uint8)  # stamp ink alone
    red[10:20, 10:20] = (62, 12, 20)  # print under it
    grey = lift_red(red)
    assert grey[30, 50] >= 165
    assert grey[15, 15] < 70


def test_leaders_go_from_a_header_and_handwriting_stays():
    sheet = paper()
    write(sheet, "Số: ................................./UBND", 0.1, 0.1)
    ImageDraw.Draw(sheet).line((700, 100, 705, 104), fill="black", width=3)
    before = lift_red(pixels(sheet))
    after = erase_leaders(before, DPI)
    assert ink(after) < 0.9 * ink(before)
    assert np.array_equal(after[95:110, 690:710], before[95:110, 690:710])
