"""A number that was written in stands apart from what is printed beside it."""

from itertools import pairwise

import numpy as np
import pytest

from ocr.recogniser.decoding import Character, text_of, words_of
from ocr.recogniser.line_image import HEIGHT, STEP
from ocr.recogniser.number_gaps import with_gaps

WIDE = 4
"""Steps of a character; its ink is two columns narrower than its place."""


def line(text: str, gaps: dict[int, int] | None = None) -> tuple[tuple[Character, ...], np.ndarray]:
    """Characters and picture of `text`; `gaps`: columns of paper more before the character at."""
    characters, columns, x = [], [], 0
    for k, letter in enumerate(text):
        x += (gaps or {}).get(k, 0)
        characters.append(Character(letter, 0.99, (), x / STEP, (x + WIDE * STEP) / STEP))
        if letter != " ":
            columns += range(x + 1, x + WIDE * STEP - 1)
        x += WIDE * STEP
    picture = np.zeros((HEIGHT, x + STEP), np.uint8)
    picture[8:32, columns] = 255
    return tuple(characters), picture


@pytest.mark.parametrize(
    ("read", "gaps", "right"),
    [
        ("Số:2904/BB-UBND", {}, "Số: 2904/BB-UBND"),
        ("Số:2904/BB-UBND", {7: 14}, "Số: 2904 /BB-UBND"),
        ("Số: 12/QĐ-UBND", {6: 6}, "Số: 12/QĐ-UBND"),  # typed: hardly a gap
        ("Thanh Hóa, ngày27 tháng3 năm 2026", {}, "Thanh Hóa, ngày 27 tháng 3 năm 2026"),
        ("ngày09tháng 10năm 2017", {}, "ngày 09 tháng 10 năm 2017"),
        ("ngày9tháng10năm2017", {}, "ngày 9 tháng 10 năm 2017"),
        ("trong 3thángtới, 2nămsau", {}, "trong 3thángtới, 2nămsau"),
        ("theo Quyết định số 12/2024/NĐ-CP", {21: 14}, "theo Quyết định số 12/2024/NĐ-CP"),
        ("15/07/1983", {2: 20}, "15/07/1983"),  # days are no symbols
        ("Hộ số:4 trong số5", {}, "Hộ số: 4 trong số5"),
    ],
)
def test_blanks_stand_where_the_number_was_written_in(read: str, gaps: dict, right: str):
    assert text_of(with_gaps(*line(read, gaps))) == right


def test_the_words_part_at_the_gap():
    characters, picture = line("Số:2904/BB-UBND", {7: 14})
    words = words_of(with_gaps(characters, picture), picture)
    assert [w.text for w in words] == ["Số:", "2904", "/BB-UBND"]
    for one, other in pairwise(words):
        assert one.box.x1 <= other.box.x0
    assert [w.confidence for w in words] == [0.99] * 3


def test_a_line_without_numbers_is_as_it_was():
    for text in ("Độc lập - Tự do - Hạnh phúc", "", "Số:", "ngày"):
        characters, picture = line(text)
        assert with_gaps(characters, picture) == characters
