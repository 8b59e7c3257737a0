# SPDX-License-Identifier: Apache-2.0
"""Trích yếu: where it begins and ends, and what the body says about its words."""

import datetime as dt

import pytest

from ocr.reader import Reader
from tests.ocr.papers import closing, header, page

ABOUT = "Về việc phê duyệt kế hoạch tổ chức tiếp công dân"
AGAIN = [
    ("Điều 1. Phê duyệt kế hoạch tổ chức tiếp công dân năm 2025 trên toàn tỉnh.", 0.2, 0.33),
    ("Điều 2. Các sở lập kế hoạch tổ chức tiếp công dân trước ngày mồng mười.", 0.2, 0.36),
]


@pytest.fixture(scope="module")
def reader():
    return Reader(None, today=lambda: dt.date(2026, 11, 24))


def about(reader, lines, body=AGAIN, *, weak=None):
    placed = [(text, 0.28, 0.19 + 0.019 * i) for i, text in enumerate(lines)]
    rows = [*header(), ("QUYẾT ĐỊNH", 0.45, 0.17), *placed]
    rows += [("CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH", 0.35, 0.27), *body, *closing()]
    return reader.assemble([page(rows, weak=weak)]).document.fields["abstract"]


def test_said_again_in_the_body_it_is_sure(reader):
    read = about(reader, [ABOUT], [("Điều 1. " + ABOUT.removeprefix("Về việc "), 0.2, 0.33)])
    assert (read.value, read.needs_review) == (ABOUT, False)


def test_without_an_echo_it_is_for_a_person(reader):
    read = about(reader, [ABOUT], [("Điều 1. Xét các nội dung khác.", 0.2, 0.33)])
    assert (read.value, read.needs_review) == (ABOUT, True)


def test_a_semicolon_may_be_a_comma(reader):
    """On a photocopy no reader tells the two apart, and they agree on what is wrong."""
    said = "Về nhiệm vụ quản lý; bảo vệ công trình thủy lợi"
    body = [("Điều 1. Nhiệm vụ quản lý, bảo vệ công trình thủy lợi như sau.", 0.2, 0.33)]
    assert about(reader, [said], body).needs_review
    assert not about(reader, [said.replace(";", ",")], body).needs_review


def test_lines_are_joined_and_the_enacting_authority_is_left_out(reader):
    read = about(reader, ["Về việc phê duyệt kế hoạch tổ chức", "tiếp công dân năm 2025"])
    assert read.value == "Về việc phê duyệt kế hoạch tổ chức tiếp công dân năm 2025"


def test_a_line_that_names_an_office_does_not_end_it(reader):
    read = about(reader, ["Về việc miễn nhiệm chức danh Ủy viên", "Ủy ban nhân dân tỉnh"])
    assert read.value == "Về việc miễn nhiệm chức danh Ủy viên Ủy ban nhân dân tỉnh"


def test_the_body_outvotes_a_misread_mark_and_a_person_sees_it(reader):
    read = about(reader, [ABOUT.replace("tổ", "tô")], weak={"tô": 0.7})
    assert read.value == ABOUT
    assert "tô" in read.raw
    assert read.needs_review


def test_one_doubtful_echo_changes_nothing(reader):
    body = [("Điều 1. Phê duyệt kế hoạch tố chức tiếp công dân năm 2025.", 0.2, 0.33)]
    read = about(reader, [ABOUT], body, weak={"tố": 0.6})
    assert read.value == ABOUT
    assert read.needs_review


def test_capitals_stay_capitals(reader):
    read = about(reader, [ABOUT.upper().replace("TỔ", "TÔ")], weak={"TÔ": 0.7})
    assert read.value == ABOUT.upper()


def test_a_law_on_căn_cước_is_not_cut_at_căn_cứ(reader):
    read = about(reader, ["Về căn cước của công dân"])
    assert read.value == "Về căn cước của công dân"


def test_a_compound_misread_in_the_whole_paper_is_put_right_and_flagged(reader):
    wrong = "Quy định chỉ tiết về tiếp công dân"
    read = about(reader, [wrong], [(f"Điều 1. {wrong} trên địa bàn.", 0.2, 0.33)])
    assert read.value == "Quy định chi tiết về tiếp công dân"
    assert read.raw == wrong
    assert read.needs_review


def test_a_year_alone_in_the_last_line_belongs_to_it(reader):
    placed = [("Kế hoạch phòng cháy, chữa cháy rừng mùa khô giai đoạn", 0.28, 0.19)]
    rows = [*header(), ("QUYẾT ĐỊNH", 0.45, 0.17), *placed, ("2025 - 2029", 0.45, 0.209)]
    rows += [("CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH", 0.35, 0.27), *AGAIN, *closing()]
    value = reader.assemble([page(rows)]).document.fields["abstract"].value
    assert value == "Kế hoạch phòng cháy, chữa cháy rừng mùa khô giai đoạn 2025 - 2029"


def test_one_word_in_the_last_line_belongs_to_it(reader):
    lines = ["Kết quả công tác quản lý, bảo vệ công trình thủy lợi trên địa bàn"]
    rows = [*header(), ("THÔNG BÁO", 0.45, 0.17), (lines[0], 0.22, 0.19), ("xã", 0.49, 0.209)]
    rows += [("Căn cứ quy định hiện hành, Ủy ban nhân dân thông báo như sau:", 0.2, 0.27)]
    value = reader.assemble([page([*rows, *closing()])]).document.fields["abstract"].value
    assert value == f"{lines[0]} xã"


def test_words_that_reach_over_the_column_belong_to_it(reader):
    about = ("V/v không đóng dấu trên hoá đơn đặt in.", 0.15, 0.16)
    rows = [*header(number="Số: 60/CT-KTT3"), about]
    rows += [("Kính gửi: Công ty Bưu chính", 0.4, 0.2), ("Trả lời công văn số 297:", 0.2, 0.25)]
    value = reader.assemble([page([*rows, *closing()])]).document.fields["abstract"].value
    assert value == "V/v không đóng dấu trên hoá đơn đặt in."


@pytest.mark.parametrize("head", ["Vv", "V1v", "V / v", "V/v"])
def test_the_stroke_of_about_may_be_lost(reader, head):
    rows = [*header(number="Số: 60/UBND-VP"), (f"{head} đôn đốc thực hiện", 0.15, 0.16)]
    rows += [("Kính gửi: Công an xã", 0.4, 0.2), ("Thực hiện kế hoạch số 297:", 0.2, 0.25)]
    value = reader.assemble([page([*rows, *closing()])]).document.fields["abstract"].value
    assert value == "V/v đôn đốc thực hiện"


@pytest.mark.parametrize("start", ["Vào lúc 08 giờ 00 phút, ngày 19 tháng 6", "Vào hồi 8 giờ"])
def test_minutes_begin_with_the_hour(reader, start):
    rows = [
        *header(),
        ("BIÊN BẢN", 0.45, 0.17),
        ("Kiểm tra công tác cấp nước sạch", 0.3, 0.19),
        (f"{start} năm 2026, tại trụ sở đã tiến hành cuộc họp.", 0.2, 0.21),
        *closing(),
    ]
    read = reader.assemble([page(rows)]).document.fields["abstract"]
    assert read.value == "Kiểm tra công tác cấp nước sạch"
