"""What the driver makes of a bridge's lines: with a bridge of a few lines of Python, no Wine."""

import json
import sys

import pytest

from scanner_drivers import twain
from scanner_drivers.child import Watch
from scanner_drivers.discover import drivers
from scanner_drivers.driver import (
    EndEvent,
    PageEvent,
    PausedEvent,
    Policy,
    ScannerError,
    ScannerFault,
    ScanProfile,
)
from scanner_drivers.twain import TwainDriver, find_bridges, native_path

DEVICE = "twain:32:Máy quét A"
ADF = ScanProfile(source="adf", mode="gray")

FAKE = r"""
import json, pathlib, sys
script = json.loads(pathlib.Path(__file__).with_name("script.json").read_text("utf-8"))
for line in sys.stdin:
    command = json.loads(line)
    for event in script.get(command["do"], [{"event": "end", "of": command["do"]}]):
        if "exit" in event:
            sys.exit(event["exit"])
        if event["event"] == "page" and "rows" in event:
            folder = pathlib.Path(command["folder"].removeprefix("Z:").replace("\\", "/"))
            head = b"P5\n%d %d\n255\n" % (event["width"], event["rows"])
            rows = event["rows"] - event.pop("missing", 0)
            (folder / event["file"]).write_bytes(head + bytes(event["width"] * rows))
        print(event.get("raw") or json.dumps(event), flush=True)
"""

CAPS = {
    "event": "caps",
    "sources": ["adf", "flatbed"],
    "duplex": True,
    "modes": ["gray", "color"],
    "sizes": ["A4"],
    "dpi_range": [50, 600, 1],
    "paper_sensor": False,
}
APPLIED = {
    "event": "applied",
    "source": "adf",
    "duplex": False,
    "mode": "gray",
    "dpi_x": 300.0,
    "dpi_y": 300.0,
    "size": "A4",
    "transfer": "memory",
}


def end(of, **more):
    return {"event": "end", "of": of, **more}


def page(number, **more):
    plain = {"file": f"{number:04d}.pnm", "width": 9, "rows": 7, "dpi_x": 300.0, "dpi_y": 300.0}
    return {"event": "page", "number": number, **plain, **more}


@pytest.fixture
def bridge(tmp_path):
    """Says what is in `script`, instead of only `end`, to each command."""

    def made(**script):
        folder = tmp_path / "bridge"
        folder.mkdir(exist_ok=True)
        program = folder / "twain_bridge32.exe"
        program.write_text(FAKE)
        usual = {"caps": [CAPS, end("caps")], "set": [APPLIED, end("set")]}
        (folder / "script.json").write_text(json.dumps(usual | script))
        watch = Watch(first_byte_s=20, between_s=5, cancel_s=3)
        return TwainDriver([program], launcher=(sys.executable,), watch=watch)

    return made


def test_devices_carry_the_bitness_of_their_bridge(bridge):
    said = {"event": "device", "name": "Máy quét A", "vendor": "B", "bits": 32, "generation": 2}
    (found,) = bridge(list=[said, end("list")]).list_devices(10)
    assert (found.id, found.vendor, found.transport) == (DEVICE, "B", "32 bit")


def test_a_range_of_resolutions(bridge):
    can = bridge().capabilities(DEVICE)
    assert can.dpi_range == (50, 600)
    assert can.nearest_dpi(5000) == 600


def test_a_device_of_a_bitness_without_a_bridge_is_offline(bridge):
    with pytest.raises(ScannerError) as refused:
        bridge().capabilities("twain:64:Máy quét A")
    assert refused.value.fault is ScannerFault.OFFLINE


def test_pages_become_events(bridge, tmp_path):
    driver = bridge(scan=[{"event": "ready"}, page(1), page(2), end("scan", pages=2)])
    events = list(driver.scan(DEVICE, ADF, tmp_path / "out"))
    assert [type(e) for e in events] == [PageEvent, PageEvent, EndEvent]
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"0001.png", "0002.png"}


def test_sheet_and_side_are_the_ones_the_source_counts(bridge, tmp_path):
    noted = [(41, "front"), (41, "back"), (43, "back")]  # a front that the source left out
    said = [page(n, paper=p, side=s) for n, (p, s) in enumerate(noted, 5)]
    driver = bridge(
        set=[{**APPLIED, "duplex": True}, end("set")], scan=[*said, end("scan", pages=3)]
    )
    profile = ScanProfile(source="adf", mode="gray", duplex=True)
    events = list(driver.scan(DEVICE, profile, tmp_path / "out", first=5))
    assert [(e.seq, e.sheet, e.side) for e in events[:-1]] == [
        (5, 3, "front"),
        (6, 3, "back"),
        (7, 5, "back"),
    ]


