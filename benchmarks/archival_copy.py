# SPDX-License-Identifier: Apache-2.0
"""Size of a stored page, what OCR still reads on it, and the time its picture takes.

    .venv/bin/python benchmarks/archival_copy.py [--levels L1 L2] [--by shipped lines] [--write]

Sample papers at damage levels L1-L5 go into a PDF four ways: as scanned, through Sohoa's archival
copy at the scan's own resolution and at the one pages are read at (what `sohoa sign` stores), and
through OCRmyPDF. Poppler draws each at 300 dpi, a reader reads the drawing, and every word is held
against the truth line it stands on. Readers: `shipped`, the whole page as Sohoa reads it; `lines`,
our network on the truth's own lines, so that a line dropped by a layout analysis does not count;
`layout`, Tesseract over the whole page (on forms with frames its figure moves by several points
either way). OCRmyPDF runs without its text layer (`--ocr-engine none`), so its sizes are of the
picture alone; Sohoa's are of the whole file.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import io
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import img2pdf
import numpy as np
from against_ocrmypdf import PEER, REPORT, install_ocrmypdf, machine_name

from ocr.opened import RENDER_DPI
from ocr.page import Box, PageImage, PageText, Pixels, Word
from ocr.page_reader import default_reader
from ocr.placed_errors import PlacedErrors, TruthLine, placed_errors
from ocr.recogniser.reader import NetRecogniser
from ocr.scaling import at_dpi
from ocr.tesseract import default_recogniser
from service.samples import TYPE_CODES, Sample, make_sample
from storage.pdf import PikepdfArchivalPdf
from storage.picture.prepared import Form, decoded, prepare
from workflows.ports.archival import CopyPage

Read = Callable[[Pixels, Sequence[TruthLine]], tuple[Word, ...]]
LEVELS = ("L1", "L2", "L3", "L4", "L5")
DPI = 300
OWN, AS_READ = "Sohoa", f"Sohoa at {RENDER_DPI} dpi"
TITLE = "## Stored size and what OCR reads on it"
HEAD = (
    "| reader | level | file | pages | JPEG | mean KB | largest KB | CER % | against the scan |"
    " a page: mean ± s.e., worst | CPU s/page |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One page stored one way, and what each reader read of it.

    `seconds`: CPU time of the making; None where not ours. `whole`: kept as a plain JPEG.
    """

    size: int
    errors: Mapping[str, PlacedErrors]
    seconds: float | None = None
    whole: bool = False


def lines_of(sample: Sample) -> list[TruthLine]:
    found = [line for line in sample.truth["lines"] if line["page"] == 1]
    return [TruthLine(text=line["text"], box=Box(*line["box"])) for line in found]


def words_of(lines: Sequence[TruthLine]) -> Iterator[Word]:
    """The text layer a perfect reader would give: each line's box shared out by letters."""
    for number, line in enumerate(lines):
        each = (line.box.x1 - line.box.x0) / max(1, len(line.text))
        at = 0
        for text in line.text.split():
            at = line.text.index(text, at)
            left = line.box.x0 + at * each
            box = Box(left, line.box.y0, left + len(text) * each, line.box.y1)
            yield Word(text=text, box=box, confidence=1, line=number)
            at += len(text)


def page_of(sample: Sample) -> CopyPage:
    jpeg = sample.scans[0]
    height, width = sample.pages[0].shape[:2]
    words = tuple(words_of(lines_of(sample)))
    text = PageText(page=1, width=width, height=height, dpi=sample.dpi, words=words)
    return CopyPage(jpeg=jpeg, width=width, height=height, dpi=sample.dpi, text=text)


def page_as_read(sample: Sample) -> CopyPage:
    """The copy `sohoa sign` makes: of the pixels the page is read from."""
    whole = page_of(sample)
    pixels = at_dpi(decoded(whole.jpeg), whole.dpi, RENDER_DPI)
    height, width = pixels.shape[:2]
    picture = prepare(pixels, RENDER_DPI)
    return replace(whole, jpeg=b"", picture=picture, width=width, height=height, dpi=RENDER_DPI)


