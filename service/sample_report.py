# SPDX-License-Identifier: Apache-2.0
"""What a run over sample papers came to: tables on screen, JSON, and the record that stays."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ocr.evaluation import SPLIT_BY_HAND, Comparison, Evaluation, Tally
from ocr.placed_errors import PlacedErrors
from ocr.reliability import as_markdown as reliability_table
from ocr.reliability import calibration_error
from service.sample_evaluation import PaperScore
from service.samples.official import KINDS

CLEAN = ("L1", "L2", "L3")
LEVEL_HEAD = (
    "| level | papers | pages | CER | CER plain | CER forms | WER | DER | NĐ 30 fields"
    " | one-stop fields | passing | silent | CPU s/page | peak MB |\n" + "|---" * 14 + "|"
)
SECTION = "\n## Sample papers by level\n"


@dataclass(slots=True)
class Group:
    """Scores added up as they come; a run of thousands keeps sums and field rows only."""

    papers: int = 0
    pages: int = 0
    failed: int = 0
    turned_wrong: int = 0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    plain: list[PlacedErrors] = field(default_factory=list)
    forms: list[PlacedErrors] = field(default_factory=list)
    letters: list[Comparison] = field(default_factory=list)
    one_stop: list[Comparison] = field(default_factory=list)

    def add(self, score: PaperScore) -> None:
        official = score.paper.type_code in KINDS
        self.papers += 1
        self.pages += score.pages
        self.failed += score.failure is not None
        self.turned_wrong += score.turned_wrong
        self.cpu_s += score.cpu_s
        self.peak_mb = max(self.peak_mb, score.peak_mb)
        (self.plain if official else self.forms).append(score.errors)
        (self.letters if official else self.one_stop).extend(score.rows)

    @property
    def all(self) -> PlacedErrors:
        return PlacedErrors.total([*self.plain, *self.forms])

    @property
    def rows(self) -> list[Comparison]:
        return [*self.letters, *self.one_stop]

    def as_row(self, name: str) -> str:
        plain, forms = PlacedErrors.total(self.plain), PlacedErrors.total(self.forms)
        rates = (self.all.characters, plain.characters, forms.characters, self.all.words,
                 self.all.marks)  # fmt: skip
        shown = " | ".join(f"{100 * r.rate:.2f}" if r.length else "-" for r in rates)
        whole = Tally.of(self.rows)
        cost = f"{self.cpu_s / self.pages:.2f}" if self.pages else "-"
        return (
            f"| {name} | {self.papers} | {self.pages} | {shown} | {_exact(self.letters)}"
            f" | {_exact(self.one_stop)} | {whole.passing:.1%}"
            f" | {whole.silent} ({whole.silent_rate:.2%}) | {cost} | {self.peak_mb:.0f} |"
        )

    def as_json(self) -> dict[str, Any]:
        def rate(errors: Sequence[PlacedErrors]) -> dict[str, float]:
            sums = PlacedErrors.total(errors)
            return {
                "cer": sums.characters.rate, "wer": sums.words.rate, "der": sums.marks.rate,
                "characters": sums.characters.length,
            }  # fmt: skip

        whole = Evaluation(rows=tuple(self.rows))
        return {
            "papers": self.papers,
            "pages": self.pages,
            "failed": self.failed,
            "turned_wrong": self.turned_wrong,
            "cpu_s_per_page": self.cpu_s / self.pages if self.pages else None,
            "peak_mb": self.peak_mb,
            "all": rate([*self.plain, *self.forms]),
            "plain": rate(self.plain),
            "forms_and_tables": rate(self.forms),
            "nd30_fields": fields_json(self.letters),
            "one_stop_fields": fields_json(self.one_stop),
            "calibration_error": calibration_error(whole.reliability()),
        }


def fields_json(rows: Iterable[Comparison]) -> dict[str, float]:
    tally = Tally.of(rows)
    return {
        "n": tally.total, "exact": tally.exact, "passing": tally.passing,
        "wrong_silent": tally.silent,
    }  # fmt: skip


def _exact(rows: Sequence[Comparison]) -> str:
    tally = Tally.of(rows)
    return f"{tally.exact}/{tally.total} ({tally.exact / tally.total:.1%})" if rows else "-"


@dataclass(slots=True)
class Report:
    """Everything one run is asked for; `add` takes the scores in any order."""

    seed: int
    levels: dict[str, Group] = field(default_factory=dict)
    types: dict[tuple[str, str], list[Comparison]] = field(default_factory=dict)
    engines: dict[str, None] = field(default_factory=dict)
    silent: list[tuple[str, Comparison]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    turned_wrong: list[str] = field(default_factory=list)

    def add(self, score: PaperScore) -> None:
        paper = score.paper
        self.levels.setdefault(paper.level, Group()).add(score)
        clean = "L1-L3" if paper.level in CLEAN else paper.level
        self.types.setdefault((paper.type_code, clean), []).extend(score.rows)
        self.engines |= dict.fromkeys(score.engines)
        silent = Evaluation(rows=score.rows).silent()
        self.silent += [(paper.name, row) for row in silent]
        if score.failure is not None:
            self.failures.append((paper.name, score.failure))
        if score.turned_wrong:
            self.turned_wrong.append(paper.name)

    @property
    def evaluation(self) -> Evaluation:
        return Evaluation(rows=tuple(r for group in self.levels.values() for r in group.rows))

    def as_markdown(self) -> str:
        rows = [group.as_row(name) for name, group in sorted(self.levels.items())]
        parts = [
            "\n".join([LEVEL_HEAD, *rows]),
            self._by_type(),
            self._by_hand(),
            reliability_table(self.evaluation.reliability()),
        ]
        parts += [
            f"silent: {name}: {row.field}: {row.value!r}, true {row.truth!r} ({row.confidence:.3f})"
            for name, row in self.silent
        ]
        parts += [f"not read: {name}: {why}" for name, why in self.failures]
        parts += [f"not upright: {name}" for name in self.turned_wrong]
        return "\n\n".join(parts)

    def _by_type(self) -> str:
        """Exact values per type: L1-L3 together, the harder levels apart."""
        columns = sorted({level for _, level in self.types})
        head = [f"| type | {' | '.join(columns)} | silent |", "|---" * (len(columns) + 2) + "|"]
        lines = []
        for code in dict.fromkeys(code for code, _ in self.types):
            cells = [_exact(self.types.get((code, column), [])) for column in columns]
            of_type = [r for (c, _), rows in self.types.items() if c == code for r in rows]
            lines.append(f"| {code} | {' | '.join(cells)} | {Tally.of(of_type).silent} |")
        return "\n".join([*head, *lines])

    def _by_hand(self) -> str:
        """Number and day written by hand, apart: pre-filled, flagged, never silent."""
        rows = [r for r in self.evaluation.rows if r.handwritten and r.field in SPLIT_BY_HAND]
        tally = Tally.of(rows)
        return (
            f"Number and day by hand: {tally.total}, right {tally.exact},"
            f" of them unflagged {tally.right}, silent {tally.silent}, not found {tally.missed}."
        )

    def as_json(self) -> dict[str, Any]:
        whole = self.evaluation
        return {
            "seed": self.seed,
            "engines": list(self.engines),
            "levels": [
                {"level": name} | group.as_json() for name, group in sorted(self.levels.items())
            ],
            "fields": {
                name: {"n": t.total, "exact": t.exact, "wrong_silent": t.silent}
                for name, t in whole.by_field().items()
            },
            "types": [
                {"type": code, "levels": level} | fields_json(rows)
                for (code, level), rows in self.types.items()
            ],
            "passing": whole.overall.passing,
            "silent": [
                {"paper": name, "field": r.field, "truth": r.truth, "value": r.value}
                for name, r in self.silent
            ],
            "failures": [list(f) for f in self.failures],
            "turned_wrong": self.turned_wrong,
        }


def record(text: str, title: str, command: str, report: Path) -> None:
    """Append a run to `docs/benchmarks.md`, at the end of the section of its kind."""
    told = report.read_text(encoding="utf-8") if report.exists() else "# Benchmarks\n"
    before, found, after = told.partition(title)
    here, mark, rest = after.partition("\n## ")
    if not found:
        before, here, mark, rest = told.rstrip("\n") + "\n", "", "", ""
    day = dt.datetime.now(dt.UTC).date().isoformat()
    where = f"{machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    entry = f"\n{day}, {where}: `{command}`\n\n{text}\n"
    report.write_text(before + title + here.rstrip("\n") + "\n" + entry + mark + rest, "utf-8")


def machine() -> str:
    """The processor's name where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text("utf-8").splitlines() if told.is_file() else []
    named = next((ln.partition(":")[2].strip() for ln in lines if ln.startswith("model name")), "")
    return named or platform.machine()
