"""Lines: cut at column gaps, scraps left out."""

from ocr.lines import join_text, number_lines, without_scraps
from ocr.page import Box, Word


def word(text, x, line, *, confidence=0.95, y=0.1):
    box = Box(x, y, x + 0.01 * len(text), y + 0.012)
    return Word(text=text, box=box, confidence=confidence, line=line)


def test_header_columns_are_lines_of_their_own():
    words = [word("NHÂN", 0.1, 7), word("DÂN", 0.15, 7), word("CỘNG", 0.4, 7), word("HÒA", 0.45, 7)]
    numbered = number_lines(words, 0.707)
    assert join_text(numbered) == "NHÂN DÂN\nCỘNG HÒA"
    assert [w.line for w in numbered] == [0, 0, 1, 1]


def test_words_of_a_line_go_from_left_to_right():
    assert join_text(number_lines([word("hai", 0.16, 0), word("một", 0.12, 0)], 0.707)) == "một hai"


def test_strokes_of_a_signature_are_left_out():
    words = [
        word("x", 0.1, 0, confidence=0.3),
        word("12", 0.1, 1),
        word("Thọ", 0.1, 2, confidence=0.3),
        word("-", 0.1, 3, confidence=0.2),
        word("Công", 0.12, 3),
    ]
    assert [w.text for w in without_scraps(words)] == ["12", "Thọ", "-", "Công"]


def test_dots_behind_a_value_are_no_text():
    words = [
        word("ngày:", 0.1, 0),
        word("28/09/1964", 0.2, 0),
        word("….....", 0.4, 0),
        word("......", 0.5, 0),
        word(".......", 0.1, 1),
        word("v.v...", 0.1, 2),
        word("...", 0.3, 2),
        word(".....", 0.1, 3),
        word("ngày", 0.3, 3),
    ]
    left = [w.text for w in without_scraps(words)]
    assert left == ["ngày:", "28/09/1964", "v.v...", "...", ".....", "ngày"]


def test_a_dot_that_stands_alone_is_a_speck():
    said = "· Giới tính: Nữ . Dân tộc: Kinh .. Ghi chú : v.v. ..."
    words = [word(text, 0.05 * k, 0) for k, text in enumerate(said.split())]
    left = " ".join(w.text for w in without_scraps(words))
    assert left == "Giới tính: Nữ Dân tộc: Kinh Ghi chú : v.v. ..."
