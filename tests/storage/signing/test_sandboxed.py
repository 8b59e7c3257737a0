"""Foreign files are verified in a child; whatever the child does, an answer comes back."""

import json
from pathlib import Path

import pytest

from storage.sandbox import LimitedSandbox, account, best_sandbox, describe
from storage.signing.reports import unread, verification_as_json, verification_from_json
from storage.signing.sandboxed import SandboxedVerifier
from storage.signing.stamp import first_page_ink
from storage.signing.verify import PyHankoVerifier
from workflows.domain.signature import SignatureState
from workflows.ports.sandbox import Ran, SandboxLevel


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


GOOD = unread("").as_json()["signatures"][0] | {"state": "hop_le", "intact": True}


def told(row, **more) -> str:
    body = {"signatures": [row], "warnings": [], "sha256": "0" * 64, "checked_at": None}
    return json.dumps(body | more)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        "{}",
        "[1]",
        "null",
        "[]",
        json.dumps([GOOD]),
        told(GOOD | {"state": "tuyet_voi"}),
        told(GOOD | {"states": ["hop_le", "tuyet_voi"]}),
        told(GOOD | {"signer": 5}),
        told(GOOD | {"notes": "x"}),
        told({k: v for k, v in GOOD.items() if k != "intact"}),
        told(GOOD | {"signed_at": "yesterday"}),
        told(GOOD | {"signed_at": "2026-01-01T00:00:00"}),
        told(GOOD, sha256="../../etc/passwd"),
        told(GOOD, warnings={}),
        "[" * 100_000,
        told(GOOD | {"reason": "x" * (5 << 20)}),
    ],
    ids=lambda answer: str(answer)[:20],
)
def test_exit_code_zero_proves_nothing(answer, signed_file, authority):
    [report] = SandboxedVerifier(Scripted(answer), authority.trust).verify(signed_file)
    assert report.state is SignatureState.UNREADABLE


def test_a_good_answer_is_believed_and_its_texts_are_bounded(signed_file, authority):
    answer = told(GOOD | {"signer": "n" * 10_000, "intact": "yes", "page": True})
    [report] = SandboxedVerifier(Scripted(answer), authority.trust).verify(signed_file)
    assert report.state is SignatureState.VALID
    assert len(report.signer_name) == 500
    assert report.intact is False, "only true is true"
    assert report.page is None


def test_verifications_survive_the_border(signed_twice, authority, tmp_path):
    path = tmp_path / "f.pdf"
    path.write_bytes(signed_twice.content)
    told = PyHankoVerifier(authority.trust).verify(path)
    assert len(told) == 2
    assert verification_from_json(json.loads(json.dumps(verification_as_json(told)))) == told


def test_the_childs_own_account_may_pass_to_its_folder(signed_file, authority, monkeypatch):
    """Otherwise a weaker sandbox would run the child under the account of the service."""
    seen = []

    class Looking(Scripted):
        def run(self, argv, *, read, out, limits, env=None):
            seen.append(account.passable([out]) and not out.stat().st_mode & 0o077)
            return super().run(argv, read=read, out=out, limits=limits, env=env)

    monkeypatch.setattr("tempfile.tempdir", "/tmp")
    SandboxedVerifier(Looking(None), authority.trust).verify(signed_file)
    assert seen == [True]
