"""The straight road on real adapters: a paper in, a signed, stored, reusable result out."""

from dataclasses import replace
from io import BytesIO

import pikepdf
import pytest
from office import PURPOSE, make_sample, open_office

from service.samples.invented import make_person
from workflows.confirming import readings_of
from workflows.domain.document import DocumentFilter, DocumentState, ReadingStatus, TrustLevel
from workflows.domain.dossier import FilingOrigin, FilingRole
from workflows.domain.signature import SignatureState
from workflows.errors import (
    Conflict,
    IdempotencyMismatch,
    IllegalMove,
    InvalidValue,
    NotFound,
    SecretDocument,
)
from workflows.filing import NewDossier
from workflows.intake import Arrival
from workflows.reuse import ReuseQuestion


@pytest.fixture
def office(tmp_path):
    return open_office(tmp_path)


def test_a_paper_goes_the_whole_road_and_is_used_again_without_a_second_copy(office):
    import numpy as np

    citizen = make_person(np.random.default_rng(3))
    stored = office.store(make_sample("giay_khai_sinh", 3, holder=citizen))
    clerk = office.actor("clerk")
    assert stored.state is DocumentState.STORED
    assert stored.trust is TrustLevel.SIGNED_SCAN
    assert stored.result_code.startswith("KQ.21907.")
    assert stored.awaiting_org_signature  # a certificate needs the organisation's signature too

    new = NewDossier(
        procedure_code="1.001193", holder_name=citizen.name, holder_number=citizen.number
    )
    first = office.station.filing.open_dossier(new, by=clerk)
    office.station.filing.file(
        stored,
        first,
        role=FilingRole.RESULT,
        origin=FilingOrigin.SCANNED,
        component_code=None,
        by=clerk,
    )
    second = office.station.filing.open_dossier(
        NewDossier(
            procedure_code="1.004873", holder_name=citizen.name, holder_number=citizen.number
        ),
        by=clerk,
    )
    objects = sorted(o.key for o in office.station.objects.list(""))
    question = ReuseQuestion(
        purpose=PURPOSE, holder_number=citizen.number, procedure_code="1.004873"
    )
    offers = office.station.reuse.find(question, by=clerk)
    assert [o.document.id for o in offers] == [stored.id]
    assert offers[0].valid and offers[0].component_code == "TP02"
    assert offers[0].signatures[0].state is SignatureState.VALID
    office.station.filing.file(
        offers[0].document,
        second,
        role=FilingRole.COMPONENT,
        origin=FilingOrigin.REUSED,
        component_code="TP02",
        by=clerk,
    )
    assert sorted(o.key for o in office.station.objects.list("")) == objects
    view = office.station.filing.view(second)
    assert [s.filled for s in view.slots] == [False, True]
    counted = office.station.indicators.measure(None, None, by=clerk)
    assert (counted.dossiers, counted.reused) == (2, 1)


def test_another_persons_paper_cannot_be_reused(office):
    stored = office.store(make_sample("giay_khai_sinh", 4))
    clerk = office.actor("clerk")
    filing = office.station.filing
    own = filing.open_dossier(
        NewDossier(procedure_code="1.001193", holder_name="A", holder_number="051090000001"),
        by=clerk,
    )
    filing.file(
        stored,
        own,
        role=FilingRole.RESULT,
        origin=FilingOrigin.SCANNED,
        component_code=None,
        by=clerk,
    )
    other = filing.open_dossier(
        NewDossier(procedure_code="1.004873", holder_name="B", holder_number="051090000002"),
        by=clerk,
    )
    owned = office.document(stored.id)
    with pytest.raises(Conflict):
        filing.file(
            owned,
            other,
            role=FilingRole.COMPONENT,
            origin=FilingOrigin.REUSED,
            component_code="TP02",
            by=clerk,
        )


def test_the_same_bytes_twice_are_one_document(office):
    sample = make_sample("quyet_dinh", 1)
    assert office.receive(sample).id == office.receive(sample).id
    assert len(office.station.shelf.find(DocumentFilter(), by=office.actor("clerk")).hits) == 1


def test_the_same_key_with_other_bytes_is_refused(office):
    office.receive(make_sample("quyet_dinh", 1), idempotency_key="k")
    with pytest.raises(IdempotencyMismatch):
        office.receive(make_sample("quyet_dinh", 2), idempotency_key="k")
    assert len(office.station.shelf.find(DocumentFilter(), by=office.actor("clerk")).hits) == 1


