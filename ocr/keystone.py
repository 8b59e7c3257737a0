# SPDX-License-Identifier: Apache-2.0
"""A photo from the side, told from its lines of text: they run together towards one point.

Where the sheet's corners were found wrongly (half of it in shadow) or not at all, its upper lines
rise and its lower ones fall: a box around a slanted line holds two. A straight page's lines are
level, so what slant they have, and how it changes down the page, says how to look at it again.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Pixels
from ocr.straighten import Matrix, Warp

_LONG, _FEWEST = 15, 6  # letters of a line that tells its slant; as many such lines as are asked
_WORST = 0.5  # of a letter's height: how far the ends of a line may stand apart
_ODD, _ROUNDS = 0.012, 3  # of slant: a line so far from the others' tells nothing
_MOST_OF = 0.7  # of these lines must say the same
_APART = 0.1  # of the page's height: lines closer together do not tell how slant changes
_STEEPEST = 0.2  # of slant at an edge of the page: more is no photo of a page
_NEAREST = 0.5  # at 1 a side of the page stands where its lines meet, and is sent endlessly far


def find_keystone(
    slants: npt.NDArray[np.float64], shape: tuple[int, int], usual: float
) -> Matrix | None:
    """(3x3) what makes the lines of a page of that (height, width) level; None: they are.

    `slants` [n, 5]: for each line its rise along the page, x and y of its middle, its width (all in
    pixels) and how many letters it has; `usual`: height of the page's letters.
    """
    told = slants[slants[:, 4] >= _LONG]
    if len(told) < _FEWEST:
        return None
    (height, width), (rise, _, y, wide) = shape, told.T[:4]
    kept = np.ones(len(told), np.bool_)
    for _ in range(_ROUNDS):
        if np.count_nonzero(kept) < max(_FEWEST, _MOST_OF * len(told)):
            return None
        if np.ptp(y[kept]) < _APART * height:
            return None
        grows, mean = np.polyfit(y[kept] - height / 2, rise[kept], 1)
        said = mean + grows * (y - height / 2)
        kept = np.abs(rise - said) <= _ODD
    if not kept.any():
        return None
    edge = abs(mean) + abs(grows) * height / 2
    if abs(grows) * width / 2 > _NEAREST:
        return None
    if (np.abs(said) * wide)[kept].max() < _WORST * usual or edge > _STEEPEST:
        return None
    # all lines y = y' + (mean + grows y') x meet in one point, which this sends far off
    level = np.array([[1.0, 0.0, 0.0], [-mean, 1.0, 0.0], [grows, 0.0, 1.0]])
    middle = np.array([[1.0, 0.0, width / 2], [0.0, 1.0, height / 2], [0.0, 0.0, 1.0]])
    return np.asarray(middle @ level @ np.linalg.inv(middle), np.float64)


def without_keystone(image: Pixels, keystone: Matrix) -> tuple[Pixels, Warp]:
    """The page as `find_keystone` says to look at it, and the way back."""
    height, width = image.shape[:2]
    paper = float(np.median(image[::16, ::16]))
    made = cv2.warpPerspective(
        image,
        keystone,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderValue=(paper, paper, paper),
    )
    back = np.asarray(np.linalg.inv(keystone), np.float64)
    shape = (height, width)
    return np.asarray(made, np.uint8), Warp(back=back, made=shape, scan=shape)
