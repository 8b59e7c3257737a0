"""A clerk signs with a token at the station: what crosses the line, and what may go wrong.

The station's side runs as shipped, over HTTP; SoftHSM is the token.
"""

import datetime as dt
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient
from office import STATION_KEY, make_sample, open_office, paired_station, station_token
from servers.tokens import LIBRARY, make_token, new_pin, token_folder

from service.app import create_app
from service.station.link import Identity, Link, ServerRefuses
from service.station.signing import TokenChoice, TokenTrouble, open_token, sign_waiting
from service.wiring import assemble
from storage.signing.authority import Subject, _certificate, _name, _Use
from workflows.domain.document import DocumentState
from workflows.domain.signature import SignatureState
from workflows.domain.signing import ItemState, SigningState
from workflows.errors import CertificateRefused, NotFound, SigningExpired
from workflows.ports.clock import SystemClock

pytestmark = [pytest.mark.slow, pytest.mark.requires_softhsm]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    with token_folder(tmp_path_factory.mktemp("room")) as folder:
        yield folder


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def authority(office):
    return office.station.copying.signer._keys._authority


@pytest.fixture(scope="module")
def tokens(room, authority):
    """What clerks plug in."""
    names = {
        "clerk": "Cán bộ clerk",
        "else": "Người Khác",
        "wrong": "Cán bộ clerk",
        "revoked": "Cán bộ clerk",
    }
    return {
        who: make_token(room, f"usb-{who}", authority.issue(f"usb-{who}", Subject(name=name)))
        for who, name in names.items()
    }


@pytest.fixture(scope="module")
def token(tokens):
    """The token of user `clerk`."""
    return tokens["clerk"]


@pytest.fixture(scope="module")
def station(office):
    return paired_station(office)


class Line(TestClient):
    """The line to the office; in one process there is no time to wait."""

    def request(self, method, url, *, timeout=None, **more):
        return super().request(method, url, **more)


@pytest.fixture
def link(office, station):
    client = Line(create_app(office.station))
    known = Identity(server="http://testserver", station=station.id, name="Quầy 1")
    return Link(known, STATION_KEY, client)


@pytest.fixture
def paper(office):
    def receive(kind="quyet_dinh", seed=2):
        return office.receive(make_sample(kind, seed))

    return receive


def opened(token, **other):
    chosen = TokenChoice(library=LIBRARY, label=other.get("label", token.label))
    return open_token(chosen, other.get("pin", token.pin))


@pytest.fixture
def here(office, station):
    """The station as an actor."""
    return office.station.accounts.actor(station_token(office, station.id))


def revisions(office, document):
    with office.station.database.read() as tx:
        return list(tx.signed_copies.revisions(document.id))


def test_one_pin_signs_a_list_and_each_file_is_recorded(office, station, token, link, paper):
    clerk = office.actor("clerk")
    papers = [paper(seed=n) for n in (2, 3, 4)]
    office.station.deferred.request([p.id for p in papers], station.id, by=clerk)
    with opened(token) as usb:
        results = sign_waiting(link, usb)
    assert [(r.document, r.signed) for r in results] == [(p.id, True) for p in papers]
    for before in papers:
        after = office.document(before.id)
        assert after.state is DocumentState.CAPTURED
        assert office.station.objects.get(after.evidence).startswith(
            office.station.objects.get(before.copy)
        )
        [report] = office.station.copying.verify(after)
        assert report.state == SignatureState.VALID
        assert (report.signer_name, report.level) == ("Cán bộ clerk", "B-T")
        with office.station.database.read() as tx:
            logged = [e for _, _, e in tx.audit.entries(subject_id=before.id)]
        [signed] = [e for e in logged if e.action == "document.signed"]
        assert signed.actor_id == clerk.id
        assert signed.facts["station"] == station.id
    assert link.signing_requests() == []


