# SPDX-License-Identifier: Apache-2.0
"""Is the page legible, whole, inked? numpy and OpenCV only: the Station asks before it uploads."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ocr.clean import ink_mask, lift_red, paper_level
from ocr.page import Pixels

BLANK_INK = 0.001
BLANK_COMPONENTS = 15
LOW_DPI = 150
BLURRED = 0.24
FAINT = 70.0
_MARGIN = 0.03

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
    grey = lift_red(pixels)
    height, width = grey.shape
    my, mx = round(_MARGIN * height), round(_MARGIN * width)
    inner = grey[my : height - my, mx : width - mx]
    dark = (inner < paper_level(inner) - 40).astype(np.uint8)
    share = cv2.countNonZero(dark) / dark.size
    return Ink(share=share, letters=_count_letters(dark, dpi) if share < BLANK_INK else None)


def _count_letters(dark: Pixels, dpi: float) -> int:
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    return int(letter_sized(stats, dpi)[1:].sum())


def letter_sized(stats: np.ndarray, dpi: float) -> np.ndarray:
    """Which components could be letters: 14-110u high and less than 220u wide."""
    u = dpi / 300
    height, width = stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH]
    fits: np.ndarray = (height >= 14 * u) & (height <= 110 * u) & (width < 220 * u)
    return fits


def measure_legibility(grey: Pixels, dpi: float) -> Legibility:
    """Of an upright page with ink on it."""
    ink = ink_mask(grey)
    edge = cv2.morphologyEx(ink, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    contrast = _contrast(grey, ink)
    steps = np.abs(np.diff(grey.astype(np.int16), axis=1))[edge[:, 1:]]
    steep = float(np.percentile(steps, 90)) if steps.size else 0.0
    return Legibility(
        dpi=dpi,
        contrast=contrast,
        sharpness=min(1.0, steep / max(contrast, 1.0)),
        cut_edges=_cut_edges(ink, dpi),
    )


def _contrast(grey: Pixels, ink: Pixels) -> float:
    inked = grey[ink > 0]
    return paper_level(grey) - float(np.percentile(inked, 25)) if inked.size else 0.0


def _cut_edges(ink: Pixels, dpi: float) -> tuple[str, ...]:
    """Edges at which letters end: several letter-sized components touch the frame."""
    deep = max(8, round(0.35 * dpi))
    strips = {
        "top": ink[:deep],
        "bottom": ink[-deep:][::-1],
        "left": ink[:, :deep].T,
        "right": ink[:, -deep:].T[::-1],
    }
    return tuple(name for name, strip in strips.items() if _touching(strip, dpi) >= 6)


def _touching(strip: Pixels, dpi: float) -> int:
    strip = np.ascontiguousarray(strip)
    _, _, stats, _ = cv2.connectedComponentsWithStats(strip, connectivity=8)
    at_edge = (stats[:, cv2.CC_STAT_TOP] <= 1) & letter_sized(stats, dpi)
    return int(at_edge[1:].sum())
