# SPDX-License-Identifier: Apache-2.0
"""Components named in 16 bits are the ones OpenCV names in 32."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr.components import components, most_names
from ocr.page_ink import _runs_along_rows, _runs_down_columns, find_rules


def _noise(share: float, shape: tuple[int, int], seed: int = 1) -> np.ndarray:
    return ((np.random.default_rng(seed).random(shape) < share) * np.uint8(255)).astype(np.uint8)


def _grid(step: int) -> np.ndarray:
    made = np.zeros((900, 800), np.uint8)
    made[::step, ::step] = 255
    return made


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize(
    "ink",
    [
        np.zeros((1200, 900), np.uint8),
        np.full((1200, 900), 255, np.uint8),
        _noise(0.02, (1500, 1200)),  # 33 000 components: they fit
        _noise(0.1, (1500, 1200)),  # 115 000: they do not
        _noise(0.5, (1500, 1200)),  # 6 000, but 100 000 pieces on the way to them
        _noise(0.3, (300, 400)),
        _grid(2),
        _grid(3),
    ],
)
def test_names_fit_or_are_named_in_32_bits(ink: np.ndarray, connectivity: int) -> None:
    labels, stats, middles = components(ink, connectivity)
    _, wanted, told, centres = cv2.connectedComponentsWithStats(
        ink, connectivity=connectivity, ltype=cv2.CV_32S
    )
    assert np.array_equal(labels.astype(np.int32), wanted)
    assert np.array_equal(stats, told)
    np.testing.assert_allclose(middles, centres)
    assert most_names(ink, connectivity) >= len(stats) - 1


def test_a_page_of_print_is_named_in_16_bits() -> None:
    page = np.zeros((2339, 1654), np.uint8)
    for row in range(200, 2100, 50):
        cv2.putText(page, "Cong hoa xa hoi chu nghia" * 2, (200, row), 0, 1.0, 255, 2)
    assert components(page)[0].dtype == np.uint16


@pytest.mark.parametrize("shape", [(601, 803), (640, 800), (130, 90)])
def test_rules_are_what_an_opening_of_the_whole_page_leaves(shape: tuple[int, int]) -> None:
    """Few rows and columns are opened; the others could not hold a rule, also at the edges."""
    random = np.random.default_rng(5)
    ink = _noise(0.2, shape, 5)
    for _ in range(40):
        x, y = int(random.integers(-60, shape[1])), int(random.integers(-60, shape[0]))
        long = int(random.integers(30, 160))
        end = (x + long, y) if random.random() < 0.5 else (x, y + long)
        cv2.line(ink, (x, y), end, 255, int(random.integers(1, 4)))
    unit = 2 / 3
    wide = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, 100), np.uint8))
    found = find_rules(ink, unit)
    assert np.count_nonzero(wide)
    assert np.all(found.mask[wide > 0] == 255)
    for length in (8, 23, 24, 43, 87, 88, 100):
        rows = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
        columns = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
        assert np.array_equal(_runs_along_rows(ink, length), rows)
        assert np.array_equal(_runs_down_columns(ink, length), columns)
