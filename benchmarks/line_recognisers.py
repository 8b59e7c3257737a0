# SPDX-License-Identifier: Apache-2.0
"""Our network against Tesseract and OCRmyPDF on the same pages and crops, level by level.

`.venv/bin/python benchmarks/line_recognisers.py --papers 8 --seed 5000 [--model FILE] [--write]`
Fresh sample papers; errors by place in percent. `crops`: both read the boxes of our line finder.
`pages`: the shipped page reader, the same reader without the network (Tesseract on the page as we
prepare it), and the text layer that the newest OCRmyPDF writes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import cv2
import img2pdf
import numpy as np
from lxml import etree
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
from against_ocrmypdf import OCRMYPDF, REPORT, Contender, install_ocrmypdf, machine_name

from ocr.line_finder import lines_in
from ocr.page import Box, PageImage, Pixels, Word
from ocr.page_reader import PageReader, default_reader
from ocr.placed_errors import PlacedErrors, TruthLine, in_one_box, placed_errors
from ocr.preparing import prepare
from ocr.recogniser.model import SHIPPED, LineModel
from ocr.recogniser.reader import NetRecogniser
from ocr.tesseract import default_recogniser, placed
from service.samples import TYPE_CODES, Level, Sample, make_sample
from service.samples.official import KINDS

_PAD = 4


def truth_of(sample: Sample, page: int) -> list[TruthLine]:
    return [
        TruthLine(text=line["text"], box=Box(*line["box"]))
        for line in sample.truth["lines"]
        if line["page"] == page
    ]


def by_ocrmypdf(pages: list[Pixels], dpi: list[float]) -> list[list[Word]]:
    """Words of each page from the text layer of one file, by poppler; lossless pictures in."""
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch) / "in.pdf", Path(scratch) / "out.pdf"
        pictures = []
        for pixels, resolution in zip(pages, dpi, strict=True):
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "png", dpi=(resolution, resolution))
            pictures.append(buffer.getvalue())
        source.write_bytes(img2pdf.convert(pictures))
        call = Contender(name="OCRmyPDF", command=OCRMYPDF).call(source, target)
        subprocess.run(call, check=True, capture_output=True)
        shown = Path(scratch) / "words.html"
        subprocess.run(["pdftotext", "-bbox", str(target), str(shown)], check=True)
        tree = etree.parse(str(shown), etree.XMLParser(recover=True))
    words = []
    for page in tree.iter("{*}page"):
        wide, high = float(page.get("width", "1")), float(page.get("height", "1"))
        words.append(
            [
                Word(
                    text=word.text or "",
                    box=Box(
                        float(word.get("xMin", "0")) / wide,
                        float(word.get("yMin", "0")) / high,
                        float(word.get("xMax", "0")) / wide,
                        float(word.get("yMax", "0")) / high,
                    ),
                    confidence=1.0,
                )
                for word in page.iter("{*}word")
            ]
        )
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--levels", default="L1,L2,L3,L4,L5")
    parser.add_argument("--without-pages", action="store_true", help="crops only")
    parser.add_argument("--write", action="store_true", help="append to docs/benchmarks.md")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    net, tesseract = NetRecogniser(LineModel(chosen.model)), default_recogniser()
    shipped, bare = default_reader().page_reader, PageReader()
    peer = "" if chosen.without_pages else install_ocrmypdf()
    rows = [
        "| level | kind | lines in one box | reader | CER | WER | DER | ms a line |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for level in [Level(name) for name in chosen.levels.split(",")]:
        errors: dict[tuple[str, str], list[PlacedErrors]] = defaultdict(list)
        spent: dict[str, float] = defaultdict(float)
        held: dict[str, int] = defaultdict(int)
        lines: dict[str, int] = defaultdict(int)
        found_lines, seen = 0, list[tuple[str, list[TruthLine], Pixels, float]]()
        for k in range(chosen.papers):
            code = TYPE_CODES[(k * 5 + chosen.seed) % len(TYPE_CODES)]
            sample = make_sample(code, chosen.seed + k, level)
            kind = "plain" if code in KINDS else "form"
            truth = truth_of(sample, 1)
            pixels = sample.pages[0]
            prepared = prepare(pixels, sample.dpi)
            found = lines_in(prepared.ink)
            boxes, crops = found.boxes, found.crops(prepared.ink)
            found_lines += len(boxes)
            back = prepared.warp.to_scan
            held[kind] += in_one_box(truth, [back(b) for b in boxes])
            lines[kind] += len(truth)

            at = time.perf_counter()
            said = [w for n in net.read_crops(crops, boxes) for w in n.words]
            there = [replace(w, box=back(w.box)) for w in said]
            errors["net, crops", kind].append(placed_errors(truth, there))
            spent["net, crops"] += time.perf_counter() - at
            at = time.perf_counter()
            said = [
                w
                for box, crop in zip(boxes, crops, strict=True)
                for w in placed(tesseract.read_line(_framed(crop), sample.dpi), _around(box, crop))
            ]
            there = [replace(w, box=back(w.box)) for w in said]
            errors["Tesseract, crops", kind].append(placed_errors(truth, there))
            spent["Tesseract, crops"] += time.perf_counter() - at
            seen.append((kind, truth, pixels, sample.dpi))
        if not chosen.without_pages:
            layers = by_ocrmypdf([p for _, _, p, _ in seen], [dpi for _, _, _, dpi in seen])
            for (kind, truth, pixels, dpi), layer in zip(seen, layers, strict=True):
                image = PageImage(number=1, pixels=pixels, dpi=dpi)
                for name, reader in (("Sohoa", shipped), ("Tesseract, prepared", bare)):
                    errors[f"{name}, pages", kind].append(
                        placed_errors(truth, reader.read_page(image)[0].words)
                    )
                errors[f"OCRmyPDF {peer}, pages", kind].append(placed_errors(truth, layer))
        for (name, kind), parts in sorted(
            errors.items(), key=lambda item: (item[0][1], item[0][0])
        ):
            total = PlacedErrors.total(parts)
            rates = (total.characters, total.words, total.marks)
            shown = " | ".join(f"{100 * r.rate:.2f}" for r in rates)
            pace = f"{1000 * spent[name] / found_lines:.1f}" if spent[name] else "-"
            share = f"{100 * held[kind] / lines[kind]:.1f} of {lines[kind]}"
            rows.append(f"| {level} | {kind} | {share} | {name} | {shown} | {pace} |")
            print(rows[-1], file=sys.stderr, flush=True)
    table = "\n".join(rows)
    print(table)
    if chosen.write:
        day = dt.datetime.now(dt.UTC).date().isoformat()
        head = (
            f"{day}, {machine_name()}; {net.name}, {tesseract.name};"
            f" `benchmarks/line_recognisers.py --papers {chosen.papers} --seed {chosen.seed}`,"
            " first pages of fresh sample papers, percent."
        )
        old = REPORT.read_text("utf-8").rstrip()
        REPORT.write_text(
            f"{old}\n\n## Line network, pages and crops\n\n{head}\n\n{table}\n", "utf-8"
        )


def _framed(crop: Pixels) -> Pixels:
    """Tesseract wants a little paper around a line."""
    paper = int(np.median(crop))
    made = cv2.copyMakeBorder(crop, _PAD, _PAD, _PAD, _PAD, cv2.BORDER_CONSTANT, value=(paper,))
    return np.asarray(made, np.uint8)


def _around(box: Box, crop: Pixels) -> Box:
    """Where the framed crop stands on the page."""
    x, y = _PAD * box.width / crop.shape[1], _PAD * box.height / crop.shape[0]
    return Box(box.x0 - x, box.y0 - y, box.x1 + x, box.y1 + y)


if __name__ == "__main__":
    main()
