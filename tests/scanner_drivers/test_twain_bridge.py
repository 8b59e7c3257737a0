"""The bridge by itself: its lines, its exit codes, both generations of source manager."""

import json
import os
import subprocess
import time

import cv2
import numpy as np
import pytest
from servers.wine import BUILT, DEVICE, WINE, virtual_twain, wine_prefix, write_sheets

from scanner_drivers.driver import (
    EndEvent,
    PageEvent,
    ScannerError,
    ScannerFault,
    ScanProfile,
)
from scanner_drivers.twain import native_path, wine_launcher

pytestmark = [pytest.mark.requires_wine, pytest.mark.xdist_group("wine")]

MANAGER = BUILT / "manager64.dll"
ADF = ScanProfile(source="adf", mode="gray")
OPEN = {"do": "open", "device": "Sohoa Virtual TWAIN"}
SET = {"do": "set", "source": "adf", "mode": "gray", "dpi": 300}


@pytest.fixture(scope="module", autouse=True)
def wine():
    with wine_prefix():
        yield


@pytest.fixture
def sheets(tmp_path):
    return write_sheets(tmp_path / "sheets")


class Bridge:
    """The program, one line in and out at a time."""

    def __init__(self, sheets, *arguments, **faults):
        said = {f"SOHOA_VDS_{name.upper()}": str(value) for name, value in faults.items()}
        self.process = subprocess.Popen(
            [*wine_launcher(), str(BUILT / "twain_bridge64.exe"), *arguments],
            env={**os.environ, **WINE, "SOHOA_VDS_DIR": native_path(sheets), **said},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def say(self, command):
        line = command if isinstance(command, bytes) else json.dumps(command).encode()
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def answer(self, command):
        """Events up to the `end` or `fault` that answers."""
        self.say(command)
        events = []
        while not events or events[-1]["event"] not in ("end", "fault"):
            events.append(json.loads(self.process.stdout.readline()))
        return events

    def finish(self):
        """(exit code, what was written on stderr by us)."""
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def scan_to(folder):
    return {"do": "scan", "folder": native_path(folder), "first": 1}


def test_every_command_is_answered_by_one_end_or_one_fault(sheets, tmp_path):
    with Bridge(sheets) as bridge:
        assert bridge.answer({"do": "list"})[-1] == {"event": "end", "of": "list"}
        opened = bridge.answer(OPEN)
        assert opened[0]["event"] == "device"
        assert (opened[0]["bits"], opened[0]["generation"]) == (64, 1)
        assert [e["event"] for e in bridge.answer({"do": "caps"})] == ["caps", "end"]
        assert [e["event"] for e in bridge.answer(SET)] == ["applied", "end"]
        scanned = bridge.answer(scan_to(tmp_path))
        assert [e["event"] for e in scanned] == ["ready", "page", "page", "page", "end"]
        assert scanned[-1]["pages"] == 3
        again = bridge.answer(scan_to(tmp_path))  # the source is closed and open again inside
        assert again[-1]["pages"] == 3
        assert bridge.answer({"do": "close"}) == [{"event": "end", "of": "close"}]
        bridge.say({"do": "quit"})
        assert bridge.finish()[0] == 0


def test_what_a_source_prints_is_kept_off_the_line(sheets, tmp_path):
    with Bridge(sheets, chatter=1) as bridge:
        assert [e["event"] for e in bridge.answer(OPEN)] == ["device", "end"]
        bridge.say({"do": "quit"})
        code, errors = bridge.finish()
    assert code == 0
    assert "lamp on" in errors


def test_commands_out_of_order_are_refused_and_nothing_breaks(sheets, tmp_path):
    with Bridge(sheets) as bridge:
        for command in ({"do": "caps"}, SET, scan_to(tmp_path)):
            assert bridge.answer(command)[-1]["fault"] == "bad_setting"
        assert bridge.answer(OPEN)[-1]["event"] == "end"
        assert bridge.answer(OPEN)[-1]["fault"] == "bad_setting"
        assert bridge.answer(scan_to(tmp_path))[-1]["fault"] == "bad_setting"  # nothing is set
        assert bridge.answer(SET)[-1]["event"] == "end"
        nowhere = {"do": "scan", "folder": "Z:\\no\\such\\folder", "first": 1}
        assert bridge.answer(nowhere)[-1]["fault"] == "damaged"
        assert bridge.answer({**scan_to(tmp_path), "first": 0})[-1]["fault"] == "bad_setting"
        assert bridge.answer(scan_to(tmp_path))[-1]["pages"] == 3


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"scan",
        b"{",
        b'{"do"}',
        b'{"do":"list"',
        b'{"do":"list"}}',
        b'{"do":"fly"}',
        b'{"do":["list"]}',
        b'{"do":"list" "to":1}',
        b'{"do":"\\ud800"}',
        b'{"do":"\\u0000"}',
        b'{"do":"' + b"x" * 3000 + b'"}',
        b"{" + b",".join(b'"%d":1' % n for n in range(40)) + b"}",
        b"\xff\xfe",
    ],
    ids=lambda line: line[:12].decode("latin-1"),
)
def test_a_line_that_is_no_command_ends_the_bridge(line, sheets):
    with Bridge(sheets) as bridge:
        assert bridge.answer(line)[-1]["fault"] == "bad_setting"
        assert bridge.finish()[0] == 43


