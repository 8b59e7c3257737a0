# SPDX-License-Identifier: Apache-2.0
"""The XMP packet that declares PDF/A-2b. Written out whole, so that the same input gives it again.

(pikepdf's writer puts the dc namespace on the property, which PDFBox Preflight calls error 7.3.)
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from xml.sax.saxutils import escape

from workflows.ports.archival import CopyFacts

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>2</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>vi</rdf:li></rdf:Bag></dc:language>{origin}
</rdf:Description>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<xmp:CreatorTool>Sohoa</xmp:CreatorTool>{created}
</rdf:Description>{facts}
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""

NAMESPACE = "urn:sohoa:giay-to:1/"
_PROPERTIES = {
    "number": "Số của giấy tờ, đã được xác nhận",
    "symbol": "Ký hiệu của giấy tờ, đã được xác nhận",
    "issued_on": "Ngày ban hành hoặc ngày cấp, ISO 8601, đã được xác nhận",
    "issuer": "Cơ quan ban hành hoặc cấp, đã được xác nhận",
}

# ISO 19005-2, 6.6.2.3.3: properties outside the predefined schemas are described in the file
_EXTENSION = """
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>Giấy tờ đã số hóa</pdfaSchema:schema>
<pdfaSchema:namespaceURI>{namespace}</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>sohoa</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq>{described}
</rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:sohoa="{namespace}">{said}
</rdf:Description>"""
_DESCRIBED = """
<rdf:li rdf:parseType="Resource">
<pdfaProperty:name>{name}</pdfaProperty:name>
<pdfaProperty:valueType>Text</pdfaProperty:valueType>
<pdfaProperty:category>external</pdfaProperty:category>
<pdfaProperty:description>{about}</pdfaProperty:description>
</rdf:li>"""


def packet(title: str, created: dt.datetime | None, facts: CopyFacts | None = None) -> bytes:
    """UTF-8 XMP. `created` (aware) is when the paper was converted, never the time of writing."""
    when = ""
    if created is not None:
        stamp = created.astimezone(dt.UTC).isoformat(timespec="seconds")
        when = f"\n<xmp:CreateDate>{stamp}</xmp:CreateDate>"
    facts = facts or CopyFacts()
    written = _PACKET.format(
        title=_plain(title), created=when, origin=_origin(facts), facts=_extension(facts)
    )
    return written.encode("utf-8")


def _origin(facts: CopyFacts) -> str:
    rows = []
    if facts.identifier:
        rows.append(f"\n<dc:identifier>{_plain(facts.identifier)}</dc:identifier>")
    if facts.source_sha256:
        rows.append(f"\n<dc:source>sha256:{_plain(facts.source_sha256)}</dc:source>")
    return "".join(rows)


def _extension(facts: CopyFacts) -> str:
    known = {name: _plain(getattr(facts, name)) for name in _PROPERTIES}
    known = {name: value for name, value in known.items() if value}
    if not known:
        return ""
    described = (_DESCRIBED.format(name=name, about=_PROPERTIES[name]) for name in known)
    said = (f"\n<sohoa:{name}>{value}</sohoa:{name}>" for name, value in known.items())
    return _EXTENSION.format(namespace=NAMESPACE, described="".join(described), said="".join(said))


def _plain(text: str) -> str:
    """NFC, without control characters, ready to stand in XML."""
    return escape("".join(c for c in unicodedata.normalize("NFC", text) if c >= " "))
