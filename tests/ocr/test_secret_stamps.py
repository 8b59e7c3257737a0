# SPDX-License-Identifier: Apache-2.0
"""Secrecy stamps by their shape alone; urgency, seals and arrival stamps are none."""

import numpy as np
import pytest

from ocr.secret_stamps import may_be_secret
from service.samples import make_sample

SEEDS = range(5)


def first(kind, seed, level, **wishes):
    sample = make_sample(kind, seed, level, **wishes)
    return np.ascontiguousarray(sample.pages[0]), sample.dpi


@pytest.mark.parametrize("word", ["MẬT", "TỐI MẬT", "TUYỆT MẬT"])
@pytest.mark.parametrize("level", ["L1", pytest.param("L2", marks=pytest.mark.slow)])
def test_every_secrecy_stamp_is_noticed_either_way_up(word, level):
    for seed in SEEDS:
        page, dpi = first("cong_van", seed, level, secrecy=word)
        assert may_be_secret(page, dpi), seed
        assert may_be_secret(np.ascontiguousarray(page[::-1, ::-1]), dpi), seed


@pytest.mark.parametrize("word", ["KHẨN", "HỎA TỐC"])
def test_urgency_stamps_are_no_secret(word):
    asked = [may_be_secret(*first("cong_van", seed, "L1", urgency=word)) for seed in SEEDS]
    assert sum(asked) <= 1, "where letters run into the frame a person is asked"


@pytest.mark.parametrize("wishes", [{}, {"arrival_stamp": True}], ids=["seal", "arrival"])
def test_seals_and_arrival_stamps_are_no_secret(wishes):
    for seed, kind in zip(
        SEEDS, ("cong_van", "quyet_dinh", "thong_bao", "bao_cao", "ke_hoach"), strict=True
    ):
        assert not may_be_secret(*first(kind, seed, "L1", **wishes)), kind


def test_a_grey_page_says_nothing_here():
    page, dpi = first("cong_van", 1, "L1", secrecy="MẬT")
    assert not may_be_secret(np.ascontiguousarray(page[:, :, 0]), dpi)
