# SPDX-License-Identifier: Apache-2.0
"""The scoring itself: tolerances, outcomes, both kinds of truth files."""

import datetime as dt
import json

import pytest

from ocr.evaluation import (
    Evaluation,
    Outcome,
    character_error,
    compare,
    evaluate,
    evaluate_folder,
    same_value,
    total_error,
    word_error,
)
from ocr.reader import Reader
from tests.ocr.papers import decision

READER = Reader(None, today=lambda: dt.date(2026, 11, 24))


@pytest.mark.parametrize(
    ("field", "value", "truth"),
    [
        ("number", "47", "047"),
        ("number", "02/2021", "02"),
        ("symbol", "QĐ -UBND", "QĐ-UBND"),
        ("issuer", "UBND tỉnh Quảng Ngãi", "Uỷ ban nhân dân tỉnh Quảng Ngãi"),
        ("issuer", "Sở Tư pháp tỉnh Quảng Ngãi", "Sở Tư pháp"),
        ("abstract", "việc hỗ trợ “quà”", 'V/v việc hỗ trợ "quà"'),
        ("abstract", "VỀ VIỆC HỖ TRỢ HÒA BÌNH", "Về việc hỗ trợ hoà bình"),
        ("signer", "Tô Lâm", "Đại tướng Tô Lâm"),
        ("signer_title", "phó chủ tịch", "PHÓ CHỦ TỊCH"),
        ("place", "TP. Hồ Chí Minh", "Hồ Chí Minh"),
        ("signing_authority", ["KT. CHỦ TỊCH"], ["KT. Chủ tịch"]),
        ("signing_authority", None, []),
        ("height", "13,2m", "13,2 m"),
        ("abstract", "giai đoạn 2026-2030", "giai đoạn 2026 - 2030"),
    ],
)
def test_differences_of_form_do_not_count(field, value, truth):
    assert same_value(field, value, truth, {"place": "Quảng Ngãi"})


@pytest.mark.parametrize(
    ("field", "value", "truth"),
    [
        ("symbol", "QD-UBND", "QĐ-UBND"),
        ("symbol", "QÐ-UBND", "QĐ-UBND"),  # Eth
        ("symbol", "TT-BTС", "TT-BTC"),  # Cyrillic
        ("issued_on", "17/01/2025", "2025-01-17"),
        ("signer", "Nguyên Văn An", "Nguyễn Văn An"),
        ("signing_authority", ["TM. UBND"], ["TM. UBND", "KT. CHỦ TỊCH"]),
        ("parent_issuer", "Bộ Công an", None),
        ("issuer", None, "Bộ Công an"),
        ("height", "13,2 m", "13,2 m2"),
    ],
)
def test_differences_of_content_count(field, value, truth):
    assert not same_value(field, value, truth, {})


TRUTH = {
    "file": "a.pdf",
    "so": "47",
    "ky_hieu": "QĐ-UBND",
    "so_ky_hieu": "47/QĐ-UBND",
    "ngay_ban_hanh": "2025-01-17",
    "loai_van_ban": "Quyết định",
    "nguoi_ky": "Nguyễn Hoàng Giang",
    "so_viet_tay": True,
}


def outcomes(page, **truth):
    rows = compare(READER.assemble([page]), TRUTH | truth)
    return {r.field: r.outcome for r in rows}


def test_outcomes_of_a_clean_reading():
    assert set(outcomes(decision()).values()) == {Outcome.RIGHT}


def test_silent_flagged_and_missed_are_told_apart():
    assert outcomes(decision(), so="48")["number"] is Outcome.SILENT
    weak = decision(number="Số: 47 /QĐ-UBND", weak={"47": 0.6})
    assert outcomes(weak)["number"] is Outcome.RIGHT_FLAGGED
    assert outcomes(weak, so="48")["number"] is Outcome.FLAGGED
    assert outcomes(decision(number="Số: 4‡ /QĐ-UBND"))["number"] is Outcome.MISSED


def test_a_wrong_absence_is_silent():
    assert outcomes(decision(), do_khan="HỎA TỐC")["urgency"] is Outcome.SILENT


