# SPDX-License-Identifier: Apache-2.0
"""Reading single files without a server.

Imports no database and no keys: every process of a pool pays for what is imported here.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocr.calibration import shipped
from ocr.extraction import Extraction
from ocr.page import PageImage, PageText
from ocr.page_reader import default_reader
from ocr.reader import Reader
from ocr.recognise import Recogniser
from ocr.straighten import turn
from service.config import Settings
from service.opening_desk import dpi_of, opener
from storage.picture.prepared import PreparedPicture, prepare
from workflows.opening import PAGES_A_STEP, Opener
from workflows.ports.archival import CopyPage


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingDesk:
    """Reads single files without a server: what `sohoa read` and `evaluate` use."""

    opener: Opener
    reader: Reader
    dpi: int

    def read_file(self, path: Path) -> Extraction:
        """The machine's view of one file. Raises `BadInput` for what cannot be read."""
        return self.reader.read(self.pages_of(path))

    def pages_of(self, path: Path) -> Iterator[PageImage]:
        """All pages, a few a child: its limits are for pages, not for books."""
        with self.opener.opened(path, 1, PAGES_A_STEP, self.dpi) as (opening, rendered):
            yield from map(rendered.page, rendered.numbers)
        for first, last in steps_of(PAGES_A_STEP + 1, opening.page_count):
            yield from self.opener.pages(path, first, last, self.dpi)

    def copy_page(self, image: PageImage) -> CopyPage:
        """A page read and made ready to be bound into the archival copy."""
        text, upright = self.reader.read_page(image)
        return copy_of(text, prepare(upright, text.dpi))

    def text_of(self, image: PageImage) -> PageText:
        """Half of `copy_page`, and the longer one."""
        return self.reader.read_page(image)[0]

    def picture_of(self, image: PageImage, clockwise: int) -> PreparedPicture:
        """The other half. `clockwise`: the quarter turns that set it upright, in degrees."""
        return prepare(turn(image.pixels, clockwise), image.dpi)


def copy_of(text: PageText, picture: PreparedPicture) -> CopyPage:
    """The two halves of `ReadingDesk.copy_page`, from whichever process."""
    width, height = text.width, text.height
    return CopyPage(picture=picture, width=width, height=height, dpi=text.dpi, text=text)


def steps_of(first: int, last: int) -> list[tuple[int, int]]:
    """Pages `first`..`last` a few at a time, in steps of even length."""
    count = last - first + 1
    steps = math.ceil(count / PAGES_A_STEP)
    edges = [first + n * count // steps for n in range(steps)] + [last + 1]
    return [(start, end - 1) for start, end in itertools.pairwise(edges)]


def reading_desk(settings: Settings, witness: Recogniser | None = None) -> ReadingDesk:
    """Only what reading needs: no database, no store, no keys."""
    reader = reader_of(settings, witness)
    return ReadingDesk(opener=opener(settings), reader=reader, dpi=dpi_of(settings))


def reader_of(settings: Settings, witness: Recogniser | None = None) -> Reader:
    """The shipped reader with its fitted probabilities and this office's threshold.

    `witness`: a Tesseract that is loaded already; not one that another thread uses.
    """
    reader = default_reader(witness)
    reader.calibration, reader.review_below = shipped(), settings.review_below or None
    return reader
