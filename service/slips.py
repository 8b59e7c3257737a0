# SPDX-License-Identifier: Apache-2.0
"""Phiếu hồ sơ và tờ phân tách: A4 sheets to print and lay between the papers of a stack.

Vector drawing, so that bars and QR squares are as sharp as the printer can make them. On a slip
stands the patch code II by default: it reads the same upside down, so even a desk PC without a
reader of QR codes parts the stack rightly.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pikepdf
import segno

from ocr.patch_codes import PatchCode, patch_bars
from ocr.separators import Slip, orientation_text, slip_text
from storage.pdf.font import EmbeddedFont
from storage.typeface import Typeface, load_typeface
from workflows.errors import InvalidValue

WIDTH, HEIGHT = 595.28, 841.89  # points, A4
_INCH = 72.0
_PATCH_TOP = 0.6 * _INCH  # printers leave 4-6 mm white at the edge, feeders want 6 mm of quiet
_PATCH_LENGTH = 5.0 * _INCH
_QR_SIZE = 2.4 * _INCH
_QR_TOP = 4.4 * _INCH


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """Centred text; `top`: points from the upper edge to its base line."""

    text: str
    size: float
    top: float


def dossier_slip(
    dossier_code: str, station: str, key: bytes, *, patch: PatchCode = PatchCode.II
) -> bytes:
    """The slip that opens `dossier_code`, as PDF; equal arguments give equal bytes.

    `station` "" makes a slip for every station. Raises ValueError as `slip_text` does.
    """
    text = slip_text(Slip(station=station, dossier=dossier_code), key)
    lines = (
        _Line(text="PHIẾU HỒ SƠ", size=30, top=210),
        _Line(text=dossier_code, size=_fitting(dossier_code, 26), top=252),
        _Line(text=f"Trạm quét: {station or 'mọi trạm'}", size=14, top=280),
        _Line(text="Đặt phiếu này trước giấy tờ đầu tiên của hồ sơ.", size=14, top=540),
        _Line(
            text="Các trang quét sau phiếu thuộc hồ sơ này, đến phiếu kế tiếp.", size=14, top=562
        ),
        *_COMMON,
    )
    return _sheet(f"Phiếu hồ sơ {dossier_code}", patch, text, lines)


def slip_of(dossier_code: str, key: bytes) -> bytes:
    """The slip for any station. Raises `InvalidValue` for a code that no slip can carry."""
    try:
        return dossier_slip(dossier_code, "", key)
    except ValueError as error:
        raise InvalidValue(
            dossier_code,
            message="Mã hồ sơ có ký tự không in được lên phiếu (chỉ chữ không dấu, số, . _ / -).",
        ) from error


def separator_sheet(code: PatchCode | str) -> bytes:
    """A sheet that only parts documents: the patch, and a QR that tells which side is up.

    Raises ValueError for an unknown code.
    """
    patch = PatchCode(code)
    lines = (
        _Line(text="TỜ PHÂN TÁCH", size=30, top=210),
        _Line(text=f"Mã {patch}", size=26, top=252),
        _Line(text="Đặt tờ này trước mỗi giấy tờ mới.", size=14, top=540),
        _Line(text="Dùng lại được nhiều lần.", size=14, top=562),
        *_COMMON,
    )
    return _sheet(f"Tờ phân tách {patch}", patch, orientation_text(patch), lines)


_COMMON = (
    _Line(text="Đưa mép này vào máy trước, mặt có chữ là mặt quét", size=12, top=150),
    _Line(
        text="Tờ này và mặt sau của nó được tách ra khi quét, không thuộc giấy tờ nào.",
        size=12,
        top=600,
    ),
    _Line(text="In một mặt trên giấy trắng A4, tỷ lệ 100 %.", size=12, top=618),
)


@cache
def _face() -> Typeface:
    return load_typeface()


def _fitting(text: str, size: float) -> float:
    """The size, or less so that the text keeps within the margins."""
    return min(size, size * 0.85 * WIDTH / _face().width(_face().writable(text)[0], size))


def _sheet(title: str, patch: PatchCode, code: str, lines: Sequence[_Line]) -> bytes:
    pdf = pikepdf.new()
    font = EmbeddedFont(pdf, _face())
    page = pdf.add_blank_page(page_size=(WIDTH, HEIGHT))
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary({"/F0": font.resource}))
    drawn = ["0 g", *_bars(patch), *_arrow(), *_square(code), *(_text(n, font) for n in lines)]
    page.Contents = pikepdf.Stream(pdf, "\n".join(drawn).encode("ascii"))
    font.finish()
    pdf.docinfo["/Title"] = title
    pdf.Root.Lang = pikepdf.String("vi-VN")
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _bars(patch: PatchCode) -> list[str]:
    left = (WIDTH - _PATCH_LENGTH) / 2
    return [
        _rectangle(left, _PATCH_TOP + start * _INCH, _PATCH_LENGTH, (end - start) * _INCH)
        for start, end in patch_bars(patch)
    ]


def _arrow() -> list[str]:
    """Points to the edge that goes in first, on both sides of the line that says so."""
    return [
        f"{x:.2f} {HEIGHT - 138:.2f} m {x - 9:.2f} {HEIGHT - 154:.2f} l "
        f"{x + 9:.2f} {HEIGHT - 154:.2f} l f"
        for x in (WIDTH / 2 - 165, WIDTH / 2 + 165)
    ]


def _square(text: str) -> list[str]:
    """The QR, a fifth of which may be soiled (level Q); rows of dark modules as one rectangle."""
    rows = [bytes(row) for row in segno.make(text, error="q", micro=False).matrix]
    module = _QR_SIZE / len(rows)
    left = (WIDTH - _QR_SIZE) / 2
    drawn = []
    for y, row in enumerate(rows):
        starts = [x for x, dark in enumerate(row) if dark and (x == 0 or not row[x - 1])]
        for x in starts:
            long = next((n for n in range(x, len(row)) if not row[n]), len(row)) - x
            drawn.append(_rectangle(left + x * module, _QR_TOP + y * module, long * module, module))
    return drawn


def _rectangle(left: float, top: float, wide: float, high: float) -> str:
    return f"{left:.3f} {HEIGHT - top - high:.3f} {wide:.3f} {high:.3f} re f"


def _text(line: _Line, font: EmbeddedFont) -> str:
    written = _face().writable(line.text)[0]
    left = (WIDTH - _face().width(written, line.size)) / 2
    place = f"1 0 0 1 {left:.2f} {HEIGHT - line.top:.2f} Tm"
    return f"BT /F0 {line.size:.2f} Tf {place} {font.encode(written)} Tj ET"
