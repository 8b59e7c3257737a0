# SPDX-License-Identifier: Apache-2.0
"""Pages of running text as PDF/A-2b: what Sohoa itself has to say, to be kept or printed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream

from storage.pdf.compose import declare, saved
from storage.pdf.font import EmbeddedFont
from storage.pdf.rules import check
from storage.typeface import Typeface, load_typeface
from workflows.errors import SohoaError

WIDTH, HEIGHT = 595.28, 841.89  # points, A4
_MARGIN_X, _MARGIN_Y = 62.0, 60.0
_LEADING = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One paragraph, wrapped to the page. `label` stands before it, to the left of `indent`.

    Sizes, `indent` and `before` (white above) in points; `strong` is drawn heavier.
    """

    text: str
    label: str = ""
    size: float = 10.5
    indent: float = 0.0
    before: float = 0.0
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    text: str
    left: float
    down: float  # of the base line from the page's top
    size: float
    strong: bool


def typeset(
    paragraphs: Sequence[Paragraph],
    *,
    title: str,
    created: dt.datetime,
    foot: str = "",
    face: Typeface | None = None,
) -> bytes:
    """As many A4 pages as it takes, numbered; the same input gives the same bytes.

    `foot` stands on every page before its number. Characters the font has not are left out.
    Raises `SohoaError` when the result would not be PDF/A-2b.
    """
    face = face or load_typeface()
    pages = list(_flowed(paragraphs, face))
    feet = [face.writable(f"{foot} · trang {n}/{len(pages)}")[0] for n in range(1, len(pages) + 1)]
    with Pdf.new() as pdf:
        font = EmbeddedFont(pdf, face)
        for rows, said in zip(pages, feet, strict=True):
            last = _Row(text=said, left=_MARGIN_X, down=HEIGHT - 34, size=8.5, strong=False)
            _add_page(pdf, [*rows, last], font)
        font.finish()
        declare(pdf, title, created)
        content = saved(pdf)
    broken = check(content)
    if broken:
        raise SohoaError(
            "; ".join(f"{v.rule}: {v.detail}" for v in broken[:5]),
            message="Báo cáo vừa tạo không đạt chuẩn PDF/A-2b.",
        )
    return content


def _flowed(paragraphs: Sequence[Paragraph], face: Typeface) -> Iterator[list[_Row]]:
    rows: list[_Row] = []
    down = _MARGIN_Y
    for paragraph in paragraphs:
        down += paragraph.before if rows else 0.0
        label = face.writable(paragraph.label)[0]
        for text in _wrapped(paragraph, face):
            down += paragraph.size * _LEADING
            if down > HEIGHT - _MARGIN_Y:
                yield rows
                rows, down = [], _MARGIN_Y + paragraph.size * _LEADING
            at = {"down": down, "size": paragraph.size, "strong": paragraph.strong}
            if label:
                rows.append(_Row(text=label, left=_MARGIN_X, **at))  # type: ignore[arg-type]
                label = ""
            rows.append(
                _Row(text=text, left=_MARGIN_X + paragraph.indent, **at)  # type: ignore[arg-type]
            )
    yield rows


def _wrapped(paragraph: Paragraph, face: Typeface) -> list[str]:
    room = WIDTH - 2 * _MARGIN_X - paragraph.indent
    lines = [""]
    for word in _pieces(face.writable(paragraph.text)[0], face, paragraph.size, room):
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or face.width(longer, paragraph.size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _pieces(text: str, face: Typeface, size: float, room: float) -> Iterator[str]:
    """Words; one that is wider than the page is cut."""
    for word in text.split():
        while face.width(word, size) > room:
            fits = next(n for n in range(len(word), 0, -1) if face.width(word[:n], size) <= room)
            yield word[:fits]
            word = word[fits:]
        yield word


def _add_page(pdf: Pdf, rows: Sequence[_Row], font: EmbeddedFont) -> None:
    parts = ["BT 0 g 0 G 0.35 w"]
    for row in rows:
        parts.append(f"{2 if row.strong else 0} Tr /F0 {row.size:.2f} Tf")
        parts.append(f"1 0 0 1 {row.left:.2f} {HEIGHT - row.down:.2f} Tm")
        parts.append(f"{font.encode(row.text)} Tj")
    content = "\n".join([*parts, "ET"]).encode("ascii")
    leaf = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, WIDTH, HEIGHT]),
        Resources=Dictionary(Font=Dictionary({"/F0": font.resource})),
        Contents=pdf.make_indirect(Stream(pdf, content)),
    )
    pdf.pages.append(Page(pdf.make_indirect(leaf)))
