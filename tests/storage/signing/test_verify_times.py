"""Certificates that expire or are revoked, and the time stamps that prove what came before."""

import re

import pytest
from servers.issuer import NOW, Issuer, days

from storage.sandbox import best_sandbox
from storage.signing.sandboxed import SandboxedVerifier
from storage.signing.verify import PyHankoVerifier
from workflows.domain.signature import Revocation, SignatureState, TimeSource

S = SignatureState


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def look(issuer, tmp_path):
    """Reports for bytes, with the root believed and the given revocation lists at hand."""

    def look(content: bytes, *lists):
        path = tmp_path / "f.pdf"
        path.write_bytes(content)
        trust = issuer.put_trust(tmp_path / "trust", *lists)
        return PyHankoVerifier(trust).verify(path)

    return look


@pytest.fixture(scope="module")
def present(issuer):
    return issuer.certificate("Người Ký", start=-200)


@pytest.fixture(scope="module")
def past(issuer):
    """Ran out 100 days ago."""
    return issuer.certificate("Người Đã Nghỉ", start=-800, end=-100)


# Revocation: every way it can be known, half known and unknown


def test_good_lists_make_it_valid_and_none_at_hand_is_a_state_of_its_own(
    issuer, present, copy_pdf, look
):
    content = issuer.sign(copy_pdf, present)
    [report] = look(content)
    assert (report.state, report.revocation) == (S.REVOCATION_UNKNOWN, Revocation.UNKNOWN)
    assert report.intact
    assert report.trusted
    [report] = look(content, *issuer.lists())
    assert (report.state, report.revocation) == (S.VALID, Revocation.GOOD)


def test_a_certificate_that_names_no_source_says_so(issuer, copy_pdf, look):
    quiet = issuer.certificate("Người Ký", announced=False)
    [report] = look(issuer.sign(copy_pdf, quiet), issuer.lists()[1])
    assert (report.state, report.revocation) == (S.VALID, Revocation.NOT_ANNOUNCED)
    [report] = look(issuer.sign(copy_pdf, quiet), *issuer.lists(revoked=[(quiet, -1)]))
    assert report.state is S.REVOKED, "a list at hand counts whether it was announced or not"


def test_an_outdated_list_proves_nothing_good_but_still_what_it_names(
    issuer, present, copy_pdf, look
):
    content = issuer.sign(copy_pdf, present)
    [report] = look(content, *issuer.lists(-20, lasts=10))
    assert report.state is S.REVOCATION_UNKNOWN
    [report] = look(content, *issuer.lists(-20, lasts=10, revoked=[(present, -25)]))
    assert report.state is S.REVOKED


def test_a_revoked_signer_is_found_though_the_issuers_own_list_is_missing(
    issuer, present, copy_pdf, look
):
    own, _ = issuer.lists(revoked=[(present, -1)])
    [report] = look(issuer.sign(copy_pdf, present), own)
    assert report.state is S.REVOKED


def test_a_revoked_issuer(issuer, present, copy_pdf, look):
    [report] = look(issuer.sign(copy_pdf, present), *issuer.lists(middle_revoked=-5))
    assert report.state is S.REVOKED
    assert "nơi cấp" in report.reason


def test_a_list_of_a_stranger_counts_for_nothing(issuer, present, copy_pdf, look):
    stranger = Issuer()
    lists = stranger.lists(revoked=[(present, -1)])
    [report] = look(issuer.sign(copy_pdf, present), *lists)
    assert report.state is S.REVOCATION_UNKNOWN


def test_a_certificate_meant_for_something_else(issuer, copy_pdf, look):
    other = issuer.certificate("Máy Chủ", usage=False)
    [report] = look(issuer.sign(copy_pdf, other, cades_signed_attr_spec=None), *issuer.lists())
    assert report.state is S.UNTRUSTED
    assert "không được cấp để dùng" in report.reason


# What a time stamp proves


def test_revoked_after_a_proven_moment_stands_revoked_before_does_not(
    issuer, present, copy_pdf, look
):
    content = issuer.sign(copy_pdf, present, stamper=issuer.stamper(-10))
    [report] = look(content, *issuer.lists(revoked=[(present, -3)]))
    assert report.state is S.PROVEN
    assert report.state.holds
    assert report.proven_at == NOW - days(10)
    assert report.revoked_at == NOW - days(3)
    assert "dấu thời gian chứng minh" in report.reason
    [report] = look(content, *issuer.lists(revoked=[(present, -12)]))
    assert report.state is S.REVOKED


def test_without_a_time_stamp_any_revocation_counts(issuer, present, copy_pdf, look):
    content = issuer.sign(copy_pdf, present)
    [report] = look(content, *issuer.lists(revoked=[(present, -0.1)]))
    assert report.state is S.REVOKED


def test_expired_is_a_state_and_a_time_stamp_from_before_a_better_one(issuer, past, copy_pdf, look):
    [report] = look(issuer.sign(copy_pdf, past), *issuer.lists())
    assert report.state is S.EXPIRED
    assert "hiệu lực đến" in report.reason
    stamped = issuer.sign(copy_pdf, past, stamper=issuer.stamper(-400))
    [report] = look(stamped, *issuer.lists(-399))
    assert report.state is S.PROVEN
    [late] = look(issuer.sign(copy_pdf, past, stamper=issuer.stamper(-50)), *issuer.lists(-49))
    assert late.state is S.EXPIRED, "stamped when it was already over"


def test_lists_made_after_expiry_may_have_dropped_the_certificate(issuer, past, copy_pdf, look):
    content = issuer.sign(copy_pdf, past, stamper=issuer.stamper(-400))
    [report] = look(content, *issuer.lists(-1))
    assert report.state is S.REVOCATION_UNKNOWN
    [report] = look(content, *issuer.lists(-1, revoked=[(past, -500)]))
    assert report.state is S.REVOKED, "but what such a list names is revoked"


