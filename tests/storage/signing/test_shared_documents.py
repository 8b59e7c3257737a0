"""Real signed papers of 2018-2026, as their offices published them."""

import csv
import hashlib
import shutil
from collections import Counter, defaultdict

import pytest

from storage.sandbox import best_sandbox
from storage.signing.sandboxed import SandboxedVerifier
from storage.signing.verify import PyHankoVerifier
from workflows.ports.signer import SignatureState

pytestmark = pytest.mark.shared_data

LOST_FORM = "documents/central/26_2023_QH15.pdf"
"""A later edit dropped the form: poppler cannot check its signature either."""
CERTIFIED = "documents/central/2118_PCCC_CNCH_P6.pdf"
"""Visible signatures were added after a certifying one: shown as doubtful, a person decides."""


@pytest.fixture(scope="module")
def listed(shared_data) -> dict[str, list[dict[str, str]]]:
    found = defaultdict(list)
    with (shared_data / "SIGNATURES.tsv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows, delimiter="\t"):
            found[row["file"]].append(row)
    return found


@pytest.fixture(scope="module")
def reports(shared_data, listed, authority):
    verifier = PyHankoVerifier(authority.trust)
    return {name: list(verifier.verify(shared_data / name)) for name in listed}


def test_every_signature_is_found(listed, reports):
    assert len(listed) == 18
    assert sum(len(rows) for rows in listed.values()) == 39
    assert {n: len(r) for n, r in reports.items()} == {n: len(r) for n, r in listed.items()}


def test_states(reports):
    states = Counter(r.state for found in reports.values() for r in found)
    assert states == {
        SignatureState.WEAK_DIGEST: 19,
        SignatureState.UNTRUSTED: 18,
        SignatureState.DOUBTFUL: 1,
        SignatureState.UNREADABLE: 1,
    }
    assert sum(r.intact for found in reports.values() for r in found) == 38
    assert not any(r.trusted for found in reports.values() for r in found)
    assert [r.state for r in reports[LOST_FORM]] == [SignatureState.UNREADABLE]
    assert reports[CERTIFIED][0].state is SignatureState.DOUBTFUL
    assert reports[CERTIFIED][0].intact
    assert "chữ ký chứng nhận" in reports[CERTIFIED][0].reason


def test_signers_digests_and_times_are_those_poppler_and_the_tokens_give(listed, reports):
    compared = 0
    for name, rows in listed.items():
        if name == LOST_FORM:
            continue
        for row, report in zip(rows, reports[name], strict=True):
            assert report.signer_name == row["signer"]
            assert report.digest == row["digest"].replace("-", "").lower()
            if row["timestamp_token"]:
                when = f"{report.signed_at:%Y-%m-%dT%H:%M:%SZ}"
                assert when == row["timestamp_token"], name
                compared += 1
    assert compared == 31


def test_verifying_keeps_the_bytes_and_the_sandbox_agrees(
    shared_data, reports, authority, tmp_path
):
    verifier = SandboxedVerifier(best_sandbox(), authority.trust)
    for name in (CERTIFIED, LOST_FORM, "documents/quangngai/542_TB_UBND_2024.pdf"):
        path = tmp_path / "f.pdf"
        shutil.copy(shared_data / name, path)
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        assert list(verifier.verify(path)) == reports[name]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == before


@pytest.mark.slow
def test_broken_and_hostile_files_never_break_the_verifier(shared_data, authority):
    """Every PDF of the robustness set, in this process: reports or none, never an exception."""
    verifier = PyHankoVerifier(authority.trust)
    files = sorted((shared_data / "robustness").rglob("*.pdf"))
    assert len(files) > 100
    for path in files:
        if path.stat().st_size > 4 << 20:
            continue
        for report in verifier.verify(path):
            assert report.state is not SignatureState.VALID, path
