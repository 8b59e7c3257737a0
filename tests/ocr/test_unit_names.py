# SPDX-License-Identifier: Apache-2.0
"""Names of communes: spellings that units have, and marks they hardly have."""

import gzip

import pytest

from benchmarks.unit_names import CATALOGUE, names_in
from ocr.extraction import FieldReading, FieldStatus
from ocr.spelling import with_unit_names
from ocr.unit_names import SHIPPED as SHIPPED_FILE
from ocr.unit_names import UnitNames, shipped_unit_names

SHIPPED = shipped_unit_names()


@pytest.mark.parametrize("name", ["Cầm Sơn", "CẦM VƯỢNG TÂY", "Cấm Thủy"])
def test_marks_that_hardly_any_unit_has_are_odd(name):
    assert SHIPPED.is_odd(name)


@pytest.mark.parametrize(
    "name",
    [
        "Cẩm Vượng Tây",  # nobody is called so, but each word is common
        "Cẩm Thuỷ", "Cẩm Thủy", "Ba Đình", "HÒA BÌNH", "Hoà Bình", "Nậm Cắn", "Sà Phìn",
        "Xkrbl Gh",  # letters that no unit has
        "",
    ],
)  # fmt: skip
def test_names_that_units_bear_or_could_bear_are_not(name):
    assert not SHIPPED.is_odd(name)


def test_an_odd_name_is_put_as_units_are_called_in_its_own_case():
    assert SHIPPED.likelier("CẦM VƯỢNG TÂY") == "CẨM VƯỢNG TÂY"
    assert SHIPPED.likelier("Cầm Sơn") == "Cẩm Sơn"
    assert SHIPPED.likelier("Nậm Cắn") == "Nậm Cắn"  # there is one


def test_a_rare_name_that_is_in_the_list_is_never_odd():
    names = [f"Cẩm {n}" for n in "ABCDEFGHIJKLMNOPQRSTUVX"]
    assert UnitNames(names).is_odd("Cầm A")
    assert not UnitNames([*names, "Cầm A"]).is_odd("Cầm A")


def seen(value):
    return FieldReading(
        value=value, confidence=0.99, needs_review=False, status=FieldStatus.PRESENT
    )


@pytest.mark.parametrize(
    ("value", "is_name"),
    [
        ("Trung tâm Phục vụ hành chính công phường Cầm Sơn", False),
        ("Số 34 đường Vĩnh Thủy, phường Cầm Sơn, tỉnh Lâm Đồng", False),
        ("Công an xã cầm Sơn", False),  # the capital was misread
        ("Cầm Sơn", True),
        (["Sở Nội vụ", "Ủy ban nhân dân xã Cầm Vượng Tây"], False),
    ],
)
def test_an_odd_commune_goes_to_a_person(value, is_name):
    read = with_unit_names(seen(value), is_name=is_name)
    assert read.needs_review and read.confidence < 0.5
    said = value if isinstance(value, list) else [value]
    assert read.value == value  # as printed
    likelier = [text.replace("ầm", "ẩm") for text in said if "ầm" in text]
    assert [c.value for c in read.candidates] == likelier


@pytest.mark.parametrize(
    "value",
    [
        "Sở Y tế",
        "Bộ Lao động - Thương binh và Xã hội",
        "Phòng Quản lý xã hội",  # "Phong" and "Quán" are common in names of communes
        "Phòng Lao động Xã hội",
        "Phòng Y tế quận ủy",
        "Ủy ban nhân dân xã Cẩm Vượng Tây",
        "Số 3 đường Cầm Bá Thước, phường Ba Đình, tỉnh Thanh Hóa",  # a street is no unit
        None,
    ],
)
def test_other_values_pass_as_they_are(value):
    assert with_unit_names(seen(value)) == seen(value)


def test_a_place_of_one_word_is_a_rest_unless_a_unit_is_called_so():
    assert with_unit_names(seen("Trạch"), is_name=True).needs_review
    assert not with_unit_names(seen("Huế"), is_name=True).needs_review
    assert not with_unit_names(seen("Xuân Trạch"), is_name=True).needs_review


def test_the_shipped_names_are_those_of_the_catalogue():
    made = gzip.decompress(SHIPPED_FILE.read_bytes()).decode().splitlines()
    assert made == names_in(CATALOGUE), "run: python -m benchmarks.unit_names --write"
    assert len(made) > 8_000
