# SPDX-License-Identifier: Apache-2.0

import datetime as dt

import pytest

from ocr.document_types import shipped_document_types
from ocr.reader import Reader
from tests.ocr.papers import closing, header, page


@pytest.fixture(scope="module")
def reader():
    return Reader(None, today=lambda: dt.date(2026, 11, 24))


def guess(reader, rows, **changes):
    made = page([*header(**changes), *rows, *closing()])
    return reader.assemble([made]).document.document_type


NAMED = [k for k in shipped_document_types() if k.titles and not k.card]


@pytest.mark.parametrize("kind", NAMED, ids=lambda k: k.code)
def test_every_type_is_known_by_its_title(reader, kind):
    symbol = f"{kind.symbols[0]}-UBND" if kind.symbols else "UBND-TH"
    found = guess(reader, [(kind.titles[0], 0.4, 0.17)], number=f"Số: 12/{symbol}")
    assert found.code == kind.code
    assert not found.needs_review
    assert kind.titles[0] in found.evidence[0]


def test_a_title_over_two_rows(reader):
    rows = [("GIẤY CHỨNG NHẬN", 0.4, 0.17), ("ĐĂNG KÝ HỘ KINH DOANH", 0.38, 0.19)]
    assert guess(reader, rows).code == "gcn_dkhkd"


def test_a_letter_of_the_tax_office_is_no_directive(reader):
    """CT-KTT3: "CT" is Cục Thuế; "V/v" under the number says công văn."""
    rows = [("V/v: Không đóng dấu", 0.16, 0.145), ("Kính gửi: Công ty ABC", 0.4, 0.2)]
    found = guess(reader, rows, number="Số: 6078/CT-KTT3")
    assert (found.code, found.needs_review) == ("cong_van", False)


def test_title_and_symbol_that_disagree_are_flagged(reader):
    found = guess(reader, [("QUYẾT ĐỊNH", 0.45, 0.17)], number="Số: 12/KH-UBND")
    assert found.code == "quyet_dinh"
    assert found.needs_review
    assert any("Kế hoạch" in why for why in found.evidence)


def test_the_symbol_alone_is_a_guess_for_a_person(reader):
    found = guess(reader, [("Khảo sát tình hình", 0.4, 0.19)], number="Số: 2155/KH-SYT")
    assert (found.code, found.needs_review) == ("ke_hoach", True)


def test_unknown_is_a_right_answer(reader):
    found = reader.assemble([page([("Xin chào các bạn", 0.4, 0.3)])]).document.document_type
    assert (found.code, found.needs_review) == ("khac", True)


def test_a_title_inside_a_sentence_is_none(reader):
    rows = [("theo đúng QUYẾT ĐỊNH của UBND tỉnh về việc này", 0.3, 0.25)]
    assert guess(reader, rows, number="Số: 12/XY-UBND").code != "quyet_dinh"


@pytest.mark.parametrize("title", ["QUYÉT ĐỊNH", "Q U Y Ế T Đ Ị N H", "=— QUYẾT ĐỊNH"])
def test_titles_as_the_engine_gives_them(reader, title):
    assert guess(reader, [(title, 0.42, 0.17)]).code == "quyet_dinh"


def test_two_alike_titles_stay_apart(reader):
    for title, code in (("THÔNG BÁO", "thong_bao"), ("THÔNG CÁO", "thong_cao")):
        assert guess(reader, [(title, 0.44, 0.17)], number="Số: 1/UBND-X").code == code


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("TỜ KHAI CẤP GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN", "to_khai"),
        ("TỜ KHAI CẤP GIẦY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN", "to_khai"),
        ("ĐƠN XIN CẤP ĐỔI GIẤY CHỨNG NHẬN", "to_khai"),
        ("GIẤY ĐỀ NGHỊ ĐĂNG KÝ HỘ KINH DOANH", "to_khai"),
        ("HỢP ĐỒNG CHUYỂN NHƯỢNG QUYỀN SỬ DỤNG ĐẤT", "hop_dong"),
        ("BIÊN BẢN KIỂM TRA HIỆN TRẠNG", "bien_ban"),
    ],
)
def test_a_title_that_says_what_is_asked(reader, title, code):
    made = page([(title, 0.3, 0.1)], weak={"GIẦY": 0.5})
    found = reader.assemble([made]).document.document_type
    assert (found.code, found.needs_review) == (code, False)


def test_title_and_abstract_in_one_row_of_capitals_go_to_a_person(reader):
    rows = [("KẾ HOẠCH TRIỂN KHAI CÔNG TÁC NĂM 2026", 0.33, 0.17)]
    found = guess(reader, rows, number="Số: 12/XY-UBND")
    assert (found.code, found.needs_review) == ("ke_hoach", True)
    assert guess(reader, rows, number="Số: 12/KH-UBND").needs_review is False


def test_a_name_in_capitals_is_no_secrecy_mark(reader):
    """ "TUYẾT" alone in a row near the head once turned a wedding certificate into a secret."""
    made = page([*header(), ("TUYẾT", 0.14, 0.2), ("THƯỢNG", 0.14, 0.22)])
    extraction = reader.assemble([made])
    assert extraction.secret is None
    assert extraction.document.fields["urgency"].value is None
    marked = reader.assemble([page([*header(), ("TUYỆT MẬT", 0.14, 0.2)])])
    assert marked.secret == "TUYỆT MẬT"


