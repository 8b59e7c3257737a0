# SPDX-License-Identifier: Apache-2.0
"""Reading a folder of real papers against their truth files: `sohoa evaluate FOLDER`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr.evaluation import Evaluation, Read, documents_with_truth, evaluate_folder
from ocr.extraction import page_from_json
from service.kept_readings import KeptReading, keep, kept
from service.reading_pool import read_files
from service.sample_evaluation import cpu_seconds, peak_megabytes, shipped_reader

SECTION = "\n## Real papers with truth\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What reading took, rendering and start of the processes included."""

    pages: int
    cpu_s: float
    peak_mb: float
    engines: tuple[str, ...]

    @property
    def told(self) -> str:
        if not self.pages:
            return "Nothing was read anew."
        return (
            f"{self.pages} pages read, {self.cpu_s / self.pages:.2f} CPU s a page with rendering"
            f" and start-up, largest process {self.peak_mb:.0f} MB; {', '.join(self.engines)}."
        )

    def as_json(self) -> dict[str, Any]:
        return {"pages_read": self.pages, "cpu_s": self.cpu_s, "peak_mb": self.peak_mb}


def evaluate_documents(
    folder: Path, jobs: int = 0, kept_in: Path | None = None
) -> tuple[Evaluation, Cost]:
    """Every document with a truth file; `kept_in`: readings kept there are judged, not read."""
    truths = {document: truth for truth, document in documents_with_truth(folder)}
    pages, engines, before = 0, dict[str, None](), cpu_seconds()

    def read_many(paths: Sequence[Path]) -> Iterator[tuple[Path, Read]]:
        nonlocal pages
        names = {path: f"{path.parent.name}_{path.name}" for path in paths}
        found = {p: r for p, name in names.items() if kept_in and (r := kept(name, kept_in))}
        for path, reading in found.items():
            yield path, shipped_reader().assemble(reading.pages).as_json()
        missing = [p for p in paths if p not in found]
        for path, outcome in read_files(missing, jobs) if missing else ():
            yield path, outcome
            if isinstance(outcome, Exception):
                continue
            pages += len(outcome["text"])
            engines.update(dict.fromkeys(outcome["engines"]))
            if kept_in:
                truth = json.loads(truths[path].read_text("utf-8"))
                read = tuple(page_from_json(p) for p in outcome["text"])
                group = path.parent.name
                keep(KeptReading(name=names[path], group=group, pages=read, truth=truth), kept_in)

    report = evaluate_folder(folder, read_many)
    cost = Cost(
        pages=pages,
        cpu_s=cpu_seconds() - before,
        peak_mb=peak_megabytes(children=True),
        engines=tuple(engines),
    )
    return report, cost
