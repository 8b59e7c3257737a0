# SPDX-License-Identifier: Apache-2.0
"""Mixed raster content: a page taken apart into sharp ink of one bit, its colour, and the paper.

Letters need sharp edges and no colour depth, paper and seals need colour and no sharp edges.
What the mask does not take stays in the paper layer, so nothing is thrown away outright; whether
enough of it stayed is measured afterwards (`storage.pdf.fidelity`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Pixels

Floats = npt.NDArray[np.float32]
_Level = TypeVar("_Level", np.uint8, np.float32)

COARSE_DPI = 100
MASK_DPI = 300
_PAPER_DPI = 75  # where the paper's own brightness is estimated
_PAPER_MM, _REACH_MM = 10.0, 1.0
_HALFWAY = 0.42  # of the way from paper to the darkest ink near: where a stroke's edge lies
_LEAST, _MOST = 22, 80  # levels: below is noise of the scanner, above a pale stamp would be lost
_NOISE_SIGMAS = 4.5
_SPECK_MM2 = 0.06
_HALO_MM = 0.6  # around ink, that its edge does not darken the paper
_LEAST_SHARE = 0.08  # of a cell: fewer pixels say little and are rounded
_PLAIN, _BLACK = 40.0, 110.0  # chroma and brightness below which ink is black
_NEAR = (15, 15)  # cells, about 4 mm
_FLAT = 5  # levels a layer may differ from one colour and still be called flat
_CHROMA = 22.0  # levels between the strongest and weakest channel that make a point coloured
_VIVID = 40  # the same that makes it ink, whatever black print stands beside it
_COLOURED_SHARE = 0.0002


@dataclass(frozen=True, slots=True, kw_only=True)
class Coarse:
    """A layer at about 100 dpi: grey or BGR `pixels`; `flat` when one colour says it all."""

    pixels: Pixels
    flat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Three layers over the same paper.

    `ink`: 255 where ink is, `scale` mask pixels to a source pixel. `grey`: the page has no
    colour worth keeping, and the coarse layers have one channel.
    """

    ink: Pixels
    scale: float
    paper: Coarse
    tint: Coarse
    grey: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gathered:
    """Sums of the pixels taken in each cell (3 axes), and the share of the cell they fill."""

    sums: Floats
    share: Floats


def split(page: Pixels, dpi: float) -> Layers:
    """Take a page apart: (height, width) grey or (height, width, 3) BGR."""
    cell = cell_of(dpi)
    scale = _mask_scale(dpi)
    height, width = page.shape[:2]
    vivid = _vivid(page, dpi)
    ink = _ink(darkness(page, dpi), dpi, scale, vivid)
    mask = _as_large(ink, height, width)
    around = cv2.bitwise_not(cv2.dilate(mask, _square(_odd(_HALO_MM, dpi))))
    paper = _gather(page, np.asarray(around, np.uint8), cell)
    tint = _gather(page, _core(mask, vivid), cell)
    grey = not any(_coloured(layer) for layer in (paper, tint))
    return Layers(
        ink=ink,
        scale=scale,
        paper=_coarse(paper, grey, 255),
        tint=_coarse(_calm(tint), grey, 0),
        grey=grey,
    )


def _core(mask: Pixels, vivid: Pixels | None) -> Pixels:
    """The inside of each stroke, that its soft edge does not pale the ink.

    A coloured stroke too thin to have an inside counts whole, or it takes the black beside it.
    """
    inside = np.asarray(cv2.erode(mask, _square(3)), np.uint8)
    if vivid is None:
        return inside if inside.any() else mask
    thin = cv2.subtract(cv2.bitwise_and(mask, vivid), cv2.dilate(inside, _square(7)))
    return np.asarray(cv2.bitwise_or(inside, thin), np.uint8)


def cell_of(dpi: float) -> int:
    """Pixels of the page to one of the coarse layers."""
    return max(1, round(dpi / COARSE_DPI))


def pad(page: Pixels, cell: int) -> Pixels:
    """The page with its last row and column repeated until `cell` divides its sides."""
    height, width = page.shape[:2]
    below, right = -height % cell, -width % cell
    if not below and not right:
        return page
    return np.asarray(
        cv2.copyMakeBorder(page, 0, below, 0, right, cv2.BORDER_REPLICATE), dtype=np.uint8
    )


def darkness(page: Pixels, dpi: float) -> Pixels:
    """How much darker than the paper around it each point is, in its weakest channel.

    The weakest channel and not the brightness: a red seal on white is half as dark in grey.
    """
    weakest = weakest_of(page)
    return np.asarray(cv2.subtract(paper_around(weakest, dpi), weakest), np.uint8)


