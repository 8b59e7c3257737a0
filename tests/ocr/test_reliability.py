"""The reliability table: honest probabilities score nought, boasting does not."""

import numpy as np
import pytest

from ocr.reliability import EDGES, as_markdown, calibration_error, reliability


def test_every_value_falls_into_one_bin_and_certainty_into_the_last():
    table = reliability([(0.0, False), (0.2, True), (0.95, True), (1.0, True), (0.999, False)])
    assert sum(b.count for b in table) == 5
    assert [(b.low, b.count) for b in table if b.count] == [
        (0.0, 1), (0.2, 1), (0.95, 1), (0.98, 2),
    ]  # fmt: skip
    assert table[-1].right == 0.5 and table[-1].said == pytest.approx(0.9995)


def test_honest_probabilities_have_hardly_any_error_and_boasting_its_size():
    random = np.random.default_rng(5)
    honest = random.uniform(0, 1, 20_000)
    right = random.uniform(0, 1, 20_000) < honest
    pairs = list(zip(honest.tolist(), right.tolist(), strict=True))
    assert calibration_error(reliability(pairs)) < 0.01
    boasting = [(0.99, i % 2 == 0) for i in range(100)]
    assert calibration_error(reliability(boasting)) == pytest.approx(0.49)


def test_nothing_judged_is_no_error():
    assert calibration_error(reliability([])) == 0.0
    assert len(reliability([])) == len(EDGES) - 1


def test_the_table_shows_only_bins_with_values():
    told = as_markdown(reliability([(0.97, True), (0.96, False)]))
    assert "| 0.95-0.98 | 2 | 0.965 | 0.500 |" in told
    assert told.count("\n| 0.") == 1 and "error 0.465" in told
