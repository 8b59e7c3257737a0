# SPDX-License-Identifier: Apache-2.0
"""The whole reading: pages of pixels in, one Extraction out.

`assemble` is pure and needs no pixels: the durable workflow reads page by page, keeps each
PageText and calls it at the end; two calls with the same pages give the same Extraction.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from ocr.barcodes import read_codes
from ocr.calibration import Calibration, calibrated
from ocr.codes import expects_code, with_codes
from ocr.extraction import Extraction, Part
from ocr.layout import PageLayout, lay_out
from ocr.page import PageImage, PageText, Pixels

if TYPE_CHECKING:  # who only reads pages waits neither for the types nor for the rules
    from ocr.document_types import DocumentTypes
    from ocr.extract import Extractor

HANOI = dt.timezone(dt.timedelta(hours=7))


class PageReader(Protocol):
    """Reads one page: upright text, and the upright pixels the boxes refer to."""

    def read_page(self, image: PageImage) -> tuple[PageText, Pixels]: ...


class Reader:
    """Đọc: PageReader for the pixels, data files for the types, rules for the fields.

    `calibration` turns what the rules say into measured probabilities (None: the rules' own);
    `review_below`: the least probability that passes, where an office has set its own.
    """

    def __init__(
        self,
        page_reader: PageReader,
        document_types: DocumentTypes | None = None,
        *,
        calibration: Calibration | None = None,
        review_below: float | None = None,
        today: Callable[[], dt.date] = lambda: dt.datetime.now(HANOI).date(),
    ) -> None:
        self.page_reader = page_reader
        self._document_types = document_types
        self.calibration = calibration
        self.review_below = review_below
        self.today = today

    @cached_property
    def extractor(self) -> Extractor:
        """The rules, over the types given or the shipped ones."""
        from ocr.document_types import shipped_document_types
        from ocr.extract import Extractor

        return Extractor(self._document_types or shipped_document_types())

    def read_page(self, image: PageImage) -> tuple[PageText, Pixels]:
        """Text of one page with the codes printed on it, and its upright pixels."""
        text, upright = self.page_reader.read_page(image)
        if text.blank:
            return text, upright
        return with_codes(
            text, read_codes(upright, expected=expects_code(text), upright=True)
        ), upright

    def secrecy_mark(self, image: PageImage) -> str | None:
        """The mark in the header of a page (`MẬT`, `TỐI MẬT`, `TUYỆT MẬT`), or None."""
        text, _ = self.page_reader.read_page(image)
        return _secrecy(lay_out(text))

    def read(self, images: Iterable[PageImage]) -> Extraction:
        """Read every page, then assemble."""
        started = time.perf_counter()
        extraction = self.assemble([self.read_page(image)[0] for image in images])
        total = time.perf_counter() - started
        return replace(extraction, timings={**extraction.timings, "total": total})

    def assemble(self, pages: Sequence[PageText], as_type: str | None = None) -> Extraction:
        """Type and fields out of pages already read. Deterministic but for `timings`.

        `as_type`: the type code a person has chosen for the (first) document.
        """
        started = time.perf_counter()
        layouts = [lay_out(page) for page in pages]
        today = self.today()
        groups = self.extractor.split_documents(layouts, today) or [[lay_out(_no_page())]]
        document = self._weighed(self.extractor.extract(groups[0], today, as_type), pages)
        attached = [self._weighed(self.extractor.extract(g, today), pages) for g in groups[1:]]
        timings = _summed(pages) | {"extract": time.perf_counter() - started}
        engines = tuple(dict.fromkeys(p.engine for p in pages if p.engine))
        # by law the mark stands on the first page of a document (NĐ 30/2020, PL I, ô 10a)
        mark = next((m for group in groups if (m := _secrecy(_first_inked(group)))), None)
        if mark is not None:
            from ocr.extract import without_text

            bare = tuple(replace(p, text="", words=()) for p in pages)
            return Extraction(
                document=without_text(document, mark),
                pages=bare,
                timings=timings,
                engines=engines,
                secret=mark,
            )
        return Extraction(
            document=document,
            pages=tuple(pages),
            attached=tuple(attached),
            timings=timings,
            engines=engines,
        )

    def _weighed(self, part: Part, pages: Sequence[PageText]) -> Part:
        if self.calibration is None:
            return part
        return calibrated(part, pages, self.calibration, self.review_below)


def _secrecy(layout: PageLayout) -> str | None:
    """What the page's own reading saw, else what the laid-out rows show."""
    from ocr.extract import secrecy_on

    seen = layout.page.quality.get("secret")
    return str(seen) if seen else secrecy_on(layout)


def _first_inked(group: Sequence[PageLayout]) -> PageLayout:
    return next((p for p in group if not p.page.blank), group[0])


def _no_page() -> PageText:
    return PageText(page=1, width=1, height=1, dpi=200, blank=True)


def _summed(pages: Sequence[PageText]) -> dict[str, float]:
    """Stage timings over all pages."""
    total: dict[str, float] = {}
    for page in pages:
        for stage, seconds in page.timings.items():
            total[stage] = total.get(stage, 0.0) + seconds
    return total
