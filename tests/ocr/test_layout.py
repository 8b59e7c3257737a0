# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import pytest

from ocr.header import find_header, is_annex
from ocr.layout import lay_out
from ocr.page import PageText
from tests.ocr.papers import decision, header, line, page


def never(_line):
    return False


def test_lines_of_two_blocks_on_one_level_become_one_row():
    made = page([("Nơi nhận:", 0.16, 0.6), ("CHỦ TỊCH", 0.6, 0.601)])
    (row,) = lay_out(made).rows
    assert row.text == "Nơi nhận: CHỦ TỊCH"
    assert [s.text for s in lay_out(made).segments(row)] == ["Nơi nhận:", "CHỦ TỊCH"]


def test_two_readings_of_one_place_stay_two_rows():
    made = page([("THÔNG BÁO", 0.45, 0.2), ("THÔNG CÁO", 0.45, 0.2)])
    assert len(lay_out(made).rows) == 2


def test_a_blank_page_has_no_rows():
    layout = lay_out(PageText(page=1, width=100, height=100, dpi=200, blank=True))
    assert layout.rows == ()
    assert find_header(layout, never) is None


def test_words_find_their_letters():
    words = tuple(line("Số: 47 /QĐ-UBND", 0.1, 0.1, 0))
    row = lay_out(page([("Số: 47 /QĐ-UBND", 0.1, 0.1)])).rows[0]
    assert [w.text for w in row.words_between(5, 6)] == ["47"]
    assert [w.text for w in row.words_between(0, 3)] == ["Số:"]
    assert len(row.words) == len(words)


@pytest.mark.parametrize("degrees", [-2, -1, 1, 2])
def test_skew_is_taken_out_of_the_rows(degrees):
    made = decision()
    slope = degrees * 0.01745 * made.width / made.height
    tilted = [
        replace(
            w, box=replace(w.box, y0=w.box.y0 + slope * w.box.x0, y1=w.box.y1 + slope * w.box.x0)
        )
        for w in made.words
    ]
    straight, skewed = lay_out(made), lay_out(replace(made, words=tuple(tilted)))
    assert [r.text for r in skewed.rows] == [r.text for r in straight.rows]


def test_the_header_splits_at_the_national_title():
    found = find_header(lay_out(page(header())), never)
    assert found.sure
    assert 0.45 < found.split < 0.5
    assert [ln.text for ln in found.issuer_lines] == ["ỦY BAN NHÂN DÂN", "TỈNH QUẢNG NGÃI"]
    assert found.number_line.text == "Số: 47/QĐ-UBND"
    assert found.date_line.text == "Quảng Ngãi, ngày 17 tháng 01 năm 2025"


def test_a_party_header():
    rows = [
        ("TỈNH ỦY QUẢNG NGÃI", 0.17, 0.06),
        ("ĐẢNG CỘNG SẢN VIỆT NAM", 0.55, 0.06),
        ("Số 21-NQ/TU", 0.2, 0.1),
        ("Quảng Ngãi, ngày 17 tháng 01 năm 2025", 0.52, 0.1),
    ]
    found = find_header(lay_out(page(rows)), never)
    assert found.party
    assert found.number_line.text == "Số 21-NQ/TU"


def test_a_sentence_that_cites_number_and_date_is_no_header():
    rows = [
        ("29, khoản 2 Điều 42 Nghị định số 83/2017/NĐ-CP ngày 18 tháng 7 năm 2017", 0.12, 0.1),
        ("Số: 83/2017/NĐ-CP của Chính phủ, ngày 18 tháng 7 năm 2017 được sửa", 0.12, 0.13),
    ]
    assert find_header(lay_out(page(rows)), never) is None


def test_a_header_whose_national_title_is_lost_is_less_sure():
    rows = header()
    del rows[2:4]
    found = find_header(lay_out(page(rows)), never)
    assert not found.sure
    assert found.number_line.text == "Số: 47/QĐ-UBND"


@pytest.mark.parametrize(
    ("text", "annex"),
    [
        ("Phụ lục II", True),
        ("(Kèm theo Quyết định số 47/QĐ-UBND)", True),
        ("Mẫu CT01 ban hành kèm theo Thông tư", True),
        ("Căn cứ các mẫu số liệu kèm theo", False),
    ],
)
def test_annex_heads(text, annex):
    assert is_annex(lay_out(page([(text, 0.3, 0.06)]))) is annex


def test_two_lines_read_as_one_are_taken_apart():
    """ "Về việc công QUYẾT bố thủ ĐỊNH tục": title and abstract under one line number."""
    upper = line("QUYẾT ĐỊNH", 0.3, 0.1, 7)
    lower = line("Về việc công bố thủ tục hành chính nội bộ", 0.2, 0.115, 7)
    made = page([])
    rows = lay_out(replace(made, words=(*upper, *lower))).rows
    assert [r.text for r in rows] == ["QUYẾT ĐỊNH", "Về việc công bố thủ tục hành chính nội bộ"]
