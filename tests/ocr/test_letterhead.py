# SPDX-License-Identifier: Apache-2.0
"""Header fields from made pages: anchors, grammar, and what is never taken from the body."""

import datetime as dt
from dataclasses import replace

import pytest

from ocr.document_types import shipped_document_types
from ocr.extraction import FieldStatus
from ocr.layout import Line
from ocr.number_line import settle_symbol, split_number_line
from ocr.reader import Reader
from tests.ocr.papers import DECISION_BODY, closing, decision, header, line, page

TODAY = dt.date(2026, 11, 24)


@pytest.fixture(scope="module")
def reader():
    return Reader(None, today=lambda: TODAY)


def fields(reader, *pages):
    return reader.assemble(pages).document.fields


def test_a_clean_decision_needs_nobody(reader):
    read = fields(reader, decision())
    expected = {
        "number": "47",
        "symbol": "QĐ-UBND",
        "full_number": "47/QĐ-UBND",
        "issued_on": "2025-01-17",
        "place": "Quảng Ngãi",
        "issuer": "Ủy ban nhân dân tỉnh Quảng Ngãi",
        "signing_authority": ["TM. ỦY BAN NHÂN DÂN"],
        "signer_title": "CHỦ TỊCH",
        "signer": "Nguyễn Hoàng Giang",
    }
    assert {k: read[k].value for k in expected} == expected
    assert [k for k in expected if read[k].needs_review] == []
    assert all(read[k].page == 1 and read[k].box for k in expected)


def test_number_and_date_split_a_shared_row(reader):
    """Both columns on one base line, one line for the engine: each field takes its own half."""
    words = line("Số: 47/QĐ-UBND     Quảng Ngãi, ngày 17 tháng 01 năm 2025", 0.18, 0.12, 90)
    made = page([*header()[:4], *DECISION_BODY, *closing()])
    made = type(made)(**{**_as_kwargs(made), "words": (*made.words, *words)})
    read = fields(reader, made)
    assert read["full_number"].value == "47/QĐ-UBND"
    assert read["issued_on"].value == "2025-01-17"
    assert read["place"].value == "Quảng Ngãi"


def _as_kwargs(made):
    return {name: getattr(made, name) for name in type(made).__slots__}


@pytest.mark.parametrize("ink", ["4‡", "&&_", "2ƒ.", "Ø‡", "6§("])
def test_ink_that_is_no_number_stays_empty_and_flagged(reader, ink):
    """The body cites 99/QĐ-TTg at 95: it must not become the number."""
    read = fields(reader, decision(number=f"Số: {ink} /QĐ-UBND"))
    assert read["number"].value is None
    assert read["number"].status is FieldStatus.UNREADABLE
    assert read["number"].needs_review
    assert read["number"].raw == ink
    assert read["symbol"].value == "QĐ-UBND"


def test_weak_digits_are_handwriting_until_a_person_says_otherwise(reader):
    read = fields(reader, decision(number="Số: 47 /QĐ-UBND", weak={"47": 0.7}))
    assert read["number"].value == "47"
    assert read["number"].needs_review
    assert read["full_number"].needs_review
    assert not read["symbol"].needs_review


def test_a_letter_taken_for_a_digit_is_flagged_however_sure_the_engine_is(reader):
    read = fields(reader, decision(number="Số: 4I /QĐ-UBND"))
    assert read["number"].value == "41"
    assert read["number"].needs_review
    assert read["number"].raw == "4I"


def test_a_blank_number_is_not_unreadable(reader):
    read = fields(reader, decision(number="Số:      /KH-UBND"))
    assert read["number"].status is FieldStatus.BLANK
    assert read["number"].value is None
    assert read["symbol"].value == "KH-UBND"


