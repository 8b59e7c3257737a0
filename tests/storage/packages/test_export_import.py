"""Export, import elsewhere, compare: nothing may differ (users-want.md, row 41)."""

import pytest
from boxes import PURPOSE, dossier_of, export
from office import open_office

from workflows.domain.package import Order, PackagePurpose
from workflows.domain.unit import EVERYWHERE
from workflows.errors import InvalidValue
from workflows.export import Wanted, gather
from workflows.importing import differences


@pytest.fixture
def office(tmp_path):
    return open_office(tmp_path / "here")


@pytest.fixture
def elsewhere(tmp_path):
    return open_office(tmp_path / "elsewhere")


def everything(office, code):
    """The dossier and the record of each paper in it, by id."""
    with office.station.database.read() as tx:
        dossier = tx.dossiers.by_code(code, EVERYWHERE)
        filings = tx.filings.of_dossier(dossier.id)
        documents = [tx.documents.get(f.document_id, EVERYWHERE) for f in filings]
        holder = tx.holders.get(dossier.holder_id)
        return (dossier, holder), {d.id: gather(tx, d, dossier) for d in documents}


@pytest.mark.parametrize("kind", PackagePurpose)
@pytest.mark.parametrize("bag", [False, True])
def test_a_package_imported_elsewhere_shows_no_difference(office, elsewhere, kind, bag):
    dossier = dossier_of(office, 5, pages=2)
    written = export(office, dossier, kind=kind, bag=bag)
    assert office.station.exports.check(written.path).faults == ()
    archivist = elsewhere.actor("archivist")
    taken = elsewhere.station.imports.import_package(written.path, by=archivist)
    assert len(taken.added) == written.documents == 5
    here, mine = everything(office, dossier.code)
    there, theirs = everything(elsewhere, dossier.code)
    assert here == there
    assert mine.keys() == theirs.keys()
    for document_id, record in mine.items():
        assert differences(record, theirs[document_id]) == ()
        for stored in record.objects:
            assert elsewhere.station.objects.get(stored) == office.station.objects.get(stored)


def test_importing_twice_changes_nothing(office, elsewhere):
    dossier = dossier_of(office, 2)
    written = export(office, dossier)
    archivist = elsewhere.actor("archivist")
    first = elsewhere.station.imports.import_package(written.path, by=archivist)
    before = everything(elsewhere, dossier.code)
    again = elsewhere.station.imports.import_package(written.path, by=archivist)
    assert again.added == () and set(again.known) == set(first.added)
    assert everything(elsewhere, dossier.code) == before


def test_an_export_without_purpose_is_refused(office):
    dossier = dossier_of(office, 1)
    with pytest.raises(InvalidValue):
        office.station.exports.export(
            Wanted(dossier_code=dossier.code), Order(purpose=" "), by=office.actor("archivist")
        )


def test_every_export_is_logged_with_its_purpose(office):
    dossier = dossier_of(office, 2)
    written = export(office, dossier)
    with office.station.database.read() as tx:
        events = [e for _, _, e in tx.audit.entries(limit=1000)]
    exported = [e for e in events if e.action.endswith(".exported")]
    assert {e.action for e in exported} == {"dossier.exported", "document.exported"}
    assert {e.purpose for e in exported} == {PURPOSE}
    assert {e.facts["sha256"] for e in exported} == {written.sha256}
    assert len(exported) == 3
