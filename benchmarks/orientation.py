# SPDX-License-Identifier: Apache-2.0
"""Turned pages through the shipped page reader: is any left upside down or on its side?

    python -m benchmarks.orientation --count 200 --seed 4000 --real ../shared/data/documents

Real pages that stand upright in their files are turned by 90, 180 and 270 degrees in turn, sample
papers of every type and level too (one in four stays upright). Wanted: 0 wrong.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from ocr.opening import load_pages
from ocr.opening import main as open_file
from ocr.page import PageImage
from ocr.page_reader import default_reader
from ocr.reader import Reader
from ocr.straighten import turn
from service.sample_evaluation import CURLED, LEVELS, Paper, page_images
from service.sample_report import record
from service.samples import TYPE_CODES

SECTION = "\n## Turned pages\n"
TURNS = (180, 90, 270, 0)
# lying on their side in their own files: a landscape annex, a picture made to test turning
NOT_UPRIGHT = {("2155_KH_SYT_2017.pdf", 4), ("rotation_right.png", 1)}
PAGES_OF_A_FILE = 3
DPI = 200


@dataclass(frozen=True, kw_only=True)
class Case:
    """A page to be turned: a page of a file, or a sample paper."""

    turned: int
    file: Path | None = None
    page: int = 1
    paper: Paper | None = None

    @property
    def name(self) -> str:
        where = f"{self.file.name} p. {self.page}" if self.file else self.paper and self.paper.name
        return f"{where} turned {self.turned}"

    @property
    def group(self) -> str:
        return "real" if self.file else self.paper.level if self.paper else ""


@dataclass(frozen=True, kw_only=True)
class Seen:
    case: Case
    rotation: int
    blank: bool
    cpu_s: float

    @property
    def wrong(self) -> bool:
        return not self.blank and self.rotation != self.case.turned


def cases(count: int, seed: int, real: Path | None) -> list[Case]:
    """Half of them real where there are so many, the rest sample papers, levels in turn."""
    found = list(real_pages(real, count // 2)) if real else []
    made = itertools.count(seed)
    levels = (*LEVELS, CURLED)
    while len(found) < count:
        number = next(made) - seed
        level = levels[number % len(levels)]
        turned = TURNS[(number // len(TYPE_CODES) + number) % 4]
        code = TYPE_CODES[number % len(TYPE_CODES)]
        paper = Paper(type_code=code, seed=seed + number, level=level, turned=turned)
        found.append(Case(turned=turned, paper=paper))
    return found


def real_pages(folder: Path, most: int) -> Iterator[Case]:
    files = sorted(p for p in folder.glob("*/*") if p.suffix.lower() in (".pdf", ".png", ".jpg"))
    pages = [(f, n) for n in range(1, PAGES_OF_A_FILE + 1) for f in files if n <= pages_of(f)]
    upright = [(f, n) for f, n in pages if (f.name, n) not in NOT_UPRIGHT]
    for k, (file, page) in enumerate(upright[:most]):
        yield Case(file=file, page=page, turned=TURNS[k % 3])


def pages_of(file: Path) -> int:
    if file.suffix.lower() != ".pdf":
        return 1
    import pikepdf

    with pikepdf.open(file) as pdf:
        return len(pdf.pages)


@cache
def reader() -> Reader:
    return default_reader()


def image_of(case: Case) -> PageImage:
    """The page as delivered: `turned` clockwise degrees put it upright."""
    if case.paper is not None:
        return next(page_images(case.paper.make(), DPI))
    with tempfile.TemporaryDirectory() as room:
        page = str(case.page)
        open_file(["render", str(case.file), room, "--first", page, "--last", page])
        (image,) = load_pages(Path(room))
    # without its text layer: the question is what the pixels say
    pixels = turn(image.pixels, -case.turned % 360)
    return PageImage(number=case.page, pixels=pixels, dpi=image.dpi)


def look(case: Case) -> Seen:
    image = image_of(case)
    before = cpu()
    text, _ = reader().read_page(image)
    return Seen(case=case, rotation=text.rotation, blank=text.blank, cpu_s=cpu() - before)


def cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=4000)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--record", type=Path)
    chosen = parser.parse_args()
    asked = cases(chosen.count, chosen.seed, chosen.real)
    wrong: list[str] = []
    by_group: dict[str, Counter[str]] = {}
    seconds = 0.0
    with ProcessPoolExecutor(chosen.jobs, mp_context=get_context("spawn")) as pool:
        for seen in pool.map(look, asked):
            counts = by_group.setdefault(seen.case.group, Counter())
            counts["pages"] += 1
            counts["blank"] += seen.blank
            counts["turned"] += seen.case.turned != 0
            counts["wrong"] += seen.wrong
            seconds += seen.cpu_s
            if seen.wrong:
                wrong.append(f"{seen.case.name}: read as {seen.rotation}")
                print(wrong[-1], flush=True)
    rows = [
        f"| {name} | {c['pages']} | {c['turned']} | {c['blank']} | {c['wrong']} |"
        for name, c in sorted(by_group.items())
    ]
    head = "| pages | n | turned | blank | wrong |\n|---|---|---|---|---|"
    cost = f"{len(wrong)} of {len(asked)} wrong; {seconds / len(asked):.2f} CPU s a page, read."
    told = "\n".join([head, *rows, "", cost, *wrong])
    print(told)
    if chosen.record:
        command = f"python -m benchmarks.orientation --count {chosen.count} --seed {chosen.seed}"
        real = f" --real {chosen.real}" if chosen.real else ""
        record(told, SECTION, command + real, chosen.record)


if __name__ == "__main__":
    main()
