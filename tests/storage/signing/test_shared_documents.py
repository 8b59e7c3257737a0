"""Real signed papers of 2018-2026, as their offices published them."""

import csv
import datetime as dt
import hashlib
import shutil
from collections import Counter, defaultdict

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from storage.sandbox import best_sandbox
from storage.signing.sandboxed import SandboxedVerifier
from storage.signing.verify import PyHankoVerifier
from workflows.domain.signature import SignatureState

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


def test_the_table_row_by_row(listed, reports):
    """Everything pdfsig, the tokens and the dictionaries give, and the states that follow."""
    for name, rows in listed.items():
        for row, report in zip(rows, reports[name], strict=True):
            assert _utc(report.token_time) == row["timestamp_token"], name
            assert _utc(report.signer_time) == row["cms_signing_time"], name
            assert report.pdf_time == dt.datetime.fromisoformat(row["pdf_M"]), name
            if name == LOST_FORM:
                continue
            assert report.signer_name == row["signer"]
            assert report.digest == row["digest"].replace("-", "").lower()
            assert report.covers_whole_file == (row["coverage"] == "total")
            pades = row["subfilter"] == "ETSI.CAdES.detached"
            stamped = bool(row["timestamp_token"])
            assert report.level == ("B-" if pades else "CMS-" if stamped else "CMS") + (
                "T" if stamped else "B" if pades else ""
            )
            expired = row["pdfsig_certificate"] == "Certificate has Expired"
            weak = row["digest"] == "SHA-1"
            assert set(report.states) - {SignatureState.DOUBTFUL} == {
                SignatureState.UNTRUSTED,
                *([SignatureState.EXPIRED] if expired else []),
                *([SignatureState.WEAK_DIGEST] if weak else []),
            }


def _utc(when: dt.datetime | None) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}" if when else ""


def test_signing_times_seven_hours_off_are_explained_and_not_taken(reports):
    told = [r for found in reports.values() for r in found if r.signer_time]
    explained = [r for r in told if any("lệch 7 giờ" in note for note in r.notes)]
    assert (len(told), len(explained)) == (17, 16)
    for report in explained:
        assert abs(report.signed_at - report.signer_time) > dt.timedelta(hours=6)


def test_states_counted_once_each(reports):
    states = Counter(s for found in reports.values() for r in found for s in r.states)
    assert states[SignatureState.WEAK_DIGEST] == 19
    assert states[SignatureState.EXPIRED] == 3
    assert states[SignatureState.UNTRUSTED] == 38


def test_an_issuer_laid_into_the_folder_is_no_root(shared_data, tmp_path):
    """2118 brings its issuer's certificate along; only self-issued ones in the folder are roots."""
    with (shared_data / CERTIFIED).open("rb") as file:
        signature = PdfFileReader(file, strict=False).embedded_signatures[0]
        issuers = signature.other_embedded_certs
        assert [c for c in issuers if c.subject == signature.signer_cert.issuer]
        for n, held in enumerate(issuers):
            (tmp_path / f"{n}.cer").write_bytes(held.dump())
    for report in PyHankoVerifier(tmp_path).verify(shared_data / CERTIFIED):
        assert SignatureState.UNTRUSTED in report.states
        assert "CA phục vụ các cơ quan Nhà nước G2" in report.reason


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