def test_only_digests_cross_the_line(office, station, token, link, paper, here):
    document = paper(seed=5)
    made = office.station.deferred.request([document.id], station.id, by=office.actor("clerk"))
    with opened(token) as usb:
        [wanted] = link.present(made.id, [c.hex() for c in usb.certificates])
        assert set(wanted) == {"position", "attributes"}
        assert len(bytes.fromhex(wanted["attributes"])) < 400
        _, [item] = office.station.deferred.look(made.id, by=here)
        assert item.prepared.digest.hex() in wanted["attributes"]
        signature = usb.sign(bytes.fromhex(wanted["attributes"]))
    done = link.signatures(made.id, {0: signature.hex()})
    assert done["state"] == "done"
    with pytest.raises(ServerRefuses):
        link.signatures(made.id, {0: signature.hex()})
    assert len(revisions(office, document)) == 1


def test_a_restart_of_the_server_in_between_loses_nothing(
    office, station, token, link, paper, here
):
    document = paper(seed=6)
    made = office.station.deferred.request([document.id], station.id, by=office.actor("clerk"))
    with opened(token) as usb:
        [wanted] = link.present(made.id, [c.hex() for c in usb.certificates])
        signature = usb.sign(bytes.fromhex(wanted["attributes"]))
    old = office.station
    reborn = assemble(old.settings, old.database, old.engine, SystemClock(), office.reader)
    request, [item] = reborn.deferred.finish(made.id, {0: signature}, by=here)
    assert (request.state, item.state) == (SigningState.DONE, ItemState.SIGNED)
    assert item.prepared is None
    [report] = reborn.copying.verify(office.document(document.id))
    assert report.state == SignatureState.VALID


def test_an_answer_that_got_lost_is_given_again(office, station, token, link, paper, here):
    """The server died after the paper was signed and before it wrote so: no second signature."""
    document = paper(seed=7)
    desk = office.station.deferred
    made = desk.request([document.id], station.id, by=office.actor("clerk"))
    with opened(token) as usb:
        [wanted] = link.present(made.id, [c.hex() for c in usb.certificates])
        signature = usb.sign(bytes.fromhex(wanted["attributes"]))
    _, [prepared] = desk.look(made.id, by=here)
    desk.finish(made.id, {0: signature}, by=here)
    with office.station.database.transaction() as tx:
        request = tx.signing_requests.get(made.id, here.scope)
        tx.signing_requests.put_item(prepared)
        tx.signing_requests.put(replace(request, state=SigningState.PREPARED))
    request, [item] = desk.finish(made.id, {0: signature}, by=here)
    assert (request.state, item.state) == (SigningState.DONE, ItemState.SIGNED)
    assert len(revisions(office, document)) == 1


def test_another_persons_token_is_refused(office, station, tokens, link, paper):
    document = paper(seed=8)
    made = office.station.deferred.request([document.id], station.id, by=office.actor("clerk"))
    with opened(tokens["else"]) as usb:
        [result] = sign_waiting(link, usb)
    assert not result.signed and "Người Khác" in result.message
    assert office.document(document.id) == document
    office.station.deferred.cancel(made.id, by=office.actor("clerk"))


def test_a_signature_of_another_key_leaves_the_paper_alone(
    office, station, token, tokens, link, paper, here
):
    """The right certificate is shown, another key signs."""
    document = paper(seed=9)
    made = office.station.deferred.request([document.id], station.id, by=office.actor("clerk"))
    with opened(token) as usb:
        [wanted] = link.present(made.id, [c.hex() for c in usb.certificates])
    with opened(tokens["wrong"]) as usb:
        signature = usb.sign(bytes.fromhex(wanted["attributes"]))
    _, [item] = office.station.deferred.finish(made.id, {0: signature}, by=here)
    assert item.state is ItemState.FAILED and "không khớp" in item.message
    assert office.document(document.id) == document
    assert revisions(office, document) == []


def test_a_revoked_token_is_refused(office, station, tokens, authority, link, paper):
    authority.revoke("usb-revoked")
    document = paper(seed=10)
    made = office.station.deferred.request([document.id], station.id, by=office.actor("clerk"))
    with opened(tokens["revoked"]) as usb:
        [result] = sign_waiting(link, usb)
    assert "thu hồi" in result.message
    assert office.document(document.id) == document
    office.station.deferred.cancel(made.id, by=office.actor("clerk"))


