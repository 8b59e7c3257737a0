import copy
import pickle

from hypothesis import given
from hypothesis import strategies as st

from ocr.page import Box, Word

unit = st.floats(0, 1, allow_nan=False)
boxes = st.builds(
    lambda a, b, c, d: Box(min(a, c), min(b, d), max(a, c), max(b, d)), unit, unit, unit, unit
)


@given(boxes, boxes)
def test_the_union_of_two_boxes_holds_both_and_does_not_depend_on_order(a, b):
    whole = a.union(b)
    assert whole == b.union(a)
    for box in (a, b):
        assert whole.x0 <= box.x0 <= box.x1 <= whole.x1
        assert whole.y0 <= box.y0 <= box.y1 <= whole.y1


@given(st.lists(boxes, min_size=1))
def test_around_equals_repeated_union(many):
    whole = Box.around(many)
    assert whole is not None
    assert all(whole.union(b) == whole for b in many)


def test_around_nothing_is_nothing():
    assert Box.around([]) is None


@given(boxes, st.text(max_size=9), st.floats(0, 1), st.integers(0, 99))
def test_words_travel_between_processes_and_are_copied_whole(box, text, confidence, line):
    word = Word(text=text, box=box, confidence=confidence, line=line)
    sent = pickle.loads(pickle.dumps(word))  # noqa: S301
    for taken in (sent, copy.deepcopy(word)):
        assert taken == word
        assert (type(taken), type(taken.box)) == (Word, Box)
