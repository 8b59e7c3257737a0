"""`sohoa evaluate --synthetic`: a perfect reader scores perfectly, a failing one does not."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.sample_evaluation import HEAD, Read, evaluate_samples, record


def perfect(path: Path) -> dict[str, Any]:
    """The contract's JSON as a reader without fault would give it."""
    truth = json.loads((path.parent / "truth" / f"{path.stem}.json").read_text())
    text = []
    for page in truth["pages"]:
        words = []
        for line in truth["lines"]:
            if line["page"] != page["page"]:
                continue
            x0, y0, x1, y1 = line["box"]
            tokens = line["text"].split()
            wide = (x1 - x0) / len(line["text"])
            x = x0
            for token in tokens:
                box = [x, y0, x + wide * len(token), y1]
                words.append({"text": token, "box": box, "confidence": 0.99})
                x += wide * (len(token) + 1)
        text.append(page | {"source": "ocr", "text": "", "words": words})
    guess = truth["document_type"] | {"confidence": 0.99, "needs_review": False}
    return {
        "pages": len(text), "first_page": 1, "last_page": len(text), "document_type": guess,
        "fields": {}, "text": text, "attached": [],
        "timings": {}, "engines": ["perfect 1"],
    }  # fmt: skip


def read_many(paths: Sequence[Path]) -> Iterator[tuple[Path, Read]]:
    for path in paths:
        broken = path.stem.startswith("nghi_quyet")
        yield path, ValueError("no") if broken else perfect(path)


@pytest.fixture(scope="module")
def scores():
    return evaluate_samples(2, 40, read_many)


@pytest.mark.slow
def test_the_words_of_the_truth_score_without_error(scores):
    assert [score.level for score in scores] == ["L1", "L2", "L3", "L4", "L5"]
    for score in scores:
        assert score.papers == 2
        assert score.failed == 1
        assert score.plain.characters.edits == 0 or score.plain.characters.rate > 0.2


@pytest.mark.slow
def test_a_paper_that_could_not_be_read_counts_as_unread(scores):
    for score in scores:
        # one of two papers failed: all of its letters are errors, none of the other's
        assert 0.2 < score.all.characters.rate < 0.9
        assert score.as_json()["failed"] == 1


@pytest.mark.slow
def test_the_table_is_added_to_the_report_newest_last(scores, tmp_path):
    report = tmp_path / "benchmarks.md"
    report.write_text("# Benchmarks\n\nolder\n")
    record(scores, 40, report)
    record(scores, 41, report)
    told = report.read_text()
    assert told.index("older") < told.index("seed 40") < told.index("seed 41")
    assert told.count("## Sample papers by level") == 1
    assert told.count(HEAD) == 2 and "perfect 1" in told


def test_neither_folder_nor_count_is_refused_with_a_word_on_what_to_give():
    ran = CliRunner().invoke(app, ["evaluate"])
    assert ran.exit_code == 2
    assert "--synthetic" in ran.output
