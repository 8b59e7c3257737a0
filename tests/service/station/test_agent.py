"""The station against the real application: orders, pages, pauses, a server that goes away."""

import threading
import time

import cv2
import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from office import STATION_KEY, open_office, paired_station

from scanner_drivers.driver import ScanProfile
from scanner_drivers.virtual import Faults, VirtualDriver
from service.app import create_app
from service.station.agent import Agent
from service.station.link import Identity, Link, ServerAway, ServerRefuses
from service.station.spool import Spool
from workflows.domain.station import JobState
from workflows.errors import SecretDocument


class Line:
    """The server's client, with a plug that can be pulled."""

    def __init__(self, app):
        self.client, self.cut, self.pages = TestClient(app), False, []

    def request(self, method, path, **asked):
        asked.pop("timeout", None)
        if self.cut:
            raise httpx.ConnectError("cut")
        if "/pages/" in path:
            self.pages.append(path)
        return self.client.request(method, path, **asked)


def sheets(folder, count):
    folder.mkdir()
    for n in range(count):
        picture = np.full((300, 212, 3), 255, np.uint8)
        cv2.putText(picture, f"To {n + 1}", (20, 100), 0, 1, (0, 0, 0), 2)
        cv2.imwrite(str(folder / f"{n:03d}.png"), picture)
    return folder


@pytest.fixture
def office(tmp_path):
    return open_office(tmp_path / "office")


