"""Opening: what the child makes of files, and what the parent believes of the child."""

import io
import json
from math import inf, nan

import numpy as np
import pikepdf
import pytest
from PIL import Image

from ocr.opening import MAX_PIXELS, CannotOpen, Trouble, load_pages, main, read_opening
from tests.ocr.sheets import decision, paper, pixels


def inspected(file, out):
    main(["inspect", str(file), str(out)])
    return read_opening(out)


def rendered(file, out, first=1, last=99, dpi=100):
    options = ["--first", str(first), "--last", str(last), "--dpi", str(dpi)]
    main(["render", str(file), str(out), *options])
    return list(load_pages(out))


def trouble(file, out):
    with pytest.raises(CannotOpen) as caught:
        inspected(file, out)
        rendered(file, out)
    return caught.value.code


def pdf_of(content: bytes = b"", *, count=1, save=None, **page_keys) -> bytes:
    """A PDF of A5 pages that share a content stream and Helvetica."""
    with pikepdf.new() as pdf:
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
        for _ in range(count):
            page = pdf.add_blank_page(page_size=(420, 595)).obj
            page.Contents = pdf.make_stream(content)
            page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
            for key, value in page_keys.items():
                page[f"/{key}"] = value
        made = io.BytesIO()
        pdf.save(made, **(save or {}))
    return made.getvalue()


HELLO = b"BT /F1 24 Tf 60 500 Td (Hello paper) Tj ET"


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "document"


def test_a_pdf_tells_pages_and_sizes_and_is_drawn(file, out):
    file.write_bytes(pdf_of(HELLO, count=3))
    opening = inspected(file, out)
    assert (opening.kind, opening.page_count, opening.signed) == ("pdf", 3, False)
    pages = rendered(file, out, 2, 3, dpi=144)
    assert [p.number for p in pages] == [2, 3]
    assert pages[0].pixels.shape == (1190, 840, 3)
    assert pages[0].dpi == 144
    assert pages[0].pixels.min() < 60


def test_the_text_layer_comes_with_boxes_on_the_ink(file, out):
    file.write_bytes(pdf_of(HELLO))
    page = rendered(file, out)[0]
    assert [w.text for w in page.layer] == ["Hello", "paper"]
    box = page.layer[0].box
    height, width = page.pixels.shape[:2]
    inside = page.pixels[int(box.y0 * height) : int(box.y1 * height)]
    assert (inside[:, int(box.x0 * width) : int(box.x1 * width)] < 128).any()


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_boxes_follow_a_turned_page(file, out, rotate):
    file.write_bytes(pdf_of(HELLO, Rotate=rotate))
    page = rendered(file, out)[0]
    height, width = page.pixels.shape[:2]
    assert (width > height) == (rotate != 180)
    ys, xs = np.nonzero(page.pixels[:, :, 0] < 128)
    x0 = min(w.box.x0 for w in page.layer) * width
    y0 = min(w.box.y0 for w in page.layer) * height
    assert abs(xs.min() - x0) < 0.05 * width
    assert abs(ys.min() - y0) < 0.05 * height


def test_user_unit_and_crop_box_count(file, out):
    file.write_bytes(pdf_of(UserUnit=2, CropBox=pikepdf.Array([0, 0, 210, 595])))
    size = inspected(file, out).pages[0]
    assert (size.width_pt, size.height_pt) == (420, 1190)
    assert rendered(file, out, dpi=72)[0].pixels.shape[:2] == (1190, 420)


def test_stamps_of_signing_programs_are_drawn_but_are_no_text_layer(file, out):
    with pikepdf.open(io.BytesIO(pdf_of())) as pdf:
        page = pdf.pages[0].obj
        stamp = pdf.make_stream(b"BT /F1 12 Tf 2 5 Td (Signed by nobody) Tj ET")
        stamp.update(
            pikepdf.Dictionary(
                Type=pikepdf.Name.XObject,
                Subtype=pikepdf.Name.Form,
                BBox=[0, 0, 200, 20],
                Resources=page.Resources,
            )
        )
        widget = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Sig,
            T=pikepdf.String("s"),
            F=4,
            Rect=[60, 500, 260, 520],
            AP=pikepdf.Dictionary(N=stamp),
            V=pikepdf.Dictionary(Type=pikepdf.Name.Sig, ByteRange=[0, 1, 2, 3]),
        )
        widget = pdf.make_indirect(widget)
        page.Annots = pikepdf.Array([widget])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[widget], SigFlags=3)
        pdf.save(file)
    assert inspected(file, out).signed
    seen = rendered(file, out)[0]
    assert seen.pixels.min() < 128
    assert seen.layer == ()


