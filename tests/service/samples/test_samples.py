# SPDX-License-Identifier: Apache-2.0
"""The samples are what everything else is measured with, so they are measured here."""

import datetime as dt
import hashlib
import json
import re
import subprocess
import sys
import unicodedata

import cv2
import numpy as np
import pikepdf
import pytest

from ocr.document_types import shipped_document_types
from ocr.identifiers import (
    decode_personal_number,
    is_dossier_code,
    is_tax_code,
    parse_document_number,
    parse_mrz,
)
from service.samples import (
    TYPE_CODES,
    Level,
    demo_set,
    make_sample,
    pdf_of,
    write_sample,
    write_set,
)
from service.samples.canvas import Canvas
from service.samples.damage import scan_sheet
from service.samples.fonts import installed_families, missing_letters, vietnamese_letters
from service.samples.invented import date_words, number_words
from service.samples.official import KINDS

TODAY = dt.date(2026, 11, 24)


@pytest.fixture(scope="module")
def papers():
    """One clean paper of every type."""
    return {code: make_sample(code, 11, "L1") for code in TYPE_CODES}


def inked(page):
    """Where a page is clearly darker than its paper."""
    darkest = page.min(axis=2)
    return darkest < np.median(darkest[::8, ::8]) - 45


def share(ink, box):
    """Share of inked pixels in a box given as fractions."""
    height, width = ink.shape
    x0, y0, x1, y1 = box
    rows = slice(max(0, int(y0 * height)), int(y1 * height) + 1)
    return float(ink[rows, int(x0 * width) : int(x1 * width) + 1].mean())


def test_every_installed_font_draws_all_134_letters():
    assert len(vietnamese_letters()) == 134
    assert len(installed_families()) >= 6
    for family in installed_families():
        for cut in family.files:
            assert not missing_letters(cut), cut


def test_a_font_without_the_letters_is_seen():
    assert missing_letters("no-such-font.ttf") == vietnamese_letters()
    # symbols only: the check reads the character map, not the file name
    assert missing_letters("NotoSansMath-Regular.ttf")


def test_equal_arguments_give_equal_bytes_in_another_process():
    call = (
        "import hashlib; from service.samples import make_sample, pdf_of;"
        "print(hashlib.sha256(pdf_of(make_sample('cong_van', 3, 'L2'))).hexdigest())"
    )
    ran = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=True)
    here = hashlib.sha256(pdf_of(make_sample("cong_van", 3, "L2"))).hexdigest()
    assert ran.stdout.strip() == here


def test_another_seed_is_another_paper():
    one, two = make_sample("cong_van", 3), make_sample("cong_van", 4)
    assert one.scans != two.scans
    assert one.truth["fields"] != two.truth["fields"]


def test_every_type_has_a_page_a_type_and_only_known_fields(papers):
    kinds = shipped_document_types()
    for code, sample in papers.items():
        assert sample.pages[0].shape == (3508, 2480, 3), code
        assert sample.truth["document_type"] == {"code": code, "name": kinds[code].name}
        unknown = [k for k in sample.truth["fields"] if kinds[code].spec(k) is None]
        assert not unknown, (code, unknown)
        required = [s.key for s in kinds[code].fields if s.required]
        empty = [k for k in required if sample.truth["fields"].get(k) in (None, "")]
        assert not empty, (code, empty)


@pytest.mark.slow
def test_boxes_lie_on_ink_and_lines_are_nfc(papers):
    for code, sample in papers.items():
        ink = [inked(page) for page in sample.pages]
        for line in sample.truth["lines"]:
            assert line["text"] == unicodedata.normalize("NFC", line["text"])
            assert share(ink[line["page"] - 1], line["box"]) > 0.02, (code, line)
        assert sample.truth["boxes"]
        for name, place in sample.truth["boxes"].items():
            assert all(0 <= v <= 1 for v in place["box"]), (code, name)
            assert share(ink[place["page"] - 1], place["box"]) > 0.02, (code, name)


