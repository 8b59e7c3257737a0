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
import numpy as np
import pikepdf
from pyhanko.pdf_utils.font import FontEngineFactory
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator
from pyhanko.pdf_utils.generic import ArrayObject, NumberObject, StreamObject, pdf_name
from pyhanko.pdf_utils.layout import (
    AxisAlignment,
    BoxConstraints,
    InnerScaling,
    Margins,
    SimpleBoxLayoutRule,
)
from pyhanko.pdf_utils.text import TextBoxStyle
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.stamp import TextStamp, TextStampStyle

from storage.free_space import Ink, Spot, find_room, ink_of, with_air
from storage.typeface import Typeface
from workflows.errors import SigningFailed
from workflows.ports.sandbox import Limits, Sandbox

_SIZES = (10, 9, 8, 7, 6)  # points, whole numbers: pyHanko writes them as such
_ONE_LINE_SIZES = (8, 7, 6, 5)
_AIR = 4  # pixels more on each side: wider than the gap between two lines of print
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
class PageBox:
    """The visible part of a page in its own points, and how far a viewer turns it clockwise."""

    left: float
    bottom: float
    right: float
    top: float
    turn: int = 0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as a viewer shows them."""
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.turn % 180 else (width, height)

    def own(self, x: float, y: float) -> tuple[float, float]:
        """A point given from the upper left corner as shown, in the page's own points."""
        return {
            0: (self.left + x, self.top - y),
            90: (self.left + y, self.bottom + x),
            180: (self.right - x, self.bottom + y),
            270: (self.right - y, self.top - x),
        }[self.turn]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStamp:
    """`box`: left, bottom, right, top in the page's own points; `size` of the type."""

    text: str
    size: int
    box: tuple[int, int, int, int]
    turn: int = 0


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
    """Ink of page 1 as a viewer shows it: turned, cropped, earlier stamps and marks included.

    Raises `SigningFailed` when the page cannot be drawn.
    """
    with tempfile.TemporaryDirectory(prefix="sohoa-stamp-") as room:
        source, out = Path(room) / "copy.pdf", Path(room) / "out"
        source.write_bytes(pdf)
        out.mkdir()
        drawn = out / "page.pgm"
        command = [
            "pdftoppm",
            "-r",
            str(_DPI),
            "-f",
            "1",
            "-l",
            "1",
            "-gray",
            "-singlefile",
            "-cropbox",
        ]
        ran = sandbox.run(
            [*command, str(source), str(out / "page")], read=[source], out=out, limits=_LIMITS
        )
        grey = cv2.imread(str(drawn), cv2.IMREAD_GRAYSCALE) if drawn.is_file() else None
    if grey is None:
        raise SigningFailed(f"page 1 was not drawn: {ran.stderr[-200:]!r}")
    if min(grey.shape) < 8:
        return np.ones(grey.shape, np.bool_)  # a page of three millimetres has no room
    return ink_of(grey.astype("uint8", copy=False))


def page_box(pdf: bytes) -> PageBox:
    """Page 1 as a viewer cuts and turns it."""
    with pikepdf.open(BytesIO(pdf)) as opened:
        page = opened.pages[0]
        media, crop = ([float(v) for v in box] for box in (page.mediabox, page.cropbox))
        turn = int(page.obj.get("/Rotate", 0)) % 360
    return PageBox(
        left=max(min(media[0], media[2]), min(crop[0], crop[2])),
        bottom=max(min(media[1], media[3]), min(crop[1], crop[3])),
        right=min(max(media[0], media[2]), max(crop[0], crop[2])),
        top=min(max(media[1], media[3]), max(crop[1], crop[3])),
        turn=turn // 90 * 90,
    )


def place_stamp(
    text: str, corner: str, ink: Ink, page: PageBox, face: Typeface
) -> PlacedStamp | None:
    """As near the corner as free paper allows, smaller type before farther away.

    Then in one line, which fits a margin that two lines do not; then farther away. None when the
    page has no free paper at all: a mark may cover no letter, seal, motto or code.
    """
    near = _CORNERS[corner]
    calm = with_air(ink, _AIR)  # away from the corner it may not slip between lines of print
    one = text.replace("\n", " · ")
    for said, sizes, free, within in (
        (text, _SIZES, ink, _quarter(near)),
        (one, _ONE_LINE_SIZES, calm, _band(near)),
        (text, _SIZES, calm, _WHOLE),
        (one, _ONE_LINE_SIZES, calm, _WHOLE),
    ):
        placed = _tried(said, sizes, free, page, near, within, face)
        if placed is not None:
            return placed
    return None