def test_a_paper_whose_form_was_dropped_still_came_signed(file, out):
    """26/2023/QH15: the signature dictionary is there, no field points at it."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        lost = pikepdf.Dictionary(
            Type=pikepdf.Name.Sig, ByteRange=[0, 1, 2, 3], Contents=pikepdf.String("x")
        )
        pdf.Root.Lost = pdf.make_indirect(lost)
        pdf.save(file, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    assert inspected(file, out).signed
    file.write_bytes(file.read_bytes().replace(b"/ByteRange", b"/ByteRangf"))
    assert not inspected(file, out).signed


def test_an_owners_password_alone_keeps_nobody_from_reading(file, out):
    locked = pikepdf.Encryption(owner="secret", user="")
    file.write_bytes(pdf_of(HELLO, save={"encryption": locked}))
    assert inspected(file, out).encrypted
    assert len(rendered(file, out)) == 1


def test_a_users_password_does(file, out):
    locked = pikepdf.Encryption(owner="secret", user="secret")
    file.write_bytes(pdf_of(HELLO, save={"encryption": locked}))
    assert trouble(file, out) == Trouble.ENCRYPTED


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", Trouble.NOT_A_DOCUMENT),
        (b"<!DOCTYPE html><title>404</title>", Trouble.NOT_A_DOCUMENT),
        (b"\0" * 5000, Trouble.NOT_A_DOCUMENT),
        (b"%PDF-1.7\n", Trouble.DAMAGED),
        (b"%PDF-1.7\ntrailer<<>>\n%%EOF", Trouble.DAMAGED),
        (b"\x89PNG\r\n\x1a\n", Trouble.DAMAGED),
        (b"\xff\xd8\xff\xe0 nothing \xff\xd9", Trouble.DAMAGED),
        (b"II*\0\x08\0\0\0", Trouble.DAMAGED),
    ],
)
def test_what_is_no_document_is_refused_by_name(file, out, content, code):
    file.write_bytes(content)
    assert trouble(file, out) == code


def test_a_file_cut_off_is_damaged(file, out):
    whole = pdf_of(HELLO, count=3)
    file.write_bytes(whole[: len(whole) * 2 // 3])
    assert trouble(file, out) == Trouble.DAMAGED
    made = io.BytesIO()
    decision().save(made, "JPEG")
    file.write_bytes(made.getvalue()[:-2000])
    assert trouble(file, out) == Trouble.DAMAGED


def test_a_huge_page_is_drawn_coarser_a_monstrous_one_not_at_all(file, out):
    file.write_bytes(pdf_of(HELLO, MediaBox=pikepdf.Array([0, 0, 9000, 9000])))
    assert inspected(file, out).page_count == 1
    page = rendered(file, out, dpi=200)[0]
    assert 72 <= page.dpi < 100
    assert page.pixels.shape[0] * page.pixels.shape[1] <= MAX_PIXELS
    file.write_bytes(pdf_of(HELLO, MediaBox=pikepdf.Array([0, 0, 200000, 200000])))
    assert trouble(file, out) == Trouble.TOO_LARGE


def test_an_image_in_a_pdf_may_not_declare_more_than_the_cap(file, out):
    with pikepdf.open(io.BytesIO(pdf_of(b"q 400 0 0 400 0 0 cm /Im Do Q"))) as pdf:
        bomb = pdf.make_stream(b"")
        kind = pikepdf.Dictionary(
            Subtype=pikepdf.Name.Image, Width=60000, Height=60000, BitsPerComponent=1
        )
        bomb.update(kind)
        pdf.pages[0].obj.Resources.XObject = pikepdf.Dictionary(Im=bomb)
        pdf.save(file)
    assert trouble(file, out) == Trouble.TOO_LARGE


def test_a_png_bomb_is_not_decoded(file, out):
    Image.new("1", (12000, 12000)).save(file, "PNG")
    assert trouble(file, out) == Trouble.TOO_LARGE


def test_a_tiff_has_pages_an_exif_turn_is_applied(file, out):
    sheet = paper((826, 1169))
    sheet.save(file, "TIFF", save_all=True, append_images=[sheet, sheet], dpi=(100, 100))
    opening = inspected(file, out)
    assert (opening.kind, opening.page_count) == ("tiff", 3)
    assert len(rendered(file, out, 2, 3)) == 2
    exif = Image.Exif()
    exif[0x0112] = 6
    sheet.save(file, "JPEG", exif=exif)
    assert rendered(file, out)[0].pixels.shape[:2] == (826, 1169)


@pytest.mark.parametrize(("declared", "believed"), [(200, 200), (72, 200), (None, 200)])
def test_a_resolution_is_believed_when_it_makes_a_sheet(file, out, declared, believed):
    keys = {"dpi": (declared, declared)} if declared else {}
    decision().save(file, "PNG", **keys)
    assert rendered(file, out, dpi=300)[0].dpi == pytest.approx(believed, abs=1)


def test_transparent_and_deep_images_come_out_as_eight_bit_colour(file, out):
    Image.new("RGBA", (300, 400), (0, 0, 0, 0)).save(file, "PNG")
    assert rendered(file, out)[0].pixels.min() == 255
    Image.fromarray(np.full((400, 300), 65535, np.uint16)).save(file, "PNG")
    assert rendered(file, out)[0].pixels.min() >= 254


def test_pixels_come_through_unchanged(file, out):
    sheet = decision()
    sheet.save(file, "PNG", dpi=(200, 200))
    assert np.array_equal(rendered(file, out, dpi=200)[0].pixels, pixels(sheet))


# --- the parent's side ---
def test_silence_of_the_child_is_damage(out):
    for look in (read_opening, lambda o: list(load_pages(o))):
        with pytest.raises(CannotOpen) as caught:
            look(out)
        assert caught.value.code == Trouble.DAMAGED


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "exe", "pages": [[1, 1]], "signatures": 0, "encrypted": False, "actions": False},
        {"kind": "pdf", "pages": [], "signatures": 0, "encrypted": False, "actions": False},
        {"kind": "pdf", "pages": [[1e9, 1]], "signatures": 0, "encrypted": False, "actions": False},
        {"kind": "pdf", "pages": [[1, 1]], "signatures": inf, "encrypted": 0, "actions": 0},
        {"error": {"code": "tai_lieu_la", "detail": 5}},
        {"error": {"code": [], "detail": ""}},
        {"error": "x"},
        [],
    ],
)
def test_an_answer_that_cannot_be_is_not_believed(out, row):
    (out / "opening.json").write_text(json.dumps(row))
    with pytest.raises(CannotOpen) as caught:
        read_opening(out)
    assert caught.value.code == Trouble.DAMAGED


def test_a_raster_must_be_what_it_says(file, out):
    file.write_bytes(pdf_of(HELLO))
    rendered(file, out)
    raster = next(out.glob("*.ppm"))
    raster.write_bytes(raster.read_bytes()[:-1])
    with pytest.raises(CannotOpen):
        list(load_pages(out))


@pytest.mark.parametrize(
    "said",
    [
        {"dpi": inf},
        {"dpi": nan},
        {"dpi": 0},
        {"dpi": -200},
        {"dpi": 10**400},
        {"width_pt": -595},
        {"words": [["a", 0, 0, 1, 1, inf]]},
        {"words": 5},
    ],
)
def test_a_page_must_be_one(file, out, said):
    file.write_bytes(pdf_of(HELLO))
    rendered(file, out)
    described = next(out.glob("page-*.json"))
    described.write_text(json.dumps(json.loads(described.read_text()) | said))
    with pytest.raises(CannotOpen) as caught:
        list(load_pages(out))
    assert caught.value.code == Trouble.DAMAGED
    (out / "render.json").write_text('{"pages": [Infinity]}')
    with pytest.raises(CannotOpen):
        list(load_pages(out))


def test_what_no_database_takes_is_left_out_of_words_and_complaints(file, out):
    file.write_bytes(pdf_of(HELLO))
    rendered(file, out)
    described = out / "page-00001.json"
    row = json.loads(described.read_text())
    place = [0.1, 0.1, 0.2, 0.2, 1]
    row["words"] = [["S\0ố\ud800\x07\uffff", *place], ["\0", *place], ["đến", *place]]
    described.write_text(json.dumps(row))
    (page,) = load_pages(out)
    assert [word.text for word in page.layer] == ["Số", "đến"]
    (out / "opening.json").write_text(
        json.dumps({"error": {"code": Trouble.DAMAGED, "detail": "a\0b\udfff"}})
    )
    with pytest.raises(CannotOpen, match=r"ab$"):
        read_opening(out)


def test_a_link_laid_by_the_child_is_not_followed(file, out, tmp_path):
    file.write_bytes(pdf_of(HELLO))
    rendered(file, out)
    raster = next(out.glob("*.ppm"))
    ours = tmp_path / "ours"
    raster.rename(ours)
    raster.symlink_to(ours)
    with pytest.raises(CannotOpen):
        list(load_pages(out))
