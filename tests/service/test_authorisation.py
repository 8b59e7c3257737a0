"""Every route against every role. A route that is not in the table fails."""

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from office import (
    PURPOSE,
    ROLES,
    make_sample,
    open_office,
    paired_station,
    station_token,
)

from service.app import create_app
from service.samples.invented import Person
from workflows.domain.dossier import FilingOrigin, FilingRole
from workflows.filing import NewDossier

EVERYBODY = (
    "anonymous clerk receiver digitizer checker signer archivist auditor admin partner station"
)
STAFF = "clerk receiver digitizer checker signer archivist"
READERS = f"{STAFF} auditor admin"
COUNTER = "clerk receiver digitizer"
CLERKS = f"{COUNTER} checker"

TABLE = {
    "GET /health/live": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /health/ready": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /metrics": EVERYBODY,
    "GET /api/v1/openapi.json": EVERYBODY,
    "POST /api/v1/session": EVERYBODY,
    "GET /api/v1/me": f"{READERS} partner station",
    "POST /api/v1/stations": "admin",
    "GET /api/v1/stations": READERS,
    "POST /api/v1/stations/{station_id}/code": "admin",
    "DELETE /api/v1/stations/{station_id}": "admin",
    "POST /api/v1/stations/{station_id}/pair": EVERYBODY,
    "POST /api/v1/stations/{station_id}/token": EVERYBODY,
    "POST /api/v1/stations/me/orders": "station",
    "POST /api/v1/scan-jobs": f"{COUNTER} archivist",
    "GET /api/v1/scan-jobs": READERS,
    "GET /api/v1/scan-jobs/{job_id}": f"{READERS} station",
    "GET /api/v1/scan-jobs/{job_id}/events": READERS,
    "GET /api/v1/scan-jobs/{job_id}/pages/{seq}/image": READERS,
    "POST /api/v1/scan-jobs/{job_id}/order": f"{COUNTER} archivist",
    "GET /api/v1/scan-jobs/{job_id}/pages": READERS,
    "PUT /api/v1/scan-jobs/{job_id}/pages/{seq}/mark": f"{COUNTER} archivist",
    "POST /api/v1/scan-jobs/{job_id}/settle": f"{COUNTER} archivist",
    "PUT /api/v1/documents/{document_id}/pages/{number}/blank": CLERKS,
    "GET /api/v1/dossiers/{code}/slip": f"{COUNTER} archivist",
    "GET /api/v1/separators/{patch}": f"{COUNTER} archivist",
    "PUT /api/v1/scan-jobs/{job_id}": "station",
    "POST /api/v1/scan-jobs/{job_id}/state": "station",
    "PUT /api/v1/scan-jobs/{job_id}/pages/{seq}": "station",
    "POST /api/v1/scan-jobs/{job_id}/finish": "station",
    "POST /api/v1/scans": f"{COUNTER} archivist",
    "GET /api/v1/scans/{scan_id}": READERS,
    "POST /api/v1/uploads": f"{COUNTER} archivist",
    "PATCH /api/v1/uploads/{upload_id}": f"{COUNTER} archivist",
    "DELETE /api/v1/uploads/{upload_id}": f"{COUNTER} archivist",
    "GET /api/v1/documents": READERS,
    "GET /api/v1/search": READERS,
    "GET /api/v1/documents/{document_id}": READERS,
    "GET /api/v1/documents/{document_id}/file": f"{READERS} partner",
    "GET /api/v1/documents/{document_id}/access": READERS,
    "GET /api/v1/documents/{document_id}/original": READERS,
    "GET /api/v1/documents/{document_id}/pages/{number}/image": READERS,
    "GET /api/v1/documents/{document_id}/text": READERS,
    "PUT /api/v1/documents/{document_id}/fields/{name}": CLERKS,
    "GET /api/v1/documents/{document_id}/fields/{name}/history": READERS,
    "PUT /api/v1/documents/{document_id}/type": CLERKS,
    "POST /api/v1/documents/{document_id}/sign": f"{COUNTER} signer",
    "POST /api/v1/documents/{document_id}/certified-copy": "signer",
    "GET /api/v1/documents/{document_id}/certified-copy": READERS,
    "GET /api/v1/org-signatures": "signer",
    "POST /api/v1/org-signatures": "signer",
    "POST /api/v1/signing-requests": f"{COUNTER} signer",
    "GET /api/v1/signing-requests/{request_id}": f"{COUNTER} signer station",
    "DELETE /api/v1/signing-requests/{request_id}": f"{COUNTER} signer",
    "GET /api/v1/stations/me/signing-requests": "station",
    "PUT /api/v1/signing-requests/{request_id}/certificates": "station",
    "POST /api/v1/signing-requests/{request_id}/signatures": "station",
    "POST /api/v1/documents/{document_id}/confirm": CLERKS,
    "POST /api/v1/documents/{document_id}/verify": f"{READERS} partner",
    "POST /api/v1/verifications": f"{READERS} partner",
    "GET /api/v1/documents/{document_id}/verification-report": READERS,
    "POST /api/v1/documents/{document_id}/set-aside": CLERKS,
    "POST /api/v1/documents/{document_id}/take-up": CLERKS,
    "POST /api/v1/dossiers": COUNTER,
    "GET /api/v1/dossiers": READERS,
    "GET /api/v1/dossiers/{code}": READERS,
    "POST /api/v1/dossiers/{code}/filings": COUNTER,
    "GET /api/v1/reuse": f"{STAFF} partner",
    "POST /api/v1/batches": f"{COUNTER} archivist",
    "GET /api/v1/batches/{batch_id}": READERS,
    "GET /api/v1/procedures": READERS,
    "GET /api/v1/units": READERS,
    "GET /api/v1/document-types": READERS,
    "GET /api/v1/purposes": READERS,
    "GET /api/v1/documents/{document_id}/holds": "archivist auditor admin",
    "POST /api/v1/documents/{document_id}/holds": "archivist",
    "POST /api/v1/holds/{hold_id}/release": "archivist",
    "GET /api/v1/upkeep": "archivist auditor admin",
    "GET /preservation": "archivist auditor admin",
    "POST /preservation/hold": "archivist",
    "POST /preservation/release/{hold_id}": "archivist",
    "POST /preservation/request": "archivist",
    "POST /preservation/decision/{destruction_id}": "archivist",
    "GET /api/v1/destructions/due": "archivist auditor admin",
    "GET /api/v1/destructions": "archivist auditor admin",
    "POST /api/v1/documents/{document_id}/destruction": "archivist",
    "POST /api/v1/destructions/{destruction_id}/decision": "archivist",
    "GET /api/v1/quarantine": STAFF,
    "GET /api/v1/quarantine/{name}/file": f"{COUNTER} archivist",
    "POST /api/v1/quarantine/{name}/retry": f"{COUNTER} archivist",
    "POST /api/v1/quarantine/{name}/discard": f"{COUNTER} archivist",
    "POST /api/v1/documents/{document_id}/reread": f"{COUNTER} archivist",
    "GET /quarantine": STAFF,
    "POST /quarantine/{name}/retry": f"{COUNTER} archivist",
    "POST /quarantine/{name}/discard": f"{COUNTER} archivist",
    "POST /documents/{document_id}/reread": f"{COUNTER} archivist",
    "GET /api/v1/audit": "auditor admin",
    "GET /api/v1/indicators": READERS,
    "POST /api/v1/packages": "archivist",
    "GET /api/v1/package-exports": "archivist",
    "GET /api/v1/package-exports/{request_id}": "archivist",
    "GET /api/v1/packages": "archivist",
    "GET /api/v1/packages/{file_name}": "archivist",
    "GET /api/v1/packages/{file_name}/file": "archivist",
    "POST /api/v1/packages/{file_name}/check": "archivist",
    "POST /api/v1/package-imports": "archivist",
    "GET /login": EVERYBODY,
    "POST /login": EVERYBODY,
    "POST /logout": READERS,
    "GET /": READERS,
    "POST /upload": COUNTER,
    "GET /scans/{scan_id}": READERS,
    "GET /scan": f"{COUNTER} archivist",
    "POST /scan": f"{COUNTER} archivist",
    "POST /scan/{job_id}/order": f"{COUNTER} archivist",
    "POST /scan/{job_id}/pages/{seq}": f"{COUNTER} archivist",
    "POST /scan/{job_id}/settle": f"{COUNTER} archivist",
    "POST /documents/{document_id}/pages/{number}/blank": CLERKS,
    "GET /scan/phone": f"{COUNTER} archivist",
    "GET /scan/phone/arrived": f"{COUNTER} archivist",
    "GET /intakes": f"{STAFF} admin",
    "GET /phone/{ticket}": "",
    "POST /phone/{ticket}": "",
    "GET /stations": "admin",
    "POST /stations": "admin",
    "POST /stations/{station_id}/code": "admin",
    "POST /stations/{station_id}/revoke": "admin",
    "GET /documents/{document_id}": READERS,
    "POST /documents/{document_id}/fields": CLERKS,
    "POST /documents/{document_id}/type": CLERKS,
    "POST /documents/{document_id}/sign": f"{COUNTER} signer",
    "POST /documents/{document_id}/confirm": CLERKS,
    "POST /documents/{document_id}/set-aside": CLERKS,
    "POST /documents/{document_id}/take-up": CLERKS,
    "GET /documents/{document_id}/verify": READERS,
    "GET /verify": READERS,
    "POST /verify": READERS,
    "POST /documents/{document_id}/file": COUNTER,
    "GET /dossiers": READERS,
    "POST /dossiers": COUNTER,
    "GET /dossiers/{code}": STAFF,
    "GET /search": READERS,
    "GET /sign": f"{COUNTER} signer",
    "POST /sign/unit": "signer",
    "POST /sign/station": f"{COUNTER} signer",
    "GET /help": READERS,
    "GET /docs": READERS,
    "GET /packages": "archivist",
    "POST /packages": "archivist",
    "POST /packages/import": "archivist",
    "GET /packages/handover": "archivist",
}
STRANGER_SEES_NOTHING = [
    row
    for row in TABLE
    if any(f"{{{name}}}" in row for name in ("document_id", "scan_id", "job_id"))
    and "clerk" in TABLE[row].split()
]


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def client(office):
    return TestClient(create_app(office.station), follow_redirects=False)


