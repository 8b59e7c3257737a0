"""Stacks cut at separators, backs going with their sheet, manual duplex put in order."""

import datetime as dt

from ocr.separators import Slip, slip_text
from workflows.domain.station import JobPage, ScanJob
from workflows.separation import Separation, faces_of

KEY = b"k" * 32
NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


def page(seq, *flags, sheet=None, side="front"):
    return JobPage(
        job_id="j",
        seq=seq,
        sha256=f"{seq:064d}",
        size=1,
        path=f"/{seq}",
        received_at=NOW,
        sheet=sheet or seq,
        side=side,
        flags=flags,
    )


def job(declared=None, **profile):
    return ScanJob(
        id="j",
        station_id="tram-1",
        unit_id="here",
        created_by="u",
        created_at=NOW,
        profile=profile,
        declared_sheets=declared,
    )


SEPARATION = Separation(key=KEY, patches=frozenset({"II", "T"}))


def parts(*pages, patches=None, **profile):
    found = SEPARATION.lay_out(job(**profile), pages, patches)
    return [([p.seq for p in part.pages], part.dossier) for part in found.parts]


def asked(*pages, declared=None, **profile):
    found = SEPARATION.lay_out(job(declared, **profile), pages)
    return [(q.seq, q.text) for q in found.questions]


def slip(dossier, key=KEY, station=""):
    return "slip:" + slip_text(Slip(station=station, dossier=dossier), key)


def test_without_separators_all_is_one_document():
    assert parts(page(1), page(2)) == [([1, 2], None)]


def test_a_patch_begins_a_new_document_and_is_no_page():
    assert parts(page(1), page(2, "patch:T"), page(3), page(4, "patch:II"), page(5)) == [
        ([1], None),
        ([3], None),
        ([5], None),
    ]


def test_a_patch_that_means_nothing_here_is_a_page():
    assert parts(page(1), page(2, "patch:IV"), page(3)) == [([1, 2, 3], None)]


def test_a_slip_names_the_dossier_of_what_follows():
    found = parts(page(1, slip("21907-261124-0001")), page(2), page(3, slip("B")), page(4))
    assert found == [([2], "21907-261124-0001"), ([4], "B")]


def test_a_slip_counts_to_the_next_slip():
    found = parts(page(1, slip("A")), page(2), page(3, "patch:T"), page(4), page(5, slip("B")))
    assert found == [([2], "A"), ([4], "A")]


def test_a_patch_that_may_lie_upside_down_splits_only_where_both_ways_do():
    unsure = page(2, "patch:T", "patch_unsure")
    assert parts(page(1), unsure, page(3)) == [([1, 2, 3], None)]


def test_a_forged_slip_neither_splits_nor_routes():
    assert parts(page(1), page(2, slip("A", b"x" * 32)), page(3)) == [([1, 2, 3], None)]


def test_the_back_of_a_separator_goes_with_it():
    found = parts(
        page(1, sheet=1),
        page(2, sheet=1, side="back"),
        page(3, "patch:T", sheet=2),
        page(4, sheet=2, side="back"),
        page(5, sheet=3),
        page(6, sheet=3, side="back"),
    )
    assert found == [([1, 2], None), ([5, 6], None)]


def test_separators_alone_make_no_document():
    assert parts(page(1, "patch:T"), page(2, "patch:T")) == []


def test_manual_duplex_is_put_in_order_before_anything_else():
    fronts = [page(n, sheet=n) for n in (1, 2, 3)]
    backs = [page(3 + n, sheet=4 - n, side="back") for n in (1, 2, 3)]
    faces = faces_of([*fronts, *backs], manual_duplex=True)
    assert [(f.image.seq, f.sheet) for f in faces] == [
        *((1, 1), (6, 1), (2, 2), (5, 2), (3, 3), (4, 3))
    ]
    cut = parts(fronts[0], page(2, "patch:T", sheet=2), fronts[2], *backs, manual_duplex=True)
    assert cut == [([1, 6], None), ([3, 4], None)]


