"""Files are cut into steps that leave no page out and keep every child's share small."""

from dataclasses import dataclass

import pytest

from service.reading_desk import steps_of
from workflows.opening import PAGES_A_STEP


@dataclass
class Counts:
    page_count: int

    def inspect(self, path):
        return self


@pytest.mark.parametrize("count", [*range(1, 40), 1000])
def test_steps_cover_every_page_once_in_even_pieces(count):
    steps = steps_of(Counts(count), None)
    assert [n for first, last in steps for n in range(first, last + 1)] == list(range(1, count + 1))
    lengths = [last - first + 1 for first, last in steps]
    assert max(lengths) <= PAGES_A_STEP and max(lengths) - min(lengths) <= 1
