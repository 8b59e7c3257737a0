"""Pages seen from the side: their own lines tell how to look at them again."""

import cv2
import numpy as np
import pytest

from ocr.keystone import find_keystone, without_keystone
from ocr.line_finder import lines_in
from ocr.page import Box, PageImage
from ocr.page_ink import page_ink
from ocr.page_reader import PageReader, shipped_network
from ocr.placed_errors import TruthLine, in_one_box
from ocr.preparing import prepare
from tests.ocr.sheets import A4, BODY, DPI, paper, pixels, write

PITCH = 0.0175


def sheet() -> tuple[np.ndarray, list[TruthLine]]:
    image, lines = paper(), []
    for k in range(30):
        text = BODY[k % len(BODY)]
        write(image, text, 0.13, 0.1 + PITCH * k)
        box = Box(0.13, 0.1 + PITCH * k + 0.003, 0.13 + 0.0088 * len(text), 0.1 + PITCH * k + 0.014)
        lines.append(TruthLine(text=text, box=box))
    return pixels(image.convert("L")), lines


def from_the_side(grey: np.ndarray, rise: float) -> tuple[np.ndarray, np.ndarray]:
    """The sheet with its right edge `rise` of its height shorter at both ends."""
    width, height = A4
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = corners.copy()
    seen[1, 1] += rise * height
    seen[2, 1] -= rise * height
    matrix = cv2.getPerspectiveTransform(corners, seen)
    return cv2.warpPerspective(grey, matrix, A4, borderValue=255), matrix


def found_on(grey: np.ndarray):
    found = lines_in(page_ink(grey, DPI))
    return found, find_keystone(found.slants, grey.shape, found.usual)


@pytest.mark.parametrize("rise", [0.03, 0.05, -0.04])
def test_lines_that_run_together_are_made_level_and_the_way_back_is_told(rise):
    grey, truth = sheet()
    seen, matrix = from_the_side(grey, rise)
    _, keystone = found_on(seen)
    assert keystone is not None
    made, warp = without_keystone(seen, keystone)
    found, left = found_on(made)
    assert left is None
    assert len(found.boxes) == len(truth)
    for line, box in zip(truth, warp.all_to_scan(found.boxes), strict=True):
        x, y = (line.box.x0 + line.box.x1) / 2 * A4[0], (line.box.y0 + line.box.y1) / 2 * A4[1]
        there = matrix @ (x, y, 1.0)
        y = there[1] / there[2] / A4[1]
        assert (box.y0 + box.y1) / 2 == pytest.approx(y, abs=0.004)


def test_a_straight_page_and_one_with_few_lines_stay_as_they_are():
    grey, truth = sheet()
    found, keystone = found_on(grey)
    assert keystone is None
    assert in_one_box(truth, found.boxes) == len(truth)
    few = grey.copy()
    few[round(0.18 * A4[1]) :] = 255
    assert found_on(from_the_side(few, 0.05)[0])[1] is None


def test_lines_side_by_side_and_lines_that_disagree_tell_nothing():
    row = np.array([[0.03, 100.0 * k, 50.0, 300.0, 20.0] for k in range(8)])
    assert find_keystone(row, (2339, 1654), 20.0) is None
    random = np.random.default_rng(3)
    wild = np.column_stack(
        [
            random.uniform(-0.05, 0.05, 40),
            np.full(40, 800.0),
            np.linspace(200, 2200, 40),
            np.full(40, 1200.0),
            np.full(40, 50.0),
        ]
    )
    assert find_keystone(wild, (2339, 1654), 20.0) is None
    wild[:, 0] = (wild[:, 2] - 1170) * 4e-5
    assert find_keystone(wild, (2339, 1654), 20.0) is not None


def test_no_side_of_a_long_strip_is_sent_endlessly_far():
    height, width = 400, 4000
    y = np.linspace(40.0, 360.0, 8)
    for grows in (1e-4, 5e-4, 8e-4):  # at 5e-4 they meet at the edge, at 8e-4 upon the strip
        rise = grows * (y - height / 2)
        told = np.column_stack([rise, np.full(8, width / 2), y, np.full(8, 3200.0), np.full(8, 80)])
        keystone = find_keystone(told, (height, width), 30.0)
        assert (keystone is None) == (grows > 1e-4)
        if keystone is not None:
            far = (keystone @ [[0, width], [0, 0], [1, 1]])[2]
            assert far.min() > 0.5


def test_what_is_seen_straight_is_the_same_page_for_every_reader():
    grey, _ = sheet()
    seen, _ = from_the_side(grey, 0.05)
    prepared = prepare(np.dstack([seen] * 3), DPI)
    found = lines_in(prepared.ink)
    straight = prepared.seen_straight(find_keystone(found.slants, seen.shape, found.usual))
    assert straight.raw.shape == straight.lifted.shape
    assert np.mean(straight.raw != straight.lifted) < 0.01
    assert np.mean(prepared.raw != straight.lifted) > 0.05


def test_a_page_from_the_side_is_read_with_its_words_where_they_stand():
    grey, truth = sheet()
    seen, matrix = from_the_side(grey, 0.05)
    net, _ = shipped_network()
    page, _ = PageReader(net=net).read_page(
        PageImage(number=1, pixels=np.dstack([seen] * 3), dpi=DPI)
    )
    said = page.text.split("\n")
    assert sum(line.text in said for line in truth) >= 27
    last = [w for w in page.words if w.text == "2015;"]
    wanted = [line.box for line in truth if line.text.endswith("2015;")]
    assert len(last) == len(wanted)
    for word, line in zip(last, wanted, strict=True):
        there = matrix @ (line.x1 * A4[0], (line.y0 + line.y1) / 2 * A4[1], 1.0)
        y = there[1] / there[2] / A4[1]
        assert (word.box.y0 + word.box.y1) / 2 == pytest.approx(y, abs=0.006)
