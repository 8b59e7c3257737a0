# SPDX-License-Identifier: Apache-2.0
"""Taking off the page what is no text: red seals, table rules, dot leaders, specks.

For the copy that the recogniser sees; the page that is kept is never touched. `unit` is one pixel
at 300 dpi: all sizes below were measured there. numpy and OpenCV only (the Station uses it).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Pixels
from ocr.scaling import shrunk

Mask = npt.NDArray[np.uint8]

RED_OVER = 28
WHITE = 255
UNEVEN = 55
"""Grey levels between the lightest and the darkest paper of one page; scans stay under 30."""
_PAPER_SIDE = 310
_BLOCK = 31
_DARKER = 18


def lift_red(pixels: Pixels) -> Pixels:
    """Grey page with red ink lifted: a seal lies over the signer's name and title.

    Black seals and blue ink stay. A page that is grey already comes back as it is.
    """
    if pixels.ndim == 2:
        return pixels
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    # most pages have none; no stroke is so thin that every other pixel misses it
    x, y, w, h = cv2.boundingRect(red_mask(every_other(pixels)))
    if not w:
        return grey
    place = (slice(max(0, 2 * y - 2), 2 * (y + h) + 2), slice(max(0, 2 * x - 2), 2 * (x + w) + 2))
    mask = np.asarray(cv2.dilate(red_mask(pixels[place]), np.ones((3, 3), np.uint8)), np.uint8)
    # whitening its redness altogether was tried: it takes the names under dark seals along
    lighter = cv2.max(pixels[place][:, :, 0], grey[place])
    cv2.copyTo(lighter, mask, grey[place])
    return grey


def every_other(pixels: Pixels) -> Pixels:
    """Every other pixel of every other row: a slice of three channels takes five times as long."""
    if min(pixels.shape[:2]) < 2:  # half of one pixel is none to OpenCV
        return np.ascontiguousarray(pixels[::2, ::2])
    return np.asarray(
        cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST), np.uint8
    )


def red_mask(rgb: Pixels) -> Mask:
    """255 where the ink is red: stamps and seals."""
    red, green, blue = cv2.split(rgb)
    over = cv2.subtract(red, cv2.max(green, blue))
    return np.asarray(cv2.threshold(over, RED_OVER, WHITE, cv2.THRESH_BINARY)[1], dtype=np.uint8)


def paper_level(grey: Pixels) -> float:
    """Grey level of the paper: most of any page is paper."""
    return float(np.median(grey[::3, ::3]))


def ink_mask(grey: Pixels) -> Mask:
    """255 where there is ink: darker than its surroundings (shadows and yellow paper are none)."""
    # what cv2.adaptiveThreshold makes, to the bit, in three fifths of its time
    edge = cv2.BORDER_REPLICATE | cv2.BORDER_ISOLATED
    around = cv2.boxFilter(grey, -1, (_BLOCK, _BLOCK), borderType=edge)
    darker = cv2.subtract(around, grey, dst=around)
    made = cv2.threshold(darker, _DARKER - 1, WHITE, cv2.THRESH_BINARY, dst=darker)[1]
    return np.asarray(made, dtype=np.uint8)


def is_uneven(grey: Pixels) -> bool:
    """Light falls off over the page, as on photos. Flattening costs header fields elsewhere."""
    paper = _paper(grey)
    inner = paper[paper > 90]  # black bands of an open lid are no paper
    if inner.size < paper.size / 2:
        return False
    low, high = np.percentile(inner, (3, 97))
    return bool(high - low > UNEVEN)


def flatten(grey: Pixels) -> Pixels:
    """The page divided by its paper, which comes to 245."""
    height, width = grey.shape
    paper = cv2.resize(_paper(grey), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(grey, paper, scale=245), dtype=np.uint8)


def _paper(grey: Pixels) -> Pixels:
    """The paper alone, small: letters are grown over, shadows stay."""
    grown = cv2.dilate(shrunk(grey, _PAPER_SIDE), np.ones((7, 7), np.uint8))
    return np.asarray(cv2.medianBlur(grown, 21), dtype=np.uint8)


def erase_rules(grey: Pixels, dpi: float) -> Pixels:
    """Lines of tables and under titles whitened: longer than any stroke of a letter."""
    unit, ink = dpi / 300, ink_mask(grey)
    wide = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, _size(150, unit)), np.uint8))
    high = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((_size(130, unit), 1), np.uint8))
    spread = (
        cv2.dilate(wide, np.ones((3, 9), np.uint8)),
        cv2.dilate(high, np.ones((9, 3), np.uint8)),
    )
    return _whitened(grey, np.asarray(cv2.bitwise_or(*spread), dtype=np.uint8))


def erase_leaders(grey: Pixels, dpi: float) -> Pixels:
    """Dot leaders alone whitened: what a header may bear (its specks can be handwriting)."""
    return _whitened(grey, _around(_leaders(_dots(_blobs(ink_mask(grey)), dpi / 300), dpi / 300)))


def erase_small(grey: Pixels, dpi: float) -> Pixels:
    """Dot leaders and lone specks whitened; full stops, dấu nặng and the dots of i stay."""
    unit = dpi / 300
    blobs = _blobs(ink_mask(grey))
    small = blobs.area < max(4, 60 * unit * unit)
    big = blobs.mask(~small)
    # a full stop, a dấu sắc and a dấu nặng stand near their letter, a speck does not. Reaching
    # further keeps the dashes of lists, but also the rests of seals in names (measured: 12 -> 10)
    alone = small & ~_touched(blobs, big, 27 * unit)
    specks = blobs.mask(alone)
    dots = _dots(blobs, unit)
    off = _around(np.asarray(cv2.bitwise_or(specks, _leaders(dots, unit)), dtype=np.uint8))
    off[cv2.subtract(big, dots) > 0] = 0
    return _whitened(grey, off)


def _touched(blobs: _Blobs, big: Mask, reach: float) -> npt.NDArray[np.bool_]:
    """Which blobs lie within half of `reach` pixels of `big` ones: whole marks, never halves."""
    near = cv2.dilate(big, np.ones((_size(reach, 1), _size(reach, 1)), np.uint8))
    touched = np.zeros(len(blobs.area), dtype=np.bool_)
    touched[blobs.labels[near > 0]] = True
    return touched


def _dots(blobs: _Blobs, unit: float) -> Mask:
    return blobs.mask((blobs.height <= 9 * unit + 1) & (blobs.width <= 12 * unit + 1))


def _around(off: Mask) -> Mask:
    """The soft edge of a dot is no ink yet, but makes a dot again."""
    return np.asarray(cv2.dilate(off, np.ones((3, 3), np.uint8)), dtype=np.uint8)


def _whitened(grey: Pixels, off: Mask) -> Pixels:
    made = grey.copy()
    made[off > 0] = round(paper_level(grey))
    return made


def _size(length: float, unit: float) -> int:
    return max(1, round(length * unit))


class _Blobs(NamedTuple):
    labels: npt.NDArray[np.int32]
    width: npt.NDArray[np.int32]
    height: npt.NDArray[np.int32]
    area: npt.NDArray[np.int32]

    def mask(self, chosen: npt.NDArray[np.bool_]) -> Mask:
        chosen = chosen.copy()
        chosen[0] = False  # the paper
        return np.where(chosen, WHITE, 0).astype(np.uint8)[self.labels]


def _blobs(ink: Mask) -> _Blobs:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    return _Blobs(
        labels=np.asarray(labels, dtype=np.int32),
        width=np.asarray(stats[:, cv2.CC_STAT_WIDTH], dtype=np.int32),
        height=np.asarray(stats[:, cv2.CC_STAT_HEIGHT], dtype=np.int32),
        area=np.asarray(stats[:, cv2.CC_STAT_AREA], dtype=np.int32),
    )


def _leaders(dots: Mask, unit: float) -> Mask:
    """Dots in a row, as forms print them to be written upon."""
    rows = cv2.morphologyEx(dots, cv2.MORPH_CLOSE, np.ones((1, _size(26, unit)), np.uint8))
    bands = _blobs(np.asarray(rows, dtype=np.uint8))
    long = (bands.width >= 110 * unit) & (bands.height <= 16 * unit)
    return np.asarray(cv2.bitwise_and(bands.mask(long), dots), dtype=np.uint8)