def test_without_notes_the_sides_take_turns(bridge, tmp_path):
    driver = bridge(
        set=[{**APPLIED, "duplex": True}, end("set")],
        scan=[page(1), page(2), page(3), end("scan", pages=3)],
    )
    profile = ScanProfile(source="adf", mode="gray", duplex=True)
    events = list(driver.scan(DEVICE, profile, tmp_path / "out"))
    assert [(e.sheet, e.side) for e in events[:-1]] == [(1, "front"), (1, "back"), (2, "front")]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("cover_open", ScannerFault.COVER_OPEN),
        ("offline", ScannerFault.OFFLINE),
        ("a word of a later bridge", ScannerFault.DRIVER_CRASHED),
    ],
)
def test_a_fault_after_a_page_pauses(bridge, tmp_path, said, fault):
    stop = {"event": "fault", "of": "scan", "fault": said, "rc": 1, "cc": 9, "detail": "why"}
    events = list(bridge(scan=[page(1), stop]).scan(DEVICE, ADF, tmp_path / "out"))
    assert isinstance(events[-1], PausedEvent)
    assert (events[-1].fault, events[-1].last_safe) == (fault, 1)
    assert events[-1].detail == "scan rc 1 cc 9 why"


def test_a_bridge_that_ends_without_a_word_has_crashed(bridge, tmp_path):
    with pytest.raises(ScannerError) as crashed:
        list(bridge(scan=[{"exit": 5}]).scan(DEVICE, ADF, tmp_path / "out"))
    assert crashed.value.fault is ScannerFault.DRIVER_CRASHED
    assert "exit 5" in crashed.value.detail


@pytest.mark.parametrize("line", ["lamp on", "{", "[1]", "3", "{}"])
def test_a_line_that_is_no_event_is_not_gone_along_with(bridge, tmp_path, line):
    driver = bridge(scan=[page(1), {"event": "raw", "raw": line}, end("scan", pages=1)])
    events = list(driver.scan(DEVICE, ADF, tmp_path / "out"))
    assert (events[-1].fault, events[-1].last_safe) == (ScannerFault.DRIVER_CRASHED, 1)
    assert line in events[-1].detail


def test_a_page_that_is_not_what_was_announced_is_damaged(bridge, tmp_path):
    driver = bridge(scan=[page(1), page(2, missing=1), end("scan", pages=2)])
    events = list(driver.scan(DEVICE, ADF, tmp_path / "out"))
    assert (events[-1].fault, events[-1].last_safe) == (ScannerFault.DAMAGED, 1)


def test_no_page_at_all_is_no_good_end(bridge, tmp_path):
    with pytest.raises(ScannerError) as empty:
        list(bridge(scan=[end("scan", pages=0)]).scan(DEVICE, ADF, tmp_path / "out"))
    assert empty.value.fault is ScannerFault.OUT_OF_PAPER


@pytest.mark.parametrize(
    ("applied", "policy"),
    [({"dpi_y": 150.0}, Policy.IGNORE), ({"mode": "color"}, Policy.FAIL)],
    ids=["stretched", "strict"],
)
def test_what_the_source_made_of_the_settings_may_be_refused(bridge, tmp_path, applied, policy):
    driver = bridge(set=[{**APPLIED, **applied}, end("set")])
    profile = ScanProfile(source="adf", mode="gray", policy=policy)
    with pytest.raises(ScannerError) as refused:
        list(driver.scan(DEVICE, profile, tmp_path / "out"))
    assert refused.value.fault is ScannerFault.BAD_SETTING


def test_bridges_are_found_where_the_setting_says(tmp_path, monkeypatch):
    monkeypatch.delenv(twain.SETTING, raising=False)
    assert find_bridges() == ()
    assert "twain" not in drivers()
    for name in ("twain_bridge64.exe", "twain_bridge32.exe", "twain_bridge16.exe"):
        (tmp_path / name).touch()
    names = ("twain_bridge32.exe", "twain_bridge64.exe")
    assert find_bridges(str(tmp_path)) == tuple(tmp_path / n for n in names)
    monkeypatch.setenv(twain.SETTING, str(tmp_path / names[1]))
    assert find_bridges() == (tmp_path / names[1],)
    assert drivers()["twain"].name == "twain"
    monkeypatch.setenv(twain.SETTING, str(tmp_path / "gone"))
    assert find_bridges() == ()


def test_paths_as_wine_shows_them(tmp_path):
    assert native_path(tmp_path / "giấy") == "Z:" + str(tmp_path / "giấy").replace("/", "\\")
