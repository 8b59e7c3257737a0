# SPDX-License-Identifier: Apache-2.0
"""Reading the project's own sample papers, level by level, against their exact truth.

What `sohoa evaluate --synthetic N --seed S` does: N papers of every level, types in turn. Each is
made from its seed in the process that reads it, decoded once, read by the shipped reader, scored by
place (`ocr.placed_errors`) and forgotten: memory stays flat however many there are.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from ocr.evaluation import Comparison, compare
from ocr.extraction import Extraction, page_as_json, page_from_json
from ocr.page import Box, PageImage, PageText
from ocr.placed_errors import PlacedErrors, TruthLine, placed_errors
from ocr.reader import Reader
from ocr.scaling import at_dpi
from service.kept_readings import KeptReading, keep, kept
from service.samples import TYPE_CODES, Level, Sample, make_sample

CURLED = "L5c"
"""L5 with the sheet bowed and out of focus."""
LEVELS = tuple(level.value for level in Level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A sample paper to be made: enough to make the very same one anywhere.

    `level` is one of `Level` or `CURLED`; `turned` as in `make_sample`.
    """

    type_code: str
    seed: int
    level: str
    turned: int = 0

    @property
    def name(self) -> str:
        turned = f"_{self.turned}" if self.turned else ""
        return f"{self.type_code}_{self.level}_{self.seed}{turned}"

    def make(self) -> Sample:
        curled = self.level == CURLED
        level = Level.L5 if curled else Level(self.level)
        return make_sample(self.type_code, self.seed, level, turned=self.turned, curled=curled)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperScore:
    """One paper read and judged. `turned_wrong`: its pages that were not set upright.

    `cpu_s`: processor seconds of reading, making it left out. `peak_mb`: the largest the process
    that read it had been so far. `failure`: why it could not be read.
    """

    paper: Paper
    pages: int
    errors: PlacedErrors
    rows: tuple[Comparison, ...] = ()
    turned_wrong: int = 0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    engines: tuple[str, ...] = ()
    failure: str | None = None


class SampleReader(Protocol):
    """What reads a sample: the text of its pages, and the fields out of pages already read."""

    def read(self, sample: Sample) -> Sequence[PageText]: ...

    def assemble(self, pages: Sequence[PageText]) -> Extraction: ...


class ShippedReader:
    """The reader as shipped, on pages at the resolution it gets them in from a file.

    The JPEG of the scan is decoded once and shrunk as the renderer would; no PDF is written.
    """

    def __init__(self, reader: Reader, dpi: int) -> None:
        self.reader = reader
        self.dpi = dpi

    def read(self, sample: Sample) -> list[PageText]:
        return [self.reader.read_page(image)[0] for image in page_images(sample, self.dpi)]

    def assemble(self, pages: Sequence[PageText]) -> Extraction:
        return self.reader.assemble(pages)


def page_images(sample: Sample, dpi: float) -> Iterator[PageImage]:
    """The pages of a sample as rendering its PDF at `dpi` gives them."""
    for number, pixels in enumerate(sample.pages, 1):
        yield PageImage(number=number, pixels=at_dpi(pixels, sample.dpi, dpi), dpi=dpi)


@cache
def shipped_reader() -> SampleReader:
    """One a process; loading it costs a second."""
    from service.config import Settings
    from service.opening_desk import dpi_of
    from service.reading_desk import reader_of

    settings = Settings()
    return ShippedReader(reader_of(settings), dpi_of(settings))


def sample_papers(count: int, seed: int, levels: Sequence[str] = LEVELS) -> Iterator[Paper]:
    """`count` papers a level, seeds from `seed` up, types in turn; the same ones at every level.

    All levels of a paper follow each other: a run that was cut off has seen every level.
    """
    for i in range(count):
        for level in levels:
            yield Paper(type_code=TYPE_CODES[i % len(TYPE_CODES)], seed=seed + i, level=level)


def score_papers(
    papers: Iterable[Paper],
    *,
    jobs: int = 0,
    folder: Path | None = None,
    reader: Callable[[], SampleReader] = shipped_reader,
) -> Iterator[PaperScore]:
    """Each paper made, read and judged, in order. `jobs` 0: one process a core.

    `folder`: where readings are kept; what is there already is judged again and not read again.
    """
    score = partial(score_paper, folder=folder, reader=reader)
    jobs = jobs or os.cpu_count() or 1
    if jobs == 1:
        yield from map(score, papers)
        return
    # spawn: a forked Tesseract or OpenCV would inherit locks held by threads
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(score, papers)


def score_paper(
    paper: Paper, *, folder: Path | None = None, reader: Callable[[], SampleReader] = shipped_reader
) -> PaperScore:
    """One paper. What goes wrong in reading it is its score, never the end of the run."""
    reading = kept(paper.name, folder) if folder else None
    if reading is None:
        sample = paper.make()
        try:
            reading = _read(paper, sample, reader())
        except Exception as error:  # the report must name every paper, whatever broke it
            why = f"{type(error).__name__}: {error}"
            return _failed(paper, dict(sample.truth), why)
        if folder:
            keep(reading, folder)
    return judge(paper, reading, reader().assemble(reading.pages))


def _read(paper: Paper, sample: Sample, reader: SampleReader) -> KeptReading:
    before = cpu_seconds()
    pages = reader.read(sample)
    reader.assemble(pages)
    return KeptReading(
        name=paper.name,
        group=paper.level,
        # as the durable road hands them on: through JSON
        pages=tuple(page_from_json(page_as_json(p)) for p in pages),
        truth=dict(sample.truth),
        cpu_s=cpu_seconds() - before,
        peak_mb=peak_megabytes(),
    )


def judge(paper: Paper, reading: KeptReading, extraction: Extraction) -> PaperScore:
    """What was read against the truth, without pixels."""
    truth = reading.truth
    errors = [
        placed_errors(_lines(truth, page["page"]), _words(reading.pages, page["page"]))
        for page in truth["pages"]
    ]
    turned = {page.page: page.rotation for page in reading.pages}
    wrong = [p for p in truth["pages"] if not p["blank"] and turned[p["page"]] != p["rotation"]]
    return PaperScore(
        paper=paper,
        pages=len(truth["pages"]),
        errors=PlacedErrors.total(errors),
        rows=tuple(compare(extraction, truth)),
        turned_wrong=len(wrong),
        cpu_s=reading.cpu_s,
        peak_mb=reading.peak_mb,
        engines=extraction.engines,
    )


def _failed(paper: Paper, truth: dict[str, Any], why: str) -> PaperScore:
    errors = [placed_errors(_lines(truth, page["page"]), ()) for page in truth["pages"]]
    return PaperScore(
        paper=paper, pages=len(errors), errors=PlacedErrors.total(errors), failure=why
    )


def _lines(truth: dict[str, Any], page: int) -> list[TruthLine]:
    return [
        TruthLine(text=line["text"], box=Box(*line["box"]))
        for line in truth["lines"]
        if line["page"] == page
    ]


def _words(pages: Sequence[PageText], number: int) -> list[Any]:
    return [word for page in pages if page.page == number for word in page.words]


def cpu_seconds() -> float:
    """Processor seconds of this process and the children it has ended, as Tesseract's."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def peak_megabytes(*, children: bool = False) -> float:
    """The most memory this process has held so far; `children`: or any child it has ended."""
    who = [resource.RUSAGE_SELF] + [resource.RUSAGE_CHILDREN] * children
    unit = 1 if sys.platform == "darwin" else 1024
    return max(resource.getrusage(w).ru_maxrss for w in who) * unit / 2**20