@pytest.mark.parametrize("level", list(Level))
def test_points_are_where_the_damage_put_them(level):
    """Black squares on an empty sheet are found again within two pixels."""
    sheet = Canvas()
    spots = np.asarray([(300, 300), (2100, 500), (1240, 1750), (400, 3100), (2050, 3200)], float)
    for x, y in spots:
        sheet.pen.rectangle((x - 30, y - 30, x + 30, y + 30), fill=0)
    random = np.random.default_rng(7)
    scan = scan_sheet(sheet, level, random, curled=level is Level.L5)
    page = cv2.imdecode(np.frombuffer(scan.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    for x, y in scan.place(spots):
        left, top = round(x) - 50, round(y) - 50
        window = page[top : top + 101, left : left + 101].astype(float)
        dark = cv2.medianBlur((window < window.max() / 2).astype(np.uint8), 7)
        rows, columns = np.nonzero(dark)
        assert abs(columns.mean() + left - x) < 2
        assert abs(rows.mean() + top - y) < 2


@pytest.mark.parametrize("level", ["L2", "L4", "L5"])
def test_boxes_follow_the_damage(level):
    """A line's box holds more ink than the same box moved up or down by most of its height."""
    sample = make_sample("cong_van", 8, level, handwritten=False, curled=level == "L5")

    def covered(shift):
        boxes = [line["box"] for line in sample.truth["lines"]]
        moved = [
            (x0, y0 + shift * (y1 - y0), x1, y1 + shift * (y1 - y0)) for x0, y0, x1, y1 in boxes
        ]
        return np.mean([share(ink, box) for box in moved])

    ink = inked(sample.pages[0])
    assert covered(0) > 1.4 * max(covered(0.7), covered(-0.7))


def test_printed_text_is_the_truth(papers):
    """What the truth says stands, letter by letter, in the lines of the paper."""
    for code in KINDS:
        truth = papers[code].truth
        text = " ".join(line["text"] for line in truth["lines"])
        fields = truth["fields"]
        for name in ("signer", "signer_title", "place"):
            assert fields[name] in text, (code, name)
        # a number written by hand stands apart from the print behind it: "Số: 208 /BC-UBND"
        assert fields["full_number"] in text.replace(" ", "")
        # wrapped lines: the words of the abstract follow each other
        assert fields["abstract"] in text, code
        for row in (
            *fields["recipients"],
            *fields.get("addressees", []),
            *fields["signing_authority"],
        ):
            assert row in text, (code, row)


@pytest.mark.slow
def test_numbers_and_dates_follow_the_decree():
    for code in KINDS:
        for seed in (20, 21):
            sample_fields = make_sample(code, seed, "L3").truth["fields"]
            number = parse_document_number(sample_fields["full_number"])
            assert number is not None and number.symbol == sample_fields["symbol"]
            assert len(sample_fields["number"]) >= 2
            symbol = KINDS[code].symbol
            assert not symbol or sample_fields["symbol"].startswith(f"{symbol}-")
            assert dt.date.fromisoformat(sample_fields["issued_on"]).weekday() < 5


def test_numbers_of_people_and_firms_obey_their_grammar(papers):
    for code in ("giay_khai_sinh", "to_khai", "trich_luc_khai_sinh", "cccd"):
        fields = papers[code].truth["fields"]
        person = decode_personal_number(fields["id"], today=TODAY)
        assert person is not None and person.gender == fields["gender"]
        assert str(person.birth_year) == fields["born_on"][:4]
    assert is_tax_code(papers["gcn_dkdn"].truth["fields"]["tax_code"])
    code = papers["giay_tiep_nhan"].truth["fields"]["dossier_code"]
    assert is_dossier_code(code, today=TODAY)


def test_codes_on_paper_say_what_the_paper_says(papers):
    import zxingcpp

    receipt, card = papers["giay_tiep_nhan"], papers["cccd"]
    seen = [c.text for c in zxingcpp.read_barcodes(receipt.pages[0])]
    assert seen == [receipt.truth["fields"]["dossier_code"]]
    (text,) = [c.text for c in zxingcpp.read_barcodes(card.pages[0])]
    fields = card.truth["fields"]
    assert text.split("|")[0] == fields["id"] and text.count("|") == 6
    zone = [x["text"] for x in card.truth["lines"] if re.fullmatch(r"[A-Z0-9<]{30}", x["text"])]
    machine = parse_mrz(zone, today=TODAY)
    assert machine is not None and machine.number == fields["id"]


@pytest.mark.slow
def test_the_two_spouses_keep_to_their_columns(papers):
    boxes = papers["gcn_ket_hon"].truth["boxes"]
    for name, place in boxes.items():
        if name.startswith("wife."):
            assert place["box"][2] < 0.55, name
        if name.startswith("husband."):
            assert place["box"][0] > 0.45, name


def test_levels_differ_and_have_their_resolution():
    made = {level: make_sample("thong_bao", 2, level) for level in Level}
    assert [m.dpi for m in made.values()] == [300, 300, 200, 200, 235]
    assert len({m.scans for m in made.values()}) == 5
    assert len({json.dumps(m.truth["fields"]) for m in made.values()}) == 1
    grey = cv2.imdecode(np.frombuffer(made[Level.L3].scans[0], np.uint8), cv2.IMREAD_UNCHANGED)
    assert grey.ndim == 2


def test_the_seal_on_a_photocopy_is_red():
    sample = make_sample("quyet_dinh", 2, "L4")
    page = sample.pages[-1].astype(int)
    red = (page[..., 0] - page[..., 1] > 60) & (page[..., 0] - page[..., 2] > 40)
    assert red.sum() > 3000


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_turned_pages_are_the_upright_page_turned(turned):
    upright = make_sample("cong_van", 6, "L3").pages[0].astype(int)
    sample = make_sample("cong_van", 6, "L3", turned=turned)
    back = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    again = cv2.rotate(sample.pages[0], back[turned]).astype(int)
    assert again.shape == upright.shape
    assert np.abs(again - upright).mean() < 4
    assert sample.truth["pages"][0]["rotation"] == turned


def test_blank_backs_shine_through_and_are_named():
    sample = make_sample("cong_van", 6, "L1", blank_back=True)
    assert sample.truth["blank_pages"] == [2]
    back = sample.pages[1].min(axis=2)
    assert 200 < back.min() < 255


def test_wishes_come_true():
    paper = make_sample("cong_van", 9, handwritten=True, urgency="KHẨN", arrival_stamp=True)
    assert paper.truth["handwritten"]
    number, symbol = (paper.truth["fields"][key] for key in ("number", "symbol"))
    assert f"Số: {number} /{symbol}" in [line["text"] for line in paper.truth["lines"]]
    assert paper.truth["fields"]["urgency"] == "KHẨN"
    x0, y0, x1, y1 = paper.truth["boxes"]["number"]["box"]
    page = paper.pages[0]
    cut = page[int(y0 * 3508) : int(y1 * 3508), int(x0 * 2480) : int(x1 * 2480)].astype(int)
    assert cut.min() < 120
    secret = make_sample("bao_cao", 9, secrecy="MẬT")
    assert secret.truth["fields"] == {"secrecy": "MẬT"}
    assert "secrecy" in secret.truth["boxes"]


def test_a_faded_number_is_hardly_there():
    plain = make_sample("thong_bao", 9, handwritten=False)
    faded = make_sample("thong_bao", 9, handwritten=False, faded=True)
    box = faded.truth["boxes"]["number"]["box"]
    assert box == plain.truth["boxes"]["number"]["box"]
    assert share(inked(plain.pages[0]), box) > 0.1 > share(inked(faded.pages[0]), box)


def test_unknown_types_levels_and_turns_are_refused():
    for asked in (("luat", "L1", 0), ("cong_van", "L6", 0), ("cong_van", "L1", 45)):
        with pytest.raises(ValueError, match=r"cannot make|not a valid Level"):
            make_sample(asked[0], 1, asked[1], turned=asked[2])


def test_the_pdf_holds_the_scans_and_no_text(tmp_path):
    sample = make_sample("cong_van", 3, "L3")
    path = write_sample(sample, tmp_path, name="a")
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) == len(sample.scans)
        page = pdf.pages[0]
        assert page.Resources.XObject.Scan.read_raw_bytes() == sample.scans[0]
        assert "/Font" not in page.Resources
        assert float(page.MediaBox[2]) == pytest.approx(595.2, abs=1)
        assert "mẫu" in str(pdf.docinfo["/Title"])
    truth = json.loads((tmp_path / "truth" / "a.json").read_text("utf-8"))
    assert truth["file"] == "a.pdf"
    assert truth["fields"] == sample.truth["fields"]


def test_a_set_takes_types_and_levels_in_turn(tmp_path):
    paths = write_set(tmp_path, 4, 5, levels=["L3", "L4"], types=["cong_van", "giay_moi"])
    truths = [json.loads((tmp_path / "truth" / f"{p.stem}.json").read_text("utf-8")) for p in paths]
    made = [(t["document_type"]["code"], t["sample"]["level"], t["sample"]["seed"]) for t in truths]
    assert made == [("cong_van", "L3", 5), ("giay_moi", "L4", 6), ("cong_van", "L4", 7),
                    ("giay_moi", "L3", 8)]  # fmt: skip


@pytest.mark.slow
def test_the_demo_papers_belong_together(tmp_path):
    papers = demo_set(tmp_path)
    assert 10 <= len(papers) <= 14
    holders = {p.holder.number: p.holder for p in papers if p.holder}
    assert len(holders) == 2
    for paper in papers:
        truth = json.loads((tmp_path / "truth" / f"{paper.path.stem}.json").read_text("utf-8"))
        name = truth["fields"].get("full_name", truth["fields"].get("owner.name"))
        if paper.holder and name:
            assert name.casefold() == paper.holder.name.casefold()
    assert {p.slot for p in papers} >= {"result", "TP01"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (15, "mười lăm"),
        (21, "hai mươi mốt"),
        (105, "một trăm lẻ năm"),
        (2020, "hai nghìn không trăm hai mươi"),
        (1_250_000, "một triệu hai trăm năm mươi nghìn"),
        (40_000_000, "bốn mươi triệu"),
    ],
)
def test_numbers_in_words(value, words):
    assert number_words(value) == words


def test_dates_in_words():
    words = "ngày mười hai tháng ba năm hai nghìn không trăm hai mươi"
    assert date_words(dt.date(2020, 3, 12)) == words