class Desk:
    """A station of the office with a virtual scanner, running until the test ends."""

    def __init__(self, office, folder, count=5, faults=None):
        self.office = office
        self.line = Line(create_app(office.station))
        self.station = paired_station(office)
        identity = Identity(server="http://test", station=self.station.id, name="Quầy 1")
        self.driver = VirtualDriver(sheets(folder / "sheets", count), faults=faults)
        self.agent = Agent(
            spool=Spool(folder / "spool"),
            drivers={"virtual": self.driver},
            link=Link(identity, STATION_KEY, self.line),
            wait_s=0.2,
        )
        self.thread = threading.Thread(target=self.agent.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.agent.stop.set()
        self.thread.join(20)
        self.agent.spool.close()
        assert not self.thread.is_alive()

    def press(self, **profile):
        wanted = {"source": "adf", "dpi": 200} | profile
        clerk = self.office.actor("clerk")
        return self.office.station.capture.start(self.station.id, wanted, by=clerk)

    def job(self, job):
        return self.office.station.capture.job(job.id, by=self.office.actor("clerk"))

    def until(self, job, *states):
        return wait_for(lambda: (found := self.job(job)).state in states and found)


def wait_for(look, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def pages_of(office, job):
    """The one Document a job became."""
    clerk = office.actor("clerk")
    (scan_id,) = job.scan_ids
    scan = office.station.shelf.scan(scan_id, by=clerk)
    return office.station.shelf.document(scan.document_ids[0], by=clerk)


def test_a_press_of_the_button_becomes_a_document_with_every_page(office, tmp_path):
    with Desk(office, tmp_path) as desk:
        done = desk.until(desk.press(), JobState.DELIVERED)
        document = pages_of(office, done)
        assert (document.page_count, done.pages) == (5, 5)
        assert desk.line.pages == [f"/api/v1/scan-jobs/{done.id}/pages/{n}" for n in range(1, 6)]
        assert desk.agent.spool.unsent() == 0


def test_a_jam_pauses_and_resume_goes_on_with_the_next_sheet(office, tmp_path):
    with Desk(office, tmp_path, count=20, faults=Faults(jam_at=13)) as desk:
        job = desk.press()
        paused = desk.until(job, JobState.PAUSED)
        wait_for(lambda: desk.job(job).pages == 12)
        assert "12 trang" in paused.message
        assert "từ trang 13" in paused.message
        desk.driver.faults = Faults()
        office.station.capture.order(job.id, "resume", by=office.actor("clerk"))
        done = desk.until(job, JobState.DELIVERED)
        assert pages_of(office, done).page_count == 20


def test_scanning_goes_on_while_the_server_is_away_and_drains_in_order(office, tmp_path):
    with Desk(office, tmp_path, count=30) as desk:
        desk.line.cut = True
        job_id = desk.agent.begin_here("virtual:0", ScanProfile(source="adf", dpi=200))
        wait_for(lambda: desk.agent.spool.job(job_id).state == "scanned")
        assert desk.agent.spool.unsent() == 30
        desk.line.cut = False
        wait_for(lambda: desk.agent.spool.job(job_id).state == "delivered", 40)
        assert desk.line.pages == [f"/api/v1/scan-jobs/{job_id}/pages/{n}" for n in range(1, 31)]


def test_cancel_stops_and_keeps_what_was_scanned(office, tmp_path):
    with Desk(office, tmp_path, faults=Faults(jam_at=3)) as desk:
        job = desk.press()
        desk.until(job, JobState.PAUSED)
        office.station.capture.order(job.id, "cancel", by=office.actor("clerk"))
        done = desk.until(job, JobState.CANCELLED)
        assert done.scan_ids == ()
        assert len(desk.agent.spool.pages(job.id)) == 2


def test_a_scanner_that_is_not_there_fails_with_a_reason(office, tmp_path):
    with Desk(office, tmp_path) as desk:
        done = desk.until(desk.press(device="sane:none"), JobState.FAILED)
        assert done.message == "Không thấy máy quét."


def test_a_crash_of_the_driver_pauses_and_the_next_try_goes_on(office, tmp_path):
    with Desk(office, tmp_path, faults=Faults(crash_at=4)) as desk:
        job = desk.press()
        desk.until(job, JobState.PAUSED)
        desk.driver.faults = Faults()
        office.station.capture.order(job.id, "resume", by=office.actor("clerk"))
        assert pages_of(office, desk.until(job, JobState.DELIVERED)).page_count == 5


def test_a_secret_paper_is_refused_here_and_erased_there(office, tmp_path, monkeypatch):
    def secret(*_args, **_more):
        raise SecretDocument("mat")

    monkeypatch.setattr(type(office.station.intake), "_look_into", secret)
    with Desk(office, tmp_path) as desk:
        job = desk.press()
        refused = desk.until(job, JobState.REFUSED)
        assert refused.message == SecretDocument.message
        wait_for(lambda: desk.agent.spool.job(job.id).state == "erased")
        assert not desk.agent.spool.pages_folder(job.id).exists()
        inbox = office.folder / "inbox"
        assert [p for p in inbox.rglob("*") if p.is_file()] == []


def test_a_finish_said_twice_makes_one_document(office, tmp_path):
    with Desk(office, tmp_path) as desk:
        job = desk.press()
        done = desk.until(job, JobState.DELIVERED)
        hashes = [p.sha256 for p in desk.agent.spool.pages(job.id)]
        again = desk.agent.link.finish(job.id, hashes)
        assert again["scan_ids"] == list(done.scan_ids)


def test_pages_are_idempotent_and_never_replaced(office, tmp_path):
    with Desk(office, tmp_path, faults=Faults(jam_at=2)) as desk:
        job = desk.press()
        desk.until(job, JobState.PAUSED)
        (page,) = wait_for(lambda: [p for p in desk.agent.spool.pages(job.id) if p.acked_at])
        content = desk.agent.spool.content(page)
        path = f"/api/v1/scan-jobs/{job.id}/pages/1"
        headers = {"authorization": f"Bearer {desk.agent.link._token}"}
        client = desk.line.client
        same = client.put(path, params={"sha256": page.sha256}, content=content, headers=headers)
        other = client.put(path, params={"sha256": "0" * 64}, content=b"x", headers=headers)
        wrong = client.put(
            path.replace("pages/1", "pages/2"),
            params={"sha256": "0" * 64},
            content=content,
            headers=headers,
        )
        assert (same.status_code, other.status_code, wrong.status_code) == (200, 409, 422)


def test_a_revoked_station_gets_nothing_more(office, tmp_path):
    with Desk(office, tmp_path) as desk:
        wait_for(lambda: desk.agent.link._token)
        office.station.stations.revoke(desk.station.id, by=office.actor("admin"))
        with pytest.raises(ServerRefuses) as refused:
            desk.agent.link.orders(0, {}, [])
        assert refused.value.status == 401


def test_the_server_going_away_is_told_apart_from_a_refusal(office, tmp_path):
    with Desk(office, tmp_path) as desk:
        desk.line.cut = True
        with pytest.raises(ServerAway):
            desk.agent.link.orders(0, {}, [])