VARIANTS = [
    (("GIẤY KHAI SINH (BẢN SAO)",), "giay_khai_sinh"),
    (("TRÍCH LỤC KHAI TỬ (BẢN SAO)",), "trich_luc_khai_tu"),
    (("TRÍCH LỤC KẾT HÔN", "(BẢN SAO)"), "trich_luc_ket_hon"),
    (
        ("GIẤY CHỨNG NHẬN", "QUYỀN SỬ DỤNG ĐẤT, QUYỀN SỞ HỮU", "TÀI SẢN GẮN LIỀN VỚI ĐẤT"),
        "gcn_qsdd",
    ),
    (("GIẤY CHỨNG NHẬN", "ĐĂNG KÝ DOANH NGHIỆP", "CÔNG TY TNHH MỘT THÀNH VIÊN"), "gcn_dkdn"),
    (("PHIẾU LÝ LỊCH TƯ PHÁP", "SỐ 1"), "phieu_lltp_1"),
    (("THÔNG BÁO", "DỪNG GIẢI QUYẾT HỒ SƠ"), "thong_bao_dung"),
    (("GIẤY TIẾP NHẬN HỒ SƠ", "VÀ HẸN TRẢ KẾT QUẢ"), "giay_tiep_nhan"),
    (("GIẤY PHÉP XÂY DỰNG CÓ THỜI HẠN",), "gpxd"),
    (("CĂN CƯỚC", "IDENTITY CARD"), "can_cuoc"),
    (("CĂN CƯỚC CÔNG DÂN", "CITIZEN IDENTITY CARD"), "cccd"),
    (("GIẤY PHÉP LÁI XE / DRIVER'S LICENSE",), "gplx"),
    (("BẰNG TỐT NGHIỆP CAO ĐẲNG",), "van_bang"),
    (("CHỨNG CHỈ", "ỨNG DỤNG CÔNG NGHỆ THÔNG TIN CƠ BẢN"), "chung_chi"),
    (("TỜ KHAI", "ĐĂNG KÝ KHAI SINH"), "to_khai"),
    (("DANH SÁCH",), "khac"),
]


@pytest.mark.parametrize(("rows", "code"), VARIANTS, ids=lambda v: v if isinstance(v, str) else "")
def test_titles_as_forms_print_them(reader, rows, code):
    """Under the Quốc hiệu alone, centred, over several rows, with what forms put around them."""
    head = [
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 0.5, 0.06),
        ("Độc lập - Tự do - Hạnh phúc", 0.56, 0.08),
    ]
    centred = [(row, 0.5 - 0.00425 * len(row), 0.17 + 0.02 * n) for n, row in enumerate(rows)]
    made = page([*head, *centred, ("Họ và tên: Nguyễn Văn An", 0.12, 0.3)])
    assert reader.assemble([made]).document.document_type.code == code


PARTY = [
    ("21-NQ/TU", "NGHỊ QUYẾT", "nghi_quyet"),
    ("05-QĐ/TU", "QUYẾT ĐỊNH", "quyet_dinh"),
    ("12-CT/TU", "CHỈ THỊ", "chi_thi"),
    ("100-BC/TU", "BÁO CÁO", "bao_cao"),
    ("07-QĐi/TU", "QUY ĐỊNH", "quy_dinh"),
    ("99-KL/TU", "KẾT LUẬN", "khac"),
]


@pytest.mark.parametrize(("number", "title", "code"), PARTY)
def test_papers_of_the_party(reader, number, title, code):
    rows = [
        ("TỈNH ỦY QUẢNG NGÃI", 0.17, 0.06),
        ("ĐẢNG CỘNG SẢN VIỆT NAM", 0.55, 0.06),
        (f"Số {number}", 0.18, 0.1),
        ("Quảng Ngãi, ngày 17 tháng 01 năm 2025", 0.52, 0.1),
        (title, 0.45, 0.17),
        ("về công tác dân vận trong tình hình mới", 0.3, 0.19),
    ]
    part = reader.assemble([page([*rows, *closing(("T/M BAN THƯỜNG VỤ", "BÍ THƯ"))])]).document
    assert part.document_type.code == code
    assert part.fields["full_number"].value == number
    assert part.fields["issuer"].value == "Tỉnh ủy Quảng Ngãi"


def test_a_title_that_lacks_a_word_goes_to_a_person(reader):
    """Before 2010 a company's certificate was so called too."""
    found = guess(reader, [("GIẤY CHỨNG NHẬN ĐĂNG KÝ KINH DOANH", 0.3, 0.17)], number="Số: 1/X-Y")
    assert found.needs_review


def test_a_framed_mark_of_urgency_read_badly_is_shown_to_a_person(reader):
    made = page([*header(), ("HỏA rốc]", 0.17, 0.15), ("KẾ HOẠCH", 0.45, 0.17)])
    read = reader.assemble([made]).document.fields["urgency"]
    assert (read.value, read.needs_review) == ("HỎA TỐC", True)
    sentence = page([*header(), ("Hỏa tốc", 0.17, 0.15), ("KẾ HOẠCH", 0.45, 0.17)])
    assert reader.assemble([sentence]).document.fields["urgency"].value is None
