"""Files are cut into steps that leave no page out and keep every child's share small."""

import pytest

from service.reading_desk import steps_of
from workflows.opening import PAGES_A_STEP


@pytest.mark.parametrize("count", [*range(1, 40), 1000])
def test_steps_cover_every_page_once_in_even_pieces(count):
    steps = steps_of(5, 4 + count)
    assert [n for first, last in steps for n in range(first, last + 1)] == [*range(5, 5 + count)]
    lengths = [last - first + 1 for first, last in steps]
    assert max(lengths) <= PAGES_A_STEP and max(lengths) - min(lengths) <= 1


def test_nothing_is_left_of_a_file_of_a_few_pages():
    assert steps_of(PAGES_A_STEP + 1, 2) == steps_of(PAGES_A_STEP + 1, PAGES_A_STEP) == []