@pytest.fixture(scope="module")
def things(office):
    document = office.receive(make_sample("quyet_dinh", 1))
    dossier = office.station.filing.open_dossier(
        NewDossier(procedure_code="1.001193", holder_name="A"), by=office.actor("clerk")
    )
    batch = office.station.batches.open("Hộp 1", 1, by=office.actor("clerk"))
    station = paired_station(office)
    job = office.station.capture.start(station.id, {}, by=office.actor("clerk"))
    office.station.capture.order(job.id, "cancel", by=office.actor("clerk"))
    return {
        "caller": station.id,
        "station_id": paired_station(office, "Quầy 2").id,
        "job_id": job.id,
        "seq": "1",
        "ticket": "none",
        "document_id": document.id,
        "scan_id": document.scan_id,
        "code": dossier.code,
        "batch_id": batch.id,
        "upload_id": "0" * 32,
        "request_id": "0" * 32,
        "hold_id": "none",
        "destruction_id": "none",
        "number": "1",
        "name": "number",
        "file_name": "none.zip",
        "patch": "T",
    }


def routes(app):
    for context in iter_route_contexts(app.routes):
        for method in sorted(context.methods or ()):
            if method not in ("HEAD", "OPTIONS"):
                yield f"{method} {context.path}"


def call(client, office, row, who, things):
    client.cookies.clear()  # pages hand out session cookies; each call comes from nowhere
    method, path = row.split(" ", 1)
    headers = {}
    if who == "station":
        headers["authorization"] = f"Bearer {station_token(office, things['caller'])}"
    elif who == "partner":
        headers["authorization"] = f"Bearer {office.key}"
    elif who != "anonymous":
        headers["authorization"] = f"Bearer {office.token(who)}"
    body = {} if method == "GET" else {"json": {}}
    return client.request(method, path.format(**things), headers=headers, **body)


