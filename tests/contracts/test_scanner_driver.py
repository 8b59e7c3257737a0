"""What every scanner driver promises: the same suite over the virtual scanner and real SANE."""

import hashlib

import cv2
import numpy as np
import pytest
from servers.escl import virtual_scanner
from servers.wine import DEVICE as TWAIN_DEVICE
from servers.wine import virtual_twain, wine_prefix
from servers.wine import write_sheets as wine_sheets

from scanner_drivers.discover import scan_to_folder
from scanner_drivers.driver import (
    EndEvent,
    PageEvent,
    PausedEvent,
    Policy,
    ScannerError,
    ScannerFault,
    ScanProfile,
)
from scanner_drivers.escl import EsclDriver
from scanner_drivers.sane import SaneDriver
from scanner_drivers.virtual import VirtualDriver


@pytest.fixture(scope="module")
def network_scanner(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    write_sheets(folder)
    with virtual_scanner(folder) as server:
        yield server


def write_sheets(folder):
    for n in range(5):
        cv2.imwrite(str(folder / f"{n}.png"), np.full((40, 30 + n, 3), 40 * n, np.uint8))


@pytest.fixture(scope="module")
def wine():
    with wine_prefix():
        yield


@pytest.fixture(
    params=[
        "virtual",
        "escl",
        pytest.param("sane", marks=pytest.mark.requires_sane),
        pytest.param("twain", marks=[pytest.mark.requires_wine, pytest.mark.xdist_group("wine")]),
    ]
)
def scanner(request, tmp_path):
    """(driver, device, how many pages its feeder holds)."""
    if request.param == "virtual":
        sheets = tmp_path / "sheets"
        sheets.mkdir()
        write_sheets(sheets)
        return VirtualDriver(sheets), "virtual:0", 5
    if request.param == "escl":
        server = request.getfixturevalue("network_scanner")
        return EsclDriver((server.url,), interfaces=None), server.device, 5
    if request.param == "twain":
        request.getfixturevalue("wine")
        return virtual_twain(wine_sheets(tmp_path / "sheets", 5)), TWAIN_DEVICE, 5
    config = tmp_path / "sane"
    config.mkdir()
    (config / "dll.conf").write_text("test\n")
    (config / "test.conf").write_text("number_of_devices 1\n")
    return SaneDriver(config), "sane:test:0", 10


ADF = ScanProfile(source="adf", dpi=200, mode="gray")


def test_lists_its_device(scanner):
    driver, device, _ = scanner
    assert device in [d.id for d in driver.list_devices(10)]


def test_the_feeder_gives_every_page_in_order_and_ends(scanner, tmp_path):
    """T2: with SANE ten pages, a normal end."""
    driver, device, count = scanner
    events = list(driver.scan(device, ADF, tmp_path / "out"))
    pages = [e for e in events if isinstance(e, PageEvent)]
    assert [p.seq for p in pages] == list(range(1, count + 1))
    assert events[-1] == EndEvent(pages=count)
    for page in pages:
        assert hashlib.sha256(page.path.read_bytes()).hexdigest() == page.sha256
        picture = cv2.imread(str(page.path), cv2.IMREAD_UNCHANGED)
        assert picture.shape[:2] == (page.height, page.width)
    assert not [p for p in (tmp_path / "out").rglob("*") if p.suffix in (".part", ".pnm")]


def test_the_flatbed_gives_one_page(scanner, tmp_path):
    driver, device, _ = scanner
    pages = scan_to_folder(
        driver, device, ScanProfile(dpi=200, mode="gray"), tmp_path / "out", on_event=lambda e: None
    )
    assert [p.seq for p in pages] == [1]


def test_a_cancelled_scan_leaves_whole_pages_only_and_the_device_free(scanner, tmp_path):
    driver, device, count = scanner
    events = driver.scan(device, ADF, tmp_path / "out")
    first = next(events)
    events.close()
    left = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert left == [first.path.name]
    again = list(driver.scan(device, ADF, tmp_path / "again"))
    assert again[-1] == EndEvent(pages=count)


def test_a_setting_the_device_lacks_is_refused_when_the_profile_says_so(scanner, tmp_path):
    driver, device, _ = scanner
    strict = ScanProfile(source="adf", dpi=5000, mode="gray", policy=Policy.FAIL)
    with pytest.raises(ScannerError) as refused:
        list(driver.scan(device, strict, tmp_path / "out"))
    assert refused.value.fault is ScannerFault.BAD_SETTING
    assert refused.value.message == "Máy không nhận thiết lập."


def test_pages_go_on_from_the_number_asked_for(scanner, tmp_path):
    driver, device, _ = scanner
    events = list(driver.scan(device, ADF, tmp_path / "out", first=3))
    assert next(e for e in events if isinstance(e, PageEvent)).seq == 3
    assert not isinstance(events[-1], PausedEvent)
