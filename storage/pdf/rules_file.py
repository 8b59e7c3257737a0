# SPDX-License-Identifier: Apache-2.0
"""PDF/A-2b rules about the file as a whole: header, trailer, metadata, colour, catalog."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

import pikepdf
from pikepdf import Dictionary, Name

_PDFAID = "{http://www.aiim.org/pdfa/ns/id/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_ICC_SPACES = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """`rule`: clause of ISO 19005-2 and a short name; `detail`: what was met."""

    rule: str
    detail: str


def header(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.1.2: %PDF-1.n at byte 0, then a comment of four bytes above 127."""
    first, _, rest = raw[:64].partition(b"\n")
    if not re.fullmatch(rb"%PDF-1\.[0-7]\r?", first):
        yield Violation(rule="6.1.2-header", detail=repr(first[:20]))
    elif not re.match(rb"%[\x80-\xff]{4}", rest):
        yield Violation(rule="6.1.2-binary", detail="no comment of bytes above 127")


def trailer(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.1.3: a file identifier, no encryption, nothing after the end-of-file marker."""
    if "/ID" not in pdf.trailer:
        yield Violation(rule="6.1.3-id", detail="trailer has no ID")
    if pdf.is_encrypted:
        yield Violation(rule="6.1.3-encrypt", detail="the file is encrypted")
    if not raw.rstrip(b"\r\n").endswith(b"%%EOF"):
        yield Violation(rule="6.1.3-eof", detail="bytes after the end-of-file marker")


def identification(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.6.2, 6.6.4: an XMP packet that says part 2, conformance B (or the stricter U, A).

    6.6.2.3: a property outside the predefined schemas is described by an extension schema.
    """
    metadata = pdf.Root.get("/Metadata")
    if not isinstance(metadata, pikepdf.Stream):
        yield Violation(rule="6.6.2-metadata", detail="no metadata stream")
        return
    if metadata.get("/Type") != Name.Metadata or metadata.get("/Subtype") != Name.XML:
        yield Violation(rule="6.6.2-metadata", detail="metadata stream is not typed XML")
    try:
        tree = ET.fromstring(metadata.read_bytes().decode("utf-8"))  # noqa: S314 - our own file
    except (ET.ParseError, UnicodeDecodeError) as error:
        yield Violation(rule="6.6.2-xmp", detail=str(error))
        return
    if _said(tree, "part") != "2" or _said(tree, "conformance") not in {"A", "B", "U"}:
        yield Violation(rule="6.6.4-identification", detail="not declared PDF/A-2b")
    described = _described(tree)
    for name in sorted(_properties(tree)):
        namespace = name[1:].partition("}")[0]
        if namespace not in _PREDEFINED and name not in described:
            yield Violation(rule="6.6.2.3-extension", detail=f"{name} is not described")


def output_intent(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.2.3: one PDF/A output intent with an embedded ICC profile of at most version 4."""
    intents = [i for i in pdf.Root.get("/OutputIntents", []) if i.get("/S") == Name.GTS_PDFA1]
    if len(intents) != 1 or "/DestOutputProfile" not in intents[0]:
        yield Violation(rule="6.2.3-intent", detail=f"{len(intents)} PDF/A output intents")
        return
    profile = intents[0].DestOutputProfile
    icc = profile.read_bytes()
    if icc[36:40] != b"acsp" or icc[8] > 4:
        yield Violation(rule="6.2.3-icc", detail="not an ICC profile of version 4 or less")
    elif _ICC_SPACES.get(int(profile.get("/N", 0))) != icc[16:20]:
        yield Violation(rule="6.2.3-components", detail="N differs from the profile's colours")


def catalog(pdf: pikepdf.Pdf, raw: bytes) -> Iterator[Violation]:
    """6.1.12, 6.4, 6.8, 6.9, 6.11: what the catalog may not hold."""
    root = pdf.Root
    names = root.get("/Names", Dictionary())
    form = root.get("/AcroForm", Dictionary())
    forbidden = {
        "6.5.2-javascript-names": "/JavaScript" in names,
        "6.8-embedded-files": "/EmbeddedFiles" in names or "/AF" in root,
        "6.10-alternate-presentations": "/AlternatePresentations" in names,
        "6.4.2-xfa": "/XFA" in form or bool(root.get("/NeedsRendering", False)),
        "6.4.1-need-appearances": bool(form.get("/NeedAppearances", False)),
        "6.5.2-additional-actions": "/AA" in root,
        "6.11-requirements": "/Requirements" in root,
        "6.1.12-permissions": bool(set(root.get("/Perms", Dictionary()).keys()) - _PERMISSIONS),
        "6.9-optional-content": _automatic_layers(root),
    }
    yield from (Violation(rule=r, detail="in the catalog") for r, met in forbidden.items() if met)


_PERMISSIONS = {"/UR3", "/DocMDP"}


def _automatic_layers(root: pikepdf.Object) -> bool:
    layers = root.get("/OCProperties")
    if layers is None:
        return False
    settings = [layers.get("/D", Dictionary()), *layers.get("/Configs", [])]
    return any("/AS" in s or "/Name" not in s for s in settings)


_PREDEFINED = {
    "http://www.aiim.org/pdfa/ns/id/",
    "http://www.aiim.org/pdfa/ns/extension/",
    "http://purl.org/dc/elements/1.1/",
    "http://ns.adobe.com/xap/1.0/",
    "http://ns.adobe.com/xap/1.0/mm/",
    "http://ns.adobe.com/xap/1.0/rights/",
    "http://ns.adobe.com/pdf/1.3/",
}
_SCHEMA = "{http://www.aiim.org/pdfa/ns/schema#}"
_PROPERTY = "{http://www.aiim.org/pdfa/ns/property#}"


def _properties(tree: ET.Element) -> set[str]:
    """Names of all properties, written as element or as attribute."""
    found = set[str]()
    for description in tree.iter(f"{_RDF}Description"):
        found.update(child.tag for child in description)
        found.update(a for a in description.attrib if not a.startswith(_RDF))
    return found


def _described(tree: ET.Element) -> set[str]:
    """Names of the properties that extension schemas describe completely."""
    found = set[str]()
    for schema in tree.iter():
        namespace = schema.findtext(f"{_SCHEMA}namespaceURI")
        listed = schema.find(f"{_SCHEMA}property")
        if namespace is None or listed is None or not schema.findtext(f"{_SCHEMA}prefix"):
            continue
        for item in listed.iter(f"{_RDF}li"):
            parts = [
                item.findtext(f"{_PROPERTY}{part}")
                for part in ("name", "valueType", "category", "description")
            ]
            if all(parts):
                found.add(f"{{{namespace}}}{parts[0]}")
    return found


def _said(tree: ET.Element, name: str) -> str | None:
    """An XMP property, written as element or as attribute."""
    for description in tree.iter(f"{_RDF}Description"):
        found = description.find(f"{_PDFAID}{name}")
        if found is not None:
            return found.text
        if f"{_PDFAID}{name}" in description.attrib:
            return description.attrib[f"{_PDFAID}{name}"]
    return None
