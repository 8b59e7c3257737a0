# SPDX-License-Identifier: Apache-2.0
"""What a person decides about a scan: by REST, and on the page with buttons and keys."""

import hashlib
import subprocess

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from office import open_office, paired_station, station_token

from ocr.separators import Slip as PrintedSlip
from ocr.separators import mark_page, slip_text
from service.app import create_app
from service.wiring import slip_key
from workflows.domain.station import JobState
from workflows.filing import NewDossier


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def app(office):
    return create_app(office.station)


def sheet(number):
    picture = np.full((300, 212), 255, np.uint8)
    cv2.putText(picture, f"To {number}", (20, 100), 0, 1, 0, 2)
    return bytes(cv2.imencode(".png", picture)[1])


class Line:
    """A clerk at the browser and a station beside, over one server."""

    def __init__(self, office, app):
        self.office = office
        self.clerk = TestClient(app, follow_redirects=False)
        self.clerk.cookies.set("sohoa_session", office.token("clerk"))
        self.clerk.headers["sec-fetch-site"] = "same-origin"
        self.station = paired_station(office, "Quầy")
        self.device = TestClient(app)
        self.device.headers["authorization"] = f"Bearer {station_token(office, self.station.id)}"

    def scanned(self, *flags_of_pages, batch=None, said=(), **asked):
        """A job whose pages carry these flags, all sent; `said` by the clerk before."""
        body = {"station_id": self.station.id, "batch_id": batch} | asked
        job = self.clerk.post("/api/v1/scan-jobs", json=body).json()["id"]
        hashes = []
        for seq, flags in enumerate(flags_of_pages, 1):
            content = sheet(seq)
            hashes.append(hashlib.sha256(content).hexdigest())
            query = {"sha256": hashes[-1], "sheet": seq, "flags": ",".join(flags)}
            sent = self.device.put(
                f"/api/v1/scan-jobs/{job}/pages/{seq}", params=query, content=content
            )
            assert sent.status_code == 201, sent.text
        for seq, mark in said:
            self.clerk.put(f"/api/v1/scan-jobs/{job}/pages/{seq}/mark", json={"mark": mark})
        done = self.device.post(f"/api/v1/scan-jobs/{job}/finish", json={"sha256": hashes})
        assert done.status_code == 200, done.text
        return done.json()

    def documents(self, job):
        shelf, clerk = self.office.station.shelf, self.office.actor("clerk")
        ids = [shelf.scan(s, by=clerk).document_ids[0] for s in job["scan_ids"]]
        return [shelf.document(i, by=clerk) for i in ids]


@pytest.fixture
def line(office, app):
    return Line(office, app)


def test_pages_in_doubt_hold_a_scan_until_each_is_answered(line):
    job = line.scanned([], ["repeated:1"], ["blank"], declared_sheets=2)
    assert job["state"] == "review"
    path = f"/api/v1/scan-jobs/{job['id']}"
    pages = line.clerk.get(f"{path}/pages").json()
    assert [(p["seq"], p["parked"], bool(p["question"])) for p in pages] == [
        (1, False, False),
        (2, False, True),
        (3, True, False),
    ]
    held = line.clerk.post(f"{path}/settle", json={}).json()
    assert (held["state"], held["scan_ids"]) == ("review", [])
    answered = line.clerk.put(f"{path}/pages/2/mark", json={"mark": "dropped"}).json()
    assert answered["message"] == ""
    done = line.clerk.post(f"{path}/settle", json={}).json()
    assert done["state"] == "delivered"
    assert [d.page_count for d in line.documents(done)] == [2]
    assert line.clerk.post(f"{path}/settle", json={}).status_code == 409


def test_f46_a_parked_page_stays_in_the_file_and_comes_back_by_one_key(line, office):
    words = [("Mẫu số 01", [0.2, 0.2, 0.6, 0.25])]
    office.reader.lines = [words, [], words]  # the machine sees nothing on page 2
    job = line.scanned([], ["blank"], [])
    assert job["state"] == "delivered"
    (document,) = line.documents(job)
    assert document.page_count == 3, "images are pages, blank or not"
    office.run_jobs()
    path = f"/documents/{document.id}"
    assert line.clerk.get(path).text.count("Trang trắng") == 1
    assert line.clerk.post(f"{path}/pages/2/blank", data={"value": "false"}).status_code == 303
    assert "Trang trắng" not in line.clerk.get(path).text
    line.clerk.put(f"/api/v1{path}/pages/3/blank", json={"blank": True})
    assert line.clerk.get(path).text.count("Trang trắng") == 1
    nowhere = line.clerk.put(f"/api/v1{path}/pages/9/blank", json={"blank": True})
    assert nowhere.status_code == 404