@pytest.mark.parametrize(
    "date",
    [
        "Quảng Ngãi, ngày 80 tháng 3 năm 2018",  # "2018-03-80" of the stock recipe
        "Quảng Ngãi, ngày 31 tháng 02 năm 2025",
        "Quảng Ngãi, ngày 17 tháng 01 năm 2027",  # not yet
        "Quảng Ngãi, ngày &&_ tháng 11 năm 2024",
        "Quảng Ngãi, ngày (tháng 11 năm 2017",
    ],
)
def test_a_date_that_is_none_is_flagged_and_none_is_taken_from_the_body(reader, date):
    read = fields(reader, decision(date=date))["issued_on"]
    assert read.value is None
    assert read.needs_review
    assert "năm" in read.raw


def test_a_missing_day_is_blank(reader):
    read = fields(reader, decision(date="Quảng Ngãi, ngày    tháng 01 năm 2025"))["issued_on"]
    assert (read.value, read.status) == (None, FieldStatus.BLANK)
    assert "tháng 01 năm 2025" in read.raw


def test_without_a_header_row_nothing_is_taken_from_the_body(reader):
    made = page([*header()[:4], *DECISION_BODY, *closing()])
    read = fields(reader, made)
    for name in ("number", "symbol", "issued_on"):
        assert read[name].value is None
        assert read[name].needs_review


@pytest.mark.parametrize(
    ("seen", "title", "issuer", "symbol"),
    [
        ("QD-UBND", "quyet_dinh", "Ủy ban nhân dân tỉnh Quảng Ngãi", "QĐ-UBND"),
        ("HD-SYT", "hop_dong", "Sở Y tế", "HĐ-SYT"),
        ("HD-SYT", "huong_dan", "Sở Y tế", "HD-SYT"),
        ("QD-BGDDT", "quyet_dinh", "Bộ Giáo dục và Đào tạo", "QĐ-BGDĐT"),
        ("DA-UBND", "de_an", "UBND tỉnh Quảng Ngãi", "ĐA-UBND"),
        ("ND-CP", "nghi_dinh", "Chính phủ", "NĐ-CP"),
    ],
)
def test_the_type_and_the_issuer_settle_d_and_đ(seen, title, issuer, symbol):
    value, witnesses, conflict = settle_symbol(seen, shipped_document_types()[title], issuer)
    assert (value, witnesses, conflict) == (symbol, 2, False)


def test_a_doubtful_issuer_changes_no_letter_of_the_symbol():
    kind = shipped_document_types()["to_trinh"]
    doubtful = settle_symbol("TTr-UBND", kind, "Ủy ban nhân đâần xã Nậm Nèn", trusted=False)
    assert doubtful == ("TTr-UBND", 1, False)


@pytest.mark.parametrize(
    ("issuer", "place", "value", "flagged"),
    [
        (("ỦY BAN NHÂN DÂN", "PHƯỜNG THANH HOÀ"), "Thanh Hoà", "Thanh Hoà", False),
        (("ỦY BAN NHÂN DÂN", "TỈNH ĐẮK LẮK"), "Đák Lák", "Đắk Lắk", True),
        (("ỦY BAN NHÂN DÂN", "XÃ BÌNH AN"), "Bình An", "Bình An", False),
        (("ỦY BAN NHÂN DÂN", "XÃ BÌNH AN"), "Bỉnh An", "Bỉnh An", True),
        (
            ("UBND TỈNH BÀ RỊA - VŨNG TÀU", "SỞ Y TẾ"),
            "Bà Rịa - Vũng Tàu",
            "Bà Rịa - Vũng Tàu",
            False,
        ),
    ],
)
def test_a_place_is_kept_as_printed_or_flagged(reader, issuer, place, value, flagged):
    date = f"{place}, ngày 17 tháng 01 năm 2025"
    read = fields(reader, decision(issuer=issuer, date=date))["place"]
    assert (read.value, read.needs_review) == (value, flagged)


