"""What the states of a file's signatures mean for the clerk."""

import datetime as dt
from dataclasses import replace

import pytest

from workflows.domain.signature import (
    Changes,
    Coverage,
    Revocation,
    SignatureReport,
    SignatureState,
    TimeSource,
    Verification,
)
from workflows.verification import (
    ADVICE,
    CHANGES,
    COVERAGES,
    REVOCATIONS,
    TIME_SOURCES,
    TITLES,
    Verdict,
    conclude,
    rows_of,
)

AT = dt.datetime(2026, 11, 26, 17, 30, tzinfo=dt.UTC)


def report(state=SignatureState.VALID, **more) -> SignatureReport:
    given = {
        "field_name": "ChuKy1",
        "signer_name": "Nguyễn Thị Mẫu",
        "state": state,
        "states": (state,),
        "intact": True,
        "trusted": True,
        "covers_whole_file": True,
        "signed_at": AT,
        "digest": "sha256",
        **more,
    }
    return SignatureReport(**given)


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (TITLES, SignatureState),
        (ADVICE, SignatureState),
        (TIME_SOURCES, TimeSource),
        (REVOCATIONS, Revocation),
        (COVERAGES, Coverage),
        (CHANGES, Changes),
    ],
)
def test_every_state_has_words(words, kinds):
    assert set(words) == set(kinds)
    assert all(words.values())


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ([], Verdict.UNSIGNED),
        (["VALID"], Verdict.VALID),
        (["VALID", "PROVEN"], Verdict.VALID),
        (["VALID", "REVOCATION_UNKNOWN"], Verdict.DOUBTFUL),
        (["WEAK_DIGEST"], Verdict.DOUBTFUL),
        (["DOUBTFUL", "VALID"], Verdict.DOUBTFUL),
        (["EXPIRED"], Verdict.DOUBTFUL),
        (["UNTRUSTED"], Verdict.DOUBTFUL),
        (["UNTRUSTED", "ALTERED", "VALID"], Verdict.INVALID),
        (["REVOKED"], Verdict.INVALID),
        (["UNREADABLE"], Verdict.INVALID),
    ],
)
def test_the_gravest_signature_decides(states, verdict):
    told = Verification(signatures=tuple(report(SignatureState[s]) for s in states))
    end = conclude(told)
    assert end.verdict is verdict
    assert end.said
    assert end.next_step
    assert set(end.as_json()) == {"verdict", "said", "next_step"}


def test_a_broken_document_time_stamp_counts_a_good_one_is_no_persons_signature():
    stamp = report(is_timestamp=True, signer_name="TSA")
    end = conclude(Verification(signatures=(report(), stamp)))
    assert end.verdict is Verdict.VALID
    assert end.said == "Chữ ký hợp lệ: Nguyễn Thị Mẫu."
    broken = replace(stamp, state=SignatureState.ALTERED)
    assert conclude(Verification(signatures=(report(), broken))).verdict is Verdict.INVALID
    assert "không có chữ ký của người" in conclude(Verification(signatures=(stamp,))).said


def test_rows_say_times_in_vietnam_and_leave_out_what_is_empty():
    rows = dict(rows_of(report(time_source=TimeSource.PDF, proven_at=AT, visible=True, page=3)))
    assert rows["Thời gian ký"] == "27/11/2026 00:30:00 (theo đồng hồ máy ký)"
    assert rows["Chắc chắn đã có từ"] == "27/11/2026 00:30:00"
    assert rows["Vị trí"] == "trang 3"
    assert "Ghi chú" not in rows
    hidden = dict(rows_of(report()))
    assert hidden["Vị trí"] == "không hiển thị trên trang"
