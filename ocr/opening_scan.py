# SPDX-License-Identifier: Apache-2.0
"""A page that is one scanned image and nothing else, decoded once instead of drawn.

Inside the sandbox. "Render, never extract" holds for every page with a doubt: two images (a scan
taken apart into layers), a mask, text, annotations, colour spaces that need converting, an image
that does not fill the page. What is left is the plain output of scanners: the raster is the page,
decoding it takes a fifth of drawing it, and its own pixels are not blurred by a second grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pikepdf
from PIL import Image, TiffImagePlugin

from ocr.opened import MAX_PIXELS, PageSize
from ocr.opening_page import inherited, origin

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# qpdf's faxes are opened as TIFF: Pillow then need not look for it in all of its forty formats
assert TiffImagePlugin.TiffImageFile.format in Image.OPEN  # noqa: S101

_SAME = 0.012  # share by which the image's own resolution may differ from the one asked for
_MOST_GAP_PT = 3.0  # between the image and the page's sides
_IDLE = frozenset({"q", "Q", "BT", "ET", "Tm", "n"})
"""Operators that draw nothing; text is shown by others."""
_PLAIN = frozenset({"/Type", "/Subtype", "/Width", "/Height", "/BitsPerComponent", "/ColorSpace",
                    "/Filter", "/DecodeParms", "/Length", "/Name", "/Interpolate",
                    "/Metadata"})  # fmt: skip


_REFUSALS = (pikepdf.PdfError, OSError, SyntaxError, ValueError, TypeError, KeyError,
             AttributeError, ArithmeticError, NotImplementedError, Image.DecompressionBombError,
             Image.DecompressionBombWarning)  # fmt: skip
"""What damaged or strange files raise; poppler is then asked, and its verdict counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The page's raster, grey or RGB, and its resolution."""

    image: Image.Image
    dpi: float


def scan_of(page: Any, size: PageSize, dpi: float) -> Scan | None:
    """The page at `dpi` or close to it, or None where it has to be drawn. Never raises."""
    try:
        found = _only_image(page)
        if found is None:
            return None
        image, (left, bottom, wide, high) = found
        if not _is_plain(image):
            return None
        x0, y0 = origin(page)
        # points between the image and the four sides of what is shown; negative: cut off
        gaps = (left - x0, x0 + size.width_pt - left - wide,
                y0 + size.height_pt - bottom - high, bottom - y0)  # fmt: skip
        own = _resolution(image, wide, high)
        if max(map(abs, gaps)) > _MOST_GAP_PT or own < dpi * (1 - _SAME):
            return None
        used = own if own <= dpi * (1 + _SAME) else dpi
        return Scan(image=_laid(_decoded(image), size, used, own, gaps), dpi=used)
    except _REFUSALS:
        return None


def _only_image(page: Any) -> tuple[Any, tuple[float, float, float, float]] | None:
    """The one image that is all the page draws, upright, with its place in points."""
    if len(page.get("/Annots", ())) or "/UserUnit" in page or inherited(page, "/Rotate"):
        return None
    stack = [pikepdf.Matrix()]
    drawn: tuple[Any, tuple[float, float, float, float]] | None = None
    for instruction in pikepdf.parse_content_stream(pikepdf.Page(page)):
        operands: Any = instruction.operands
        word = str(instruction.operator)
        if word == "q":
            stack.append(stack[-1])
        elif word == "Q":
            if len(stack) > 1:
                stack.pop()
        elif word == "cm":
            stack[-1] = pikepdf.Matrix(*(float(v) for v in operands)) @ stack[-1]
        elif word == "Do":
            at = stack[-1]
            if drawn is not None or abs(at.b) + abs(at.c) > 1e-6 or min(at.a, at.d) <= 0:
                return None
            images = inherited(page, "/Resources").get("/XObject", {})
            drawn = images[str(operands[0])], (at.e, at.f, at.a, at.d)
        elif word not in _IDLE:
            return None
    return drawn


def _is_plain(image: Any) -> bool:
    """Nothing but samples: no masks, no layers to switch, no colours to convert."""
    if image.get("/Subtype") != "/Image" or not set(image.keys()) <= _PLAIN:
        return False
    kind, space = image.get("/Filter"), image.get("/ColorSpace")
    if isinstance(kind, pikepdf.Array):
        kind = kind[0] if len(kind) == 1 else None
    depth, parameters = int(image.get("/BitsPerComponent", 0)), image.get("/DecodeParms")
    if kind == "/DCTDecode":
        return space in ("/DeviceRGB", "/DeviceGray") and depth == 8 and parameters is None
    if kind != "/CCITTFaxDecode" or space != "/DeviceGray" or depth != 1:
        return False
    if isinstance(parameters, pikepdf.Array):
        parameters = parameters[0] if len(parameters) == 1 else None
    if not isinstance(parameters, pikepdf.Dictionary) or int(parameters.get("/K", 0)) >= 0:
        return False
    aligned = bool(parameters.get("/EncodedByteAlign", False))
    return int(parameters.get("/Columns", 1728)) == int(image.Width) and not aligned


def _resolution(image: Any, wide: float, high: float) -> float:
    """Dots an inch; 0 where they are not square within a hundredth."""
    across, down = int(image.Width) * 72 / wide, int(image.Height) * 72 / high
    if abs(across / down - 1) > 0.01 or int(image.Width) * int(image.Height) > MAX_PIXELS:
        return 0.0
    return math.sqrt(across * down)


def _decoded(image: Any) -> Image.Image:
    """Raises what Pillow and qpdf raise, and for a raster of another size than declared."""
    raster: Image.Image = pikepdf.PdfImage(image).as_pil_image()
    if raster.size != (int(image.Width), int(image.Height)):
        raise ValueError("not the declared size")
    colours = 3 if image.ColorSpace == "/DeviceRGB" else 1
    if raster.mode not in (("RGB",) if colours == 3 else ("L", "1")):
        raise ValueError(f"mode {raster.mode}")
    raster.load()
    return raster.convert("L") if raster.mode == "1" else raster


def _laid(
    raster: Image.Image, size: PageSize, used: float, own: float, gaps: tuple[float, ...]
) -> Image.Image:
    """The image on its sheet of paper; not touched by a resampling where it is at `own` already."""
    if used != own:
        side = (round(raster.width * used / own), round(raster.height * used / own))
        raster = raster.resize(side, Image.Resampling.BOX)
    wanted, corner = size.pixels(used), tuple(round(gap * used / 72) for gap in gaps[::2])
    same = all(abs(a - b) <= 1 for a, b in zip(raster.size, wanted, strict=True))
    if same and corner == (0, 0):
        return raster
    sheet = Image.new(raster.mode, wanted, "white")
    sheet.paste(raster, (corner[0], corner[1]))
    return sheet
