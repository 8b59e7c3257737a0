"""A verdict says whose word on revocation it rests on, and how old that word is."""

import pytest
from servers.issuer import NOW, Issuer, days

from storage.sandbox import best_sandbox
from storage.signing.sandboxed import SandboxedVerifier
from storage.signing.verify import PyHankoVerifier
from workflows.domain.signature import Revocation, RevocationSource, SignatureState
from workflows.verification import rows_of

S, R = SignatureState, RevocationSource


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def present(issuer):
    return issuer.certificate("Người Ký", start=-200)


@pytest.fixture
def look(issuer, tmp_path):
    def look(content: bytes, *lists):
        path = tmp_path / "f.pdf"
        path.write_bytes(content)
        trust = issuer.put_trust(tmp_path / "trust", *lists)
        return PyHankoVerifier(trust).verify(path)

    return look


def said(report):
    return dict(rows_of(report, NOW))["Thu hồi"]


def test_a_list_of_the_folder_is_named_with_its_age(issuer, present, copy_pdf, look):
    [report] = look(issuer.sign(copy_pdf, present), *issuer.lists(-5))
    assert (report.revocation, report.revocation_source) == (Revocation.GOOD, R.LIST_IN_FOLDER)
    assert report.revocation_as_of == NOW - days(5)
    assert report.revocation_until == NOW + days(25)
    assert "ở thư mục tin cậy" in said(report) and "5 ngày trước khi kiểm tra" in said(report)
    assert "quá hạn" not in said(report)


def test_of_two_lists_the_newer_one_is_named(issuer, present, copy_pdf, tmp_path):
    path = tmp_path / "f.pdf"
    path.write_bytes(issuer.sign(copy_pdf, present))
    trust = issuer.put_trust(tmp_path / "trust", *issuer.lists(-9))
    for number, one in enumerate(issuer.lists(-2)):
        (trust / f"newer{number}.crl").write_bytes(one.dump())
    [report] = PyHankoVerifier(trust).verify(path)
    assert report.revocation_as_of == NOW - days(2)


def test_without_any_word_none_is_claimed(issuer, present, copy_pdf, look):
    [report] = look(issuer.sign(copy_pdf, present))
    assert (report.revocation, report.revocation_source) == (Revocation.UNKNOWN, R.NONE)
    assert report.revocation_as_of is None and "theo" not in said(report)


def test_an_outdated_list_is_named_as_outdated(issuer, present, copy_pdf, look):
    [report] = look(issuer.sign(copy_pdf, present), *issuer.lists(-20, lasts=10))
    assert (report.state, report.revocation_source) == (S.REVOCATION_UNKNOWN, R.LIST_IN_FOLDER)
    assert "đã quá hạn" in said(report) and "20 ngày trước khi kiểm tra" in said(report)


def test_who_revokes_is_named(issuer, present, copy_pdf, look):
    lists = issuer.lists(revoked=[(present, -3)])
    [report] = look(issuer.sign(copy_pdf, present), *lists)
    assert (report.state, report.revocation_source) == (S.REVOKED, R.LIST_IN_FOLDER)
    assert "Bị thu hồi từ" in said(report)


def test_revoked_since_a_proven_moment_is_said_in_that_order(issuer, present, copy_pdf, look):
    content = issuer.sign(copy_pdf, present, stamper=issuer.stamper(-10))
    [report] = look(content, *issuer.lists(revoked=[(present, -3)]))
    assert report.state is S.PROVEN
    assert said(report).startswith("Không bị thu hồi khi ký; bị thu hồi từ")


def test_lists_inside_the_file_are_told_apart(issuer, present, copy_pdf, look):
    first, *_ = look(issuer.sign_for_long(copy_pdf, present, at=-90, archive=True))
    assert (first.revocation, first.revocation_source) == (Revocation.GOOD, R.LIST_IN_FILE)
    assert "trong tệp" in said(first)
    assert first.revocation_as_of is not None and first.revocation_as_of < NOW - days(80)


def test_the_word_crosses_the_sandbox(issuer, present, copy_pdf, tmp_path):
    path = tmp_path / "f.pdf"
    path.write_bytes(issuer.sign(copy_pdf, present))
    trust = issuer.put_trust(tmp_path / "trust", *issuer.lists(-5))
    [inside] = SandboxedVerifier(best_sandbox(), trust).verify(path)
    [here] = PyHankoVerifier(trust).verify(path)
    assert inside.as_json() == here.as_json()
    assert inside.revocation_source is R.LIST_IN_FOLDER