def test_a_commune_is_sure_when_the_date_line_spells_it_too(reader):
    issuer = ("ỦY BAN NHÂN DÂN", "XÃ BÌNH AN")
    sure = decision(issuer=issuer, date="Bình An, ngày 17 tháng 01 năm 2025")
    read = fields(reader, sure)["issuer"]
    assert (read.value, read.needs_review) == ("Ủy ban nhân dân xã Bình An", False)
    other = decision(issuer=issuer, date="Bỉnh An, ngày 17 tháng 01 năm 2025")
    assert fields(reader, other)["issuer"].needs_review


def test_eth_and_a_doubled_letter_in_the_symbol(reader):
    read = fields(reader, decision(number="Số: 47/QĐÐ-UBND"))["symbol"]
    assert (read.value, read.raw) == ("QĐ-UBND", "QĐÐ-UBND")


def test_legal_numbers_keep_the_year():
    words = tuple(line("Luật số: 26 /2023/QH15", 0.1, 0.1, 1))
    split = split_number_line(Line(page=1, words=words, y=0.1))
    assert (split.number, split.symbol) == ("26 /2023", "QH15")


def test_sở_y_tế_is_no_number_line(reader):
    made = decision(
        issuer=("UBND TỈNH KIÊN GIANG", "SỞ Y TẾ"),
        number="Số: 1942/KH-SYT",
        date="Kiên Giang, ngày 10 tháng 10 năm 2017",
    )
    read = fields(reader, made)
    assert read["issuer"].value == "Sở Y tế"
    assert read["parent_issuer"].value == "UBND tỉnh Kiên Giang"
    assert read["number"].value == "1942"


def test_an_office_no_list_knows_is_flagged(reader):
    made = decision(issuer=("TỔNG CỤC THUẾ", "CỤC THUÉ TP.HCM"))
    read = fields(reader, made)
    assert read["issuer"].needs_review
    assert read["parent_issuer"].value == "Tổng cục Thuế"


def test_the_abstract_of_a_letter_stands_under_its_number(reader):
    rows = [
        *header(number="Số: 299/UBND-TTHC"),
        ("V/v công bố Danh mục", 0.16, 0.145),
        ("thủ tục hành chính", 0.17, 0.163),
        ("Kính gửi: Sở Giao thông vận tải", 0.35, 0.25),
        ("Xét đề nghị của Sở Giao thông vận tải tại Tờ trình số 12/TTr-SGTVT ngày", 0.2, 0.3),
        *closing(),
    ]
    extraction = reader.assemble([page(rows)])
    read = extraction.document.fields
    assert extraction.document.document_type.code == "cong_van"
    assert read["abstract"].value == "V/v công bố Danh mục thủ tục hành chính"
    assert read["addressees"].value == ["Sở Giao thông vận tải"]


def test_annex_heads_witness_a_number_under_a_stamp(reader):
    first = decision(number="Số: sỗen‡ /QĐ-UBND")
    annex = page(
        [
            ("PHỤ LỤC", 0.45, 0.06),
            ("(Kèm theo Quyết định số 47/QĐ-UBND ngày 17/01/2025)", 0.3, 0.08),
            ("Danh sách hộ nghèo được hỗ trợ quà Tết trên địa bàn tỉnh năm 2025", 0.2, 0.12),
        ],
        number=2,
    )
    extraction = reader.assemble([first, annex])
    read = extraction.document.fields["number"]
    assert read.value == "47"
    assert read.needs_review
    assert extraction.attached == ()


