"""The eSCL driver against a virtual network scanner: its pages, its faults, its firmware quirks."""

import contextlib
import json
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.escl import virtual_scanner
from servers.ports import free_port
from zeroconf import ServiceInfo, Zeroconf

from scanner_drivers.child import Watch
from scanner_drivers.discover import scan_to_folder
from scanner_drivers.driver import (
    EndEvent,
    PageEvent,
    PausedEvent,
    ScannerError,
    ScannerFault,
    ScanProfile,
)
from scanner_drivers.escl import EsclDriver
from scanner_drivers.escl_connection import Connection
from scanner_drivers.escl_wire import read_description, read_status, read_xml, scan_settings

ADF = ScanProfile(source="adf")
SHORT = Watch(first_byte_s=3, between_s=1, cancel_s=2)
"""Only where the device is to stall: a busy machine is slow, and no device that stalls."""
PATIENT = Watch(first_byte_s=60, between_s=60, cancel_s=10)


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """Three small papers of noise, so that no two pages could be taken for each other."""
    folder = tmp_path_factory.mktemp("feeder")
    rng = np.random.default_rng(7)
    for n in range(3):
        pixels = rng.integers(0, 256, (310 + n, 203, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{n}.png"), pixels)
    return folder


@pytest.fixture(scope="module")
def running(sheets):
    with virtual_scanner(sheets) as server:
        yield server


@pytest.fixture
def server(running):
    running.control()
    return running


@pytest.fixture
def own_server(sheets):
    """One that may die or freeze."""
    with virtual_scanner(sheets) as server:
        yield server


@pytest.fixture
def wide_server(tmp_path):
    """A sheet as wide as A4."""
    folder = tmp_path / "wide"
    folder.mkdir()
    cv2.imwrite(str(folder / "0.png"), np.full((300, 2480), 200, np.uint8))
    with virtual_scanner(folder) as server:
        yield server


def driver(watch=PATIENT, **more):
    return EsclDriver(interfaces=None, busy_s=0.3, watch=watch, **more)


def scan(server, folder, profile=ADF, watch=PATIENT, **more):
    return list(driver(watch).scan(server.device, profile, folder, **more))


def watch_for(fault):
    return SHORT if fault is ScannerFault.DRIVER_STALLED else PATIENT


def pages(events):
    return [e for e in events if isinstance(e, PageEvent)]


def test_pages_are_equal_to_the_last_pixel(server, sheets, tmp_path):
    """T10: three pages."""
    events = scan(server, tmp_path / "out")
    assert events[-1] == EndEvent(pages=3)
    for page, sheet in zip(pages(events), sorted(sheets.iterdir()), strict=True):
        assert np.array_equal(cv2.imread(str(page.path)), cv2.imread(str(sheet)))
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"0001.png", "0002.png", "0003.png"}


def test_a4_colours_and_resolution_are_asked_for_in_so_many_words(server, tmp_path):
    scan(server, tmp_path / "out", ScanProfile(source="adf", duplex=True, dpi=190, mode="gray"))
    asked = {e.tag: e.text for e in read_xml(server.told()["settings"][-1].encode()).iter()}
    assert (asked["Width"], asked["Height"]) == ("2480", "3508")
    assert (asked["ColorMode"], asked["XResolution"], asked["Duplex"]) == (
        "Grayscale8",
        "200",
        "true",
    )
    assert asked["DocumentFormatExt"] == "image/png"


def test_an_unknown_paper_is_refused_before_anything_moves(server, tmp_path):
    with pytest.raises(ScannerError) as refused:
        scan(server, tmp_path / "out", ScanProfile(source="adf", size="B7"))
    assert refused.value.fault is ScannerFault.BAD_SETTING


@pytest.mark.parametrize("device", [{"only_jpeg": True}, {"as_jpeg": True}], ids=str)
def test_a_jpeg_is_kept_pixel_by_pixel_as_it_decodes(server, sheets, tmp_path, device):
    """Whether it was asked for or came instead of what was."""
    server.control(**device)
    page = pages(scan(server, tmp_path / "out"))[0]
    picture = cv2.imread(str(sorted(sheets.iterdir())[0]))
    sent = cv2.imdecode(cv2.imencode(".jpg", picture)[1], cv2.IMREAD_COLOR)
    assert np.array_equal(cv2.imread(str(page.path)), sent)


def test_a_resolution_the_device_took_for_itself_is_noticed(wide_server, tmp_path):
    wide_server.control(only_jpeg=True, other_dpi=200)
    page = pages(scan(wide_server, tmp_path / "out"))[0]
    assert (page.width, page.dpi, page.flags) == (1653, 200.0, ("other_dpi",))
    wide_server.control(only_jpeg=True)
    page = pages(scan(wide_server, tmp_path / "again"))[0]
    assert (page.width, page.dpi, page.flags) == (2480, 300.0, ())


def test_the_glass_gives_one_page_and_the_job_is_ended(server, tmp_path):
    events = scan(server, tmp_path / "out", ScanProfile(mode="bw"))
    assert (len(pages(events)), events[-1]) == (1, EndEvent(pages=1))
    told = server.told()
    assert told["deleted"][-1] == max(told["jobs"], key=int)


def test_both_sides_are_numbered_by_sheet(server, tmp_path):
    found = pages(scan(server, tmp_path / "out", ScanProfile(source="adf", duplex=True)))
    assert [(p.sheet, p.side) for p in found] == [(1, "front"), (1, "back"), (2, "front")]


@pytest.mark.parametrize(
    "quirk",
    [
        {"early404": 2},
        {"early404": 2, "silent_jobs": True},
        {"early404": 2, "silent_jobs": True, "refill": False},
        {"slow503": 4},
        {"relative_location": True},
        {"wrong_host": True},
        {"busy": 1},
        pytest.param(
            {"warm_up_s": 1.2}, marks=pytest.mark.slow
        ),  # longer than between two bytes, shorter than before the first
    ],
    ids=str,
)
def test_what_firmware_does_is_no_fault(server, tmp_path, quirk):
    """T10: firmware quirks."""
    server.control(**quirk)
    assert scan(server, tmp_path / "out")[-1] == EndEvent(pages=3)


def test_a_device_without_glass_uses_its_feeder(server, tmp_path):
    server.control(adf_only=True)
    assert driver().capabilities(server.device).sources == ("adf",)
    assert scan(server, tmp_path / "out", ScanProfile())[-1] == EndEvent(pages=3)


@pytest.mark.parametrize(
    ("faults", "fault"),
    [
        ({"empty": True}, ScannerFault.OUT_OF_PAPER),
        ({"busy": 50}, ScannerFault.BUSY),
        ({"refuse": 400}, ScannerFault.BAD_SETTING),
        ({"refuse": 409}, ScannerFault.BAD_SETTING),
        ({"cover_open": True}, ScannerFault.COVER_OPEN),
        ({"jam": 1}, ScannerFault.JAM),
        ({"double_feed": 1}, ScannerFault.DOUBLE_FEED),
        ({"as_pdf": True}, ScannerFault.DAMAGED),
        ({"cut": 1}, ScannerFault.DAMAGED),
        ({"drop_at": 1}, ScannerFault.OFFLINE),
        ({"freeze_at": 1}, ScannerFault.DRIVER_STALLED),
        pytest.param({"slow503": 1000}, ScannerFault.DRIVER_STALLED, marks=pytest.mark.slow),
        pytest.param({"warm_up_s": 600}, ScannerFault.DRIVER_STALLED, marks=pytest.mark.slow),
        ({"bomb": True}, ScannerFault.OFFLINE),
    ],
    ids=str,
)
def test_each_fault_at_the_first_page_is_told_by_its_name(server, tmp_path, faults, fault):
    """T10: every fault."""
    server.control(**faults)
    try:
        events = scan(server, tmp_path / "out", watch=watch_for(fault))
    except ScannerError as error:
        assert error.fault is fault
    else:
        assert [(e.fault, e.last_safe) for e in events] == [(fault, 0)]
    assert not list(tmp_path.rglob("*.png"))
    server.control()
    assert scan(server, tmp_path / "again")[-1] == EndEvent(pages=3)


@pytest.mark.parametrize(
    ("faults", "fault"),
    [
        ({"jam": 2}, ScannerFault.JAM),
        ({"jam": 2, "jam_code": 404}, ScannerFault.JAM),
        ({"jam": 2, "jam_code": 410}, ScannerFault.JAM),
        ({"jam": 2, "jam_code": 500}, ScannerFault.JAM),
        ({"double_feed": 2}, ScannerFault.DOUBLE_FEED),
        ({"drop_at": 2}, ScannerFault.OFFLINE),
        ({"cut": 2}, ScannerFault.DAMAGED),
        ({"freeze_at": 2}, ScannerFault.DRIVER_STALLED),
    ],
    ids=str,
)
def test_a_fault_in_page_two_keeps_page_one_and_no_half_page(server, tmp_path, faults, fault):
    """T4, T10: page one stays."""
    server.control(**faults)
    events = scan(server, tmp_path / "out", watch=watch_for(fault))
    assert len(pages(events)) == 1
    assert (events[-1].fault, events[-1].last_safe) == (fault, 1)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["0001.png"]


def test_after_a_jam_the_scan_goes_on_as_one_stack(server, sheets, tmp_path):
    """T4: resume appends."""
    server.control(jam=3)
    events = []

    def cleared():
        server.control(refill=False)
        return True

    found = scan_to_folder(driver(), server.device, ADF, tmp_path / "out", events.append, cleared)
    assert next(e for e in events if isinstance(e, PausedEvent)).last_safe == 2
    assert [p.seq for p in found] == [1, 2, 3]
    for page, sheet in zip(found, sorted(sheets.iterdir()), strict=True):
        assert np.array_equal(cv2.imread(str(page.path)), cv2.imread(str(sheet)))


def test_a_jam_between_two_sides_asks_for_the_whole_sheet_again(server, tmp_path):
    server.control(jam=2)
    events = scan(server, tmp_path / "out", ScanProfile(source="adf", duplex=True))
    assert len(pages(events)) == 1
    assert events[-1].last_safe == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("faults", "fault"),
    [({"die_at": 2}, ScannerFault.OFFLINE), ({"stop_at": 2}, ScannerFault.DRIVER_STALLED)],
    ids=str,
)
def test_a_device_that_dies_or_freezes_in_a_page_is_let_go_in_time(
    own_server, tmp_path, faults, fault
):
    """T10: the device dies."""
    own_server.control(**faults)
    seen, started = [], time.monotonic()
    for event in driver(SHORT).scan(own_server.device, ADF, tmp_path / "out"):
        seen.append((event, time.monotonic() - started))
    paused, after = seen[-1]
    assert (paused.fault, paused.last_safe) == (fault, 1)
    assert after < 10
    with pytest.raises(ScannerError) as gone:
        scan(own_server, tmp_path / "again", watch=SHORT)
    assert gone.value.fault in (ScannerFault.OFFLINE, ScannerFault.DRIVER_STALLED)
    if fault is ScannerFault.DRIVER_STALLED:
        own_server.process.send_signal(signal.SIGCONT)  # it wakes up, and learns the job is over
        own_server.control()
        assert scan(own_server, tmp_path / "awake")[-1] == EndEvent(pages=3)


