"""The station against the real application: orders, pages, pauses, a server that goes away."""

import threading
import time
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from office import STATION_KEY, open_office, paired_station

from scanner_drivers.driver import ScanProfile
from scanner_drivers.virtual import Faults, VirtualDriver
from service.app import create_app
from service.samples import make_sample
from service.station.agent import Agent
from service.station.link import Identity, Link, ServerAway, ServerRefuses
from service.station.spool import Spool
from workflows.domain.station import JobState
from workflows.errors import SecretDocument

pytestmark = pytest.mark.slow


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


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


class Desk:
    """A station of the office with a virtual scanner, running until the test ends."""

    def __init__(self, office, folder, count=5, faults=None, **device):
        self.office = office
        self.line = Line(create_app(office.station))
        self.station = paired_station(office)
        identity = Identity(server="http://test", station=self.station.id, name="Quầy 1")
        self.driver = VirtualDriver(sheets(folder / "sheets", count), faults=faults, **device)
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

    def press(self, declared=None, **profile):
        wanted = {"source": "adf", "dpi": 200} | profile
        return self.capture.start(self.station.id, wanted, by=self.clerk, declared_sheets=declared)

    @property
    def capture(self):
        return self.office.station.capture

    @property
    def clerk(self):
        return self.office.actor("clerk")

    def order(self, job, wanted):
        return self.capture.order(job.id, wanted, by=self.clerk)

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
    """T4: a jam at 13 of 20: 12 safe, resumed from 13, one document of 20."""
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
    """T16: 200 pages while the server is away."""
    with Desk(office, tmp_path, count=200) as desk:
        desk.line.cut = True
        job_id = desk.agent.begin_here("virtual:0", ScanProfile(source="adf", dpi=200))
        wait_for(lambda: desk.agent.spool.job(job_id).state == "scanned", 120)
        assert desk.agent.spool.unsent() == 200
        assert desk.line.pages == []
        desk.line.cut = False
        wait_for(lambda: desk.agent.spool.job(job_id).state in ("delivered", "review"), 120)
        assert desk.line.pages == [f"/api/v1/scan-jobs/{job_id}/pages/{n}" for n in range(1, 201)]


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
    inbox = office.folder / "inbox"
    before = {p for p in inbox.rglob("*") if p.is_file()}
    with Desk(office, tmp_path) as desk:
        job = desk.press()
        refused = desk.until(job, JobState.REFUSED)
        assert refused.message == SecretDocument.message
        wait_for(lambda: desk.agent.spool.job(job.id).state == "erased")
        assert not desk.agent.spool.pages_folder(job.id).exists()
        assert {p for p in inbox.rglob("*") if p.is_file()} <= before


def test_a_finish_said_twice_makes_one_document(office, tmp_path):
    with Desk(office, tmp_path) as desk:
        job = desk.press()
        done = desk.until(job, JobState.DELIVERED)
        hashes = [p.sha256 for p in desk.agent.spool.pages(job.id)]
        again = desk.agent.link.finish(job.id, hashes)
        assert again["scan_ids"] == list(done.scan_ids)


def test_pages_are_idempotent_and_never_replaced(office, tmp_path):
    """T12: 201, 200, 409."""
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
            desk.agent.link.orders(0, {}, [], [])
        assert refused.value.status == 401


def test_the_server_going_away_is_told_apart_from_a_refusal(office, tmp_path):
    with Desk(office, tmp_path) as desk:
        desk.line.cut = True
        with pytest.raises(ServerAway):
            desk.agent.link.orders(0, {}, [], [])


def test_manual_duplex_asks_to_turn_the_stack_and_pairs_the_sides(office, tmp_path):
    with Desk(office, tmp_path, count=6, tray=3) as desk:
        job = desk.press(declared=3, manual_duplex=True)
        paused = desk.until(job, JobState.PAUSED)
        assert "Lật cả chồng giấy" in paused.message
        wait_for(lambda: len(desk.capture.pages(job.id, by=desk.clerk)) == 3)
        desk.order(job, "resume")
        done = desk.until(job, JobState.DELIVERED)
        pages = [(p.seq, p.sheet, p.side) for p in desk.agent.spool.pages(job.id)]
        assert pages[2:] == [(3, 3, "front"), (4, 3, "back"), (5, 2, "back"), (6, 1, "back")]
        assert seqs_of(office, done) == [1, 6, 2, 5, 3, 4]


def test_backs_that_do_not_pair_are_scanned_anew_before_anything_is_sent(office, tmp_path):
    with Desk(office, tmp_path, count=5, tray=3) as desk:
        job = desk.press(manual_duplex=True)
        desk.until(job, JobState.PAUSED)
        desk.order(job, "resume")
        uneven = wait_for(lambda: "2 mặt sau" in (found := desk.job(job)).message and found)
        assert uneven.state is JobState.PAUSED
        assert len(desk.agent.spool.pages(job.id)) == 3
        assert len(desk.capture.pages(job.id, by=desk.clerk)) == 3
        first = sorted(desk.driver.folder.iterdir())[0]
        (desk.driver.folder / "099.png").write_bytes(first.read_bytes())
        desk.order(job, "resume")
        assert pages_of(office, desk.until(job, JobState.DELIVERED)).page_count == 6


def seqs_of(office, job):
    """Numbers of the images of the one Document, in its order."""
    document = pages_of(office, job)
    with office.station.database.read() as tx:
        return [p["seq"] for p in tx.captures.of_document(document.id).pages]


def received_files(desk, job):
    files = [Path(p.path) for p in desk.capture.pages(job.id, by=desk.clerk)]
    assert files
    assert all(path.is_file() for path in files)
    return files


