# SPDX-License-Identifier: Apache-2.0
"""PDF/A-2b rules about what stands on the pages: streams, fonts, images, annotations, actions."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pikepdf
from fontTools.ttLib import TTFont, TTLibError
from pikepdf import Array, Dictionary, Name, Stream

from storage.pdf.rules_file import Violation

_FILTERS = {
    *("/ASCIIHexDecode", "/ASCII85Decode", "/FlateDecode", "/RunLengthDecode"),
    *("/CCITTFaxDecode", "/DCTDecode"),
}  # JBIG2 and JPX are lawful with conditions this check cannot see into, so we do not use them
_BLENDS = {
    *("/Normal", "/Compatible", "/Multiply", "/Screen", "/Overlay", "/Darken", "/Lighten"),
    *("/ColorDodge", "/ColorBurn", "/HardLight", "/SoftLight", "/Difference", "/Exclusion"),
    *("/Hue", "/Saturation", "/Color", "/Luminosity"),
}
_ANNOTATIONS = {
    *("/Text", "/Link", "/FreeText", "/Line", "/Square", "/Circle", "/Polygon", "/PolyLine"),
    *("/Highlight", "/Underline", "/Squiggly", "/StrikeOut", "/Stamp", "/Caret", "/Ink"),
    *("/Popup", "/Widget", "/PrinterMark", "/TrapNet", "/Watermark", "/Redact"),
}
_PRINT, _HIDDEN = 4, 1 | 2 | 32 | 256  # Print; Invisible, Hidden, NoView, ToggleNoView
_ACTIONS = {"/GoTo", "/GoToR", "/GoToE", "/Thread", "/URI", "/Named", "/SubmitForm"}
_NAMED = {"/NextPage", "/PrevPage", "/FirstPage", "/LastPage"}


def streams(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.1.7: only known filters (no LZW, no Crypt), no data outside the file."""
    for stream in _streams(pdf):
        used = stream.get("/Filter", Array())
        names = [str(f) for f in used] if isinstance(used, Array) else [str(used)]
        for name in set(names) - _FILTERS:
            yield Violation(rule="6.1.7-filter", detail=name)
        if {"/F", "/FFilter", "/FDecodeParms"} & set(stream.keys()):
            yield Violation(rule="6.1.7-external", detail="stream data outside the file")


