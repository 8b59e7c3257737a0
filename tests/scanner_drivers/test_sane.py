"""SANE for real: the `test` and `pnm` backends of sane-utils, with a private configuration."""

import os
import time

import cv2
import numpy as np
import pytest
from servers.saned import state

from scanner_drivers.child import Watch
from scanner_drivers.driver import (
    EndEvent,
    PageEvent,
    Policy,
    ScannerError,
    ScannerFault,
    ScanProfile,
    negotiate,
)
from scanner_drivers.sane import SaneDriver, write_config

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
    """T1: local."""
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
    """T3: every status of SANE."""
    driver = SaneDriver(config, options=(f"--read-return-value={status}",))
    try:
        events = list(driver.scan("sane:test:0", ScanProfile(dpi=100, mode="gray"), tmp_path / "o"))
    except ScannerError as error:
        assert error.fault is fault
    else:
        assert [e.fault for e in events] == [fault]
    assert not list((tmp_path / "o").glob("*.png"))


def test_a_resolution_out_of_range_is_brought_back_and_said(config):
    """T9: 5000 dpi asked, 1200 applied and said."""
    driver = SaneDriver(config)
    applied = negotiate(driver.capabilities("sane:test:0"), ScanProfile(dpi=5000, mode="gray"))
    assert applied.applied.dpi == 1200
    assert applied.warnings == ("dpi: 5000 → 1200",)


