# SPDX-License-Identifier: Apache-2.0
"""Blank sides: paper, seals and print that shine through; a few words are never blank."""

import cv2
import numpy as np
import pytest

from ocr.blank_pages import is_blank
from service.samples import make_sample

KINDS = ("quyet_dinh", "cong_van", "giay_khai_sinh")


def paper(shape, seed=1):
    noise = np.random.default_rng(seed).normal(240, 3, shape)
    return np.clip(noise, 0, 255).astype(np.uint8)


def through(front, strength, shift=(0, 0)):
    """The empty back of `front` on thin paper: mirrored, faint, blurred, not quite in place."""
    mirrored = cv2.GaussianBlur(np.ascontiguousarray(front[:, ::-1]), (0, 0), 1.3)
    moved = np.roll(mirrored, shift, (0, 1)).astype(np.float32)
    faint = paper(front.shape).astype(np.float32) - strength * (255 - moved)
    return np.clip(faint, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def fronts():
    pages = [make_sample(kind, 7).pages[0] for kind in KINDS]
    return [cv2.resize(page, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for page in pages]


def test_f46_empty_paper_is_blank_and_print_is_not(fronts):
    assert is_blank(paper((1754, 1240, 3)), 150)
    assert [is_blank(front, 150) for front in fronts] == [False] * len(fronts)


@pytest.mark.parametrize("strength", [0.3, 0.4])
def test_f46_what_shines_through_is_not_writing(fronts, strength):
    for front in fronts:
        back = through(front, strength, (3, -5))
        assert not is_blank(back, 150), "without its front nobody can tell"
        assert is_blank(back, 150, front)


def test_f46_one_line_of_print_or_pen_on_such_a_back_is_seen(fronts):
    for front in fronts:
        for word, colour in (("PHU LUC I", (20, 20, 20)), ("da nhan du", (40, 60, 150))):
            back = through(front, 0.35)
            cv2.putText(back, word, (150, 1000), cv2.FONT_HERSHEY_SIMPLEX, 1, colour, 2)
            assert not is_blank(back, 150, front)


def test_f46_print_right_over_print_is_still_writing(fronts):
    front = fronts[0]
    assert not is_blank(np.ascontiguousarray(front[:, ::-1]), 150, front)
