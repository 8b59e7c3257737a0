"""The stored words stand over the ink they were read from: a search in any viewer marks it.

Sample papers with known line boxes, read by Tesseract, bound, and looked at by poppler.
"""

import html
import re
import subprocess

import numpy as np
import pytest

from ocr.page import Box, PageText
from ocr.tesseract import default_recogniser
from service.samples import make_sample
from storage.pdf import PikepdfArchivalPdf
from workflows.ports.archival import CopyPage

_WORD = re.compile(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]+)<')


def bound(sample) -> bytes:
    pixels = sample.pages[0]
    height, width = pixels.shape[:2]
    words = default_recogniser().read_page(pixels, sample.dpi)
    text = PageText(page=1, width=width, height=height, dpi=sample.dpi, words=words)
    page = CopyPage(jpeg=sample.scans[0], width=width, height=height, dpi=sample.dpi, text=text)
    return PikepdfArchivalPdf().compose([page], title="Thử", mark=None)


def stored_words(content: bytes, tmp_path) -> list[tuple[str, Box]]:
    """Words and boxes (fractions of the page) as poppler takes them from the file."""
    file = tmp_path / "copy.pdf"
    file.write_bytes(content)
    ran = subprocess.run(["pdftotext", "-bbox", str(file), "-"], capture_output=True, check=True)
    told = ran.stdout.decode()
    wide, tall = (float(v) for v in re.search(r'width="([\d.]+)" height="([\d.]+)"', told).groups())
    return [
        (
            html.unescape(text),
            Box(*(float(v) / s for v, s in zip(box, (wide, tall) * 2, strict=True))),
        )
        for *box, text in _WORD.findall(told)
    ]


def over(line: Box, words: list[tuple[str, Box]]) -> Box | None:
    """What the words whose middle lies on the line cover together."""
    mine = [
        b
        for _, b in words
        if line.x0 <= (b.x0 + b.x1) / 2 <= line.x1 and line.y0 <= (b.y0 + b.y1) / 2 <= line.y1
    ]
    if not mine:
        return None
    return Box(
        min(b.x0 for b in mine),
        min(b.y0 for b in mine),
        max(b.x1 for b in mine),
        max(b.y1 for b in mine),
    )


def shared(a: Box, b: Box) -> float:
    """Intersection over union."""
    wide = max(0.0, min(a.x1, b.x1) - max(a.x0, b.x0))
    tall = max(0.0, min(a.y1, b.y1) - max(a.y0, b.y0))
    both = a.width * a.height + b.width * b.height - wide * tall
    return wide * tall / both


@pytest.mark.parametrize("level", ["L1", "L2"])
def test_lines_of_stored_words_cover_the_printed_lines(level, tmp_path):
    sample = make_sample("thong_bao", 14, level)
    words = stored_words(bound(sample), tmp_path)
    lines = [Box(*line["box"]) for line in sample.truth["lines"] if line["page"] == 1]
    found = [(line, over(line, words)) for line in lines]
    read = [(line, box) for line, box in found if box is not None]
    assert len(read) >= 0.9 * len(lines) > 15
    overlap = np.array([shared(line, box) for line, box in read])
    apart = np.array(
        [
            (abs(a.x0 + a.x1 - b.x0 - b.x1) / 2 * 210, abs(a.y0 + a.y1 - b.y0 - b.y1) / 2 * 297)
            for a, b in read
        ]
    )  # mm
    assert np.median(overlap) > 0.8
    assert np.median(apart[:, 0]) < 1.0
    assert np.median(apart[:, 1]) < 0.5
    assert np.percentile(apart[:, 1], 95) < 2.0


def test_a_layer_that_stands_elsewhere_is_seen(tmp_path):
    """Positive control: the same words a line lower."""
    sample = make_sample("thong_bao", 14, "L1")
    words = stored_words(bound(sample), tmp_path)
    moved = [(t, Box(b.x0, b.y0 + 0.012, b.x1, b.y1 + 0.012)) for t, b in words]
    lines = [Box(*line["box"]) for line in sample.truth["lines"] if line["page"] == 1]
    boxes = [(line, over(line, moved)) for line in lines]
    assert np.median([shared(a, b) if b else 0.0 for a, b in boxes]) < 0.5
