# SPDX-License-Identifier: Apache-2.0
"""QR and MRZ beside the print: agreement, disagreement, a card whose title is lost."""

import datetime as dt
import io

import cv2
import numpy as np
import pytest
import segno
from PIL import Image

from ocr.barcodes import Code, read_codes
from ocr.codes import codes_of, expects_code, with_codes
from ocr.extraction import ReadingSource
from ocr.page import Box, PageImage
from ocr.reader import Reader
from tests.ocr.papers import page
from tests.ocr.test_identifiers import zone

TODAY = dt.date(2026, 11, 24)
CARD = "001090123456||Nguyễn Văn A|01021990|Nam|Số 1, Hà Nội|15042021"
FRONT = [
    ("CĂN CƯỚC CÔNG DÂN", 0.4, 0.1),
    ("Số/No: 001090123456", 0.3, 0.14),
    ("Họ và tên/Full name: NGUYỄN VĂN A", 0.3, 0.18),
    ("Ngày sinh/Date of birth: 01/02/1990", 0.3, 0.22),
    ("Giới tính/Sex: Nam", 0.3, 0.26),
]


@pytest.fixture(scope="module")
def reader():
    return Reader(None, today=lambda: TODAY)


def picture(text):
    buffer = io.BytesIO()
    segno.make(text).save(buffer, kind="png", scale=4)
    code = np.array(Image.open(buffer).convert("L"))
    sheet = np.full((1200, 850), 255, np.uint8)
    sheet[100 : 100 + code.shape[0], 600 : 600 + code.shape[1]] = code
    return sheet


@pytest.mark.parametrize("turns", range(4))
def test_a_square_is_found_at_any_turn_of_an_upright_page(turns):
    (code,) = read_codes(np.ascontiguousarray(np.rot90(picture(CARD), turns)), upright=True)
    assert code.text == CARD


def test_a_printed_code_is_read_where_it_stands():
    (code,) = read_codes(picture(CARD))
    assert code.text == CARD
    assert "QR" in code.format
    assert code.box.x0 > 0.7
    assert code.box.y1 < 0.3
    assert read_codes(np.full((400, 300), 255, np.uint8)) == ()


def carded(rows, text=CARD):
    code = Code(text=text, format="QR Code", box=Box(0.7, 0.1, 0.8, 0.2))
    return with_codes(page(rows), [code])


def test_codes_travel_with_the_page():
    assert [c.text for c in codes_of(carded(FRONT))] == [CARD]


def test_print_and_code_that_agree_are_sure(reader):
    fields = reader.assemble([carded(FRONT)]).document.fields
    for key, value in (("id", "001090123456"), ("born_on", "1990-02-01"), ("gender", "Nam")):
        assert (fields[key].value, fields[key].source) == (value, ReadingSource.QR)
        assert not fields[key].needs_review
    assert fields["full_name"].value == "Nguyễn Văn A"


def test_print_and_code_that_disagree_are_flagged_with_both(reader):
    rows = [(t.replace("01/02/1990", "01/02/1991"), x, y) for t, x, y in FRONT]
    read = reader.assemble([carded(rows)]).document.fields["born_on"]
    assert read.needs_review
    assert read.value == "1990-02-01"
    assert [c.value for c in read.candidates] == ["1991-02-01"]


def test_half_a_printed_address_is_no_contradiction(reader):
    """Columns stand side by side: what the labels give may be the first half of a line."""
    rows = [
        *FRONT,
        ("Nơi thường trú/Place of residence: Số 1,", 0.3, 0.3),
        ("Có giá trị đến: 01/02/2030 Hà Nội", 0.1, 0.34),
    ]
    read = reader.assemble([carded(rows)]).document.fields["residence"]
    assert (read.value, read.needs_review, read.candidates) == ("Số 1, Hà Nội", False, ())


@pytest.mark.parametrize(
    ("key", "stated"),
    [
        ("id", CARD.replace("001090123456", "001090123457")),
        ("full_name", CARD.replace("Nguyễn Văn A", "Nguyễn Văn Bé")),
        ("born_on", CARD.replace("01021990", "11021990")),
    ],
)
def test_a_pasted_square_is_an_alarm(reader, key, stated):
    fields = reader.assemble([carded(FRONT, stated)]).document.fields
    assert fields[key].needs_review
    assert {k for k in ("full_name", "born_on") if fields[k].needs_review} == {key} - {"id"}


def test_a_square_beside_no_print_at_all_is_for_a_person_to_see(reader):
    rows = [("CĂN CƯỚC CÔNG DÂN", 0.4, 0.1), ("Giới tính/Sex: Nam", 0.3, 0.26)]
    fields = reader.assemble([carded(rows)]).document.fields
    assert all(fields[k].value for k in ("id", "full_name", "born_on"))
    assert all(fields[k].needs_review for k in ("id", "full_name", "born_on"))


def test_a_small_soft_square_is_found_where_one_is_expected():
    sheet = cv2.GaussianBlur(cv2.resize(picture(CARD), None, fx=0.5, fy=0.5), (0, 0), 1.0)
    assert read_codes(sheet) == ()
    (code,) = read_codes(sheet, expected=True)
    assert code.text == CARD
    assert code.box.x0 > 0.7


def test_only_papers_that_carry_a_square_are_looked_at_twice():
    assert expects_code(page(FRONT))
    assert expects_code(page([("GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", 0.3, 0.1)]))
    assert not expects_code(page([("Căn cước công dân số: 001090123456", 0.3, 0.1)]))


def test_a_card_known_by_its_code_alone(reader):
    part = reader.assemble([carded([("Nơi cư trú/Place of residence: Hà Nội", 0.2, 0.5)])]).document
    assert part.document_type.code == "can_cuoc"
    assert part.fields["id"].value == "001090123456"


def test_the_machine_readable_zone_is_a_witness(reader):
    rows = [*FRONT, *((row, 0.1, 0.6 + 0.03 * i) for i, row in enumerate(zone()))]
    fields = reader.assemble([page(rows)]).document.fields
    assert (fields["valid_to"].value, fields["valid_to"].source) == (
        "2040-02-01",
        ReadingSource.MRZ,
    )
    assert (fields["id"].value, fields["id"].needs_review) == ("001090123456", False)


def test_the_system_code_names_the_dossier(reader):
    rows = [
        ("GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", 0.3, 0.1),
        ("Mã hồ sơ: H36.12.05-260630-0017", 0.2, 0.15),
    ]
    made = carded(rows, "H36.12.05-260630-0012|1.001193|H36.12.05")
    read = reader.assemble([made]).document.fields["dossier_code"]
    assert read.value == "H36.12.05-260630-0012"
    assert read.needs_review


def test_reading_a_page_looks_for_its_codes():
    class OnePage:
        def read_page(self, image):
            return page(FRONT), image.pixels

    image = PageImage(number=1, pixels=picture(CARD), dpi=100)
    extraction = Reader(OnePage(), today=lambda: TODAY).read([image])
    assert extraction.document.fields["id"].source is ReadingSource.QR
