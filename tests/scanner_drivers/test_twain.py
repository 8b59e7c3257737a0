"""The TWAIN driver, its bridge and a virtual source in Wine: sources that really crash and hang."""

import time

import cv2
import numpy as np
import pytest
from servers.wine import (
    DEVICE,
    QUICK,
    bridges_running,
    virtual_twain,
    wine_prefix,
    write_sheets,
)

from scanner_drivers.child import Watch
from scanner_drivers.driver import (
    EndEvent,
    PageEvent,
    PausedEvent,
    Policy,
    ScannerError,
    ScannerFault,
    ScanProfile,
)

pytestmark = [pytest.mark.requires_wine, pytest.mark.xdist_group("wine")]

ADF = ScanProfile(source="adf", mode="gray")


@pytest.fixture(scope="module", autouse=True)
def wine():
    with wine_prefix():
        yield


@pytest.fixture
def sheets(tmp_path):
    return write_sheets(tmp_path / "sheets")


def pages_of(events):
    return [e for e in events if isinstance(e, PageEvent)]


def same(page, sheet):
    read = cv2.imread(str(page.path), cv2.IMREAD_UNCHANGED)
    return np.array_equal(read, cv2.imread(str(sheet), cv2.IMREAD_UNCHANGED))


def assert_bit_equal(pages, sheets):
    assert all(same(p, s) for p, s in zip(pages, sorted(sheets.iterdir()), strict=True))


def test_three_pages_come_bit_for_bit(sheets, tmp_path):
    """T11: bit for bit."""
    events = list(virtual_twain(sheets).scan(DEVICE, ADF, tmp_path / "out"))
    assert_bit_equal(pages_of(events), sheets)
    assert events[-1] == EndEvent(pages=3)
    assert [p.dpi for p in pages_of(events)] == [300.0] * 3
    assert [(p.sheet, p.side) for p in pages_of(events)] == [(n, "front") for n in (1, 2, 3)]
    left = {p.name for p in (tmp_path / "out").iterdir()}
    assert left == {"0001.png", "0002.png", "0003.png"}


@pytest.mark.parametrize(
    "quirk",
    [
        {"stride_pad": 2},
        {"unknown_length": 1},
        {"tiles": 1},
        {"native_only": 1},
        {"vanilla": 1},
        {"tiles": 1, "stride_pad": 5, "unknown_length": 1},
    ],
    ids=lambda quirk: "+".join(quirk),
)
@pytest.mark.parametrize("mode", ["gray", "color", "bw"])
def test_however_the_rows_come_the_picture_is_the_same(quirk, mode, tmp_path):
    """T11: stride and transfer."""
    sheets = write_sheets(tmp_path / "sheets", 2, color=mode == "color")
    profile = ScanProfile(source="adf", mode=mode)
    events = list(virtual_twain(sheets, **quirk).scan(DEVICE, profile, tmp_path / "out"))
    assert events[-1] == EndEvent(pages=2)
    for page, sheet in zip(pages_of(events), sorted(sheets.iterdir()), strict=True):
        got = cv2.imread(str(page.path), cv2.IMREAD_UNCHANGED)
        fed = cv2.imread(str(sheet), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(got, np.where(fed >= 128, 255, 0) if mode == "bw" else fed)


@pytest.mark.parametrize(
    ("injected", "fault"),
    [("jam_at", ScannerFault.JAM), ("double_feed_at", ScannerFault.DOUBLE_FEED)],
)
def test_the_feeder_stops_and_the_scan_goes_on_from_the_next_sheet(
    injected, fault, sheets, tmp_path
):
    """T4, T11: jam, double feed."""
    stopped = list(virtual_twain(sheets, **{injected: 3}).scan(DEVICE, ADF, tmp_path / "out"))
    assert stopped[-1] == PausedEvent(fault=fault, last_safe=2, detail=stopped[-1].detail)
    assert [p.seq for p in pages_of(stopped)] == [1, 2]
    for sheet in sorted(sheets.iterdir())[:2]:  # the clerk lays back what was not scanned
        sheet.rename(tmp_path / sheet.name)
    rest = list(virtual_twain(sheets).scan(DEVICE, ADF, tmp_path / "out", first=3))
    assert rest[-1] == EndEvent(pages=3)
    assert_bit_equal(pages_of(rest), sheets)
    assert [(p.seq, p.sheet) for p in pages_of(rest)] == [(3, 3)]


def test_a_jam_on_the_first_sheet_pauses_too(sheets, tmp_path):
    (event,) = virtual_twain(sheets, jam_at=1).scan(DEVICE, ADF, tmp_path / "out")
    assert (event.fault, event.last_safe) == (ScannerFault.JAM, 0)


@pytest.mark.parametrize("sensor", [0, 1])
def test_an_empty_feeder_is_told_at_once(sheets, tmp_path, sensor):
    """T11: empty."""
    driver = virtual_twain(sheets, pages=0, sensor=sensor)
    with pytest.raises(ScannerError) as refused:
        list(driver.scan(DEVICE, ADF, tmp_path / "out"))
    assert refused.value.fault is ScannerFault.OUT_OF_PAPER


def test_a_busy_scanner_is_busy(sheets, tmp_path):
    """T11: busy."""
    with pytest.raises(ScannerError) as refused:
        list(virtual_twain(sheets, busy=1).scan(DEVICE, ADF, tmp_path / "out"))
    assert refused.value.fault is ScannerFault.BUSY


def test_a_crash_of_the_source_keeps_the_pages_before_it(sheets, tmp_path):
    """T11: crash."""
    events = list(virtual_twain(sheets, crash_at=2).scan(DEVICE, ADF, tmp_path / "out"))
    assert_bit_equal(pages_of(events), _only_first(sheets))
    assert events[-1].fault is ScannerFault.DRIVER_CRASHED
    assert events[-1].last_safe == 1
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"0001.png"}


