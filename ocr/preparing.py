# SPDX-License-Identifier: Apache-2.0
"""The page made straight and grey; what more is taken off it is made only when it is asked for.

Each reader wants another page: the network the grey one without red ink, Tesseract in the header
the raw one (cleaning costs number and date) and below it the cleaned one (cleaning finds the
signer under the seal).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import cv2
import numpy as np

from ocr.clean import erase_rules, erase_small, flatten, is_uneven, lift_red
from ocr.keystone import without_keystone
from ocr.page import Pixels
from ocr.page_ink import PageInk, page_ink
from ocr.straighten import Matrix, Warp, chain, cut_sheet, find_sheet, find_skew, level


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An upright page: `lifted` is level and without red ink, `warp` the way back to the scan."""

    pixels: Pixels
    lifted: Pixels
    warp: Warp
    skew: float
    dpi: float
    corners: Matrix | None = None
    flattened: bool = False
    keystone: Matrix | None = None

    def seen_straight(self, keystone: Matrix) -> Self:
        """The page as `ocr.keystone.find_keystone` says to look at it."""
        lifted, back = without_keystone(self.lifted, keystone)
        return replace(self, lifted=lifted, warp=chain(self.warp, back), keystone=keystone)

    @cached_property
    def ink(self) -> PageInk:
        return page_ink(self.lifted, self.dpi)

    @cached_property
    def raw(self) -> Pixels:
        """As scanned, only level (a photo: cut out and flattened too)."""
        if self.pixels.ndim == 2 or (self.flattened and self.corners is not None):
            return self.lifted
        raw = np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        if self.corners is not None:
            raw, _ = cut_sheet(raw, self.corners)
        raw, _ = level(raw, self.skew)
        return raw if self.keystone is None else without_keystone(raw, self.keystone)[0]

    @cached_property
    def clean(self) -> Pixels:
        """Without rules, leaders and specks too."""
        return erase_small(erase_rules(self.lifted, self.dpi), self.dpi)


def prepare(pixels: Pixels, dpi: float) -> Prepared:
    """Straighten an upright page and lift its red ink."""
    grey = lift_red(pixels)
    warp = Warp.none(grey)
    corners = find_sheet(grey, pixels)
    if corners is not None:
        grey, warp = cut_sheet(grey, corners)
    flattened = is_uneven(grey)
    if flattened:
        grey = flatten(grey)
    skew = find_skew(grey)
    grey, levelled = level(grey, skew)
    return Prepared(
        pixels=pixels,
        lifted=grey,
        warp=chain(warp, levelled),
        skew=skew,
        dpi=dpi,
        corners=corners,
        flattened=flattened,
    )


def unprepared(pixels: Pixels, dpi: float) -> Prepared:
    """A page that is straight by its nature: rendered, with a text layer that is believed."""
    grey = lift_red(pixels)
    return Prepared(pixels=pixels, lifted=grey, warp=Warp.none(grey), skew=0.0, dpi=dpi)