def _tried(
    text: str,
    sizes: tuple[int, ...],
    ink: Ink,
    page: PageBox,
    near: tuple[float, float],
    within: tuple[float, float, float, float],
    face: Typeface,
) -> PlacedStamp | None:
    width, height = page.size
    for size, wide, tall in _extents(text, sizes, face):
        share = wide / width, tall / height
        spot = find_room(ink, width=share[0], height=share[1], near=near, within=within)
        if spot is not None:
            return _placed(text, size, spot, page, wide, tall)
    return None


def _placed(
    text: str, size: int, spot: Spot, page: PageBox, wide: float, tall: float
) -> PlacedStamp:
    """Whole points, as pyHanko wants them; the padding takes up the rounding."""
    width, height = page.size
    x, y = spot.left * width, spot.top * height
    corners = page.own(x, y), page.own(x + wide, y + tall)
    left, right = sorted(c[0] for c in corners)
    bottom, top = sorted(c[1] for c in corners)
    box = round(left), round(bottom)
    return PlacedStamp(
        text=text,
        size=size,
        box=(*box, box[0] + ceil(right - left), box[1] + ceil(top - bottom)),
        turn=page.turn,
    )


def stamp_style(placed: PlacedStamp, face: Typeface) -> TextStampStyle:
    """A pyHanko style for it: no border, no background, black upright type."""
    font = EmThousandFont(program=face.subset(placed.text, per_em=1000), font_size=placed.size)
    inner = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MIN,
        y_align=AxisAlignment.ALIGN_MID,
        margins=Margins(0, 0, 0, 0),
        inner_content_scaling=InnerScaling.SHRINK_TO_FIT,
    )
    return _TurnedStyle(
        turn=placed.turn,
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


@dataclass(frozen=True)
class _TurnedStyle(TextStampStyle):
    """`turn`: degrees a viewer turns the page clockwise; the text is turned back."""

    turn: int = 0

    def create_stamp(
        self, writer: BasePdfFileWriter, box: BoxConstraints, text_params: dict[str, str]
    ) -> TextStamp:
        if self.turn % 180:
            box = BoxConstraints(width=box.height, height=box.width)
        return _TurnedStamp(writer=writer, style=self, box=box, text_params=text_params)


class _TurnedStamp(TextStamp):
    def as_form_xobject(self) -> StreamObject:
        form: StreamObject = super().as_form_xobject()
        cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[self.style.turn]
        matrix = (cos, sin, -sin, cos, 0, 0)  # ISO 32000-1, 12.5.5: the box is fitted to /Rect
        form[pdf_name("/Matrix")] = ArrayObject([NumberObject(v) for v in matrix])  # type: ignore[no-untyped-call]
        return form


_WHOLE = (0.02, 0.015, 0.98, 0.985)


def _quarter(near: tuple[float, float]) -> tuple[float, float, float, float]:
    """The part of the page a reader would call that corner."""
    left, right = (0.02, 0.62) if near[0] == 0 else (0.38, 0.98)
    top, bottom = (0.015, 0.3) if near[1] == 0 else (0.7, 0.985)
    return left, top, right, bottom


def _band(near: tuple[float, float]) -> tuple[float, float, float, float]:
    """The whole width of the page above or below, out to the edge."""
    return (0.02, 0.006, 0.98, 0.3) if near[1] == 0 else (0.02, 0.7, 0.98, 0.994)


def _extents(
    text: str, sizes: tuple[int, ...], face: Typeface
) -> Iterator[tuple[int, float, float]]:
    lines = text.split("\n")
    for size in sizes:
        wide = max(face.width(line, size) for line in lines) + 2 * _PADDING
        yield size, wide, len(lines) * round(size * _LEADING) + 2 * _PADDING
