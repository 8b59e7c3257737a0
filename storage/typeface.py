# SPDX-License-Identifier: Apache-2.0
"""The one typeface Sohoa writes with: Tinos, the free stand-in for Times New Roman.

Checked when it is loaded: Debian's LiberationSerif lacks 92 of the 134 Vietnamese letters, and
a letter that silently falls out of a text layer is a wrong value nobody sees.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import uharfbuzz
from fontTools.ttLib import TTFont

from workflows.errors import Unavailable

TINOS = Path("/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf")
"""Debian package fonts-croscore."""

_POSTSCRIPT_NAME = uharfbuzz.OTNameIdPredefined.POSTSCRIPT_NAME
_SHAPING = (b"GDEF", b"GPOS", b"GSUB")
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_MARKED = {
    unicodedata.normalize("NFC", vowel + tone)
    for vowel in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for tone in _TONES
}
VIETNAMESE = "".join(sorted((_MARKED | set("đĐ")) - set("aeiouyAEIOUY")))
"""The 134 letters Vietnamese adds to ASCII, NFC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeface:
    """A TrueType font that can write Vietnamese.

    `advances`: widths in 1/1000 em by character; `ascent`, `descent` in 1/1000 em, both
    positive. `glyphs`: numbers by character, in `program` and in a subset that keeps them.
    """

    name: str
    program: bytes
    advances: Mapping[str, float]
    glyphs: Mapping[str, int]
    ascent: float
    descent: float
    bounds: tuple[float, float, float, float]
    canonical: Mapping[int, str]

    def writable(self, text: str) -> tuple[str, int]:
        """`text` in NFC with what the font cannot draw left out, and how many were left out."""
        composed = unicodedata.normalize("NFC", text)
        kept = composed.translate(self.canonical)
        known = "".join(c for c in kept if c in self.advances)
        return known, len(kept) - len(known)

    def width(self, text: str, size: float) -> float:
        """Natural width of writable `text` in the unit of `size`."""
        return sum(self.advances[c] for c in text) * size / 1000

    def subset(self, characters: str, *, per_em: int | None = None) -> bytes:
        """A font program with just `characters`; the same characters give the same bytes.

        `per_em` re-scales the outlines (pyHanko 0.38 writes widths right only for 1000).
        """
        from fontTools.ttLib.scaleUpem import scale_upem

        font = _open(self.program)
        _cut(font, _codes(characters))
        if per_em is not None:
            scale_upem(font, per_em)
        return _saved(font)

    def numbered_subset(self, characters: str) -> bytes:
        """The same with the glyphs' numbers as in `glyphs`, so that text can be written first.

        By HarfBuzz, in 1 ms: a copy waits for it when all its pages are read, and fontTools takes
        20, besides 45 to be loaded.
        """
        wanted = uharfbuzz.SubsetInput()
        wanted.unicode_set.update(_codes(characters))
        # placed by number, letters are never shaped, and paper has no grid to be fitted to
        wanted.drop_table_tag_set.update(int.from_bytes(tag) for tag in _SHAPING)
        wanted.flags = (
            uharfbuzz.SubsetFlags.RETAIN_GIDS
            | uharfbuzz.SubsetFlags.NO_HINTING
            | uharfbuzz.SubsetFlags.NOTDEF_OUTLINE
        )
        return bytes(uharfbuzz.subset(uharfbuzz.Face(self.program), wanted).blob.data)


def load_typeface(path: Path = TINOS) -> Typeface:
    """Read and check the font. Raises `Unavailable` when it is absent or not Vietnamese."""
    if not path.is_file():
        raise Unavailable(f"font {path} is absent", message="Máy chủ thiếu phông chữ Tinos.")
    program = path.read_bytes()
    font = _open(program)
    letters = font.getBestCmap()
    missing = [c for c in VIETNAMESE if ord(c) not in letters]
    if missing:
        raise Unavailable(
            f"{path.name} lacks {len(missing)} of {len(VIETNAMESE)} Vietnamese letters",
            message="Phông chữ của máy chủ thiếu chữ cái tiếng Việt.",
        )
    unit = 1000 / font["head"].unitsPerEm
    advance, head, line = font["hmtx"].metrics, font["head"], font["hhea"]
    return Typeface(
        # fontTools loads all layout tables for a name: 25 ms
        name=uharfbuzz.Face(program).get_name(_POSTSCRIPT_NAME) or path.stem,
        program=program,
        advances={chr(c): advance[g][0] * unit for c, g in letters.items() if c >= 0x20},
        glyphs={chr(c): font.getGlyphID(g) for c, g in letters.items() if c >= 0x20},
        ascent=line.ascent * unit,
        descent=-line.descent * unit,
        bounds=tuple(round(v * unit) for v in (head.xMin, head.yMin, head.xMax, head.yMax)),
        canonical=_one_character_a_glyph(letters),
    )


def _one_character_a_glyph(letters: Mapping[int, str]) -> dict[int, str]:
    """Tinos draws a few characters with one glyph (space and no-break space): keep the first.

    Otherwise a glyph would have two meanings and copied text would change.
    """
    by_glyph = defaultdict(list)
    for code, glyph in letters.items():
        by_glyph[glyph].append(code)
    return {c: chr(min(codes)) for codes in by_glyph.values() for c in codes if c != min(codes)}


def _codes(characters: str) -> set[int]:
    return {ord(c) for c in characters} | {0x20}


def _open(program: bytes) -> TTFont:
    return TTFont(BytesIO(program), lazy=True, recalcTimestamp=False)


def _cut(font: TTFont, codes: set[int]) -> None:
    from fontTools import subset

    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.notdef_outline = True
    options.name_IDs = [1, 2, 6]
    options.recalc_timestamp = False
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)


def _saved(font: TTFont) -> bytes:
    out = BytesIO()
    font.save(out)
    return out.getvalue()