def test_every_route_has_a_row_and_every_row_a_route(client):
    assert set(routes(client.app)) == set(TABLE)


@pytest.mark.parametrize("row", TABLE)
def test_route_lets_exactly_its_roles_through(row, client, office, things):
    for who in ("anonymous", "partner", "station", *ROLES):
        status = call(client, office, row, who, things).status_code
        if who in TABLE[row].split():
            assert status not in (401, 403), f"{row} as {who}: {status}"
        elif who == "anonymous" or not TABLE[row]:  # a ticket of its own is asked, not a role
            assert status in (401, 303), f"{row} as {who}: {status}"
        else:
            assert status == 403, f"{row} as {who}: {status}"


@pytest.mark.parametrize("row", STRANGER_SEES_NOTHING)
def test_another_units_paper_is_not_found_by_any_path(row, client, office, things):
    method, path = row.split(" ", 1)
    bodies = {
        "fields/{name}": {"value": "1"},
        "/type": {"type_code": "quyet_dinh"},
        "/set-aside": {"reason": "x"},
        "/order": {"order": "cancel"},
        "/mark": {"mark": "kept"},
        "/blank": {"blank": True},
    }
    body = next((b for end, b in bodies.items() if path.endswith(end)), {})
    forms = {
        "/fields": {"put": "number", "value": "1"},
        "/type": {"type_code": "quyet_dinh"},
        "/set-aside": {"reason": "x"},
        "/file": {"dossier_code": "x", "slot": "result"},
        "/order": {"order": "cancel"},
        "/pages/{seq}": {"mark": "kept"},
        "/blank": {"value": "true"},
    }
    form = next((f for end, f in forms.items() if path.endswith(end)), {})
    sent = {} if method == "GET" else ({"json": body} if "/api/" in path else {"data": form})
    answer = client.request(
        method,
        path.format(**things),
        headers={"authorization": f"Bearer {office.token('stranger')}"},
        **sent,
    )
    assert answer.status_code == 404, row


