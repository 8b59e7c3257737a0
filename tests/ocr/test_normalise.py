# SPDX-License-Identifier: Apache-2.0

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.normalise import (
    clean_symbol,
    comparable,
    date_in_words,
    digits_of,
    initials,
    number_in_words,
    office_case,
    parse_date,
    plain,
)
from ocr.places import known_place, mend_province
from service.samples.invented import number_words


@pytest.mark.parametrize(
    ("seen", "symbol"),
    [
        ("QĐÐ-UBND", "QĐ-UBND"),  # U+00D0 Eth after Đ
        ("QÐ-UBND", "QĐ-UBND"),
        ("TT-BTС", "TT-BTC"),  # Cyrillic Es
        ("QĐ – UBND", "QĐ-UBND"),
        ("_/UBND-TTHC.", "UBND-TTHC"),
    ],
)
def test_symbols_come_out_in_one_alphabet(seen, symbol):
    assert clean_symbol(seen) == symbol


def test_plain_keeps_every_letter_in_its_place():
    text = "Số: 47/QĐ-UBND, ngày 17 tháng 01 — Đắk Lắk"
    assert len(plain(text)) == len(text)
    assert len(plain(unicodedata.normalize("NFD", text))) == len(text)
    assert plain("Đường Ủy") == "duong uy"


@pytest.mark.parametrize(
    ("text", "digits", "repaired"),
    [("05", "05", False), ("l2", "12", True), ("I]", "11", True), ("O5", "05", True)],
)
def test_letters_taken_for_digits_are_marked(text, digits, repaired):
    found = digits_of(text)
    assert (found.digits, found.repaired) == (digits, repaired)


@pytest.mark.parametrize("text", ["4‡", "2#", "(", "", "&&_", "6§("])
def test_ink_that_is_no_number(text):
    assert digits_of(text) is None


@pytest.mark.parametrize(
    ("words", "iso"),
    [
        ("ngày mười hai tháng ba năm hai nghìn không trăm hai mươi", "2020-03-12"),
        ("Ngày mùng năm tháng năm năm một nghìn chín trăm tám mươi lăm", "1985-05-05"),
        ("ngày ba mươi mốt tháng mười hai năm một nghìn chín trăm chín mươi chín", "1999-12-31"),
    ],
)
def test_dates_in_words(words, iso):
    assert date_in_words(words).isoformat() == iso


def test_dates_in_words_are_never_completed():
    assert date_in_words("ngày tháng ba năm hai nghìn") is None
    assert date_in_words("ngày ba mươi hai tháng ba năm hai nghìn") is None


def test_numbers_in_words():
    assert number_in_words("một trăm hai mươi lăm") == 125
    assert number_in_words("hai triệu không trăm năm mươi nghìn đồng") == 2_050_000
    assert number_in_words("bảy tỷ tám trăm triệu hai trăm nghìn đồng") == 7_800_200_000
    assert number_in_words("một nghìn hai trăm tỷ") == 1_200_000_000_000
    assert number_in_words("xin chào") is None


@given(st.integers(1, 999_999_999_999))
def test_a_sum_written_out_reads_as_itself(value):
    assert number_in_words(number_words(value)) == value


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("ngày 08 tháng 4 năm 2020", "2020-04-08"),
        ("15/6/2021", "2021-06-15"),
        ("Năm sinh: 1956", "1956"),
        ("tháng 3 năm 2021", "2021-03"),
    ],
)
def test_dates_keep_what_is_missing_missing(text, iso):
    assert parse_date(text).iso() == iso


@pytest.mark.parametrize("text", ["2018-03-80", "ngày 80 tháng 3 năm 2018", "31/02/2020", "abc"])
def test_impossible_dates_are_refused(text):
    found = parse_date(text)
    assert found is None or found.day is None


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI", "Ủy ban nhân dân tỉnh Quảng Ngãi"),
        ("SỞ Y TẾ", "Sở Y tế"),
        ("CỤC CẢNH SÁT PCCC VÀ CNCH", "Cục Cảnh sát PCCC và CNCH"),
        ("UBND XÃ BÌNH AN", "UBND xã Bình An"),
        ("Văn phòng Chính phủ", "Văn phòng Chính phủ"),
    ],
)
def test_names_of_offices_in_running_text(printed, name):
    assert office_case(printed) == name


def test_initials_of_an_office():
    assert initials("Bộ Giáo dục và Đào tạo") == "BGDĐT"
    assert initials("Sở Y tế") == "SYT"


def test_provinces_are_mended_and_nothing_else():
    assert mend_province("ỦY BAN NHÂN DÂN TĨNH QUẢNG NGÁI") == "ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI"
    assert mend_province("TRUNG TÂM QUẢNG NGÁI") == "TRUNG TÂM QUẢNG NGÁI"
    assert known_place("Đák Lák") == "Đắk Lắk"
    assert known_place("Quảng Nam Định") is None


def test_two_ways_of_placing_a_tone_compare_equal():
    assert comparable("HÒA hòa thủy Ủy") == comparable("HOÀ hoà thuỷ Uỷ")
    assert comparable("hoàn quý") == "hoàn quý"
