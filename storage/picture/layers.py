# SPDX-License-Identifier: Apache-2.0
"""Mixed raster content: a page taken apart into sharp ink, its colour, and the paper.

Letters need sharp edges and no colour depth, paper and seals need colour and no sharp edges. Masks
hold the ink: the last is a stroke's inside, those before it also the soft rim around it, which is
shown part of the way from paper to ink. One mask alone costs a bad photocopy a character in a
hundred; on a coarse grid, where half of a letter is rim, a pale seal over print needs a third.

What the masks do not take stays in the paper layer, so nothing is thrown away outright; whether
enough of it stayed is measured afterwards (`storage.picture.fidelity`).

Everything but the masks is worked out at about 100 dpi: a full raster is passed over as few times
as can be, for the copy of a page may not cost more than the reading of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Pixels

Floats = npt.NDArray[np.float32]

COARSE_DPI = 100
_MASK_DPI = 150  # a coarser page gets masks twice as fine: its soft edges carry the letters
_PAPER_MM, _REACH_MM = 10.0, 1.0
_FINE_DPI = 250  # of the masks: coarser ones need a step more
_STEPS = (0.25, 0.6)  # of the way from paper to the darkest ink near: where each mask begins
_COARSE_STEPS = (0.17, 0.47, 0.76)
_DEEP = 0.78  # of the same way: as dark as the ink itself
_LEAST, _MOST = 22, 60  # levels: below is noise of the scanner, above a pale stamp would be lost
_NOISE_SIGMAS = 4.5
_SPECK_MM2 = 0.06
_HALO_MM = 0.6  # around ink, that its edge does not darken the paper
_PLAIN, _PALE = 40, 170  # chroma and brightness below which ink is print
_GRAIN = 45  # levels: print that differs more from the print near it keeps its own
_WIDE = 4  # coarse points to one of the grid on which holes are filled
_FLAT = 5  # levels a layer may differ from one colour and still be called flat
_CHROMA = 22  # levels between the strongest and weakest channel that make a point coloured
_VIVID = 40  # the same that makes it ink, whatever black print stands beside it
_COLOURED_SHARE = 0.0002
_PURE, _PURE_SHARE = 24, 0.004  # levels from black or white; share of a page that may be neither


@dataclass(frozen=True, slots=True, kw_only=True)
class Coarse:
    """A layer at about 100 dpi: grey or RGB `pixels`; `flat` when one colour says it all."""

    pixels: Pixels
    flat: bool


@dataclass(frozen=True, kw_only=True)
class Layers:
    """Layers over the same `page`. `masks`: 255 where ink is, the widest first, each within it.

    The k-th of n masks shows k/n of the way from paper to ink; a page without soft edges has one.
    `small`: the page itself at the coarse layers' size; `around`: the paper's level at each of its
    points; `rim`: how much of each the ink covers, 0..255. `deep`: 255 where the ink is as dark as
    it gets. `exact`: the page is black and white and nothing else, and the mask is all of it.

    `paper` and `tint` are made only when they are asked for: a ragged page has no use for them.
    """

    page: Pixels
    masks: tuple[Pixels, ...]
    deep: Pixels
    rim: Pixels
    small: Pixels
    around: Pixels
    exact: bool = False

    @property
    def grey(self) -> bool:
        """The page has no colour worth keeping, and the coarse layers have one channel."""
        return self.page.ndim == 2

    @property
    def soft(self) -> bool:
        """The ink has edges between paper and ink."""
        return len(self.masks) > 1

    @cached_property
    def paper(self) -> Coarse:
        return _coarse(_paper(self.small, self.rim)) if self.soft else _one(255)

    @cached_property
    def tint(self) -> Coarse:
        if not self.soft:
            return _one(0)
        return _coarse(_tint(self.page, self.deep, _shares(self.deep, self.small)))


def split(page: Pixels, dpi: float) -> Layers:
    """Take a page apart: (height, width) grey or (height, width, 3) RGB, sides as `pad` gives."""
    small, vivid = _shrunk(page, cell_of(dpi)), None
    if page.ndim == 3:
        chroma = _chroma(small)
        if _is_coloured(chroma):
            vivid = _above(chroma, _VIVID)
        else:
            page, small = _grey(page), _grey(small)
    if page.ndim == 2 and (found := _black_of_two(page)) is not None:
        black, exact = found
        return Layers(
            page=page,
            masks=(black,),
            deep=black,
            rim=_shares(black, small),
            small=small,
            around=np.full_like(small, 255),
            exact=exact,
        )
    around = paper_around(weakest_of(small), dpi / cell_of(dpi))
    weakest = weakest_of(page)
    dark = _u8(cv2.subtract(cv2.resize(around, weakest.shape[::-1]), weakest))
    masks, deep = _ink(dark, dpi, vivid)
    return Layers(
        page=page,
        masks=masks,
        deep=deep,
        rim=_shares(masks[0], small),
        small=small,
        around=around,
    )


def cell_of(dpi: float) -> int:
    """Pixels of the page to one of the coarse layers."""
    return max(1, round(dpi / COARSE_DPI))


def pad(page: Pixels, dpi: float) -> Pixels:
    """The page with its last row and column repeated until its sides can be shrunk evenly.

    To the cell and no further: with more margin poppler's scaling drops half as much ink again.
    """
    height, width = page.shape[:2]
    unit = cell_of(dpi)
    below, right = -height % unit, -width % unit
    if not below and not right:
        return page
    return _u8(cv2.copyMakeBorder(page, 0, below, 0, right, cv2.BORDER_REPLICATE))


def paper_around(weakest: Pixels, dpi: float) -> Pixels:
    """The paper's own level at each point of a (height, width) image: the median of 10 mm.

    Of the weakest channel and not of the brightness: a red seal on white is half as dark in grey.
    """
    height, width = weakest.shape
    step = max(1, min(int(dpi // 50), height, width))
    even = weakest[: height // step * step, : width // step * step]
    coarse = cv2.resize(even, (width // step, height // step), interpolation=cv2.INTER_AREA)
    side = _odd(_PAPER_MM, dpi / step)
    edge, usual = side // 2, middle(_u8(coarse))
    # beyond the sheet lies paper: a scanner's black edge is ink, and not kept by the paper layer
    wide = cv2.copyMakeBorder(coarse, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=usual)
    around = cv2.medianBlur(wide, side)[edge:-edge, edge:-edge]
    return _u8(cv2.resize(around, (width, height)))


def weakest_of(page: Pixels) -> Pixels:
    """The least of the channels, (height, width). Split first: strided views cost six times."""
    if page.ndim == 2:
        return page
    red, green, blue = cv2.split(page)
    return _u8(cv2.min(cv2.min(red, green), blue))


def without_specks(ink: Pixels, least: int) -> Pixels:
    """Ink less the specks: 255 where `least` points or more lie together, in (height, width).

    Counted in a window and not by connected components, which take ten times as long: a point
    stays when it is near a window that holds enough, so the ends of thin strokes stay too.
    """
    side = 2 * min(max(least // 2, 1), 7) + 1
    many = cv2.boxFilter(cv2.threshold(ink, 0, 1, cv2.THRESH_BINARY)[1], -1, (side, side),
                         normalize=False, borderType=cv2.BORDER_CONSTANT)  # fmt: skip
    near = cv2.dilate(_above(_u8(many), least - 1), _square(side))
    return _u8(cv2.bitwise_and(ink, near))


def middle(levels: Pixels) -> int:
    """The median, by counting."""
    counts = counted(levels).cumsum()
    return int(np.searchsorted(counts, (counts[-1] + 1) // 2))


def counted(levels: Pixels) -> Floats:
    """How often each of the 256 levels occurs (numpy's bincount takes ten times as long)."""
    return _floats(cv2.calcHist([levels], [0], None, [256], [0, 256])).ravel()


def _black_of_two(page: Pixels) -> tuple[Pixels, bool] | None:
    """255 where a page of black and white is black, and whether it has no other level at all.

    None for a page with levels between.
    """
    glance = counted(np.ascontiguousarray(page[::8, ::8]))
    if glance[_PURE : 256 - _PURE].sum() > 4 * _PURE_SHARE * glance.sum():
        return None
    counts = counted(page)
    between = counts[_PURE : 256 - _PURE].sum()
    if between > _PURE_SHARE * page.size or counts[256 - _PURE :].sum() < page.size / 2:
        return None
    exact = bool(counts[0] + counts[255] == page.size)
    return _u8(cv2.threshold(page, 127, 255, cv2.THRESH_BINARY_INV)[1]), exact


def _ink(dark: Pixels, dpi: float, vivid: Pixels | None) -> tuple[tuple[Pixels, ...], Pixels]:
    """(masks, deep). Where a stroke is, by the paper and the darkest ink around it.

    `deep` is as dark as the ink itself: its colour is taken there, or every stroke would pale.

    Coloured ink is looked for by itself: beside black print halfway is darker than a seal.
    """
    if dpi < _MASK_DPI:
        dark = _u8(cv2.resize(dark, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
        dpi = dpi * 2
    elif dpi >= 3 * _MASK_DPI:
        dark = _u8(cv2.resize(dark, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
        dpi = dpi / 2
    dark = _u8(cv2.GaussianBlur(dark, (3, 3), 0))
    inks = [_u8(cv2.compare(dark, level, cv2.CMP_GT)) for level in _levels(dark, dpi)]
    if vivid is not None:
        vivid = _u8(cv2.resize(vivid, dark.shape[::-1], interpolation=cv2.INTER_NEAREST))
        vivid = _u8(cv2.bitwise_and(vivid, _above(dark, _LEAST)))
        inks = [_u8(cv2.bitwise_or(ink, vivid)) for ink in inks]
    widest = without_specks(inks[0], max(2, round(_SPECK_MM2 * (dpi / 25.4) ** 2)))
    inner = (_u8(cv2.bitwise_and(ink, widest)) for ink in inks[1:-1])
    return (widest, *inner), inks[-1]


def _levels(dark: Pixels, dpi: float) -> Iterator[Pixels]:
    """How dark a point is at least to be in each of the masks, and to be deep, at each point."""
    height, width = dark.shape
    step = max(1, round(dpi / 75))
    peaks = cv2.dilate(dark, _square(step + 1))[::step, ::step]
    reach = _odd(_REACH_MM, dpi / step)
    peaks = _u8(cv2.blur(cv2.dilate(peaks, _square(reach)), (reach, reach)))
    peaks = _u8(cv2.resize(peaks, (width, height)))
    noise = middle(dark[::step, ::step]) * 1.48
    least = min(max(_LEAST, _NOISE_SIGMAS * noise), _MOST)
    steps = _STEPS if dpi >= _FINE_DPI else _COARSE_STEPS
    for number, share in enumerate((*steps, _DEEP)):
        level = _u8(cv2.convertScaleAbs(peaks, alpha=share))
        floor = least * 1.25 ** min(number, len(steps) - 1)
        yield np.maximum(level, np.uint8(floor), out=level)


def _is_coloured(chroma: Pixels) -> bool:
    return cv2.countNonZero(_above(chroma, _CHROMA)) > _COLOURED_SHARE * chroma.size


def _chroma(page: Pixels) -> Pixels:
    """Strongest less weakest channel (numpy's ptp along the last axis is ten times slower)."""
    red, green, blue = cv2.split(page)
    strongest, weakest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    return _u8(cv2.subtract(strongest, weakest))


def _shares(mask: Pixels, small: Pixels) -> Pixels:
    """How much of each coarse point the mask covers, 0..255."""
    return _u8(cv2.resize(mask, small.shape[1::-1], interpolation=cv2.INTER_AREA))


def _paper(small: Pixels, rim: Pixels) -> Pixels:
    """The page without its ink: beneath and close to ink, what the paper farther off shows."""
    halo = 2 * round(_HALO_MM / 25.4 * COARSE_DPI / 2) + 1
    bare = _u8(cv2.bitwise_not(cv2.dilate(_above(rim, 0), _square(halo))))
    around = _spread(small, bare)
    if around is None:
        return np.full_like(small, 255)
    return _u8(cv2.copyTo(small, bare, around))


def _tint(page: Pixels, deep: Pixels, inside: Pixels) -> Pixels:
    """The colour of the ink at each coarse point, and between inks that of the nearest.

    Print loses its grain: it gets the mean of the print near it. Coloured and pale ink keep their
    own values, or a signature crossing a seal would turn red.
    """
    if deep.shape != page.shape[:2]:
        deep = _above(_u8(cv2.resize(deep, page.shape[1::-1])), 127)
    taken = _u8(cv2.copyTo(page, deep))
    sums = cv2.resize(taken, inside.shape[::-1], interpolation=cv2.INTER_AREA)
    share = np.maximum(inside, 1)
    each = share if page.ndim == 2 else cv2.merge([share] * 3)
    ink = _u8(cv2.divide(sums, each, scale=255))
    here = _above(inside, 40)  # less of a point is mostly rounding
    bright = ink if ink.ndim == 2 else _u8(cv2.cvtColor(ink, cv2.COLOR_RGB2GRAY))
    plain = here if ink.ndim == 2 else _without(here, _above(_chroma(ink), _PLAIN))
    calm = _spread(ink, _without(plain, _above(bright, _PALE)))
    if calm is None:
        around = _spread(ink, here)
        return np.zeros_like(ink) if around is None else _u8(cv2.copyTo(ink, here, around))
    grain = _u8(cv2.absdiff(ink, calm))
    grain = grain if grain.ndim == 2 else _u8(cv2.cvtColor(grain, cv2.COLOR_RGB2GRAY))
    own = _without(here, _without(plain, _above(grain, _GRAIN)))
    around = _spread(ink, own)
    if around is None:
        return calm
    # where neither ink stands the black one is shown, but close to coloured ink its colour
    near = _without(_u8(cv2.dilate(own, _square(5))), here)
    return _u8(cv2.copyTo(ink, own, _u8(cv2.copyTo(around, near, calm))))


def _spread(values: Pixels, known: Pixels) -> Pixels | None:
    """A smooth image through the known points (255), at the same size; None without any."""
    if not cv2.countNonZero(known):
        return None
    high, wide = known.shape
    # whole points to each of the grid: a broken number of them takes five times as long
    more = (0, -high % _WIDE, 0, -wide % _WIDE, cv2.BORDER_CONSTANT)
    taken = _u8(cv2.copyMakeBorder(cv2.copyTo(values, known), *more))
    known = _u8(cv2.copyMakeBorder(known, *more))
    size = (known.shape[1] // _WIDE, known.shape[0] // _WIDE)
    sums = _floats(cv2.resize(taken, size, interpolation=cv2.INTER_AREA))
    share = _floats(cv2.resize(known, size, interpolation=cv2.INTER_AREA)) / np.float32(255)
    filled = _filled(sums.reshape(size[1], size[0], -1), _floats(share))
    whole = _u8(cv2.resize(_u8(cv2.convertScaleAbs(filled)), known.shape[::-1]))
    return np.ascontiguousarray(whole[:high, :wide]).reshape(values.shape)


def _filled(sums: Floats, share: Floats) -> Floats:
    """Values where there are any; elsewhere those of the coarser level, down to one point."""
    weight = np.maximum(share, np.float32(1e-4))[..., None]
    if min(share.shape) == 1:
        whole = sums.sum((0, 1)) / max(float(share.sum()), 1e-4)
        return np.ascontiguousarray(np.broadcast_to(whole, sums.shape), np.float32)
    values = sums / weight
    known = share >= 0.2  # the sums were rounded
    if not known.all():
        half = ((share.shape[1] + 1) // 2, (share.shape[0] + 1) // 2)
        less = _floats(cv2.resize(sums, half, interpolation=cv2.INTER_AREA))
        less_share = _floats(cv2.resize(share, half, interpolation=cv2.INTER_AREA))
        small = _filled(less.reshape(half[1], half[0], -1), less_share)
        rest = _floats(cv2.resize(small, share.shape[::-1])).reshape(values.shape)
        values = np.where(known[..., None], values, rest)
    return _floats(values)


def _coarse(pixels: Pixels) -> Coarse:
    smooth = _u8(cv2.blur(pixels, (3, 3)))
    channels = [smooth] if smooth.ndim == 2 else cv2.split(smooth)
    usual = [middle(np.ascontiguousarray(_u8(c)[::4, ::4])) for c in channels]
    away = max(
        max(abs(low - u), abs(high - u))
        for c, u in zip(channels, usual, strict=True)
        for low, high, _, _ in [cv2.minMaxLoc(c)]
    )
    if away > _FLAT:
        return Coarse(pixels=pixels, flat=False)
    return Coarse(pixels=np.array([[usual]], np.uint8).reshape(1, 1, *pixels.shape[2:]), flat=True)


def _one(level: int) -> Coarse:
    return Coarse(pixels=np.full((1, 1), level, np.uint8), flat=True)


def _shrunk(page: Pixels, cell: int) -> Pixels:
    size = (max(1, page.shape[1] // cell), max(1, page.shape[0] // cell))
    return _u8(cv2.resize(page, size, interpolation=cv2.INTER_AREA))


def _grey(page: Pixels) -> Pixels:
    return _u8(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY))


def _odd(mm: float, dpi: float) -> int:
    return 2 * max(1, round(mm / 25.4 * dpi / 2)) + 1


def _without(mask: Pixels, other: Pixels) -> Pixels:
    return _u8(cv2.bitwise_and(mask, cv2.bitwise_not(other)))


def _above(image: Pixels, level: float) -> Pixels:
    return _u8(cv2.threshold(image, level, 255, cv2.THRESH_BINARY)[1])


def _u8(image: npt.NDArray[Any]) -> Pixels:
    return np.asarray(image, np.uint8)


def _floats(image: npt.NDArray[Any]) -> Floats:
    return np.asarray(image, np.float32)


def _square(side: int) -> Pixels:
    return np.ones((side, side), np.uint8)