def test_a_missing_back_stops_and_asks():
    turned = [page(1), page(2), page(3, side="back")]
    ((seq, text),) = asked(*turned, manual_duplex=True)
    assert seq == 0
    assert "2 mặt trước nhưng 1 mặt sau" in text
    assert parts(*turned, manual_duplex=True) == []


def test_a_patch_means_what_its_box_says():
    stack = (page(1), page(2, "patch:IV"), page(3), page(4, "patch:T"), page(5))
    assert parts(*stack, patches={"IV": "document"}) == [([1], None), ([3, 4, 5], None)]
    assert parts(*stack, patches={"IV": "remove"}) == [([1, 3, 4, 5], None)]
    assert parts(*stack, patches={}) == [([1, 2, 3, 4, 5], None)]


def test_a_removed_sheet_goes_with_its_back():
    sides = [
        page(1, sheet=1),
        page(2, sheet=1, side="back"),
        page(3, sheet=2),
        page(4, "patch:VI", sheet=2, side="back"),
    ]
    assert parts(*sides, patches={"VI": "remove", "IV": "document"}) == [([1, 2], None)]


def test_a_slip_of_another_station_is_a_page_and_asked_about():
    theirs = page(2, slip("A", station="tram-2"))
    ours = page(2, slip("A", station="tram-1"))
    assert parts(page(1), theirs, page(3)) == [([1, 2, 3], None)]
    assert parts(page(1), ours, page(3)) == [([1], None), ([3], "A")]
    assert [seq for seq, _ in asked(page(1), theirs, page(3))] == [2]
    assert asked(page(1), page(2, *theirs.flags, "kept")) == []


def test_f10_declared_sheets_that_do_not_come_are_asked_about():
    assert asked(page(1), page(2), declared=2) == []
    ((seq, text),) = asked(page(1), page(2), declared=3)
    assert (seq, text) == (0, "Khai 3 tờ, cần 3 ảnh, đã quét 2: thiếu 1 ảnh.")


def test_f46_an_extra_sheet_separators_and_notes_are_counted_for_what_they_are():
    assert "thừa 1 ảnh" in asked(page(1), page(2), page(3), declared=2)[0][1]
    assert asked(page(1), page(2, "patch:T"), page(3), declared=2) == []
    assert asked(page(1), page(2, "note:1"), page(3), declared=2) == []
    assert asked(page(1), page(2, "repeated:1", "dropped"), page(3), declared=2) == []


def test_f46_both_sides_are_counted_where_both_were_asked_for():
    sides = [page(1, sheet=1), page(2, "blank", sheet=1, side="back")]
    assert asked(*sides, declared=1, duplex=True, source="adf") == []
    assert "thiếu 1" in asked(sides[0], declared=1, duplex=True, source="adf")[0][1]
    assert asked(sides[0], declared=1, duplex=True, source="flatbed") == []


def test_f46_a_double_feed_is_never_passed_over():
    assert [seq for seq, _ in asked(page(1), page(2, "double_feed"))] == [2]
    assert asked(page(1), page(2, "double_feed", "kept")) == []


def test_a_sheet_fed_twice_is_asked_about_and_may_be_dropped():
    again = page(3, "repeated:2")
    assert asked(page(1), page(2), again) == [(3, "Trang 3 giống trang 2: giữ hoặc bỏ.")]
    assert parts(page(1), page(2), page(3, "repeated:2", "dropped")) == [([1, 2], None)]
    assert parts(page(1), page(2), page(3, "repeated:2", "kept")) == [([1, 2, 3], None)]


def test_f46_blank_pages_are_parked_in_their_place_and_come_back():
    stack = (page(1), page(2, "blank"), page(3, "blank", "restored"), page(4, "parked"))
    (part,) = SEPARATION.lay_out(job(4), stack).parts
    assert [face.parked for face in part.faces] == [False, True, False, True]
    assert len(part.pages) == 4


def test_a_page_with_and_without_its_note_is_one_sheet():
    (part,) = SEPARATION.lay_out(job(), (page(1), page(2), page(3, "note:2"))).parts
    assert [(f.sheet, f.variant) for f in part.faces] == [(1, 0), (2, 0), (2, 1)]
    assert part.sheets == 2
