"""Spelling as evidence: syllables, marks, encodings from before Unicode."""

import unicodedata

import pytest

from ocr.vietnamese import (
    fold,
    from_tcvn3,
    from_vni,
    is_english,
    is_syllable,
    legacy_encoding,
    marked_share,
    syllable_share,
    words_of,
)

LAW = (
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015; "
    "Nghiêng mình trước khuya khoắt, quyển sách, giếng nước, thuở xưa, ngoằn ngoèo."
)


@pytest.mark.parametrize("word", [*words_of(LAW), "gì", "Đắc", "Ủy", "ỦY", "quốc", "yêu", "ơn"])
def test_syllables(word):
    assert is_syllable(word)
    assert is_syllable(unicodedata.normalize("NFD", word))


@pytest.mark.parametrize("word", ["hpf", "nghcn", "strong", "quyeet", "cat", "mặáp", "wn", "zlm"])
def test_no_syllables(word):
    assert not is_syllable(word)


def test_shares():
    assert syllable_share(LAW) > 0.95
    assert 0.2 < marked_share(LAW) < 0.45
    assert marked_share("The quick brown fox") == 0
    assert marked_share("") == syllable_share("12 / 3") == 0


def test_fold_keeps_length_and_case():
    assert fold("Đường Nguyễn") == "Duong Nguyen"


def test_tcvn3():
    assert from_tcvn3("QuyÕt ®Þnh sè; Céng hßa x· héi chñ nghÜa") == (
        "Quyết định số; Cộng hòa xã hội chủ nghĩa"
    )


def test_vni():
    assert from_vni("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam, Ñoäc laäp") == (
        "Cộng hòa xã hội chủ nghĩa Việt Nam, Độc lập"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("QuyÕt ®Þnh sè 12 cña ñy ban nh©n d©n tØnh", "tcvn3"),
        ("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam", "vni"),
        (LAW, None),
        ("The law of the land", None),
        ("", None),
    ],
)
def test_old_encodings_are_told_apart(text, name):
    assert legacy_encoding(text) == name


def test_english():
    english = "The decision of the Minister shall be published in the gazette and by the press. "
    assert is_english(english * 2)
    assert not is_english(LAW * 2)