def as_scanned(page: CopyPage, target: Path) -> None:
    points = (page.width / page.dpi * 72, page.height / page.dpi * 72)
    layout = img2pdf.get_layout_fun(pagesize=points)
    target.write_bytes(img2pdf.convert(io.BytesIO(page.jpeg), layout_fun=layout))


def by_ocrmypdf(source: Path, target: Path) -> None:
    options = "-q -l vie --ocr-engine none --output-type pdfa --pdfa-backend internal"
    command = [str(PEER / "bin/python"), "-m", "ocrmypdf", *options.split()]
    subprocess.run([*command, str(source), str(target)], check=True, capture_output=True)


def drawn(pdf: Path) -> Pixels:
    command = ["pdftoppm", "-r", str(DPI), "-l", "1", "-png", "-singlefile"]
    subprocess.run([*command, str(pdf), str(pdf.with_suffix(""))], check=True)
    image = cv2.imread(str(pdf.with_suffix(".png")), cv2.IMREAD_COLOR_RGB)
    return np.asarray(image, np.uint8)


def by_layout(drawing: Pixels, lines: Sequence[TruthLine]) -> tuple[Word, ...]:
    """Tesseract over the whole page, lines found by itself."""
    return READER.read_page(drawing, DPI)


def by_shipped_reader(drawing: Pixels, lines: Sequence[TruthLine]) -> tuple[Word, ...]:
    """The whole page as Sohoa reads it from a file."""
    page = PageImage(number=1, pixels=at_dpi(drawing, DPI, RENDER_DPI), dpi=RENDER_DPI)
    return SHIPPED.read_page(page)[0].words


def by_lines(drawing: Pixels, lines: Sequence[TruthLine]) -> tuple[Word, ...]:
    """Our network on the truth's own lines."""
    grey = np.asarray(cv2.cvtColor(drawing, cv2.COLOR_RGB2GRAY), np.uint8)
    airy = []
    for box in (line.box for line in lines):
        air = 0.12 * box.height
        top, bottom = max(0.0, box.y0 - air), min(1.0, box.y1 + air)
        airy.append(Box(max(0.0, box.x0 - 0.004), top, min(1.0, box.x1 + 0.004), bottom))
    return tuple(word for line in NET.read_lines(grey, airy) for word in line.words)


READERS: Mapping[str, Read] = {
    "shipped": by_shipped_reader,
    "lines": by_lines,
    "layout": by_layout,
}


def measure(
    sample: Sample, room: Path, readers: Mapping[str, Read], *, peer: bool
) -> dict[str, Stored]:
    truth = lines_of(sample)
    scan, own, as_read, theirs = (room / f"{name}.pdf" for name in ("scan", "own", "read", "peer"))
    as_scanned(page_of(sample), scan)
    made = {name: composed(sample, page, file) for name, page, file in (
        (OWN, page_of, own), (AS_READ, page_as_read, as_read))}  # fmt: skip
    files = {"scan": scan, OWN: own, AS_READ: as_read}
    if peer:
        by_ocrmypdf(scan, theirs)
        files[PEER_NAME] = theirs
    known: dict[bytes, dict[str, PlacedErrors]] = {}
    found = {}
    for name, file in files.items():
        drawing = drawn(file)
        same = hashlib.sha256(drawing.tobytes()).digest()
        if same not in known:
            known[same] = {
                reader: placed_errors(truth, read(drawing, truth))
                for reader, read in readers.items()
            }
        found[name] = Stored(
            size=file.stat().st_size,
            errors=known[same],
            seconds=made[name][0] if name in made else None,
            whole=name in made and made[name][1],
        )
    return found


def composed(
    sample: Sample, page: Callable[[Sample], CopyPage], target: Path
) -> tuple[float, bool]:
    """CPU seconds, and whether the picture was kept as a plain JPEG."""
    started = time.process_time()
    made = ARCHIVAL.compose_counted([page(sample)], title=sample.name, mark=None)
    seconds = time.process_time() - started
    target.write_bytes(made.content)
    return seconds, made.pictures[0].form is not Form.MIXED


