"""Scanning from the browser: live pages, a jam, the shortcut on this machine and its hint."""

import threading
import time
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from office import HERE, PASSWORD

from scanner_drivers.virtual import Faults, VirtualDriver
from service.samples import make_sample
from service.station.agent import Agent
from service.station.link import Link, identity, pair, private_key
from service.station.loopback import Loopback
from service.station.spool import Spool

pytestmark = [pytest.mark.slow, pytest.mark.requires_chromium, pytest.mark.xdist_group("browser")]


class Desk(NamedTuple):
    agent: Agent
    door: Loopback


@pytest.fixture
def desk(office, base, tmp_path):
    """A paired station with a virtual scanner of three sheets, and its shortcut."""
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    for number, kind in enumerate(("thong_bao", "quyet_dinh", "giay_khai_sinh")):
        picture = np.ascontiguousarray(make_sample(kind, 5).pages[0][:, :, ::-1])
        cv2.imwrite(str(sheets / f"{number}.png"), cv2.resize(picture, None, fx=0.3, fy=0.3))
    made, code = office.station.stations.create("Quầy", HERE.id, by=office.actor("admin"))
    folder = tmp_path / "station"
    pair(folder, base, made.id, code)
    agent = Agent(
        spool=Spool(folder),
        drivers={"virtual": VirtualDriver(sheets, seconds_a_sheet=0.2)},
        link=Link(identity(folder), private_key(folder)),
        wait_s=2,
    )
    door = Loopback(agent, base, 0)
    threads = [threading.Thread(target=t) for t in (agent.run, door.serve)]
    for thread in threads:
        thread.start()
    try:
        until = time.monotonic() + 10
        while not told(office, made.id):
            assert time.monotonic() < until
            time.sleep(0.05)
        yield Desk(agent, door)
    finally:
        agent.stop.set()
        door.close()
        for thread in threads:
            thread.join(20)
        office.station.stations.revoke(made.id, by=office.actor("admin"))


def told(office, station_id):
    found = office.station.stations.find(by=office.actor("admin"))
    return next(s.told for s in found if s.id == station_id)


def sign_in(page):
    page.goto("/login")
    page.get_by_label("Tên đăng nhập").fill("clerk")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    page.goto("/scan")


def test_f9_scans_and_the_pages_come_in_while_it_runs(open_page, desk):
    page = open_page()
    sign_in(page)
    assert not Axe().run(page).response["violations"]
    page.keyboard.press("F9")
    page.wait_for_selector(".job")
    page.wait_for_selector(".scan-result", timeout=30_000)
    assert page.locator("#job-state").inner_text() == "Đã tiếp nhận"
    assert page.locator("#job-pages").inner_text() == "3"
    page.locator(".scan-result").click()
    page.wait_for_url("**/documents/*")
    assert open_page.troubles == []


def test_a_jam_says_what_is_safe_and_goes_on_after_a_click(open_page, desk):
    desk.agent.drivers["virtual"].faults = Faults(jam_at=2)
    page = open_page()
    sign_in(page)
    page.keyboard.press("F9")
    page.get_by_role("button", name="Quét tiếp").wait_for(timeout=30_000)
    assert "1 trang; đặt lại giấy từ trang 2" in page.locator("#job-message").inner_text()
    desk.agent.drivers["virtual"].faults = Faults()
    page.get_by_role("button", name="Quét tiếp").click()
    page.wait_for_selector(".scan-result", timeout=30_000)
    assert page.locator("#job-pages").inner_text() == "3"


def test_a_page_fed_twice_is_dropped_by_a_key_and_a_blank_one_taken_back(open_page, desk):
    folder = desk.agent.drivers["virtual"].folder
    (folder / "3.png").write_bytes((folder / "2.png").read_bytes())
    cv2.imwrite(str(folder / "4.png"), np.full((1052, 744, 3), 250, np.uint8))
    page = open_page()
    sign_in(page)
    page.locator('input[name="sheets"]').fill("4")
    page.keyboard.press("F9")
    page.wait_for_selector("#trang-4.open", timeout=30_000)
    assert "Trang 4 giống trang 3" in page.locator("#job-message").inner_text()
    assert not Axe().run(page).response["violations"]
    page.locator("#trang-5.parked").focus()
    page.keyboard.press("k")
    page.wait_for_selector("#trang-5:not(.parked)")
    page.locator("#trang-4").focus()
    page.keyboard.press("b")
    page.wait_for_selector("#trang-4.dropped")
    assert page.locator("#job-message").inner_text() == ""
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".scan-result", timeout=30_000)
    assert page.locator("#job-state").inner_text() == "Đã tiếp nhận"


def announce_shortcut(desk, office):
    """From now on the server hands the shortcut to its clerks."""
    desk.agent.shortcut = desk.door.facts
    station = desk.agent.link.identity.station
    office.station.stations.seen(station, desk.agent.told())


def test_the_shortcut_starts_the_scan_at_the_station_itself(open_page, desk, office):
    announce_shortcut(desk, office)
    page = open_page()
    calls = []
    page.on("request", lambda r: f":{desk.door.port}/" in r.url and calls.append(r.url))
    sign_in(page)
    page.keyboard.press("F9")
    page.wait_for_selector(".scan-result", timeout=30_000)
    assert calls, "the page did not try the shortcut"
    assert desk.agent.spool.jobs()[-1].origin == "station"


def test_where_the_browser_asks_first_the_page_explains_and_scans_through_the_server(
    chromium, base, desk, office, tmp_path
):
    """T15: a page in public address space may not call loopback without leave."""
    announce_shortcut(desk, office)
    port = base.rsplit(":", 1)[1]
    context = chromium.browser_type.launch_persistent_context(
        str(tmp_path / "profile"),
        executable_path="/usr/bin/chromium",
        args=["--no-sandbox", f"--ip-address-space-overrides=127.0.0.1:{port}=public"],
        base_url=base,
    )
    try:
        page = context.new_page()
        # Chromium knows this permission in secure contexts only; loopback names are secure
        sign_in(page)
        asked = "navigator.permissions.query({name: 'loopback-network'}).then(p => p.state)"
        assert page.evaluate(asked) == "prompt"
        hint = page.locator("#shortcut-hint")
        hint.wait_for(state="visible")
        assert "lối tắt tới máy quét" in hint.inner_text()
        page.keyboard.press("F9")
        page.wait_for_selector(".scan-result", timeout=30_000)
        assert desk.agent.spool.jobs()[-1].origin == "server"
    finally:
        context.close()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Host": "rebound.example"}, 421),
        ({"Origin": "https://other.example"}, 403),
        ({"X-Sohoa-Token": "forged"}, 401),
        ({}, 200),
    ],
)
def test_the_shortcut_lets_only_the_paired_page_in(desk, base, change, status):
    import httpx

    given = {"Origin": base, "X-Sohoa-Token": desk.door.facts()["token"]}
    answer = httpx.get(f"http://127.0.0.1:{desk.door.port}/v1/status", headers=given | change)
    assert answer.status_code == status
