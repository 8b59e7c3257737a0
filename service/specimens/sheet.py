# SPDX-License-Identifier: Apache-2.0
"""A sheet of A4 at 300 dpi to write on; remembers where every line and every field went."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

DPI = 300
WIDTH, HEIGHT = 2480, 3508
MM = DPI / 25.4
_FOLDERS = ("/usr/share/fonts/truetype", "/usr/share/fonts/opentype", "/usr/share/texmf/fonts")
# regular, bold, italic: Times-like first, as NĐ 30/2020 asks for
_FAMILIES = (
    ("Tinos-Regular.ttf", "Tinos-Bold.ttf", "Tinos-Italic.ttf"),
    ("texgyretermes-regular.otf", "texgyretermes-bold.otf", "texgyretermes-italic.otf"),
    ("FreeSerif.ttf", "FreeSerifBold.ttf", "FreeSerifItalic.ttf"),
    ("NotoSerif-Regular.ttf", "NotoSerif-Bold.ttf", "NotoSerif-Italic.ttf"),
    ("Arimo-Regular.ttf", "Arimo-Bold.ttf", "Arimo-Italic.ttf"),
    ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf", "NotoSans-Italic.ttf"),
)
VIETNAMESE = (
    "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
)


@dataclass(frozen=True, slots=True)
class Family:
    """Three faces of a font, each with every Vietnamese letter."""

    regular: str
    bold: str
    italic: str


@cache
def families() -> tuple[Family, ...]:
    """The families of this machine that lack no letter; Debian's Liberation lacks 92 of them."""
    found: dict[str, str] = {}
    for folder in _FOLDERS:
        for path in sorted(Path(folder).rglob("*.[ot]tf")):
            found.setdefault(path.name, str(path))
    complete = [
        Family(*(found[name] for name in names))
        for names in _FAMILIES
        if all(name in found and _complete(found[name]) for name in names)
    ]
    if not complete:
        raise RuntimeError("no font with every Vietnamese letter: install fonts-croscore")
    return tuple(complete)


@cache
def _complete(path: str) -> bool:
    known = TTFont(path, lazy=True).getBestCmap()
    return all(ord(c) in known for c in VIETNAMESE + VIETNAMESE.upper())


@cache
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@dataclass
class Sheet:
    """One page being written. Coordinates are pixels at 300 dpi, sizes are points."""

    family: Family
    image: Image.Image = field(
        default_factory=lambda: Image.new("RGB", (WIDTH, HEIGHT), (255, 255, 255))
    )
    lines: list[dict[str, Any]] = field(default_factory=list)
    boxes: dict[str, list[float]] = field(default_factory=dict)

    def width(self, text: str, size: float, style: str = "regular") -> float:
        return self._face(size, style).getlength(_nfc(text))

    def write(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 13,
        style: str = "regular",
        *,
        key: str | None = None,
        align: str = "left",
        ink: tuple[int, int, int] = (20, 20, 22),
        line: bool = True,
    ) -> float:
        """Write one line with its top at `y`; returns the x where it ends."""
        text, face = _nfc(text), self._face(size, style)
        length = face.getlength(text)
        start = {"left": x, "centre": x - length / 2, "right": x - length}[align]
        draw = ImageDraw.Draw(self.image)
        draw.text((start, y), text, font=face, fill=ink)
        box = _fractions(draw.textbbox((start, y), text, font=face))
        if line and text.strip():
            self.lines.append({"text": text, "box": box})
        if key is not None:
            self.mark(key, box)
        return start + length

    def mark(self, key: str, box: list[float]) -> None:
        old = self.boxes.get(key)
        self.boxes[key] = box if old is None else _union(old, box)

    def rule(self, x0: float, y: float, x1: float, width: int = 3) -> None:
        ImageDraw.Draw(self.image).line((x0, y, x1, y), fill=(25, 25, 25), width=width)

    def paragraph(
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        size: float = 13,
        style: str = "regular",
        *,
        indent: float = 0,
        key: str | None = None,
        align: str = "left",
        leading: float = 1.35,
    ) -> float:
        """Wrapped text; returns the y below it."""
        line, start = "", x + indent
        for word in _nfc(text).split():
            longer = f"{line} {word}".strip()
            if line and self.width(longer, size, style) > width - (start - x):
                self._line(start, y, line, size, style, key, align, x, width)
                y += size * DPI / 72 * leading
                line, start = word, x
            else:
                line = longer
        if line:
            self._line(start, y, line, size, style, key, align, x, width)
            y += size * DPI / 72 * leading
        return y

    def _line(
        self,
        start: float,
        y: float,
        line: str,
        size: float,
        style: str,
        key: str | None,
        align: str,
        x: float,
        width: float,
    ) -> None:
        at = x + width / 2 if align == "centre" else start
        self.write(at, y, line, size, style, key=key, align=align)

    def _face(self, size: float, style: str) -> ImageFont.FreeTypeFont:
        return _font(getattr(self.family, style), round(size * DPI / 72))

    def pixels(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return np.asarray(self.image).copy()


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _fractions(box: tuple[float, float, float, float]) -> list[float]:
    x0, y0, x1, y1 = box
    return [round(v, 5) for v in (x0 / WIDTH, y0 / HEIGHT, x1 / WIDTH, y1 / HEIGHT)]


def _union(a: list[float], b: list[float]) -> list[float]:
    return [min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])]