def test_a_law_takes_its_date_from_the_adoption_line(reader):
    first = page(
        [
            ("QUỐC HỘI", 0.2, 0.06),
            ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 0.5, 0.06),
            ("Độc lập - Tự do - Hạnh phúc", 0.56, 0.079),
            ("Luật số: 26/2023/QH15", 0.14, 0.11),
            ("LUẬT", 0.48, 0.17),
            ("CĂN CƯỚC", 0.45, 0.19),
            ("Căn cứ Hiến pháp nước Cộng hòa xã hội chủ nghĩa Việt Nam;", 0.2, 0.24),
        ]
    )
    last = page(
        [
            ("Luật này được Quốc hội nước Cộng hòa xã hội chủ nghĩa Việt Nam khóa XV,", 0.15, 0.3),
            ("kỳ họp thứ 6 thông qua ngày 27 tháng 11 năm 2023.", 0.11, 0.32),
            ("CHỦ TỊCH QUỐC HỘI", 0.6, 0.4),
            ("Vương Đình Huệ", 0.62, 0.5),
        ],
        number=2,
    )
    extraction = reader.assemble([first, last])
    read = extraction.document.fields
    assert extraction.document.document_type.code == "luat"
    assert (read["number"].value, read["symbol"].value) == ("26/2023", "QH15")
    assert (read["issued_on"].value, read["issued_on"].page) == ("2023-11-27", 2)
    assert (read["place"].value, read["place"].needs_review) == (None, False)
    assert read["abstract"].value == "CĂN CƯỚC"
    assert read["signer"].value == "Vương Đình Huệ"


@pytest.mark.parametrize(
    ("seen", "symbol"),
    [("TTT-SNV", "TTr-SNV"), ("TIr-SNV", "TTr-SNV"), ("TIrSNV", "TTr-SNV"), ("TTr-SNV", "TTr-SNV")],
)
def test_the_title_puts_the_type_in_the_symbol_right(seen, symbol):
    kind = shipped_document_types()["to_trinh"]
    value, _, conflict = settle_symbol(seen, kind, "Sở Nội vụ")
    assert (value, conflict) == (symbol, seen != symbol)


def test_another_office_or_type_in_the_symbol_stays():
    kind = shipped_document_types()["to_trinh"]
    assert settle_symbol("CT-KTT3", kind, "Cục Thuế")[0] == "CT-KTT3"
    assert settle_symbol("QĐ-UBND", kind, "Ủy ban nhân dân xã An Ngọc")[0] == "QĐ-UBND"


def test_a_number_whose_slash_is_lost_is_split_and_flagged(reader):
    read = fields(reader, decision(number="Số: 770 QĐUBND"))
    assert (read["number"].value, read["number"].needs_review) == ("770", True)
    assert read["symbol"].needs_review


def test_the_head_of_a_committee_is_spelled_by_the_list(reader):
    read = fields(reader, decision(issuer=("ỦY BẠN NHÂN DÂN", "XÃ BÌNH MỸ")))["issuer"]
    assert (read.value, read.needs_review) == ("Ủy ban nhân dân xã Bình Mỹ", True)


def test_an_office_in_the_symbol_that_nothing_else_names_is_for_a_person(reader):
    """Two readers agreed on "GM-GAVT" for GM-GAVI; SYT is the issuer's own short name."""
    rows = ("UBND TỈNH KIÊN GIANG", "SỞ Y TẾ")
    own = fields(reader, decision(number="Số: 20/QĐ-SYT", issuer=rows))["symbol"]
    other = fields(reader, decision(number="Số: 20/QĐ-GAVT", issuer=rows))["symbol"]
    assert (own.needs_review, other.needs_review) == (False, True)


@pytest.mark.parametrize(
    ("issuer", "place", "value"),
    [
        (("UBND TỈNH HÀ TĨNH", "SỞ Y TẾ"), "Hà Tũnh", "Hà Tĩnh"),
        (("ỦY BAN NHÂN DÂN", "TỈNH ĐẮK LẮK"), "Đắh Lắb", "Đắk Lắk"),
        (("ỦY BAN NHÂN DÂN", "XÃ AN NGỌC"), "Ạn Ngọcc", "An Ngọc"),
        (("ỦY BAN NHÂN DÂN", "XÃ AN NGỌC"), "Bình Mỹ", "Bình Mỹ"),
    ],
)
def test_a_place_one_letter_off_is_the_seat_of_the_issuer(reader, issuer, place, value):
    made = decision(issuer=issuer, date=f"{place}, ngày 17 tháng 01 năm 2025")
    read = fields(reader, made)["place"]
    assert (read.value, read.needs_review) == (value, True)


