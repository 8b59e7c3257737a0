"""A page that is one scan and nothing else is decoded; any doubt and poppler draws it."""

import io
import subprocess

import cv2
import img2pdf
import numpy as np
import pikepdf
import pytest
from PIL import Image

from ocr.opened import load_pages
from ocr.opening import main
from ocr.opening_page import page_size
from ocr.opening_scan import scan_of
from service.samples import make_sample

A4 = (img2pdf.mm_to_pt(210), img2pdf.mm_to_pt(297))


@pytest.fixture(scope="module")
def sheet() -> Image.Image:
    sample = make_sample("cong_van", 3, "L1")
    return Image.open(io.BytesIO(sample.scans[0])).convert("RGB")


def pdf_of(image: Image.Image, kind: str) -> pikepdf.Pdf:
    out = io.BytesIO()
    if kind == "1":
        image.convert("L").point(lambda v: 255 * (v > 140)).convert("1").save(
            out, "TIFF", compression="group4"
        )
    else:
        image.convert(kind).save(out, "JPEG", quality=90)
    bound = img2pdf.convert(out.getvalue(), layout_fun=img2pdf.get_layout_fun(pagesize=A4))
    return pikepdf.open(io.BytesIO(bound))


def found(pdf: pikepdf.Pdf, dpi: float = 200):
    page = pdf.pages[0].obj
    return scan_of(page, page_size(page), dpi)


def drawn(pdf: pikepdf.Pdf, dpi: float, tmp_path) -> np.ndarray:
    file = tmp_path / "page.pdf"
    pdf.save(file)
    command = ["pdftoppm", "-r", f"{dpi:.4f}", "-cropbox", "-singlefile"]
    subprocess.run([*command, str(file), str(tmp_path / "page")], check=True, timeout=60)
    return cv2.cvtColor(cv2.imread(str(tmp_path / "page.ppm")), cv2.COLOR_BGR2RGB)


def seen_from_afar(image: np.ndarray) -> np.ndarray:
    deep = image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    return cv2.blur(cv2.resize(deep, (410, 580), interpolation=cv2.INTER_AREA), (3, 3)).astype(int)


@pytest.mark.parametrize("kind", ["RGB", "L", "1"])
@pytest.mark.parametrize("own", [200, 300])
def test_what_is_decoded_is_what_poppler_draws(sheet, kind, own, tmp_path):
    size = (round(8.2677 * own), round(11.6929 * own))
    pdf = pdf_of(sheet.resize(size), kind)
    scan = found(pdf)
    assert scan.image.mode == ("RGB" if kind == "RGB" else "L")
    assert abs(scan.dpi / 200 - 1) < 0.012
    apart = np.abs(
        seen_from_afar(np.asarray(scan.image)) - seen_from_afar(drawn(pdf, scan.dpi, tmp_path))
    )
    assert apart.mean() < 2.5 and np.percentile(apart, 99.9) < 45
    if own == 200:
        assert scan.image.size == size, "its own pixels, not a second grid"
    if kind == "1" and own == 200:
        assert set(np.unique(np.asarray(scan.image))) == {0, 255}


def test_the_parent_takes_grey_and_colour(sheet, tmp_path):
    small = sheet.resize((1654, 2339))
    for kind, depth in (("RGB", 3), ("L", 2)):
        out = tmp_path / kind
        out.mkdir()
        pdf_of(small, kind).save(out / "in.pdf")
        assert main(["render", str(out / "in.pdf"), str(out)]) == 0
        (page,) = load_pages(out)
        assert page.pixels.ndim == depth
        assert page.pixels.shape[:2] == (2339, 1654)
        assert abs(page.dpi - 200) < 1


def _turned(pdf, page):
    page.Rotate = 90


def _noted(pdf, page):
    note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Square)
    page.Annots = pikepdf.Array([pdf.make_indirect(note)])


def _drawn_on(pdf, page):
    pdf.pages[0].contents_add(b"0 0 100 100 re f")


def _written_on(pdf, page):
    pdf.pages[0].contents_add(b"BT (x) Tj ET")


def _twice(pdf, page):
    name = next(iter(page.Resources.XObject.keys()))
    pdf.pages[0].contents_add(f"q 10 0 0 10 0 0 cm {name} Do Q".encode())


def _masked(pdf, page):
    stencil = pikepdf.Stream(pdf, b"\0", ImageMask=True, Width=1, Height=1, BitsPerComponent=1)
    _image(page).Mask = pdf.make_indirect(stencil)


def _hidden(pdf, page):
    _image(page).OC = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG))


def _inverted(pdf, page):
    _image(page).Decode = pikepdf.Array([1, 0, 1, 0, 1, 0])


def _profiled(pdf, page):
    profile = pdf.make_indirect(pikepdf.Stream(pdf, b"", N=3))
    _image(page).ColorSpace = pikepdf.Array([pikepdf.Name.ICCBased, profile])


def _scaled(pdf, page):
    page.UserUnit = 2


def _half(pdf, page):
    page.Contents = pikepdf.Stream(pdf, b"0.5 0 0 0.5 0 0 cm " + page.Contents.read_bytes())


def _leaning(pdf, page):
    page.Contents = pikepdf.Stream(pdf, b"1 0.1 0 1 0 0 cm " + page.Contents.read_bytes())


def _upside_down(pdf, page):
    page.Contents = pikepdf.Stream(pdf, b"1 0 0 -1 0 841.89 cm " + page.Contents.read_bytes())


def _cut(pdf, page):
    _image(page).write(b"\xff\xd8\xff", filter=pikepdf.Name.DCTDecode)


def _other_size(pdf, page):
    _image(page).Width = int(_image(page).Width) - 8


def _image(page):
    return next(item for _, item in page.Resources.XObject.items())


@pytest.mark.parametrize(
    "doubt",
    [_turned, _noted, _drawn_on, _written_on, _twice, _masked, _hidden, _inverted, _profiled,
     _scaled, _half, _leaning, _upside_down, _cut, _other_size],
)  # fmt: skip
def test_with_a_doubt_the_page_is_drawn(sheet, doubt):
    pdf = pdf_of(sheet.resize((1654, 2339)), "RGB")
    assert found(pdf) is not None
    doubt(pdf, pdf.pages[0].obj)
    assert found(pdf) is None


def test_an_image_coarser_than_asked_for_is_drawn(sheet):
    assert found(pdf_of(sheet.resize((827, 1169)), "L")) is None


def test_drawn_and_decoded_pages_keep_their_order(sheet, tmp_path):
    """A page to be drawn between two that are decoded, and two of another size."""
    with pikepdf.new() as whole:
        for number in range(5):
            mark = Image.new("L", (1654, 2339), 255)
            mark.paste(0, (0, 0, 1654, 200 * (number + 1)))
            pdf = pdf_of(mark, "L")
            if number in (1, 4):
                pdf.pages[0].contents_add(b"q Q")
                pdf.pages[0].contents_add(b"0 0 1 1 re f")
            whole.pages.extend(pdf.pages)
        whole.save(tmp_path / "in.pdf")
    assert main(["render", str(tmp_path / "in.pdf"), str(tmp_path)]) == 0
    pages = list(load_pages(tmp_path))
    assert [page.pixels.ndim for page in pages] == [2, 3, 2, 2, 3]
    dark = [round(float((page.pixels.reshape(page.pixels.shape[0], -1) < 128).mean() * 2339 / 200))
            for page in pages]  # fmt: skip
    assert dark == [1, 2, 3, 4, 5]
