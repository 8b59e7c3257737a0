"""Export, import elsewhere, compare: nothing may differ (users-want.md, row 41)."""

import time
import zipfile
from dataclasses import replace

import pytest
from boxes import PURPOSE, dossier_of, everything, export
from office import HERE, THERE, open_office

from storage.packages import ZipPackages
from storage.packages.checking import check_package
from workflows.domain.document import DocumentState
from workflows.domain.package import Order, PackagePurpose, Wanted
from workflows.domain.unit import Role
from workflows.errors import (
    Conflict,
    DamagedPackage,
    IllegalMove,
    InvalidValue,
    NotAllowed,
    NotFound,
)
from workflows.filing import NewDossier
from workflows.importing import differences
from workflows.ports.objects import content_sha256

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Each test makes a dossier of its own here."""
    return open_office(tmp_path_factory.mktemp("here"))


@pytest.fixture
def elsewhere(tmp_path):
    return open_office(tmp_path / "elsewhere")


@pytest.mark.parametrize(("kind", "bag"), [(PackagePurpose.AIP, False), (PackagePurpose.SIP, True)])
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
        events = [e for _, _, e in tx.audit.entries(limit=10_000)]
    mine = [e for e in events if e.facts.get("package") == written.name]
    exported = [e for e in mine if e.action.endswith(".exported")]
    assert {e.action for e in exported} == {"dossier.exported", "document.exported"}
    assert {e.purpose for e in exported} == {PURPOSE}
    assert {e.facts["sha256"] for e in exported} == {written.sha256}
    assert len(exported) == 3


def test_papers_of_another_unit_are_not_taken_in(office, elsewhere):
    written = export(office, dossier_of(office, 1))
    clerk_there = elsewhere.actor("stranger")
    archivist_there = replace(clerk_there, roles=frozenset({Role.ARCHIVIST}))
    for who, said in ((archivist_there, "Phường Mẫu"), (clerk_there, "cán bộ lưu trữ")):
        with pytest.raises(NotAllowed) as refused:
            elsewhere.station.imports.import_package(written.path, by=who)
        assert said in refused.value.shown


def test_a_unit_that_the_catalogue_calls_otherwise_is_refused(office, elsewhere):
    written = export(office, dossier_of(office, 1))
    with elsewhere.station.database.transaction() as tx:
        tx.catalogue.put(replace(HERE, name="Phường Khác"))
    with pytest.raises(InvalidValue):
        elsewhere.station.imports.import_package(written.path, by=elsewhere.actor("archivist"))


def test_what_stands_here_and_differs_is_never_written_over(office, elsewhere):
    dossier = dossier_of(office, 2)
    written = export(office, dossier)
    archivist, clerk = elsewhere.actor("archivist"), elsewhere.actor("clerk")
    taken = elsewhere.station.imports.import_package(written.path, by=archivist)
    with elsewhere.station.database.transaction() as tx:
        value = tx.fields.values(taken.added[0])["abstract"]
        tx.fields.put(replace(value, value="sửa ở nơi nhận", confirmed_by=clerk.id))
    before = everything(elsewhere, dossier.code)
    with pytest.raises(Conflict) as refused:
        elsewhere.station.imports.import_package(written.path, by=archivist)
    assert taken.added[0] in refused.value.shown and "trường" in refused.value.shown
    assert everything(elsewhere, dossier.code) == before


def test_a_holder_already_known_here_stays_the_one_holder(office, elsewhere):
    dossier = dossier_of(office, 1)
    clerk, archivist = elsewhere.actor("clerk"), elsewhere.actor("archivist")
    own = elsewhere.station.filing.open_dossier(
        NewDossier(
            procedure_code="1.001193",
            holder_name="Đặng Thị Mẫu",
            holder_number="051190000001",
            code="21907-260101-0009",
        ),
        by=clerk,
    )
    imports = elsewhere.station.imports
    taken = imports.import_package(export(office, dossier).path, by=archivist)
    (there, _), records = everything(elsewhere, dossier.code)
    assert there.holder_id == own.holder_id
    assert records[taken.added[0]].document.holder_id == own.holder_id
    again = imports.import_package(export(office, dossier).path, by=archivist)
    assert again.known == taken.added


def test_a_forged_paper_with_every_checksum_put_right_fails_by_its_signature(
    office, elsewhere, tmp_path
):
    """Whoever rewrites METS, records and hashes still cannot make the signature."""
    dossier = dossier_of(office, 1)
    package = export(office, dossier)
    _, records = everything(office, dossier.code)
    (record,) = records.values()
    honest = office.station.objects.get(record.document.evidence)
    forged = honest.replace(b"/Type /Page", b"/Type /PagE", 1)
    assert forged != honest
    path = tmp_path / "forged.zip"
    old, new = record.document.evidence.sha256, content_sha256(forged)
    with zipfile.ZipFile(package.path) as source, zipfile.ZipFile(path, "w") as made:
        contents = {i.filename: source.read(i) for i in source.infolist()}
        for name, content in contents.items():
            contents[name] = forged if content == honest else content
        # the same length, so only hashes change; three times, for the hashes of what holds hashes
        pairs = {old: new}
        for _ in range(4):
            for name, content in contents.items():
                before = content_sha256(content)
                for a, b in pairs.items():
                    content = content.replace(a.encode(), b.encode())
                    content = content.replace(a.upper().encode(), b.upper().encode())
                contents[name] = content
                after = content_sha256(content)
                if after != before:
                    pairs = {k: after if v == before else v for k, v in pairs.items()}
                    pairs[before] = after
        for name, content in contents.items():
            made.writestr(name, content)
    assert office.station.exports.check(path).faults == ()
    with pytest.raises(DamagedPackage) as refused:
        elsewhere.station.imports.import_package(path, by=elsewhere.actor("archivist"))
    assert record.document.id in refused.value.shown
    with elsewhere.station.database.read() as tx:
        assert tx.dossiers.find(elsewhere.actor("archivist").scope) == []


def test_papers_that_are_not_stored_yet_do_not_leave(office):
    dossier = dossier_of(office, 2)
    _, records = everything(office, dossier.code)
    one = next(iter(records.values())).document
    with office.station.database.transaction() as tx:
        tx.documents.save(replace(one, state=DocumentState.CODED))
    with pytest.raises(IllegalMove) as refused:
        export(office, dossier)
    assert one.id in refused.value.shown


def test_a_lost_object_stops_the_export_and_leaves_no_package(office):
    dossier = dossier_of(office, 2)
    _, records = everything(office, dossier.code)
    record = next(iter(records.values()))
    office.station.objects.erase(record.pages[0].image)
    before = sorted((office.folder / "packages").glob("*"))
    with pytest.raises(NotFound):
        export(office, dossier)
    assert sorted((office.folder / "packages").glob("*")) == before


def test_loose_papers_of_a_batch_leave_as_a_bundle(office, elsewhere):
    dossier = dossier_of(office, 3)
    _, records = everything(office, dossier.code)
    batch = office.station.batches.open("Hộp 12", 3, by=office.actor("archivist"))
    with office.station.database.transaction() as tx:
        for record in records.values():
            tx.documents.save(replace(record.document, batch_id=batch.id))
    written = office.station.exports.export(
        Wanted(batch_id=batch.id), Order(purpose=PURPOSE), by=office.actor("archivist")
    )
    assert written.type_name == "AIP_tailieu" and written.documents == 3
    archivist = elsewhere.actor("archivist")
    taken = elsewhere.station.imports.import_package(written.path, by=archivist)
    assert set(taken.added) == set(records) and taken.dossier_code is None
    assert elsewhere.station.batches.progress(batch.id, by=archivist).received == 3


@pytest.mark.timeout(900)
def test_two_hundred_papers_leave_check_and_come_back_without_a_difference(office, elsewhere):
    dossier = dossier_of(office, 200)
    began = time.perf_counter()
    written = export(office, dossier, bag=True)
    exported = time.perf_counter()
    assert written.documents == 200
    assert office.station.exports.check(written.path).good
    checked = time.perf_counter()
    taken = elsewhere.station.imports.import_package(written.path, by=elsewhere.actor("archivist"))
    imported = time.perf_counter()
    assert len(taken.added) == 200
    (here, mine), (there, theirs) = (
        everything(office, dossier.code),
        everything(elsewhere, dossier.code),
    )
    assert here == there and mine.keys() == theirs.keys()
    assert [i for i in mine if differences(mine[i], theirs[i])] == []
    again = elsewhere.station.imports.import_package(written.path, by=elsewhere.actor("archivist"))
    assert again.added == () and len(again.known) == 200
    print(
        f"200 papers: export {exported - began:.1f} s, check {checked - exported:.1f} s, "
        f"import {imported - checked:.1f} s, {written.size / 1e6:.1f} MB"
    )


def test_the_history_recorded_elsewhere_goes_along_from_hand_to_hand(office, elsewhere, tmp_path):
    """Exported here, imported there, exported there again: who did what here is still in it."""
    dossier = dossier_of(office, 1)
    first = export(office, dossier)
    archivist = elsewhere.actor("archivist")
    elsewhere.station.imports.import_package(first.path, by=archivist)
    second = export(elsewhere, dossier)
    third_office = open_office(tmp_path / "third")
    third_office.station.imports.import_package(second.path, by=third_office.actor("archivist"))
    third = export(third_office, dossier)
    told = []
    for office_, written in ((office, first), (elsewhere, second), (third_office, third)):
        with office_.station.exports.packages.open(written.path) as opened:
            told.append(([(e.hash, e.event) for e in opened.events], dict(opened.around.people)))
    (events1, people1), (events2, people2), (events3, people3) = told
    assert events1 and [e for e in events1 if e in events2] == events1
    assert [e for e in events2 if e in events3] == events2
    imported = [e.action for _, e in events3 if e.action.endswith(".imported")]
    assert sorted(imported) == ["document.imported"] * 2 + ["dossier.imported"] * 2
    assert people1.items() <= people2.items() and people1.items() <= people3.items()


class Keeping:
    """Packages that only remember what they were asked to write."""

    def write(self, package):
        self.package = package
        raise KeyboardInterrupt


def asked_for(office, dossier):
    """The package as the desk hands it over to be written."""
    spy = Keeping()
    with pytest.raises(KeyboardInterrupt):
        replace(office.station.exports, packages=spy).export(
            Wanted(dossier_code=dossier.code), Order(purpose="x"), by=office.actor("archivist")
        )
    return spy.package


def test_a_package_cannot_reach_papers_that_are_not_its_own(office, elsewhere, tmp_path):
    victim = everything(office, dossier_of(office, 1).code)[1]
    (other,) = victim
    honest = asked_for(office, dossier_of(office, 1))
    (record,) = honest.documents
    document, archivist = record.document, elsewhere.actor("archivist")

    def changed(folder, **changes):
        """Sound in itself; its one record says something else."""
        made = replace(honest, documents=(replace(record, **changes),))
        return ZipPackages(tmp_path / folder, office.station.objects).write(made).path

    heads = replace(document.original, key=f"audit/{document.original.sha256}")
    evil = [
        {"fields": tuple(replace(v, document_id=other) for v in record.fields)},
        {"pages": tuple(replace(p, document_id=other) for p in record.pages)},
        {"signed_copies": tuple(replace(c, document_id=other) for c in record.signed_copies)},
        {"filings": tuple(replace(f, dossier_id=other) for f in record.filings)},
        {"scan": replace(record.scan, document_ids=(other,))},
        {"document": replace(document, state=DocumentState.RECEIVED)},
        {"document": replace(document, holder_id=other)},
        {"document": replace(document, batch_id=other)},
        {"document": replace(document, copy=heads)},
        {"document": replace(document, original=heads)},
    ]
    content = office.station.objects.get(document.original)
    office.station.objects.put(heads.key, content, "application/pdf")
    for n, changes in enumerate(evil):
        path = changed(str(n), **changes)
        assert check_package(path).good
        with pytest.raises(DamagedPackage) as refused:
            elsewhere.station.imports.import_package(path, by=archivist)
        assert "không khớp" in refused.value.shown, changes
    foreign = replace(document, unit_id=THERE.id)
    path = changed("unit", document=foreign)
    with pytest.raises(NotAllowed):
        elsewhere.station.imports.import_package(path, by=archivist)
    with elsewhere.station.database.read() as tx:
        assert tx.dossiers.find(archivist.scope) == []
    assert not list(elsewhere.station.objects.list("audit/" + document.original.sha256))


def test_a_result_code_given_here_already_is_a_conflict_and_changes_nothing(office, elsewhere):
    dossier = dossier_of(office, 1)
    own = dossier_of(elsewhere, 1)
    (mine,) = everything(office, dossier.code)[1].values()
    (theirs,) = everything(elsewhere, own.code)[1].values()
    with elsewhere.station.database.transaction() as tx:
        tx.documents.save(replace(theirs.document, result_code=mine.document.result_code))
    before = everything(elsewhere, own.code)
    with pytest.raises(Conflict) as refused:
        elsewhere.station.imports.import_package(
            export(office, dossier).path, by=elsewhere.actor("archivist")
        )
    assert refused.value.shown.startswith(("Giấy tờ ", "Hồ sơ "))
    assert everything(elsewhere, own.code) == before
