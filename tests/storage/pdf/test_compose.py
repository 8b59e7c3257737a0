"""The archival copy as other programs see it: poppler, qpdf, PDFBox."""

import re
import subprocess
import tracemalloc
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

import cv2
import numpy as np
import pikepdf
import pytest

from ocr.page import Box, PageText, Word
from storage.pdf import JpegRaster, PikepdfArchivalPdf, check
from storage.pdf.xmp import NAMESPACE
from storage.picture.prepared import prepare
from storage.typeface import VIETNAMESE
from workflows.errors import DamagedDocument, Unavailable
from workflows.ports.archival import Bookmark, CopyFacts, CopyPage


def run(*command: str, content: bytes, tmp_path) -> str:
    file = tmp_path / "f.pdf"
    file.write_bytes(content)
    argv = [str(file) if part == "FILE" else part for part in command]
    return subprocess.run(argv, capture_output=True, check=True, timeout=120).stdout.decode()


def text_of(content: bytes, tmp_path) -> str:
    return run("pdftotext", "FILE", "-", content=content, tmp_path=tmp_path)


def boxes_of(content: bytes, tmp_path) -> list[tuple[str, list[float]]]:
    out = run("pdftotext", "-bbox", "FILE", "-", content=content, tmp_path=tmp_path)
    found = re.findall(
        r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]+)<', out
    )
    return [(word, [float(v) for v in box]) for *box, word in found]


def test_words_come_back_in_order(archival, a4_page, tmp_path):
    content = archival.compose([a4_page], title="Giấy phép", mark=None)
    assert text_of(content, tmp_path).split() == [w.text for w in a4_page.text.words]


def test_every_vietnamese_letter_survives_composed_and_decomposed(archival, make, tmp_path):
    assert len(VIETNAMESE) == 134
    parts = [VIETNAMESE[i : i + 34] for i in range(0, 134, 34)]
    apart = [unicodedata.normalize("NFD", part) for part in parts]
    pixels, words = make.inked(make.paper(2480, 3508), [*parts, *apart])
    composed = archival.compose_counted([make.page_of(pixels, words)], title="Chữ", mark=None)
    assert composed.dropped == 0
    shown = "".join(text_of(composed.content, tmp_path).split())
    assert shown == VIETNAMESE * 2
    assert unicodedata.is_normalized("NFC", shown)


def test_word_rectangles_stand_within_two_pixels_of_their_boxes(archival, a4_page, tmp_path):
    content = archival.compose([a4_page], title="Giấy phép", mark=None)
    seen = boxes_of(content, tmp_path)
    assert len(seen) == len(a4_page.text.words)
    for (text, box), word in zip(seen, a4_page.text.words, strict=True):
        assert text == word.text
        wanted = [
            word.box.x0 * a4_page.width,
            word.box.y0 * a4_page.height,
            word.box.x1 * a4_page.width,
            word.box.y1 * a4_page.height,
        ]
        pixels = [v / 72 * a4_page.dpi for v in box]
        assert max(abs(a - b) for a, b in zip(pixels, wanted, strict=True)) <= 2, word


def test_rectangles_hold_for_all_sizes_and_stretches(archival, make, tmp_path):
    """From footnotes to posters, squeezed and spread; 300 dpi pixels."""
    chance = np.random.default_rng(11)
    words, top = [], 60.0
    for line in range(40):
        tall = float(chance.uniform(16, 90))
        left = 60.0
        while left < 1900:
            wide = float(chance.uniform(40, 400))
            box = Box(left / 2480, top / 3508, (left + wide) / 2480, (top + tall) / 3508)
            words.append(Word(text="Đường", box=box, confidence=1.0, line=line))
            left += wide + tall
        top += tall + 20
        if top > 3300:
            break
    page = make.page_of(make.paper(2480, 3508), tuple(words))
    seen = boxes_of(archival.compose([page], title="Cỡ", mark=None), tmp_path)
    assert len(seen) == len(words) > 100
    scale = np.array([2480, 3508, 2480, 3508])
    wanted = np.array([w.box.as_list() for w in words]) * scale
    found = np.array([box for _, box in seen]) / 72 * 300
    order = np.lexsort((found[:, 0], found[:, 1].round()))
    expected = np.lexsort((wanted[:, 0], wanted[:, 1].round()))
    assert np.abs(found[order] - wanted[expected]).max() <= 2


