# SPDX-License-Identifier: Apache-2.0
"""Pages a minute, scanned PDF in -> searchable PDF/A out: Sohoa against OCRmyPDF.

    .venv/bin/python benchmarks/against_ocrmypdf.py                       OCRmyPDF alone
    .venv/bin/python benchmarks/against_ocrmypdf.py --sohoa 'CALL {in} {out}' [--write]

Both sides get the same pages, in turn, in one run, with two processes each. OCRmyPDF comes from
PyPI, the newest, in a virtual environment of its own. A result counts only after its pages, its
PDF/A claim and its letters were checked: a fast run that read nothing is an error, not a record.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf

PROJECT = Path(__file__).resolve().parent.parent
SCANS = PROJECT.parent / "shared" / "data" / "documents" / "kiengiang"
PEER = PROJECT / "var" / "bench" / "ocrmypdf"
REPORT = PROJECT / "docs" / "benchmarks.md"
PAGES, RUNS, PROCESSES = 20, 3, 2
# OCRmyPDF 17.13 reads 1,180 letters a page on the first six; far fewer means not read at all.
LEAST_LETTERS = 200
OCRMYPDF = (
    "{python} -m ocrmypdf -q -l vie -j 2 --output-type pdfa --pdfa-backend internal {in} {out}"
)


class RunRefused(RuntimeError):
    """A run whose result may not be counted; says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """`command` holds {in} and {out}, two files; it must use two processes and end with 0."""

    name: str
    command: str

    def call(self, source: Path, target: Path) -> list[str]:
        words = {"{in}": str(source), "{out}": str(target), "{python}": str(PEER / "bin/python")}
        return [words.get(word, word) for word in shlex.split(self.command)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Seconds of each run over the same pages, and the letters of the last result."""

    contender: Contender
    pages: int
    seconds: tuple[float, ...]
    letters: int

    @property
    def rates(self) -> list[float]:
        return sorted(60 * self.pages / s for s in self.seconds)

    def row(self, day: dt.date, machine: str) -> str:
        rates = self.rates
        middle, low, high = statistics.median(rates), rates[0], rates[-1]
        return (
            f"| {day.isoformat()} | {machine} | {self.contender.name} |"
            f" `{self.contender.command}` | {self.pages} | {len(rates)} |"
            f" {middle:.1f} | {low:.1f}-{high:.1f} | {self.letters} |"
        )


HEAD = (
    "| date | machine | what | command | pages | runs | pages/min, median | spread | letters |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def install_ocrmypdf() -> str:
    """The newest OCRmyPDF in its own environment under var/; its version."""
    if not (PEER / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
    pip = [str(PEER / "bin/python"), "-m", "pip", "install", "-q", "--upgrade"]
    subprocess.run([*pip, "ocrmypdf"], check=True, stderr=subprocess.DEVNULL)
    call = [str(PEER / "bin/python"), "-m", "ocrmypdf", "--version"]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout.strip()


def plain_scans(folder: Path) -> list[Path]:
    """Files without tags and signatures (OCRmyPDF refuses those), in the order of their names."""
    return [path for path in sorted(folder.glob("*.pdf")) if _is_plain_scan(path)]


def _is_plain_scan(path: Path) -> bool:
    with pikepdf.open(path) as pdf:
        marked = pdf.Root.get("/MarkInfo", pikepdf.Dictionary()).get("/Marked", False)
        tagged = bool(marked) or "/StructTreeRoot" in pdf.Root
        return not tagged and "/AcroForm" not in pdf.Root


def cut_pages(sources: Sequence[Path], target: Path, count: int) -> None:
    """One PDF of the first `count` pages of the sources together."""
    with pikepdf.new() as whole:
        for path in sources:
            with pikepdf.open(path) as pdf:
                whole.pages.extend(pdf.pages[: count - len(whole.pages)])
        if len(whole.pages) != count:
            raise RunRefused(f"only {len(whole.pages)} of {count} pages under {SCANS}")
        whole.save(target)


def letters_of(path: Path) -> int:
    """Letters in the text layer, by poppler."""
    call = ["pdftotext", "-q", str(path), "-"]
    text = subprocess.run(call, check=True, capture_output=True, text=True).stdout
    return sum(c.isalpha() for c in unicodedata.normalize("NFC", text))


def check_result(path: Path, pages: int) -> int:
    """Letters found; RunRefused unless it is a PDF/A of all pages with text on nearly all."""
    if not path.is_file():
        raise RunRefused(f"{path.name} was not written")
    with pikepdf.open(path) as pdf:
        if len(pdf.pages) != pages:
            raise RunRefused(f"{path.name} has {len(pdf.pages)} pages, not {pages}")
        with pdf.open_metadata() as about:
            if not about.pdfa_status:
                raise RunRefused(f"{path.name} does not claim to be PDF/A")
    letters = letters_of(path)
    if letters < LEAST_LETTERS * pages:
        raise RunRefused(f"{path.name} holds {letters} letters on {pages} pages")
    return letters


def race(
    contenders: Sequence[Contender],
    source: Path,
    pages: int,
    runs: int = RUNS,
    tell: Callable[[str], None] = lambda line: None,
) -> list[Measured]:
    """Every contender in turn, `runs` times, so that both meet the same weather."""
    seconds: dict[str, list[float]] = {c.name: [] for c in contenders}
    letters: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for run in range(runs):
            order = contenders if run % 2 == 0 else list(reversed(contenders))
            for contender in order:
                target = Path(scratch) / f"{len(seconds[contender.name])}-{contender.name}.pdf"
                seconds[contender.name].append(_timed(contender, source, target))
                letters[contender.name] = check_result(target, pages)
                tell(f"{contender.name}: {seconds[contender.name][-1]:.1f} s")
    return [
        Measured(contender=c, pages=pages, seconds=tuple(seconds[c.name]), letters=letters[c.name])
        for c in contenders
    ]


def _timed(contender: Contender, source: Path, target: Path) -> float:
    # Tesseract's own threads would give a side more than its two processes
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    start = time.perf_counter()
    ran = subprocess.run(
        contender.call(source, target), env=environment, capture_output=True, text=True
    )
    took = time.perf_counter() - start
    if ran.returncode:
        raise RunRefused(f"{contender.name} ended with {ran.returncode}: {ran.stderr[-500:]}")
    return took


def machine_name() -> str:
    """CPU model, cores this process may use, load before the run."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}"


def add_to_report(rows: Sequence[str], report: Path = REPORT) -> None:
    """Append the rows to the table in docs/benchmarks.md, made when it is missing."""
    old = report.read_text("utf-8") if report.exists() else "# Benchmarks\n"
    title = "## Scanned PDF to searchable PDF/A"
    if title not in old:
        old = f"{old.rstrip()}\n\n{title}\n\n{HEAD}\n"
    before, after = old.split(title, 1)
    lines = after.split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith("|"))
    last = first
    while last + 1 < len(lines) and lines[last + 1].startswith("|"):
        last += 1
    report.parent.mkdir(parents=True, exist_ok=True)
    text = before + title + "\n".join([*lines[: last + 1], *rows, *lines[last + 1 :]])
    report.write_text(text.rstrip() + "\n", "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sohoa", help="command with {in} and {out}, run from the project's root")
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--write", action="store_true", help="append to docs/benchmarks.md")
    return parser.parse_args()


def main() -> int:
    asked = _arguments()
    if not SCANS.is_dir() or shutil.which("pdftotext") is None:
        print("needs ../shared/data and poppler-utils", file=sys.stderr)
        return 2
    version = install_ocrmypdf()
    contenders = [Contender(name=f"OCRmyPDF {version}", command=OCRMYPDF)]
    if asked.sohoa:
        contenders.insert(0, Contender(name="Sohoa", command=asked.sohoa))
    machine = machine_name()
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "pages.pdf"
        cut_pages(plain_scans(SCANS), source, asked.pages)
        measured = race(contenders, source, asked.pages, asked.runs,
                        lambda line: print(line, file=sys.stderr, flush=True))  # fmt: skip
    rows = [m.row(dt.datetime.now(dt.UTC).date(), machine) for m in measured]
    print("\n".join([HEAD, *rows]))
    if asked.write:
        add_to_report(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
