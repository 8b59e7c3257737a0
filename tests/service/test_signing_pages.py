"""Ký số on the screen: the Unit's queue, sending papers to a station; and on the command line."""

import json

import pytest
import structlog
from fastapi.testclient import TestClient
from office import make_sample, open_office, paired_station
from typer.testing import CliRunner

from service.app import create_app
from service.cli import app
from service.errors import ExitCode
from storage.engine import prepare


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def client(office):
    return TestClient(create_app(office.station), follow_redirects=False)


def as_(office, who):
    return {"authorization": f"Bearer {office.token(who)}"}


def test_a_signer_signs_the_queue_from_the_page(office, client):
    stored = office.store(make_sample("giay_khai_sinh", 3))
    page = client.get("/sign", headers=as_(office, "signer"))
    assert stored.id in page.text and "Mã PIN" in page.text
    signed = client.post(
        "/sign/unit", headers=as_(office, "signer"), data={"document": [stored.id], "pin": "4711"}
    )
    assert "đã ký" in signed.text and "4711" not in signed.text
    assert not office.document(stored.id).awaiting_org_signature
    empty = client.post("/sign/unit", headers=as_(office, "signer"), data={})
    assert empty.status_code == 200


def test_a_clerk_sends_papers_to_a_station(office, client):
    station = paired_station(office)
    paper = office.receive(make_sample("quyet_dinh", 5))
    page = client.get("/sign", headers=as_(office, "clerk"))
    assert paper.id in page.text and "Chờ chữ ký cơ quan" not in page.text
    sent = client.post(
        "/sign/station",
        headers=as_(office, "clerk"),
        data={"document": [paper.id], "station": station.id},
    )
    assert sent.status_code == 303
    assert "Chờ trạm" in client.get("/sign", headers=as_(office, "clerk")).text
    [(request, items)] = office.station.deferred.mine(by=office.actor("clerk"))
    assert [i.document_id for i in items] == [paper.id]
    office.station.deferred.cancel(request.id, by=office.actor("clerk"))
    none = client.post("/sign/station", headers=as_(office, "clerk"), data={"station": station.id})
    assert "Mỗi lượt ký" in none.text
    absent = client.post(
        "/sign/station", headers=as_(office, "clerk"), data={"document": [paper.id], "station": "x"}
    )
    assert "Không tìm thấy" in absent.text


def sohoa(*arguments):
    try:
        return CliRunner().invoke(app, [str(a) for a in arguments])
    finally:
        structlog.reset_defaults()


def test_the_queue_and_renewal_from_the_command_line(office, monkeypatch):
    monkeypatch.setenv("SOHOA_DATA_DIR", str(office.station.settings.data_dir))
    prepare(office.station.settings.database)  # the verbs enqueue durably
    stored = office.store(make_sample("giay_khai_sinh", 4))
    listed = sohoa("signing", "queue", "--json", "--as", "signer")
    assert stored.id in [json.loads(line)["id"] for line in listed.stdout.splitlines()]
    refused = sohoa("signing", "unit", "--all", "--no-pin", "--as", "clerk")
    assert refused.exit_code == ExitCode.NOT_ALLOWED
    signed = sohoa("signing", "unit", "--all", "--no-pin", "--json", "--as", "signer")
    assert signed.exit_code == 0, signed.output
    assert {"id": stored.id, "signed": True, "message": "đã ký"} in [
        json.loads(line) for line in signed.stdout.splitlines()
    ]
    owed = [c.document_id for c in office.station.preserving.due()]
    assert stored.id in owed  # B-T until a worker or this verb comes round
    renewed = sohoa("signing", "renew", "--json")
    assert renewed.exit_code == 0, renewed.output
    rows = [json.loads(line) for line in renewed.stdout.splitlines()]
    assert {"id": stored.id, "before": "B-T", "after": "B-LTA"} in rows
    assert office.station.preserving.due() == []
    levels = {
        row["name"]: row["level"]
        for row in map(json.loads, sohoa("signing", "profiles", "--json").stdout.splitlines())
    }
    assert levels == {"ca_nhan": "B-LTA", "co_quan": "B-LTA", "sao_y": "B-LTA"}


def test_an_offices_own_profile_changes_single_keys(tmp_path, monkeypatch):
    own = tmp_path / "profiles.toml"
    own.write_text('[ca_nhan]\nlevel = "B-T"\n')
    monkeypatch.setenv("SOHOA_SIGNATURE_PROFILES", str(own))
    shown = sohoa("signing", "profiles", "--json").stdout.splitlines()
    mine = next(row for row in map(json.loads, shown) if row["name"] == "ca_nhan")
    assert (mine["level"], mine["corner"]) == ("B-T", "top_left")
