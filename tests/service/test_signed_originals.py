"""Real papers that came in signed: kept byte for byte, given out byte for byte, weighed truly."""

import csv
import hashlib

import pikepdf
import pytest
from fastapi.testclient import TestClient
from office import make_sample, open_office

from service.app import create_app
from workflows.domain.document import TrustLevel
from workflows.intake import Arrival

pytestmark = [pytest.mark.slow, pytest.mark.shared_data]


def test_every_signed_original_keeps_its_bytes_through_intake(shared_data, tmp_path):
    with (shared_data / "SIGNATURES.tsv").open(encoding="utf-8") as rows:
        counts: dict[str, int] = {}
        for row in csv.DictReader(rows, delimiter="\t"):
            counts[row["file"]] = counts.get(row["file"], 0) + 1
    assert (len(counts), sum(counts.values())) == (18, 39)
    office = open_office(tmp_path, render_dpi=72)
    office.reader.show(make_sample("quyet_dinh", 1))
    client = TestClient(create_app(office.station), raise_server_exceptions=False)
    client.headers["authorization"] = f"Bearer {office.token('clerk')}"
    clerk = office.actor("clerk")

    def receive(name: str) -> str:
        content = (shared_data / name).read_bytes()
        scan = office.station.intake.receive(
            iter([content]), Arrival(file_name=name.rsplit("/", 1)[-1]), by=clerk
        )
        path = f"/api/v1/documents/{scan.document_ids[0]}"
        given = client.get(f"{path}/original").content
        assert hashlib.sha256(given).digest() == hashlib.sha256(content).digest(), name
        assert client.get(path).json()["came_signed"], name
        return path

    short = [name for name in counts if pages(shared_data / name) <= 2][:5]
    assert len(short) == 5
    for name in short:  # these go the whole road
        path = receive(name)
        office.run_jobs()
        given = client.get(f"{path}/file").content
        assert given == (shared_data / name).read_bytes(), name
        # nobody here believes the governmental root yet: an image until an administrator does
        told = client.get(path).json()
        assert told["trust"] == TrustLevel.IMAGE
        assert told["trust_reason"], name
    for name in counts.keys() - set(short):
        receive(name)


def pages(path) -> int:
    with pikepdf.open(path) as pdf:
        return len(pdf.pages)
