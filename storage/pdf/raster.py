# SPDX-License-Identifier: Apache-2.0
"""How the picture of a page goes into the PDF. A seam: mixed raster content comes here later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pikepdf
from pikepdf import Name, Pdf, Stream

from storage.pdf.jpeg import frame_of
from workflows.errors import DamagedDocument
from workflows.ports.archival import CopyPage


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """XObjects by name, and the operators that fill the unit square with them."""

    images: Mapping[str, pikepdf.Object]
    operators: bytes


class PageRaster(Protocol):
    def paint(self, pdf: Pdf, page: CopyPage) -> Painted: ...


class JpegRaster:
    """The JPEG as it came, untouched (DCT passthrough): nothing is lost, nothing re-encoded."""

    def paint(self, pdf: Pdf, page: CopyPage) -> Painted:
        """Raises `DamagedDocument` when the bytes are not the image the page claims."""
        frame = frame_of(page.jpeg)
        if (frame.width, frame.height) != (page.width, page.height):
            raise DamagedDocument(
                f"JPEG is {frame.width}x{frame.height}, the page says {page.width}x{page.height}"
            )
        image = Stream(
            pdf,
            page.jpeg,
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=frame.width,
            Height=frame.height,
            BitsPerComponent=8,
            ColorSpace=Name.DeviceGray if frame.components == 1 else Name.DeviceRGB,
            Filter=Name.DCTDecode,
        )
        return Painted(images={"/Im0": pdf.make_indirect(image)}, operators=b"/Im0 Do")
