"""The line of text a search shows: whole words, as printed, around what was asked."""

import pytest

from storage.database.search import snippet

TEXT = " ".join(f"chữ{n}" for n in range(60))


@pytest.mark.parametrize("n", [0, 1, 20, 58, 59])
def test_whole_words_around_the_match_and_dots_where_text_was_left_out(n):
    shown = snippet(TEXT, f"CHU{n}")
    words = [w for w in shown.split() if w != "…"]
    assert f"chữ{n}" in words and set(words) <= set(TEXT.split())
    assert shown.startswith("…") == (words[0] != "chữ0")
    assert shown.endswith("…") == (words[-1] != "chữ59")


def test_what_stands_in_other_fields_only_shows_no_line():
    assert snippet(TEXT, "khác") is None