def test_a_time_stamp_of_a_stranger_proves_nothing(issuer, past, copy_pdf, look):
    stranger = Issuer()
    content = issuer.sign(copy_pdf, past, stamper=stranger.stamper(-400))
    [report] = look(content, *issuer.lists(-399))
    assert report.state is S.UNTRUSTED
    assert S.EXPIRED in report.states
    assert report.proven_at is None
    assert "Dấu Thời Gian Thử" in report.reason


def test_an_expired_authority_proves_nothing_by_itself(issuer, past, copy_pdf, look):
    stamper = issuer.stamper(-400, start=-900, end=-200)
    [report] = look(issuer.sign(copy_pdf, past, stamper=stamper), *issuer.lists(-399))
    assert not report.state.holds


def test_a_chain_of_archive_stamps_outlives_its_first_authority(issuer, past, copy_pdf, look):
    first = issuer.sign_for_long(copy_pdf, past, at=-400)
    second = issuer.stamp(first, at=-380, start=-900, end=-200)
    [report, stamp] = look(second, *issuer.lists(-379))
    assert not stamp.state.holds, "that authority's certificate is over now"
    third = issuer.stamp(second, at=-300)
    [report, *stamps] = look(third, *issuer.lists(-299))
    assert [s.state.holds for s in stamps] == [True, True]
    assert stamps[0].state is S.PROVEN
    assert report.state is S.PROVEN


# Levels


def test_levels(issuer, present, copy_pdf, look):
    good = issuer.lists()
    made = {
        "B-B": issuer.sign(copy_pdf, present),
        "B-T": issuer.sign(copy_pdf, present, stamper=issuer.stamper()),
        "B-LT": issuer.sign_for_long(copy_pdf, present, at=-2),
        "B-LTA": issuer.sign_for_long(copy_pdf, present, at=-2, archive=True),
    }
    for level, content in made.items():
        first, *stamps = look(content, *good)
        assert (first.level, first.state) == (level, S.VALID)
        assert [s.level for s in stamps] == (["DocTimeStamp"] if level == "B-LTA" else [])


def test_b_lt_needs_no_lists_at_hand(issuer, present, copy_pdf, look):
    first, *_ = look(issuer.sign_for_long(copy_pdf, present, at=-2))
    assert (first.level, first.state) == ("B-LT", S.VALID)
    first, *_ = look(issuer.sign_for_long(copy_pdf, present, at=-90, archive=True))
    assert (first.level, first.state) == ("B-LTA", S.VALID), "though its lists are over by now"


def test_a_document_time_stamp_alone_gives_b_t(issuer, present, copy_pdf, look):
    first, _ = look(issuer.stamp(issuer.sign(copy_pdf, present)), *issuer.lists())
    assert (first.level, first.state) == ("B-T", S.VALID)


def test_old_revocation_archives_inside_the_signature_count(issuer, present, copy_pdf, look):
    from pyhanko.sign.fields import SigSeedSubFilter

    content = issuer.sign(
        copy_pdf,
        present,
        subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        embed_validation_info=True,
        validation_context=issuer.believing(issuer.lists()),
    )
    [report] = look(content)
    assert (report.state, report.level) == (S.VALID, "CMS")


# Times


def _with_m(content: bytes, new: bytes) -> bytes:
    return re.sub(rb"/M ?\(D:[^)]*\)", b"/M (" + new + b")", content)


def test_whose_time_is_taken(issuer, present, copy_pdf, look):
    [report] = look(issuer.sign(copy_pdf, present, stamper=issuer.stamper(-0.5)))
    assert (report.time_source, report.signed_at) == (TimeSource.STAMP, NOW - days(0.5))
    assert any("Đồng hồ máy ký lệch 12 giờ" in note for note in report.notes)
    [report] = look(issuer.sign(copy_pdf, present))
    assert (report.time_source, report.signed_at) == (TimeSource.PDF, report.pdf_time)
    assert report.token_time is None
    assert report.notes == ()


# The folder an administrator fills


def test_a_broken_file_in_the_folder_hides_no_other_and_is_named(
    issuer, present, copy_pdf, tmp_path
):
    path = tmp_path / "f.pdf"
    path.write_bytes(issuer.sign(copy_pdf, present))
    trust = issuer.put_trust(tmp_path / "trust", *issuer.lists())
    (trust / "broken.crt").write_bytes(b"-----BEGIN CERTIFICATE-----\nxx\n")
    (trust / "empty.pem").write_bytes(b"")
    (trust / "broken.crl").write_bytes(b"0\x82nonsense")
    (trust / "README").write_text("left alone")
    told = PyHankoVerifier(trust).verify(path)
    assert told[0].state is S.VALID
    assert len(told.warnings) == 3
    assert any("broken.crl" in warning for warning in told.warnings)


def test_folders_count_together_and_an_absent_one_is_empty(issuer, present, copy_pdf, tmp_path):
    path = tmp_path / "f.pdf"
    path.write_bytes(issuer.sign(copy_pdf, present))
    roots = issuer.put_trust(tmp_path / "roots")
    lists = tmp_path / "lists"
    lists.mkdir()
    for number, one in enumerate(issuer.lists()):
        (lists / f"{number}.crl").write_bytes(one.dump())
    [report] = PyHankoVerifier(roots, tmp_path / "absent", lists).verify(path)
    assert report.state is S.VALID
    sandboxed = SandboxedVerifier(best_sandbox(), roots, tmp_path / "absent", lists)
    assert list(sandboxed.verify(path)) == [report]
