# SPDX-License-Identifier: Apache-2.0
"""Sao chụp: pages and their words become one PDF/A-2b, checked before it is handed on."""

from __future__ import annotations

import datetime as dt
import logging
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Page, Pdf, Stream, String

from storage.pdf.bookmarks import add_bookmarks
from storage.pdf.font import EmbeddedFont
from storage.pdf.mark import PlacedMark, mark_operators, place_mark
from storage.pdf.raster import MixedRaster, PageRaster, Picture
from storage.pdf.rules import check
from storage.pdf.text_layer import lay_words, layer_operators
from storage.pdf.xmp import packet
from storage.typeface import Typeface, load_typeface
from workflows.errors import DamagedDocument, SohoaError, Unavailable
from workflows.ports.archival import Bookmark, ConversionMark, CopyFacts, CopyPage

SRGB = Path("/usr/share/color/icc/sRGB.icc")
"""Debian package icc-profiles-free; version 2, as every validator accepts."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """`dropped`: characters of the words that the font could not write (0 for Vietnamese).

    `pictures`: how each page's picture was stored, and what was measured to decide it.
    """

    content: bytes
    dropped: int
    pictures: tuple[Picture, ...]


class PikepdfArchivalPdf:
    """The `ArchivalPdf` port over pikepdf. Font and colour profile are checked when it is built."""

    def __init__(
        self,
        *,
        face: Typeface | None = None,
        profile: Path = SRGB,
        raster: PageRaster | None = None,
    ) -> None:
        if not profile.is_file():
            raise Unavailable(f"{profile} is absent", message="Máy chủ thiếu hồ sơ màu sRGB.")
        self._face = face or load_typeface()
        self._icc = profile.read_bytes()
        self._raster = raster or MixedRaster()

    def compose(
        self,
        pages: Iterable[CopyPage],
        *,
        title: str,
        mark: ConversionMark | None,
        bookmarks: Sequence[Bookmark] = (),
        facts: CopyFacts | None = None,
    ) -> bytes:
        """PDF/A-2b; the same input gives the same bytes.

        Raises `DamagedDocument` for no pages or a picture that is not what the page says.
        """
        composed = self.compose_counted(
            pages, title=title, mark=mark, bookmarks=bookmarks, facts=facts
        )
        if composed.dropped:
            _LOG.warning("text layer: %d characters have no glyph", composed.dropped)
        for number, picture in enumerate(composed.pictures, 1):
            _LOG.info("page %d: %s", number, asdict(picture))
        return composed.content

    def compose_counted(
        self,
        pages: Iterable[CopyPage],
        *,
        title: str,
        mark: ConversionMark | None,
        bookmarks: Sequence[Bookmark] = (),
        facts: CopyFacts | None = None,
    ) -> Composed:
        """As `compose`, with the number of characters that had no glyph."""
        pictures: list[Picture] = []
        dropped = 0
        with Pdf.new() as pdf:
            font = EmbeddedFont(pdf, self._face)
            for page in pages:
                placed, lost = None, 0
                if mark is not None and not pictures:
                    placed, lost = place_mark(mark, page, self._face)
                picture, left_out = self._add_page(pdf, page, font, placed)
                pictures.append(picture)
                dropped += lost + left_out
            if not pictures:
                raise DamagedDocument("no pages to bind")
            font.finish()
            add_bookmarks(pdf, bookmarks)
            when = mark.converted_at if mark else None
            declare(pdf, unicodedata.normalize("NFC", title), when, icc=self._icc, facts=facts)
            content = saved(pdf)
        broken = check(content)
        if broken:
            detail = "; ".join(f"{v.rule}: {v.detail}" for v in broken[:5])
            raise SohoaError(detail, message="Bản sao lưu trữ vừa tạo không đạt chuẩn PDF/A-2b.")
        return Composed(content=content, dropped=dropped, pictures=tuple(pictures))

    def _add_page(
        self,
        pdf: Pdf,
        page: CopyPage,
        font: EmbeddedFont,
        placed: PlacedMark | None,
    ) -> tuple[Picture, int]:
        width, height = _points(page)
        painted = self._raster.paint(pdf, page)
        parts = [b"q %.3f 0 0 %.3f 0 0 cm" % (width, height), painted.operators, b"Q"]
        words, dropped = lay_words(page.text, width, height, self._face)
        parts.append(layer_operators(words, font.encode))
        if placed is not None:
            parts.append(mark_operators(placed, self._face, font.encode))
        resources = Dictionary(
            XObject=Dictionary(dict(painted.images)), Font=Dictionary({"/F0": font.resource})
        )
        lowest = -placed.strip if placed else 0.0
        leaf = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, _real(lowest), _real(width), _real(height)]),
            Resources=resources,
            Contents=pdf.make_indirect(Stream(pdf, b"\n".join(p for p in parts if p))),
        )
        pdf.pages.append(Page(pdf.make_indirect(leaf)))
        return painted.picture, dropped


def declare(
    pdf: Pdf,
    title: str,
    created: dt.datetime | None,
    *,
    icc: bytes | None = None,
    facts: CopyFacts | None = None,
) -> None:
    """What makes a file PDF/A-2b: metadata, language, colour (`icc`: sRGB where not given)."""
    root = pdf.Root
    xmp = packet(title, created, facts)
    root.Metadata = pdf.make_indirect(Stream(pdf, xmp, Type=Name.Metadata, Subtype=Name.XML))
    root.Lang = String("vi-VN")
    root.MarkInfo = Dictionary(Marked=False)
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    intent = Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFA1,
        OutputConditionIdentifier=String("sRGB"),
        Info=String("sRGB"),
        DestOutputProfile=pdf.make_indirect(Stream(pdf, icc or SRGB.read_bytes(), N=3)),
    )
    root.OutputIntents = Array([pdf.make_indirect(intent)])


def _points(page: CopyPage) -> tuple[float, float]:
    return page.width / page.dpi * 72, page.height / page.dpi * 72


def _real(points: float) -> float:
    return round(points, 3)


def saved(pdf: Pdf) -> bytes:
    """The same content gives the same bytes."""
    out = BytesIO()
    pdf.save(
        out,
        fix_metadata_version=False,
        min_version="1.7",
        deterministic_id=True,
        object_stream_mode=ObjectStreamMode.generate,
    )
    return out.getvalue()
