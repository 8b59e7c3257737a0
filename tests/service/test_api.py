"""The REST door as an integrator meets it."""

import io

import pikepdf
import pytest
from fastapi.testclient import TestClient
from office import make_sample, open_office
from PIL import Image

from service.app import create_app
from service.samples import write_sample

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def client(office):
    client = TestClient(create_app(office.station), raise_server_exceptions=False)
    client.headers["authorization"] = f"Bearer {office.token('clerk')}"
    return client


def post(client, office, sample, **headers):
    office.reader.show(sample)
    content = write_sample(sample, office.folder).read_bytes()
    answer = client.post(
        "/api/v1/scans", files={"file": ("giay.pdf", content, "application/pdf")}, headers=headers
    )
    office.run_jobs()
    return answer


def test_a_posted_pdf_becomes_a_signed_archival_copy_with_its_text(client, office, tmp_path):
    sample = make_sample("quyet_dinh", 31)
    accepted = post(client, office, sample)
    assert accepted.status_code == 202
    scan = client.get(accepted.headers["location"]).json()
    path = f"/api/v1/documents/{scan['document_ids'][0]}"
    assert client.post(f"{path}/confirm", json={}).status_code == 409  # not signed yet
    assert client.post(f"{path}/sign").json()["state"] == "captured"
    opened = client.get(path).json()
    values = {f["name"]: f["value"] for f in opened["fields"] if f["name"] in opened["open_fields"]}
    assert client.post(f"{path}/confirm", json={"values": values}).json()["state"] == "extracted"
    office.run_jobs()
    stored = client.get(path).json()
    assert stored["state"] == "stored" and stored["result_code"]
    assert stored["type_code"] == "quyet_dinh"
    file = client.get(f"{path}/file")
    assert file.headers["content-type"] == "application/pdf"
    with pikepdf.open(io.BytesIO(file.content)) as pdf:
        assert str(pdf.open_metadata()["pdfaid:part"]) == "2"
    reports = client.post(f"{path}/verify").json()
    assert {r["state"] for r in reports} == {"hop_le"}
    assert [r["level"] for r in reports] == ["B-LTA", "DocTimeStamp"]
    number = sample.truth["fields"]["full_number"]
    found = client.get("/api/v1/search", params={"q": number}).json()["items"]
    assert scan["document_ids"][0] in [h["document"]["id"] for h in found]
    page = client.get(f"{path}/pages/1/image")
    assert Image.open(io.BytesIO(page.content)).format == "JPEG"
    assert "QUYẾT ĐỊNH" in client.get(f"{path}/text").json()[0]
    original = client.get(f"{path}/original").content
    assert original == write_sample(sample, tmp_path).read_bytes()


def test_page_images_become_one_document_in_order(client, office):
    pages = []
    for n in range(3):
        buffer = io.BytesIO()
        Image.new("L", (600, 800 + n), 255).save(buffer, "PNG", dpi=(150, 150))
        pages.append(("file", (f"{n}.png", buffer.getvalue(), "image/png")))
    office.reader.lines = []
    accepted = client.post("/api/v1/scans", files=pages)
    assert accepted.status_code == 202
    assert accepted.json()["documents"][0]["page_count"] == 3
    again = client.post("/api/v1/scans", files=pages)
    assert again.json()["id"] == accepted.json()["id"]


def test_an_idempotency_key_gives_the_first_answer_again_and_refuses_other_bytes(client, office):
    first = post(client, office, make_sample("cong_van", 41), **{"Idempotency-Key": "k1"})
    again = post(client, office, make_sample("cong_van", 41), **{"Idempotency-Key": "k1"})
    assert first.json()["id"] == again.json()["id"]
    other = post(client, office, make_sample("cong_van", 42), **{"Idempotency-Key": "k1"})
    assert other.status_code == 409 and other.json()["code"] == "trung_khoa_khac_noi_dung"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 415, "khong_phai_tai_lieu"),
        (b"<html>", 415, "khong_phai_tai_lieu"),
        (b"%PDF-1.7\n%%EOF", 422, "tai_lieu_hong"),
    ],
)
def test_bad_files_are_answered_in_vietnamese_with_a_code_and_a_next_step(
    client, content, status, code
):
    answer = client.post("/api/v1/scans", files={"file": ("x.pdf", content, "application/pdf")})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code and body["detail"] and body["remedy"]


def test_an_encrypted_pdf_is_refused_and_set_aside_for_a_person(client, office):
    buffer = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(buffer, encryption=pikepdf.Encryption(owner="a", user="b"))
    answer = client.post("/api/v1/scans", files={"file": ("x.pdf", buffer.getvalue())})
    assert (answer.status_code, answer.json()["code"]) == (422, "tai_lieu_co_mat_khau")
    kept = [p for p in (office.folder / "inbox").rglob("*") if p.is_file()]
    assert any(p.read_bytes() == buffer.getvalue() for p in kept)


def test_two_people_on_one_field_the_second_is_told(client, office):
    document = post(client, office, make_sample("bao_cao", 51)).json()["document_ids"][0]
    path = f"/api/v1/documents/{document}/fields/abstract"
    assert client.put(path, json={"value": "A"}, headers={"If-Match": '"0"'}).status_code == 200
    late = client.put(path, json={"value": "B"}, headers={"If-Match": '"0"'})
    assert (late.status_code, late.json()["code"]) == (409, "da_co_nguoi_sua")
    assert client.put(path, json={"value": "C"}, headers={"If-Match": '"1"'}).status_code == 200


def test_unknown_keys_and_types_are_refused(client):
    for body in ({"procedure_code": "1.001193", "holder_name": "A", "holder": "x"}, {}, []):
        answer = client.post("/api/v1/dossiers", json=body)
        assert answer.status_code == 422 and answer.json()["code"] == "dau_vao_khong_hop_le"


def test_every_answer_carries_the_security_headers(client):
    for path in ("/health/live", "/login", "/api/v1/documents", "/nowhere"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]


def test_the_openapi_file_declares_security_and_errors(client):
    schema = client.get("/api/v1/openapi.json").json()
    assert {"HTTPBearer", "APIKeyCookie"} <= set(schema["components"]["securitySchemes"])
    for path, verbs in schema["paths"].items():
        for verb, operation in verbs.items():
            assert operation["summary"], (verb, path)
            open_to_all = (
                path.startswith(("/health", "/metrics"))
                or path == "/api/v1/session"
                or path.endswith(("/pair", "/token"))
                or verb == "options"
            )
            assert bool(operation.get("security")) != open_to_all, (verb, path)
    upload = schema["paths"]["/api/v1/scans"]["post"]["responses"]
    assert {"409", "413", "415", "422", "451", "507"} <= set(upload)


def test_metrics_and_readiness_answer_without_an_account(client):
    assert b"sohoa_request_seconds" in client.get("/metrics").content
    ready = client.get("/health/ready")
    assert ready.status_code == 200 and set(ready.json()["checks"]) >= {"database", "objects"}