def rows_of(
    found: Mapping[str, Mapping[str, Sequence[Stored]]], readers: Sequence[str]
) -> Iterator[str]:
    """A row for each reader, level and file, and one over all levels."""
    whole: dict[str, list[Stored]] = defaultdict(list)
    for ways in found.values():
        for name, stored in ways.items():
            whole[name] += stored
    rows = [*found.items(), ("all", whole)] if len(found) > 1 else list(found.items())
    for reader, (level, ways) in itertools.product(readers, rows):
        scans = [s.errors[reader] for s in ways["scan"]]
        for name, stored in ways.items():
            read, sizes = [s.errors[reader] for s in stored], [s.size / 1000 for s in stored]
            took = [s.seconds for s in stored if s.seconds is not None]
            yield (
                f"| {reader} | {level} | {name} | {len(stored)} | {sum(s.whole for s in stored)} |"
                f" {statistics.mean(sizes):.0f} | {max(sizes):.0f} | {rate(read):.2f} |"
                f" {rate(read) - rate(scans):+.2f} | {spread(scans, read)} |"
                f" {f'{statistics.median(took):.2f}' if took else ''} |"
            )


def spread(scans: Sequence[PlacedErrors], read: Sequence[PlacedErrors]) -> str:
    """The loss page by page: its mean, the standard error of that mean, the worst page."""
    lost = [rate([copy]) - rate([scan]) for scan, copy in zip(scans, read, strict=True)]
    if not any(lost) or len(lost) < 2:
        return ""
    error = statistics.stdev(lost) / len(lost) ** 0.5
    return f"{statistics.mean(lost):+.2f} ± {error:.2f}, {max(lost):+.2f}"


def rate(errors: Sequence[PlacedErrors]) -> float:
    return 100 * PlacedErrors.total(list(errors)).characters.rate


def add_to_report(lines: Sequence[str], report: Path = REPORT) -> None:
    old = report.read_text("utf-8")
    if TITLE in old:
        before, after = old.split(TITLE, 1)
        rest = after.split("\n## ", 1)
        old = before.rstrip() + ("\n\n## " + rest[1] if len(rest) > 1 else "\n")
    report.write_text(old.rstrip() + "\n\n" + "\n".join([TITLE, "", *lines]) + "\n", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=24, help="papers of each level")
    parser.add_argument("--seed", type=int, default=100, help="the first; kinds in turn")
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=LEVELS)
    parser.add_argument("--by", nargs="+", choices=READERS, default=("layout",))
    parser.add_argument(
        "--alone", action="store_true", help="leave OCRmyPDF out: its copies are slow"
    )
    parser.add_argument("--write", action="store_true", help="put the table in docs/benchmarks.md")
    asked = parser.parse_args()
    machine = machine_name()
    readers = {name: READERS[name] for name in asked.by}
    found: dict[str, dict[str, list[Stored]]] = {}
    with tempfile.TemporaryDirectory() as room:
        for level in asked.levels:
            found[level] = defaultdict(list)
            for number in range(asked.pages):
                sample = make_sample(
                    TYPE_CODES[number % len(TYPE_CODES)], asked.seed + number, level
                )
                for name, stored in measure(
                    sample, Path(room), readers, peer=not asked.alone
                ).items():
                    found[level][name].append(stored)
            print("\n".join(rows_of({level: found[level]}, asked.by)), file=sys.stderr, flush=True)
    day = dt.datetime.now(dt.UTC).date().isoformat()
    call = f"benchmarks/archival_copy.py {' '.join(sys.argv[1:])}"
    about = f"{day}, {machine}; {NET.name}, {READER.name}; `{call}`."
    lines = [about, "", HEAD, *rows_of(found, asked.by)]
    print("\n".join(lines))
    if asked.write:
        add_to_report(lines)
    return 0


if __name__ == "__main__":
    cv2.setNumThreads(1)
    PEER_NAME = f"OCRmyPDF {install_ocrmypdf()}"
    ARCHIVAL, READER, NET = PikepdfArchivalPdf(), default_recogniser(), NetRecogniser()
    SHIPPED = default_reader()
    sys.exit(main())
