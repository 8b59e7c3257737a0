"""Thùng cách ly: what could not be opened or read is seen, tried again, given back or dropped."""

import io

import pikepdf
import pytest
from fastapi.testclient import TestClient
from office import make_sample, open_office
from typer.testing import CliRunner

from service.app import create_app
from service.cli import app
from service.samples import write_sample
from workflows.domain.document import ReadingStatus
from workflows.errors import DamagedDocument, SecretDocument, StorageFull
from workflows.intake import Arrival


@pytest.fixture
def office(tmp_path):
    return open_office(tmp_path)


@pytest.fixture
def client(office):
    return TestClient(create_app(office.station), follow_redirects=False)


@pytest.fixture
def clerk(office):
    return {"authorization": f"Bearer {office.token('clerk')}"}


def locked():
    """A whole PDF with a password."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out, encryption=pikepdf.Encryption(owner="x", user="y"))
    return out.getvalue()


def refuse(office, content, name="đơn.pdf"):
    with pytest.raises(Exception) as refused:
        office.station.intake.receive(
            iter([content]), Arrival(file_name=name, source="ftp"), by=office.actor("clerk")
        )
    return refused.value.code


def actions(office):
    with office.station.database.read() as tx:
        return [e.action for _, _, e in tx.audit.entries(limit=1000)]


def test_what_could_not_be_opened_is_listed_with_its_reason_to_its_unit_alone(
    office, client, clerk
):
    assert refuse(office, locked()) == "tai_lieu_co_mat_khau"
    (row,) = client.get("/api/v1/quarantine", headers=clerk).json()
    assert (row["file_name"], row["code"], row["source"]) == (
        "đơn.pdf",
        "tai_lieu_co_mat_khau",
        "ftp",
    )
    stranger = {"authorization": f"Bearer {office.token('stranger')}"}
    assert client.get("/api/v1/quarantine", headers=stranger).json() == []
    for verb in ("retry", "discard"):
        body = {"json": {"reason": "không phải của tôi"}} if verb == "discard" else {}
        place = f"/api/v1/quarantine/{row['name']}/{verb}"
        assert client.post(place, headers=stranger, **body).status_code == 404
    for name in ("..", "%2e%2e%2fdata", row["name"] + ".reason.json"):
        path = f"/api/v1/quarantine/{name}/file"
        assert client.get(path, headers=clerk).status_code == 404, name


def test_a_second_try_receives_what_was_refused_for_a_cause_of_ours(
    office, client, clerk, monkeypatch
):
    """The sandbox was too tight that day; a file that stays unreadable stays, reason kept."""
    sample = make_sample("quyet_dinh", 1)
    office.reader.show(sample)
    content = write_sample(sample, office.folder).read_bytes()
    opener = type(office.station.intake.opener)
    with monkeypatch.context() as tight:
        tight.setattr(opener, "inspect", lambda *_: (_ for _ in ()).throw(DamagedDocument("x")))
        assert refuse(office, content) == "tai_lieu_hong"
    refuse(office, locked(), "khóa.pdf")
    rows = {
        r["file_name"]: r["name"] for r in client.get("/api/v1/quarantine", headers=clerk).json()
    }
    again = client.post(f"/api/v1/quarantine/{rows['khóa.pdf']}/retry", headers=clerk)
    assert (again.status_code, again.json()["code"]) == (422, "tai_lieu_co_mat_khau")
    done = client.post(f"/api/v1/quarantine/{rows['đơn.pdf']}/retry", headers=clerk)
    assert done.status_code == 202, done.text
    office.run_jobs()
    document = office.document(done.json()["document_ids"][0])
    assert document.reading is ReadingStatus.READ and document.unit_id == "here"
    assert office.station.objects.get(document.original) == content
    left = client.get("/api/v1/quarantine", headers=clerk).json()
    assert [r["file_name"] for r in left] == ["khóa.pdf"]
    assert "quarantine.received" in actions(office)


def test_a_store_that_is_full_loses_nothing_of_a_second_try(office, monkeypatch):
    refuse(office, b"%PDF-1.7\nbroken")
    desk, by = office.station.quarantine, office.actor("clerk")
    (kept,) = desk.files(by=by)
    content = write_sample(make_sample("quyet_dinh", 1), office.folder).read_bytes()
    kept.path.write_bytes(content)  # it opens now; the store does not take it

    def full(*_):
        raise StorageFull("planted")

    monkeypatch.setattr(type(office.station.objects), "put", full)
    with pytest.raises(StorageFull):
        desk.retry(kept.name, by=by)
    assert desk.files(by=by)[0].path.read_bytes() == content


def test_a_secrecy_mark_found_at_the_second_try_erases_the_file(office, monkeypatch):
    refuse(office, b"%PDF-1.7\nbroken")
    desk, by = office.station.quarantine, office.actor("clerk")
    (kept,) = desk.files(by=by)
    kept.path.write_bytes(write_sample(make_sample("quyet_dinh", 1), office.folder).read_bytes())
    monkeypatch.setattr(type(office.station.intake.secrecy), "mark_on", lambda *_: "MẬT")
    with pytest.raises(SecretDocument):
        desk.retry(kept.name, by=by)
    assert desk.files(by=by) == [] and not kept.path.exists()


def test_a_file_is_given_back_whole_and_dropped_only_with_a_reason(office, client, clerk):
    refuse(office, locked())
    (row,) = client.get("/api/v1/quarantine", headers=clerk).json()
    place = f"/api/v1/quarantine/{row['name']}"
    given = client.get(f"{place}/file", headers=clerk)
    assert given.headers["content-type"] == "application/octet-stream"
    assert given.headers["content-disposition"].startswith("attachment")
    assert len(given.content) == row["size"]
    short = client.post(f"{place}/discard", json={"reason": " x "}, headers=clerk)
    assert (short.status_code, short.json()["code"]) == (422, "gia_tri_khong_hop_le")
    asked = {"reason": "Người gửi đã gửi bản khác"}
    assert client.post(f"{place}/discard", json=asked, headers=clerk).status_code == 204
    assert client.get("/api/v1/quarantine", headers=clerk).json() == []
    assert not list((office.folder / "inbox/quarantine").iterdir())
    assert {"quarantine.taken", "quarantine.discarded"} <= set(actions(office))


def test_a_paper_whose_reading_failed_is_read_again_from_the_screen(
    office, client, clerk, monkeypatch
):
    sample = make_sample("quyet_dinh", 2)
    reading = type(office.station.road.reading)
    with monkeypatch.context() as ill:
        ill.setattr(reading, "extract", lambda *_: 1 / 0)
        document = office.receive(sample)
    assert document.reading is ReadingStatus.FAILED
    page = {
        "cookie": f"sohoa_session={office.token('clerk')}",
        "sec-fetch-site": "same-origin",
        "accept": "text/html",
    }
    for place in ("/quarantine", f"/documents/{document.id}"):
        shown = client.get(place, headers=page).text
        assert "Máy gặp lỗi khi đọc" in shown and "Đọc lại</button>" in shown
    for _ in "12":  # it may fail again, and be asked again
        with monkeypatch.context() as ill:
            ill.setattr(reading, "extract", lambda *_: 1 / 0)
            sent = client.post(f"/documents/{document.id}/reread", headers=page)
            assert sent.status_code == 303
            office.run_jobs()
        assert office.document(document.id).reading is ReadingStatus.FAILED
    client.post(f"/documents/{document.id}/reread", headers=page)
    office.run_jobs()
    assert office.document(document.id).reading is ReadingStatus.READ
    refused = client.post(f"/api/v1/documents/{document.id}/reread", headers=clerk)
    assert (refused.status_code, refused.json()["code"]) == (409, "sai_buoc")


def test_the_screen_and_the_command_line_try_again_and_drop(office, client, monkeypatch):
    monkeypatch.setenv("SOHOA_DATA_DIR", str(office.folder))
    refuse(office, locked())
    (kept,) = office.station.quarantine.files(by=office.actor("clerk"))
    page = {
        "cookie": f"sohoa_session={office.token('clerk')}",
        "sec-fetch-site": "same-origin",
        "accept": "text/html",
    }
    shown = client.get("/quarantine", headers=page).text
    assert "đơn.pdf" in shown and "mật khẩu" in shown and "Thử nhận lại" in shown
    still = client.post(f"/quarantine/{kept.name}/retry", headers=page)
    assert still.status_code == 422 and "tai_lieu_co_mat_khau" in still.text
    watcher = page | {"cookie": f"sohoa_session={office.token('checker')}"}
    assert "Thử nhận lại" not in client.get("/quarantine", headers=watcher).text
    run = CliRunner().invoke
    listed = run(app, ["quarantine", "list", "--as", "clerk"])
    assert kept.name in listed.stdout and "tai_lieu_co_mat_khau" in listed.stdout
    failed = run(app, ["quarantine", "retry", "--all", "--as", "clerk"])
    assert failed.exit_code == 9 and "tai_lieu_co_mat_khau" in failed.stderr
    gone = run(app, ["quarantine", "discard", kept.name, "--reason", "đã gửi lại", "--as", "clerk"])
    assert gone.exit_code == 0, gone.stderr
    assert "trống" in run(app, ["quarantine", "list", "--as", "clerk"]).stderr
    assert run(app, ["quarantine", "retry", "--as", "clerk"]).exit_code == 2
