"""Doubtful marks at the ends of lines, by what stands below them."""

import pytest

from ocr.page import Box
from ocr.recogniser.decoding import Character, text_of
from ocr.recogniser.line_ends import with_ends

LEFT = Box(0.1, 0.10, 0.8, 0.12)
BELOW = Box(0.1, 0.13, 0.8, 0.15)


def line(text: str, sure: float = 0.6, other: tuple[str, float] = (".", 0.3)) -> tuple:
    """Surely read but for the last mark, which may be `other`."""
    letters = [Character(c, 1.0, (), k, k + 1) for k, c in enumerate(text)]
    end = letters.pop()
    return (*letters, Character(end.text, sure, (other,), end.start, end.end))


@pytest.mark.parametrize(
    ("above", "other", "below", "ends"),
    [
        ("được thông suốt,", ".", "3. Thường xuyên kiểm tra", "."),
        ("được thông suốt,", ".", "Nhận được văn bản này", "."),
        ("được thông suốt,", ".", "- Trong quá trình", "."),
        ("được tái sử dụng,", ".", "giảm đáng kể giấy tờ", ","),
        ("được thông suốt,", ";", "3. Thường xuyên kiểm tra", ","),  # no "." was thought of
        ("- Thường trực HĐND:", ";", "- Lưu: VT.", ";"),
        ("thực hiện như sau:", ";", "- Lưu: VT.", ":"),  # a list begins
        ("trước ngày 28.", ",", "tháng 12 năm 2025", "."),
    ],
)
def test_a_doubtful_mark_is_what_the_line_below_asks_for(above, other, below, ends):
    made = with_ends([line(above, other=(other, 0.3)), line(below)], [LEFT, BELOW])
    assert text_of(made[0])[-1] == ends
    assert made[0][-1].confidence == (0.6 if ends == above[-1] else 0.3)


@pytest.mark.parametrize(
    ("sure", "boxes"),
    [
        (0.99, [LEFT, BELOW]),
        (0.6, [LEFT, Box(0.1, 0.4, 0.8, 0.42)]),  # far below: no paragraph of this text
        (0.6, [Box(0.1, 0.1, 0.4, 0.12), Box(0.6, 0.13, 0.9, 0.15)]),  # another column
        (0.6, [LEFT, Box(0.82, 0.10, 0.9, 0.12)]),  # beside it
    ],
)
def test_sure_marks_and_lines_with_nothing_below_stay(sure: float, boxes: list[Box]):
    lines = [line("được thông suốt,", sure), line("3. Thường xuyên")]
    assert with_ends(lines, boxes) == lines


def test_empty_lines_break_nothing():
    assert with_ends([(), line(","), ()], [LEFT, BELOW, BELOW]) == [(), line(","), ()]