def test_cancelling_ends_the_job_at_the_device(server, tmp_path):
    events = driver().scan(server.device, ADF, tmp_path / "out")
    next(events)
    events.close()
    told = server.told()
    assert told["deleted"][-1] == max(told["jobs"], key=int)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["0001.png"]
    assert scan(server, tmp_path / "again")[-1] == EndEvent(pages=3)


def test_a_scanner_in_use_is_busy_until_it_is_free(server, tmp_path):
    first = driver().scan(server.device, ScanProfile(source="adf"), tmp_path / "a")
    server.control(slow503=1000)  # so that the first scan does not end
    with contextlib.closing(first), ThreadPoolExecutor() as pool:
        held = pool.submit(lambda: next(first, None))
        wait_for(lambda: "Processing" in server.told()["jobs"].values())
        with pytest.raises(ScannerError) as busy:
            scan(server, tmp_path / "b")
        server.control()
        held.result()
    assert busy.value.fault is ScannerFault.BUSY
    assert scan(server, tmp_path / "c")[-1] == EndEvent(pages=3)


def wait_for(true, within_s=20):
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_nobody_there_is_offline(tmp_path):
    port = free_port()
    with pytest.raises(ScannerError) as gone:
        list(driver().scan(f"escl:http://127.0.0.1:{port}/eSCL", ADF, tmp_path / "out"))
    assert gone.value.fault is ScannerFault.OFFLINE
    assert driver(devices=(f"http://127.0.0.1:{port}/eSCL",)).list_devices(2) == []


