"""The scan pages: pairing by an admin, a job by a clerk, pictures by a phone."""

import re

import cv2
import numpy as np
import pytest
import zxingcpp
from fastapi.testclient import TestClient
from office import open_office, paired_station

from service.app import create_app
from service.web.qr import qr_svg
from workflows.domain.station import JobState


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def client(office):
    return TestClient(create_app(office.station), follow_redirects=False)


def as_(client, office, who):
    client.cookies.set("sohoa_session", office.token(who))
    client.headers["sec-fetch-site"] = "same-origin"
    return client


def test_an_admin_makes_a_station_and_sees_the_command_once(client, office):
    shown = as_(client, office, "admin").post("/stations", data={"name": "Quầy số 3"})
    command = re.search(r"sohoa-station pair (\S+) (\w{32}) ([A-Z0-9]{8})", shown.text)
    assert command
    again = client.get("/stations").text
    assert "Quầy số 3" in again
    assert command[3] not in again
    answer = client.post(
        f"/api/v1/stations/{command[2]}/pair", json={"code": command[3], "public_key": "0" * 64}
    )
    assert answer.status_code == 200
    reused = client.post(
        f"/api/v1/stations/{command[2]}/pair", json={"code": command[3], "public_key": "1" * 64}
    )
    assert reused.status_code == 401


def test_five_wrong_codes_end_the_code(client, office):
    made, code = office.station.stations.create("Quầy", "here", by=office.actor("admin"))
    path = f"/api/v1/stations/{made.id}/pair"
    for _ in range(5):
        client.post(path, json={"code": "WRONG", "public_key": "0" * 64})
    assert client.post(path, json={"code": code, "public_key": "0" * 64}).status_code == 401


def test_a_clerk_starts_a_job_and_sees_it(client, office):
    station = paired_station(office, "Quầy 9")
    as_(client, office, "clerk")
    office.station.stations.seen(station.id, {"devices": [{"id": "virtual:0", "name": "Ảo"}]})
    assert "Quầy 9" in client.get("/scan").text
    started = client.post("/scan", data={"station": station.id, "duplex": "true", "sheets": "3"})
    assert started.status_code == 303
    page = client.get(started.headers["location"]).text
    assert "Chờ trạm nhận việc" in page
    job_id = started.headers["location"].split("job=")[1]
    job = office.station.capture.job(job_id, by=office.actor("clerk"))
    assert (job.profile["duplex"], job.declared_sheets) == (True, 3)
    client.post(f"/scan/{job_id}/order", data={"order": "cancel"})
    over = office.station.capture.job(job_id, by=office.actor("clerk"))
    assert over.state is JobState.CANCELLED


def test_the_code_on_screen_is_read_by_a_phone():
    svg = qr_svg("https://sohoa.example/phone/abc")
    modules = [
        (float(x), float(y), int(w))
        for x, y, w in re.findall(r"[Mm](-?[\d.]+) (-?[\d.]+)h(\d+)", svg)
    ]
    assert modules
    size = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    picture = np.full((size, size), 255, np.uint8)
    x = y = 0.0
    for command, a, b, w in re.findall(r"([Mm])(-?[\d.]+) (-?[\d.]+)h(\d+)", svg):
        x, y = (float(a), float(b)) if command == "M" else (x + float(a), y + float(b))
        picture[int(y), int(x) : int(x) + int(w)] = 0
        x += int(w)
    big = cv2.resize(picture, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    (found,) = zxingcpp.read_barcodes(big)
    assert found.text == "https://sohoa.example/phone/abc"