def test_steps_cannot_be_taken_out_of_order(office):
    document, clerk = office.receive(make_sample("quyet_dinh", 1)), office.actor("clerk")
    with pytest.raises(IllegalMove):
        office.station.confirming.confirm(document, {}, by=clerk)
    signed = office.station.copying.sign(document, by=clerk)
    with pytest.raises(IllegalMove):
        office.station.copying.sign(signed, by=clerk)
    with pytest.raises(IllegalMove):
        office.station.filing.file(
            signed,
            None,
            role=FilingRole.RESULT,
            origin=FilingOrigin.SCANNED,
            component_code=None,
            by=clerk,
        )


def test_a_doubtful_field_nobody_looked_at_stops_the_confirmation(office):
    document, clerk = (
        office.receive(make_sample("thong_bao", 5, handwritten=True)),
        office.actor("clerk"),
    )
    signed = office.station.copying.sign(document, by=clerk)
    opened = office.station.shelf.open(document.id, by=clerk)
    assert opened.open_fields
    with pytest.raises(IllegalMove) as refused:
        office.station.confirming.confirm(signed, {}, by=clerk)
    assert "cần xem từng trường" in refused.value.shown
    assert office.document(document.id).state is DocumentState.CAPTURED


def test_an_impossible_value_is_refused_and_nothing_changes(office):
    document, clerk = office.receive(make_sample("quyet_dinh", 1)), office.actor("clerk")
    for name, value in (
        ("issued_on", "31/02/2024"),
        ("issued_on", "2199-01-01"),
        ("nonsense", "x"),
    ):
        with pytest.raises(InvalidValue):
            office.station.confirming.put_field(document, name, value, by=clerk)
    assert not office.station.shelf.open(document.id, by=clerk).values


def test_a_corrected_value_is_found_and_the_machines_reading_stays(office):
    document, clerk = office.receive(make_sample("quyet_dinh", 1)), office.actor("clerk")
    office.station.confirming.put_field(
        document, "abstract", "Về việc cấp nước sạch nông thôn", by=clerk
    )
    opened = office.station.shelf.open(document.id, by=clerk)
    assert opened.values["abstract"].corrected
    assert opened.readings["abstract"].value != opened.values["abstract"].value
    for asked in ("nước sạch", "nuoc sach", "NƯỚC SẠCH"):
        hits = office.station.shelf.find(DocumentFilter(text=asked), by=clerk).hits
        assert [h.document.id for h in hits] == [document.id]


def test_a_secret_paper_is_stopped_and_leaves_nothing(office):
    sample = make_sample("cong_van", 6, secrecy="MẬT")
    # TruthReader reads lines only; the stamp is one more line of the header
    sample.truth["lines"].insert(4, {"page": 1, "text": "MẬT", "box": [0.2, 0.16, 0.26, 0.18]})
    with pytest.raises(SecretDocument):
        office.receive(sample)
    assert list(office.station.objects.list("")) == []
    assert office.station.shelf.find(DocumentFilter(), by=office.actor("clerk")).hits == ()
    actions = [e.action for e in events(office)]
    assert actions == ["intake.secret"]


def events(office, subject_id=None):
    with office.station.database.read() as tx:
        return [e for _, _, e in tx.audit.entries(subject_id=subject_id, limit=1000)]


def test_fewer_pages_than_declared_sheets_are_held(office):
    document = office.receive(make_sample("giay_khai_sinh", 8), declared_sheets=3)
    assert document.state is DocumentState.SET_ASIDE
    assert "3 tờ" in document.set_aside_reason
    taken = office.station.shelf.take_up(document, by=office.actor("clerk"))
    assert taken.state is DocumentState.RECEIVED


def test_a_broken_file_is_refused_quarantined_and_the_next_is_unharmed(office):
    for content in (b"", b"<html>not a pdf</html>", b"%PDF-1.7\nbroken"):
        with pytest.raises(Exception) as refused:
            office.station.intake.receive(
                iter([content]), Arrival(file_name="x.pdf"), by=office.actor("clerk")
            )
        assert refused.value.code in ("khong_phai_tai_lieu", "tai_lieu_hong")
    assert office.receive(make_sample("quyet_dinh", 9)).reading is ReadingStatus.READ


def test_another_units_paper_does_not_exist(office):
    document = office.receive(make_sample("quyet_dinh", 1))
    with pytest.raises(NotFound):
        office.document(document.id, by="stranger")


