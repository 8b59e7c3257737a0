"""What our SANE driver costs over bare scanimage, and what durability costs beside it.

    .venv/bin/python benchmarks/scanner_overhead.py [--runs 5] [--write]

SANE's test backend feeds ten colour pages of 200 mm at 372 dpi: 25.7 MB each, as an A4 page at
300 dpi (its glass is no larger). Bare and ours by turns. Durability (SHA-256, fsync of file and
folder, rename) is measured inside our runs, and left out in runs of its own. The test backend makes
a page in 23 ms, as no device of metal does; so the same is run at 100 pages a minute too. Processor
time stands beside the clock: it is what the machine's other work does not change.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import os
import platform
import re
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import scanner_drivers.pages as pages
from scanner_drivers.driver import PageEvent, ScanProfile
from scanner_drivers.sane import SaneDriver

PAGES = 10  # what the test backend's feeder holds
OPTIONS = ("-x", "200", "-y", "200")
PACED = ("--read-delay=yes", "--read-delay-duration=700")  # microseconds each of 784 reads
DPI = 372


class Clock:
    """Adds up the seconds spent in what it wraps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **more: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **more)
            finally:
                self.seconds += time.perf_counter() - started

        return timed


def processor() -> float:
    """Seconds of processor, ours and of our children that ended."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def bare(config: Path, folder: Path, options: tuple[str, ...]) -> float:
    started = time.perf_counter()
    subprocess.run(
        [
            *("scanimage", "-d", "test:0", "--format=pnm", f"--batch={folder}/%04d.pnm"),
            *("--batch-print", "--mode=Color", f"--resolution={DPI}", *options),
            "--source=Automatic Document Feeder",
        ],
        env=os.environ | {"SANE_CONFIG_DIR": str(config)},
        check=False,  # the end of the feeder is status 7
        capture_output=True,
    )
    seconds = time.perf_counter() - started
    made = list(folder.glob("*.pnm"))
    assert len(made) == PAGES
    for path in made:
        path.unlink()
    return seconds


def ours(
    config: Path, folder: Path, options: tuple[str, ...], *, durable: bool = True
) -> tuple[float, float]:
    """(seconds in all, of them durability)."""
    durability = Clock()
    settle, digest = pages.settle, hashlib.file_digest
    pages.settle = durability.around(settle if durable else lambda part, path: part.replace(path))
    hashlib.file_digest = durability.around(digest if durable else lambda *_: hashlib.sha256())
    driver = SaneDriver(config, options=options, raw=True)
    profile = ScanProfile(source="adf", dpi=DPI)
    started = time.perf_counter()
    events = list(driver.scan("sane:test:0", profile, folder))
    seconds = time.perf_counter() - started
    pages.settle, hashlib.file_digest = settle, digest
    made = [e for e in events if isinstance(e, PageEvent)]
    assert len(made) == PAGES
    for event in made:
        event.path.unlink()
    return seconds, durability.seconds


def measured(name: str, config: Path, folder: Path, options: tuple[str, ...], runs: int) -> str:
    rows = []
    for _ in range(runs):
        at = processor()
        plain = bare(config, folder, options)
        plain_cpu, at = processor() - at, processor()
        bridge, _ = ours(config, folder, options, durable=False)
        bridge_cpu, at = processor() - at, processor()
        whole, durable = ours(config, folder, options)
        rows.append(
            (
                *(plain, bridge - plain, durable, whole - plain, plain / bridge, plain / whole),
                *(plain_cpu, bridge_cpu - plain_cpu, processor() - at - plain_cpu),
            )
        )
    middle = [statistics.median(row[k] for row in rows) for k in range(len(rows[0]))]
    wall = [f"{v * 1000 / PAGES:.0f}" for v in middle[:4]]
    shares = [f"{v:.0%}" for v in middle[4:6]]
    cpu = [f"{v * 1000 / PAGES:.0f}" for v in middle[6:]]
    return f"| {' | '.join([name, *wall, *shares, *cpu])} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as room:
        config, folder = Path(room) / "sane", Path(room) / "out"
        config.mkdir()
        folder.mkdir()
        (config / "dll.conf").write_text("test\n")
        (config / "test.conf").write_text("number_of_devices 1\n")
        text = "\n".join(
            measured(name, config, folder, options, chosen.runs)
            for name, options in (("as fast as it goes", OPTIONS), ("paced", OPTIONS + PACED))
        )
    print(text)
    if chosen.write:
        _write(text, chosen, load)


def _write(text: str, chosen: argparse.Namespace, load: float) -> None:
    """Our section of docs/benchmarks.md, in the place of the one before."""
    path = Path(__file__).parent.parent / "docs" / "benchmarks.md"
    title = "## SANE driver over bare scanimage"
    body = re.sub(rf"\n{title}\n.*?(?=\n## |\Z)", "", path.read_text("utf-8"), flags=re.S)
    when = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    command = f"benchmarks/scanner_overhead.py --runs {chosen.runs}"
    section = (
        f"{title}\n\n{when}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, "
        f"{PAGES} colour pages of 25.7 MB, `{command}`, medians of {chosen.runs} runs by turns; "
        "milliseconds a page. Processor time is what other work on the machine changes least; on a "
        "loaded one the paced row is noise by the clock.\n\n"
        "| device | bare scanimage | bridge and protocol add | durability | all of ours adds "
        "| throughput without durability | with | bare, processor | bridge adds | all adds |\n"
        f"|---|---|---|---|---|---|---|---|---|---|\n{text}\n"
    )
    path.write_text(f"{body.rstrip()}\n\n{section}", "utf-8")


if __name__ == "__main__":
    main()