def test_words_of_one_line_do_not_run_together(archival, make, tmp_path):
    """Narrow gaps: without a space glyph poppler joins such words."""
    page = make.page_of(*make.inked(make.paper(2480, 3508), ["sổ hộ khẩu gia đình"]))
    content = archival.compose([page], title="Sổ", mark=None)
    assert text_of(content, tmp_path).strip() == "sổ hộ khẩu gia đình"
    with pikepdf.open(BytesIO(content)) as pdf:
        shown = pdf.pages[0].Contents.read_bytes()
    assert shown.count(b" Tj") == 5


def test_letters_without_a_glyph_are_counted_not_guessed(archival, make, tmp_path, caplog):
    pixels, words = make.inked(make.paper(1240, 1754), ["năm漢字 2026"])
    page = make.page_of(pixels, words, dpi=150)
    composed = archival.compose_counted([page], title="Năm", mark=None)
    assert composed.dropped == 2
    assert text_of(composed.content, tmp_path).split() == ["năm", "2026"]
    archival.compose([page], title="Năm", mark=None)
    assert "2 characters have no glyph" in caplog.text


def test_mixed_sizes_grey_and_blank_pages(archival, make, tmp_path):
    a3 = make.page_of(make.paper(3508, 4961, grey=True))
    receipt = make.page_of(*make.inked(make.paper(591, 1181), ["Biên nhận"]), dpi=150)
    fine = make.page_of(make.paper(2480, 1748), dpi=600)
    speck = make.page_of(make.paper(40, 40), dpi=300)
    content = archival.compose([a3, receipt, fine, speck], title="Bộ", mark=None)
    with pikepdf.open(BytesIO(content)) as pdf:
        sizes = [tuple(float(v) for v in page.mediabox[2:]) for page in pdf.pages]
        images = [len(page.Resources.XObject) for page in pdf.pages]
    wanted = [(p.width / p.dpi * 72, p.height / p.dpi * 72) for p in (a3, receipt, fine, speck)]
    assert np.allclose(sizes, wanted, atol=0.001)
    assert images == [0, 1, 0, 0], "bare paper is one colour, ink is a stencil"
    assert text_of(content, tmp_path).split() == ["Biên", "nhận"]


def test_the_jpeg_inside_is_the_jpeg_that_came_when_asked_for(a4_page):
    content = PikepdfArchivalPdf(raster=JpegRaster()).compose(
        [a4_page], title="Giấy phép", mark=None
    )
    with pikepdf.open(BytesIO(content)) as pdf:
        assert next(iter(pdf.pages[0].images.values())).read_raw_bytes() == a4_page.jpeg


def test_the_same_input_gives_the_same_bytes(archival, a4_page, mark):
    first = archival.compose([a4_page, a4_page], title="Giấy phép", mark=mark)
    assert PikepdfArchivalPdf().compose([a4_page, a4_page], title="Giấy phép", mark=mark) == first
    assert archival.compose([a4_page], title="Giấy phép", mark=mark) != first


def test_declares_itself(archival, a4_page, mark, tmp_path):
    content = archival.compose([a4_page], title="Quyết định <số 1> & phụ lục", mark=mark)
    with pikepdf.open(BytesIO(content)) as pdf:
        assert str(pdf.Root.Lang) == "vi-VN"
        with pdf.open_metadata() as xmp:
            assert xmp.pdfa_status == "2B"
            assert xmp["dc:title"] == "Quyết định <số 1> & phụ lục"
            assert "2026-11-22T07:03:05" in xmp["xmp:CreateDate"]
    assert check(content) == []


def test_qpdf_finds_no_fault(archival, a4_page, mark, tmp_path):
    content = archival.compose([a4_page, a4_page], title="Giấy phép", mark=mark)
    said = run("qpdf", "--check", "FILE", content=content, tmp_path=tmp_path)
    assert "No syntax or stream encoding errors found" in said


