"""tus: whatever breaks on the way, the bytes that arrive are the bytes that were sent."""

import base64
import random

import pytest
from fastapi.testclient import TestClient
from office import make_sample, open_office

from service.app import create_app
from service.samples import write_sample
from storage.objects import UploadFolder
from workflows.errors import Conflict, NotFound, TooLarge

TYPE = {"content-type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def client(office):
    client = TestClient(create_app(office.station))
    client.headers |= {"authorization": f"Bearer {office.token('clerk')}", "tus-resumable": "1.0.0"}
    return client


def begin(client, length, name="tờ trình.pdf"):
    metadata = f"filename {base64.b64encode(name.encode()).decode()}"
    headers = {"upload-length": str(length), "upload-metadata": metadata}
    answer = client.post("/api/v1/uploads", headers=headers)
    assert answer.status_code == 201 and answer.headers["tus-resumable"] == "1.0.0"
    return answer.headers["location"]


def send(client, location, offset, content):
    return client.patch(location, content=content, headers=TYPE | {"upload-offset": str(offset)})


def test_an_upload_in_pieces_becomes_the_same_document_as_in_one(client, office):
    """T12, f41: stale offsets are refused, the bytes are equal."""
    sample = make_sample("quyet_dinh", 71)
    content = write_sample(sample, office.folder).read_bytes()
    office.reader.show(sample)
    location = begin(client, len(content))
    at, cuts = 0, random.Random(1)
    while at < len(content):
        piece = content[at : at + cuts.randint(1, len(content) // 5)]
        assert send(client, location, at + 1, piece).status_code == 409  # a stale offset
        answer = send(client, location, at, piece)
        assert answer.status_code == 204
        at += len(piece)
        assert answer.headers["upload-offset"] == str(at)
        if at < len(content):
            assert client.head(location).headers["upload-offset"] == str(at)
    scan = client.get(answer.headers["content-location"]).json()
    document = office.document(scan["document_ids"][0])
    assert document.file_name == "tờ trình.pdf"
    original = client.get(f"/api/v1/documents/{document.id}/original").content
    assert original == content
    assert client.head(location).status_code == 404


def test_too_much_too_long_and_another_persons_upload_are_refused(client, office):
    location = begin(client, 10)
    assert send(client, location, 0, b"x" * 11).status_code == 413
    other = {"authorization": f"Bearer {office.token('digitizer')}"}
    assert client.head(location, headers=other).status_code == 404
    huge = client.post("/api/v1/uploads", headers={"upload-length": str(1 << 40)})
    assert huge.status_code == 413
    assert client.patch(location, content=b"x", headers={"upload-offset": "0"}).status_code == 422
    assert client.delete(location).status_code == 204
    assert client.head(location).status_code == 404


def test_a_bad_file_is_refused_with_its_reason_when_it_is_whole(client):
    location = begin(client, 6)
    answer = send(client, location, 0, b"<html>")
    assert (answer.status_code, answer.json()["code"]) == (415, "khong_phai_tai_lieu")


def test_what_arrived_before_a_break_is_kept_at_any_offset(tmp_path):
    """T12, f40: cut at any offset."""
    folder, content = UploadFolder(tmp_path), bytes(range(256)) * 40
    upload = folder.create("me", len(content), "a.pdf")

    def breaking(piece):
        yield piece
        raise RuntimeError

    at = 0
    for _ in range(100):
        with pytest.raises(RuntimeError):
            folder.append(upload, at, breaking(content[at : at + 97]))
        _, at = UploadFolder(tmp_path).get(upload.id, "me")
    folder.append(upload, at, iter([content[at:]]))
    assert folder.content(upload).read_bytes() == content
    with pytest.raises(Conflict):
        folder.append(upload, 0, iter([b"x"]))
    with pytest.raises(TooLarge):
        folder.append(upload, len(content), iter([b"x"]))
    for other in ("../../etc/passwd", "unknown"):
        with pytest.raises(NotFound):
            folder.get(other, "me")
    assert folder.sweep(older_than_s=0) == 1
    with pytest.raises(NotFound):
        folder.get(upload.id, "me")
