# SPDX-License-Identifier: Apache-2.0
"""Our network against Tesseract on the same pages and on the same line crops, level by level.

`.venv/bin/python benchmarks/line_recognisers.py --papers 8 --seed 5000 [--model FILE]`
Fresh sample papers; errors by place in percent. `crops`: both read the boxes of our line finder.
`pages`: our finder and network against Tesseract's own layout on the page as the product
prepares it. `blend`: what the shipped page reader makes of the two.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ocr.clean import erase_leaders
from ocr.line_finder import find_lines
from ocr.page import Box, PageImage, Word
from ocr.page_reader import PageReader, prepare
from ocr.placed_errors import PlacedErrors, TruthLine, in_one_box, placed_errors
from ocr.recogniser.model import SHIPPED, LineModel
from ocr.recogniser.reader import NetRecogniser
from ocr.tesseract import default_recogniser, placed
from service.samples import TYPE_CODES, Level, Sample, make_sample
from service.samples.official import KINDS


def truth_of(sample: Sample, page: int) -> list[TruthLine]:
    return [
        TruthLine(text=line["text"], box=Box(*line["box"]))
        for line in sample.truth["lines"]
        if line["page"] == page
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--levels", default="L1,L2,L3,L4,L5")
    parser.add_argument("--without-pages", action="store_true", help="crops only")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    net, tesseract = NetRecogniser(LineModel(chosen.model)), default_recogniser()
    reader = PageReader()
    print(f"{net.name}, {tesseract.name}")
    print("| level | kind | lines in one box | reader | CER | WER | DER | ms a line |")
    print("|---|---|---|---|---|---|---|---|")
    for level in [Level(name) for name in chosen.levels.split(",")]:
        errors: dict[tuple[str, str], list[PlacedErrors]] = defaultdict(list)
        spent: dict[str, float] = defaultdict(float)
        held, lines = defaultdict(int), defaultdict(int)
        found_lines = 0
        for k in range(chosen.papers):
            code = TYPE_CODES[(k * 5 + chosen.seed) % len(TYPE_CODES)]
            sample = make_sample(code, chosen.seed + k, level)
            kind = "plain" if code in KINDS else "form"
            truth = truth_of(sample, 1)
            pixels = sample.pages[0]
            prepared = prepare(pixels, sample.dpi)
            page = erase_leaders(prepared.lifted, sample.dpi)
            boxes = find_lines(page, sample.dpi).boxes
            found_lines += len(boxes)
            back = prepared.warp.to_scan
            held[kind] += in_one_box(truth, [back(b) for b in boxes])
            lines[kind] += len(truth)

            at = time.perf_counter()
            said = [w for n in net.read_lines(page, boxes) for w in n.words]
            there = [replace(w, box=back(w.box)) for w in said]
            errors["net, crops", kind].append(placed_errors(truth, there))
            spent["net, crops"] += time.perf_counter() - at
            at = time.perf_counter()
            height, width = page.shape
            said = list[Word]()
            for box in boxes:
                y = slice(max(0, int(box.y0 * height) - 4), int(box.y1 * height) + 4)
                x = slice(max(0, int(box.x0 * width) - 4), int(box.x1 * width) + 4)
                crop = np.ascontiguousarray(page[y, x])
                place = Box(
                    x.start / width,
                    y.start / height,
                    min(1, x.stop / width),
                    min(1, y.stop / height),
                )
                said += placed(tesseract.read_line(crop, sample.dpi), place)
            there = [replace(w, box=back(w.box)) for w in said]
            errors["Tesseract, crops", kind].append(placed_errors(truth, there))
            spent["Tesseract, crops"] += time.perf_counter() - at
            if not chosen.without_pages:
                image = PageImage(number=1, pixels=pixels, dpi=sample.dpi)
                text, _ = reader.read_page(image)
                errors["product, pages", kind].append(placed_errors(truth, text.words))
        for (name, kind), parts in sorted(
            errors.items(), key=lambda item: (item[0][1], item[0][0])
        ):
            total = PlacedErrors.total(parts)
            rates = (total.characters, total.words, total.marks)
            shown = " | ".join(f"{100 * r.rate:.2f}" for r in rates)
            pace = f"{1000 * spent[name] / found_lines:.1f}" if spent[name] else "-"
            share = f"{100 * held[kind] / lines[kind]:.1f} of {lines[kind]}"
            print(f"| {level} | {kind} | {share} | {name} | {shown} | {pace} |", flush=True)


if __name__ == "__main__":
    main()
