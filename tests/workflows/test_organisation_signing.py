"""Ký cơ quan: the queue, one PIN for many, SAO Y; SoftHSM holds the Unit's key where it matters."""

import secrets
import subprocess

import pytest
from fastapi.testclient import TestClient
from office import make_sample, open_office
from servers.tokens import LIBRARY, make_token, new_pin, token_folder

from service.app import create_app
from service.wiring import assemble
from storage.signing.authority import DevelopmentAuthority, Subject
from workflows.domain.document import TrustLevel
from workflows.domain.signature import SignatureState
from workflows.errors import IllegalMove, KeyRefused, NotFound, SigningFailed, TokenRefused
from workflows.ports.clock import SystemClock

pytestmark = pytest.mark.slow


@pytest.fixture
def office(tmp_path):
    return open_office(tmp_path)


def certificate(office, seed=3):
    """A stored paper of a type that asks for the Unit's signature."""
    return office.store(make_sample("giay_khai_sinh", seed))


def revisions(office, document):
    with office.station.database.read() as tx:
        return list(tx.signed_copies.revisions(document.id))


def text_of(content: bytes) -> str:
    ran = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True
    )
    return ran.stdout.decode()


def test_the_unit_signs_beside_the_clerk_and_the_paper_leaves_the_queue(office):
    stored, plain = certificate(office), office.store(make_sample("quyet_dinh", 2))
    desk, signer = office.station.organisation, office.actor("signer")
    assert [h.document.id for h in desk.queue(by=signer)] == [stored.id]
    before = office.station.objects.get(stored.evidence)
    [result] = desk.sign([stored.id], by=signer)
    assert result.error is None
    office.run_jobs()
    after = office.document(stored.id)
    assert not after.awaiting_org_signature
    assert after.trust is TrustLevel.CERTIFIED_COPY
    assert desk.queue(by=signer) == ()
    content = office.station.objects.get(after.evidence)
    assert content.startswith(before)
    reports = [r for r in office.station.copying.verify(after) if not r.is_timestamp]
    assert [r.signer_name for r in reports] == ["Cán bộ clerk", "Phường Mẫu"]
    assert {r.state for r in reports} == {SignatureState.VALID}
    assert [(r.profile, r.level) for r in revisions(office, stored)] == [
        ("ca_nhan", "B-T"),
        ("ca_nhan", "B-LTA"),
        ("co_quan", "B-T"),
        ("co_quan", "B-LTA"),
    ]
    with office.station.database.read() as tx:
        actions = [e.action for _, _, e in tx.audit.entries(subject_id=stored.id)]
    assert actions.count("document.org_signed") == 1
    [refused] = desk.sign([plain.id], by=signer)
    assert isinstance(refused.error, IllegalMove)


def test_one_paper_that_fails_stops_no_other(office):
    papers = [certificate(office, seed) for seed in (3, 4, 5)]
    middle = papers[1]
    path = office.folder / "objects" / middle.evidence.key
    found = [p for p in (office.folder / "objects").rglob("*") if p.name == path.name]
    for p in found:
        p.chmod(0o644)
        p.write_bytes(b"damaged")
    results = office.station.organisation.sign([p.id for p in papers], by=office.actor("signer"))
    assert [r.error is None for r in results] == [True, False, True]
    assert office.document(middle.id).awaiting_org_signature


def test_only_papers_of_ones_own_scope(office):
    stored = certificate(office)
    stranger = office.actor("stranger")
    with pytest.raises(NotFound):
        office.station.organisation.sign([stored.id], by=stranger)
    assert office.station.organisation.queue(by=stranger) == ()


def test_sao_y_has_the_marks_of_the_decree_and_the_trust_of_a_copy(office):
    stored = certificate(office)
    desk, signer = office.station.organisation, office.actor("signer")
    with pytest.raises(NotFound):
        desk.certified(stored)
    desk.certify(stored, by=signer)
    office.run_jobs()
    after = office.document(stored.id)
    content = office.station.objects.get(desk.certified(after))
    shown = text_of(content)
    assert "SAO Y" in shown and "Phường Mẫu" in shown
    assert "+07:00" in shown
    assert after.trust is TrustLevel.CERTIFIED_COPY
    assert revisions(office, stored)[-1].level == "B-LTA"
    unfinished = office.receive(make_sample("quyet_dinh", 9))
    with pytest.raises(IllegalMove):
        desk.certify(unfinished, by=signer)


def test_the_doors_show_the_queue_and_never_the_pin(office, caplog):
    stored = certificate(office)
    client = TestClient(create_app(office.station))
    headers = {"authorization": f"Bearer {office.token('signer')}"}
    queue = client.get("/api/v1/org-signatures", headers=headers).json()
    assert [hit["document"]["id"] for hit in queue] == [stored.id]
    asked = {"document_ids": [stored.id], "pin": "735190"}
    answer = client.post("/api/v1/org-signatures", headers=headers, json=asked)
    assert answer.json() == [
        {"document_id": stored.id, "signed": True, "code": None, "message": None}
    ]
    assert "735190" not in answer.text + caplog.text
    path = f"/api/v1/documents/{stored.id}/certified-copy"
    assert client.get(path, headers=headers).status_code == 404
    assert client.post(path, headers=headers, json={}).status_code == 200
    assert client.get(path, headers=headers).content.startswith(b"%PDF-")


# Where the key is


