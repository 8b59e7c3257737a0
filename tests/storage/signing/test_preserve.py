"""Levels B-B to B-LTA: each as such, reached later, renewed; and what stands in the way.

An independent judge: pyHanko's AdES validation (ETSI EN 319 102-1, 5.6.3), which is no part of
the code under test.
"""

import asyncio
import datetime as dt
import re
import subprocess
from dataclasses import replace
from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from storage.pdf import check
from storage.signing.authority import DevelopmentAuthority, DevelopmentKeys, Subject
from storage.signing.preserve import PyHankoPreserver
from storage.signing.revocation import RevocationSources
from storage.signing.sign import PyHankoSigner
from storage.signing.trust import load_trust
from workflows.domain.signature import SignatureState
from workflows.errors import CertificateRefused, RevocationUnavailable, TimeStampUnavailable
from workflows.ports.signer import SignatureLevel as Level


def judged(content: bytes, authority) -> list:
    """AdES LTA verdict of every signature, from what stands in the file and the root alone."""
    roots = list(load_trust(authority.trust).roots)
    policy = CertValidationPolicySpec(
        SimpleTrustManager.build(roots), CertRevTrustPolicy(REQUIRE_REVINFO)
    )
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(cert_validation_policy=policy))
    found = PdfFileReader(BytesIO(content)).embedded_regular_signatures
    return [asyncio.run(ades_lta_validation(s, spec)).ades_subindic for s in found]


@pytest.fixture(scope="module")
def preserver(authority) -> PyHankoPreserver:
    return PyHankoPreserver(
        trust_dir=authority.trust,
        revocation=RevocationSources(lists=authority.revocation_lists),
        stamper=authority.time_stamper(),
    )


@pytest.fixture(scope="module")
def at(signer, copy_pdf, profiles):
    """The copy signed directly at each level."""
    return {
        level: signer.sign(copy_pdf, profile=replace(profiles["ca_nhan"], level=level), who="u1")
        for level in Level
    }


def stores(content: bytes) -> tuple[int, int]:
    """(revocation lists, document time stamps) in the file."""
    reader = PdfFileReader(BytesIO(content))
    lists = len(DocumentSecurityStore.read_dss(reader).crls) if "/DSS" in reader.root else 0
    return lists, len(reader.embedded_timestamp_signatures)


def test_each_level_holds_what_its_name_says(at, copy_pdf, verify):
    assert [at[level].level for level in Level] == list(Level)
    assert [stores(at[level].content) for level in Level] == [(0, 0), (0, 0), (2, 0), (2, 1)]
    for done in at.values():
        assert done.content.startswith(copy_pdf)
        assert {r.state for r in verify(done.content)} == {SignatureState.VALID}
        assert check(done.content) == []


def test_only_b_lta_is_proven_by_the_file_alone(at, authority):
    assert judged(at[Level.B_LTA].content, authority) == [AdESPassed.OK]
    assert judged(at[Level.B_T].content, authority) != [AdESPassed.OK]
    assert judged(at[Level.B_LT].content, authority) == [AdESIndeterminate.NO_POE]


@pytest.mark.parametrize("start", [Level.B_T, Level.B_LT])
def test_a_lower_level_is_completed_later(start, at, preserver, authority, verify):
    before = at[start].content
    after = preserver.augment(before, Level.B_LTA)
    assert after.startswith(before)
    assert judged(after, authority) == [AdESPassed.OK]
    assert {r.state for r in verify(after)} == {SignatureState.VALID}
    assert preserver.augment(after, Level.B_LTA) == after, "asked again it changes nothing"


def test_a_signature_without_its_own_time_stamp_gets_the_documents(at, preserver, verify):
    """EN 319 142-1, 6.3: a document time stamp serves for B-T as well; pyHanko's AdES wants one
    inside the signature, so the bottom line and the stores are looked at."""
    after = preserver.augment(at[Level.B_B].content, Level.B_LTA)
    assert stores(after) == (2, 1)
    signature, stamp = verify(after)
    assert signature.state == stamp.state == SignatureState.VALID
    assert stamp.is_timestamp and stamp.covers_whole_file
    assert preserver.augment(after, Level.B_LTA) == after


def test_the_chain_of_archive_time_stamps_is_renewed(at, preserver, authority, verify):
    once = at[Level.B_LTA].content
    twice = preserver.renew(once)
    assert twice.startswith(once)
    assert stores(twice)[1] == 2
    assert judged(twice, authority) == [AdESPassed.OK]
    assert {r.state for r in verify(twice)} == {SignatureState.VALID}
    assert check(twice) == []


def test_when_the_archive_time_stamp_ends(at, preserver):
    ends = preserver.stamp_ends(at[Level.B_LTA].content)
    assert dt.timedelta(3640) < ends - dt.datetime.now(dt.UTC) < dt.timedelta(3651)
    assert preserver.stamp_ends(at[Level.B_T].content) is None


def test_a_second_signature_after_the_archive_time_stamp(at, signer, profiles, authority, verify):
    first = at[Level.B_LTA].content
    profile = replace(profiles["co_quan"], level=Level.B_LTA)
    both = signer.sign(first, profile=profile, who="unit1")
    assert both.level is Level.B_LTA
    assert both.content.startswith(first)
    assert judged(both.content, authority) == [AdESPassed.OK] * 2
    assert {r.state for r in verify(both.content)} == {SignatureState.VALID}


