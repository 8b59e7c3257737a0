"""Which line is read before which: the definition, held against the quick way on random pages."""

import tracemalloc

import numpy as np
import pytest

from ocr.line_marks import _carriers, _gaps, _nearest, mark_owners
from ocr.line_shapes import extents, usual_sizes
from ocr.page import Box
from ocr.page_ink import AREA, H, W
from ocr.reading_order import _MOST, _OVERLAP, _before, in_reading_order

OPEN = np.array([[0.0, 0.0, 1.0, 1.0]])


def plainly_before(boxes: list[Box]) -> np.ndarray:
    """Breuel's two rules, box by box."""
    many = len(boxes)
    made = np.zeros((many, many), bool)

    def overlap(a: Box, b: Box) -> bool:
        return min(a.x1, b.x1) - max(a.x0, b.x0) > _OVERLAP * min(a.x1 - a.x0, b.x1 - b.x0)

    def middle(a: Box) -> float:
        return (a.y0 + a.y1) / 2

    for i, a in enumerate(boxes):
        for j, b in enumerate(boxes):
            low, high = sorted((middle(a), middle(b)))
            if i == j:
                continue
            if overlap(a, b):
                made[i, j] = middle(a) < middle(b)
            elif a.x0 + a.x1 < b.x0 + b.x1:
                made[i, j] = not any(
                    low < middle(c) < high and overlap(a, c) and overlap(b, c) for c in boxes
                )
    return made


def boxes_of(random: np.random.Generator, many: int) -> list[Box]:
    x, y = random.uniform(0, 0.8, many), random.integers(0, 30, many) / 32
    wide = random.choice([0.04, 0.15, 0.6], many)
    return [
        Box(float(a), float(b), float(a + c), float(b) + 0.02)
        for a, b, c in zip(x, y, wide, strict=True)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_what_is_read_before_what_is_what_the_rules_say(seed):
    random = np.random.default_rng(seed)
    boxes = boxes_of(random, (3, 20, 64, 65, 90, 130)[seed])
    assert np.array_equal(_before(boxes), plainly_before(boxes))


def test_columns_are_read_one_after_the_other_and_every_line_once():
    columns = [
        Box(x, 0.1 + 0.03 * k, x + 0.3, 0.12 + 0.03 * k) for x in (0.1, 0.6) for k in (2, 0, 1)
    ]
    order = in_reading_order([(box, 0) for box in columns], OPEN)
    assert order == [1, 2, 0, 4, 5, 3]
    random = boxes_of(np.random.default_rng(9), 200)
    assert sorted(in_reading_order([(box, 0) for box in random], OPEN)) == list(range(200))
    assert in_reading_order([], OPEN) == []


def test_a_raster_of_signs_is_read_from_its_top_without_holding_all_against_all():
    signs = boxes_of(np.random.default_rng(3), _MOST + 1)
    tracemalloc.start()
    order = in_reading_order([(box, 0) for box in signs], OPEN)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sorted(order) == list(range(_MOST + 1))
    assert [(signs[k].y0, signs[k].x0) for k in order] == sorted((b.y0, b.x0) for b in signs)
    assert peak < 20 << 20


@pytest.mark.parametrize("seed", range(4))
def test_what_a_mark_hangs_on_to_is_found_without_holding_it_against_all(seed):
    random = np.random.default_rng(seed)
    many = 1500
    size = random.integers(3, 30, (many, 2))
    places = random.integers(0, (1600, 2300 if seed % 2 else 60_000), (many, 2))
    stats = np.column_stack([places, size, size.prod(axis=1)]).astype(np.int32)
    pieces, carriers = np.arange(900), np.arange(600, many)
    for quick, full in zip(
        _nearest(stats, pieces, carriers, 20.0), _gaps(stats, pieces, carriers, 20.0), strict=True
    ):
        assert np.array_equal(quick, full)


def marked_page(random: np.random.Generator, lines: int, specks: int, side: int):
    """(stats, home, letters' boxes, small, middles) of lines of three letters, and specks."""
    x, y = random.integers(0, side, (2, lines))
    rows = [
        np.column_stack([x + 14 * k, y, np.full(lines, 11), np.full(lines, 20)]) for k in (0, 1, 2)
    ]
    dust = np.column_stack(
        [*random.integers(0, side, (2, specks)), *random.integers(1, 8, (2, specks))]
    )
    pieces = np.vstack([*rows, dust]).astype(np.int32)
    stats = np.column_stack([pieces, pieces[:, 2] * pieces[:, 3]])
    home = np.concatenate([np.tile(np.arange(1, lines + 1), 3), np.zeros(specks, np.int64)])
    small = np.arange(3 * lines, len(stats))
    names, box, _ = extents(stats, home)
    tall = usual_sizes(stats[:, H], home, names)
    middles = pieces[small, :2] + pieces[small, 2:] / 2
    return stats, home, names, box, tall, small, middles


@pytest.mark.parametrize("seed", range(4))
def test_the_line_of_a_mark_is_found_without_holding_it_against_all(seed):
    random = np.random.default_rng(seed)
    page = marked_page(random, (1, 40, 90, 200)[seed], (5, 900, 1100, 3000)[seed], 1200)
    stats, home, names, box, tall, small, middles = page
    wanted = np.full(len(small), -1)
    rivals = np.zeros(len(small), bool)
    for k, (x, y) in enumerate(middles):
        hang = (1.3 if stats[small[k], W] >= 1.5 * stats[small[k], H] else 0.6) * tall
        near = (box[:, 0] - hang <= x) & (x <= box[:, 2] + hang)
        near &= (box[:, 1] - 0.45 * tall <= y) & (y <= box[:, 3] + 0.40 * tall)
        rivals[k] = near.sum() > 1
        wanted[k] = np.flatnonzero(near)[0] if near.any() else -1
    found = mark_owners(*page)
    assert np.array_equal(found[~rivals], wanted[~rivals])
    if rivals.any():
        letters = np.flatnonzero(home > 0)
        carriers = _carriers(stats, small[rivals], letters, small, float(np.median(tall)))
        near = np.searchsorted(names, home[letters[carriers]])
        assert np.mean(found[rivals] == near) > 0.95


def test_a_large_dusty_drawing_fits_into_memory():
    page = marked_page(np.random.default_rng(5), 1500, 60_000, 8000)
    assert (page[0][page[5], AREA] > 0).all()
    tracemalloc.start()
    mark_owners(*page)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 << 20  # each against each took 1.6 GB
