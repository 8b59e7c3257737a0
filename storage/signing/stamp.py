# SPDX-License-Identifier: Apache-2.0
"""The visible mark of a signature: its lines, its size, and a place where it covers no ink.

TT 01/2023/TT-VPCP Đ.8: personal signature top left of page 1; NĐ 30/2020 PL I: copies top right,
no image, Times New Roman upright black, time in ISO 8601.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import Path

import cv2
from pyhanko.pdf_utils.font import FontEngineFactory
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator
from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.text import TextBoxStyle
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.stamp import TextStampStyle

from storage.free_space import Ink, Spot, find_least_ink, find_room, ink_of
from storage.typeface import Typeface
from workflows.errors import SigningFailed
from workflows.ports.sandbox import Limits, Sandbox

_SIZES = (10, 9, 8, 7, 6)  # points, whole numbers: pyHanko writes them as such
_LEADING = 1.2
_PADDING = 2.0
_DPI = 75
_CORNERS = {
    "top_left": (0.0, 0.0),
    "top_right": (1.0, 0.0),
    "bottom_left": (0.0, 1.0),
    "bottom_right": (1.0, 1.0),
}
_LIMITS = Limits(wall_s=20.0, cpu_s=15, memory=1 << 30, file_size=64 << 20, processes=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStamp:
    """`box`: left, bottom, right, top in the page's own points; `size` of the type."""

    text: str
    size: int
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmThousandFont(FontEngineFactory):
    """Tinos cut to the letters of the stamp and re-scaled to 1000 units per em.

    pyHanko 0.38 leaves CID widths unscaled: with Tinos' 2048 letters spread out and are clipped.
    """

    program: bytes
    font_size: int

    def create_font_engine(
        self, writer: BasePdfFileWriter, obj_stream: object = None
    ) -> GlyphAccumulator:
        return GlyphAccumulator(
            writer, BytesIO(self.program), self.font_size, obj_stream=obj_stream
        )


def first_page_ink(pdf: bytes, sandbox: Sandbox) -> Ink:
    """Ink of page 1 as a viewer shows it, earlier stamps and marks included.

    Raises `SigningFailed` when the page cannot be drawn.
    """
    with tempfile.TemporaryDirectory(prefix="sohoa-stamp-") as room:
        source, out = Path(room) / "copy.pdf", Path(room) / "out"
        source.write_bytes(pdf)
        out.mkdir()
        drawn = out / "page.pgm"
        command = ["pdftoppm", "-r", str(_DPI), "-f", "1", "-l", "1", "-gray", "-singlefile"]
        ran = sandbox.run(
            [*command, str(source), str(out / "page")], read=[source], out=out, limits=_LIMITS
        )
        grey = cv2.imread(str(drawn), cv2.IMREAD_GRAYSCALE) if drawn.is_file() else None
    if grey is None or min(grey.shape) < 8:
        raise SigningFailed(f"page 1 was not drawn: {ran.stderr[-200:]!r}")
    return ink_of(grey.astype("uint8", copy=False))


def place_stamp(
    text: str, corner: str, ink: Ink, page: tuple[float, float, float, float], face: Typeface
) -> PlacedStamp:
    """As near the corner as free paper allows, smaller type before farther away.

    A page without any free paper gets it in the margin where it covers least.
    """
    left, bottom, right, top = page
    width, height = right - left, top - bottom
    near = _CORNERS[corner]
    for within in (_quarter(near), _WHOLE):
        for size, wide, tall in _extents(text, face):
            share = wide / width, tall / height
            spot = find_room(ink, width=share[0], height=share[1], near=near, within=within)
            if spot is not None:
                return _placed(text, size, spot, page, wide, tall)
    size, wide, tall = list(_extents(text, face))[-1]
    spot = find_least_ink(ink, width=wide / width, height=tall / height, near=near)
    return _placed(text, size, spot, page, wide, tall)


def _placed(
    text: str,
    size: int,
    spot: Spot,
    page: tuple[float, float, float, float],
    wide: float,
    tall: float,
) -> PlacedStamp:
    """Whole points, as pyHanko wants them; the padding takes up the rounding."""
    left, bottom, right, top = page
    x = round(left + spot.left * (right - left))
    y = round(top - spot.top * (top - bottom) - tall)
    return PlacedStamp(text=text, size=size, box=(x, y, x + ceil(wide), y + ceil(tall)))


def stamp_style(placed: PlacedStamp, face: Typeface) -> TextStampStyle:
    """A pyHanko style for it: no border, no background, black upright type."""
    font = EmThousandFont(program=face.subset(placed.text, per_em=1000), font_size=placed.size)
    inner = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MIN,
        y_align=AxisAlignment.ALIGN_MID,
        margins=Margins(0, 0, 0, 0),
        inner_content_scaling=InnerScaling.SHRINK_TO_FIT,
    )
    return TextStampStyle(
        stamp_text=placed.text.replace("%", "%%"),
        border_width=0,
        inner_content_layout=inner,
        text_box_style=TextBoxStyle(
            font=font,
            font_size=placed.size,
            leading=round(placed.size * _LEADING),
            box_layout_rule=inner,
        ),
    )


_WHOLE = (0.02, 0.015, 0.98, 0.985)


def _quarter(near: tuple[float, float]) -> tuple[float, float, float, float]:
    """The part of the page a reader would call that corner."""
    left, right = (0.02, 0.62) if near[0] == 0 else (0.38, 0.98)
    top, bottom = (0.015, 0.3) if near[1] == 0 else (0.7, 0.985)
    return left, top, right, bottom


def _extents(text: str, face: Typeface) -> Iterator[tuple[int, float, float]]:
    lines = text.split("\n")
    for size in _SIZES:
        wide = max(face.width(line, size) for line in lines) + 2 * _PADDING
        yield size, wide, len(lines) * round(size * _LEADING) + 2 * _PADDING
