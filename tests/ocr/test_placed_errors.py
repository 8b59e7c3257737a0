"""Errors by place: order is free, place is not; nothing read or added goes uncounted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.page import Box, Word
from ocr.placed_errors import PlacedErrors, TruthLine, in_one_box, placed_errors


def line(text: str, x: float, y: float) -> TruthLine:
    return TruthLine(text=text, box=Box(x, y, x + 0.01 * len(text), y + 0.012))


def words(truth: TruthLine, text: str | None = None) -> list[Word]:
    found, x = [], truth.box.x0
    for token in (truth.text if text is None else text).split():
        end = x + 0.01 * len(token)
        found.append(Word(text=token, box=Box(x, truth.box.y0, end, truth.box.y1), confidence=0.9))
        x = end + 0.01
    return found


PAGE = [
    line("ỦY BAN NHÂN DÂN", 0.1, 0.1),
    line("CỘNG HÒA XÃ HỘI", 0.5, 0.1),
    line("Số: 47/QĐ-UBND", 0.1, 0.2),
]


def read(*lines: list[Word]) -> PlacedErrors:
    return placed_errors(PAGE, [w for ws in lines for w in ws])


def test_the_order_of_lines_is_free():
    right = [words(t) for t in PAGE]
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        errors = read(*(right[k] for k in order))
        assert errors.characters.edits == errors.words.edits == errors.marks.edits == 0
        assert errors.characters.length == sum(len(t.text) for t in PAGE)


def test_a_wrong_mark_is_one_error_of_each_kind():
    errors = read(words(PAGE[0], "ỦY BAN NHÃN DÂN"), words(PAGE[1]), words(PAGE[2]))
    assert (errors.characters.edits, errors.words.edits, errors.marks.edits) == (1, 1, 1)


def test_a_wrong_letter_is_no_error_of_marks():
    errors = read(words(PAGE[0]), words(PAGE[1]), words(PAGE[2], "Số: 41/QĐ-UBND"))
    assert (errors.characters.edits, errors.marks.edits) == (1, 0)


def test_a_line_nobody_read_and_a_word_where_nothing_stands_are_errors():
    missing = read(words(PAGE[0]), words(PAGE[1]))
    assert missing.characters.edits == len(PAGE[2].text)
    stray = Word(text="mộc", box=Box(0.7, 0.8, 0.75, 0.81), confidence=0.9)
    added = read(*(words(t) for t in PAGE), [stray])
    assert added.characters.edits == 3
    assert added.words.edits == 1


def test_columns_read_as_one_line_still_stand_where_they_are_printed():
    mixed = [w for t in PAGE[:2] for w in words(t)]
    assert read(mixed, words(PAGE[2])).characters.edits == 0


@given(st.lists(st.sampled_from(PAGE), max_size=6))
def test_errors_never_pass_all_letters_and_all_added_ones(chosen: list[TruthLine]):
    said = [w for t in chosen for w in words(t)]
    errors = placed_errors(PAGE, said)
    assert errors.characters.edits >= 0
    assert errors.characters.edits <= errors.characters.length + sum(len(w.text) + 1 for w in said)
    assert errors.characters.rate == pytest.approx(
        errors.characters.edits / errors.characters.length
    )


def test_a_line_counts_only_when_one_box_holds_it_alone():
    exact = [t.box for t in PAGE]
    assert in_one_box(PAGE, exact) == 3
    joined = [exact[0].union(exact[1]), exact[2]]
    assert in_one_box(PAGE, joined) == 1
    half = Box(exact[0].x0, exact[0].y0, exact[0].x0 + exact[0].width / 2, exact[0].y1)
    rest = Box(half.x1, half.y0, exact[0].x1, half.y1)
    assert in_one_box(PAGE, [half, rest, *exact[1:]]) == 2
    assert in_one_box(PAGE, [exact[0]]) == 1
    assert in_one_box(PAGE, []) == 0
