"""What every `Signer` must keep, whoever holds the key."""

import datetime as dt
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ocr.page import PageText
from storage.pdf import PikepdfArchivalPdf
from storage.sandbox import best_sandbox
from storage.signing.authority import DevelopmentAuthority, DevelopmentKeys, Subject
from storage.signing.sandboxed import SandboxedVerifier
from storage.signing.sign import PyHankoSigner
from storage.signing.verify import PyHankoVerifier
from workflows.domain.signature import SignatureState
from workflows.errors import SigningFailed
from workflows.ports.archival import CopyPage
from workflows.ports.clock import SystemClock
from workflows.ports.signer import SignatureProfile, Signer, Verifier


class SignerContract:
    """Inherit and give `signer`, `verifier`, `copy` and the id of someone who may sign."""

    who = "user-1"

    @pytest.fixture
    def profile(self) -> SignatureProfile:
        return SignatureProfile(name="thu", reason="Thử", field_prefix="Thu")

    def test_adds_a_signature_and_says_what_it_did(
        self, signer: Signer, copy: bytes, profile: SignatureProfile
    ):
        before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
        done = signer.sign(copy, profile=profile, who=self.who)
        assert done.content.startswith(copy)
        assert len(done.content) > len(copy)
        assert done.field_name.startswith("Thu")
        assert done.signer_name
        assert done.level == "B-B"
        assert before <= done.signed_at <= dt.datetime.now(dt.UTC)

    def test_the_verifier_agrees(
        self, signer: Signer, verifier: Verifier, copy: bytes, profile, tmp_path
    ):
        done = signer.sign(copy, profile=profile, who=self.who)
        path = tmp_path / "signed.pdf"
        path.write_bytes(done.content)
        [report] = verifier.verify(path)
        assert report.state is SignatureState.VALID
        assert report.field_name == done.field_name
        assert report.signer_name == done.signer_name
        assert report.covers_whole_file
        assert path.read_bytes() == done.content

    def test_signing_again_adds_a_field(self, signer: Signer, verifier, copy, profile, tmp_path):
        once = signer.sign(copy, profile=profile, who=self.who)
        twice = signer.sign(once.content, profile=profile, who=self.who)
        assert once.field_name != twice.field_name
        path = tmp_path / "signed.pdf"
        path.write_bytes(twice.content)
        reports = verifier.verify(path)
        assert [r.field_name for r in reports] == [once.field_name, twice.field_name]
        assert {r.state for r in reports} == {SignatureState.VALID}

    def test_invisible_is_allowed(self, signer: Signer, copy, profile):
        hidden = replace(profile, visible=False)
        assert signer.sign(copy, profile=hidden, who=self.who).content.startswith(copy)

    def test_nobody_and_nothing_are_refused(self, signer: Signer, copy, profile):
        with pytest.raises(SigningFailed):
            signer.sign(copy, profile=profile, who="somebody-else")
        with pytest.raises(SigningFailed):
            signer.sign(b"not a PDF", profile=profile, who=self.who)

    def test_unsigned_and_unreadable(self, verifier: Verifier, copy, tmp_path):
        path = tmp_path / "f.pdf"
        path.write_bytes(copy)
        assert list(verifier.verify(path)) == []
        path.write_bytes(b"not a PDF")
        assert [r.state for r in verifier.verify(path)] == [SignatureState.UNREADABLE]


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> DevelopmentAuthority:
    return DevelopmentAuthority(tmp_path_factory.mktemp("certificates"))


class TestPyHankoInTheSandbox(SignerContract):
    """As the shipped wiring has it: page drawn and signatures verified in the real sandbox."""

    @pytest.fixture(scope="class")
    def copy(self) -> bytes:
        _, jpeg = cv2.imencode(".jpg", np.full((877, 620, 3), 250, np.uint8))
        text = PageText(page=1, width=620, height=877, dpi=75)
        page = CopyPage(jpeg=jpeg.tobytes(), width=620, height=877, dpi=75, text=text)
        return PikepdfArchivalPdf().compose([page], title="Thử", mark=None)

    @pytest.fixture(scope="class")
    def signer(self, authority) -> Signer:
        names = {self.who: Subject(name="Nguyễn Thị Mẫu")}
        return PyHankoSigner(
            DevelopmentKeys(authority, names.get),
            trust_dir=authority.trust,
            sandbox=best_sandbox(),
            clock=SystemClock(),
        )

    @pytest.fixture(scope="class")
    def verifier(self, authority) -> Verifier:
        authority.ensure()
        return SandboxedVerifier(best_sandbox(), authority.trust)


class TestPyHankoInProcess(TestPyHankoInTheSandbox):
    @pytest.fixture(scope="class")
    def verifier(self, authority) -> Verifier:
        authority.ensure()
        return PyHankoVerifier(authority.trust)