def test_uncertain_truth_is_left_out():
    assert "number" not in outcomes(decision(), so="99", so_khong_chac=True)


def test_a_folder_of_truth_in_both_spellings(tmp_path):
    (tmp_path / "real" / "truth").mkdir(parents=True)
    (tmp_path / "made" / "truth").mkdir(parents=True)
    for home in ("real", "made"):
        (tmp_path / home / "a.pdf").write_bytes(b"%PDF")
    (tmp_path / "real" / "truth" / "a.pdf.json").write_text(json.dumps(TRUTH), "utf-8")
    own = {"document_type": "quyet_dinh", "number": "47", "issued_on": "2025-01-18"}
    (tmp_path / "made" / "truth" / "a.json").write_text(json.dumps(own), "utf-8")
    result = evaluate(tmp_path, lambda path: READER.assemble([decision()]))
    assert result.by_field()["number (handwritten)"].right == 1
    assert result.by_field()["number (typed)"].right == 1
    assert result.by_source()["made"].silent == 1
    assert [(r.file, r.field, r.value) for r in result.silent()] == [
        ("a.pdf", "issued_on", "2025-01-17")
    ]
    table = result.as_markdown()
    assert "| issued_on (typed) | 1 | 0 | 0 | 0 | 1 | 0 |" in table
    assert result.as_json()["overall"]["wrong_silent"] == 1


def test_a_document_that_breaks_is_named_not_skipped(tmp_path):
    (tmp_path / "s" / "truth").mkdir(parents=True)
    (tmp_path / "s" / "a.pdf").write_bytes(b"")
    (tmp_path / "s" / "truth" / "a.pdf.json").write_text(json.dumps(TRUTH), "utf-8")

    def broken(path):
        raise ValueError("no page")

    result = evaluate(tmp_path, broken)
    assert result.failures == (("s/a.pdf", "ValueError: no page"),)
    assert "no page" in result.as_markdown()


def test_a_reader_of_many_files_gives_the_same_table(tmp_path):
    (tmp_path / "s" / "truth").mkdir(parents=True)
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / "s" / name).write_bytes(b"%PDF")
        (tmp_path / "s" / "truth" / f"{name}.json").write_text(
            json.dumps(TRUTH | {"file": name}), "utf-8"
        )

    def many(paths):
        assert [p.name for p in paths] == ["a.pdf", "b.pdf"]
        yield paths[0], READER.assemble([decision()]).as_json()
        yield paths[1], ValueError("encrypted")

    result = evaluate_folder(tmp_path, many)
    assert result.overall.right == 6
    assert result.failures == (("s/b.pdf", "ValueError: encrypted"),)


def test_truth_without_its_document_is_an_error(tmp_path):
    (tmp_path / "s" / "truth").mkdir(parents=True)
    (tmp_path / "s" / "truth" / "a.pdf.json").write_text(json.dumps(TRUTH), "utf-8")
    with pytest.raises(FileNotFoundError, match=r"a\.pdf"):
        evaluate(tmp_path, lambda path: READER.assemble([]))


def test_reliability_counts_right_values_by_confidence():
    sure = [b for b in evaluate_one(decision()).reliability() if b.low >= 0.8]
    # every field of the truth but the type was read at .8 and above
    assert sum(b.count for b in sure) == 6
    assert all(b.right == 1.0 for b in sure if b.count)


def evaluate_one(page):
    rows = compare(READER.assemble([page]), {k: v for k, v in TRUTH.items() if k != "loai_van_ban"})
    return Evaluation(rows=tuple(rows) + tuple(compare(READER.assemble([page]), {"so": "47"})))


def test_error_rates():
    rate = character_error("Quyết định", "Quyêt định")
    assert (rate.edits, rate.length) == (1, 10)
    assert character_error("hoà  bình", "hoà bình").rate == 0
    assert word_error("một hai ba", "một ba").edits == 1
    assert character_error("", "x").rate == 1.0
    assert total_error([rate, rate]).rate == pytest.approx(0.1)