def test_a_partner_gets_reuse_and_the_file_for_its_purpose_and_it_is_logged(client, office):
    sample = make_sample("giay_khai_sinh", 21)
    citizen = Person(**{f: getattr(HOLDER, f) for f in Person.__slots__})
    stored = office.store(sample)
    clerk = office.actor("clerk")
    dossier = office.station.filing.open_dossier(
        NewDossier(
            procedure_code="1.001193", holder_name=citizen.name, holder_number=citizen.number
        ),
        by=clerk,
    )
    office.station.filing.file(
        stored,
        dossier,
        role=FilingRole.RESULT,
        origin=FilingOrigin.SCANNED,
        component_code=None,
        by=clerk,
    )
    headers = {"authorization": f"Bearer {office.key}"}
    path = f"/api/v1/documents/{stored.id}/file"
    assert client.get(path, headers=headers).status_code == 404  # not offered yet
    asked = {"holder_number": citizen.number, "document_type": "giay_khai_sinh"}
    refused = client.get("/api/v1/reuse", params=asked | {"purpose": "tò mò"}, headers=headers)
    assert refused.status_code == 403
    offers = client.get("/api/v1/reuse", params=asked | {"purpose": PURPOSE}, headers=headers)
    assert [o["document"]["id"] for o in offers.json()] == [stored.id]
    content = client.get(path, headers=headers, params={"purpose": PURPOSE})
    assert content.status_code == 200 and content.content.startswith(b"%PDF-")
    entries = office.station.audit.read(0, None, 1000, by=office.actor("auditor"))
    logged = [(e.action, e.purpose) for _, _, e in entries if e.actor_id != clerk.id]
    assert ("reuse.asked", PURPOSE) in logged and ("document.viewed", PURPOSE) in logged


def _holder():
    import numpy as np

    from service.samples.invented import make_person

    return make_person(np.random.default_rng(21))


HOLDER = _holder()


@pytest.mark.parametrize("token", ["", "sk_wrong", "not.a.session", "Bearer"])
def test_a_wrong_token_is_refused(client, token):
    client.cookies.clear()
    headers = {"authorization": f"Bearer {token}"}
    assert client.get("/api/v1/documents", headers=headers).status_code == 401


def test_five_wrong_passwords_lock_the_account(client, office):
    wrong = {"username": "archivist", "password": "sai"}
    for _ in range(5):
        assert client.post("/api/v1/session", json=wrong).status_code == 401
    from office import PASSWORD

    right = wrong | {"password": PASSWORD}
    assert client.post("/api/v1/session", json=right).status_code == 401
    assert client.post("/api/v1/session", json=right | {"username": "clerk"}).status_code == 201


def test_a_form_from_another_site_is_refused_although_the_cookie_comes_along(client, office):
    cookies = {"sohoa_session": office.token("clerk")}
    for headers in ({"origin": "http://evil.invalid"}, {"sec-fetch-site": "cross-site"}, {}):
        answer = client.post(
            "/dossiers",
            data={"procedure_code": "1.001193", "holder_name": "A"},
            headers=headers | {"cookie": f"sohoa_session={cookies['sohoa_session']}"},
        )
        assert answer.status_code == 401
