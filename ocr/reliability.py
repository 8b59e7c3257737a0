# SPDX-License-Identifier: Apache-2.0
"""Does a probability mean what it says? Reliability table and expected calibration error.

Of the values given with probability about p a share p should be right (Guo and others, "On
Calibration of Modern Neural Networks", 2017, for the error over bins). The bins are narrow where a
threshold lies: hardly any value that passes is under .9.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Values whose probability lies in [low, high): how many, what they said, what was right."""

    low: float
    high: float
    count: int
    said: float
    right: float


def reliability(
    judged: Iterable[tuple[float, bool]], edges: Sequence[float] = EDGES
) -> tuple[Bin, ...]:
    """The table over (probability, was it right); the last bin holds its upper edge too."""
    pairs = list(judged)
    table = []
    for low, high in pairwise(edges):
        inside = [(p, ok) for p, ok in pairs if low <= p < high or (p == high == edges[-1])]
        count = len(inside)
        table.append(
            Bin(
                low=low,
                high=high,
                count=count,
                said=sum(p for p, _ in inside) / count if count else 0.0,
                right=sum(ok for _, ok in inside) / count if count else 0.0,
            )
        )
    return tuple(table)


def calibration_error(table: Sequence[Bin]) -> float:
    """Expected calibration error: |said - right| over the bins, weighted by their counts."""
    total = sum(b.count for b in table)
    return sum(b.count * abs(b.said - b.right) for b in table) / total if total else 0.0


def as_markdown(table: Sequence[Bin]) -> str:
    """The table people read, bins without a value left out."""
    lines = ["| probability | n | said | right |", "|---|---|---|---|"]
    lines += [
        f"| {b.low:.2f}-{b.high:.2f} | {b.count} | {b.said:.3f} | {b.right:.3f} |"
        for b in table
        if b.count
    ]
    return "\n".join([*lines, f"\nExpected calibration error {calibration_error(table):.3f}."])
