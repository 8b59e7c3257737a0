# SPDX-License-Identifier: Apache-2.0
"""The words of an abstract: which are beyond doubt, which are put right, which are shown."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.compounds import Compounds, shipped_compounds
from ocr.normalise import plain
from ocr.wording import as_the_body_spells, judge, words_of


def read(text, *, weak=None):
    """Tokens as a reader gives them, .97 sure but for the words in `weak`."""
    return [(word, (weak or {}).get(word, 0.97)) for word in words_of(text).split()]


PLAIN = "Về việc phê duyệt kế hoạch thực hiện nhiệm vụ quản lý nhà nước"


def test_plain_official_words_need_no_echo():
    assert judge(PLAIN, read(PLAIN), ()).known


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("nhiệm", "nhiễm"),  # a word, but beside "vụ" another is meant
        PLAIN.replace("hoạch", "hoạchh"),
        PLAIN + " năm 2025",  # a figure that nothing says again
        PLAIN + " tại buỗi làm việc",  # no word at all
        "Về cáp, thu hồi giấy phép",  # a cable, where "cấp" is asked for
    ],
)
def test_what_no_text_has_there_is_not_beyond_doubt(text):
    assert not judge(text, read(text), ()).known


@pytest.mark.parametrize(
    ("more", "again"),
    [(" trong năm 2025", "trong năm 2025 các sở"), (" của Võ Phiên", "ông Võ Phiên và ông")],
)
def test_figures_and_names_are_known_when_the_paper_has_them_again(more, again):
    text = PLAIN + more
    assert not judge(text, read(text), ()).known
    assert judge(text, read(text), read(again)).known
    weak = dict.fromkeys(words_of(again).split(), 0.6)
    assert not judge(text, read(text), read(again, weak=weak)).known


def test_neighbours_settle_a_doubtful_word_and_no_name():
    weak = {"nhiệm": 0.5}
    judged = judge(PLAIN, read(PLAIN, weak=weak), ())
    assert judged.settled
    assert judged.weakest > 0.5
    name = "Kết luận của ông Võ Phiên"
    judged = judge(name, read(name, weak={"phiên": 0.5}), ())
    assert not judged.settled
    assert judged.weakest == 0.5


def test_a_body_that_lost_a_mark_is_no_dispute_where_language_is_plain():
    assert not judge(PLAIN, read(PLAIN), read("phê duyệt ké hoạch thực hiện")).disputed


def test_a_body_that_spells_it_otherwise_is_one_where_both_are_said():
    text = "Về việc ứng phó sự có tràn dầu"
    assert judge(text, read(text), read("ứng phó sự cố tràn dầu")).disputed


@pytest.mark.parametrize(
    ("text", "body", "spelled"),
    [
        # the body misread it more often than it read it
        ("Quy định về cấp, thu hồi giấy", "quy định về cáp thu hồi " * 3, "về cấp, thu"),
        ("ứng phó sự cố tràn dầu", "ứng phó sự có tràn dầu " * 3, "sự cố tràn"),
        ("Tết nguyên đán Ất Tỵ", "tết nguyên đán ất ty " * 3, "Ất Tỵ"),
        # one place in the body has what official language asks for
        ("ứng phó sự có tràn dầu", "ứng phó sự cố tràn dầu", "sự cố tràn"),
        # a mark too many goes when the neighbours ask for it
        ("quy định chỉ tiết một số", "quy định chi tiết một số " * 2, "định chi tiết"),
        ("tại buỗi làm việc", "", "tại buổi làm"),
    ],
)
def test_what_is_put_in(text, body, spelled):
    assert spelled in as_the_body_spells(text, read(text), read(body))


@pytest.mark.parametrize("text", ["Võ Phiên Buỗi", PLAIN, "sáng kiến cấp cơ sở năm 2017"])
def test_names_and_right_words_stay(text):
    assert as_the_body_spells(text, read(text), ()) == text


WORDS = st.lists(st.sampled_from([*PLAIN.split(), "buỗi", "cáp", "có", "2025", "Ất"]), min_size=1)


@settings(deadline=None)
@given(WORDS, WORDS)
def test_only_marks_ever_change(words, below):
    text = " ".join(words)
    assert plain(as_the_body_spells(text, read(text), read(" ".join(below)))) == plain(text)


def test_the_lead_of_a_word_counts_both_sides():
    few = Compounds(["sự\tcố:90 có:9", "cố\ttràn:5"])
    assert few.lead("cố", "sự", "tràn") > 0 > few.lead("có", "sự", "tràn")
    assert few.lead("tràn", "cố", None) == math.inf
    assert few.only("cồ") is None  # two words have these letters
    assert few.only("tran") == "tràn"
    assert shipped_compounds().only("kế") is None
