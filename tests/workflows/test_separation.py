"""Stacks cut at separators, backs going with their sheet, manual duplex put in order."""

import datetime as dt

import pytest

from ocr.separators import Slip, slip_text
from workflows.domain.station import JobPage
from workflows.errors import Conflict
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


def parts(*pages, duplex=False, **profile):
    separation = Separation(key=KEY, patches=frozenset({"II", "T"}))
    found = separation.parts(pages, {"duplex": duplex} | profile)
    return [([p.seq for p in part.pages], part.dossier) for part in found]


def slip(dossier, key=KEY):
    return "slip:" + slip_text(Slip(station="", dossier=dossier), key)


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
    with pytest.raises(Conflict) as stopped:
        faces_of([page(1), page(2), page(3, side="back")], manual_duplex=True)
    assert "2 mặt trước nhưng 1 mặt sau" in stopped.value.shown
