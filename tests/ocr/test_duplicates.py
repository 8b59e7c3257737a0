# SPDX-License-Identifier: Apache-2.0
"""The sheet before it again, with a note on it, or only a form of the same kind."""

import cv2
import numpy as np
import pytest

from ocr.duplicates import likeness, page_print
from service.samples import make_sample

KINDS = ("quyet_dinh", "cong_van", "giay_khai_sinh", "to_trinh")


def grey(kind, seed):
    page = cv2.cvtColor(
        np.ascontiguousarray(make_sample(kind, seed, "L2").pages[0]), cv2.COLOR_RGB2GRAY
    )
    return cv2.resize(page, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def fed(page, degrees=0.3, right=4, down=-5):
    """Through the feeder once more: a little crooked, moved, with the noise of another moment."""
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    turn[:, 2] += (right, down)
    moved = cv2.warpAffine(page, turn, (width, height), borderValue=245)
    noise = np.random.default_rng(1).normal(0, 4, page.shape)
    return np.clip(moved + noise, 0, 255).astype(np.uint8)


def filled(page, hand, words):
    """The same form filled in by pen."""
    form, random = page.copy(), np.random.default_rng(hand)
    for n in range(words):
        y = 300 + 100 * n
        form[y - 26 : y + 8, 250:640] = 245
        text = "".join(random.choice(list("nguyenvatrl"), 12))
        at = (250 + int(random.integers(0, 40)), y)
        cv2.putText(form, text, at, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1, 60, 2)
    return form


@pytest.fixture(scope="module", params=KINDS)
def pages(request):
    return [grey(request.param, seed) for seed in (1, 2)]


def alike(one, other):
    return likeness(page_print(one), page_print(other))


@pytest.mark.parametrize(("degrees", "right", "down"), [(0.3, 4, -5), (-0.6, -8, 6), (0.9, 10, 10)])
def test_a_sheet_fed_again_is_known_again(pages, degrees, right, down):
    assert alike(pages[0], fed(pages[0], degrees, right, down)) == "repeated"


def test_two_papers_of_one_kind_are_not_one(pages):
    assert alike(pages[0], fed(pages[1])) == ""


@pytest.mark.parametrize("words", [1, 5])
def test_forms_filled_in_by_two_people_are_not_one(pages, words):
    one, other = filled(pages[0], 1, words), filled(pages[0], 2, words)
    assert alike(one, fed(other)) != "repeated"
    assert alike(one, fed(one)) == "repeated"
    if words > 1:
        assert alike(one, fed(other)) == ""


def test_a_note_that_was_stuck_on_is_told(pages):
    noted = pages[0].copy()
    noted[400:560, 300:520] = 215
    cv2.putText(noted, "ghi chu", (310, 470), cv2.FONT_HERSHEY_SIMPLEX, 1, 40, 3)
    assert alike(pages[0], fed(noted)) == "note"
    assert alike(noted, fed(pages[0])) == "note"


def test_blank_pages_are_not_held_against_each_other():
    blank = np.full((1754, 1240), 240, np.uint8)
    assert alike(blank, fed(blank)) == ""
