# SPDX-License-Identifier: Apache-2.0
"""Does a page put together again from its layers still show the ink of the scan?

Measured on every page before the compact form is believed: a mask can lose pencil, a pale stamp
or a watermark, fill the holes of small letters, and turn a seal grey. Measured at about 100 dpi,
where the layers are anyway: a loss anyone could see is several points wide there.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Pixels
from storage.picture.layers import (
    Coarse,
    Floats,
    Layers,
    middle,
    weakest_of,
    without_specks,
)

_FAINT = 14  # levels darker than the paper: what an eye still takes for a pencil's stroke
_NOISE_SIGMAS = 4.0
_KEPT = 0.5  # of a stroke's darkness
_FILLED = 80  # levels darker than the scan
_BLOB_MM2 = 0.12
_TONE, _TONE_KEPT = 40, 0.5
_OFF, _OFF_LEAST = 0.35, 40  # of a stroke's darkness; paler ink counts as that dark
_FEW = 20  # coloured points: too few to judge by
_MOST_LOST_MM2, _MOST_FILLED_MM2, _MOST_FADED = 4.0, 8.0, 0.10
_MOST_OFF = 0.022  # copies at .030 and more read worse than their scans; sharp print has up to .020


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """Areas in mm2: `ink` of the scan, ink `lost`, paper `filled` with ink.

    `faded`: share of the coloured points whose colour is gone. `off`: share of the ink that is
    shown a third paler or darker than it is, as where a mask breaks up a seal over print.
    """

    ink: float
    lost: float
    filled: float
    faded: float
    off: float = 0.0

    @property
    def good(self) -> bool:
        return (
            self.lost <= _MOST_LOST_MM2
            and self.filled <= _MOST_FILLED_MM2
            and self.faded <= _MOST_FADED
            and self.off <= _MOST_OFF
        )


def compare(layers: Layers, dpi: float) -> Fidelity:
    """`dpi`: of `layers.small`, the scan that the layers are held against."""
    scan, shown = layers.small, composed(layers)
    # what is shown is held against the paper of the scan
    wanted, got = (_darker(layers.around, weakest_of(image)) for image in (scan, shown))
    noise = middle(wanted[::2, ::2]) * 1.48
    ink = cv2.threshold(wanted, max(_FAINT, _NOISE_SIGMAS * noise), 255, cv2.THRESH_BINARY)[1]
    mm2 = (25.4 / dpi) ** 2
    # a stroke's edge may move by a point, so its darkest neighbour counts
    there = cv2.dilate(got, np.ones((3, 3), np.uint8))
    gone = cv2.compare(there, cv2.convertScaleAbs(wanted, alpha=_KEPT), cv2.CMP_LT)
    over = cv2.threshold(cv2.subtract(got, wanted), _FILLED, 255, cv2.THRESH_BINARY)[1]
    return Fidelity(
        ink=round(cv2.countNonZero(ink) * mm2, 2),
        lost=_blobs(cv2.bitwise_and(ink, gone), mm2),
        filled=_blobs(over, mm2),
        faded=0.0 if scan.ndim == 2 else _faded(scan, shown),
        off=_off(wanted, got, np.asarray(ink, np.uint8)),
    )


def composed(layers: Layers) -> Pixels:
    """The page as a viewer shows it, at the size of the coarse layers; grey or RGB as they are."""
    size = layers.small.shape[1::-1]
    # each mask as it is stored, and not its `rim`: a mask that has lost ink since has to be seen
    shares = [_share(mask, size) for mask in layers.masks]
    cover = np.asarray(sum(shares) / np.float32(len(shares)), np.float32)
    under, over = _whole(layers.paper, layers.small), _whole(layers.tint, layers.small)
    return np.asarray(cv2.blendLinear(over, under, cover, 1 - cover), np.uint8)


def _share(mask: Pixels, size: tuple[int, ...]) -> Floats:
    small = cv2.resize(mask, (size[0], size[1]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) * np.float32(1 / 255)


def _whole(layer: Coarse, like: Pixels) -> Pixels:
    if not layer.flat:
        return layer.pixels
    return np.ascontiguousarray(np.broadcast_to(layer.pixels, like.shape))


def _darker(around: Pixels, weakest: Pixels) -> Pixels:
    """How much darker than the paper; smoothed, so that grain is no ink."""
    return np.asarray(cv2.blur(cv2.subtract(around, weakest), (3, 3)), np.uint8)


def _off(wanted: Pixels, got: Pixels, ink: Pixels) -> float:
    """Share of the ink's points that are shown much paler or darker; 0 where there is no ink."""
    most = cv2.convertScaleAbs(np.maximum(wanted, np.uint8(_OFF_LEAST)), alpha=_OFF)
    wrong = cv2.bitwise_and(cv2.compare(cv2.absdiff(wanted, got), most, cv2.CMP_GT), ink)
    return round(cv2.countNonZero(wrong) / max(1, cv2.countNonZero(ink)), 4)


def _faded(scan: Pixels, shown: Pixels) -> float:
    """Share of the coloured points that are no longer coloured, looked at from a little away."""
    size = (max(1, scan.shape[1] // 2), max(1, scan.shape[0] // 2))
    tones = [_tone(cv2.resize(i, size, interpolation=cv2.INTER_AREA)) for i in (scan, shown)]
    strength = cv2.transform(tones[0] * tones[0], np.ones((1, 3)))
    strong = strength > _TONE**2
    if strong.sum() < _FEW:
        return 0.0
    kept = cv2.transform(tones[0] * tones[1], np.ones((1, 3)))
    return round(float(((kept < _TONE_KEPT * strength) & strong).sum() / strong.sum()), 4)


def _tone(image: npt.NDArray[np.generic]) -> Floats:
    """Each channel less the mean of the three: what is left of a colour without its brightness."""
    return np.asarray(cv2.transform(image.astype(np.float32), np.eye(3) - 1 / 3), np.float32)


def _blobs(found: npt.NDArray[np.generic], mm2: float) -> float:
    """mm2 of what was found, without scattered points."""
    together = without_specks(np.asarray(found, np.uint8), max(2, round(_BLOB_MM2 / mm2)))
    return round(cv2.countNonZero(together) * mm2, 2)