def paper_around(weakest: Pixels, dpi: float) -> Pixels:
    """The paper's own level at each point of a (height, width) image: the median of 10 mm."""
    height, width = weakest.shape
    step = max(1, min(int(dpi // _PAPER_DPI), height, width))
    even = weakest[: height // step * step, : width // step * step]
    small = cv2.resize(even, (width // step, height // step), interpolation=cv2.INTER_AREA)
    around = cv2.medianBlur(small, _odd(_PAPER_MM, dpi / step))
    return np.asarray(cv2.resize(around, (width, height)), np.uint8)


def weakest_of(page: Pixels) -> Pixels:
    """The least of the channels, (height, width). Split first: strided views cost six times."""
    if page.ndim == 2:
        return page
    blue, green, red = cv2.split(page)
    return np.asarray(cv2.min(cv2.min(blue, green), red), np.uint8)


def _mask_scale(dpi: float) -> float:
    if dpi >= 1.5 * MASK_DPI:
        return 0.5
    return 1.0 if dpi >= 0.8 * MASK_DPI else min(2.0, MASK_DPI / dpi)


def _ink(dark: Pixels, dpi: float, scale: float, vivid: Pixels | None) -> Pixels:
    """255 where a stroke is: darker than halfway between the paper and the ink around it.

    Coloured ink is looked for by itself: beside black print halfway is darker than a seal.
    """
    if vivid is not None:
        vivid = np.asarray(cv2.bitwise_and(vivid, _above(dark, _LEAST)), np.uint8)
    if scale != 1:
        wide, high = round(dark.shape[1] * scale), round(dark.shape[0] * scale)
        dark = _resized(dark, wide, high)
        dpi = dpi * scale
    dark = np.asarray(cv2.GaussianBlur(dark, (3, 3), 0), np.uint8)
    ink = np.asarray(cv2.compare(dark, _edge_level(dark, dpi), cv2.CMP_GT), np.uint8)
    if vivid is not None:
        ink = np.asarray(cv2.bitwise_or(ink, _as_large(vivid, *ink.shape)), np.uint8)
    return without_specks(ink, max(2, round(_SPECK_MM2 * (dpi / 25.4) ** 2)))


def _vivid(page: Pixels, dpi: float) -> Pixels | None:
    """255 where ink has a colour; None on a page of grey and black."""
    if page.ndim == 2:
        return None
    step = cell_of(dpi)
    smooth = np.asarray(cv2.blur(page, (3, 3)), np.uint8)  # a scanner's grain has colour too
    chroma = _chroma(smooth)
    if (chroma[::step, ::step] > _CHROMA).mean() < _COLOURED_SHARE:
        return None
    return _above(chroma, _VIVID)


def _chroma(page: npt.NDArray[_Level]) -> npt.NDArray[_Level]:
    """Strongest less weakest channel (numpy's ptp along the last axis is ten times slower)."""
    blue, green, red = cv2.split(page)
    strongest, weakest = cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red)
    return np.asarray(cv2.subtract(strongest, weakest), page.dtype)


def _as_large(mask: Pixels, height: int, width: int) -> Pixels:
    if mask.shape == (height, width):
        return mask
    return _above(_resized(mask, width, height), 127)


def _edge_level(dark: Pixels, dpi: float) -> Pixels:
    height, width = dark.shape
    step = max(1, round(dpi / _PAPER_DPI))
    peaks = cv2.dilate(dark, _square(step + 1))[::step, ::step]
    reach = _odd(_REACH_MM, dpi / step)
    peaks = cv2.blur(cv2.dilate(peaks, _square(reach)), (reach, reach))
    noise = middle(dark[::step, ::step]) * 1.48
    least = min(max(_LEAST, _NOISE_SIGMAS * noise), _MOST - 20)
    level = np.clip(peaks.astype(np.float32) * _HALFWAY, least, _MOST).astype(np.uint8)
    return np.asarray(cv2.resize(level, (width, height)), np.uint8)


def without_specks(ink: Pixels, least: int) -> Pixels:
    """Ink less the specks: 255 where `least` points or more lie together, in (height, width).

    Counted in a window and not by connected components, which take ten times as long: a point
    stays when it is near a window that holds enough, so the ends of thin strokes stay too.
    """
    side = 2 * min(max(least // 2, 1), 7) + 1
    many = cv2.boxFilter(cv2.threshold(ink, 0, 1, cv2.THRESH_BINARY)[1], -1, (side, side),
                         normalize=False, borderType=cv2.BORDER_CONSTANT)  # fmt: skip
    near = cv2.dilate(_above(np.asarray(many, np.uint8), least - 1), _square(side))
    return np.asarray(cv2.bitwise_and(ink, near), np.uint8)


def _gather(page: Pixels, mask: Pixels, cell: int) -> _Gathered | None:
    """The pixels that the mask takes, summed over square cells; None when it takes none."""
    size = (page.shape[1] // cell, page.shape[0] // cell)
    share = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    share *= np.float32(1 / 255)
    if not cv2.countNonZero(share):
        return None
    taken = cv2.bitwise_and(page, page, mask=mask)
    sums = cv2.resize(taken, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return _Gathered(sums=sums.reshape(*share.shape, -1), share=share)


def _coloured(layer: _Gathered | None) -> bool:
    if layer is None or layer.sums.shape[2] == 1:
        return False
    strong = cv2.compare(_chroma(layer.sums), np.maximum(layer.share, 0.2) * _CHROMA, cv2.CMP_GT)
    return cv2.countNonZero(strong) > _COLOURED_SHARE * strong.size


def _calm(layer: _Gathered | None) -> _Gathered | None:
    """Black ink without its grain: each point gets the mean of the black ink near it.

    Coloured and pale ink keep their own values, or a signature crossing a seal would turn red.
    """
    if layer is None:
        return None
    sums, share = layer.sums, layer.share
    dark = cv2.compare(_levels(sums), share * _BLACK, cv2.CMP_LT)
    if sums.shape[2] == 3:
        plain = cv2.compare(_chroma(sums), share * _PLAIN, cv2.CMP_LT)
        dark = cv2.bitwise_and(dark, plain)
    black = _floats(cv2.copyTo(sums, dark))
    near = cv2.blur(_floats(cv2.copyTo(share, dark)), _NEAR)
    mean = _per(_shaped(cv2.blur(black, _NEAR), sums), _floats(near))
    calm = sums.copy()
    cv2.copyTo(_times(mean, share), dark, calm)
    return _Gathered(sums=_shaped(calm, sums), share=share)


def _coarse(layer: _Gathered | None, grey: bool, nothing: int) -> Coarse:
    if layer is None:
        return Coarse(pixels=np.full((1, 1), nothing, np.uint8), flat=True)
    values = _filled(layer.sums, layer.share)
    if grey:
        values = _levels(values)[..., None]
    pixels = np.asarray(cv2.convertScaleAbs(values), np.uint8).reshape(values.shape)
    smooth = np.asarray(cv2.blur(pixels, (3, 3)), np.uint8).reshape(pixels.shape)
    usual = np.median(smooth[::4, ::4], axis=(0, 1), keepdims=True).astype(np.uint8)
    even = np.broadcast_to(usual, pixels.shape[:2] + usual.shape[2:])
    flat = int(cv2.absdiff(smooth, np.ascontiguousarray(even)).max()) <= _FLAT
    return Coarse(pixels=usual if flat else pixels, flat=flat)


def _filled(sums: Floats, share: Floats) -> Floats:
    """Values where there are any; elsewhere those of the coarser level, down to one point."""
    if not share.any():
        return np.zeros_like(sums)
    if min(share.shape) == 1:
        whole = sums.sum((0, 1)) / share.sum()
        return np.ascontiguousarray(np.broadcast_to(whole, sums.shape), np.float32)
    known = (share >= _LEAST_SHARE).astype(np.uint8)
    values = _per(sums, share)
    if cv2.countNonZero(known) < known.size:
        half = ((share.shape[1] + 1) // 2, (share.shape[0] + 1) // 2)
        less = _floats(cv2.resize(sums, half, interpolation=cv2.INTER_AREA))
        less_share = _floats(cv2.resize(share, half, interpolation=cv2.INTER_AREA))
        small = _filled(less.reshape(half[1], half[0], -1), less_share)
        rest = _floats(cv2.resize(small, (share.shape[1], share.shape[0])))
        cv2.copyTo(values, known, rest)
        values = rest
    return _shaped(values, sums)


def _per(sums: Floats, share: Floats) -> Floats:
    """Each channel divided by `share` (numpy's broadcast along the last axis is far slower)."""
    weight = np.maximum(share, np.float32(1e-4))
    return _shaped(cv2.divide(sums, cv2.merge([weight] * sums.shape[2])), sums)


def _times(values: Floats, share: Floats) -> Floats:
    return _shaped(cv2.multiply(values, cv2.merge([share] * values.shape[2])), values)


def _levels(layer: Floats) -> Floats:
    """(height, width): the mean of the channels."""
    return _floats(cv2.transform(layer, np.full((1, layer.shape[2]), 1 / layer.shape[2])))


def _shaped(image: npt.NDArray[Any], like: Floats) -> Floats:
    """OpenCV drops the axis of a single channel; it is put back."""
    return np.asarray(image, np.float32).reshape(like.shape)


def middle(levels: Pixels) -> int:
    """The median, by counting."""
    counts = np.bincount(levels.ravel(), minlength=256).cumsum()
    return int(np.searchsorted(counts, (counts[-1] + 1) // 2))


def _odd(mm: float, dpi: float) -> int:
    return 2 * max(1, round(mm / 25.4 * dpi / 2)) + 1


def _above(image: Pixels, level: float) -> Pixels:
    return np.asarray(cv2.threshold(image, level, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _floats(image: npt.NDArray[Any]) -> Floats:
    return np.asarray(image, np.float32)


def _square(side: int) -> Pixels:
    return np.ones((side, side), np.uint8)


def _resized(image: Pixels, width: int, height: int) -> Pixels:
    shrinks = width < image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)
