# SPDX-License-Identifier: Apache-2.0
"""How the picture of a page goes into the PDF: mixed layers where they show it truly, or a JPEG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import cv2
import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from ocr.page import Pixels
from storage.pdf.fax import Fax, fax_of
from storage.pdf.fidelity import Fidelity, compare
from storage.pdf.jpeg import JpegFrame, frame_of
from storage.pdf.layers import Coarse, Layers, cell_of, pad, split
from workflows.errors import DamagedDocument
from workflows.ports.archival import CopyPage

_PAPER_QUALITY, _TINT_QUALITY, _PLAIN_QUALITY = 35, 40, 75
_MAX_PIXELS = 80_000_000  # an A2 sheet at 450 dpi; larger pictures go in as they came
_LEAST_SIDE = 8  # pixels: nothing to take apart


class Form(StrEnum):
    """How a page's picture is stored."""

    MIXED = "mixed"
    JPEG = "jpeg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`stored`: bytes of the image streams. `fidelity`: measured also where it led to a JPEG."""

    form: Form
    stored: int
    fidelity: Fidelity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """XObjects by name, and the operators that fill the unit square with them."""

    images: Mapping[str, pikepdf.Object]
    operators: bytes
    picture: Picture


class PageRaster(Protocol):
    def paint(self, pdf: Pdf, page: CopyPage) -> Painted: ...


class JpegRaster:
    """The JPEG as it came, untouched (DCT passthrough): nothing is lost, nothing re-encoded."""

    def paint(self, pdf: Pdf, page: CopyPage) -> Painted:
        """Raises `DamagedDocument` when the bytes are not the image the page claims."""
        _claimed_frame(page)
        return _whole(pdf, page.jpeg)