def test_exit_codes_of_our_own(sheets):
    with Bridge(sheets, "--dsm", "Z:\\no\\such.dll") as bridge:
        assert bridge.finish()[0] == 42
    with Bridge(sheets, "--what") as bridge:
        assert bridge.finish()[0] == 40


def test_a_manager_that_is_not_there_means_no_devices(sheets):
    driver = virtual_twain(sheets, manager=sheets / "none.dll")
    assert driver.list_devices(30) == []
    with pytest.raises(ScannerError) as refused:
        driver.capabilities(DEVICE)
    assert refused.value.fault is ScannerFault.OFFLINE


def test_stop_gets_through_in_the_middle_of_a_page(sheets, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with Bridge(sheets, slow_ms=150) as bridge:
        bridge.answer(OPEN)
        bridge.answer(SET)
        bridge.say(scan_to(out))
        assert json.loads(bridge.process.stdout.readline())["event"] == "ready"
        while not list(out.iterdir()):
            time.sleep(0.01)
        stopped = bridge.answer({"do": "stop"})
        assert [e["event"] for e in stopped] == ["fault"]
        assert stopped[0]["fault"] == "cancelled"
        assert list(out.iterdir()) == []
        assert bridge.answer({"do": "close"})[-1]["event"] == "end"


@pytest.mark.slow
def test_a_bridge_whose_parent_is_gone_does_not_stay(sheets, tmp_path):
    with Bridge(sheets, hang_at=1) as bridge:
        bridge.answer(OPEN)
        bridge.answer(SET)
        bridge.say(scan_to(tmp_path))
        assert json.loads(bridge.process.stdout.readline())["event"] == "ready"
        while not any(p.stat().st_size > 10_000 for p in tmp_path.glob("*.part")):
            time.sleep(0.01)
        time.sleep(0.3)  # behind the first strip the source never comes back
        bridge.process.stdin.close()
        bridge.process.stdin = None
        assert bridge.process.wait(30) == 44


# ---- a manager of the second generation: callbacks, its own memory -------------------------------


def assert_scanned(events, sheets):
    pages = [e for e in events if isinstance(e, PageEvent)]
    assert events[-1] == EndEvent(pages=len(pages))
    for page, sheet in zip(pages, sorted(sheets.iterdir()), strict=True):
        got = cv2.imread(str(page.path), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(got, cv2.imread(str(sheet), cv2.IMREAD_UNCHANGED))


@pytest.mark.parametrize("quirk", [{}, {"thread": 1}, {"native_only": 1}, {"duplex": 1}], ids=str)
def test_the_second_generation_calls_back_and_lends_memory(quirk, sheets, tmp_path):
    driver = virtual_twain(sheets, manager=MANAGER, **quirk)
    assert_scanned(list(driver.scan(DEVICE, ADF, tmp_path / "out")), sheets)


def test_the_second_generation_says_busy_itself(sheets, tmp_path):
    driver = virtual_twain(sheets, manager=MANAGER, busy=1)
    with pytest.raises(ScannerError) as refused:
        list(driver.scan(DEVICE, ADF, tmp_path / "out"))
    assert refused.value.fault is ScannerFault.BUSY
    assert "cc 4" in refused.value.detail


@pytest.mark.parametrize("quirk", [{}, {"native_only": 1}, {"jam_at": 2}, {"short_at": 1}], ids=str)
def test_all_memory_goes_back_to_the_manager(quirk, sheets, tmp_path):
    with Bridge(sheets, "--dsm", native_path(MANAGER), **quirk) as bridge:
        assert bridge.answer(OPEN)[0]["generation"] == 2
        bridge.answer({"do": "caps"})
        bridge.answer(SET)
        bridge.answer(scan_to(tmp_path))
        bridge.say({"do": "quit"})
        assert bridge.finish() == (0, "")
