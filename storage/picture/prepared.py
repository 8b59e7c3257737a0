# SPDX-License-Identifier: Apache-2.0
"""What of a page's picture goes into the PDF: mixed layers where they show it truly, or a JPEG.

Worked out where the pixels are (a reading process), without the PDF: what comes out is some ten
thousand bytes, and travels to the process that binds the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from ocr.page import Pixels
from storage.picture.fax import Fax, fax_of
from storage.picture.fidelity import Fidelity, compare
from storage.picture.layers import Coarse, Layers, cell_of, pad, split
from workflows.errors import DamagedDocument

_PAPER_QUALITY, _TINT_QUALITY, _PLAIN_QUALITY = 35, 40, 75
_RAGGED_BITS = 0.82  # of Group 4 for a point of ink: sharp print takes up to .8, a photocopy more
_MAX_PIXELS = 80_000_000  # an A2 sheet at 450 dpi; larger pictures go in as they came
_LEAST_SIDE = 8  # pixels: nothing to take apart
_SMALL_QUALITY = 80


class Form(StrEnum):
    """How a page's picture is stored."""

    MIXED = "mixed"
    JPEG = "jpeg"


Fill = bytes | tuple[int, ...]
"""What a layer is filled with: a JPEG over the whole page, or one grey level or RGB colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """Layers as they are stored, painted in this order: `paper`, then each ink with its fill.

    `inks`: Group 4 stencils; the softest rim of the strokes first, their inside last. `wide`,
    `high`: the layers' size as a multiple of the page's, a little over 1.
    """

    paper: Fill
    inks: tuple[tuple[Fax, Fill], ...]
    wide: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPicture:
    """A page's picture ready to be put into a PDF (`PagePicture`): `mixed`, or else a JPEG.

    `small`: a grey JPEG of the page at about 100 dpi, where a mark looks for room. `fidelity`:
    measured also where it led to a JPEG; None where no layers were made to be measured.
    """

    mixed: Mixed | None
    jpeg: bytes
    small: bytes
    fidelity: Fidelity | None = None

    @property
    def form(self) -> Form:
        return Form.JPEG if self.mixed is None else Form.MIXED

    @property
    def stored(self) -> int:
        """Bytes of the image streams."""
        if self.mixed is None:
            return len(self.jpeg)
        fills = (self.mixed.paper, *(fill for _, fill in self.mixed.inks))
        return sum(len(fax.data) for fax, _ in self.mixed.inks) + sum(
            len(fill) for fill in fills if isinstance(fill, bytes)
        )


def prepare(pixels: Pixels, dpi: float, jpeg: bytes = b"") -> PreparedPicture:
    """Grey or RGB pixels, upright. `jpeg`: the same picture as it came, kept where it is smaller.

    Raises `DamagedDocument` for pixels that no JPEG can be made of.
    """
    height, width = pixels.shape[:2]
    if width * height > _MAX_PIXELS or min(height, width) < _LEAST_SIDE:
        return whole(jpeg or encoded(pixels, _PLAIN_QUALITY), small=_small(pixels, dpi))
    padded, cell = pad(pixels, dpi), cell_of(dpi)
    layers = split(padded, dpi)
    small = _quick(_grey(layers.small)[: -(-height // cell), : -(-width // cell)])
    widest, fidelity = _stencil(layers.masks[0]), None
    if not _is_ragged(layers, widest):
        # black and white alone need no measuring: the mask is the page
        fidelity = None if layers.exact else compare(layers, dpi / cell)
        if fidelity is None or fidelity.good:
            over = padded.shape[1] / width, padded.shape[0] / height
            stencils = [widest, *map(_stencil, layers.masks[1:])]
            mixed = _mixed(layers, stencils, *over)
            made = PreparedPicture(mixed=mixed, jpeg=b"", small=small, fidelity=fidelity)
            if not jpeg or made.stored < len(jpeg):
                return made
    plain = encoded(_grey(pixels) if layers.grey else pixels, _PLAIN_QUALITY)
    kept = jpeg if jpeg and len(jpeg) <= len(plain) else plain
    return whole(kept, small=small, fidelity=fidelity)


def whole(jpeg: bytes, *, small: bytes, fidelity: Fidelity | None = None) -> PreparedPicture:
    return PreparedPicture(mixed=None, jpeg=jpeg, small=small, fidelity=fidelity)


def _stencil(mask: Pixels | None) -> Fax | None:
    return fax_of(mask) if mask is not None and cv2.countNonZero(mask) else None


def _mixed(layers: Layers, stencils: Sequence[Fax | None], wide: float, high: float) -> Mixed:
    paper, tint = _fill(layers.paper, _PAPER_QUALITY), _fill(layers.tint, _TINT_QUALITY)
    between = _between(layers)
    inks: list[tuple[Fax, Fill]] = []
    for number, stencil in enumerate(stencils, 1):
        share = number / len(stencils)
        if stencil is not None:
            fill = tint if share == 1 else _fill(between(share), _PAPER_QUALITY)
            inks.append((stencil, fill))
    return Mixed(paper=paper, inks=tuple(inks), wide=wide, high=high)


def _is_ragged(layers: Layers, widest: Fax | None) -> bool:
    """A copy of a copy: its letters live on shades that masks lose (a character in a hundred)."""
    if widest is None or not layers.soft:
        return False
    return len(widest.data) * 8 > _RAGGED_BITS * cv2.countNonZero(layers.masks[0])


def _between(layers: Layers) -> Callable[[float], Coarse]:
    """What shows a share of the way from the paper to the ink."""
    both = layers.paper, layers.tint
    sides = [layer.pixels.shape for layer in both if not layer.flat]
    high, wide = sides[0][:2] if sides else (1, 1)
    size = (max(1, wide // 2), max(1, high // 2))
    paper, tint = (cv2.resize(layer.pixels, size) for layer in both)

    def mixed(share: float) -> Coarse:
        shown = np.asarray(cv2.addWeighted(paper, 1 - share, tint, share, 0.0), np.uint8)
        return Coarse(pixels=shown, flat=not sides)

    return mixed


def _fill(layer: Coarse, quality: int) -> Fill:
    if layer.flat:
        return tuple(int(level) for level in layer.pixels.reshape(-1))
    return encoded(layer.pixels, quality)


def _small(pixels: Pixels, dpi: float) -> bytes:
    cell = cell_of(dpi)
    size = (max(1, pixels.shape[1] // cell), max(1, pixels.shape[0] // cell))
    shrunk = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _quick(_grey(shrunk))


def _quick(grey: Pixels) -> bytes:
    done, jpeg = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, _SMALL_QUALITY])
    if not done:
        raise DamagedDocument(f"no JPEG can be made of {grey.shape}")
    return bytes(jpeg.tobytes())


def _grey(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def encoded(pixels: Pixels, quality: int) -> bytes:
    """Grey or RGB as JPEG; the same bytes for the same pixels.

    Not progressive, which takes 2.5 times as long, saves 5 to 11 % of a page kept whole, and makes
    coarse layers larger more often than smaller.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    bgr = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, jpeg = cv2.imencode(".jpg", bgr, options)
    if not done:
        raise DamagedDocument(f"no JPEG can be made of {pixels.shape}")
    return bytes(jpeg.tobytes())


def decoded(jpeg: bytes) -> Pixels:
    """Grey or RGB, as stored; an orientation note in the file is left aside, as PDF does."""
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise DamagedDocument("JPEG cannot be decoded")
    rgb = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    return np.asarray(rgb, np.uint8)