class MixedRaster:
    """Mixed raster content where it shows the page truly, else a JPEG of the whole page."""

    def paint(self, pdf: Pdf, page: CopyPage) -> Painted:
        """Raises `DamagedDocument` when the bytes are not the image the page claims."""
        frame = _claimed_frame(page)
        if frame.width * frame.height > _MAX_PIXELS:
            return _whole(pdf, page.jpeg)
        pixels = _decoded(page.jpeg)
        if min(pixels.shape[:2]) < _LEAST_SIDE:
            return _whole(pdf, page.jpeg)
        parts = _take_apart(pixels, page.dpi)
        if not parts.fidelity.good:
            plain = min(page.jpeg, _jpeg(pixels, _PLAIN_QUALITY), key=len)
            return _whole(pdf, plain, parts.fidelity)
        if parts.stored >= len(page.jpeg):
            return _whole(pdf, page.jpeg, parts.fidelity)
        return _mixed(pdf, parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """Layers as they will be stored; no JPEG for a layer of one colour, no fax without ink.

    `wide`, `high`: the layers' size as a multiple of the page's, a little over 1.
    """

    layers: Layers
    fax: Fax | None
    paper: bytes | None
    tint: bytes | None
    wide: float
    high: float
    fidelity: Fidelity

    @property
    def stored(self) -> int:
        streams = (self.fax.data if self.fax else None, self.paper, self.tint)
        return sum(len(s) for s in streams if s is not None)


def _take_apart(pixels: Pixels, dpi: float) -> _Parts:
    padded = pad(pixels, cell_of(dpi))
    layers = split(padded, dpi)
    fax = fax_of(layers.ink) if layers.ink.any() else None
    paper = _encoded(layers.paper, _PAPER_QUALITY)
    tint = _encoded(layers.tint, _TINT_QUALITY) if fax else None
    shown = _shown(layers.paper, paper), _shown(layers.tint, tint)
    return _Parts(
        layers=layers,
        fax=fax,
        paper=paper,
        tint=tint,
        wide=padded.shape[1] / pixels.shape[1],
        high=padded.shape[0] / pixels.shape[0],
        fidelity=compare(padded, layers, *shown, dpi),
    )


def _mixed(pdf: Pdf, parts: _Parts) -> Painted:
    images: dict[str, pikepdf.Object] = {}
    # the layers reach over the page's right and lower edge by less than a coarse point
    over = f"{parts.wide:.6f} 0 0 {parts.high:.6f} 0 {1 - parts.high:.6f} cm"
    rows = ["q 0 0 1 1 re W n", over]
    if parts.paper is None:
        rows.append(f"{_colour(parts.layers.paper)} 0 0 1 1 re f")
    else:
        images["/Paper"] = pdf.make_indirect(_dct(pdf, parts.paper))
        rows.append("/Paper Do")
    if parts.fax is not None:
        stencil = pdf.make_indirect(_stencil(pdf, parts.fax))
        if parts.tint is None:
            images["/Ink"] = stencil
            rows.append(f"{_colour(parts.layers.tint)} /Ink Do")
        else:
            images["/Ink"] = pdf.make_indirect(_dct(pdf, parts.tint, Mask=stencil))
            rows.append("/Ink Do")
    return Painted(
        images=images,
        operators="\n".join([*rows, "Q"]).encode("ascii"),
        picture=Picture(form=Form.MIXED, stored=parts.stored, fidelity=parts.fidelity),
    )


def _encoded(layer: Coarse, quality: int) -> bytes | None:
    return None if layer.flat else _jpeg(layer.pixels, quality)


def _shown(layer: Coarse, jpeg: bytes | None) -> Pixels:
    return layer.pixels if jpeg is None else _decoded(jpeg)


def _colour(layer: Coarse) -> str:
    shares = [f"{int(v) / 255:.3f}" for v in layer.pixels.reshape(-1)[::-1]]
    return " ".join(shares) + (" g" if len(shares) == 1 else " rg")


def _stencil(pdf: Pdf, fax: Fax) -> Stream:
    return Stream(
        pdf,
        fax.data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=fax.columns,
        Height=fax.rows,
        ImageMask=True,
        BitsPerComponent=1,
        Decode=Array([0, 1]),
        Filter=Name.CCITTFaxDecode,
        DecodeParms=Dictionary(K=-1, Columns=fax.columns, Rows=fax.rows, BlackIs1=fax.black_is_one),
    )


def _whole(pdf: Pdf, jpeg: bytes, fidelity: Fidelity | None = None) -> Painted:
    return Painted(
        images={"/Im0": pdf.make_indirect(_dct(pdf, jpeg))},
        operators=b"/Im0 Do",
        picture=Picture(form=Form.JPEG, stored=len(jpeg), fidelity=fidelity),
    )


def _dct(pdf: Pdf, jpeg: bytes, **more: pikepdf.Object) -> Stream:
    frame = frame_of(jpeg)
    return Stream(
        pdf,
        jpeg,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=frame.width,
        Height=frame.height,
        BitsPerComponent=8,
        ColorSpace=Name.DeviceGray if frame.components == 1 else Name.DeviceRGB,
        Filter=Name.DCTDecode,
        **more,
    )


def _jpeg(pixels: Pixels, quality: int) -> bytes:
    # progressive: runs of empty blocks cost next to nothing, and a coarse layer is mostly empty
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    done, jpeg = cv2.imencode(".jpg", pixels, [*options, cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    if not done:
        raise DamagedDocument(f"no JPEG can be made of {pixels.shape}")
    return bytes(jpeg.tobytes())


def _decoded(jpeg: bytes) -> Pixels:
    """Grey or BGR, as stored; an orientation note in the file is left aside, as PDF does."""
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise DamagedDocument("JPEG cannot be decoded")
    return np.asarray(pixels, np.uint8)


def _claimed_frame(page: CopyPage) -> JpegFrame:
    frame = frame_of(page.jpeg)
    if (frame.width, frame.height) != (page.width, page.height):
        raise DamagedDocument(
            f"JPEG is {frame.width}x{frame.height}, the page says {page.width}x{page.height}"
        )
    return frame
