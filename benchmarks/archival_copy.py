# SPDX-License-Identifier: Apache-2.0
"""Size of a stored page, what OCR still reads on it, and the time its picture takes.

    .venv/bin/python benchmarks/archival_copy.py [--levels L1 L2] [--lines | --shipped] [--write]

Sample papers at damage levels L1-L4 go into a PDF three ways: as scanned, through Sohoa's archival
copy with the shipped defaults, through OCRmyPDF. Poppler draws each at 300 dpi, Tesseract reads the
drawing, and every word is held against the truth line it stands on. `--shipped`: the shipped reader
reads the whole page instead. `--lines`: our network reads the truth's own lines, so that a line
dropped by a layout analysis does not count (on forms with frames that moves Tesseract's figure by
several points either way). OCRmyPDF runs without its text layer (`--ocr-engine none`), so its sizes
are of the picture alone; Sohoa's are of the whole file.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from service.samples import Sample, make_sample
from storage.pdf import PikepdfArchivalPdf
from storage.picture.prepared import Form
from workflows.ports.archival import CopyPage

Read = Callable[[Pixels, Sequence[TruthLine]], tuple[Word, ...]]
LEVELS = ("L1", "L2", "L3", "L4")
TYPES = ("quyet_dinh", "cong_van", "gcn_ket_hon", "gpxd", "xac_nhan_tthn", "gcn_dkhkd")
DPI = 300
TITLE = "## Stored size and what OCR reads on it"
HEAD = (
    "| level | file | pages | mean KB | largest KB | CER % | against the scan | CPU s/page |\n"
    "|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One page stored one way. `seconds`: CPU time of the making; None where not ours."""

    size: int
    errors: PlacedErrors
    seconds: float | None = None


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


def measure(sample: Sample, room: Path, read: Read) -> dict[str, Stored]:
    page, truth = page_of(sample), lines_of(sample)
    scan, own, peer = room / "scan.pdf", room / "sohoa.pdf", room / "peer.pdf"
    as_scanned(page, scan)
    started = time.process_time()
    made = ARCHIVAL.compose_counted([page], title=sample.name, mark=None)
    seconds = time.process_time() - started
    own.write_bytes(made.content)
    by_ocrmypdf(scan, peer)
    if made.pictures[0].form is not Form.MIXED:
        print(f"{sample.name}: {made.pictures[0]}", file=sys.stderr)
    found = {}
    for name, file, took in (
        ("scan", scan, None),
        ("Sohoa", own, seconds),
        (PEER_NAME, peer, None),
    ):
        errors = placed_errors(truth, read(drawn(file), truth))
        found[name] = Stored(size=file.stat().st_size, errors=errors, seconds=took)
    return found


def rows_of(found: Mapping[str, Mapping[str, Sequence[Stored]]]) -> Iterator[str]:
    """A row for each level and file, and one over all levels."""
    whole: dict[str, list[Stored]] = defaultdict(list)
    for ways in found.values():
        for name, stored in ways.items():
            whole[name] += stored
    rows = [*found.items(), ("all", whole)] if len(found) > 1 else list(found.items())
    for level, ways in rows:
        base = rate([s.errors for s in ways["scan"]])
        for name, stored in ways.items():
            cer, sizes = rate([s.errors for s in stored]), [s.size / 1000 for s in stored]
            took = [s.seconds for s in stored if s.seconds is not None]
            yield (
                f"| {level} | {name} | {len(stored)} | {statistics.mean(sizes):.0f} |"
                f" {max(sizes):.0f} | {cer:.2f} | {cer - base:+.2f} |"
                f" {f'{statistics.median(took):.2f}' if took else ''} |"
            )


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
    parser.add_argument("--seeds", type=int, default=2, help="papers of each type and level")
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=LEVELS)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--lines", action="store_true", help="our network on the truth's lines")
    way.add_argument("--shipped", action="store_true", help="the shipped reader, whole pages")
    parser.add_argument("--write", action="store_true", help="put the table in docs/benchmarks.md")
    asked = parser.parse_args()
    machine = machine_name()
    read, reader = by_layout, READER.name
    if asked.lines:
        read, reader = by_lines, f"{NET.name} on the truth's lines"
    if asked.shipped:
        read, reader = by_shipped_reader, f"{NET.name} and {READER.name} as shipped, whole pages"
    found: dict[str, dict[str, list[Stored]]] = {}
    with tempfile.TemporaryDirectory() as room:
        for level in asked.levels:
            found[level] = defaultdict(list)
            for code in TYPES:
                for seed in range(100, 100 + asked.seeds):
                    for name, stored in measure(
                        make_sample(code, seed, level), Path(room), read
                    ).items():
                        found[level][name].append(stored)
            print("\n".join(rows_of({level: found[level]})), file=sys.stderr, flush=True)
    day = dt.datetime.now(dt.UTC).date().isoformat()
    call = f"benchmarks/archival_copy.py --seeds {asked.seeds}{' --lines' * asked.lines}"
    call += " --shipped" * asked.shipped
    about = f"{day}, {machine}; {reader}; `{call}`."
    lines = [about, "", HEAD, *rows_of(found)]
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
