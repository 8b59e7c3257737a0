"""Separator pages: signed slips in QR and barcodes, patches whose direction a QR settles."""

import numpy as np
import pytest
import zxingcpp

from ocr.patch_codes import PatchCode, draw_patch_code
from ocr.separators import (
    PageMark,
    Slip,
    mark_page,
    orientation_text,
    separator_marks,
    slip_text,
    verified_slip,
)
from tests.ocr.sheets import decision, pixels

KEY = bytes(range(32))
OTHER = bytes(32)
DOSSIER = "000.00.01.H29-260101-0001"
SPLITTING = ("II", "T")


def sign_slip(station, dossier, key):
    return slip_text(Slip(station=station, dossier=dossier), key)


def printed(text=None, patch=None, symbology="QRCode", dpi=200):
    """An A4 page with a patch on top and a code in the middle."""
    page = np.full((round(11.69 * dpi), round(8.27 * dpi)), 255, np.uint8)
    if patch is not None:
        bars = draw_patch_code(patch, dpi)
        page[100 : 100 + bars.shape[0], 300 : 300 + bars.shape[1]] = bars
    if text is not None:
        kind = getattr(zxingcpp.BarcodeFormat, symbology)
        scale = 6 if symbology == "QRCode" else 2
        drawn = np.asarray(zxingcpp.create_barcode(text, kind).to_image(scale=scale))
        page[700 : 700 + drawn.shape[0], 60 : 60 + drawn.shape[1]] = drawn
    return page


def test_a_signed_slip_opens_its_dossier():
    text = sign_slip("tram-01", DOSSIER, KEY)
    assert text.startswith(f"SEP|tram-01|{DOSSIER}|")
    mark = mark_page(printed(text), 200)
    assert mark.slip(KEY) == Slip(station="tram-01", dossier=DOSSIER)
    assert mark.splits((), KEY)


@pytest.mark.parametrize("symbology", ["QRCode", "Code128", "Code39Std"])
def test_slips_come_in_three_symbologies(symbology):
    text = sign_slip("T1", DOSSIER, KEY)
    if symbology == "Code39Std":
        text = text.replace("|", " ")  # its 43 characters have no bar
    assert mark_page(printed(text, symbology=symbology), 200).slip(KEY) == Slip(
        station="T1", dossier=DOSSIER
    )


def test_a_slip_that_does_not_verify_neither_splits_nor_routes():
    text = sign_slip("tram-01", DOSSIER, OTHER)
    for patch in (None, PatchCode.T):
        mark = mark_page(printed(text, patch), 200)
        assert mark.slip(KEY) is None
        assert mark.is_refused(KEY)
        assert not mark.splits(SPLITTING, KEY)


def test_every_changed_letter_is_noticed():
    text = sign_slip("tram-01", DOSSIER, KEY)
    for place in range(4, len(text)):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        assert verified_slip(changed, KEY) is None
    assert verified_slip(text, KEY) is not None


def test_names_cannot_be_moved_between_the_fields():
    _, station, dossier, mac = sign_slip("a.b", "c", KEY).split("|")
    assert (station, dossier) == ("a.b", "c")
    assert verified_slip(f"SEP|a|b.c|{mac}", KEY) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SEP",
        "SEP|",
        "SEP|||",
        "SEP|a|b|",
        "SEP|a|b|ừ",
        "SEP|a|b|c|d",
        "046190008123||Nguyễn Thị Hòa|01011990|Nữ|Xã Mẫu|01012021",
    ],
)
def test_other_texts_are_no_slips(text):
    assert verified_slip(text, KEY) is None


def test_the_code_of_an_identity_card_means_nothing_here():
    mark = mark_page(printed("046190008123||Nguyen Van Mau|01011990|Nam|Xa Mau|01012021"), 200)
    assert mark == PageMark()
    assert not mark.is_refused(KEY)


@pytest.mark.parametrize("name", ["a|b", "a b", "Đơn", "x" * 65, ".a", "a\n"])
def test_names_that_would_break_the_payload_are_refused(name):
    with pytest.raises(ValueError, match="not a name"):
        sign_slip("tram", name, KEY)
    with pytest.raises(ValueError, match="not a name"):
        sign_slip(name, DOSSIER, KEY)


def test_a_slip_may_be_for_any_station_but_not_for_no_dossier():
    assert verified_slip(sign_slip("", DOSSIER, KEY), KEY) == Slip(station="", dossier=DOSSIER)
    with pytest.raises(ValueError, match="not a name"):
        sign_slip("tram", "", KEY)


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="too short"):
        sign_slip("tram", DOSSIER, b"short")


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("patch", list(PatchCode))
def test_our_own_code_settles_the_direction(patch, turns):
    page = printed(orientation_text(patch), patch)
    mark = mark_page(np.ascontiguousarray(np.rot90(page, turns)), 200)
    assert (mark.patch, mark.certain) == (patch, True)
    assert mark.claims == ()
    assert mark.splits(SPLITTING, KEY) == (patch in SPLITTING)


def test_a_bare_patch_of_two_meanings_splits_only_if_both_do():
    mark = mark_page(printed(patch=PatchCode.T), 200)
    assert (mark.patch, mark.certain) == (PatchCode.T, False)
    assert not mark.splits(SPLITTING, KEY)
    assert mark.splits(("T", "III"), KEY)
    assert mark_page(printed(patch=PatchCode.II), 200).splits(SPLITTING, KEY)


def test_two_slips_on_one_page_route_nowhere():
    claims = (sign_slip("t", "hs-1", KEY), sign_slip("t", "hs-2", KEY))
    mark = PageMark(claims=claims)
    assert mark.slip(KEY) is None
    assert mark.is_refused(KEY)
    one_false = PageMark(claims=(claims[0], "SEP|t|hs-1|AAAAAAAAAAAAAAAA"))
    assert one_false.slip(KEY) is None


def test_a_mark_travels_as_flags():
    page = printed(sign_slip("t", "hs-1", KEY), PatchCode.T)
    flags = separator_marks(page, 200)
    assert flags == ("patch:T", f"slip:{sign_slip('t', 'hs-1', KEY)}")
    assert PageMark.of_flags(["double_feed", *flags]) == mark_page(page, 200)
    bare = mark_page(printed(patch=PatchCode.VI), 200)
    assert PageMark.of_flags(bare.flags) == bare
    assert PageMark.of_flags(["patch:XL", "other"]) == PageMark()


def test_papers_carry_no_mark():
    assert separator_marks(pixels(decision()), 200) == ()
