"""SANE over a network: its own daemon, which dies and freezes; and sane-airscan.

The latter is somebody else's eSCL client: it must accept the virtual scanner our own client is
tested with.
"""

import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from servers.escl import virtual_scanner
from servers.saned import saned, state

from scanner_drivers.child import Watch
from scanner_drivers.discover import scan_to_folder
from scanner_drivers.driver import EndEvent, PageEvent, ScannerError, ScannerFault, ScanProfile
from scanner_drivers.sane import SaneDriver, write_config

pytestmark = pytest.mark.requires_sane
SLOW = ("--read-delay=yes", "--read-delay-duration=200000", "--read-limit=yes")
SLOW += ("--read-limit-size=4096",)  # an A4 page takes minutes: time to break something
ADF = ScanProfile(source="adf", mode="gray")


@pytest.fixture
def server(tmp_path):
    with saned(tmp_path) as running:
        yield running


def test_page_in_is_page_out_bit_for_bit_over_the_network(server, tmp_path):
    """T1: through saned."""
    pixels = np.random.default_rng(3).integers(0, 256, (83, 59, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "page.ppm"), pixels)
    driver = SaneDriver(server.config, options=("--filename", str(tmp_path / "page.ppm")))
    device = f"sane:net:{server.address}:pnm:0"
    assert device in [d.id for d in driver.list_devices(10)]
    page = next(iter(driver.scan(device, ScanProfile(), tmp_path / "out")))
    assert np.array_equal(cv2.imread(str(page.path)), pixels)


