# SPDX-License-Identifier: Apache-2.0
"""Is the page legible, whole, inked? numpy and OpenCV only: the Station asks before it uploads."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ocr.clean import every_other, lift_red, paper_level
from ocr.page import Pixels
from ocr.page_ink import H, PageInk, W, X, Y

BLANK_INK = 0.001
BLANK_COMPONENTS = 15
LOW_DPI = 150
BLURRED = 0.24
FAINT = 70.0
_MARGIN = 0.03
_ROWS = 3  # every third row tells how steep the edges are

ADVICE = {
    "low_dpi": "Độ phân giải thấp: quét lại ở 300 dpi.",
    "blurred": "Ảnh mờ: lau kính, đặt giấy phẳng rồi quét lại.",
    "faint": "Chữ quá nhạt: tăng độ đậm hoặc quét lại từ bản rõ hơn.",
    "cut_edge": "Chữ bị cắt ở mép: đặt lại giấy rồi quét lại.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """How much is written: `share` of the page within its margins, `letters` by their size.

    `letters` is counted (None: it was not) only where `share` leaves the question open.
    """

    share: float
    letters: int | None

    @property
    def is_nothing(self) -> bool:
        """Three backs with seal bleed-through: 0.003-0.072 %, 0-9 letters; 55 inked: >= 2 %, 96."""
        return self.letters is not None and self.letters < BLANK_COMPONENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Legibility:
    """`sharpness`: steepest step of letter edges as a share of the contrast (0..1)."""

    dpi: float
    contrast: float
    sharpness: float
    cut_edges: tuple[str, ...]

    @property
    def troubles(self) -> tuple[str, ...]:
        found = {
            "low_dpi": self.dpi < LOW_DPI,
            "blurred": self.sharpness < BLURRED,
            "faint": self.contrast < FAINT,
            "cut_edge": bool(self.cut_edges),
        }
        return tuple(name for name, true in found.items() if true)

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do about it, in Vietnamese, for the person at the scanner."""
        return tuple(ADVICE[name] for name in self.troubles)


def measure_ink(pixels: Pixels, dpi: float) -> Ink:
    """Ink without red seals and without the outer 3 % (shadow of the lid, holes)."""
    rough = _dark(lift_red(every_other(pixels)))
    share = cv2.countNonZero(rough) / rough.size
    if share > 2 * BLANK_INK:  # nearly every page: a quarter of its pixels tells
        return Ink(share=share, letters=None)
    dark = _dark(lift_red(pixels))
    share = cv2.countNonZero(dark) / dark.size
    return Ink(share=share, letters=_count_letters(dark, dpi) if share < BLANK_INK else None)


def _dark(grey: Pixels) -> Pixels:
    height, width = grey.shape
    my, mx = round(_MARGIN * height), round(_MARGIN * width)
    inner = grey[my : height - my, mx : width - mx]
    limit = paper_level(inner) - 41
    return np.asarray(cv2.threshold(inner, limit, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)


def _count_letters(dark: Pixels, dpi: float) -> int:
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    return int(letter_sized(stats, dpi)[1:].sum())


def letter_sized(stats: np.ndarray, dpi: float) -> np.ndarray:
    """Which components could be letters: 14-110u high and less than 220u wide."""
    u = dpi / 300
    height, width = stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH]
    fits: np.ndarray = (height >= 14 * u) & (height <= 110 * u) & (width < 220 * u)
    return fits


def measure_legibility(ink: PageInk) -> Legibility:
    """Of an upright page with ink on it."""
    contrast = _contrast(ink)
    grey, mask = ink.grey[::_ROWS], ink.mask
    edge = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))[::_ROWS]
    steps = cv2.absdiff(grey[:, 1:], grey[:, :-1])
    steep = _level_at(0.90, np.asarray(steps, np.uint8), np.ascontiguousarray(edge[:, 1:]))
    return Legibility(
        dpi=round(ink.unit * 300, 2),
        contrast=contrast,
        sharpness=min(1.0, steep / max(contrast, 1.0)),
        cut_edges=_cut_edges(ink),
    )


def _contrast(ink: PageInk) -> float:
    if not ink.mask[::_ROWS].any():
        return 0.0
    return paper_level(ink.grey) - _level_at(0.25, ink.grey[::_ROWS], ink.mask[::_ROWS])


def _level_at(share: float, values: Pixels, mask: Pixels) -> float:
    """The value under which `share` of the masked pixels lie; 0 where none are."""
    counts = cv2.calcHist([values], [0], mask, [256], [0, 256]).ravel().cumsum()
    return float(np.searchsorted(counts, share * counts[-1])) if counts[-1] else 0.0


def _cut_edges(ink: PageInk) -> tuple[str, ...]:
    """Edges at which letters end: several letter-sized components touch the frame."""
    height, width = ink.mask.shape
    stats = ink.stats[1:]
    stats = stats[letter_sized(stats, ink.unit * 300)]
    ends = {
        "top": stats[:, Y] <= 1,
        "bottom": stats[:, Y] + stats[:, H] >= height - 1,
        "left": stats[:, X] <= 1,
        "right": stats[:, X] + stats[:, W] >= width - 1,
    }
    return tuple(name for name, cut in ends.items() if np.count_nonzero(cut) >= 6)