def test_a_request_that_came_too_late_changes_nothing(office, station, token, link, paper, here):
    document = paper(seed=11)
    desk = office.station.deferred
    made = desk.request([document.id], station.id, by=office.actor("clerk"))
    with opened(token) as usb:
        [wanted] = link.present(made.id, [c.hex() for c in usb.certificates])
        signature = usb.sign(bytes.fromhex(wanted["attributes"]))

    class Later:
        def now(self):
            return dt.datetime.now(dt.UTC) + dt.timedelta(minutes=31)

    real = desk.clock
    object.__setattr__(desk, "clock", Later())
    try:
        with pytest.raises(SigningExpired):
            desk.finish(made.id, {0: signature}, by=here)
        request, [item] = desk.look(made.id, by=here)
        assert desk.waiting(by=here) == []
    finally:
        object.__setattr__(desk, "clock", real)
    assert (request.state, item.prepared) == (SigningState.EXPIRED, None)
    assert office.document(document.id) == document
    assert revisions(office, document) == []


def test_a_paper_signed_elsewhere_meanwhile_keeps_that_signature(
    office, station, token, link, paper, here
):
    document, clerk = paper(seed=12), office.actor("clerk")
    made = office.station.deferred.request([document.id], station.id, by=clerk)
    with opened(token) as usb:
        [wanted] = link.present(made.id, [c.hex() for c in usb.certificates])
        signature = usb.sign(bytes.fromhex(wanted["attributes"]))
    signed = office.station.copying.sign(document, by=clerk)
    _, [item] = office.station.deferred.finish(made.id, {0: signature}, by=here)
    assert item.state is ItemState.FAILED
    assert office.document(document.id).evidence == signed.evidence


def test_an_elliptic_key_signs_too(office, station, authority, link, paper, here):
    """P-256, as newer tokens hold; the raw signature is DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, issuer_key = authority._authority("intermediate")
    subject = _name("Cán bộ clerk", "Phường Mẫu")
    certificate = _certificate(subject, key, issuer.subject, issuer_key, _Use(), days=30)
    shown = [c.public_bytes(serialization.Encoding.DER) for c in (certificate, issuer)]
    document = paper(seed=13)
    made = office.station.deferred.request([document.id], station.id, by=office.actor("clerk"))
    [wanted] = link.present(made.id, [c.hex() for c in shown])
    raw = key.sign(bytes.fromhex(wanted["attributes"]), ec.ECDSA(hashes.SHA256()))
    assert link.signatures(made.id, {0: raw.hex()})["items"][0]["state"] == "signed"
    [report] = office.station.copying.verify(office.document(document.id))
    assert report.state == SignatureState.VALID


def test_what_is_no_certificate_is_refused(office, station, link, paper, here):
    document = paper(seed=14)
    desk = office.station.deferred
    made = desk.request([document.id], station.id, by=office.actor("clerk"))
    for rubbish in ([b"\x30\x03\x02\x01\x01"], [b""], [b"x" * 3000], []):
        with pytest.raises(CertificateRefused):
            desk.present(made.id, rubbish, by=here)
    stranger = office.actor("stranger")
    with pytest.raises(NotFound):
        desk.look(made.id, by=stranger)
    desk.cancel(made.id, by=office.actor("clerk"))
    with pytest.raises(SigningExpired):
        desk.finish(made.id, {}, by=here)


# The token itself


def test_a_wrong_pin_and_an_absent_token_are_told(token):
    wrong = new_pin()
    while wrong == token.pin:
        wrong = new_pin()
    with pytest.raises(TokenTrouble, match="PIN không đúng"), opened(token, pin=wrong):
        pass
    with pytest.raises(TokenTrouble, match="Không thấy thiết bị"), opened(token, label="none"):
        pass
    with opened(token) as usb:  # and the right one still opens it
        assert usb.sign(b"x")


def test_a_station_without_a_token_library_says_what_to_do(tmp_path, token):
    chosen = TokenChoice(library=tmp_path / "none.so")
    with pytest.raises(TokenTrouble, match="PKCS#11"), open_token(chosen, token.pin):
        pass
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"no library")
    with (
        pytest.raises(TokenTrouble, match="PKCS#11"),
        open_token(TokenChoice(library=broken), token.pin),
    ):
        pass


def test_a_station_without_pkcs11_says_what_to_install(monkeypatch, token):
    import sys

    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(TokenTrouble, match="sohoa\\[token\\]"), opened(token):
        pass