def _only_first(sheets):
    for sheet in sorted(sheets.iterdir())[1:]:
        sheet.unlink()
    return sheets


def test_a_crash_on_the_first_page_is_an_error(sheets, tmp_path):
    with pytest.raises(ScannerError) as crashed:
        list(virtual_twain(sheets, crash_at=1).scan(DEVICE, ADF, tmp_path / "out"))
    assert crashed.value.fault is ScannerFault.DRIVER_CRASHED


def test_a_source_that_hangs_is_killed_in_time_and_the_next_scan_works(sheets, tmp_path):
    """T11: hang."""
    watch = Watch(first_byte_s=30, between_s=2, cancel_s=2)
    began = time.monotonic()
    events = list(virtual_twain(sheets, hang_at=2, watch=watch).scan(DEVICE, ADF, tmp_path / "out"))
    assert time.monotonic() - began < 30
    assert events[-1].fault is ScannerFault.DRIVER_STALLED
    assert [p.seq for p in pages_of(events)] == [1]
    assert bridges_running(sheets) == []
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"0001.png"}
    again = list(virtual_twain(sheets).scan(DEVICE, ADF, tmp_path / "again"))
    assert again[-1] == EndEvent(pages=3)


def test_a_scan_stopped_in_the_middle_of_a_page_leaves_no_half_page(sheets, tmp_path):
    events = virtual_twain(sheets, slow_ms=100).scan(DEVICE, ADF, tmp_path / "out")
    next(events)
    events.close()
    assert bridges_running(sheets) == []
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"0001.png"}


def test_stopping_kills_a_source_that_does_not_listen(sheets, tmp_path):
    watch = Watch(first_byte_s=30, between_s=30, cancel_s=1)
    events = virtual_twain(sheets, hang_at=2, watch=watch).scan(DEVICE, ADF, tmp_path / "out")
    next(events)
    began = time.monotonic()
    events.close()
    assert time.monotonic() - began < 10
    assert bridges_running(sheets) == []


def test_a_helper_of_the_source_ends_with_the_bridge(sheets, tmp_path):
    events = virtual_twain(sheets, helper=1).scan(DEVICE, ADF, tmp_path / "out")
    next(events)
    assert len(bridges_running(sheets)) == 2
    assert list(events)[-1] == EndEvent(pages=3)
    deadline = time.monotonic() + 5
    while bridges_running(sheets) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert bridges_running(sheets) == []


def test_a_page_that_ends_early_is_damaged_and_not_kept(sheets, tmp_path):
    events = list(virtual_twain(sheets, short_at=2).scan(DEVICE, ADF, tmp_path / "out"))
    assert events[-1].fault is ScannerFault.DAMAGED
    assert events[-1].last_safe == 1
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"0001.png"}