def certificate(folder):
    folder.mkdir(exist_ok=True)
    names = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=scanner"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names],
        check=True,
        capture_output=True,
    )
    return folder


def test_the_first_certificate_is_kept_and_another_one_refused(sheets, tmp_path):
    secrets, pins = certificate(tmp_path / "tls"), tmp_path / "pins.json"
    with virtual_scanner(sheets, tls=secrets) as server:
        first = driver(pins=pins)
        events = list(first.scan(server.device, ADF, tmp_path / "out"))
        assert events[-1] == EndEvent(pages=3)
        known = json.loads(pins.read_text())
        assert list(known) == [f"127.0.0.1:{server.port}"]
        assert pins.stat().st_mode & 0o777 == 0o600
        pins.write_text(json.dumps(dict.fromkeys(known, "0" * 64)))
        with pytest.raises(ScannerError) as refused:
            list(driver(pins=pins).scan(server.device, ADF, tmp_path / "out2"))
        assert refused.value.fault is ScannerFault.OFFLINE
        assert "another certificate" in refused.value.detail
        assert json.loads(pins.read_text()) == dict.fromkeys(known, "0" * 64)
        pins.write_text("{")
        with pytest.raises(ScannerError) as unreadable:
            list(driver(pins=pins).scan(server.device, ADF, tmp_path / "out3"))
        assert str(pins) in unreadable.value.detail


