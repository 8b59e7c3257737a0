# SPDX-License-Identifier: Apache-2.0
"""Words that no name is known to have, and names that merely are rare."""

import pytest

from ocr.signer_names import (
    as_names_are_spelled,
    from_family_name,
    has_doubtful_marks,
    has_no_syllable,
    has_odd_marks,
)


@pytest.mark.parametrize(
    "name",
    ["Đinh Tuẩn Hưng", "Phạm Điệu Lan", "Hoàng Bả Hải", "Hoàng Bã Trường", "ĐÀO THÁNH NGHĨA"],
)
def test_a_mark_that_no_name_has(name):
    assert has_odd_marks(name)


@pytest.mark.parametrize(
    "name",
    [
        "Phạm Diệu Lan", "Hoàng Bá Hải", "NGUYỄN THỊ THÚY", "Trần Văn Thủy", "Trần Văn Thuỷ",
        "Võ Phiên",  # nobody in the list is called so, nor anything like it
        "K'Brăk Ksor",
    ],
)  # fmt: skip
def test_names_as_people_bear_them(name):
    assert not has_odd_marks(name)


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        ("N Phạm Nghiệp Trầm", "Phạm Nghiệp Trầm"),
        ("Xố Đỗ Đình Hùng", "Đỗ Đình Hùng"),
        ("H N Bùi Đường Phước", "Bùi Đường Phước"),
        ("Y Thái Ê Ban", "Y Thái Ê Ban"),
        ("Guyễn Văn Lâm", "Guyễn Văn Lâm"),  # nearly Nguyễn, and the family of Văn is another one
        ("Dó Trần", "Dó Trần"),  # too little behind it
    ],
)
def test_letters_of_a_seal_before_the_family_name_are_left_out(seen, name):
    assert " ".join(from_family_name(seen.split())) == name


@pytest.mark.parametrize(
    ("name", "none"),
    [("Trịnh Eá Vượng", True), ("Trịnh Bá Vượng", False), ("Ksor Nham", False), ("Lê Ý", False)],
)
def test_a_word_that_vietnamese_cannot_spell(name, none):
    assert has_no_syllable(name) is none


@pytest.mark.parametrize(
    ("seen", "sure", "name"),
    [
        ("ĐỊNH THÙY LAN", 0.6, "ĐINH THÙY LAN"),
        ("Hoàng Bịch Thảo", 0.6, "Hoàng Bích Thảo"),
        ("Hoàng Bịch Thảo", 0.95, "Hoàng Bịch Thảo"),  # surely read: a rare name
        ("Hoàng Văn Thẳng", 0.6, "Hoàng Văn Thẳng"),  # Thắng or Thăng
        ("Trần Thị Thuý", 0.6, "Trần Thị Thuý"),  # the older place of the tone
        ("K'Brăk Xyz", 0.6, "K'Brăk Xyz"),
    ],
)
def test_doubtful_marks_are_put_as_the_only_name_they_can_be(seen, sure, name):
    words = seen.split()
    assert " ".join(as_names_are_spelled(words, [sure] * len(words))) == name


def test_odd_marks_are_doubted_where_the_ink_was():
    assert has_doubtful_marks("Bùi Diêu Loan", 0.96)
    assert not has_doubtful_marks("Bùi Diêu Loan", 0.99)
    assert not has_doubtful_marks("Bùi Diệu Loan", 0.5)
