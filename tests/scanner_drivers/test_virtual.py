"""Faults of the virtual scanner, which runs its device code in a real child."""

import cv2
import numpy as np
import pytest

from scanner_drivers.child import Watch
from scanner_drivers.discover import scan_to_folder
from scanner_drivers.driver import PageEvent, PausedEvent, ScannerError, ScannerFault, ScanProfile
from scanner_drivers.virtual import Faults, VirtualDriver

ADF = ScanProfile(source="adf", dpi=300)


@pytest.fixture
def sheets(tmp_path):
    folder = tmp_path / "sheets"
    folder.mkdir()
    for n in range(1, 7):
        cv2.imwrite(str(folder / f"{n:02d}.png"), np.full((20, 10, 3), n * 30, np.uint8))
    return folder


def test_after_a_jam_the_scan_goes_on_with_the_next_sheet_as_one_stack(sheets, tmp_path):
    """T4: pages before it stay, resume appends."""
    driver = VirtualDriver(sheets, faults=Faults(jam_at=4))
    events = []

    def clear_the_jam():
        driver.faults = Faults()
        return True

    pages = scan_to_folder(driver, "virtual:0", ADF, tmp_path / "out", events.append, clear_the_jam)
    paused = next(e for e in events if isinstance(e, PausedEvent))
    assert (paused.fault, paused.last_safe) == (ScannerFault.JAM, 3)
    assert "Đã lưu an toàn 3 trang" in str(paused)
    assert [p.seq for p in pages] == [1, 2, 3, 4, 5, 6]
    levels = [int(cv2.imread(str(p.path)).mean()) for p in pages]
    assert levels == [30, 60, 90, 120, 150, 180]


@pytest.mark.parametrize(
    ("faults", "fault"),
    [
        (Faults(crash_at=3), ScannerFault.DRIVER_CRASHED),
        (Faults(hang_at=3), ScannerFault.DRIVER_STALLED),
    ],
)
def test_a_driver_that_dies_or_hangs_leaves_the_pages_before_it(sheets, tmp_path, faults, fault):
    driver = VirtualDriver(sheets, faults=faults, watch=Watch(first_byte_s=30, between_s=0.5))
    events = list(driver.scan("virtual:0", ADF, tmp_path / "out"))
    assert [e.seq for e in events if isinstance(e, PageEvent)] == [1, 2]
    assert (events[-1].fault, events[-1].last_safe) == (fault, 2)


def test_a_busy_or_empty_scanner_is_an_error(sheets, tmp_path):
    with pytest.raises(ScannerError) as busy:
        list(VirtualDriver(sheets, faults=Faults(busy=True)).scan("virtual:0", ADF, tmp_path / "o"))
    assert busy.value.fault is ScannerFault.BUSY
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ScannerError) as none:
        list(VirtualDriver(empty).scan("virtual:0", ADF, tmp_path / "o"))
    assert none.value.fault is ScannerFault.OUT_OF_PAPER