@contextlib.contextmanager
def announcing(*services):
    zeroconf = Zeroconf(interfaces=["127.0.0.1"])

    def announce(kind, port, uuid):
        zeroconf.register_service(
            ServiceInfo(
                f"{kind}._tcp.local.",
                f"Máy quét {uuid}.{kind}._tcp.local.",
                port,
                addresses=[socket.inet_aton("127.0.0.1")],
                properties={"rs": "/eSCL", "ty": "Sohoa Virtual", "uuid": uuid},
                server="sohoa-test.local.",
            )
        )

    try:
        with ThreadPoolExecutor() as pool:  # each takes 1.7 s: it asks first whether it may
            list(pool.map(lambda service: announce(*service), services))
        yield
    finally:
        zeroconf.close()


@pytest.mark.slow
def test_an_announced_scanner_is_found_and_scans_and_tls_is_preferred(server, tmp_path):
    found = EsclDriver(interfaces=("127.0.0.1",))
    tls, plain = "escl:https://127.0.0.1:443/eSCL", "escl:http://127.0.0.1:9/eSCL"
    with announcing(("_uscan", server.port, "AA"), ("_uscan", 9, "BB"), ("_uscans", 443, "bb")):
        devices = {d.id: d for d in found.list_devices(10)}
    assert {server.device, tls} <= set(devices) and plain not in devices
    assert (devices[server.device].vendor, devices[server.device].model) == (
        "Sohoa",
        "Sohoa Virtual",
    )
    assert scan(server, tmp_path / "out")[-1] == EndEvent(pages=3)


def test_resolutions_as_a_range_and_empty_elements_are_read():
    device = read_description(
        b"<ScannerCapabilities><Platen><PlatenInputCaps><MaxWidth/><MaxHeight>4200</MaxHeight>"
        b"<ResolutionRange><XResolutionRange><Min>75</Min><Max>1200</Max></XResolutionRange>"
        b"</ResolutionRange></PlatenInputCaps></Platen></ScannerCapabilities>"
    )
    can = device.capabilities()
    assert (can.dpi, can.dpi_range, can.sources) == ((), (75, 1200), ("flatbed",))
    assert device.inputs["flatbed"].region("A4") == (2480, 3508)


WORDS = ("ScannerStatus", "State", "AdfState", "JobInfo", "JobUri", "Platen", "PlatenInputCaps")
WORDS += ("ColorMode", "DiscreteResolution", "XResolution", "Min", "MaxWidth", "DocumentFormat")
TREES = st.recursive(
    st.text(st.characters(codec="ascii", categories=["L", "N"])),
    lambda below: st.builds(
        lambda word, inside: f"<{word}>{''.join(inside)}</{word}>",
        st.sampled_from(WORDS),
        st.lists(below, max_size=4),
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(), TREES.map(lambda tree: f"<a>{tree}</a>".encode())))
def test_whatever_a_device_says_of_itself_is_read_or_refused(answer):
    for read in (read_status, read_description):
        with contextlib.suppress(ScannerError):
            read(answer)


def test_numbers_without_end_and_names_with_markup_do_no_harm():
    device = read_description(
        b"<A><Version>2&lt;b&amp;</Version><Platen><PlatenInputCaps><MaxWidth>"
        + b"9" * 5000
        + b"</MaxWidth></PlatenInputCaps></Platen></A>"
    )
    assert device.inputs["flatbed"].width == 0
    asked = read_xml(scan_settings(device, ScanProfile()).encode())
    assert next(asked.iter("Version")).text == "2<b&"


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html", b"<a/>", b"<a><b></a>", b"\xff\xfe<", b"<a>" * 100_000],
    ids=lambda a: repr(a[:8]),
)
def test_what_is_no_escl_is_offline_not_a_crash(answer):
    with pytest.raises(ScannerError) as refused:
        read_description(answer)
    assert refused.value.fault is ScannerFault.OFFLINE


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("/eSCL/ScanJobs/7", "https://10.0.0.9:8443/eSCL/ScanJobs/7"),
        ("7", "https://10.0.0.9:8443/eSCL/ScanJobs/7"),
        ("http://nobody.local/eSCL/ScanJobs/7/", "https://10.0.0.9:8443/eSCL/ScanJobs/7"),
    ],
)
def test_a_job_is_always_on_the_host_we_talk_to(location, address):
    with Connection("https://10.0.0.9:8443/eSCL") as scanner:
        assert scanner.own(location) == address
