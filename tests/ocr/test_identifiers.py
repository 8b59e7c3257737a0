# SPDX-License-Identifier: Apache-2.0
"""Vectors of the identifiers: law, published examples, real traps."""

import datetime as dt

import pytest

from ocr.identifiers import (
    check_digit,
    decode_personal_number,
    find_document_numbers,
    is_dossier_code,
    is_household_business_code,
    is_land_serial,
    is_procedure_code,
    is_tax_code,
    parse_card_code,
    parse_document_number,
    parse_mrz,
)

TODAY = dt.date(2026, 11, 24)


@pytest.mark.parametrize("code", ["0100109106", "0309829579", "0314409058-002", "0200136872"])
def test_tax_codes_with_the_right_check_digit(code):
    assert is_tax_code(code)


@pytest.mark.parametrize(
    "code", ["0100109107", "0100109100", "0314409058-000", "010010910", "01001091060"]
)
def test_tax_codes_that_were_never_issued(code):
    assert not is_tax_code(code)


@pytest.mark.parametrize(
    ("number", "province", "gender", "year"),
    [
        ("001090123456", "Hà Nội", "Nam", 1990),
        ("001190123456", "Hà Nội", "Nữ", 1990),
        ("079201000001", "TP Hồ Chí Minh", "Nam", 2001),
        ("015090000001", "Yên Bái", "Nam", 1990),  # the old list: a merger renumbered nobody
    ],
)
def test_a_personal_number_says_who(number, province, gender, year):
    person = decode_personal_number(number, today=TODAY)
    assert (person.province, person.gender, person.birth_year) == (province, gender, year)


@pytest.mark.parametrize("number", ["097090123456", "036399000012", "00109012345", "00109012345A"])
def test_personal_numbers_that_cannot_be(number):
    assert decode_personal_number(number, today=TODAY) is None


@pytest.mark.parametrize(
    "code",
    ["000.00.04.H40-210312-0007", "G09.20-20260609-0092637", "H36.12.05-260630-0012"],
)
def test_dossier_codes(code):
    assert is_dossier_code(code, today=TODAY)


@pytest.mark.parametrize(
    "code", ["H36.12.05-261232-0001", "H40-210230-0007", "000.00.00.G09-KQ002269"]
)
def test_dossier_codes_need_a_real_date(code):
    assert not is_dossier_code(code, today=TODAY)


def test_a_dossier_code_may_be_of_tomorrow_not_later():
    assert is_dossier_code("H36.12.05-261125-0001", today=TODAY)
    assert not is_dossier_code("H36.12.05-261126-0001", today=TODAY)


@pytest.mark.parametrize("code", ["1.001193", "1.005129", "2.000815.000.00.00.H36"])
def test_procedure_codes(code):
    assert is_procedure_code(code)


@pytest.mark.parametrize("code", ["1.00512", "4.000123", "1.0011934"])
def test_no_procedure_codes(code):
    assert not is_procedure_code(code)


@pytest.mark.parametrize(
    ("text", "number", "symbol", "full"),
    [
        ("05/QĐ-UBND", "05", "QĐ-UBND", "05/QĐ-UBND"),
        ("02/2021/TT-BTC", "02/2021", "TT-BTC", "02/2021/TT-BTC"),
        ("26/2023/QH15", "26/2023", "QH15", "26/2023/QH15"),
        ("66.22/2026/NQ-CP", "66.22/2026", "NQ-CP", "66.22/2026/NQ-CP"),
        ("21-NQ/TU", "21", "NQ/TU", "21-NQ/TU"),
        ("3288/CTr-UBND", "3288", "CTr-UBND", "3288/CTr-UBND"),
        ("2118/PCCC&CNCH-P6", "2118", "PCCC&CNCH-P6", "2118/PCCC&CNCH-P6"),
        ("01/GP.TTĐT-STTTT", "01", "GP.TTĐT-STTTT", "01/GP.TTĐT-STTTT"),
        ("8363/VPCP- KSTT", "8363", "VPCP-KSTT", "8363/VPCP-KSTT"),
        ("24 /QĐ -UBND", "24", "QĐ-UBND", "24/QĐ-UBND"),
    ],
)
def test_document_numbers(text, number, symbol, full):
    parsed = parse_document_number(text)
    assert (parsed.number, parsed.symbol, parsed.full) == (number, symbol, full)