def clients(server):
    """Programs still running for this daemon, zombies aside."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if words.startswith(b"scanimage") and server.address.encode() in words:
            found.append(int(path.parent.name))
    return [pid for pid in found if state(pid) not in ("Z", "")]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_a_daemon_lost_in_a_page_is_let_go_in_time_and_the_next_scan_works(
    server, tmp_path, number
):
    """T5 (SIGKILL), T6 (SIGSTOP).

    The client would spin at 100 % CPU for ever, or wait for ever; only its death helps."""
    device, out = f"sane:net:{server.address}:test:0", tmp_path / "out"
    driver = SaneDriver(server.config, options=SLOW, watch=Watch(first_byte_s=10, between_s=1.5))
    hit, lost_at = [], []

    def break_it():
        until = time.monotonic() + 30
        while time.monotonic() < until and not hit:
            if any(p.stat().st_size for p in out.glob(".scan-*/*.part")):
                hit.extend(server.signal_children(number))
                lost_at.append(time.monotonic())
            time.sleep(0.05)

    breaker = threading.Thread(target=break_it)
    breaker.start()
    with pytest.raises(ScannerError) as stalled:
        list(driver.scan(device, ScanProfile(mode="gray"), out))
    ended = time.monotonic()
    breaker.join()
    assert stalled.value.fault is ScannerFault.DRIVER_STALLED
    assert hit and ended - lost_at[0] < 8
    assert clients(server) == []
    assert not list(out.iterdir())
    small = ScanProfile(dpi=30, mode="gray")
    assert list(SaneDriver(server.config).scan(device, small, tmp_path / "next"))[-1] == EndEvent(
        pages=1
    )


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """Three A4 sheets at 300 dpi, no two alike, light to compress."""
    folder = tmp_path_factory.mktemp("paper")
    rng = np.random.default_rng(5)
    for n in range(3):
        blocks = rng.integers(0, 256, (44, 31), dtype=np.uint8)
        sheet = cv2.resize(blocks, (2480, 3508), interpolation=cv2.INTER_NEAREST)
        cv2.imwrite(str(folder / f"{n}.png"), sheet)
    return folder


@pytest.fixture
def airscan(paper, tmp_path):
    """(virtual scanner, driver, device): sane-airscan reads only what stands in our folder."""
    with virtual_scanner(paper) as server:
        config = write_config(tmp_path / "airscan", ["airscan"])
        (config / "airscan.conf").write_text(
            f'[devices]\n"Virtual" = {server.url}, eSCL\n[options]\ndiscovery = disable\n'
        )
        yield server, SaneDriver(config), "sane:airscan:e0:Virtual"


@pytest.mark.requires_airscan
def test_sane_airscan_takes_three_pages_from_the_virtual_scanner(airscan, paper, tmp_path):
    """T10: an independent client accepts our virtual scanner."""
    _, driver, device = airscan
    assert [d.id for d in driver.list_devices(10)] == [device]
    can = driver.capabilities(device)
    assert (can.sources, can.duplex, can.dpi) == (("adf", "flatbed"), True, (100, 200, 300, 600))
    events = list(driver.scan(device, ADF, tmp_path / "out"))
    pages = [e for e in events if isinstance(e, PageEvent)]
    assert events[-1] == EndEvent(pages=3)
    for page, sheet in zip(pages, sorted(paper.iterdir()), strict=True):
        got = cv2.imread(str(page.path), cv2.IMREAD_UNCHANGED)
        sent = cv2.imread(str(sheet), cv2.IMREAD_UNCHANGED)
        rows, columns = (min(a, b) for a, b in zip(got.shape, sent.shape, strict=True))
        assert (rows, columns) >= (3507, 2479)  # A4 in mm, rounded twice on its way
        assert np.array_equal(got[:rows, :columns], sent[:rows, :columns])


@pytest.mark.requires_airscan
def test_sane_airscan_tells_both_sides_an_empty_feeder_and_a_jam(airscan, tmp_path):
    """T10: it tells the faults as it should."""
    server, driver, device = airscan
    both = ScanProfile(source="adf", duplex=True, dpi=100, mode="gray")
    found = [e for e in driver.scan(device, both, tmp_path / "both") if isinstance(e, PageEvent)]
    assert [(p.sheet, p.side) for p in found] == [(1, "front"), (1, "back"), (2, "front")]
    assert "Duplex>true" in server.told()["settings"][-1]
    server.control(empty=True)
    with pytest.raises(ScannerError) as empty:
        list(driver.scan(device, ADF, tmp_path / "none"))
    assert empty.value.fault is ScannerFault.OUT_OF_PAPER
    server.control(jam=2)
    events = list(driver.scan(device, ADF, tmp_path / "out"))
    assert (events[-1].fault, events[-1].last_safe) == (ScannerFault.JAM, 1)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["0001.png"]


@pytest.mark.requires_airscan
def test_after_a_jam_the_scan_goes_on_as_one_stack(airscan, paper, tmp_path):
    server, driver, device = airscan
    server.control(jam=2)

    def cleared():
        server.control(refill=False)
        return True

    found = scan_to_folder(driver, device, ADF, tmp_path / "out", lambda event: None, cleared)
    assert [p.seq for p in found] == [1, 2, 3]
    for page, sheet in zip(found, sorted(paper.iterdir()), strict=True):
        got, sent = (cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in (page.path, sheet))
        assert np.array_equal(got[:3507, :2479], sent[:3507, :2479])


@pytest.mark.requires_airscan
def test_scanimage_itself_ends_with_the_code_of_each_end(airscan, tmp_path):
    """Exit codes as of sane-airscan 0.99.27, without our driver between."""
    server, _, device = airscan

    def code():
        argv = ["scanimage", "-d", device.removeprefix("sane:"), "--source=ADF", "--mode=Gray"]
        argv += ["--resolution=100", "--format=png", f"--batch={tmp_path}/%d.png"]
        environment = {"SANE_CONFIG_DIR": str(tmp_path / "airscan"), "PATH": "/usr/bin"}
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, len(re.findall(r"^Scanned page", done.stderr, re.M))

    assert code() == (0, 3)
    server.control(empty=True)
    assert code() == (7, 0)
    server.control(jam=2)
    assert code() == (6, 1)
