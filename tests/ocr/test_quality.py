"""Is a page legible? Measures and the advice that follows from them."""

import cv2
import numpy as np

from ocr.page_ink import page_ink
from ocr.quality import measure_ink, measure_legibility
from tests.ocr.sheets import BODY, DPI, decision, paper, pixels, write


def grey(sheet):
    return pixels(sheet)[:, :, 0]


def test_a_good_scan_needs_no_advice():
    seen = measure_legibility(page_ink(grey(decision()), DPI))
    assert seen.troubles == ()
    assert seen.advice == ()


def test_blur_is_noticed():
    blurred = cv2.GaussianBlur(grey(decision()), (0, 0), 4.0)
    assert "blurred" in measure_legibility(page_ink(blurred, DPI)).troubles


def test_faint_ink_is_noticed():
    faint = (200 + grey(decision()) // 5).astype(np.uint8)
    seen = measure_legibility(page_ink(faint, DPI))
    assert "faint" in seen.troubles
    assert any("nhạt" in line for line in seen.advice)


def test_low_resolution_is_noticed():
    assert "low_dpi" in measure_legibility(page_ink(grey(decision()), 100)).troubles


def test_letters_cut_at_the_edge_are_noticed():
    cut = grey(decision(BODY * 3))[:, 245:]
    assert "left" in measure_legibility(page_ink(cut, DPI)).cut_edges


def test_ink_tells_empty_backs_from_pages():
    assert measure_ink(pixels(decision()), DPI).share > 0.01
    back = paper()
    assert measure_ink(pixels(back), DPI).is_nothing
    write(back, "Trang này có một dòng chữ.", 0.3, 0.3)
    assert not measure_ink(pixels(back), DPI).is_nothing
