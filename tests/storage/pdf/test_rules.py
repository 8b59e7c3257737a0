"""Every PDF/A-2b rule has a file that breaks it, and only it; clean files break none."""

from io import BytesIO

import pikepdf
import pytest
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, Stream, String

from storage.pdf import JpegRaster, PikepdfArchivalPdf, check
from storage.pdf.xmp import packet
from storage.typeface import load_typeface


@pytest.fixture
def clean(a4_page, mark) -> bytes:
    archival = PikepdfArchivalPdf(raster=JpegRaster())
    return archival.compose([a4_page], title="Giấy phép", mark=mark)


def _lzw(pdf):
    pdf.Root.Junk = pdf.make_indirect(Stream(pdf, b"\x80\x0b", Filter=Name.LZWDecode))


def _external(pdf):
    pdf.Root.Junk = pdf.make_indirect(Stream(pdf, b"", F=String("elsewhere.dat")))


def _font(pdf):
    return next(o for o in pdf.objects if isinstance(o, Dictionary) and "/CIDToGIDMap" in o)


def _type0(pdf):
    return pdf.pages[0].Resources.Font.F0


def _image(pdf):
    return pdf.pages[0].Resources.XObject.Im0


def _wrong_widths(pdf):
    """What pyHanko 0.38 does with a font of 2048 units per em."""
    _font(pdf).W = Array([v if isinstance(v, int) else [round(v[0] * 2.048)] for v in _font(pdf).W])


def _own_metadata(pdf, xmp: bytes):
    pdf.Root.Metadata = pdf.make_indirect(Stream(pdf, xmp, Type=Name.Metadata, Subtype=Name.XML))


def _annotate(pdf, **entries):
    defaults = {"Type": Name.Annot, "Subtype": Name.Square, "F": 4, "Rect": [10, 10, 50, 50]}
    form = Stream(pdf, b"", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 40, 40])
    note = Dictionary({f"/{k}": v for k, v in (defaults | entries).items()})
    if "AP" not in entries:
        note.AP = Dictionary(N=pdf.make_indirect(form))
    pdf.pages[0].Annots = Array([pdf.make_indirect(note)])
    if note.Subtype == Name.Widget:
        pdf.Root.AcroForm = Dictionary(Fields=pdf.pages[0].Annots)


def _act(pdf, **entries):
    pdf.Root.OpenAction = Dictionary(
        {"/Type": Name.Action} | {f"/{k}": v for k, v in entries.items()}
    )


def _form(pdf, **entries):
    pdf.Root.AcroForm = Dictionary({"/Fields": Array()} | {f"/{k}": v for k, v in entries.items()})


def _state(pdf, **entries):
    state = Dictionary({"/Type": Name.ExtGState} | {f"/{k}": v for k, v in entries.items()})
    pdf.pages[0].Resources.ExtGState = Dictionary(G0=state)


def _xobject(pdf, **entries):
    made = Stream(pdf, b"", **{"Type": Name.XObject, "BBox": [0, 0, 1, 1]} | entries)
    pdf.pages[0].Resources.XObject.X9 = pdf.make_indirect(made)


def _names(pdf, name):
    pdf.Root.Names = Dictionary({name: Dictionary(Names=Array())})


