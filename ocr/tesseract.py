# SPDX-License-Identifier: Apache-2.0
"""Tesseract behind the `Recogniser` port: tesserocr in process, pytesseract as a limited child.

tesserocr is the default (the wheel brings its own Tesseract, the data are Debian's); pytesseract
reads orientation, gives the second try to a page that failed in process, and stands in where
tesserocr does not install. Sauvola thresholds: Otsu loses half of a phone photo (CER 54 % against
9 %). psm 3 keeps the two header columns apart (psm 6: fields 29 % against 78 %).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # before Tesseract loads: 6.3 s against 1.5 s a page

import numpy as np
from PIL import Image

from ocr.normalise import nfc
from ocr.page import Box, Pixels, Word
from ocr.recognise import Recogniser

LANGUAGE = "vie"
PAGE_TIMEOUT_S = 40
_SAUVOLA = {"thresholding_method": "2"}
_PAGE, _LINE, _SCATTERED = 3, 7, 11


class TesseractMissing(RuntimeError):
    """Tesseract or its `vie` or `osd` data are not installed; the text says what to install."""


class RecognitionFailed(RuntimeError):
    """The engine gave up on these pixels (time limit, crash of the child)."""


@lru_cache(maxsize=1)
def data_path() -> Path:
    """The folder of the trained data, asked of the installed `tesseract`; `vie`, `osd` asserted."""
    program = shutil.which("tesseract")
    if program is None:
        raise TesseractMissing("tesseract is not installed: apt-get install tesseract-ocr")
    ran = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False)
    listed = (ran.stdout + ran.stderr).splitlines()
    folder = Path(listed[0].split('"')[1]) if listed and '"' in listed[0] else Path()
    missing = {LANGUAGE, "osd"} - set(listed[1:])
    if missing:
        names = " ".join(f"tesseract-ocr-{name}" for name in sorted(missing))
        raise TesseractMissing(
            f"no data for {sorted(missing)} in {folder}: apt-get install {names}"
        )
    return folder


def default_recogniser() -> TesserocrRecogniser | PytesseractRecogniser:
    """The in-process one where it installs, else pytesseract."""
    try:
        return TesserocrRecogniser()
    except ImportError:
        return PytesseractRecogniser()


class TesserocrRecogniser:
    """Tesseract in this process. One API object for pages and lines; not for threads."""

    def __init__(self) -> None:
        import tesserocr

        self._tesserocr = tesserocr
        self._api = tesserocr.PyTessBaseAPI(
            path=str(data_path()), lang=LANGUAGE, oem=tesserocr.OEM.LSTM_ONLY, psm=_PAGE
        )
        for name, value in _SAUVOLA.items():
            self._api.SetVariable(name, value)
        engine = tesserocr.tesseract_version().split()[1]
        self._name = f"tesserocr {tesserocr.__version__} (tesseract {engine}, vie)"

    @property
    def name(self) -> str:
        return self._name

    def read_page(self, image: Pixels, dpi: float) -> tuple[Word, ...]:
        """Words in reading order. Raises `RecognitionFailed` after `PAGE_TIMEOUT_S`."""
        return self._read(image, dpi, _PAGE)

    def read_line(self, image: Pixels, dpi: float) -> tuple[Word, ...]:
        return self._read(image, dpi, _LINE)

    def read_scattered(self, image: Pixels, dpi: float) -> tuple[Word, ...]:
        """Lines wherever they stand, without columns: a block under seal and signature."""
        return self._read(image, dpi, _SCATTERED)

    def _read(self, image: Pixels, dpi: float, mode: int) -> tuple[Word, ...]:
        grey = _grey(image)
        height, width = grey.shape
        if min(height, width) < 4:
            return ()
        self._api.SetPageSegMode(mode)
        self._api.SetImageBytes(grey.tobytes(), width, height, 1, width)
        self._api.SetSourceResolution(max(70, round(dpi)))
        if not self._api.Recognize(timeout=PAGE_TIMEOUT_S * 1000):
            self._api.Clear()
            raise RecognitionFailed(f"no result for {width}x{height} px")
        table = self._api.GetTSVText(0)
        self._api.Clear()
        return _words(_rows(table), width, height)


class PytesseractRecogniser:
    """The installed `tesseract` as a child with a time limit: a crash stays outside."""

    def __init__(self, timeout_s: float = PAGE_TIMEOUT_S) -> None:
        import pytesseract

        self._pytesseract = pytesseract
        self._timeout_s = timeout_s
        self._folder = data_path()
        version = pytesseract.get_tesseract_version()
        self._name = f"pytesseract {pytesseract.__version__} (tesseract {version}, vie)"

    @property
    def name(self) -> str:
        return self._name

    def read_page(self, image: Pixels, dpi: float) -> tuple[Word, ...]:
        """Words in reading order. Raises `RecognitionFailed` on a crash or after the limit."""
        return self._read(image, dpi, _PAGE)

    def read_line(self, image: Pixels, dpi: float) -> tuple[Word, ...]:
        return self._read(image, dpi, _LINE)

    def read_scattered(self, image: Pixels, dpi: float) -> tuple[Word, ...]:
        """Lines wherever they stand, without columns: a block under seal and signature."""
        return self._read(image, dpi, _SCATTERED)

    def _read(self, image: Pixels, dpi: float, mode: int) -> tuple[Word, ...]:
        grey = _grey(image)
        height, width = grey.shape
        if min(height, width) < 4:
            return ()
        variables = " ".join(f"-c {name}={value}" for name, value in _SAUVOLA.items())
        config = f"--oem 1 --psm {mode} --dpi {max(70, round(dpi))} {variables}"
        try:
            table = self._pytesseract.image_to_data(
                Image.fromarray(grey), lang=LANGUAGE, config=config, timeout=self._timeout_s
            )
        except (RuntimeError, self._pytesseract.TesseractError) as trouble:
            raise RecognitionFailed(str(trouble)[:300]) from trouble
        return _words(_rows(table), width, height)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """Clockwise degrees that turn the page upright, and Tesseract's own confidence in them."""

    degrees: int
    confidence: float


