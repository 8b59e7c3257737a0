# SPDX-License-Identifier: Apache-2.0
"""The typeface as a PDF font: Type0 over CIDFontType2, Identity-H, embedded subset, ToUnicode."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from io import BytesIO

import pikepdf
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from storage.typeface import Typeface

_BLOCK = 100  # entries of one bfchar block: the limit of the CMap specification


class EmbeddedFont:
    """A font inside one PDF, written with before it is known which characters it needs.

    `finish` puts the subset in, once, after the last text: the pages need not be looked at twice.
    """

    def __init__(self, pdf: Pdf, face: Typeface) -> None:
        self.resource = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type0))
        self._pdf, self._face = pdf, face
        self._used = {" "}

    def encode(self, text: str) -> str:
        """The hexadecimal string operand of Tj, for text that the face can write."""
        self._used.update(text)
        return "<" + "".join([f"{self._face.glyphs[c]:04X}" for c in text]) + ">"

    def finish(self) -> None:
        pdf, face = self._pdf, self._face
        characters = "".join(sorted(self._used))
        program = face.numbered_subset(characters)
        glyphs = {c: face.glyphs[c] for c in characters}
        tag = "".join(chr(65 + b % 26) for b in hashlib.sha256(program).digest()[:6])
        name = Name(f"/{tag}+{face.name}")
        file = Stream(pdf, program, Length1=len(program))
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=name,
            CIDSystemInfo=Dictionary(
                Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0
            ),
            CIDToGIDMap=Name.Identity,
            DW=1000,
            W=_widths(face, glyphs, program),
            FontDescriptor=pdf.make_indirect(_descriptor(face, name, pdf.make_indirect(file))),
        )
        self.resource.BaseFont = name
        self.resource.Encoding = Name("/Identity-H")
        self.resource.DescendantFonts = Array([pdf.make_indirect(descendant)])
        self.resource.ToUnicode = pdf.make_indirect(Stream(pdf, _to_unicode(glyphs)))


def _descriptor(face: Typeface, name: Name, file: pikepdf.Object) -> Dictionary:
    return Dictionary(
        Type=Name.FontDescriptor,
        FontName=name,
        Flags=4,
        FontBBox=Array(list(face.bounds)),
        ItalicAngle=0,
        Ascent=round(face.ascent),
        Descent=-round(face.descent),
        CapHeight=662,
        StemV=80,
        FontFile2=file,
    )


def _widths(face: Typeface, glyphs: Mapping[str, int], program: bytes) -> Array:
    """/W in 1/1000 em, whatever the font's own unit is: a mismatch breaks PDF/A 6.2.11.5."""
    by_glyph = {g: round(face.advances[c]) for c, g in glyphs.items()}
    font = TTFont(BytesIO(program), lazy=True)
    notdef = round(font["hmtx"][".notdef"][0] * 1000 / font["head"].unitsPerEm)
    by_glyph.setdefault(0, notdef)
    widths = Array()
    for glyph, width in sorted(by_glyph.items()):
        widths.append(glyph)
        widths.append(Array([width]))
    return widths


def _to_unicode(glyphs: Mapping[str, int]) -> bytes:
    pairs = sorted((g, c.encode("utf-16-be").hex().upper()) for c, g in glyphs.items())
    blocks = []
    for start in range(0, len(pairs), _BLOCK):
        block = pairs[start : start + _BLOCK]
        rows = "\n".join(f"<{glyph:04X}> <{text}>" for glyph, text in block)
        blocks.append(f"{len(block)} beginbfchar\n{rows}\nendbfchar")
    return "\n".join([_CMAP_HEAD, *blocks, _CMAP_TAIL]).encode("ascii")


_CMAP_HEAD = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange"""
_CMAP_TAIL = """endcmap
CMapName currentdict /CMap defineresource pop
end
end"""
