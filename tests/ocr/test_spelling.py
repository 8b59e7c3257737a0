# SPDX-License-Identifier: Apache-2.0
"""The name of a commune as the whole paper spells it."""

import datetime as dt

import pytest

from ocr.reader import Reader
from tests.ocr.papers import closing, header, page

BODY = [
    ("GIẤY MỜI", 0.45, 0.17),
    ("Họp về công tác rà soát hộ nghèo năm 2025", 0.3, 0.19),
    ("Ủy ban nhân dân xã Vĩnh Điền trân trọng kính mời các đồng chí dự họp tại", 0.2, 0.25),
    ("hội trường UBND xã Vĩnh Điền, thôn Đông, từ 8 giờ ngày thứ ba tuần sau.", 0.15, 0.27),
]


@pytest.fixture(scope="module")
def reader():
    return Reader(None, today=lambda: dt.date(2026, 11, 24))


def fields(reader, commune, place, body=BODY):
    head = header(
        number="Số: 12/GM-UBND",
        issuer=("ỦY BAN NHÂN DÂN", f"XÃ {commune}"),
        date=f"{place}, ngày 09 tháng 12 năm 2025",
    )
    return reader.assemble([page([*head, *body, *closing()])]).document.fields


def test_the_body_outvotes_capitals_that_lost_a_mark(reader):
    read = fields(reader, "VĨNH ĐIÊN", "Vĩnh Điền")["issuer"]
    assert (read.value, read.needs_review) == ("Ủy ban nhân dân xã Vĩnh Điền", True)
    assert "Ủy ban nhân dân xã Vĩnh Điên" in [c.value for c in read.candidates]


def test_letter_head_and_date_line_that_err_alike_are_not_believed(reader):
    """Both say Vĩnh Điển at .95; the body says otherwise, twice: nothing passes in silence."""
    read = fields(reader, "VĨNH ĐIỂN", "Vĩnh Điển")
    assert read["issuer"].needs_review
    assert read["place"].needs_review


def test_where_all_agree_nobody_is_asked(reader):
    read = fields(reader, "VĨNH ĐIỀN", "Vĩnh Điền")
    assert (read["issuer"].value, read["issuer"].needs_review) == (
        "Ủy ban nhân dân xã Vĩnh Điền",
        False,
    )
    assert (read["place"].value, read["place"].needs_review) == ("Vĩnh Điền", False)


def test_a_province_of_the_list_needs_no_vote(reader):
    body = [*BODY, ("Các sở, ngành tỉnh Quảng Ngai thực hiện.", 0.2, 0.3)]
    head = header()
    read = reader.assemble([page([*head, *body, *closing()])]).document.fields["issuer"]
    assert (read.value, read.needs_review) == ("Ủy ban nhân dân tỉnh Quảng Ngãi", False)


def test_an_address_has_its_commune_as_the_other_rows_spell_it(reader):
    rows = [
        ("GIẤY KHAI SINH", 0.42, 0.16),
        ("Nơi sinh: Trạm Y tế xã Cẫm Ngọc, tỉnh Lâm Đồng", 0.12, 0.22),
        ("Quê quán: xã Cẩm Ngọc, tỉnh Lâm Đồng", 0.12, 0.25),
        ("Nơi đăng ký khai sinh: Ủy ban nhân dân xã Cẩm Ngọc", 0.12, 0.28),
    ]
    made = page([*header(), *rows], weak={"Cẫm": 0.5})
    read = reader.assemble([made]).document.fields
    birth = read["birth_place"]
    assert (birth.value, birth.needs_review) == ("Trạm Y tế xã Cẩm Ngọc, tỉnh Lâm Đồng", True)
    assert read["registry"].value == "Ủy ban nhân dân xã Cẩm Ngọc"


def test_a_ministry_named_xã_hội_is_no_commune(reader):
    head = header(issuer=("BỘ LAO ĐỘNG", "THƯƠNG BINH VÀ XÃ HỘI"))
    made = page([*head, *BODY, ("Hôi, hối, hội", 0.2, 0.3), *closing()])
    value = reader.assemble([made]).document.fields["issuer"].value
    assert "hội" in value.casefold()