BROKEN = {
    "6.6.2-metadata": lambda pdf: pdf.Root.__delitem__("/Metadata"),
    "6.6.2-xmp": lambda pdf: _own_metadata(pdf, b"<not xml"),
    "6.6.4-identification": lambda pdf: _own_metadata(
        pdf, packet("t", None).replace(b"part>2", b"part>1")
    ),
    "6.2.3-intent": lambda pdf: pdf.Root.__delitem__("/OutputIntents"),
    "6.2.3-icc": lambda pdf: pdf.Root.OutputIntents[0].DestOutputProfile.write(b"x" * 200),
    "6.2.3-components": lambda pdf: setattr(pdf.Root.OutputIntents[0].DestOutputProfile, "N", 4),
    "6.2.4.3-device-colour": lambda pdf: setattr(_image(pdf), "ColorSpace", Name.DeviceCMYK),
    "6.5.2-javascript-names": lambda pdf: _names(pdf, "/JavaScript"),
    "6.8-embedded-files": lambda pdf: _names(pdf, "/EmbeddedFiles"),
    "6.10-alternate-presentations": lambda pdf: _names(pdf, "/AlternatePresentations"),
    "6.4.2-xfa": lambda pdf: _form(pdf, XFA=String("x")),
    "6.4.1-need-appearances": lambda pdf: _form(pdf, NeedAppearances=True),
    "6.5.2-additional-actions": lambda pdf: setattr(pdf.Root, "AA", Dictionary()),
    "6.11-requirements": lambda pdf: setattr(pdf.Root, "Requirements", Array()),
    "6.1.12-permissions": lambda pdf: setattr(pdf.Root, "Perms", Dictionary(Own=1)),
    "6.9-optional-content": lambda pdf: setattr(
        pdf.Root, "OCProperties", Dictionary(D=Dictionary(Name=String("n"), AS=Array()))
    ),
    "6.1.7-filter": _lzw,
    "6.1.7-external": _external,
    "6.2.11.4-embedded": lambda pdf: _font(pdf).FontDescriptor.__delitem__("/FontFile2"),
    "6.2.11.4-program": lambda pdf: _font(pdf).FontDescriptor.FontFile2.write(b"no font"),
    "6.2.11.3-cmap": lambda pdf: setattr(_type0(pdf), "Encoding", Name("/UniJIS-UCS2-H")),
    "6.2.11.3-cidtogid": lambda pdf: _font(pdf).__delitem__("/CIDToGIDMap"),
    "6.2.11.5-widths": _wrong_widths,
    "6.2.8-interpolate": lambda pdf: setattr(_image(pdf), "Interpolate", True),
    "6.2.8-alternates": lambda pdf: setattr(_image(pdf), "Alternates", Array()),
    "6.2.9-form": lambda pdf: _xobject(pdf, Subtype=Name.Form, Ref=Dictionary()),
    "6.2.9-postscript": lambda pdf: _xobject(pdf, Subtype=Name.PS),
    "6.2.5-transfer": lambda pdf: _state(pdf, TR=Name.Identity),
    "6.2.10-blend": lambda pdf: _state(pdf, BM=Name.Sparkle),
    "6.3.1-annotation": lambda pdf: _annotate(pdf, Subtype=Name.Movie),
    "6.3.2-flags": lambda pdf: _annotate(pdf, F=4 | 2),
    "6.3.3-appearance": lambda pdf: _annotate(pdf, AP=Dictionary()),
    "6.4.1-widget-action": lambda pdf: _annotate(pdf, Subtype=Name.Widget, AA=Dictionary()),
    "6.5.1-javascript": lambda pdf: _act(pdf, S=Name.JavaScript, JS=String("app.alert(1)")),
    "6.5.1-action": lambda pdf: _act(pdf, S=Name.Launch),
    "6.5.1-named": lambda pdf: _act(pdf, S=Name.Named, N=Name.Print),
    "6.5.2-page-actions": lambda pdf: setattr(pdf.pages[0], "AA", Dictionary()),
    "6.1.13-size": lambda pdf: setattr(pdf.pages[0], "MediaBox", Array([0, 0, 20000, 800])),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_catches_its_fault(rule, clean):
    with pikepdf.open(BytesIO(clean)) as pdf:
        BROKEN[rule](pdf)
        out = BytesIO()
        pdf.save(out, deterministic_id=True, fix_metadata_version=False, compress_streams=False)
    assert rule in {v.rule for v in check(out.getvalue())}


def _encrypted(clean: bytes) -> bytes:
    out = BytesIO()
    with pikepdf.open(BytesIO(clean)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user=""))
    return out.getvalue()


def _locked(clean: bytes) -> bytes:
    out = BytesIO()
    with pikepdf.open(BytesIO(clean)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="secret"))
    return out.getvalue()


def _without_id(clean: bytes) -> bytes:
    out = BytesIO()
    with pikepdf.open(BytesIO(clean)) as pdf:
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, static_id=True)
    return out.getvalue().replace(b"/ID [", b"/XD [")


FILES = {
    "6.1.2-header": lambda clean: b"junk\n" + clean,
    "6.1.2-binary": lambda clean: clean.replace(clean[9:15], b"%abcde", 1),
    "6.1.3-id": _without_id,
    "6.1.3-encrypt": _encrypted,
    "6.1.3-eof": lambda clean: clean + b"trailing bytes",
    "6.1-syntax": lambda clean: b"%PDF-1.7\n",
}


@pytest.mark.parametrize("rule", FILES)
def test_each_file_rule_catches_its_fault(rule, clean):
    assert rule in {v.rule for v in check(FILES[rule](clean))}


def test_a_password_is_a_violation_not_an_error(clean):
    assert [v.rule for v in check(_locked(clean))] == ["6.1.3-encrypt"]


def test_clean_files_break_no_rule(clean):
    assert check(clean) == []
    with pikepdf.open(BytesIO(clean)) as pdf:
        _annotate(pdf)
        _state(pdf, BM=Name.Multiply)
        _act(pdf, S=Name.GoTo, D=Array([pdf.pages[0].obj, Name.Fit]))
        out = BytesIO()
        pdf.save(out, deterministic_id=True)
    assert check(out.getvalue()) == [], "what part 2 allows is not called a fault"


def test_the_font_inside_is_whole_and_cut_to_what_is_used(clean):
    with pikepdf.open(BytesIO(clean)) as pdf:
        program = _font(pdf).FontDescriptor.FontFile2.read_bytes()
    font = TTFont(BytesIO(program))
    assert {"glyf", "loca", "head", "hhea", "hmtx", "maxp"} <= set(font.keys())
    drawn = [name for name in font.getGlyphOrder() if font["glyf"][name].numberOfContours]
    assert 10 < len(drawn) < 100  # numbers are kept, outlines are not
    assert len(program) < 20_000
    assert len(load_typeface().program) > 200_000
