# SPDX-License-Identifier: Apache-2.0
"""Does a page put together again from its layers still show the ink of the scan?

Measured on every page before the compact form is believed: a mask can lose pencil, a pale stamp
or a watermark, fill the holes of small letters, and turn a seal grey.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Pixels
from storage.pdf.layers import Floats, Layers, middle, paper_around, weakest_of, without_specks

_COMPARE_DPI = 150
_FAINT = 14  # levels darker than the paper: what an eye still takes for a pencil's stroke
_NOISE_SIGMAS = 4.0
_KEPT = 0.5  # of a stroke's darkness
_FILLED = 80  # levels darker than the scan
_BLOB_MM2 = 0.12
_TONE, _TONE_KEPT = 40, 0.5
_FEW = 20  # coloured points: too few to judge by
_MOST_LOST_MM2, _MOST_FILLED_MM2, _MOST_FADED = 4.0, 8.0, 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """Areas in mm2: `ink` of the scan, ink `lost`, paper `filled` with ink.

    `faded`: share of the coloured points whose colour is gone.
    """

    ink: float
    lost: float
    filled: float
    faded: float

    @property
    def good(self) -> bool:
        return (
            self.lost <= _MOST_LOST_MM2
            and self.filled <= _MOST_FILLED_MM2
            and self.faded <= _MOST_FADED
        )


def compare(page: Pixels, layers: Layers, paper: Pixels, tint: Pixels, dpi: float) -> Fidelity:
    """`paper` and `tint` as a reader of the file will decode them."""
    shrink = max(1, int(dpi // _COMPARE_DPI))
    size = (max(1, page.shape[1] // shrink), max(1, page.shape[0] // shrink))
    # whole blocks: shrinking by a whole number takes a tenth of the time
    scan = _deep(_sized(page[: size[1] * shrink, : size[0] * shrink], size))
    shown = composed(layers, paper, tint, size)
    fine = dpi / shrink
    weakest = weakest_of(scan)
    around = paper_around(weakest, fine)  # what is shown is held against the paper of the scan
    wanted = _darker(around, weakest)
    got = _darker(around, weakest_of(shown))
    noise = middle(wanted[::2, ::2]) * 1.48
    ink = wanted > max(_FAINT, _NOISE_SIGMAS * noise)
    mm2 = (25.4 / fine) ** 2
    return Fidelity(
        ink=round(float(ink.sum()) * mm2, 2),
        # a stroke's edge may move by a point, so its darkest neighbour counts
        lost=_blobs(ink & (cv2.dilate(got, np.ones((3, 3), np.uint8)) < wanted * _KEPT), mm2),
        filled=_blobs(got.astype(np.int16) - wanted > _FILLED, mm2),
        faded=_faded(scan, shown),
    )


def composed(layers: Layers, paper: Pixels, tint: Pixels, size: tuple[int, int]) -> Pixels:
    """The page as a viewer shows it, at `size` (width, height); BGR."""
    ink = np.asarray(_sized(_even(layers.ink, size), size), np.float32) / 255
    under, over = _deep(_sized(paper, size)), _deep(_sized(tint, size))
    return np.asarray(cv2.blendLinear(over, under, ink, 1 - ink), np.uint8)


def _darker(around: Pixels, weakest: Pixels) -> Pixels:
    """How much darker than the paper; smoothed, so that grain is no ink."""
    return np.asarray(cv2.blur(cv2.subtract(around, weakest), (3, 3)), np.uint8)


def _faded(scan: Pixels, shown: Pixels) -> float:
    """Share of the coloured points that are no longer coloured, looked at from a little away."""
    size = (max(1, scan.shape[1] // 3), max(1, scan.shape[0] // 3))
    tones = [_tone(_sized(image, size)) for image in (scan, shown)]
    strength = cv2.transform(tones[0] * tones[0], np.ones((1, 3)))
    strong = strength > _TONE**2
    if strong.sum() < _FEW:
        return 0.0
    kept = cv2.transform(tones[0] * tones[1], np.ones((1, 3)))
    return round(float(((kept < _TONE_KEPT * strength) & strong).sum() / strong.sum()), 4)


def _tone(image: Pixels) -> Floats:
    """Each channel less the mean of the three: what is left of a colour without its brightness."""
    return np.asarray(cv2.transform(image.astype(np.float32), np.eye(3) - 1 / 3), np.float32)


def _blobs(found: npt.NDArray[np.bool_], mm2: float) -> float:
    """mm2 of what was found, without scattered points."""
    together = without_specks(found.astype(np.uint8), max(2, round(_BLOB_MM2 / mm2)))
    return round(cv2.countNonZero(together) * mm2, 2)


def _deep(image: Pixels) -> Pixels:
    if image.ndim == 3 and image.shape[2] == 3:
        return image
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)


def _even(ink: Pixels, size: tuple[int, int]) -> Pixels:
    """Without the odd row or column, where `ink` is else a whole multiple of `size`."""
    wide, high = size
    times = max(1, round(ink.shape[0] / high))
    if 0 <= ink.shape[0] - times * high < times and 0 <= ink.shape[1] - times * wide < times:
        return ink[: times * high, : times * wide]
    return ink


def _sized(image: Pixels, size: tuple[int, int]) -> Pixels:
    shrinks = size[0] < image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)