def detect_orientation(image: Pixels, dpi: float) -> Orientation | None:
    """Tesseract's orientation by pytesseract, in a child; None when it saw too few letters."""
    import pytesseract

    try:
        found: Mapping[str, Any] = pytesseract.image_to_osd(
            Image.fromarray(_grey(image)),
            config=f"--dpi {max(70, round(dpi))}",
            output_type=pytesseract.Output.DICT,
            timeout=PAGE_TIMEOUT_S,
        )
    except (RuntimeError, pytesseract.TesseractError):
        return None
    return Orientation(degrees=int(found["rotate"]), confidence=float(found["orientation_conf"]))


def read_scattered(recogniser: Recogniser, image: Pixels, dpi: float) -> tuple[Word, ...]:
    """Short lines anywhere on a crop where the recogniser can be told so, else as a page."""
    reader = getattr(recogniser, "read_scattered", recogniser.read_page)
    words: tuple[Word, ...] = reader(image, dpi)
    return words


def _grey(image: Pixels) -> Pixels:
    if image.ndim == 2:
        return np.ascontiguousarray(image)
    import cv2

    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _rows(table: str) -> Iterator[list[str]]:
    """Rows of words in Tesseract's TSV: level page block par line word left top w h conf text."""
    for line in table.splitlines():
        cells = line.split("\t")
        if len(cells) == 12 and cells[0] == "5" and cells[11].strip():
            yield cells


def _words(rows: Iterator[list[str]], width: int, height: int) -> tuple[Word, ...]:
    words: list[Word] = []
    lines: dict[tuple[str, ...], int] = {}
    for cells in rows:
        left, top, wide, high = (int(v) for v in cells[6:10])
        box = Box(
            max(0, left) / width,
            max(0, top) / height,
            min(width, left + wide) / width,
            min(height, top + high) / height,
        )
        line = lines.setdefault(tuple(cells[1:5]), len(lines))
        confidence = min(1.0, max(0.0, float(cells[10]) / 100))
        words.append(Word(text=nfc(cells[11].strip()), box=box, confidence=confidence, line=line))
    return tuple(words)


def placed(words: tuple[Word, ...], crop: Box) -> tuple[Word, ...]:
    """Words of a crop, with boxes of the page the crop was cut from."""
    return tuple(
        replace(
            w,
            box=Box(
                crop.x0 + w.box.x0 * crop.width,
                crop.y0 + w.box.y0 * crop.height,
                crop.x0 + w.box.x1 * crop.width,
                crop.y0 + w.box.y1 * crop.height,
            ),
        )
        for w in words
    )
