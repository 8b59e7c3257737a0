"""Straightening: skew is found and taken out, boxes find their way back to the scan."""

import cv2
import numpy as np
import pytest

from ocr.clean import lift_red
from ocr.page import Box
from ocr.straighten import Warp, chain, cut_sheet, find_sheet, find_skew, level, turn
from tests.ocr.sheets import BODY, decision, pixels


def tilted(grey, degrees):
    """The sheet as it comes out of a feeder that drew it in askew (clockwise)."""
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    return cv2.warpAffine(grey, matrix, (width, height), borderValue=255)


@pytest.fixture(scope="module")
def grey():
    return lift_red(pixels(decision(BODY * 3)))


@pytest.mark.parametrize("degrees", [-3.0, -0.7, 0.4, 1.9])
def test_skew_is_found_and_taken_out(grey, degrees):
    crooked = tilted(grey, degrees)
    found = find_skew(crooked)
    assert found == pytest.approx(degrees, abs=0.1)
    straight, _ = level(crooked, found)
    assert abs(find_skew(straight)) <= 0.1


def test_an_empty_page_has_no_skew():
    assert find_skew(np.full((2339, 1654), 255, np.uint8)) == 0.0


def test_a_level_page_is_not_resampled(grey):
    same, warp = level(grey, 0.03)
    assert same is grey
    assert warp.to_scan(Box(0.1, 0.2, 0.3, 0.4)) == Box(0.1, 0.2, 0.3, 0.4)


def test_boxes_go_back_to_the_ink(grey):
    dot = np.full_like(grey, 255)
    dot[300:320, 1200:1260] = 0
    crooked = tilted(dot, 2.0)
    straight, warp = level(crooked, 2.0)
    height, width = straight.shape

    def box_of(image):
        ys, xs = np.nonzero(image < 128)
        return [xs.min() / width, ys.min() / height, xs.max() / width, ys.max() / height]

    back = warp.to_scan(Box(*box_of(straight)))
    expected = box_of(crooked)
    assert back.as_list() == pytest.approx(expected, abs=0.003)


def test_quarter_turns_are_clockwise():
    image = np.array([[1, 2], [3, 4]], np.uint8)
    assert turn(image, 90).tolist() == [[3, 1], [4, 2]]
    assert turn(image, 270).tolist() == [[2, 4], [1, 3]]
    assert np.array_equal(turn(turn(image, 180), 180), image)
    assert np.array_equal(turn(image, 0), image)
    page = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    for quarters in range(-4, 5):
        turned = turn(page, 90 * quarters)
        assert np.array_equal(turned, np.rot90(page, -quarters))
        assert turned.flags.c_contiguous


@pytest.fixture(scope="module")
def photo(grey):
    """The sheet on a dark desk, seen from an angle, and where its corners lie."""
    height, width = grey.shape
    corners = np.float32([[190, 160], [1500, 120], [1580, 2210], [90, 2150]])
    flat = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    matrix = cv2.getPerspectiveTransform(flat, corners)
    desk = cv2.warpPerspective(grey, matrix, (width, height), borderValue=60)
    return desk, corners


def test_a_sheet_is_cut_out_of_a_photo(photo):
    desk, corners = photo
    found = find_sheet(desk)
    assert found is not None
    assert np.abs(found - corners).max() < 25
    sheet, warp = cut_sheet(desk, found)
    assert sheet.shape[0] / sheet.shape[1] == pytest.approx(297 / 210, rel=0.01)
    back = warp.to_scan(Box(0.0, 0.0, 0.001, 0.001))
    assert (back.x0 * desk.shape[1], back.y0 * desk.shape[0]) == pytest.approx((190, 160), abs=25)


@pytest.mark.parametrize("at", [0.35, 0.5, 0.7])
@pytest.mark.parametrize("dark", [0.55, 0.7])
def test_the_shadow_of_a_hand_cuts_nothing_off(photo, at, dark):
    """Otsu takes the lit part of the sheet alone: half of the page was lost (8 of 20 photos)."""
    desk, corners = photo
    across = np.arange(desk.shape[1]) / desk.shape[1]
    shade = 1 - (1 - dark) / (1 + np.exp(-(across - at) * 40))
    found = find_sheet((desk * shade).astype(np.uint8))
    assert found is not None
    assert np.abs(found - corners).max() < 0.012 * max(desk.shape)


def test_a_sheet_in_shadow_as_dark_as_the_desk_is_told_by_its_colour(photo):
    desk, corners = photo
    height, width = desk.shape
    inside = cv2.fillConvexPoly(np.zeros((height, width), np.uint8), corners.astype(int), 255)
    rgb = np.dstack([desk, desk, desk])
    rgb[inside == 0] = (105, 112, 70)  # green linoleum
    across = np.arange(width) / width
    shade = (1 - 0.62 / (1 + np.exp(-(across - 0.75) * 40)))[None, :, None]
    shaded = (rgb * shade).astype(np.uint8)
    found = find_sheet(cv2.cvtColor(shaded, cv2.COLOR_RGB2GRAY), shaded)
    assert found is not None
    assert np.abs(found - corners).max() < 0.012 * max(desk.shape)


def test_a_scan_is_never_cut(grey):
    assert find_sheet(grey) is None
    band = grey.copy()
    band[:, -60:] = 0  # the open lid leaves a black band on one side
    assert find_sheet(band) is None


def test_two_steps_chain(photo):
    desk, _ = photo
    sheet, first = cut_sheet(desk, find_sheet(desk))
    _, second = level(sheet, 1.0)
    both = chain(first, second)
    box = Box(0.4, 0.5, 0.5, 0.52)
    assert both.to_scan(box).as_list() == pytest.approx(
        first.to_scan(second.to_scan(box)).as_list(), abs=0.004
    )
    assert Warp.none(desk).to_scan(box) == box
