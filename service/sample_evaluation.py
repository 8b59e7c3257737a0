# SPDX-License-Identifier: Apache-2.0
"""Reading the project's own sample papers, level by level, against their exact truth.

What `sohoa evaluate --synthetic N --seed S` does: N papers of every level, types in turn, made
anew from the seed, read by the shipped reader and scored by place (`ocr.placed_errors`).
"""

from __future__ import annotations

import datetime as dt
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr.evaluation import Evaluation, Tally, compare
from ocr.extraction import Extraction
from ocr.page import Box, Word
from ocr.placed_errors import PlacedErrors, TruthLine, placed_errors
from service.samples import TYPE_CODES, Level, make_sample, write_sample
from service.samples.official import KINDS

Read = dict[str, Any] | Exception
ReadMany = Callable[[Sequence[Path]], Iterable[tuple[Path, Read]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelScore:
    """One level: errors of pages of running text, of forms and tables, and the fields."""

    level: str
    papers: int
    plain: PlacedErrors
    forms: PlacedErrors
    fields: Tally
    failed: int
    engines: tuple[str, ...] = ()

    @property
    def all(self) -> PlacedErrors:
        return PlacedErrors.total([self.plain, self.forms])

    def as_row(self) -> str:
        """CER all / plain / forms, WER, DER in percent; fields right, silent."""
        rates = (
            self.all.characters, self.plain.characters, self.forms.characters,
            self.all.words, self.all.marks,
        )  # fmt: skip
        shown = " | ".join(f"{100 * r.rate:.2f}" for r in rates)
        exact = f"{self.fields.exact}/{self.fields.total}"
        return f"| {self.level} | {self.papers} | {shown} | {exact} | {self.fields.silent} |"

    def as_json(self) -> dict[str, Any]:
        def rate(errors: PlacedErrors) -> dict[str, float]:
            return {
                "cer": errors.characters.rate,
                "wer": errors.words.rate,
                "der": errors.marks.rate,
                "characters": errors.characters.length,
            }

        return {
            "level": self.level,
            "papers": self.papers,
            "failed": self.failed,
            "all": rate(self.all),
            "plain": rate(self.plain),
            "forms_and_tables": rate(self.forms),
            "fields": {
                "n": self.fields.total,
                "exact": self.fields.exact,
                "wrong_silent": self.fields.silent,
            },
        }


HEAD = (
    "| level | papers | CER | CER plain | CER forms | WER | DER | fields right | silent |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def evaluate_samples(count: int, seed: int, read_many: ReadMany) -> list[LevelScore]:
    """`count` fresh papers of every level from `seed` up; the files are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sohoa-samples-") as folder:
        return [
            _score(level, _make(Path(folder) / level, count, seed, level), read_many)
            for level in Level
        ]


def _make(folder: Path, count: int, seed: int, level: Level) -> list[Path]:
    """Types in turn; the same papers at every level, so that levels can be compared."""
    return [
        write_sample(make_sample(TYPE_CODES[i % len(TYPE_CODES)], seed + i, level), folder)
        for i in range(count)
    ]


def _score(level: Level, papers: Sequence[Path], read_many: ReadMany) -> LevelScore:
    plain, forms, rows, failed = list[PlacedErrors](), list[PlacedErrors](), list[Any](), 0
    engines = dict[str, None]()
    for path, outcome in read_many(papers):
        truth = json.loads((path.parent / "truth" / f"{path.stem}.json").read_text("utf-8"))
        read = {} if isinstance(outcome, Exception) else outcome
        failed += isinstance(outcome, Exception)
        engines |= dict.fromkeys(read.get("engines", ()))
        home = plain if truth["document_type"]["code"] in KINDS else forms
        home += [
            placed_errors(_lines(truth, page["page"]), _words(read, page["page"]))
            for page in truth["pages"]
        ]
        if read:
            rows += compare(Extraction.from_json(read), truth)
    return LevelScore(
        level=level.value,
        papers=len(papers),
        plain=PlacedErrors.total(plain),
        forms=PlacedErrors.total(forms),
        fields=Evaluation(rows=tuple(rows)).overall,
        failed=failed,
        engines=tuple(engines),
    )


def _lines(truth: dict[str, Any], page: int) -> list[TruthLine]:
    return [
        TruthLine(text=line["text"], box=Box(*line["box"]))
        for line in truth["lines"]
        if line["page"] == page
    ]


def _words(read: dict[str, Any], page: int) -> list[Word]:
    return [
        Word(text=w["text"], box=Box(*w["box"]), confidence=w["confidence"])
        for text in read.get("text", ())
        if text["page"] == page
        for w in text["words"]
    ]


def record(scores: Sequence[LevelScore], seed: int, report: Path) -> None:
    """Append the run to `docs/benchmarks.md`, newest last."""
    title = "\n## Sample papers by level\n"
    told = report.read_text(encoding="utf-8") if report.exists() else "# Benchmarks\n"
    if title not in told:
        told += (
            title
            + "\n`sohoa evaluate --synthetic N --seed S --record docs/benchmarks.md`; errors by"
            " place, in percent, order of lines free.\n"
        )
    day = dt.datetime.now(dt.UTC).date().isoformat()
    rows = "\n".join(score.as_row() for score in scores)
    load = os.getloadavg()[0]
    engines = ", ".join(scores[0].engines)
    told += f"\n{day}, seed {seed}, {engines}, load {load:.1f}\n\n{HEAD}\n{rows}\n"
    report.write_text(told, encoding="utf-8")