def test_f46_what_a_person_said_of_a_page_outlives_the_machines_own_look(line, office):
    words = [("Mẫu số 01", [0.2, 0.2, 0.6, 0.25])]
    office.reader.lines = [words, [], words]
    job = line.scanned([], ["blank"], [], said=[(2, "restored"), (3, "parked")])
    (document,) = line.documents(job)
    office.run_jobs()
    with office.station.database.read() as tx:
        assert [p.blank for p in tx.readings.pages(document.id)] == [False, False, True]


def test_the_page_of_a_scan_in_review_shows_what_to_answer(line):
    job = line.scanned([], ["repeated:1"], declared_sheets=3)
    page = line.clerk.get(f"/scan?job={job['id']}").text
    assert "Chờ xem lại" in page
    assert "Trang 2 giống trang 1" in page
    assert 'data-key="k"' in page
    assert 'data-key="b"' in page
    line.clerk.post(f"/scan/{job['id']}/pages/2", data={"mark": "kept"})
    line.clerk.post(f"/scan/{job['id']}/settle", data={"sheets": "2"})
    clerk = line.office.actor("clerk")
    assert line.office.station.capture.job(job["id"], by=clerk).state is JobState.DELIVERED


def test_a_printed_slip_routes_the_paper_to_its_dossier(line, office, tmp_path):
    clerk = office.actor("clerk")
    wanted = NewDossier(procedure_code="1.001193", holder_name="Nguyễn Văn A")
    dossier = office.station.filing.open_dossier(wanted, by=clerk)
    assert (
        f"/api/v1/dossiers/{dossier.code}/slip" in line.clerk.get(f"/dossiers/{dossier.code}").text
    )
    printed = line.clerk.get(f"/api/v1/dossiers/{dossier.code}/slip")
    assert printed.headers["content-type"] == "application/pdf"
    (tmp_path / "slip.pdf").write_bytes(printed.content)
    subprocess.run(
        ["pdftoppm", "-gray", "-r", "200", "-singlefile", "slip.pdf", "slip"],
        check=True,
        cwd=tmp_path,
    )
    seen = mark_page(cv2.imread(str(tmp_path / "slip.pgm"), cv2.IMREAD_GRAYSCALE), 200)
    job = line.scanned([], seen.flags, [])
    first, second = line.documents(job)
    assert office.station.capture.proposed_dossier(first.id) is None
    assert office.station.capture.proposed_dossier(second.id) == dossier.code
    assert (first.page_count, second.page_count) == (1, 1)


def test_a_slip_signed_by_nobody_here_is_asked_about(line):
    forged = slip_text(PrintedSlip(station="", dossier="H1"), b"x" * 32)
    job = line.scanned([], [f"slip:{forged}"], [])
    assert job["state"] == "review"
    assert "Trang 2 có phiếu hồ sơ không dùng được" in job["message"]


def test_a_box_says_what_its_patches_mean(line, office):
    asked = {"name": "Hộp 1", "patches": {"IV": "document", "T": "remove"}}
    box = line.clerk.post("/api/v1/batches", json=asked).json()
    assert box["patches"] == asked["patches"]
    stack = ([], ["patch:IV"], [], ["patch:T"], [])
    here = line.documents(line.scanned(*stack, batch=box["id"]))
    assert [d.page_count for d in here] == [1, 2]
    office_wide = line.documents(line.scanned(*stack))
    assert [d.page_count for d in office_wide] == [3, 1]
    bad = line.clerk.post("/api/v1/batches", json={"name": "x", "patches": {"V": "document"}})
    assert bad.status_code == 422


def test_separator_sheets_are_printed_for_whoever_scans(line):
    assert line.clerk.get("/api/v1/separators/T").content.startswith(b"%PDF")
    assert line.clerk.get("/api/v1/separators/V").status_code == 422


def test_keys_of_slips_differ_between_offices(office):
    assert slip_key(office.station.settings) != slip_key(
        office.station.settings.model_copy(update={"secret_key": _secret("other")})
    )


def _secret(text):
    from pydantic import SecretStr

    return SecretStr(text)
