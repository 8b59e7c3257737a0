"""The same road in the office's shape: PostgreSQL and an S3 server instead of files."""

import itertools

import numpy as np
import pytest
from office import PURPOSE, make_sample, open_office
from pydantic import SecretStr
from servers.postgresql import postgresql  # noqa: F401
from servers.s3 import s3_server  # noqa: F401

from service.samples.invented import make_person
from workflows.domain.document import DocumentFilter, DocumentState
from workflows.domain.dossier import FilingOrigin, FilingRole
from workflows.filing import NewDossier
from workflows.reuse import ReuseQuestion

pytestmark = [pytest.mark.slow, pytest.mark.requires_postgresql, pytest.mark.requires_s3]
_buckets = itertools.count()


@pytest.fixture
def office(tmp_path, postgresql, s3_server):  # noqa: F811
    bucket = f"road-{next(_buckets)}"
    s3_server.store(bucket)
    return open_office(
        tmp_path,
        database_url=postgresql.database(),
        object_store="s3",
        s3_endpoint=s3_server.settings.endpoint,
        s3_access_key=s3_server.settings.access_key,
        s3_secret_key=SecretStr(s3_server.settings.secret_key),
        s3_bucket=bucket,
        s3_secure=False,
    )


def test_the_road_ends_in_a_stored_signed_reusable_paper(office):
    citizen = make_person(np.random.default_rng(3))
    stored = office.store(make_sample("giay_khai_sinh", 3, holder=citizen))
    assert stored.state is DocumentState.STORED
    clerk = office.actor("clerk")
    dossiers = [
        office.station.filing.open_dossier(
            NewDossier(procedure_code=code, holder_name=citizen.name, holder_number=citizen.number),
            by=clerk,
        )
        for code in ("1.001193", "1.004873")
    ]
    office.station.filing.file(
        stored,
        dossiers[0],
        role=FilingRole.RESULT,
        origin=FilingOrigin.SCANNED,
        component_code=None,
        by=clerk,
    )
    before = sorted(o.key for o in office.station.objects.list(""))
    offers = office.station.reuse.find(
        ReuseQuestion(purpose=PURPOSE, holder_number=citizen.number, procedure_code="1.004873"),
        by=clerk,
    )
    assert [o.document.id for o in offers] == [stored.id] and offers[0].valid
    office.station.filing.file(
        offers[0].document,
        dossiers[1],
        role=FilingRole.COMPONENT,
        origin=FilingOrigin.REUSED,
        component_code="TP02",
        by=clerk,
    )
    assert sorted(o.key for o in office.station.objects.list("")) == before
    for asked in ("khai sinh", "GIẤY KHAI SINH", citizen.name.lower()):
        hits = office.station.shelf.find(DocumentFilter(text=asked), by=clerk).hits
        assert [h.document.id for h in hits] == [stored.id], asked
    proof = office.station.audit.verify()
    assert proof.whole and proof.heads == proof.entries > 10


def test_the_same_bytes_twice_are_one_document(office):
    sample = make_sample("quyet_dinh", 1)
    assert office.receive(sample).id == office.receive(sample).id
    assert len(list(office.station.objects.list("orig/"))) == 1
