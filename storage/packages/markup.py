# SPDX-License-Identifier: Apache-2.0
"""XML of packages: built from parts, written the same way each time, read with nothing fetched."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from lxml import etree

METS = "http://www.loc.gov/METS/"
XLINK = "http://www.w3.org/1999/xlink"
CSIP = "https://DILCIS.eu/XML/METS/CSIPExtensionMETS"
PREMIS = "http://www.loc.gov/premis/v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMAS = Path(__file__).with_name("schemas")

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Node: TypeAlias = Any  # an lxml element; lxml has no types of its own


def node(tag: str, *inside: Node | str | None, **attributes: str) -> Node:
    """An element. Names of attributes: `ns__NAME` for a qualified one; None inside is left out."""
    made = etree.Element(tag, nsmap=None)
    for name, value in attributes.items():
        made.set(_qualified(name), clean(value))
    for part in inside:
        if isinstance(part, str):
            made.text = clean(part)
        elif part is not None:
            made.append(part)
    return made


def document(root_tag: str, namespaces: dict[str | None, str]) -> Node:
    return etree.Element(root_tag, nsmap=namespaces)


def write(root: Node) -> bytes:
    etree.indent(root)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written + b"\n"


def read(content: bytes) -> Node:
    """The root. No entity, no DTD, no address is followed; `ValueError` when it is not XML."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    if root.getroottree().docinfo.doctype:
        raise ValueError("DOCTYPE")
    return root


def broken_rules(root: Node, schema: str) -> list[str]:
    """What `root` does not keep of a schema in `schemas/`, one line each; empty when it fits."""
    rules = _schema(schema)
    if rules.validate(root):
        return []
    return [f"dòng {e.line}: {e.message}" for e in rules.error_log]


@cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMAS / name)))


def clean(text: str) -> str:
    """Without the characters XML cannot hold (control characters of bad OCR)."""
    return _FORBIDDEN.sub("", text)


def _qualified(name: str) -> str:
    space, _, local = name.partition("__")
    return f"{{{ {'xlink': XLINK, 'csip': CSIP, 'xsi': XSI}[space] }}}{local}" if local else name
