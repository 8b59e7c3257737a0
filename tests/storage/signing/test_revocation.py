"""CRLs, OCSP answers and time stamps over HTTP, from an authority that is not ours."""

from dataclasses import replace

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore
from servers.authority import running_authority

from storage.signing.preserve import PyHankoPreserver
from storage.signing.revocation import RevocationSources
from storage.signing.sign import PyHankoSigner
from storage.signing.time_stamping import http_time_stamper
from storage.signing.verify import PyHankoVerifier
from workflows.domain.signature import RevocationSource
from workflows.errors import CertificateRefused, RevocationUnavailable
from workflows.ports.signer import SignatureLevel as Level


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    with running_authority(tmp_path_factory.mktemp("authority")) as authority:
        yield authority


@pytest.fixture(autouse=True)
def quiet(other):
    other.calls.clear()
    other.down = False


def signer_over(other, tools, revocation) -> PyHankoSigner:
    return PyHankoSigner(
        other,
        trust_dir=other.trust,
        sandbox=tools.DirectSandbox(),
        clock=tools.FixedClock(),
        stamper=http_time_stamper(other.tsa),
        revocation=revocation,
    )


def at(profiles, level):
    return replace(profiles["ca_nhan"], level=level, visible=False)


def proofs(content: bytes) -> tuple[int, int]:
    from io import BytesIO

    store = DocumentSecurityStore.read_dss(PdfFileReader(BytesIO(content)))
    return len(store.ocsps), len(store.crls)


def test_b_lta_with_answers_of_a_listed_host(other, copy_pdf, profiles, tools, tmp_path):
    allowed = RevocationSources(hosts=frozenset({other.host}))
    done = signer_over(other, tools, allowed).sign(
        copy_pdf, profile=at(profiles, Level.B_LTA), who="clerk"
    )
    assert done.level is Level.B_LTA
    ocsps, crls = proofs(done.content)
    assert ocsps >= 1 and crls >= 1
    assert any("/ocsp/" in path for path in other.calls)
    assert any("/crls/" in path for path in other.calls)
    path = tmp_path / "f.pdf"
    path.write_bytes(done.content)
    report = PyHankoVerifier(other.trust).verify(path)[0]
    assert report.revocation_source is RevocationSource.ANSWER_IN_FILE


@pytest.mark.parametrize("hosts", [set(), {"ocsp.example"}, {"127.0.0.1:9"}])
def test_no_request_leaves_for_a_host_that_is_not_listed(hosts, other, copy_pdf, profiles, tools):
    """The addresses stand in the certificate, which came from outside."""
    strict = RevocationSources(hosts=frozenset(hosts))
    done = signer_over(other, tools, strict).sign(
        copy_pdf, profile=at(profiles, Level.B_LTA), who="clerk"
    )
    assert done.level is Level.B_T
    assert {path.rsplit("/", 2)[-2] for path in other.calls} == {"tsa"}


def test_the_bare_host_name_lists_every_port(other, copy_pdf, profiles, tools):
    allowed = RevocationSources(hosts=frozenset({"127.0.0.1"}))
    done = signer_over(other, tools, allowed).sign(
        copy_pdf, profile=at(profiles, Level.B_LT), who="clerk"
    )
    assert done.level is Level.B_LT


def test_a_revoked_certificate_is_found_out_before_it_signs(other, copy_pdf, profiles, tools):
    allowed = RevocationSources(hosts=frozenset({other.host}))
    with pytest.raises(CertificateRefused) as refused:
        signer_over(other, tools, allowed).sign(
            copy_pdf, profile=at(profiles, Level.B_B), who="gone"
        )
    assert "thu hồi" in refused.value.shown


def test_servers_that_are_down_are_left_alone_and_asked_again(other, copy_pdf, profiles, tools):
    allowed = RevocationSources(hosts=frozenset({other.host}))
    signer = signer_over(other, tools, allowed)
    other.down = True
    done = signer.sign(copy_pdf, profile=at(profiles, Level.B_LTA), who="clerk")
    assert done.level is Level.B_B
    asked = len(other.calls)
    signer.sign(copy_pdf, profile=at(profiles, Level.B_LTA), who="clerk")
    assert len(other.calls) - asked <= asked, "no more than before, and no waiting"
    other.down = False
    allowed.silent_until.clear()
    preserver = PyHankoPreserver(
        trust_dir=other.trust, revocation=allowed, stamper=http_time_stamper(other.tsa)
    )
    after = preserver.augment(done.content, Level.B_LTA)
    assert sum(proofs(after)) >= 2


def test_without_answers_nothing_is_pretended(other, copy_pdf, profiles, tools):
    done = signer_over(other, tools, RevocationSources()).sign(
        copy_pdf, profile=at(profiles, Level.B_T), who="clerk"
    )
    preserver = PyHankoPreserver(
        trust_dir=other.trust, revocation=RevocationSources(), stamper=http_time_stamper(other.tsa)
    )
    with pytest.raises(RevocationUnavailable):
        preserver.augment(done.content, Level.B_LT)