def test_a_province_with_a_wrong_letter_is_the_only_one_it_can_be(reader):
    read = fields(reader, decision(issuer=("UBND TỈNH BẮC NNH", "SỞ TƯ PHÁP")))["parent_issuer"]
    assert (read.value, read.needs_review) == ("UBND tỉnh Bắc Ninh", True)


CENTRE = ("TRUNG TÂM PHỤC VỤ", "HÀNH CHÍNH CÔNG")


@pytest.mark.parametrize(
    ("committee", "value"),
    [
        ("UBND PHƯỜNG PHÚ QUẾ", "Trung tâm Phục vụ hành chính công phường Phú Quế"),
        ("UBND TỈNH HÀ TĨNH", "Trung tâm Phục vụ hành chính công tỉnh Hà Tĩnh"),
    ],
)
def test_a_centre_is_that_of_the_committee_above_it(reader, committee, value):
    made = decision(issuer=(committee, *CENTRE), number="Số: 379/TTPVHCC")
    read = fields(reader, made)
    assert read["issuer"].value == value
    assert read["parent_issuer"].value.startswith("UBND")


def test_a_centre_is_no_surer_than_its_committee(reader):
    made = decision(issuer=("UBND PHƯỜNG PHÚ QUẾ", *CENTRE))
    words = tuple(replace(w, confidence=0.5) if w.text == "QUẾ" else w for w in made.words)
    read = fields(reader, replace(made, words=words))["issuer"]
    assert (read.needs_review, read.evidence.token) == (True, 0.5)


def test_a_department_without_its_committee_above_has_lost_it(reader):
    """Ô 2: over "SỞ TƯ PHÁP" stands its committee; over a ministry stands nobody."""
    alone = fields(reader, decision(issuer=("SỞ TƯ PHÁP",)))["parent_issuer"]
    assert alone.value is None and alone.needs_review
    ministry = fields(reader, decision(issuer=("BỘ TƯ PHÁP",)))["parent_issuer"]
    assert ministry.value is None and not ministry.needs_review


@pytest.mark.parametrize(("symbol", "whole"), [("TTPVHCC", True), ("TTPVHOC", False)])
def test_a_form_may_have_the_initials_of_its_office_alone_for_a_symbol(reader, symbol, whole):
    rows = header(
        number=f"Số: 954/{symbol}",
        issuer=("UBND PHƯỜNG CẨM SƠN", "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG"),
    )
    rows += [("GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", 0.3, 0.17)]
    seen = fields(reader, page(rows))["symbol"]
    assert (seen.value, seen.evidence.grammar) == (symbol, whole)


@pytest.mark.parametrize(("weak", "token"), [({"BAN": 0.5, "XÃ": 0.5}, 0.95), ({"AN": 0.5}, 0.5)])
def test_a_committee_is_as_sure_as_the_words_that_tell_which(reader, weak, token):
    rows = header(issuer=("ỦY BAN NHÂN DÂN", "XÃ BÌNH AN"))
    rows += [("QUYẾT ĐỊNH", 0.45, 0.17), *closing()]
    seen = fields(reader, page(rows, weak=weak))["issuer"]
    assert (seen.value, seen.evidence.token) == ("Ủy ban nhân dân xã Bình An", token)


@pytest.mark.parametrize(
    ("name", "whole"), [("XÃ BÌNH AN", True), ("BÌNH AN", False), ("TP. HỒ CHÍ MINH", True)]
)
def test_a_committee_without_its_level_goes_to_a_person(reader, name, whole):
    rows = header(issuer=(f"HỘI ĐỒNG NHÂN DÂN {name}",))
    seen = fields(reader, page([*rows, ("NGHỊ QUYẾT", 0.45, 0.17), *closing()]))["issuer"]
    assert seen.evidence.grammar is whole
    assert whole or seen.needs_review
