"""Each door that shows a paper writes down who saw what of it, and why."""

import pytest
from fastapi.testclient import TestClient
from office import make_sample, open_office
from sqlalchemy import text

from service.app import create_app
from workflows.audit import sought_sha256
from workflows.audit_proof import DamageKind
from workflows.errors import NotAllowed
from workflows.filing import NewDossier
from workflows.purposes import shipped_purposes, stated


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def document(office):
    return office.store(make_sample("quyet_dinh", 1))


@pytest.fixture
def client(office):
    made = TestClient(create_app(office.station), follow_redirects=False)
    made.headers["authorization"] = f"Bearer {office.token('archivist')}"
    return made


def newest(office, count=1):
    with office.station.database.read() as tx:
        last = tx.audit.last()[0]
        return [e for _, _, e in tx.audit.entries(after=last - count)]


@pytest.mark.parametrize(
    ("path", "what", "purpose"),
    [
        ("/api/v1/documents/{id}", "fields", "so_hoa"),
        ("/api/v1/documents/{id}/text", "text", "tra_cuu"),
        ("/api/v1/documents/{id}/file", "file", "tra_cuu"),
        ("/api/v1/documents/{id}/access", "access", "tra_cuu"),
        ("/api/v1/documents/{id}/original", "original", "tra_cuu"),
        ("/api/v1/documents/{id}/pages/1/image", "page", "so_hoa"),
        ("/api/v1/documents/{id}/fields/number/history", "history", "giam_sat"),
        ("/documents/{id}", "fields", "so_hoa"),
    ],
)
def test_a_view_is_logged_once_with_what_was_seen_and_why(
    client, office, document, path, what, purpose
):
    before = office.station.audit.verify().last
    assert client.get(path.format(id=document.id)).status_code == 200
    [event] = newest(office)
    assert office.station.audit.verify().last == before + 1
    assert event.action == "document.viewed" and event.subject_id == document.id
    assert event.actor_id == office.actor("archivist").id
    assert event.facts["what"] == what
    assert event.purpose == shipped_purposes()[purpose].title


def test_a_stated_purpose_stands_in_the_log(client, office, document):
    path = f"/api/v1/documents/{document.id}/file"
    client.get(path, params={"purpose": "chu_the"})
    assert newest(office)[0].purpose == "Cung cấp cho chủ giấy tờ theo yêu cầu"
    client.get(path, params={"purpose": "Đoàn thanh tra số 12"})
    assert newest(office)[0].purpose == "Đoàn thanh tra số 12"
    assert stated("  ", "tra_cuu") == shipped_purposes()["tra_cuu"].title
    listed = client.get("/api/v1/purposes").json()
    assert {p["code"] for p in listed} == set(shipped_purposes()) and all(
        p["basis"] for p in listed
    )


def test_a_search_is_logged_without_its_words_and_the_work_list_is_not(client, office, document):
    before = office.station.audit.verify().last
    client.get("/api/v1/documents")
    client.get("/")
    assert office.station.audit.verify().last == before
    found = client.get("/api/v1/search?q=quyết định").json()["items"]
    assert document.id in [hit["document"]["id"] for hit in found]
    for path in ("/api/v1/search?q=Quyết  định", "/search?q=quyết định"):
        client.get(path)
        [event] = newest(office)
        assert event.action == "search.asked" and event.facts["hits"] == len(found)
        assert event.facts["sought_sha256"] == sought_sha256("QUYẾT ĐỊNH")
        assert "quyết" not in str(event).casefold().replace("giấy tờ", "")


def test_signatures_dossiers_and_the_log_itself(client, office, document):
    client.post(f"/api/v1/documents/{document.id}/verify")
    seen = [e for e in newest(office, 2) if e.action == "document.viewed"]
    assert [e.facts["what"] for e in seen] == ["signatures"]
    dossier = office.station.filing.open_dossier(
        NewDossier(procedure_code="1.001193", holder_name="A"), by=office.actor("clerk")
    )
    client.get(f"/api/v1/dossiers/{dossier.code}")
    [event] = newest(office)
    assert (event.action, event.subject_id) == ("dossier.viewed", dossier.id)
    headers = {"authorization": f"Bearer {office.token('auditor')}"}
    assert client.get("/api/v1/audit", headers=headers).status_code == 200
    assert newest(office)[0].action == "audit.viewed"


def test_another_units_clerk_who_is_refused_leaves_no_view(client, office, document):
    before = office.station.audit.verify().last
    headers = {"authorization": f"Bearer {office.token('stranger')}"}
    for path in ("", "/text", "/file", "/pages/1/image", "/fields/number/history"):
        assert client.get(f"/api/v1/documents/{document.id}{path}", headers=headers).is_error
    assert office.station.audit.verify().last == before


def test_a_correction_is_logged_by_old_and_new_value_and_guards_the_history(office, client):
    document = office.receive(make_sample("cong_van", 5))
    clerk, confirming = office.actor("clerk"), office.station.confirming
    for value in ("11", "12"):
        confirming.put_field(document, "number", value, by=clerk)
    first, second = (e.facts["values"][0] for e in newest(office, 2))
    assert first["old"] is None and second["old"] == first["new"] != second["new"]
    assert (first["version"], second["version"], second["corrected"]) == (1, 2, True)
    history = client.get(f"/api/v1/documents/{document.id}/fields/number/history").json()
    assert [(v["version"], str(v["value"])) for v in history] == [(1, "11"), (2, "12")]
    audit = office.station.audit
    assert list(audit.changed_values()) == []
    with office.station.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE field_values SET value = '\"99\"' WHERE document_id = :d AND version = 1"),
            {"d": document.id},
        )
    assert [(d.kind, name) for d, _, name in audit.changed_values()] == [
        (DamageKind.VALUE, "number")
    ]


def test_a_partner_may_state_only_its_own_purposes(office, document):
    partner = office.station.accounts.actor(office.key)
    with pytest.raises(NotAllowed):
        office.station.shelf.content(document, document.evidence, by=partner, purpose="tò mò")
