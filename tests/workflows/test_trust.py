"""Trust levels from the evidence, and what reuse makes of them when the evidence changes."""

import datetime as dt
from dataclasses import replace
from io import BytesIO

import pikepdf
import pytest
from office import PURPOSE, make_sample, open_office
from servers.issuer import Issuer

from workflows.domain.document import (
    Document,
    DocumentState,
    ReadingStatus,
    SignedCopy,
    StoredObject,
    TrustLevel,
)
from workflows.domain.dossier import Component, FilingOrigin, FilingRole
from workflows.domain.signature import SignatureReport, SignatureState, Verification
from workflows.errors import NotReusable
from workflows.filing import NewDossier
from workflows.intake import Arrival
from workflows.reuse import ReuseQuestion
from workflows.trust import NAMES, assess, required_trust

AT = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
OBJECT = StoredObject(key="k", sha256="0" * 64, size=1, media_type="application/pdf")
S, T = SignatureState, TrustLevel


def paper(**more) -> Document:
    given = {
        "id": "d",
        "scan_id": "s",
        "unit_id": "u",
        "original": OBJECT,
        "file_name": "f.pdf",
        "state": DocumentState.STORED,
        "reading": ReadingStatus.READ,
        "created_at": AT,
        "created_by": "c",
        **more,
    }
    return Document(**given)


def told(*states: SignatureState, purpose: str = "", stamps=()) -> Verification:
    def one(state, is_timestamp=False):
        return SignatureReport(
            field_name="f",
            signer_name="Người Ký",
            state=state,
            states=(state,),
            intact=True,
            trusted=True,
            covers_whole_file=True,
            signed_at=AT,
            digest="sha256",
            purpose=purpose,
            is_timestamp=is_timestamp,
        )

    return Verification(
        signatures=(*(one(s) for s in states), *(one(s, is_timestamp=True) for s in stamps))
    )


def copies(*profiles: str) -> list[SignedCopy]:
    return [
        SignedCopy(
            id=str(n),
            document_id="d",
            object=OBJECT,
            revision=n,
            profile=profile,
            signer_name="x",
            signed_by="x",
            signed_at=AT,
            level="B-T",
        )
        for n, profile in enumerate(profiles, 1)
    ]


OURS, SEALED = copies("ca_nhan"), copies("ca_nhan", "co_quan")
CASES = {
    "not signed at all": (paper(), told(), [], T.IMAGE),
    "our signature lost": (paper(), told(), OURS, T.IMAGE),
    "only a time stamp": (paper(came_signed=True), told(stamps=[S.VALID]), [], T.IMAGE),
    "personal signature": (paper(), told(S.VALID), OURS, T.SIGNED_SCAN),
    "personal signature, proven": (paper(), told(S.PROVEN), OURS, T.SIGNED_SCAN),
    "our own, revocation not at hand": (paper(), told(S.REVOCATION_UNKNOWN), OURS, T.SIGNED_SCAN),
    "sealed by the Unit": (paper(), told(S.VALID, S.VALID), SEALED, T.CERTIFIED_COPY),
    "waiting for the seal": (
        paper(awaiting_org_signature=True),
        told(S.VALID, S.VALID),
        SEALED,
        T.SIGNED_SCAN,
    ),
    "seal broken": (paper(), told(S.VALID, S.ALTERED), SEALED, T.IMAGE),
    "came signed": (paper(came_signed=True), told(S.VALID), [], T.SIGNED_ORIGINAL),
    "came signed twice": (paper(came_signed=True), told(S.VALID, S.PROVEN), [], T.SIGNED_ORIGINAL),
    "came as SAO Y": (
        paper(came_signed=True),
        told(S.VALID, purpose="SAO Y bản chính"),
        [],
        T.CERTIFIED_COPY,
    ),
    "came signed, stamp broken": (
        paper(came_signed=True),
        told(S.VALID, stamps=[S.ALTERED]),
        [],
        T.IMAGE,
    ),
    "from a national database": (paper(trust=T.DATABASE), told(), [], T.DATABASE),
} | {
    f"came signed, {state.value}": (paper(came_signed=True), told(S.VALID, state), [], T.IMAGE)
    for state in SignatureState
    if not state.holds
}


@pytest.mark.parametrize("case", CASES)
def test_levels(case):
    document, verification, revisions, expected = CASES[case]
    level, why = assess(document, verification, revisions)
    assert level is expected
    assert why


def test_a_printed_form_of_copy_on_page_one_makes_a_certified_copy():
    signed = paper(came_signed=True)
    for first, level in (
        ("SAO Y\nUBND xã A", T.CERTIFIED_COPY),
        ("TRÍCH SAO", T.CERTIFIED_COPY),
        ("Chứng thực bản sao đúng với bản chính", T.CERTIFIED_COPY),
        ("QUYẾT ĐỊNH về việc sao y bản chính các giấy tờ", T.SIGNED_ORIGINAL),
    ):
        assert assess(signed, told(S.VALID), [], first_page=first)[0] is level


def test_what_a_slot_asks_for():
    assert required_trust(None) is T.SIGNED_SCAN
    assert required_trust(Component(code="1", name="x")) is T.SIGNED_SCAN
    assert required_trust(Component(code="1", name="x", min_trust=4)) is T.SIGNED_ORIGINAL
    assert set(NAMES) == set(TrustLevel)


# On the road


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def office(tmp_path, issuer):
    issuer.put_trust(tmp_path / "roots", *issuer.lists())
    return open_office(tmp_path / "office", trust_dir=tmp_path / "roots")