def test_reuse_opens_exactly_the_offered_paper_to_another_unit(office):
    import numpy as np

    citizen = make_person(np.random.default_rng(5))
    stored = office.store(make_sample("giay_khai_sinh", 3, holder=citizen))
    hidden = office.store(make_sample("quyet_dinh", 4))
    clerk, stranger = office.actor("clerk"), office.actor("stranger")
    dossier = office.station.filing.open_dossier(
        NewDossier(procedure_code="1.001193", holder_name="A", holder_number=citizen.number),
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
    with pytest.raises(InvalidValue):
        office.station.reuse.find(
            ReuseQuestion(purpose=" ", holder_number=citizen.number), by=stranger
        )
    office.station.reuse.find(
        ReuseQuestion(purpose=PURPOSE, holder_number=citizen.number), by=stranger
    )
    assert office.document(stored.id, by="stranger").id == stored.id
    with pytest.raises(NotFound):
        office.document(hidden.id, by="stranger")


def test_an_identity_card_is_read_and_its_image_is_not_kept(office):
    document = office.receive(make_sample("cccd", 11))
    assert document.type_code in ("cccd", "can_cuoc")
    assert document.state is DocumentState.SET_ASIDE
    assert document.set_aside_reason == "presented_only"
    assert list(office.station.objects.list("")) == []
    opened = office.station.shelf.open(document.id, by=office.actor("clerk"))
    assert opened.pages == [] and opened.readings
    assert (
        office.station.shelf.find(DocumentFilter(text="căn cước"), by=office.actor("clerk")).hits
        == ()
    )


def test_a_paper_that_came_signed_keeps_its_bytes_and_needs_no_second_signature(office):
    clerk = office.actor("clerk")
    signed = office.store(make_sample("quyet_dinh", 12))
    content = office.station.shelf.content(signed, signed.evidence, by=clerk, purpose="thử")
    office.reader.show(make_sample("quyet_dinh", 12))
    scan = office.station.intake.receive(
        iter([content]), Arrival(file_name="da ky.pdf", source="upload"), by=clerk
    )
    office.run_jobs()
    document = office.document(scan.document_ids[0])
    assert document.came_signed and document.state is DocumentState.CAPTURED
    assert document.trust is TrustLevel.SIGNED_ORIGINAL
    assert document.evidence == document.original
    kept = office.station.shelf.content(document, document.evidence, by=clerk, purpose="thử")
    assert kept == content
    access = office.station.shelf.content(document, document.copy, by=clerk, purpose="thử")
    assert access.startswith(b"%PDF-") and access != content
    with pytest.raises(IllegalMove):
        office.station.copying.sign(document, by=clerk)


def test_another_type_chosen_by_hand_brings_its_own_fields(office):
    clerk = office.actor("clerk")
    paper = office.receive(make_sample("giay_khai_sinh", 5))

    def readings():
        with office.station.database.read() as tx:
            return readings_of(tx, office.document(paper.id))

    before = readings()
    name = before["full_name"].value
    assert name
    office.station.confirming.put_field(office.document(paper.id), "full_name", name, by=clerk)
    office.station.confirming.set_type(office.document(paper.id), "khac", by=clerk)
    assert "full_name" not in readings()
    back = office.station.confirming.set_type(office.document(paper.id), "giay_khai_sinh", by=clerk)
    assert {k: f.value for k, f in readings().items()} == {k: f.value for k, f in before.items()}
    with office.station.database.read() as tx:
        assert tx.fields.values(back.id)["full_name"].value == name, "what was confirmed stands"


def test_a_file_of_two_papers_has_a_bookmark_for_each(office):
    first, second = make_sample("quyet_dinh", 6), make_sample("bao_cao", 7)
    before = len(first.scans)
    lines = [row | {"page": row["page"] + before} for row in second.truth["lines"]]
    both = replace(
        first,
        scans=(*first.scans, *second.scans),
        truth=first.truth | {"lines": [*first.truth["lines"], *lines]},
    )
    document = office.receive(both)
    copy = BytesIO(office.station.objects.get(document.copy))
    with pikepdf.open(copy) as pdf, pdf.open_outline() as outline:
        titles = [item.title for item in outline.root]
        places = [pdf.pages.index(pikepdf.Page(item.destination[0])) for item in outline.root]
    assert [t.split(" ")[0] for t in titles] == ["Quyết", "Báo"]
    assert places == [0, before]
    alone = office.receive(make_sample("quyet_dinh", 8))
    with pikepdf.open(BytesIO(office.station.objects.get(alone.copy))) as pdf:
        assert "/Outlines" not in pdf.Root
