"""Gói tin lưu trữ through the doors: REST, web, command line, as an archivist meets them."""

import io
import json
import re
import zipfile
from dataclasses import replace

import pytest
from boxes import dossier_of
from fastapi.testclient import TestClient
from office import open_office
from typer.testing import CliRunner

from service.app import create_app
from service.cli import app
from workflows.domain.unit import Role


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def dossier(office):
    return dossier_of(office, 2)


@pytest.fixture(scope="module")
def client(office):
    return TestClient(create_app(office.station), follow_redirects=False)


@pytest.fixture(scope="module")
def archivist(office):
    return {"authorization": f"Bearer {office.token('archivist')}"}


@pytest.fixture(scope="module")
def made(client, office, archivist, dossier):
    asked = {"dossier_code": dossier.code, "purpose": "luu_tru", "paper_code": "K1.G2.H3.45"}
    return export(client, office, asked, archivist)


def export(client, office, asked, headers):
    """The package's own page, once a worker has written it."""
    answer = client.post("/api/v1/packages", json=asked, headers=headers)
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "waiting" and answer.headers["retry-after"]
    office.run_jobs()
    done = client.get(answer.headers["location"], headers=headers)
    assert done.json()["state"] == "done", done.text
    assert "retry-after" not in done.headers
    return client.get(f"/api/v1/packages/{done.json()['file_name']}", headers=headers)


def test_a_package_is_made_listed_fetched_and_examined(client, archivist, made, dossier):
    body = made.json()
    assert body["type"] == "AIP_hoso" and body["documents"] == 2
    assert body["purpose"] == "Giao nộp, đóng gói lưu trữ"
    assert body["dossier_code"] == dossier.code
    listed = client.get("/api/v1/packages", headers=archivist).json()
    assert [p for p in listed if p["sha256"] == body["sha256"]] == [body]
    place = f"/api/v1/packages/{body['file_name']}"
    assert client.get(place, headers=archivist).json() == body
    file = client.get(f"{place}/file", headers=archivist)
    assert file.headers["content-disposition"] == f'attachment; filename="{body["file_name"]}"'
    assert zipfile.ZipFile(io.BytesIO(file.content)).testzip() is None
    checked = client.post(f"{place}/check", headers=archivist).json()
    assert checked["good"] and checked["files"] == body["files"]


def test_fetching_a_package_is_logged(client, archivist, made, office):
    client.get(f"/api/v1/packages/{made.json()['file_name']}/file", headers=archivist)
    with office.station.database.read() as tx:
        events = [e for _, _, e in tx.audit.entries(limit=10_000)]
    taken = [e for e in events if e.action == "package.taken"]
    assert taken and taken[-1].subject_id == made.json()["name"]
    assert taken[-1].purpose == "Giao nộp, đóng gói lưu trữ"


def test_another_units_archivist_sees_no_package(client, office, made):
    from workflows.errors import NotFound

    other = replace(office.actor("stranger"), roles=frozenset({Role.ARCHIVIST}))
    assert office.station.exports.kept(by=other) == ()
    with pytest.raises(NotFound):
        office.station.exports.take(made.json()["file_name"], by=other)


def test_the_same_key_asks_once_and_for_other_wishes_is_refused(client, archivist, office, dossier):
    asked = {"dossier_code": dossier.code, "purpose": "luu_tru", "kind": "SIP"}
    headers = archivist | {"idempotency-key": "giao-nop-2026-1"}
    first, second = (client.post("/api/v1/packages", json=asked, headers=headers) for _ in "12")
    assert first.json()["id"] == second.json()["id"]
    other = client.post("/api/v1/packages", json=asked | {"bag": True}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "trung_khoa_khac_noi_dung")
    before = len(client.get("/api/v1/packages", headers=archivist).json())
    office.run_jobs()
    assert len(client.get("/api/v1/packages", headers=archivist).json()) == before + 1


def test_an_export_that_cannot_be_written_says_why_and_what_to_do(
    client, archivist, office, dossier, monkeypatch
):
    from workflows.errors import IntegrityViolation

    def broken(_):
        raise IntegrityViolation("planted")

    asked = {"dossier_code": dossier.code, "purpose": "luu_tru", "paper_code": "K9"}
    place = client.post("/api/v1/packages", json=asked, headers=archivist).headers["location"]
    monkeypatch.setattr(type(office.station.objects), "get", lambda _, stored: broken(stored))
    office.run_jobs()
    told = client.get(place, headers=archivist).json()
    assert (told["state"], told["code"], told["file_name"]) == ("failed", "sai_lech_toan_ven", None)
    assert "khôi phục từ bản sao" in told["message"]
    assert client.get("/api/v1/package-exports", headers=archivist).json()[0] == told