CITIZEN = "051090000001"


def _incoming(office, content: bytes) -> Document:
    """A born-digital, signed paper, taken in and confirmed."""
    clerk = office.actor("clerk")
    office.reader.show(make_sample("giay_khai_sinh", 12))
    scan = office.station.intake.receive(
        iter([content]), Arrival(file_name="da ky.pdf", source="upload"), by=clerk
    )
    office.run_jobs()
    opened = office.station.shelf.open(scan.document_ids[0], by=clerk)
    values = {n: opened.readings[n].value for n in opened.open_fields}
    office.station.confirming.confirm(opened.document, values, by=clerk)
    office.run_jobs()
    return office.document(scan.document_ids[0])


def _page() -> bytes:
    pdf, out = pikepdf.new(), BytesIO()
    pdf.add_blank_page(page_size=(595, 842))
    pdf.save(out)
    return out.getvalue()


def _held(office, document: Document, number: str = CITIZEN):
    clerk = office.actor("clerk")
    dossier = office.station.filing.open_dossier(
        NewDossier(procedure_code="1.001193", holder_name="A", holder_number=number), by=clerk
    )
    office.station.filing.file(
        document,
        dossier,
        role=FilingRole.RESULT,
        origin=FilingOrigin.UPLOADED,
        component_code=None,
        by=clerk,
    )
    return office.document(document.id)


def _ask(office, **more):
    question = ReuseQuestion(purpose=PURPOSE, holder_number=CITIZEN, **more)
    return office.station.reuse.find(question, by=office.actor("clerk"))


def test_a_revoked_original_is_no_longer_offered_and_the_reason_is_told(office, issuer, tmp_path):
    person = issuer.certificate("Người Ký")
    document = _held(office, _incoming(office, issuer.sign(_page(), person)))
    assert (document.trust, document.trust_reason) == (T.SIGNED_ORIGINAL, NAMES[T.SIGNED_ORIGINAL])
    [offer] = _ask(office)
    assert offer.valid

    issuer.put_trust(tmp_path / "roots", *issuer.lists(revoked=[(person, -1)]))
    [offer] = _ask(office)
    assert not offer.valid
    assert "Chứng thư bị thu hồi" in offer.withheld
    document = office.document(document.id)
    assert (document.trust, document.trust_reason) == (
        T.IMAGE,
        "Chứng thư bị thu hồi (Người Ký). 0/1 chữ ký hợp lệ.",
    )
    clerk = office.actor("clerk")
    other = office.station.filing.open_dossier(
        NewDossier(procedure_code="1.004873", holder_name="A", holder_number=CITIZEN), by=clerk
    )
    with pytest.raises(NotReusable, match="mức tin cậy 1: "):
        office.station.filing.file(
            document,
            other,
            role=FilingRole.COMPONENT,
            origin=FilingOrigin.REUSED,
            component_code="TP02",
            by=clerk,
        )
    with office.station.database.read() as tx:
        entries = [e for _, _, e in tx.audit.entries(subject_id=document.id)]
    logged = [e for e in entries if e.action == "document.trust_changed"]
    assert [(e.facts["before"], e.facts["after"]) for e in logged] == [(4, 1)]

    issuer.put_trust(tmp_path / "roots", *issuer.lists())
    [offer] = _ask(office)
    assert offer.valid, "a mistaken list that was put right"


def test_an_unknown_issuer_becomes_trusted_when_its_root_is_laid_down(office, tmp_path):
    stranger = Issuer()
    content = stranger.sign(_page(), stranger.certificate("Người Ký", announced=False))
    document = _held(office, _incoming(office, content))
    assert document.trust is T.IMAGE
    assert "Chưa tin cậy nơi cấp" in document.trust_reason
    assert not _ask(office)[0].valid
    for file in stranger.put_trust(tmp_path / "other", *stranger.lists()).iterdir():
        (tmp_path / "roots" / f"other-{file.name}").write_bytes(file.read_bytes())
    assert _ask(office)[0].valid
    assert office.document(document.id).trust is T.SIGNED_ORIGINAL


def test_a_slot_that_asks_for_more_withholds_a_scan(office):
    document = _held(office, office.store(make_sample("giay_khai_sinh", 3)))
    assert document.trust is T.SIGNED_SCAN
    with office.station.database.transaction() as tx:
        [procedure] = tx.catalogue.procedures(code="1.004873")
        stricter = tuple(replace(c, min_trust=4) for c in procedure.components)
        tx.catalogue.put(replace(procedure, components=stricter))
    [offer] = [o for o in _ask(office, procedure_code="1.004873") if o.component_code == "TP02"]
    assert not offer.valid
    assert "cần mức 4" in offer.withheld
    assert _ask(office)[0].valid, "elsewhere it may be used"


def test_evidence_that_is_not_whole_is_withheld_and_no_key_opens_it(office):
    document = _held(office, office.store(make_sample("giay_khai_sinh", 5)))
    for path in (office.folder / "objects").rglob("*"):
        if path.is_file() and document.evidence.sha256 in path.name:
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:-5] + b"xxxxx")
    [offer] = _ask(office)
    assert not offer.valid
    assert "không còn nguyên vẹn" in offer.withheld
    stranger = office.actor("stranger")
    office.station.reuse.find(ReuseQuestion(purpose=PURPOSE, holder_number=CITIZEN), by=stranger)
    with office.station.database.read() as tx:
        assert tx.reuse.granted(stranger.id, document.id, AT - dt.timedelta(days=400)) is None