@pytest.mark.requires_pdfsig
def test_pdfsig_and_openssl_agree_at_b_lta(at, signer, profiles, authority, tmp_path):
    profile = replace(profiles["co_quan"], level=Level.B_LTA)
    content = signer.sign(at[Level.B_LTA].content, profile=profile, who="unit1").content
    (tmp_path / "f.pdf").write_bytes(content)
    ran = subprocess.run(
        ["pdfsig", "-nocert", str(tmp_path / "f.pdf")], capture_output=True, check=False
    )
    assert ran.stdout.decode().count("Signature is Valid.") == 2
    root = authority.trust / "sohoa-development-root.crt"
    checked = 0
    for signature in PdfFileReader(BytesIO(content)).embedded_regular_signatures:
        a, b, c, d = (int(n) for n in signature.byte_range)
        (tmp_path / "content").write_bytes(content[a : a + b] + content[c : c + d])
        (tmp_path / "sig.der").write_bytes(signature.pkcs7_content)
        command = f"openssl cms -verify -binary -inform DER -in {tmp_path}/sig.der "
        command += f"-content {tmp_path}/content -CAfile {root} -purpose any -out /dev/null"
        ran = subprocess.run(command.split(), capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr
        checked += 1
    assert checked == 2


class Sometimes(TimeStamper):
    """An authority that may be down."""

    def __init__(self, real: TimeStamper) -> None:
        super().__init__()
        self.real, self.up = real, True

    async def async_request_tsa_response(self, req):
        if not self.up:
            raise TimestampRequestError("connection refused")
        return await self.real.async_request_tsa_response(req)


def test_the_authority_is_down_then_up(authority, keys, copy_pdf, profiles, tools, verify):
    stamper = Sometimes(authority.time_stamper())
    revocation = RevocationSources(lists=authority.revocation_lists)
    signer = PyHankoSigner(
        keys,
        trust_dir=authority.trust,
        sandbox=tools.DirectSandbox(),
        clock=tools.FixedClock(),
        stamper=stamper,
        revocation=revocation,
    )
    preserver = PyHankoPreserver(trust_dir=authority.trust, revocation=revocation, stamper=stamper)
    stamper.up = False
    done = signer.sign(copy_pdf, profile=replace(profiles["ca_nhan"], level=Level.B_LTA), who="u1")
    assert done.level is Level.B_B
    assert verify(done.content)[0].state == SignatureState.VALID
    with pytest.raises(TimeStampUnavailable):
        preserver.augment(done.content, Level.B_LTA)
    stamper.up = True
    assert stores(preserver.augment(done.content, Level.B_LTA)) == (2, 1)


def test_without_revocation_data_nothing_above_b_t(authority, at, keys, copy_pdf, profiles, tools):
    """The lists lie in the trust folder of this installation; here they are hidden."""
    alone = tools.folder_with(authority, "*.crt")
    preserver = PyHankoPreserver(
        trust_dir=alone, revocation=RevocationSources(), stamper=authority.time_stamper()
    )
    with pytest.raises(RevocationUnavailable):
        preserver.augment(at[Level.B_T].content, Level.B_LT)
    signer = PyHankoSigner(
        keys,
        trust_dir=alone,
        sandbox=tools.DirectSandbox(),
        clock=tools.FixedClock(),
        stamper=authority.time_stamper(),
    )
    done = signer.sign(copy_pdf, profile=replace(profiles["ca_nhan"], level=Level.B_LTA), who="u1")
    assert done.level is Level.B_T


def test_a_revoked_certificate_does_not_sign(tmp_path, copy_pdf, profiles, tools):
    authority = DevelopmentAuthority(tmp_path / "c")
    keys = DevelopmentKeys(authority, {"u1": Subject(name="Người Bị Thu Hồi")}.get)
    revocation = RevocationSources(lists=authority.revocation_lists)
    signer = PyHankoSigner(
        keys,
        trust_dir=authority.trust,
        sandbox=tools.DirectSandbox(),
        clock=tools.FixedClock(),
        stamper=authority.time_stamper(),
        revocation=revocation,
    )
    profile = replace(profiles["ca_nhan"], level=Level.B_T)
    before = signer.sign(copy_pdf, profile=profile, who="u1").content
    authority.revoke("u1")
    with pytest.raises(CertificateRefused, match="revoked") as refused:
        signer.sign(copy_pdf, profile=profile, who="u1")
    assert "thu hồi" in refused.value.shown
    preserver = PyHankoPreserver(
        trust_dir=authority.trust, revocation=revocation, stamper=authority.time_stamper()
    )
    with pytest.raises(CertificateRefused):
        preserver.augment(before, Level.B_LTA)


def test_an_expired_certificate_does_not_sign(tmp_path, copy_pdf, profiles, tools, monkeypatch):
    monkeypatch.setattr("storage.signing.authority._SIGNER_DAYS", -0.02)
    monkeypatch.setattr("storage.signing.authority._RENEW_BEFORE", dt.timedelta(days=-9))
    authority = DevelopmentAuthority(tmp_path / "c")
    keys = DevelopmentKeys(authority, {"u1": Subject(name="Người Hết Hạn")}.get)
    signer = PyHankoSigner(
        keys, trust_dir=authority.trust, sandbox=tools.DirectSandbox(), clock=tools.FixedClock()
    )
    with pytest.raises(CertificateRefused, match="expired") as refused:
        signer.sign(copy_pdf, profile=profiles["ca_nhan"], who="u1")
    assert "hết hạn" in refused.value.shown


def test_no_archive_stamp_changes_a_signed_byte(at, preserver):
    """The ranges the signature stands for are the same before and after."""
    before = at[Level.B_T].content
    after = preserver.augment(before, Level.B_LTA)
    first = re.search(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+)", before)
    a, b, c, d = (int(n) for n in first.groups())
    assert before[a : a + b] + before[c : c + d] == after[a : a + b] + after[c : c + d]
