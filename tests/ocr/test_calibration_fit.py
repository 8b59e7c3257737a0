"""The fit itself, on evidence whose truth is drawn from known probabilities."""

import numpy as np
import pytest

from benchmarks.calibration import Judged, fit, out_of_fold, passing, predict, threshold, told
from ocr.reliability import calibration_error, reliability


def rows(count=3000, seed=1, real=False):
    """The weakest word tells the truth, "conflict" halves the odds, "page" is noise."""
    random = np.random.default_rng(seed)
    made = []
    for i in range(count):
        word, conflict = random.uniform(-1, 2), bool(random.random() < 0.2)
        p = 1 / (1 + np.exp(-(0.5 + 2 * word - 2 * conflict)))
        found = {
            "always": 1.0, "x weakest word": word, "conflict": float(conflict),
            "page": random.uniform(0, 1),
        }  # fmt: skip
        right = bool(random.random() < p)
        made.append(
            Judged(
                paper=f"p{i}", fold=f"seed {i % 4}", real=real, name="number", kind="number",
                features=found, right=right, flagged=p < 0.5, stands=False, engine="x",
                reader="tesseract",
            )
        )  # fmt: skip
    return made


def test_known_weights_are_found_again():
    weights = fit(rows())
    assert weights["x weakest word"] == pytest.approx(2.0, abs=0.25)
    assert weights["conflict"] == pytest.approx(-2.0, abs=0.4)
    assert weights["page"] == pytest.approx(0.0, abs=0.4)


def test_signs_hold_whatever_the_papers_say():
    turned = [
        Judged(**{**{f: getattr(r, f) for f in r.__dataclass_fields__}, "right": not r.right})
        for r in rows(500)
    ]
    weights = fit(turned)
    assert weights["x weakest word"] >= 0 and weights["conflict"] <= 0


def test_probabilities_of_unseen_folds_are_honest():
    data = rows(4000)
    given = out_of_fold(data)
    pairs = [(p, r.right) for p, r in zip(given, data, strict=True)]
    assert calibration_error(reliability(pairs)) < 0.03
    assert given != predict(fit(data), data)


def test_the_threshold_lets_no_real_error_pass():
    data = [*rows(600, seed=2, real=True), *rows(3000, seed=3)]
    given = out_of_fold(data)
    least = threshold(data, given)
    real = [(r, p) for r, p in zip(data, given, strict=True) if r.real]
    through = passing([r for r, _ in real], [p for _, p in real], least)
    assert least == 0.99 or not through.silent
    table = told(data, given, least)
    assert f"**{least}**" in table and "| rules alone | " in table


def test_a_flag_that_stands_never_passes():
    one = rows(1)[0]
    held = Judged(**{**{f: getattr(one, f) for f in one.__dataclass_fields__}, "stands": True})
    assert passing([held], [0.999], 0.9).share == 0.0
    assert passing([one], [0.999], 0.9).share == 1.0