def fonts(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.2.11: every font embedded, widths as in the font program."""
    for font in _typed(pdf, Name.Font):
        kind = font.get("/Subtype")
        if kind == Name.Type0:
            if str(font.get("/Encoding", "")) not in ("/Identity-H", "/Identity-V"):
                yield Violation(rule="6.2.11.3-cmap", detail="CMap is neither Identity nor ours")
        elif kind != Name.Type3:
            yield from _embedded(font)


def images_and_forms(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.2.4, 6.2.8, 6.2.9: device colour fits the intent, no interpolation, no PostScript."""
    space = _intent_space(pdf)
    for stream in _streams(pdf):
        kind = stream.get("/Subtype")
        if kind == Name.Image:
            if bool(stream.get("/Interpolate", False)):
                yield Violation(rule="6.2.8-interpolate", detail="image is interpolated")
            if {"/Alternates", "/OPI"} & set(stream.keys()):
                yield Violation(rule="6.2.8-alternates", detail="alternate images or OPI")
            yield from _device_colour(stream.get("/ColorSpace"), space)
        elif kind == Name.Form and {"/OPI", "/PS", "/Ref"} & set(stream.keys()):
            yield Violation(rule="6.2.9-form", detail="form with OPI, PS or reference")
        elif kind == Name.PS:
            yield Violation(rule="6.2.9-postscript", detail="PostScript XObject")


def graphics_states(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.2.5, 6.2.10: no transfer functions, only standard blend modes."""
    for state in _dictionaries(pdf):
        if state.get("/Type") != Name.ExtGState and not {"/BM", "/TR", "/ca"} & set(state.keys()):
            continue
        if "/TR" in state or state.get("/TR2", Name.Default) != Name.Default or "/HTP" in state:
            yield Violation(rule="6.2.5-transfer", detail="transfer function or halftone phase")
        mode = state.get("/BM", Name.Normal)
        modes = {str(m) for m in mode} if isinstance(mode, Array) else {str(mode)}
        if modes - _BLENDS:
            yield Violation(rule="6.2.10-blend", detail=str(modes - _BLENDS))


def page_annotations(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.3: known kinds only, printed and never hidden, with an appearance."""
    for page in pdf.pages:
        for note in page.obj.get("/Annots", []):
            yield from _annotation(note)


def actions(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.5: no JavaScript, Launch and the like; no actions that start by themselves."""
    for action in _dictionaries(pdf):
        kind = action.get("/S")
        if "/JS" in action:
            yield Violation(rule="6.5.1-javascript", detail="JavaScript")
        elif action.get("/Type") == Name.Action and str(kind) not in _ACTIONS:
            yield Violation(rule="6.5.1-action", detail=str(kind))
        elif kind == Name.Named and str(action.get("/N", "")) not in _NAMED:
            yield Violation(rule="6.5.1-named", detail=str(action.get("/N")))
    for page in pdf.pages:
        if "/AA" in page.obj:
            yield Violation(rule="6.5.2-page-actions", detail="page with additional actions")


def pages(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.1.13: page sides of 3 to 14400 units."""
    for page in pdf.pages:
        left, bottom, right, top = (float(v) for v in page.mediabox)
        if not all(3 <= side <= 14400 for side in (right - left, top - bottom)):
            yield Violation(rule="6.1.13-size", detail=f"{right - left} x {top - bottom}")


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Every dictionary, also those written inside another object; streams by their dictionary."""
    waiting = [o for o in pdf.objects if isinstance(o, Dictionary | Array | Stream)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Array):
            inner = list(value)
        else:
            inner = [value[key] for key in value.keys()]  # noqa: SIM118 - not a dict
            yield value
        waiting += [i for i in inner if isinstance(i, Dictionary | Array) and not i.is_indirect]


def _streams(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Stream]:
    yield from (o for o in pdf.objects if isinstance(o, Stream))


def _typed(pdf: pikepdf.Pdf, kind: pikepdf.Name) -> Iterator[pikepdf.Object]:
    yield from (d for d in _dictionaries(pdf) if d.get("/Type") == kind)


def _embedded(font: pikepdf.Object) -> Iterator[Violation]:
    name = str(font.get("/BaseFont", "?"))
    descriptor = font.get("/FontDescriptor", Dictionary())
    if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor.keys()):
        yield Violation(rule="6.2.11.4-embedded", detail=name)
        return
    if font.get("/Subtype") != Name.CIDFontType2:
        return
    if font.get("/CIDToGIDMap") != Name.Identity:
        yield Violation(rule="6.2.11.3-cidtogid", detail=f"{name}: CIDToGIDMap is not Identity")
    elif "/FontFile2" in descriptor:
        yield from _widths(font, name, descriptor.FontFile2.read_bytes())


def _widths(font: pikepdf.Object, name: str, program: bytes) -> Iterator[Violation]:
    """The trap met here: pyHanko 0.38 leaves widths unscaled for fonts whose em is not 1000."""
    try:
        parsed = TTFont(BytesIO(program), lazy=True)
        order, metrics = parsed.getGlyphOrder(), parsed["hmtx"].metrics
        unit = 1000 / parsed["head"].unitsPerEm
    except (TTLibError, KeyError) as error:
        yield Violation(rule="6.2.11.4-program", detail=f"{name}: {error}")
        return
    for glyph, width in _declared_widths(font.get("/W", Array())):
        if glyph >= len(order) or abs(metrics[order[glyph]][0] * unit - width) > 1:
            yield Violation(rule="6.2.11.5-widths", detail=f"{name}: glyph {glyph}")
            return


def _declared_widths(widths: pikepdf.Object) -> Iterator[tuple[int, float]]:
    rest = list(widths)
    while rest:
        first, second = int(rest.pop(0)), rest.pop(0)
        if isinstance(second, Array):
            yield from ((first + i, float(w)) for i, w in enumerate(second))
        else:
            width = float(rest.pop(0))
            yield from ((glyph, width) for glyph in range(first, int(second) + 1))


def _intent_space(pdf: pikepdf.Pdf) -> int:
    for intent in pdf.Root.get("/OutputIntents", []):
        if "/DestOutputProfile" in intent:
            return int(intent.DestOutputProfile.get("/N", 0))
    return 0


def _device_colour(space: pikepdf.Object | None, intent: int) -> Iterator[Violation]:
    needs = {"/DeviceGray": (1, 3, 4), "/DeviceRGB": (3,), "/DeviceCMYK": (4,)}
    allowed = needs.get(str(space)) if isinstance(space, Name) else None
    if allowed is not None and intent not in allowed:
        yield Violation(rule="6.2.4.3-device-colour", detail=f"{space} without its intent")


def _annotation(note: pikepdf.Object) -> Iterator[Violation]:
    kind, flags = str(note.get("/Subtype", "")), int(note.get("/F", 0))
    if kind not in _ANNOTATIONS:
        yield Violation(rule="6.3.1-annotation", detail=kind)
    if kind == "/Popup":
        return
    if not flags & _PRINT or flags & _HIDDEN:
        yield Violation(rule="6.3.2-flags", detail=f"{kind}: flags {flags}")
    left, bottom, right, top = (float(v) for v in note.get("/Rect", [0, 0, 0, 0]))
    empty = left == right and bottom == top
    if kind != "/Link" and not empty and "/N" not in note.get("/AP", Dictionary()):
        yield Violation(rule="6.3.3-appearance", detail=f"{kind} without appearance")
    if kind == "/Widget" and {"/A", "/AA"} & set(note.keys()):
        yield Violation(rule="6.4.1-widget-action", detail="form field with an action")
