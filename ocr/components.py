# SPDX-License-Identifier: Apache-2.0
"""Connected components of a page of ink, named in 16 bits where they fit.

OpenCV tells of components named in 16 bits in a third of the time that 32 bits take (8.6 ms against
22 ms on an A4 page at 200 dpi), but names more of them than there is room for without a word.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

_MOST_NAMES = 0xFFFF - 1
# beside one of these, named before it, no pixel is given a new name
_NAMED_BEFORE = {
    4: np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], np.uint8),
    8: np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], np.uint8),
}

Labels = npt.NDArray[np.integer[Any]]
Stats = npt.NDArray[np.int32]
Middles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.uint8]


def components(ink: Mask, connectivity: int = 8) -> tuple[Labels, Stats, Middles]:
    """(labels [h, w] as 16 or 32 bits, stats int32 [n, 5], middles [n, 2]), the paper first."""
    fit = most_names(ink, connectivity) <= _MOST_NAMES
    _, labels, stats, middles = cv2.connectedComponentsWithStats(
        ink, connectivity=connectivity, ltype=cv2.CV_16U if fit else cv2.CV_32S
    )
    return cast(Labels, labels), cast(Stats, stats), cast(Middles, middles)


def most_names(ink: Mask, connectivity: int) -> int:
    """No fewer than the labeller gives out on the way: pieces become one component only later."""
    if ink.size <= 2 * _MOST_NAMES:
        return (ink.size + 1) // 2
    named = cv2.dilate(ink, _NAMED_BEFORE[connectivity])
    return int(cv2.countNonZero(cv2.subtract(ink, named)))