def test_f10_a_missing_sheet_holds_the_scan_until_a_person_settles_it(office, tmp_path):
    with Desk(office, tmp_path, count=4) as desk:
        job = desk.press(declared=5)
        held = desk.until(job, JobState.REVIEW)
        assert held.message == "Khai 5 tờ, cần 5 ảnh, đã quét 4: thiếu 1 ảnh."
        assert held.scan_ids == ()
        assert desk.capture.settle(job.id, by=desk.clerk).state is JobState.REVIEW
        picture = sorted(desk.driver.folder.iterdir())[0]
        (desk.driver.folder / "099.png").write_bytes(picture.read_bytes())
        desk.order(job, "resume")  # the fifth sheet was still on the desk
        done = desk.until(job, JobState.DELIVERED)
        assert pages_of(office, done).page_count == 5
        wait_for(lambda: desk.agent.spool.job(job.id).state == "delivered")


def test_f10_a_wrong_count_is_put_right_by_hand_and_written_down(office, tmp_path):
    with Desk(office, tmp_path, count=4) as desk:
        job = desk.press(declared=5)
        desk.until(job, JobState.REVIEW)
        files = received_files(desk, job)
        done = desk.capture.settle(job.id, by=desk.clerk, declared_sheets=4)
        assert done.state is JobState.DELIVERED
        assert pages_of(office, done).page_count == 4
        assert not any(path.exists() for path in files)
        with office.station.database.read() as tx:
            events = [e for _, _, e in tx.audit.entries(subject_id=job.id)]
        recounted = next(e for e in events if e.action.endswith("recounted"))
        assert (recounted.facts["before"], recounted.facts["now"]) == (5, 4)
        wait_for(lambda: desk.agent.spool.job(job.id).state == "delivered")


def test_a_scan_in_review_can_be_given_up_and_leaves_nothing_at_the_server(office, tmp_path):
    with Desk(office, tmp_path, count=2) as desk:
        job = desk.press(declared=5)
        desk.until(job, JobState.REVIEW)
        files = received_files(desk, job)
        assert desk.order(job, "cancel").state is JobState.CANCELLED
        assert desk.capture.pages(job.id, by=desk.clerk) == []
        assert not any(path.exists() for path in files)
        wait_for(lambda: desk.agent.spool.job(job.id).state == "cancelled")
        assert len(desk.agent.spool.pages(job.id)) == 2


def test_f46_two_sheets_stuck_together_are_kept_or_scanned_once_more(office, tmp_path):
    with Desk(office, tmp_path, count=5, faults=Faults(double_feed_at=3)) as desk:
        job = desk.press()
        paused = desk.until(job, JobState.PAUSED)
        assert "Kéo đúp tờ" in paused.message
        assert "Trang 3 có thể là hai tờ dính nhau" in paused.message
        wait_for(lambda: len(desk.capture.pages(job.id, by=desk.clerk)) == 2)
        desk.driver.faults = Faults()
        desk.order(job, "rescan")
        done = desk.until(job, JobState.DELIVERED)
        assert pages_of(office, done).page_count == 5
        assert all("double_feed" not in p.flags for p in desk.agent.spool.pages(job.id))


def test_f46_a_double_feed_that_was_gone_over_is_asked_about_at_the_end(office, tmp_path):
    with Desk(office, tmp_path, count=3, faults=Faults(double_feed_at=2)) as desk:
        job = desk.press()
        desk.until(job, JobState.PAUSED)
        desk.order(job, "resume")
        held = desk.until(job, JobState.REVIEW)
        assert "Trang 2 bị máy báo kéo đúp" in held.message
        assert desk.capture.say(job.id, 2, "kept", by=desk.clerk).message == ""
        assert desk.capture.settle(job.id, by=desk.clerk).state is JobState.DELIVERED


def with_a_secret_paper(desk):
    """The second of three sheets is stamped MẬT."""
    page = np.ascontiguousarray(make_sample("cong_van", 2, "L1", secrecy="MẬT").pages[0])
    cv2.imwrite(str(desk.driver.folder / "001.png"), page[:, :, ::-1])
    return desk.press(dpi=300)


def test_what_may_be_secret_never_leaves_the_station_and_is_wiped_when_it_is(office, tmp_path):
    with Desk(office, tmp_path, count=3) as desk:
        job = with_a_secret_paper(desk)
        paused = desk.until(job, JobState.PAUSED)
        assert "Trang 2 có dấu giống dấu độ mật" in paused.message
        wait_for(lambda: len(desk.capture.pages(job.id, by=desk.clerk)) == 1)
        time.sleep(1)  # time enough to send what must not be sent
        assert desk.line.pages == [f"/api/v1/scan-jobs/{job.id}/pages/1"]
        folder = desk.agent.spool.pages_folder(job.id)
        assert len(list(folder.iterdir())) == 2
        desk.order(job, "cancel")
        desk.until(job, JobState.CANCELLED)
        wait_for(lambda: not folder.exists())
        # the pages go right after the job is written down as cancelled, not in one act with it
        wait_for(lambda: desk.capture.pages(job.id, by=desk.clerk) == [])
        assert desk.line.pages == [f"/api/v1/scan-jobs/{job.id}/pages/1"]


def test_a_stamp_that_is_none_costs_one_click(office, tmp_path):
    with Desk(office, tmp_path, count=3) as desk:
        job = with_a_secret_paper(desk)  # stands for a stamp that only looks like one
        desk.until(job, JobState.PAUSED)
        desk.order(job, "resume")
        wait_for(lambda: len(desk.line.pages) == 3)
        desk.until(job, JobState.DELIVERED, JobState.REFUSED)
