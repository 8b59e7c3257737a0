# SPDX-License-Identifier: Apache-2.0
"""Typefaces that hold every Vietnamese letter, looked up on this machine.

Measured trap: Debian's `fonts-liberation` lacks 92 of the 134 letters and would put empty boxes
into the truth, so a family is used only after its character map was checked.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import ImageFont

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/share/texmf/fonts"), Path("/usr/local/share/fonts"))
SCAN_DPI = 300
_BASES = "aăâeêioôơuưy"
_TONES = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")


def vietnamese_letters() -> frozenset[str]:
    """The 134 letters outside ASCII, small and capital."""
    small = {unicodedata.normalize("NFC", b + t) for b in _BASES for t in _TONES} | {"đ"}
    small = {c for c in small if ord(c) > 127}
    return frozenset(small | {c.upper() for c in small})


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One typeface in four cuts; file names, found below `FOLDERS`. `serif`: Times-like."""

    name: str
    regular: str
    bold: str
    italic: str
    bold_italic: str
    serif: bool = True

    def file(self, *, bold: bool, italic: bool) -> str:
        if bold:
            return self.bold_italic if italic else self.bold
        return self.italic if italic else self.regular

    @property
    def files(self) -> tuple[str, ...]:
        return (self.regular, self.bold, self.italic, self.bold_italic)


def _family(name: str, stem: str, cuts: str, *, serif: bool = True) -> Family:
    regular, bold, italic, both = (stem + cut for cut in cuts.split())
    return Family(
        name=name, regular=regular, bold=bold, italic=italic, bold_italic=both, serif=serif
    )


_DASHED = "-Regular.ttf -Bold.ttf -Italic.ttf -BoldItalic.ttf"
_GYRE = "-regular.otf -bold.otf -italic.otf -bolditalic.otf"
ARIMO = _family("Arimo", "Arimo", _DASHED, serif=False)
COUSINE = _family("Cousine", "Cousine", _DASHED, serif=False)
"""Fixed pitch, for machine readable zones; not a face of letters."""
FAMILIES = (
    _family("Tinos", "Tinos", _DASHED),
    ARIMO,
    _family("Noto Serif", "NotoSerif", _DASHED),
    _family("Noto Sans", "NotoSans", _DASHED, serif=False),
    _family("Noto Serif Display", "NotoSerifDisplay", _DASHED),
    _family("Noto Sans Display", "NotoSansDisplay", _DASHED, serif=False),
    _family("TeX Gyre Termes", "texgyretermes", _GYRE),
    _family("TeX Gyre Schola", "texgyreschola", _GYRE),
    _family("TeX Gyre Heros", "texgyreheros", _GYRE, serif=False),
    _family("FreeSerif", "FreeSerif", ".ttf Bold.ttf Italic.ttf BoldItalic.ttf"),
    _family("DejaVu Serif", "DejaVuSerif", ".ttf -Bold.ttf -Italic.ttf -BoldItalic.ttf"),
)


@cache
def _files() -> dict[str, Path]:
    found = (p for folder in FOLDERS if folder.is_dir() for p in sorted(folder.rglob("*.[ot]tf")))
    return {p.name: p for p in found}


@cache
def missing_letters(file_name: str) -> frozenset[str]:
    """Vietnamese letters the font file cannot draw; all of them when the file is not here."""
    path = _files().get(file_name)
    if path is None:
        return vietnamese_letters()
    with TTFont(path, lazy=True) as font:
        drawn = font.getBestCmap()
    return frozenset(c for c in vietnamese_letters() if ord(c) not in drawn)


@cache
def installed_families() -> tuple[Family, ...]:
    """Families whose four cuts are here and complete. Raises FileNotFoundError if there is none."""
    whole = tuple(f for f in FAMILIES if not any(missing_letters(name) for name in f.files))
    if not whole:
        raise FileNotFoundError("no font with all Vietnamese letters: install fonts-croscore")
    return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a piece of text looks: `size` in points, `tone` 0 black .. 255 white."""

    family: Family
    size: float = 14.0
    bold: bool = False
    italic: bool = False
    tone: int = 0


@cache
def font(style_file: str, pixels: int) -> ImageFont.FreeTypeFont:
    # the basic layout draws composed (NFC) letters right and three times faster than raqm
    path = _files()[style_file]
    return ImageFont.truetype(path, pixels, layout_engine=ImageFont.Layout.BASIC)


def font_of(style: Style) -> ImageFont.FreeTypeFont:
    pixels = round(style.size * SCAN_DPI / 72)
    return font(style.family.file(bold=style.bold, italic=style.italic), pixels)