def preflight(content: bytes, tmp_path) -> set[str]:
    """Numbers of the errors PDFBox finds. It knows only PDF/A-1b."""
    jars = "preflight pdfbox2 fontbox2 xmpbox commons-logging commons-io javax.activation jaxb-api"
    path = ":".join(f"/usr/share/java/{jar}.jar" for jar in jars.split())
    file = tmp_path / "f.pdf"
    file.write_bytes(content)
    command = ["java", "-cp", path, "org.apache.pdfbox.preflight.Validator_A1b", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = set(re.findall(r"^([\d.]+) : ", ran.stdout, re.MULTILINE))
    assert found, ran.stdout + ran.stderr
    return found


@pytest.mark.slow
def test_preflight_finds_only_what_part_two_allows(archival, a4_page, mark, tmp_path):
    """Cross-reference streams, CIDSet and the part number are rules of A-1 alone."""
    found = preflight(archival.compose([a4_page], title="Giấy phép", mark=mark), tmp_path)
    assert "1.4" in found
    assert found <= {"1.4", "3.1.11", "7.11.2"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda page: page.jpeg[:200],
        lambda page: b"\x89PNG\r\n" + page.jpeg,
        lambda page: cv2.imencode(".jpg", np.zeros((10, 10, 3), np.uint8))[1].tobytes(),
    ],
    ids=["cut", "not a JPEG", "another size"],
)
def test_a_picture_that_is_not_what_the_page_says_is_refused(archival, a4_page, spoil):
    page = CopyPage(
        jpeg=spoil(a4_page),
        width=a4_page.width,
        height=a4_page.height,
        dpi=300,
        text=a4_page.text,
    )
    with pytest.raises(DamagedDocument):
        archival.compose([page], title="Hỏng", mark=None)


def test_no_pages_is_refused(archival):
    with pytest.raises(DamagedDocument):
        archival.compose([], title="Trống", mark=None)


def test_a_missing_colour_profile_is_found_at_start(tmp_path):
    with pytest.raises(Unavailable):
        PikepdfArchivalPdf(profile=tmp_path / "none.icc")


def _outline(pdf: pikepdf.Pdf) -> list[tuple[str, int]]:
    pages = [p.obj.objgen for p in pdf.pages]
    found, item = [], pdf.Root.Outlines.First
    while item is not None:
        found.append((str(item.Title), pages.index(item.Dest[0].objgen) + 1))
        following = item.get("/Next")
        assert following is None or following.Prev.objgen == item.objgen
        item = following
    return found


def test_each_document_of_a_file_has_a_bookmark(archival, a4_page):
    wanted = [Bookmark(title="Quyết định 12/QĐ-UBND", page=1), Bookmark(title="Phụ lục", page=3)]
    content = archival.compose([a4_page] * 3, title="Bộ", mark=None, bookmarks=wanted)
    assert check(content) == []
    with pikepdf.open(BytesIO(content)) as pdf:
        assert _outline(pdf) == [("Quyết định 12/QĐ-UBND", 1), ("Phụ lục", 3)]
        assert pdf.Root.Outlines.Count == 2
    with pytest.raises(DamagedDocument):
        archival.compose([a4_page], title="Bộ", mark=None, bookmarks=[Bookmark(title="x", page=2)])


FACTS = CopyFacts(
    identifier="d41d8cd9",
    source_sha256="ab" * 32,
    number="12",
    symbol="QĐ-UBND",
    issued_on="2026-03-04",
    issuer="Ủy ban nhân dân xã Đông Sơn & <Hòa>",
)


def test_the_file_says_what_was_confirmed(archival, a4_page):
    content = archival.compose([a4_page], title="Quyết định", mark=None, facts=FACTS)
    assert check(content) == []
    with pikepdf.open(BytesIO(content)) as pdf, pdf.open_metadata() as about:
        said = {name: about[f"{{{NAMESPACE}}}{name}"] for name in ("number", "symbol", "issuer")}
        assert about["dc:identifier"] == "d41d8cd9"
        assert about["dc:source"] == "sha256:" + "ab" * 32
    assert said == {
        "number": "12",
        "symbol": "QĐ-UBND",
        "issuer": unicodedata.normalize("NFC", FACTS.issuer),
    }


