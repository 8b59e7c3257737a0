"""Checking signatures over REST and on screen: of any PDF, of a kept paper, as a report."""

import hashlib
import io

import pikepdf
import pytest
from fastapi.testclient import TestClient
from office import make_sample, open_office
from servers import attacks
from servers.issuer import Issuer

from service.app import create_app
from service.samples import write_sample
from storage.pdf import check

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def office(tmp_path_factory, issuer):
    folder = tmp_path_factory.mktemp("office")
    roots = issuer.put_trust(folder / "roots", *issuer.lists())
    return open_office(folder / "var", trust_dir=roots)


@pytest.fixture(scope="module")
def client(office):
    client = TestClient(create_app(office.station), raise_server_exceptions=False)
    client.headers["authorization"] = f"Bearer {office.token('clerk')}"
    return client


@pytest.fixture(scope="module")
def signed(issuer):
    return issuer.sign(attacks.paper(), issuer.certificate("Người <b>Ký</b>"), name="x")


def send(client, content: bytes, path="/api/v1/verifications"):
    return client.post(path, files={"file": ("giay.pdf", content, "application/pdf")})


def kept_and_waiting(office):
    inbox = (office.folder / "inbox").rglob("*")
    return sorted(o.key for o in office.station.objects.list("")), sorted(map(str, inbox))


def checks_logged(office, content):
    with office.station.database.read() as tx:
        sha256 = hashlib.sha256(content).hexdigest()
        return [e for _, _, e in tx.audit.entries(subject_id=sha256)]


def test_any_pdf_is_checked_told_and_not_kept(client, office, signed):
    before, waiting = kept_and_waiting(office)
    known = len(checks_logged(office, signed))
    answer = send(client, signed)
    assert answer.status_code == 200
    body = answer.json()
    assert body["conclusion"]["verdict"] == "hop_le"
    assert body["sha256"] == hashlib.sha256(signed).hexdigest()
    assert [s["state"] for s in body["signatures"]] == ["hop_le"]
    assert any("đính kèm" in warning for warning in body["warnings"])
    assert kept_and_waiting(office) == (before, waiting)
    [logged] = checks_logged(office, signed)[known:]
    assert (logged.action, logged.facts) == (
        "signatures.checked",
        {"verdict": "hop_le", "count": 1},
    )


@pytest.mark.parametrize(
    "case", ["shadow: hide and replace", "content replaced", "annotation laid over"]
)
def test_a_lying_pdf_is_told_to_be_invalid(client, signed, case):
    body = send(client, attacks.updated(signed, attacks.UPDATES[case])).json()
    assert body["conclusion"]["verdict"] == "khong_hop_le"
    assert body["signatures"][0]["state"] == "bi_sua"
    assert body["conclusion"]["next_step"].startswith("Không dùng")


@pytest.mark.parametrize("content", [b"%PDF-1.7 broken", b"%PDF-" + bytes(range(256)) * 40])
def test_what_nobody_can_read_is_an_answer_not_a_fault(client, content):
    body = send(client, content).json()
    assert body["conclusion"]["verdict"] == "khong_hop_le"
    assert body["signatures"][0]["state"] == "khong_doc_duoc"


def test_what_is_no_pdf_is_refused(client):
    answer = send(client, b"<html></html>")
    assert answer.status_code == 415
    assert answer.json()["code"] == "khong_phai_tai_lieu"
    page = send(client, b"<html></html>", "/verify")
    assert page.status_code == 422
    assert "không phải PDF" in page.text


def test_the_screen_says_it_in_words_and_escapes_what_the_file_says(client, signed):
    assert "chỉ xem, không lưu lại" in client.get("/verify").text
    page = send(client, signed, "/verify").text
    assert "Hợp lệ" in page
    assert "Người &lt;b&gt;Ký&lt;/b&gt;" in page
    assert "<b>Ký</b>" not in page
    assert "Việc cần làm" in page
    bad = send(client, attacks.RAW["USF: value empty"](signed), "/verify").text
    assert "khong_hop_le" in bad


def test_a_kept_paper_on_screen_and_as_a_report(client, office):
    sample = make_sample("quyet_dinh", 31)
    stored = office.store(sample)
    page = client.get(f"/documents/{stored.id}/verify").text
    assert "Mức tin cậy 2/5" in page
    report = client.get(f"/api/v1/documents/{stored.id}/verification-report")
    assert report.headers["content-type"] == "application/pdf"
    assert check(report.content) == []
    assert "format=xml" in page
    xml = client.get(f"/api/v1/documents/{stored.id}/verification-report?format=xml")
    assert xml.headers["content-type"] == "application/xml"
    assert b"urn:etsi:019102:mainindication:total-passed" in xml.content
    assert client.get("/api/v1/documents/nothing/verification-report").status_code == 404
    plain = office.receive(make_sample("quyet_dinh", 33))
    none = f"/api/v1/documents/{plain.id}/verification-report?format=xml"
    assert "chữ ký" in client.get(none).json()["detail"]
    stranger = {"authorization": f"Bearer {office.token('stranger')}"}
    path = f"/api/v1/documents/{stored.id}/verification-report"
    assert client.get(path, headers=stranger).status_code == 404


def test_a_paper_that_came_in_signed_keeps_its_bytes(client, office, issuer):
    page = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.save(page)
    signed = issuer.sign(page.getvalue(), issuer.certificate("Người Ký"))
    office.reader.show(make_sample("quyet_dinh", 32))
    answer = client.post("/api/v1/scans", files={"file": ("den.pdf", signed, "application/pdf")})
    assert answer.status_code == 202
    office.run_jobs()
    scan = client.get(answer.headers["location"]).json()
    path = f"/api/v1/documents/{scan['document_ids'][0]}"
    assert client.get(f"{path}/file").content == signed
    told = client.get(path).json()
    assert (told["trust"], told["came_signed"]) == (4, True)
    assert told["trust_reason"] == "bản gốc điện tử có chữ ký số"
    assert told["sha256"] == told["evidence_sha256"] == hashlib.sha256(signed).hexdigest()


def test_a_sample_without_signature_says_so(client, tmp_path):
    plain = write_sample(make_sample("quyet_dinh", 33), tmp_path).read_bytes()
    body = send(client, plain).json()
    assert (body["conclusion"]["verdict"], body["signatures"]) == ("khong_co_chu_ky", [])