def test_who_may_no_longer_export_gets_nothing_written(client, archivist, office, dossier):
    asked = {"dossier_code": dossier.code, "purpose": "luu_tru", "paper_code": "K10"}
    place = client.post("/api/v1/packages", json=asked, headers=archivist).headers["location"]
    with office.station.database.transaction() as tx:
        user = tx.accounts.user(username="archivist")
        tx.accounts.put(replace(user, roles=frozenset({Role.AUDITOR})))
    before = list((office.folder / "packages").glob("*.zip"))
    office.run_jobs()
    with office.station.database.transaction() as tx:
        tx.accounts.put(user)
    assert client.get(place, headers=archivist).json()["code"] == "khong_du_quyen"
    assert list((office.folder / "packages").glob("*.zip")) == before


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"purpose": "x"}, 422, "gia_tri_khong_hop_le"),
        ({"purpose": "x", "dossier_code": "a", "batch_id": "b"}, 422, "gia_tri_khong_hop_le"),
        ({"purpose": "", "dossier_code": "a"}, 422, "dau_vao_khong_hop_le"),
        ({"purpose": "x", "dossier_code": "../../etc"}, 404, "khong_tim_thay"),
        ({"purpose": "x", "batch_id": "0" * 32}, 404, "khong_tim_thay"),
    ],
)
def test_what_cannot_be_packed_is_refused_with_a_reason(client, archivist, asked, status, code):
    answer = client.post("/api/v1/packages", json=asked, headers=archivist)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["remedy"]


def test_importing_one_own_package_changes_nothing_and_damage_is_named(
    client, archivist, made, office
):
    place = f"/api/v1/packages/{made.json()['file_name']}/file"
    content = client.get(place, headers=archivist).content
    answer = client.post(
        "/api/v1/package-imports", files={"file": ("goi.zip", content)}, headers=archivist
    )
    assert answer.status_code == 201 and answer.json()["added"] == []
    assert len(answer.json()["known"]) == 2
    cut = client.post(
        "/api/v1/package-imports", files={"file": ("goi.zip", content[:-400])}, headers=archivist
    )
    assert cut.status_code == 422 and cut.json()["code"] == "goi_tin_hong"
    assert not list((office.folder / "scratch").glob("*/package.zip"))


def test_the_page_exports_takes_in_and_prints_the_hand_over_record(client, office, dossier):
    client.cookies.clear()
    signed_in = {
        "cookie": f"sohoa_session={office.token('archivist')}",
        "sec-fetch-site": "same-origin",
        "accept": "text/html",
    }
    form = {"what": dossier.code, "purpose": "luu_tru", "kind": "SIP", "bag": "true"}
    sent = client.post("/packages", data=form, headers=signed_in)
    assert sent.status_code == 303, sent.text
    waiting = client.get("/packages", headers=signed_in).text
    assert "Chờ đến lượt" in waiting
    office.run_jobs()
    shown = client.get("/packages", headers=signed_in).text
    assert "Chờ đến lượt" not in shown and shown.count("<td>SIP_hoso") > waiting.count("<td>SIP_")
    assert "SIP_hoso" in shown and dossier.code in shown and "Lưu trữ</a>" in shown
    names = re.findall(r'name="name" value="([^"]+)"', shown)
    content = client.get(f"/api/v1/packages/{names[0]}/file", headers=signed_in).content
    taken = client.post("/packages/import", files={"file": ("a.zip", content)}, headers=signed_in)
    assert "2 giấy tờ đã có và giống hệt" in taken.text
    wrong = client.post("/packages/import", files={"file": ("a.zip", b"PK")}, headers=signed_in)
    assert wrong.status_code == 422 and "goi_tin_hong" in wrong.text
    missing = client.post("/packages", data=form | {"what": "không-có"}, headers=signed_in)
    assert missing.status_code == 422 and "khong_tim_thay" in missing.text
    record = client.get(
        "/packages/handover",
        params={"name": names, "request_code": "YC-1", "nth": 2, "receiver": "Lưu trữ tỉnh"},
        headers=signed_in,
    )
    assert record.status_code == 200
    for said in ("BIÊN BẢN GIAO NHẬN", "YC-1", "Lưu trữ tỉnh", f"<dd>{len(names)}</dd>"):
        assert said in record.text
    assert "<dt>Tổng số hồ sơ</dt><dd>1</dd>" in record.text  # of both packages the same one
    for kept in office.station.exports.kept(by=office.actor("archivist")):
        assert kept.written.sha256 in record.text
    assert client.get("/packages/handover", headers=signed_in).status_code == 422
    assert (
        client.get("/packages/handover", params={"name": "x.zip"}, headers=signed_in).status_code
        == 404
    )


def test_the_command_line_exports_validates_and_imports(office, dossier, tmp_path, monkeypatch):
    monkeypatch.setenv("SOHOA_DATA_DIR", str(office.folder))
    run = CliRunner().invoke
    refused = run(app, ["export", "--dossier", dossier.code, "--purpose", "x", "--as", "clerk"])
    assert refused.exit_code == 5 and "lưu trữ" in refused.stderr
    arguments = ["--dossier", dossier.code, "--purpose", "x", "--kind", "aip", "--bag", "--json"]
    done = run(app, ["export", *arguments, "-o", str(tmp_path), "--as", "archivist"])
    assert done.exit_code == 0, done.stderr
    path = json.loads(done.stdout)["path"]
    good = run(app, ["validate", path, "--json"])
    assert good.exit_code == 0 and json.loads(good.stdout)["faults"] == []
    again = run(app, ["import", path, "--as", "archivist"])
    assert again.exit_code == 0 and "2 đã có và giống hệt" in again.stdout
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "out")
    victim = next((tmp_path / "out").rglob("*.1.pdf"))
    victim.write_bytes(victim.read_bytes() + b" ")
    folder = next((tmp_path / "out").iterdir())
    bad = run(app, ["validate", str(folder)])
    assert bad.exit_code == 1 and victim.name in bad.stderr
    refused = run(app, ["import", str(folder), "--as", "archivist"])
    assert refused.exit_code == 3 and victim.name in refused.stderr
