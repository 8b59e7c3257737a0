# SPDX-License-Identifier: Apache-2.0
"""The XMP packet that declares PDF/A-2b. Written out whole, so that the same input gives it again.

(pikepdf's writer puts the dc namespace on the property, which PDFBox Preflight calls error 7.3.)
"""

from __future__ import annotations

import datetime as dt
from xml.sax.saxutils import escape

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
<dc:language><rdf:Bag><rdf:li>vi</rdf:li></rdf:Bag></dc:language>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<xmp:CreatorTool>Sohoa</xmp:CreatorTool>{created}
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def packet(title: str, created: dt.datetime | None) -> bytes:
    """UTF-8 XMP. `created` (aware) is when the paper was converted, never the time of writing."""
    allowed = "".join(c for c in title if c >= " ")
    when = ""
    if created is not None:
        stamp = created.astimezone(dt.UTC).isoformat(timespec="seconds")
        when = f"\n<xmp:CreateDate>{stamp}</xmp:CreateDate>"
    return _PACKET.format(title=escape(allowed), created=when).encode("utf-8")
