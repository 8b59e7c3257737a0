# SPDX-License-Identifier: Apache-2.0
"""Fit the probabilities of fields on kept readings, judge them on offices the fit never saw.

    sohoa evaluate ../shared/data/documents --keep build/readings/real
    sohoa evaluate --synthetic 63 --seed 7000 --keep build/readings/made
    python -m benchmarks.calibration build/readings/real build/readings/made --write [--least .94]

Real papers are judged leave-one-office-out, made ones leave-one-part-of-the-seeds-out. `--write`
puts the fit over everything into `ocr/calibration.json`; `--record FILE` adds the tables.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ocr.calibration import SHIPPED, Calibration, features, kind_of, stands, surroundings
from ocr.evaluation import compare
from ocr.page import PageText
from ocr.reader import Reader
from ocr.reliability import as_markdown, reliability
from service.kept_readings import KeptReading, all_kept
from service.sample_report import record

SECTION = "\n## Calibration of field probabilities\n"
REAL_WEIGHT = 3.0
FOLDS = 5
FEWEST = 200
"""Fields a reader must have read before its figures are believed."""
MOST_SILENT = 0.004
ENOUGH = 0.72
THRESHOLDS = (0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
# more evidence never makes a value less probable, a broken rule never more
UP = ("rules", "page", "company", "weakest word", "mean word", "witnesses", "settled",
      "in catalogue")  # fmt: skip
# that a field has been right on our own forms proves little for another office's: it may only cost
DOWN = (
    "form broken", "out of place", "conflict", "repaired", "type doubtful", "no syllables",
    "odd marks",
    " read",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One field of one paper: what the rules said, its features, whether it was right."""

    paper: str
    fold: str
    real: bool
    name: str
    kind: str
    features: dict[str, float]
    right: bool
    flagged: bool
    stands: bool
    engine: str
    reader: str


class NoPixels:
    """Kept readings are assembled, never read."""

    def read_page(self, image: object) -> tuple[PageText, npt.NDArray[np.uint8]]:
        raise NotImplementedError


def judged(readings: Iterable[KeptReading]) -> list[Judged]:
    reader = Reader(NoPixels())
    rows: list[Judged] = []
    for reading in readings:
        extraction = reader.assemble(reading.pages)
        around = surroundings(reading.pages, extraction.document)
        real = not re.fullmatch(r"L\dc?", reading.group)
        seed = int(re.findall(r"\d+", reading.name)[-1]) if not real else 0
        for row in compare(extraction, reading.truth):
            seen = extraction.document.fields.get(row.field)
            if row.field == "document_type" or seen is None or kind_of(seen) == "code":
                continue
            rows.append(
                Judged(
                    paper=reading.name,
                    fold=reading.group if real else f"seed {seed % FOLDS}",
                    real=real,
                    name=row.field,
                    kind=kind_of(seen),
                    features=features(row.field, seen, around),
                    right=row.outcome.is_right,
                    flagged=seen.needs_review,
                    stands=seen.needs_review and stands(seen),
                    engine=next(iter(extraction.engines), ""),
                    reader=around.reader(seen.page),
                )
            )
    return rows


def fit(rows: Sequence[Judged], *, ridge: float = 1.0, rounds: int = 800) -> dict[str, float]:
    """Weights of the logistic model: ridge, signs held by projection, accelerated steps."""
    names = sorted({name for row in rows for name in row.features})
    place = {name: i for i, name in enumerate(names)}
    x = np.zeros((len(rows), len(names)))
    for i, row in enumerate(rows):
        for name, value in row.features.items():
            x[i, place[name]] = value
    y = np.array([row.right for row in rows], float)
    weight = np.array([REAL_WEIGHT if row.real else 1.0 for row in rows])
    low = np.array([0.0 if name.endswith(UP) else -np.inf for name in names])
    high = np.array([0.0 if name.endswith(DOWN) else np.inf for name in names])
    penalty = np.array([0.0 if name == "always" else ridge for name in names])
    step = 1.0 / (0.25 * np.linalg.norm(x * np.sqrt(weight)[:, None], 2) ** 2 + ridge)
    w = ahead = np.clip(np.zeros(len(names)), low, high)
    for k in range(rounds):
        p = 1 / (1 + np.exp(-(x @ ahead)))
        slope = x.T @ (weight * (p - y)) + penalty * ahead
        new = np.clip(ahead - step * slope, low, high)
        ahead = new + k / (k + 3) * (new - w)
        w = new
    return dict(zip(names, w.tolist(), strict=True))


def predict(weights: dict[str, float], rows: Sequence[Judged]) -> list[float]:
    model = Calibration(weights=weights, review_below=1, fitted={})
    return [model.probability(row.features) for row in rows]


def out_of_fold(rows: Sequence[Judged]) -> list[float]:
    """The probability of every row by a fit that saw nothing of its fold."""
    given = [0.0] * len(rows)
    for fold in sorted({row.fold for row in rows}):
        weights = fit([row for row in rows if row.fold != fold])
        mine = [i for i, row in enumerate(rows) if row.fold == fold]
        for i, p in zip(mine, predict(weights, [rows[i] for i in mine]), strict=True):
            given[i] = p
    return given


