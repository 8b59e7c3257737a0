# SPDX-License-Identifier: Apache-2.0
"""Making sample papers (giấy tờ mẫu) with their truth, the same for the same seed.

Nobody's data is in them. The PDF is what a scanner gives: one JPEG a page and no text. Beside it
lies `truth/<name>.json` with the keys of the reading contract, the boxes and all lines of text.
"""

from __future__ import annotations

import hashlib
import io
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf

from ocr.document_types import shipped_document_types
from ocr.page import Pixels
from service.samples.canvas import HEIGHT, WIDTH, Canvas, Rectangle
from service.samples.compose import TYPE_CODES, compose
from service.samples.damage import Level, Scan, scan_sheet
from service.samples.draft import LAYOUTS, Draft, Wishes
from service.samples.fonts import Family, installed_families

Truth = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample paper. `scans`: JPEG bytes a page as delivered; `dpi` of the delivered raster."""

    type_code: str
    level: Level
    seed: int
    scans: tuple[bytes, ...]
    dpi: float
    truth: Truth

    @property
    def pages(self) -> tuple[Pixels, ...]:
        """The pages as (height, width, 3) RGB; decoded on every call."""
        decoded = (
            cv2.imdecode(np.frombuffer(s, np.uint8), cv2.IMREAD_COLOR_RGB) for s in self.scans
        )
        return tuple(np.asarray(page, np.uint8) for page in decoded)

    @property
    def name(self) -> str:
        return f"{self.type_code}_{self.level}_{self.seed}"


def make_sample(
    type_code: str,
    seed: int,
    level: Level | str = Level.L1,
    *,
    turned: int = 0,
    blank_back: bool = False,
    curled: bool = False,
    **wishes: Any,
) -> Sample:
    """A paper of `type_code` (see `TYPE_CODES`); equal arguments give equal bytes on one machine.

    Args:
        type_code: document type, such as "quyet_dinh".
        seed: content, font, layout and damage all follow from it.
        level: damage, `Level`.
        turned: the pages are delivered turned so that `turned` degrees clockwise put them upright.
        blank_back: every sheet is followed by its empty back, the front shining through.
        curled: L5 only, the paper is bowed and out of focus.
        wishes: what is asked of the content, the fields of `Wishes` (holder, stamps, pen).

    Raises ValueError for an unknown type or a turn that is not 0, 90, 180 or 270.
    """
    if type_code not in TYPE_CODES or turned not in (0, 90, 180, 270):
        raise ValueError(f"cannot make {type_code!r} turned {turned}")
    damage = Level(level)
    family, layout_index = _look(type_code, seed)
    draft = compose(
        type_code, _random(type_code, seed, "text"), family, LAYOUTS[layout_index],
        Wishes(**wishes),
    )  # fmt: skip
    noise = _random(type_code, seed, damage)
    scans: list[Scan] = []
    sheets: list[Canvas] = []
    for sheet in draft.sheets:
        sheets.append(sheet)
        scans.append(scan_sheet(sheet, damage, noise, curled=curled))
        if blank_back:
            sheets.append(Canvas())
            scans.append(scan_sheet(sheets[-1], damage, noise, back=sheet))
    truth = _truth(type_code, seed, damage, family, draft, sheets, scans, turned)
    return Sample(
        type_code=type_code,
        level=damage,
        seed=seed,
        scans=tuple(_turn(scan.jpeg, turned, damage) for scan in scans),
        dpi=scans[0].dpi,
        truth=truth,
    )


def write_sample(sample: Sample, folder: Path, *, name: str | None = None) -> Path:
    """Write `<folder>/<name>.pdf` and `<folder>/truth/<name>.json`; the path of the PDF."""
    stem = name or sample.name
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.pdf"
    path.write_bytes(pdf_of(sample))
    truth = {"file": path.name, **sample.truth}
    text = json.dumps(truth, ensure_ascii=False, indent=1)
    (folder / "truth" / f"{stem}.json").write_text(text + "\n", encoding="utf-8")
    return path


def write_set(
    folder: Path,
    count: int,
    seed: int,
    levels: Sequence[Level | str] = tuple(Level),
    types: Sequence[str] = TYPE_CODES,
) -> list[Path]:
    """`count` papers, types and levels taken in turn, seeds from `seed` up."""
    paths = []
    for i in range(count):
        level = levels[(i // len(types) + i) % len(levels)]
        paths.append(write_sample(make_sample(types[i % len(types)], seed + i, level), folder))
    return paths


def pdf_of(sample: Sample) -> bytes:
    """The scan as PDF: each page one JPEG as it stands; no text. Marked "mẫu" in the metadata."""
    pdf = pikepdf.new()
    for jpeg in sample.scans:
        _add_page(pdf, jpeg, sample.dpi)
    pdf.docinfo["/Title"] = f"Giấy tờ mẫu, không có giá trị: {sample.name}"
    pdf.docinfo["/Creator"] = "Sohoa (mẫu)"
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _add_page(pdf: pikepdf.Pdf, jpeg: bytes, dpi: float) -> None:
    height, width, colours = _jpeg_shape(jpeg)
    image = pikepdf.Stream(
        pdf, jpeg, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=width,
        Height=height, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode,
        ColorSpace=pikepdf.Name.DeviceRGB if colours == 3 else pikepdf.Name.DeviceGray,
    )  # fmt: skip
    wide, high = width * 72 / dpi, height * 72 / dpi
    page = pdf.add_blank_page(page_size=(wide, high))
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Scan=image))
    page.Contents = pikepdf.Stream(pdf, f"{wide:.4f} 0 0 {high:.4f} 0 0 cm /Scan Do".encode())


def _jpeg_shape(jpeg: bytes) -> tuple[int, int, int]:
    """Height, width and colours from the frame header (ITU-T T.81, B.2.2)."""
    at = 2
    while at + 10 < len(jpeg):
        marker, size = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xC2:
            height = int.from_bytes(jpeg[at + 5 : at + 7], "big")
            width = int.from_bytes(jpeg[at + 7 : at + 9], "big")
            return height, width, jpeg[at + 9]
        at += 2 + size
    raise ValueError("not a JPEG image")


def _turn(jpeg: bytes, turned: int, level: Level) -> bytes:
    if not turned:
        return jpeg
    page = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED))
    back = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
    done, data = cv2.imencode(".jpg", cv2.rotate(page, back[turned]))
    if not done:
        raise ValueError(f"page of level {level} could not be turned")
    return bytes(data.tobytes())


def _random(type_code: str, seed: int, purpose: str) -> np.random.Generator:
    # a digest, not hash(): the same numbers in every process and on every machine
    key = hashlib.sha256(f"{type_code}/{seed}/{purpose}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(key[:16], "big")))


def _look(type_code: str, seed: int) -> tuple[Family, int]:
    """Typeface and layout; Times-like faces rule in offices (NĐ 30/2020: Times New Roman)."""
    random = _random(type_code, seed, "look")
    families = installed_families()
    weights = np.asarray([3.0 if f.name in ("Tinos", "TeX Gyre Termes") else 1.0 for f in families])
    family = families[int(random.choice(len(families), p=weights / weights.sum()))]
    return family, int(random.integers(len(LAYOUTS)))


def _truth(
    type_code: str, seed: int, level: Level, family: Family, draft: Draft,
    sheets: Sequence[Canvas], scans: Sequence[Scan], turned: int,
) -> dict[str, Any]:  # fmt: skip
    kind = shipped_document_types()[type_code]
    boxes: dict[str, dict[str, Any]] = {}
    for number, (sheet, scan) in enumerate(zip(sheets, scans, strict=True), start=1):
        for name, box in sheet.fields.items():
            shown = draft.values.get(name) is not None
            if shown and name not in boxes:
                boxes[name] = {"page": number, "box": _fractions(box, scan)}
    return {
        "document_type": {"code": kind.code, "name": kind.name},
        "sample": {"seed": seed, "level": level.value, "font": family.name,
                   "note": "mẫu, dữ liệu bịa"},
        "page_count": len(sheets),
        "blank_pages": [n for n, s in enumerate(sheets, start=1) if not s.lines],
        "handwritten": draft.handwritten,
        "features": list(draft.features),
        "fields": {k: _nfc(v) for k, v in draft.values.items()},
        "boxes": boxes,
        "pages": [
            {
                "page": number, "width": scan.width, "height": scan.height, "dpi": scan.dpi,
                "rotation": turned, "blank": not sheet.lines,
            }
            for number, (sheet, scan) in enumerate(zip(sheets, scans, strict=True), start=1)
        ],
        "lines": [
            {"page": number, "text": line.text, "box": _fractions(line.box, scan)}
            for number, (sheet, scan) in enumerate(zip(sheets, scans, strict=True), start=1)
            for line in sheet.lines
        ],
    }  # fmt: skip


def _nfc(value: Any) -> Any:
    if isinstance(value, list):
        return [_nfc(v) for v in value]
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def _fractions(box: Rectangle, scan: Scan) -> list[float]:
    """Where the box of the sheet lies on the delivered (upright) page, 0..1."""
    x0, y0, x1, y1 = box
    corners = np.asarray([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)
    there = scan.place(np.clip(corners, 0, (WIDTH, HEIGHT)))
    spots = np.clip(there / (scan.width, scan.height), 0, 1)
    low, high = spots.min(axis=0), spots.max(axis=0)
    return [round(float(v), 5) for v in (low[0], low[1], high[0], high[1])]