@pytest.mark.parametrize("text", ["2025\n- Các", "/QĐ-UBND", "12/qđ-ubnd", "QĐ-UBND", "12/"])
def test_what_is_no_document_number(text):
    assert parse_document_number(text) is None


def test_cited_numbers_never_run_over_a_line_end():
    text = "theo Nghị quyết 01/NQ-CP.\nTrân trọng. Năm 2025\n- Các sở; Quyết định số 99/QĐ-TTg"
    assert [n.full for n in find_document_numbers(text)] == ["01/NQ-CP", "99/QĐ-TTg"]


def test_the_code_of_a_chip_card_with_an_empty_second_field():
    card = parse_card_code("001090123456||Nguyễn Văn A|01021990|Nam|Số 1|15042021")
    assert card.old_number is None
    assert (card.born_on, card.issued_on, card.gender) == ("1990-02-01", "2021-04-15", "Nam")


def test_the_code_of_a_2024_card_is_told_by_its_shape():
    card = parse_card_code("001190123456|Trần Thị B|Nữ|05061990|Số 2|02072024|012345678|")
    assert (card.name, card.born_on, card.old_number) == ("Trần Thị B", "1990-06-05", "012345678")


@pytest.mark.parametrize("text", ["", "a|b|c", "12345|x|y|z|Nam|q|r", "https://example.org/1|2"])
def test_other_codes_are_no_card(text):
    assert parse_card_code(text) is None


@pytest.mark.parametrize(("text", "digit"), [("D23145890", 7), ("090123456", 2), ("900201", 8)])
def test_check_digits_of_icao_9303(text, digit):
    assert check_digit(text) == digit


def zone(number="001090123456", born="900201", sex="M", expires="400201"):
    """A zone made the way ICAO 9303-5 says."""
    first = f"IDVNM{number[3:]}{check_digit(number[3:])}{number}<<"
    first += str(check_digit(number)) if len(first) == 29 else ""
    second = f"{born}{check_digit(born)}{sex}{expires}{check_digit(expires)}VNM" + "<" * 11
    whole = first[5:] + second[:7] + second[8:15] + second[18:29]
    return [first, second + str(check_digit(whole)), "NGUYEN<<VAN<A".ljust(30, "<")]


def test_a_machine_readable_zone():
    read = parse_mrz(zone(), today=TODAY)
    assert read.number == "001090123456"
    assert (read.born_on, read.expires_on, read.gender) == ("1990-02-01", "2040-02-01", "Nam")
    assert read.name == "NGUYEN VAN A"


def test_a_zone_is_read_through_look_alikes_and_misread_filler():
    first, second, third = zone()
    seen = [
        first.replace("IDVNM0", "TDVNMO").replace("<<", "55"),
        second[:18] + "5" * 10 + second[29],
        third,
    ]
    read = parse_mrz(seen, today=TODAY)
    assert (read.number, read.expires_on) == ("001090123456", "2040-02-01")


@pytest.mark.parametrize(("row", "at"), [(0, 7), (1, 2), (1, 9), (1, 29)])
def test_one_wrong_digit_breaks_the_zone(row, at):
    lines = zone()
    wrong = "0" if lines[row][at] != "0" else "1"
    lines[row] = lines[row][:at] + wrong + lines[row][at + 1 :]
    assert parse_mrz(lines, today=TODAY) is None


def test_land_serials_and_household_codes():
    assert is_land_serial("BĐ 123456")
    assert is_land_serial("AA12345678")
    assert not is_land_serial("A123456")
    assert is_household_business_code("41A8012345", today=TODAY)
    assert not is_household_business_code("41A801234", today=TODAY)
