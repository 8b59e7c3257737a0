"""SANE for real: the `test` and `pnm` backends of sane-utils, with a private configuration."""

import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner_drivers.child import Watch
from scanner_drivers.driver import PageEvent, ScannerError, ScannerFault, ScanProfile, negotiate
from scanner_drivers.sane import SaneDriver

pytestmark = pytest.mark.requires_sane


@pytest.fixture
def config(tmp_path):
    folder = tmp_path / "sane"
    folder.mkdir()
    (folder / "dll.conf").write_text("test\npnm\n")
    (folder / "test.conf").write_text("number_of_devices 1\n")
    return folder


def first_page(driver, device, folder, **profile):
    events = list(driver.scan(device, ScanProfile(**profile), folder))
    return next(e for e in events if isinstance(e, PageEvent))


@pytest.mark.parametrize("mode", ["gray", "color"])
def test_page_in_is_page_out_bit_for_bit(config, tmp_path, mode):
    rng = np.random.default_rng(1)
    shape = (97, 61) if mode == "gray" else (97, 61, 3)
    pixels = rng.integers(0, 256, shape, dtype=np.uint8)
    source = tmp_path / ("page.pgm" if mode == "gray" else "page.ppm")
    cv2.imwrite(str(source), pixels)
    driver = SaneDriver(config, options=("--filename", str(source)))
    page = first_page(driver, "sane:pnm:0", tmp_path / "out", mode=mode)
    back = cv2.imread(str(page.path), cv2.IMREAD_UNCHANGED)
    assert back.dtype == np.uint8
    same = back if back.ndim == pixels.ndim else cv2.cvtColor(back, cv2.COLOR_BGR2GRAY)
    assert np.array_equal(same, pixels)


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ("SANE_STATUS_JAMMED", ScannerFault.JAM),
        ("SANE_STATUS_NO_DOCS", ScannerFault.OUT_OF_PAPER),
        ("SANE_STATUS_COVER_OPEN", ScannerFault.COVER_OPEN),
        ("SANE_STATUS_IO_ERROR", ScannerFault.OFFLINE),
        ("SANE_STATUS_DEVICE_BUSY", ScannerFault.BUSY),
        ("SANE_STATUS_INVAL", ScannerFault.BAD_SETTING),
    ],
)
def test_each_status_has_its_own_fault(config, tmp_path, status, fault):
    driver = SaneDriver(config, options=(f"--read-return-value={status}",))
    try:
        events = list(driver.scan("sane:test:0", ScanProfile(dpi=100, mode="gray"), tmp_path / "o"))
    except ScannerError as error:
        assert error.fault is fault
    else:
        assert [e.fault for e in events] == [fault]
    assert not list((tmp_path / "o").glob("*.png"))


def test_a_resolution_out_of_range_is_brought_back_and_said(config):
    driver = SaneDriver(config)
    applied = negotiate(driver.capabilities("sane:test:0"), ScanProfile(dpi=5000, mode="gray"))
    assert applied.applied.dpi == 1200
    assert applied.warnings == ("dpi: 5000 → 1200",)


def test_padded_rows_are_cut_not_sheared(config, tmp_path):
    clean = SaneDriver(config, options=("--test-picture=Grid",))
    padded = SaneDriver(config, options=("--test-picture=Grid", "--ppl-loss=10"))
    one = first_page(clean, "sane:test:0", tmp_path / "a", dpi=75, mode="gray")
    other = first_page(padded, "sane:test:0", tmp_path / "b", dpi=75, mode="gray")
    a = cv2.imread(str(one.path), cv2.IMREAD_UNCHANGED)
    b = cv2.imread(str(other.path), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(a[:, : b.shape[1]], b)


def test_a_device_that_is_not_there_is_offline(config, tmp_path):
    with pytest.raises(ScannerError) as refused:
        list(SaneDriver(config).scan("sane:nowhere:0", ScanProfile(), tmp_path / "o"))
    assert refused.value.fault is ScannerFault.OFFLINE
    assert refused.value.message == "Không thấy máy quét."


def test_a_driver_that_hangs_in_a_page_is_killed_with_all_it_started(tmp_path, monkeypatch):
    """libsane really does hang in the middle of a page; only SIGKILL of the group helps."""
    program = tmp_path / "bin" / "scanimage"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in *--help*) exit 0;; esac\n'
        f"sleep 300 & echo $! > {tmp_path}/grandchild\n"
        'for a in "$@"; do case $a in --batch=*) printf x > ${a#--batch=}.part;; esac; done\n'
        "sleep 300\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    driver = SaneDriver(watch=Watch(first_byte_s=2, between_s=0.5))
    started = time.monotonic()
    with pytest.raises(ScannerError) as stalled:
        list(driver.scan("sane:any", ScanProfile(mode="gray"), tmp_path / "o"))
    assert stalled.value.fault is ScannerFault.DRIVER_STALLED
    assert time.monotonic() - started < 10
    assert not list((tmp_path / "o").iterdir())
    grandchild = Path(f"/proc/{(tmp_path / 'grandchild').read_text().strip()}/stat")
    assert not grandchild.exists() or grandchild.read_text().split(") ")[1][0] == "Z"