@dataclass(frozen=True, kw_only=True)
class Passing:
    """Fields that pass at a threshold, and those of them that are wrong."""

    share: float
    silent: tuple[Judged, ...]
    total: int

    @property
    def silent_rate(self) -> float:
        return len(self.silent) / self.total if self.total else 0.0

    def as_cell(self) -> str:
        return f"{self.share:.1%}, {len(self.silent)} ({self.silent_rate:.2%})"


def passing(rows: Sequence[Judged], given: Sequence[float], least: float) -> Passing:
    through = [r for r, p in zip(rows, given, strict=True) if p >= least and not r.stands]
    return Passing(
        share=len(through) / len(rows) if rows else 0.0,
        silent=tuple(r for r in through if not r.right),
        total=len(rows),
    )


def threshold(rows: Sequence[Judged], given: Sequence[float]) -> float:
    """The most cautious at which enough passes; of those that hold, the least where none does.

    It holds when no real value is silently wrong, and of the made ones .4 % at most.
    """
    real, made = _where(rows, real=True), _where(rows, real=False)

    def at(least: float) -> tuple[Passing, Passing]:
        return (
            passing([rows[i] for i in real], [given[i] for i in real], least),
            passing([rows[i] for i in made], [given[i] for i in made], least),
        )

    holds = [t for t in THRESHOLDS if not at(t)[0].silent and at(t)[1].silent_rate <= MOST_SILENT]
    enough = [t for t in holds if all(p.share >= ENOUGH for p in at(t) if p.total)]
    return max(enough) if enough else min(holds, default=THRESHOLDS[-1])


def _where(rows: Sequence[Judged], *, real: bool) -> list[int]:
    return [i for i, row in enumerate(rows) if row.real is real]


def told(rows: Sequence[Judged], given: Sequence[float], least: float) -> str:
    """The tables: what passes at which threshold, then what a probability was worth."""
    parts, columns = [], {}
    for name, real in (("real papers", True), ("sample papers", False)):
        at = _where(rows, real=real)
        columns[name] = ([rows[i] for i in at], [given[i] for i in at])
    lines = ["| passes from | " + " | ".join(f"{n}: passing, silent" for n in columns) + " |",
             "|---" * 3 + "|"]  # fmt: skip
    rules = [_by_rules(mine).as_cell() for mine, _ in columns.values()]
    lines.append(f"| rules alone | {' | '.join(rules)} |")
    for level in sorted({*THRESHOLDS, least}):
        cells = [passing(mine, p, level).as_cell() for mine, p in columns.values()]
        mark = "**" if level == least else ""
        lines.append(f"| {mark}{level}{mark} | {' | '.join(cells)} |")
    parts.append("\n".join(lines))
    for name, (mine, p) in columns.items():
        papers = len({row.paper for row in mine})
        pairs = [(q, row.right) for q, row in zip(p, mine, strict=True)]
        parts.append(f"{name}: {len(mine)} fields of {papers} papers\n\n" + _table(pairs))
        parts += [
            f"silent at {least}: {row.paper}: {row.name}" for row in passing(mine, p, least).silent
        ]
    return "\n\n".join(parts)


def _table(pairs: Sequence[tuple[float, bool]]) -> str:
    return as_markdown(reliability(pairs))


def _by_rules(rows: Sequence[Judged]) -> Passing:
    through = [row for row in rows if not row.flagged]
    return Passing(
        share=len(through) / len(rows) if rows else 0.0,
        silent=tuple(row for row in through if not row.right),
        total=len(rows),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="kept readings")
    parser.add_argument("--least", type=float, help="pass from here on instead of what is found")
    parser.add_argument("--write", action="store_true", help=f"write {SHIPPED.name}")
    parser.add_argument("--record", type=Path)
    chosen = parser.parse_args()
    rows = judged(itertools.chain.from_iterable(map(all_kept, chosen.folders)))
    given = out_of_fold(rows)
    least = chosen.least or threshold(rows, given)
    engines = sorted({row.engine for row in rows})
    text = told(rows, given, least) + f"\n\nRead by {', '.join(engines)}."
    print(text)
    if chosen.record:
        folders = " ".join(map(str, chosen.folders))
        record(text, SECTION, f"python -m benchmarks.calibration {folders}", chosen.record)
    if chosen.write:
        papers = {row.paper: row.real for row in rows}
        counts = Counter(row.reader for row in rows)
        readers = [name for name, n in counts.items() if n >= FEWEST]
        model = Calibration(
            weights={name: w for name, w in fit(rows).items() if abs(w) >= 5e-5},
            review_below=least,
            fitted={
                "date": dt.datetime.now(dt.UTC).date().isoformat(),
                "real_papers": sum(papers.values()),
                "sample_papers": len(papers) - sum(papers.values()),
                "fields": len(rows),
                "readers": sorted(readers),
                "engines": engines,
            },
        )
        SHIPPED.write_text(json.dumps(model.as_json(), ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