def test_padded_rows_are_cut_not_sheared(config, tmp_path):
    """T8: row padding (ppl-loss)."""
    clean = SaneDriver(config, options=("--test-picture=Grid",))
    padded = SaneDriver(config, options=("--test-picture=Grid", "--ppl-loss=10"))
    one = first_page(clean, "sane:test:0", tmp_path / "a", dpi=75, mode="gray")
    other = first_page(padded, "sane:test:0", tmp_path / "b", dpi=75, mode="gray")
    a = cv2.imread(str(one.path), cv2.IMREAD_UNCHANGED)
    b = cv2.imread(str(other.path), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(a[:, : b.shape[1]], b)


def pixels(config, folder, *options, device="sane:test:0", **profile):
    driver = SaneDriver(config, options=options)
    page = first_page(driver, device, folder, **{"dpi": 75, "mode": "gray"} | profile)
    return cv2.imread(str(page.path), cv2.IMREAD_UNCHANGED)


def test_a_hand_scanner_that_does_not_know_its_height_is_read_to_the_end(config, tmp_path):
    """T8: hand scanner."""
    grid = "--test-picture=Grid"
    plain = pixels(config, tmp_path / "a", grid)
    by_hand = pixels(config, tmp_path / "b", grid, "--hand-scanner=yes")
    rows, columns = (min(a, b) for a, b in zip(plain.shape, by_hand.shape, strict=True))
    assert rows > 400 and columns > 300
    assert np.array_equal(by_hand[:rows, :columns], plain[:rows, :columns])


def test_three_passes_of_colour_become_the_same_page_as_one(config, tmp_path):
    """T8: three passes."""
    picture = "--test-picture=Color pattern"
    one = pixels(config, tmp_path / "a", picture, mode="color")
    three = pixels(
        config, tmp_path / "b", "--mode=Color", "--three-pass=yes", picture, mode="color"
    )
    assert len(np.unique(one.reshape(-1, 3), axis=0)) > 3
    assert np.array_equal(one, three)


@pytest.mark.parametrize("mode", ["gray", "color"])
def test_sixteen_bits_a_sample_stay_sixteen(config, tmp_path, mode):
    """T8: 16 bits."""
    picture = "--test-picture=Color pattern"
    eight = pixels(config, tmp_path / "a", picture, mode=mode)
    sixteen = pixels(config, tmp_path / "b", picture, "--depth=16", mode=mode)
    assert (eight.dtype, sixteen.dtype) == (np.uint8, np.uint16)
    assert eight.shape == sixteen.shape
    assert len(np.unique(sixteen)) > 256 or np.array_equal(sixteen >> 8, eight)


def test_the_paper_size_is_set_and_what_the_device_took_is_said(config, tmp_path):
    driver = SaneDriver(config)
    small = driver.agree("sane:test:0", ScanProfile(dpi=75, mode="gray", size="A6"))
    assert small.warnings == ()
    large = driver.agree("sane:test:0", ScanProfile(dpi=75, mode="gray", size="A4"))
    assert large.warnings == ("size: A4 → 200×200 mm",)  # all this device has
    page = first_page(driver, "sane:test:0", tmp_path / "o", dpi=75, mode="gray", size="A6")
    assert abs(page.width - 105 / 25.4 * 75) <= 3 and abs(page.height - 148 / 25.4 * 75) <= 3
    for bad in (
        ScanProfile(mode="gray", size="A4", policy=Policy.FAIL),
        ScanProfile(mode="gray", size="B7"),
    ):
        with pytest.raises(ScannerError) as refused:
            driver.agree("sane:test:0", bad)
        assert refused.value.fault is ScannerFault.BAD_SETTING


def test_a_resolution_is_what_the_device_says_it_took(config, tmp_path):
    driver = SaneDriver(config)
    applied = driver.agree("sane:test:0", ScanProfile(dpi=5000, mode="gray", size="A6"))
    assert (applied.requested.dpi, applied.applied.dpi) == (5000, 1200)
    assert "dpi: 5000 → 1200" in applied.warnings


def scripted(tmp_path, monkeypatch, options, then):
    """A scanimage that lists these options and then does this: for devices nobody here has."""
    program = tmp_path / "bin" / "scanimage"
    program.parent.mkdir()
    (tmp_path / "options").write_text(options)
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {tmp_path}/asked\n'
        f'case "$*" in *--help*|*-A*) cat {tmp_path}/options; exit 0;; esac\n{then}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return SaneDriver()


FEEDER = """
    --source ADF Front|ADF Back|ADF Duplex [ADF Front]
    --mode Lineart|Halftone|Gray|Color [Lineart]
    --resolution 50..600dpi (in steps of 1) [300]
    --page-width 0..224.846mm (in steps of 0.0211639) [215.872]
    --page-height 0..863.489mm (in steps of 0.0211639) [279.364]
    -x 0..215.872mm (in steps of 0.0211639) [210]
    -y 0..279.364mm (in steps of 0.0211639) [297]
    --double-feed[=(yes|no)] [yes] [hardware]
"""


def test_names_of_other_vendors_become_ours(tmp_path, monkeypatch):
    driver = scripted(tmp_path, monkeypatch, FEEDER, "exit 6")
    can = driver.capabilities("sane:any")
    assert (can.sources, can.duplex, can.modes) == (("adf",), True, ("color", "gray", "bw"))
    assert can.native["source.adf"] == "ADF Front"
    assert can.native["source.adf_duplex"] == "ADF Duplex"


def test_a_double_feed_is_told_from_a_jam_and_the_paper_is_set_before_the_area(
    tmp_path, monkeypatch
):
    driver = scripted(tmp_path, monkeypatch, FEEDER, "exit 6")
    profile = ScanProfile(source="adf", duplex=True, mode="bw")
    events = list(driver.scan("sane:any", profile, tmp_path / "o"))
    assert [(e.fault, e.last_safe) for e in events] == [(ScannerFault.DOUBLE_FEED, 0)]
    job = next(a for a in (tmp_path / "asked").read_text().splitlines() if "--batch" in a)
    assert "--source=ADF Duplex --mode=Lineart --resolution=300" in job
    assert "--page-width 210 -x 210 --page-height 297 -y 279.364" in job


def test_a_jam_stays_a_jam_where_no_sensor_says_otherwise(tmp_path, monkeypatch):
    quiet = FEEDER.replace("[yes] [hardware]", "[no] [hardware]")
    driver = scripted(tmp_path, monkeypatch, quiet, "exit 6")
    events = list(driver.scan("sane:any", ScanProfile(source="adf"), tmp_path / "o"))
    assert [e.fault for e in events] == [ScannerFault.JAM]


def test_a_private_configuration_asks_only_its_own_backends(tmp_path):
    config = write_config(tmp_path / "private", ["pnm"])
    names = [d.id for d in SaneDriver(config, system_too=True).list_devices(10)]
    assert names == ["sane:pnm:0", "sane:pnm:1"]


def test_cancelling_in_the_middle_of_a_page_leaves_no_part_of_it(config, tmp_path):
    """T7: no truncated page."""
    slow = ("--read-delay=yes", "--read-delay-duration=100000")
    out = tmp_path / "out"
    driver = SaneDriver(config, options=slow)
    events = driver.scan("sane:test:0", ScanProfile(source="adf", dpi=75, mode="gray"), out)
    next(events)
    until = time.monotonic() + 20
    while not any(p.stat().st_size for p in out.glob(".scan-*/0002.pnm.part")):
        assert time.monotonic() < until
        time.sleep(0.02)
    events.close()
    assert [p.name for p in out.iterdir()] == ["0001.png"]
    again = list(SaneDriver(config).scan("sane:test:0", ScanProfile(dpi=75), tmp_path / "again"))
    assert again[-1] == EndEvent(pages=1)


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
    grandchild = int((tmp_path / "grandchild").read_text())
    until = time.monotonic() + 10  # a signal is delivered when the kernel gets round to it
    while state(grandchild) not in ("Z", ""):
        assert time.monotonic() < until
        time.sleep(0.02)
