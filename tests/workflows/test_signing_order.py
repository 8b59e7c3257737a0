"""Sign and confirm in the order of the profile: checked first where it says so, at every door."""

import pytest
from fastapi.testclient import TestClient
from office import make_sample, open_office, paired_station

from service.app import create_app
from workflows.domain.document import DocumentState
from workflows.errors import IllegalMove

PROFILE = "[ca_nhan]\ncheck_first = true\n"


@pytest.fixture
def office(tmp_path):
    own = tmp_path / "profiles.toml"
    own.write_text(PROFILE)
    return open_office(tmp_path / "office", signature_profiles=own)


def values_of(office, document):
    opened = office.station.shelf.open(document.id, by=office.actor("clerk"))
    return {n: opened.readings[n].value for n in opened.open_fields}


def events(office, document):
    with office.station.database.read() as tx:
        return [e.action for _, _, e in tx.audit.entries(subject_id=document.id, limit=500)]


def test_a_paper_to_be_checked_first_is_signed_at_no_door_before_it(office):
    document, clerk = office.receive(make_sample("quyet_dinh", 1)), office.actor("clerk")
    station = paired_station(office)
    client = TestClient(create_app(office.station), follow_redirects=False)
    headers = {"authorization": f"Bearer {office.token('clerk')}"}
    with pytest.raises(IllegalMove) as refused:
        office.station.copying.sign(document, by=clerk)
    assert "trước khi ký" in refused.value.shown
    with pytest.raises(IllegalMove):
        office.station.deferred.request([document.id], station.id, by=clerk)
    answer = client.post(f"/api/v1/documents/{document.id}/sign", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "sai_buoc")
    page = headers | {"accept": "text/html", "sec-fetch-site": "same-origin"}
    shown = client.get(f"/documents/{document.id}", headers=page).text
    assert "Xác nhận thông tin" in shown and "Ký số bản sao chụp" not in shown
    assert f'value="{document.id}"' not in client.get("/sign", headers=page).text
    assert office.document(document.id).evidence is None
    assert "document.signed" not in events(office, document)


def test_checked_then_signed_it_goes_on_by_itself(office):
    document = office.receive(make_sample("quyet_dinh", 1))
    client = TestClient(create_app(office.station), follow_redirects=False)
    headers = {"authorization": f"Bearer {office.token('clerk')}"}
    values = values_of(office, document)
    place = f"/api/v1/documents/{document.id}"
    checked = client.post(f"{place}/confirm", json={"values": values}, headers=headers).json()
    assert checked["state"] == "received" and checked["checked_at"]
    office.run_jobs()
    assert office.document(document.id).state is DocumentState.RECEIVED  # nothing is kept unsigned
    signed = client.post(f"{place}/sign", headers=headers)
    assert signed.status_code == 200 and signed.json()["state"] == "extracted", signed.text
    office.run_jobs()
    stored = office.document(document.id)
    assert stored.state is DocumentState.STORED and stored.result_code
    found = events(office, document)
    assert found.index("document.confirmed") < found.index("document.signed")
    assert found.count("document.confirmed") == 1


def test_doubtful_fields_must_be_looked_at_before_the_signature_too(office):
    sample = make_sample("quyet_dinh", 3)
    document, clerk = office.receive(sample), office.actor("clerk")
    if not values_of(office, document):
        office.station.confirming.set_type(document, "giay_khai_sinh", by=clerk)
        document = office.document(document.id)
    assert values_of(office, document), "the test needs a doubtful field"
    with pytest.raises(IllegalMove):
        office.station.confirming.confirm(document, {}, by=clerk)
    with pytest.raises(IllegalMove):
        office.station.copying.sign(office.document(document.id), by=clerk)


def test_another_type_asks_for_another_check(office):
    document, clerk = office.receive(make_sample("quyet_dinh", 1)), office.actor("clerk")
    values = values_of(office, document)
    checked = office.station.confirming.confirm(document, values, by=clerk)
    retyped = office.station.confirming.set_type(checked, "cong_van", by=clerk)
    with pytest.raises(IllegalMove):
        office.station.copying.sign(retyped, by=clerk)


def test_a_crash_between_signature_and_going_on_costs_one_more_press(office):
    document, clerk = office.receive(make_sample("quyet_dinh", 1)), office.actor("clerk")
    checked = office.station.confirming.confirm(document, values_of(office, document), by=clerk)
    captured = office.station.copying.sign(checked, by=clerk)  # and the process dies here
    assert captured.state is DocumentState.CAPTURED
    office.station.confirming.confirm(office.document(document.id), {}, by=clerk)
    office.run_jobs()
    assert office.document(document.id).state is DocumentState.STORED


def test_conversion_copies_are_signed_first_as_shipped(tmp_path):
    office = open_office(tmp_path)
    document, clerk = office.receive(make_sample("quyet_dinh", 1)), office.actor("clerk")
    with pytest.raises(IllegalMove):
        office.station.confirming.confirm(document, values_of(office, document), by=clerk)
    captured = office.station.copying.sign(document, by=clerk)
    assert office.station.confirming.go_on(captured).state is DocumentState.CAPTURED
    done = office.station.confirming.confirm(captured, values_of(office, document), by=clerk)
    assert done.state is DocumentState.EXTRACTED