@pytest.fixture
def hsm(tmp_path):
    """A token with the key of the Unit, and the folder of certificates that trusts it."""
    authority = DevelopmentAuthority(tmp_path / "certificates")
    p12 = authority.issue("unit", Subject(name="Phường Mẫu"))
    with token_folder(tmp_path / "hsm") as folder:
        # a name of its own: who was logged in on the token of another test may be so still
        yield make_token(folder, f"hsm-{secrets.token_hex(4)}", p12)


def declared(tmp_path, text: str):
    path = tmp_path / "keys.toml"
    path.write_text(text, "utf-8")
    return path


def with_keys(tmp_path, text, **settings):
    return open_office(
        tmp_path / "office",
        certificates_dir=tmp_path / "certificates",
        signing_keys=declared(tmp_path, text),
        **settings,
    )


CLERK_FILE = '[clerk]\nfile = "clerk.p12"\n'


def clerk_key(tmp_path):
    """Key files allowed for the clerk, so that papers get as far as the Unit's queue."""
    authority = DevelopmentAuthority(tmp_path / "certificates")
    p12 = authority.issue("clerk", Subject(name="Cán bộ clerk"))
    for source in (p12, p12.with_suffix(".pass")):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    return CLERK_FILE


@pytest.mark.requires_softhsm
def test_one_pin_of_the_hsm_signs_many(tmp_path, hsm):
    keys = clerk_key(tmp_path) + (
        f'["21907"]\nlibrary = "{LIBRARY}"\ntoken = "{hsm.label}"\nkey = "key"\nchain = ["chain"]\n'
    )
    office = with_keys(tmp_path, keys, allow_key_files=True)
    papers = [certificate(office, seed) for seed in (3, 4)]
    desk, signer = office.station.organisation, office.actor("signer")
    ids = [p.id for p in papers]
    wrong = new_pin()
    while wrong == hsm.pin:
        wrong = new_pin()
    with pytest.raises(TokenRefused) as refused:
        desk.sign(ids, by=signer, pin=wrong)
    assert "PIN không đúng" in refused.value.shown
    assert len(desk.queue(by=signer)) == 2
    with pytest.raises(SigningFailed) as needed:
        office.station.copying.signer.sign(b"", profile=desk.seal, who="here")
    assert "PIN" in needed.value.shown
    assert [r.error for r in desk.sign(ids, by=signer, pin=hsm.pin)] == [None, None]
    assert desk.queue(by=signer) == ()
    for paper in papers:
        reports = office.station.copying.verify(office.document(paper.id))
        assert [r.signer_name for r in reports if not r.is_timestamp][-1] == "Phường Mẫu"
    assert {r.level for p in papers for r in revisions(office, p)} == {"B-B"}  # no authority set


@pytest.mark.requires_softhsm
def test_a_token_that_goes_away_leaves_the_rest_in_the_queue(tmp_path, hsm, monkeypatch):
    from pkcs11.exceptions import DeviceRemoved
    from pyhanko.sign.pkcs11 import PKCS11Signer

    keys = clerk_key(tmp_path) + (
        f'["21907"]\nlibrary = "{LIBRARY}"\ntoken = "{hsm.label}"\nkey = "key"\n'
        'chain = ["chain"]\npin_file = "pin"\n'
    )
    (tmp_path / "pin").write_text(hsm.pin)
    office = with_keys(tmp_path, keys, allow_key_files=True)
    papers = [certificate(office, seed) for seed in (3, 4, 5)]
    real, made = PKCS11Signer.async_sign_raw, []

    async def unplugged(self, data, digest_algorithm, dry_run=False):
        if not dry_run:
            made.append(1)
            if len(made) > 1:
                raise DeviceRemoved
        return await real(self, data, digest_algorithm, dry_run)

    monkeypatch.setattr(PKCS11Signer, "async_sign_raw", unplugged)
    desk, signer = office.station.organisation, office.actor("signer")
    results = desk.sign([p.id for p in papers], by=signer)
    assert [r.error is None for r in results] == [True, False, False]
    assert len(made) == 2, "the third is not even tried"
    assert all("rút ra" in r.error.shown for r in results[1:])
    monkeypatch.undo()
    left = [h.document.id for h in desk.queue(by=signer)]
    assert len(left) == 2
    assert [r.error for r in desk.sign(left, by=signer)] == [None, None]


def test_key_files_are_for_development_unless_allowed(tmp_path):
    keys = clerk_key(tmp_path)
    office = with_keys(tmp_path, keys)
    received = office.receive(make_sample("quyet_dinh", 2))
    with pytest.raises(KeyRefused) as refused:
        office.station.copying.sign(received, by=office.actor("clerk"))
    assert "PKCS#12" in refused.value.shown
    assert office.document(received.id) == received
    known = office.station
    settings = known.settings.model_copy(update={"allow_key_files": True})
    allowed = assemble(settings, known.database, known.engine, SystemClock(), office.reader)
    assert allowed.copying.sign(received, by=office.actor("clerk")).evidence


def test_an_office_with_own_keys_does_not_trust_the_development_root(tmp_path):
    declared_keys = declared(tmp_path, CLERK_FILE)
    office = open_office(tmp_path / "office", signing_keys=declared_keys)
    assert list((office.folder / "certificates" / "trust").iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        '[x]\nlibrary = "a"\n',
        '[x]\nfile = "a.p12"\ntoken = "b"\n',
        "x = 1\n",
        '[x]\ncolour = "r"\n',
    ],
)
def test_a_broken_declaration_is_refused_at_the_start(tmp_path, text):
    with pytest.raises(ValueError, match="signing key x"):
        open_office(tmp_path / "office", signing_keys=declared(tmp_path, text))
