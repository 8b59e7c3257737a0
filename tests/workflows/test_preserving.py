"""What is owed to a stored signature is paid later: an authority down, a stamp that ages."""

import datetime as dt

import pytest
from office import make_sample, open_office
from servers.ports import free_port

from storage.signing.preserve import PyHankoPreserver
from workflows.domain.signature import SignatureState
from workflows.errors import StaleVersion, TimeStampUnavailable

pytestmark = pytest.mark.slow


@pytest.fixture
def office(tmp_path):
    return open_office(tmp_path)


def revisions(office, document):
    with office.station.database.read() as tx:
        return list(tx.signed_copies.revisions(document.id))


def actions(office, document):
    with office.station.database.read() as tx:
        return [e.action for _, _, e in tx.audit.entries(subject_id=document.id)]


def test_a_stored_paper_reaches_b_lta_by_itself(office):
    stored = office.store(make_sample("quyet_dinh", 2))
    first, last = revisions(office, stored)
    assert (first.level, last.level) == ("B-T", "B-LTA")
    assert (last.signed_by, last.signer_name) == ("system", first.signer_name)
    assert last.object == stored.evidence
    content = {r: office.station.objects.get(r.object) for r in (first, last)}
    assert content[last].startswith(content[first])
    assert "document.preserved" in actions(office, stored)
    reports = office.station.copying.verify(stored)
    assert {r.state for r in reports} == {SignatureState.VALID}
    assert office.station.preserving.due() == []
    assert office.station.preserving.ask() == 0


class Stamps:
    """The office's own authority, switched off and on."""

    def __init__(self, office):
        self.preserver = office.station.preserving.preserver
        self.real = self.preserver._stamper
        self.signer = office.station.copying.signer

    def off(self):
        from storage.signing.time_stamping import PatientTimeStamper

        url = f"http://127.0.0.1:{free_port()}/"
        self.signer._stamper = self.preserver._stamper = PatientTimeStamper(url)

    def on(self):
        self.signer._stamper = self.preserver._stamper = self.real


def test_an_authority_that_is_down_delays_nobody_and_is_asked_again(office):
    stamps = Stamps(office)
    stamps.off()
    stored = office.store(make_sample("quyet_dinh", 2))
    assert [r.level for r in revisions(office, stored)] == ["B-B"]
    [owed] = office.station.preserving.due()
    assert owed.document_id == stored.id
    with pytest.raises(TimeStampUnavailable):
        office.station.preserving.preserve(f"{stored.id}@now")
    assert office.document(stored.id) == stored, "a failed try changes nothing"
    stamps.on()
    assert office.station.preserving.ask() == 1
    office.run_jobs()
    assert [r.level for r in revisions(office, stored)] == ["B-B", "B-LTA"]
    assert office.station.preserving.due() == []


def test_an_ageing_archive_time_stamp_gets_another_over_it(office):
    stored = office.store(make_sample("quyet_dinh", 2))
    preserving = office.station.preserving
    ends = revisions(office, stored)[-1].stamp_ends

    class Later:
        def now(self):
            return ends - dt.timedelta(days=90)

    object.__setattr__(preserving, "clock", Later())
    assert [c.document_id for c in preserving.due()] == [stored.id]
    before = office.station.objects.get(stored.evidence)
    preserving.preserve(f"{stored.id}@2036")
    renewed = office.document(stored.id)
    after = office.station.objects.get(renewed.evidence)
    assert after.startswith(before)
    assert after.count(b"/DocTimeStamp") == before.count(b"/DocTimeStamp") + 1
    assert len(revisions(office, stored)) == 3


def test_who_signs_meanwhile_is_not_overwritten(office, monkeypatch):
    stamps = Stamps(office)
    stamps.off()
    stored = office.store(make_sample("quyet_dinh", 2))
    stamps.on()
    real = PyHankoPreserver.augment

    def slowly(self, pdf, level):
        with office.station.database.transaction() as tx:
            tx.documents.save(office.document(stored.id))
        return real(self, pdf, level)

    monkeypatch.setattr(PyHankoPreserver, "augment", slowly)
    with pytest.raises(StaleVersion):
        office.station.preserving.preserve(f"{stored.id}@now")
    assert [r.level for r in revisions(office, stored)] == ["B-B"]


def test_a_paper_that_came_signed_is_left_as_it_is(office):
    assert office.station.preserving.preserve  # the job finds no revision of ours
    received = office.receive(make_sample("quyet_dinh", 2))
    said = office.station.preserving.preserve(f"{received.id}@now")
    assert said == "nothing of ours to preserve"


def test_a_signed_paper_nobody_goes_on_with_is_not_forgotten(office):
    received = office.receive(make_sample("quyet_dinh", 2))
    office.station.copying.sign(received, by=office.actor("clerk"))
    preserving = office.station.preserving
    assert preserving.due() == [], "a clerk works on it"

    class Later:
        def now(self):
            return dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)

    object.__setattr__(preserving, "clock", Later())
    assert [c.document_id for c in preserving.due()] == [received.id]