def test_a_length_that_the_source_corrects_is_believed(sheets, tmp_path):
    driver = virtual_twain(sheets, short_at=2, revised=1)
    events = list(driver.scan(DEVICE, ADF, tmp_path / "out"))
    assert events[-1] == EndEvent(pages=3)
    assert [p.height for p in pages_of(events)] == [333, 334 // 2, 335]


def test_fifty_pages(sheets, tmp_path):
    """T11: 50 pages."""
    events = list(virtual_twain(sheets, pages=50).scan(DEVICE, ADF, tmp_path / "out"))
    pages = pages_of(events)
    assert [p.seq for p in pages] == list(range(1, 51))
    assert events[-1] == EndEvent(pages=50)
    fed = sorted(sheets.iterdir())
    assert all(same(page, fed[n % 3]) for n, page in enumerate(pages))


def test_both_sides_of_every_sheet(tmp_path):
    """T11: duplex."""
    sheets = write_sheets(tmp_path / "sheets", 4)
    driver = virtual_twain(sheets, duplex=1)
    assert driver.capabilities(DEVICE).duplex
    profile = ScanProfile(source="adf", mode="gray", duplex=True)
    events = list(driver.scan(DEVICE, profile, tmp_path / "out"))
    assert_bit_equal(pages_of(events), sheets)
    assert [(p.sheet, p.side) for p in pages_of(events)] == [
        (1, "front"),
        (1, "back"),
        (2, "front"),
        (2, "back"),
    ]


def test_a_jam_between_the_sides_gives_back_the_whole_sheet(tmp_path):
    sheets = write_sheets(tmp_path / "sheets", 4)
    profile = ScanProfile(source="adf", mode="gray", duplex=True)
    stopped = list(
        virtual_twain(sheets, duplex=1, jam_at=4).scan(DEVICE, profile, tmp_path / "out")
    )
    assert stopped[-1].last_safe == 2
    for sheet in sorted(sheets.iterdir())[:2]:
        sheet.rename(tmp_path / sheet.name)
    rest = list(virtual_twain(sheets, duplex=1).scan(DEVICE, profile, tmp_path / "out", first=3))
    assert [(p.seq, p.sheet, p.side) for p in pages_of(rest)] == [(3, 2, "front"), (4, 2, "back")]


def test_the_flatbed_gives_one_page(sheets, tmp_path):
    profile = ScanProfile(source="flatbed", mode="gray")
    events = list(virtual_twain(sheets).scan(DEVICE, profile, tmp_path / "out"))
    assert events[-1] == EndEvent(pages=1)


def test_capabilities_in_our_words(sheets):
    can = virtual_twain(sheets).capabilities(DEVICE)
    assert can.sources == ("adf", "flatbed")
    assert can.modes == ("bw", "gray", "color")
    assert can.dpi == (100, 200, 300, 600)
    assert not can.duplex


def test_a_source_that_is_not_ours_is_listed_too(sheets):
    """T11: Wine's own GPhoto2 source."""
    found = {d.model: d for d in virtual_twain(sheets).list_devices(30)}
    assert set(found) == {"Sohoa Virtual TWAIN", "GPhoto2 Camera"}
    assert found["GPhoto2 Camera"].vendor == "The Wine Team"
    assert found["Sohoa Virtual TWAIN"].id == DEVICE


def test_a_source_that_is_not_installed_is_offline(sheets, tmp_path):
    with pytest.raises(ScannerError) as refused:
        list(virtual_twain(sheets).scan("twain:64:Another", ADF, tmp_path / "out"))
    assert refused.value.fault is ScannerFault.OFFLINE


def test_the_resolution_is_the_one_the_source_settled_on(sheets, tmp_path):
    rounded = ScanProfile(source="adf", mode="gray", dpi=240)
    events = list(virtual_twain(sheets).scan(DEVICE, rounded, tmp_path / "out"))
    assert {p.dpi for p in pages_of(events)} == {200.0}
    strict = ScanProfile(source="adf", mode="gray", dpi=240, policy=Policy.FAIL)
    with pytest.raises(ScannerError) as refused:
        list(virtual_twain(sheets).scan(DEVICE, strict, tmp_path / "out"))
    assert refused.value.fault is ScannerFault.BAD_SETTING


def test_a_folder_with_vietnamese_letters(tmp_path):
    sheets = write_sheets(tmp_path / "giấy tờ")
    events = list(virtual_twain(sheets, watch=QUICK).scan(DEVICE, ADF, tmp_path / "Hồ sơ đã quét"))
    assert_bit_equal(pages_of(events), sheets)
