"""Sheets: collation, separators, parking, cutting, counting; images are letters here."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_drivers.sheets import (
    Echo,
    Face,
    UnequalSides,
    collate_manual_duplex,
    count_check,
    find_echoes,
    images_to_count,
    join_variants,
    place,
    restore,
    split,
)


def names(faces):
    return "".join(face.image for face in faces)


def cut(letters, *, duplex=False, blank=""):
    """Capitals in `letters` are separators; letters in `blank` are blank pages."""
    faces = place(letters, duplex=duplex)
    marks = [letter if letter.isupper() else None for letter in letters]
    return split(faces, marks, [letter in blank for letter in letters])


def test_the_turned_stack_gives_its_backs_in_reverse():
    faces = collate_manual_duplex("ace", "fdb")
    assert names(faces) == "abcdef"
    assert [(f.sheet, f.side) for f in faces][:3] == [(1, "front"), (1, "back"), (2, "front")]


@pytest.mark.parametrize(("fronts", "backs"), [("abc", "de"), ("", "a"), ("a", "")])
def test_backs_that_do_not_pair_stop_everything(fronts, backs):
    with pytest.raises(UnequalSides) as caught:
        collate_manual_duplex(fronts, backs)
    assert (caught.value.fronts, caught.value.backs) == (len(fronts), len(backs))
    assert f"{len(fronts)} mặt trước nhưng {len(backs)} mặt sau" in caught.value.message


def test_separators_cut_and_go():
    found = cut("abXcdYe")
    assert [names(p.faces) for p in found.parts] == ["ab", "cd", "e"]
    assert [p.marks for p in found.parts] == [(), ("X",), ("Y",)]
    assert names(found.separators) == "XY"
    assert found.unused == ()


def test_a_separator_goes_with_its_back_whichever_side_it_shows():
    assert [names(p.faces) for p in cut("XiabjYcd", duplex=True).parts] == ["ab", "cd"]
    assert names(cut("XiabjYcd", duplex=True).separators) == "XijY"


def test_separators_on_one_another_are_all_told():
    found = cut("XYa")
    assert [(names(p.faces), p.marks) for p in found.parts] == [("a", ("X", "Y"))]


def test_a_separator_with_nothing_after_it_is_told():
    found = cut("aX")
    assert [names(p.faces) for p in found.parts] == ["a"]
    assert found.unused == ("X",)
    assert cut("XY").parts == ()
    assert cut("XY").unused == ("X", "Y")
    assert cut("").parts == ()


def test_blank_pages_are_parked_and_come_back():
    found = cut("Xiabcd", duplex=True, blank="ib")
    (part,) = found.parts
    assert names(part.faces) == "abcd"
    assert [f.image for f in part.faces if f.parked] == ["b"]
    assert [f.parked for f in found.separators] == [False, False]
    parked = part.faces[1]
    assert restore(parked) == Face(image="b", sheet=2, side="back")


def test_a_document_of_blank_pages_is_kept_and_told():
    found = cut("aXbYc", blank="b")
    assert [p.only_blank for p in found.parts] == [False, True, False]


def test_marks_must_match_the_faces():
    with pytest.raises(ValueError, match="2 faces, 1 marks"):
        split(place("ab", duplex=False), [None])
    with pytest.raises(ValueError, match="1 blank"):
        split(place("ab", duplex=False), [None, None], [True])


@given(st.text("abcXY", max_size=40), st.booleans(), st.sets(st.sampled_from("abc")))
def test_no_image_is_ever_lost_or_doubled(letters, duplex, blank):
    found = cut(letters, duplex=duplex, blank="".join(blank))
    kept = [f.image for p in found.parts for f in p.faces]
    assert sorted([*kept, *names(found.separators)]) == sorted(letters)
    assert all(p.faces for p in found.parts)
    if not duplex:
        assert "".join(kept) == "".join(c for c in letters if c.islower())
        assert len([m for p in found.parts for m in p.marks]) + len(found.unused) == sum(
            c.isupper() for c in letters
        )


@given(st.integers(0, 30))
def test_collation_pairs_every_sheet(count):
    faces = collate_manual_duplex(range(count), range(count))
    assert [f.sheet for f in faces] == [n // 2 + 1 for n in range(2 * count)]
    backs = [f.image for f in faces if f.side == "back"]
    assert all(a - b == 1 for a, b in pairwise(backs))


@pytest.mark.parametrize(
    ("declared", "images", "duplex", "message"),
    [
        (12, 12, False, ""),
        (12, 24, True, ""),
        (None, 7, True, ""),
        (0, 0, False, ""),
        (12, 11, False, "Khai 12 tờ, cần 12 ảnh, đã quét 11: thiếu 1 ảnh."),
        (12, 23, True, "Khai 12 tờ, cần 24 ảnh, đã quét 23: thiếu 1 ảnh."),
        (2, 5, True, "Khai 2 tờ, cần 4 ảnh, đã quét 5: thừa 1 ảnh."),
    ],
)
def test_declared_sheets_against_images(declared, images, duplex, message):
    count = count_check(declared, images, duplex)
    assert count.message == message
    assert count.agrees == (not message)


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="-1"):
        count_check(-1, 0, False)
    with pytest.raises(ValueError, match="-2"):
        count_check(None, -2, False)


def alike(one, other):
    """Letters are pages; a capital is the page with a note on it."""
    if one == other:
        return "repeated"
    return "note" if one.lower() == other.lower() else ""


def test_a_sheet_fed_again_is_noticed_among_its_neighbours():
    faces = place("abcbd", duplex=False)
    assert find_echoes(faces, alike) == (Echo(at=3, of=1, how="repeated"),)
    assert find_echoes(place("abcdb", duplex=False), alike) == ()
    assert find_echoes(place("abcdb", duplex=False), alike, near=3) != ()


def test_only_the_same_side_is_compared_and_never_a_sheet_with_itself():
    assert find_echoes(place("aabc", duplex=True), alike) == ()
    assert find_echoes(place("abab", duplex=True), alike) == (
        Echo(at=2, of=0, how="repeated"),
        Echo(at=3, of=1, how="repeated"),
    )


def test_a_page_with_and_without_its_note_is_one_sheet_with_two_images():
    faces = place("xyAbabcd", duplex=True)
    joined = join_variants(faces, find_echoes(faces, alike))
    assert names(joined) == "xyAbabcd"
    assert [f.sheet for f in joined] == [1, 1, 2, 2, 2, 2, 4, 4]
    assert [f.variant for f in joined] == [0, 0, 0, 0, 1, 1, 0, 0]
    assert images_to_count(joined) == 6
    assert count_check(3, images_to_count(joined), duplex=True).agrees


def test_repeated_pages_are_left_to_a_person():
    faces = place("aab", duplex=False)
    assert join_variants(faces, find_echoes(faces, alike)) == faces


def test_three_images_of_one_sheet():
    faces = place("aAa", duplex=False)
    joined = join_variants(faces, (Echo(at=1, of=0, how="note"), Echo(at=2, of=1, how="note")))
    assert [(f.sheet, f.variant) for f in joined] == [(1, 0), (1, 1), (1, 2)]
    parts = split(joined, [None] * 3).parts
    assert [names(p.faces) for p in parts] == ["aAa"]
