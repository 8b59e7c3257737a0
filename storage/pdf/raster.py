# SPDX-License-Identifier: Apache-2.0
"""A page's picture as objects of a PDF, and the operators that paint it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from storage.pdf.jpeg import JpegFrame, frame_of
from storage.picture.fax import Fax
from storage.picture.fidelity import Fidelity
from storage.picture.prepared import Fill, Form, Mixed, PreparedPicture, decoded, prepare
from workflows.errors import DamagedDocument
from workflows.ports.archival import CopyPage


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
        return _whole(pdf, page.jpeg, None)


class MixedRaster:
    """Mixed raster content where it shows the page truly, else a JPEG of the whole page."""

    def paint(self, pdf: Pdf, page: CopyPage) -> Painted:
        """Raises `DamagedDocument` when the bytes are not the image the page claims."""
        picture = page.picture
        if not isinstance(picture, PreparedPicture):
            _claimed_frame(page)
            picture = prepare(decoded(page.jpeg), page.dpi, page.jpeg)
        if picture.mixed is None:
            return _whole(pdf, picture.jpeg, picture.fidelity)
        told = Picture(form=Form.MIXED, stored=picture.stored, fidelity=picture.fidelity)
        return _mixed(pdf, picture.mixed, told)


def _mixed(pdf: Pdf, mixed: Mixed, told: Picture) -> Painted:
    images: dict[str, pikepdf.Object] = {}
    # the layers reach over the page's right and lower edge by less than a coarse point
    over = f"{mixed.wide:.6f} 0 0 {mixed.high:.6f} 0 {1 - mixed.high:.6f} cm"
    rows = ["q 0 0 1 1 re W n", over]
    if isinstance(mixed.paper, bytes):
        images["/Paper"] = pdf.make_indirect(_dct(pdf, mixed.paper))
        rows.append("/Paper Do")
    else:
        rows.append(f"{_colour(mixed.paper)} 0 0 1 1 re f")
    for number, (fax, fill) in enumerate(mixed.inks, 1):
        stencil = pdf.make_indirect(_stencil(pdf, fax))
        rows.append(_inked(pdf, images, f"/Ink{number}", stencil, fill))
    return Painted(images=images, operators="\n".join([*rows, "Q"]).encode("ascii"), picture=told)


def _inked(
    pdf: Pdf, images: dict[str, pikepdf.Object], name: str, stencil: pikepdf.Object, fill: Fill
) -> str:
    if isinstance(fill, bytes):
        images[name] = pdf.make_indirect(_dct(pdf, fill, Mask=stencil))
        return f"{name} Do"
    images[name] = stencil
    return f"{_colour(fill)} {name} Do"


def _colour(levels: tuple[int, ...]) -> str:
    shares = [f"{level / 255:.3f}" for level in levels]
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


def _whole(pdf: Pdf, jpeg: bytes, fidelity: Fidelity | None) -> Painted:
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


def _claimed_frame(page: CopyPage) -> JpegFrame:
    frame = frame_of(page.jpeg)
    if (frame.width, frame.height) != (page.width, page.height):
        raise DamagedDocument(
            f"JPEG is {frame.width}x{frame.height}, the page says {page.width}x{page.height}"
        )
    return frame
