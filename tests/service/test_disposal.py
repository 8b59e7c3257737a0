"""Holds and destruction through the API, each step by the person it belongs to."""

import datetime as dt
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from office import HERE, PASSWORD, make_sample, open_office

from service import upkeep
from service.app import create_app
from workflows.domain.unit import Role


@pytest.fixture
def office(tmp_path):
    rules = tmp_path / "bang.toml"
    rules.write_text('[quyet_dinh]\nyears = 5\nbasis = "QĐ 12/QĐ-UBND"\n', "utf-8")
    made = open_office(tmp_path / "var", retention_rules=rules, replica_dir=tmp_path / "replica")
    made.station.accounts.add_user(
        "archivist2", "Cán bộ lưu trữ", PASSWORD, HERE.id, frozenset({Role.ARCHIVIST})
    )
    return made


def test_from_hold_to_destruction(office, tmp_path):
    document = office.store(make_sample("quyet_dinh", 1))
    here = upkeep.custodian(office.station.settings)
    here.replicate()
    client = TestClient(create_app(office.station))

    def post(path, who, **body):
        headers = {"authorization": f"Bearer {office.token(who)}"}
        return client.post(f"/api/v1{path}", json=body, headers=headers)

    why = {"reason": "Hết giá trị, biên bản số 3"}
    path = f"/documents/{document.id}"
    early = post(f"{path}/destruction", "archivist", **why)
    assert early.status_code == 409 and early.json()["code"] == "chua_het_thoi_han_luu"
    with office.station.database.transaction() as tx:
        tx.documents.save(replace(document, stored_at=dt.datetime(2015, 1, 1, tzinfo=dt.UTC)))
    headers = {"authorization": f"Bearer {office.token('auditor')}"}
    [due] = client.get("/api/v1/destructions/due", headers=headers).json()
    assert due["document_id"] == document.id and due["basis"] == "QĐ 12/QĐ-UBND"
    hold = post(f"{path}/holds", "archivist", reason="Thanh tra yêu cầu giữ").json()
    held = post(f"{path}/destruction", "archivist", **why)
    assert held.status_code == 409 and held.json()["code"] == "dang_giu_lai"
    assert post(f"/holds/{hold['id']}/release", "archivist2", **why).status_code == 200
    asked = post(f"{path}/destruction", "archivist", **why)
    assert asked.status_code == 201
    decision = f"/destructions/{asked.json()['id']}/decision"
    assert post(decision, "archivist", approve=True, **why).status_code == 403
    done = post(decision, "archivist2", approve=True, **why)
    assert done.status_code == 200 and done.json()["state"] == "done"
    assert list(office.station.objects.keys("")) == [] == list(here.replica.keys(""))
    listed = client.get("/api/v1/destructions", headers=headers).json()
    assert [(d["requested_by"], d["decided_by"]) for d in listed] == [
        (office.actor("archivist").id, office.actor("archivist2").id)
    ]
    file = client.get(f"/api/v1{path}/file", headers=headers)
    assert file.status_code == 404
    assert here.scrub(mb_per_s=0).run().findings == []
    assert office.station.audit.verify().whole
    assert list(office.station.audit.changed_values()) == []


def test_the_same_on_screen(office):
    document = office.store(make_sample("quyet_dinh", 2))
    with office.station.database.transaction() as tx:
        tx.documents.save(replace(document, stored_at=dt.datetime(2015, 1, 1, tzinfo=dt.UTC)))
    client = TestClient(create_app(office.station), follow_redirects=False)

    def ask(method, path, who, **form):
        headers = {"authorization": f"Bearer {office.token(who)}"}
        return client.request(method, path, data=form or None, headers=headers)

    page = ask("GET", "/preservation", "archivist").text
    assert document.id[:8] in page and "QĐ 12/QĐ-UBND" in page and "Đề nghị hủy</button>" in page
    assert "Đề nghị hủy</button>" not in ask("GET", "/preservation", "auditor").text
    why = {"reason": "Thanh tra yêu cầu giữ"}
    assert ask(
        "POST", "/preservation/hold", "archivist", document_id=document.id, **why
    ).is_redirect
    page = ask("GET", "/preservation", "archivist").text
    assert "Gỡ lệnh giữ" in page and "QĐ 12/QĐ-UBND" not in page
    asked = ask("POST", "/preservation/request", "archivist", document_id=document.id, **why)
    assert asked.status_code == 422 and "đang được giữ lại" in asked.text
    [hold] = office.station.disposal.open_holds(by=office.actor("archivist"))
    assert ask("POST", f"/preservation/release/{hold.id}", "archivist", **why).is_redirect
    asked = ask("POST", "/preservation/request", "archivist", document_id=document.id, **why)
    assert asked.is_redirect
    assert "Cần người khác duyệt" in ask("GET", "/preservation", "archivist").text
    [act] = office.station.disposal.destructions(by=office.actor("archivist"))
    path = f"/preservation/decision/{act.id}"
    own = ask("POST", path, "archivist", approve="true", **why)
    assert own.status_code == 422 and "không được tự duyệt" in own.text
    assert ask("POST", path, "archivist2", approve="true", **why).is_redirect
    assert "Đã hủy" in ask("GET", "/preservation", "auditor").text
    upkeep.custodian(office.station.settings).scrub(mb_per_s=0).run()
    body = ask("GET", "/api/v1/upkeep", "admin").json()
    assert body["scrub"]["stage"] == "done" and body["scrub_unmended"] == 0
    assert "0 lỗi chưa khôi phục" in ask("GET", "/preservation", "archivist").text
