# SPDX-License-Identifier: Apache-2.0
"""What two readers read differently and the rest of the paper decides, and what it must not."""

import datetime as dt
from dataclasses import replace

import pytest

from ocr.calibration import stands
from ocr.reader import Reader
from tests.ocr.papers import closing, header, page

DISPUTED = 0.5
TITLE = [("QUYẾT ĐỊNH", 0.45, 0.17), ("Về việc phê duyệt kế hoạch", 0.4, 0.19)]


@pytest.fixture(scope="module")
def reader():
    return Reader(None, today=lambda: dt.date(2026, 11, 24))


def doubted(made, *tokens):
    """The page as two readers left it that read the last of `tokens`' words differently."""
    words = tuple(replace(w, confidence=DISPUTED) if w.text in tokens else w for w in made.words)
    return replace(made, words=words)


def fields(reader, first, *annexes):
    return reader.assemble([first, *annexes]).document.fields


def decision(*more, issuer=("ỦY BAN NHÂN DÂN", "TỈNH QUẢNG NGÃI"), signed=closing(), **head):
    return page([*header(issuer=issuer, **head), *TITLE, *more, *signed])


def annex(text, number=2):
    return page([("PHỤ LỤC", 0.45, 0.08), (text, 0.2, 0.1)], number)


CITED = "(Kèm theo Quyết định số 47/QĐ-UBND ngày 17 tháng 01 năm 2025 của UBND tỉnh)"


@pytest.mark.parametrize(
    "text", [CITED, "(Ban hành kèm theo Quyết định số 47/QĐ-UBND, ngày 17/01/2025 của UBND)"]
)
def test_an_annex_that_repeats_number_and_date_settles_them(reader, text):
    first = doubted(decision(), "47/QĐ-UBND", "17")
    read = fields(reader, first, annex(text))
    for key in ("number", "full_number", "issued_on"):
        assert read[key].evidence.settled, key
        assert not stands(read[key]), key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (CITED.replace("17 tháng", "11 tháng"), "issued_on"),
        (CITED.replace("số 47", "số 41"), "number"),
        (CITED.replace("QĐ-UBND", "QĐ-SYT"), "number"),
        (CITED.replace("số 47", "số 41"), "issued_on"),  # the annex of another paper
    ],
)
def test_an_annex_that_says_otherwise_settles_nothing(reader, text, key):
    read = fields(reader, doubted(decision(), "47/QĐ-UBND", "17"), annex(text))[key]
    assert read.needs_review
    assert stands(read)


def test_two_annexes_that_differ_settle_nothing(reader):
    read = fields(reader, decision(), annex(CITED), annex(CITED.replace("số 47", "số 41"), 3))
    assert read["number"].needs_review


def test_a_number_under_a_stamp_is_taken_from_the_annex_whole_and_shown(reader):
    read = fields(reader, decision(number="Số: @@/QĐ-UBND"), annex(CITED))
    assert (read["full_number"].value, read["full_number"].needs_review) == ("47/QĐ-UBND", True)


LETTER = {"number": "Số: 574/UBND-KTTH"}


@pytest.mark.parametrize(
    ("kept", "settled"),
    [
        ("- Lưu: VT, KTTHa47.", True),
        ("- Lưu: VT, KTTH.", True),
        ("- Lưu: VT, KT.", False),
        ("- Lưu: VT, KTTHC.", False),
    ],
)
def test_the_drafters_line_settles_the_end_of_a_symbol(reader, kept, settled):
    signed = [(kept if "Lưu" in text else text, x, y) for text, x, y in closing()]
    first = page(
        [*header(**LETTER), ("V/v đăng ký bổ sung nội dung", 0.16, 0.14),
         ("Kính gửi: Thường trực HĐND tỉnh", 0.3, 0.2), *signed]
    )  # fmt: skip
    read = fields(reader, doubted(first, "574/UBND-KTTH"))["symbol"]
    assert read.value == "UBND-KTTH"
    assert read.evidence.settled is settled
    assert stands(read) is not settled


@pytest.mark.parametrize(("number", "settled"), [("Số: 12/QĐ-SYT", True), ("Số: 12/QĐ-BYT", False)])
def test_the_initials_of_the_symbol_settle_the_office(reader, number, settled):
    first = decision(number=number, issuer=("UBND TỈNH QUẢNG NGÃI", "SỞ Y TẾ"))
    read = fields(reader, doubted(first, "TẾ"))["issuer"]
    assert read.value == "Sở Y tế"
    assert stands(read) is not settled


@pytest.mark.parametrize(
    ("date", "settled"),
    [("Quảng Ngãi, ngày 17 tháng 01 năm 2025", True), ("Hà Nội, ngày 17 tháng 01 năm 2025", False)],
)
def test_the_province_of_the_date_line_settles_the_committee(reader, date, settled):
    read = fields(reader, doubted(decision(date=date), "NGÃI"))["issuer"]
    assert read.value == "Ủy ban nhân dân tỉnh Quảng Ngãi"
    assert stands(read) is not settled


@pytest.mark.parametrize(
    ("authority", "settled"),
    [
        (("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"), True),
        (("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), True),
        (("KT. BỘ TRƯỞNG", "PHÓ CHỦ TỊCH"), False),
        (("TM. ỦY BAN NHÂN DÂN", "GIÁM ĐỐC"), False),
        (("CHỦ TỊCH",), False),
    ],
)
def test_authority_and_title_that_ask_for_each_other_settle_the_title(reader, authority, settled):
    title = authority[-1].split()[-1]
    first = doubted(decision(signed=closing(authority)), title)
    read = fields(reader, first)["signer_title"]
    assert read.value == authority[-1]
    assert stands(read) is not settled


def test_a_city_is_spelled_as_the_list_has_it(reader):
    read = fields(reader, decision(date="TP. Hò Chí Minh, ngày 17 tháng 01 năm 2025"))["place"]
    assert (read.value, read.needs_review) == ("TP. Hồ Chí Minh", True)