def _undescribed(told: bytes) -> bytes:
    return told.replace(b"<pdfaProperty:name>issuer<", b"<pdfaProperty:name>issuex<")


def test_our_own_check_wants_every_property_described(archival, a4_page):
    told = archival.compose([a4_page], title="Quyết định", mark=None, facts=FACTS)
    assert check(told) == []
    assert [v.rule for v in check(_undescribed(told))] == ["6.6.2.3-extension"]


@pytest.mark.slow
def test_preflight_accepts_the_extension_schema(archival, a4_page, tmp_path):
    """PDFBox reads every property against its schema: one that is not described is error 7.1."""
    plain = archival.compose([a4_page], title="Quyết định", mark=None)
    told = archival.compose([a4_page], title="Quyết định", mark=None, facts=FACTS)
    assert preflight(told, tmp_path) == preflight(plain, tmp_path)
    undescribed = _undescribed(told)
    assert undescribed != told, "the control changes the packet"
    assert preflight(undescribed, tmp_path) != preflight(plain, tmp_path)


def test_pages_are_asked_for_one_at_a_time(archival, a4_page):
    """A lazy sequence is never turned into a list: memory stays flat for a file of 500 pages."""
    alive = most = 0

    class Jpeg(bytes):
        def __new__(cls, content):
            nonlocal alive, most
            alive += 1
            most = max(most, alive)
            return super().__new__(cls, content)

        def __del__(self):
            nonlocal alive
            alive -= 1

    class Pages(Sequence):
        def __len__(self):
            return 6

        def __getitem__(self, index):
            if not 0 <= index < 6:
                raise IndexError
            return replace(a4_page, jpeg=Jpeg(a4_page.jpeg))

    content = archival.compose(Pages(), title="Bộ", mark=None)
    with pikepdf.open(BytesIO(content)) as pdf:
        assert len(pdf.pages) == 6
    assert alive == 0
    assert most <= 2


def test_a_prepared_picture_gives_the_file_its_jpeg_gives(archival, make, mark):
    """Made ready where the page was read, or decoded from what the store keeps: one code."""
    pixels, words = make.inked(make.paper(1654, 2339), ["Bản sao", "có lớp chữ"])
    page = make.page_of(pixels, words, dpi=200)
    seen = cv2.imdecode(np.frombuffer(page.jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    ready = replace(page, jpeg=b"", picture=prepare(seen, 200))
    assert ready.picture.stored < len(page.jpeg)
    bound = [archival.compose([one], title="Thử", mark=mark) for one in (page, ready)]
    assert bound[0] == bound[1]


def test_memory_is_flat_however_many_pages(archival, make):
    """Pages of 200 words, made one at a time: none is kept once it is written."""
    pixels, _ = make.inked(make.paper(827, 1169), ["Một trang"])
    picture = prepare(pixels, 100)

    def pages(count):
        for number in range(count):
            rows = range(20)
            words = tuple(
                Word(
                    text=f"chữ{number}",
                    box=Box(0.1 * c, 0.024 * r, 0.1 * c + 0.08, 0.024 * r + 0.02),
                    confidence=0.9,
                    line=r,
                )
                for r in rows
                for c in range(10)
            )
            text = PageText(page=number + 1, width=827, height=1169, dpi=100, words=words)
            yield CopyPage(picture=picture, width=827, height=1169, dpi=100, text=text)

    peaks = []
    for count in (5, 60):
        tracemalloc.start()
        content = archival.compose(pages(count), title="Dài", mark=None)
        peaks.append(tracemalloc.get_traced_memory()[1] - len(content))
        tracemalloc.stop()
        with pikepdf.open(BytesIO(content)) as pdf:
            assert len(pdf.pages) == count
    assert peaks[1] < peaks[0] + (2 << 20)
