"""Foreign files are verified in a child; whatever the child does, an answer comes back."""

import json
from pathlib import Path

import pytest

from storage.sandbox import LimitedSandbox, best_sandbox, describe
from storage.signing.reports import reports_as_json, reports_from_json
from storage.signing.sandboxed import SandboxedVerifier
from storage.signing.stamp import first_page_ink
from workflows.ports.sandbox import Ran, SandboxLevel
from workflows.ports.signer import SignatureState


class Scripted:
    """A sandbox whose child writes what the test says."""

    level = SandboxLevel.LIMITS

    def __init__(self, answer: str | None, *, killed: str | None = None) -> None:
        self.answer, self.killed = answer, killed

    def run(self, argv, *, read, out: Path, limits, env=None):
        if self.answer is not None:
            (out / "reports.json").write_text(self.answer, "utf-8")
        return Ran(returncode=0, stdout=b"", stderr=b"", killed=self.killed, seconds=0.1)


@pytest.fixture
def signed_file(signed, tmp_path):
    path = tmp_path / "f.pdf"
    path.write_bytes(signed.content)
    return path


def test_the_real_sandbox_gives_the_same_reports(signed_file, authority, signed, verify):
    verifier = SandboxedVerifier(best_sandbox(), authority.trust)
    assert list(verifier.verify(signed_file)) == verify(signed.content)


@pytest.mark.parametrize("guard", ["seccomp", "landlock"])
def test_weaker_sandboxes_give_the_same_reports(guard, signed_file, authority, signed, verify):
    """Landlock hides the folder our packages stand in: the child must import without listing it."""
    sandbox = LimitedSandbox(**{guard: describe()[guard] == "ok"})
    reports = SandboxedVerifier(sandbox, authority.trust).verify(signed_file)
    assert list(reports) == verify(signed.content)


def test_the_real_sandbox_can_draw_page_one(copy_pdf):
    ink = first_page_ink(copy_pdf, best_sandbox())
    assert 0.02 < ink.mean() < 0.6


def test_broken_files_in_the_real_sandbox(authority, tmp_path):
    path = tmp_path / "f.pdf"
    path.write_bytes(b"%PDF-1.7 nonsense")
    [report] = SandboxedVerifier(best_sandbox(), authority.trust).verify(path)
    assert report.state is SignatureState.UNREADABLE


@pytest.mark.parametrize("bound", ["wall", "cpu", "memory"])
def test_a_child_that_hits_a_bound_is_one_unreadable_report(bound, signed_file, authority):
    sandbox = Scripted("[]", killed=bound)
    [report] = SandboxedVerifier(sandbox, authority.trust).verify(signed_file)
    assert report.state is SignatureState.UNREADABLE
    assert bound in report.reason


GOOD = {
    "field": "f",
    "signer": "s",
    "state": "hop_le",
    "intact": True,
    "trusted": True,
    "covers_whole_file": True,
    "signed_at": None,
    "digest": "sha256",
    "level": "B-B",
    "is_timestamp": False,
    "reason": "",
}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        "{}",
        "[1]",
        "null",
        json.dumps([GOOD | {"state": "tuyet_voi"}]),
        json.dumps([GOOD | {"signer": 5}]),
        json.dumps([{k: v for k, v in GOOD.items() if k != "intact"}]),
        json.dumps([GOOD | {"signed_at": "yesterday"}]),
        "[" * 100_000,
        json.dumps([GOOD | {"reason": "x" * (5 << 20)}]),
    ],
    ids=lambda answer: str(answer)[:20],
)
def test_exit_code_zero_proves_nothing(answer, signed_file, authority):
    [report] = SandboxedVerifier(Scripted(answer), authority.trust).verify(signed_file)
    assert report.state is SignatureState.UNREADABLE


def test_a_good_answer_is_believed_and_its_texts_are_bounded(signed_file, authority):
    answer = json.dumps([GOOD | {"signer": "n" * 10_000, "intact": "yes"}])
    [report] = SandboxedVerifier(Scripted(answer), authority.trust).verify(signed_file)
    assert report.state is SignatureState.VALID
    assert len(report.signer_name) == 500
    assert report.intact is False, "only true is true"


def test_reports_survive_the_border(signed_twice, verify):
    reports = verify(signed_twice.content)
    assert list(reports_from_json(json.loads(json.dumps(reports_as_json(reports))))) == reports
