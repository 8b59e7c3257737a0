# SPDX-License-Identifier: Apache-2.0
"""One page: pixels in, PageText out. The order of the steps is the order in which they were won.

A text layer is believed only with proof. A page is upright when it reads as Vietnamese; only a
page that does not is turned. The header is read from raw pixels (cleaning costs number and date),
the rest from cleaned ones (cleaning finds the signer under the seal).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cv2
import numpy as np

from ocr import text_layer
from ocr.clean import (
    erase_leaders,
    erase_rules,
    erase_small,
    flatten,
    ink_mask,
    is_uneven,
    lift_red,
)
from ocr.layout import lay_out
from ocr.lines import join_text, number_lines, without_scraps
from ocr.orientation import find_upright, reads_upright
from ocr.page import Box, PageImage, PageText, Pixels, ReadingSource, Word
from ocr.quality import measure_ink, measure_legibility
from ocr.reader import Reader
from ocr.recognise import Recogniser
from ocr.recogniser.model import LineModel, ModelMissing
from ocr.recogniser.reader import NetRecogniser
from ocr.red_marks import red_marks, with_marks
from ocr.rescue import rescue
from ocr.second_reading import LinesReader, read_doubtful
from ocr.secrecy import secrecy_mark
from ocr.signature_block import with_signature_block
from ocr.straighten import Warp, chain, cut_sheet, find_sheet, find_skew, level, turn
from ocr.tesseract import (
    PytesseractRecogniser,
    RecognitionFailed,
    default_recogniser,
    placed,
    read_digits,
)

HEADER_INCHES = 3.6
FINE_DPI = 300


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The straightened page in grey, the more taken off the later.

    `raw` as scanned, `lifted` without red ink, `clean` without rules and specks too.
    """

    raw: Pixels
    lifted: Pixels
    clean: Pixels
    warp: Warp
    skew: float
    dpi: float


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A reading of the page turned one way; boxes are fractions of `prepared`."""

    prepared: Prepared
    words: tuple[Word, ...]
    second_try: bool


class Clock:
    """Adds up the seconds of the stages of one page."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        try:
            return work()
        finally:
            spent = time.perf_counter() - started
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent


class PageReader:
    """Reads pages one after the other with one recogniser; not for threads."""

    def __init__(
        self, recogniser: Recogniser | None = None, second: LinesReader | None = None
    ) -> None:
        cv2.setNumThreads(1)
        self.recogniser: Recogniser = recogniser or default_recogniser()
        self.second = second

    def read_page(self, image: PageImage) -> tuple[PageText, Pixels]:
        """The text, and the upright RGB pixels its boxes refer to.

        Raises `RecognitionFailed` when neither the engine nor its isolated second try could.
        """
        clock = Clock()
        ink = clock.time("prepare", lambda: measure_ink(image.pixels, image.dpi))
        if ink.is_nothing and not self._has_print(image, clock):
            return self._blank(image, clock, {"ink": round(ink.share, 6)}), image.pixels
        believed = self._believe(image, clock)
        if believed.believed:
            return self._from_layer(image, believed, clock)
        return self._by_ocr(image, believed.reason, clock)

    def read_region(
        self, pixels: Pixels, box: Box, *, dpi: float, digits_only: bool = False
    ) -> tuple[Word, ...]:
        """A second look at one line of an upright page, enlarged to 300 dpi; boxes of the page."""
        height, width = pixels.shape[:2]
        pad = 0.03 * dpi
        x0, y0 = max(0, int(box.x0 * width - pad)), max(0, int(box.y0 * height - pad))
        x1, y1 = min(width, int(box.x1 * width + pad)), min(height, int(box.y1 * height + pad))
        if x1 - x0 < 4 or y1 - y0 < 4:
            return ()
        crop = lift_red(pixels[y0:y1, x0:x1])
        scale = max(1.0, FINE_DPI / dpi)
        if scale > 1:
            fine = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
            crop = np.asarray(fine, dtype=np.uint8)
        whole = Box(x0 / width, y0 / height, x1 / width, y1 / height)
        if digits_only:
            return placed(read_digits(self.recogniser, crop, dpi * scale), whole)
        return placed(self.recogniser.read_line(crop, dpi * scale), whole)

    def _has_print(self, image: PageImage, clock: Clock) -> bool:
        """A page that looks empty is parked only if nothing on it can be read ("PHỤ LỤC I")."""
        words = clock.time(
            "recognise", lambda: self.recogniser.read_page(lift_red(image.pixels), image.dpi)
        )
        return any(w.confidence >= 0.8 and sum(map(str.isalnum, w.text)) >= 2 for w in words)

    def _blank(self, image: PageImage, clock: Clock, quality: dict[str, Any]) -> PageText:
        height, width = image.pixels.shape[:2]
        return PageText(
            page=image.number,
            width=width,
            height=height,
            dpi=image.dpi,
            blank=True,
            quality=quality,
            timings=clock.seconds,
            engine=self.recogniser.name,
        )

    def _believe(self, image: PageImage, clock: Clock) -> text_layer.Verdict:
        if not image.layer:
            return text_layer.Verdict(believed=False, reason="none")
        return clock.time("layer", lambda: self._judge(image))  # type: ignore[no-any-return]

    def _judge(self, image: PageImage) -> text_layer.Verdict:
        letters = text_layer.judge_letters(image.layer)
        if not letters.believed:
            return letters
        grey = lift_red(image.pixels)
        boxes = text_layer.judge_boxes(letters.words, ink_mask(grey), image.dpi)
        if not boxes.believed:
            return boxes
        strip, _ = _top_strip(grey, letters.words)
        seen = self.recogniser.read_page(strip, image.dpi)
        share = text_layer.agreement(letters.words, seen)
        if share is not None and share < text_layer.AGREEMENT:
            return text_layer.Verdict(believed=False, reason="disagrees")
        return letters

    def _from_layer(
        self, image: PageImage, verdict: text_layer.Verdict, clock: Clock
    ) -> tuple[PageText, Pixels]:
        """Layer words, and by OCR what only appearances hold (number and day of signed letters)."""
        grey = clock.time("prepare", lambda: lift_red(image.pixels))
        prepared = Prepared(
            raw=grey, lifted=grey, clean=grey, warp=Warp.none(grey), skew=0.0, dpi=image.dpi
        )
        found = clock.time(
            "rescue", lambda: rescue(grey, image.dpi, verdict.words, self.recogniser)
        )
        attempt = Attempt(prepared=prepared, words=found.words, second_try=False)
        quality = {"layer": verdict.reason, "uncovered": found.uncovered}
        return self._page(image, image.pixels, 0, attempt, quality, ReadingSource.TEXT_LAYER, clock)

    def _by_ocr(self, image: PageImage, layer: str, clock: Clock) -> tuple[PageText, Pixels]:
        pixels, degrees = image.pixels, 0
        attempt = self._attempt(pixels, image, clock)
        if not reads_upright(attempt.words):
            grey = lift_red(pixels)
            degrees = clock.time("orient", lambda: find_upright(grey, image.dpi, self.recogniser))
            if degrees:
                pixels = turn(pixels, degrees)
                attempt = self._attempt(pixels, image, clock)
        clean = attempt.prepared.clean
        found = clock.time(
            "rescue", lambda: rescue(clean, image.dpi, attempt.words, self.recogniser)
        )
        attempt = replace(attempt, words=found.words)
        quality: dict[str, Any] = {"layer": layer, "uncovered": found.uncovered}
        if self.second is not None:
            attempt, looked_at = self._second_reading(attempt, self.second, clock)
            quality["read_twice"] = looked_at
        return self._page(image, pixels, degrees, attempt, quality, ReadingSource.OCR, clock)

    def _second_reading(
        self, attempt: Attempt, second: LinesReader, clock: Clock
    ) -> tuple[Attempt, int]:
        """The doubtful lines by the network too; how many there were."""
        prepared = attempt.prepared
        grey = clock.time("prepare", lambda: erase_leaders(prepared.lifted, prepared.dpi))
        read = clock.time(
            "second", lambda: read_doubtful(grey, prepared.dpi, attempt.words, second)
        )
        return replace(attempt, words=read.words), read.looked_at

    def _attempt(self, pixels: Pixels, image: PageImage, clock: Clock) -> Attempt:
        prepared = clock.time("prepare", lambda: prepare(pixels, image.dpi))
        header = round(HEADER_INCHES * image.dpi) if image.number == 1 else 0
        top = erase_leaders(prepared.raw[:header], image.dpi) if header else prepared.raw[:0]
        page = np.concatenate([top, prepared.clean[header:]])
        words, second_try = clock.time("recognise", lambda: self._recognise(page, image.dpi))
        return Attempt(prepared=prepared, words=words, second_try=second_try)

    def _recognise(self, grey: Pixels, dpi: float) -> tuple[tuple[Word, ...], bool]:
        try:
            return self.recogniser.read_page(grey, dpi), False
        except RecognitionFailed:
            return PytesseractRecogniser().read_page(grey, dpi), True

    def _page(
        self,
        image: PageImage,
        pixels: Pixels,
        degrees: int,
        attempt: Attempt,
        quality: dict[str, Any],
        source: ReadingSource,
        clock: Clock,
    ) -> tuple[PageText, Pixels]:
        prepared = attempt.prepared
        height, width = pixels.shape[:2]
        words = number_lines(without_scraps(attempt.words), width / height)
        words = tuple(replace(w, box=prepared.warp.to_scan(w.box)) for w in words)
        if image.number == 1:
            marks = clock.time("marks", lambda: red_marks(pixels, image.dpi, self.recogniser))
            words = with_marks(words, marks)
        measured = clock.time("prepare", lambda: measure_legibility(prepared.raw, image.dpi))
        quality = quality | {
            "skew": round(prepared.skew, 2),
            "contrast": round(measured.contrast, 1),
            "sharpness": round(measured.sharpness, 3),
            "cut_edges": list(measured.cut_edges),
            "advice": list(measured.advice),
        }
        if attempt.second_try:
            quality["second_try"] = True
        if (mark := secrecy_mark(words, width / height)) is not None:
            quality["secret"] = mark
        page = PageText(
            page=image.number,
            width=width,
            height=height,
            dpi=image.dpi,
            rotation=degrees,
            source=source,
            text=join_text(words),
            words=words,
            quality=quality,
            timings=clock.seconds,
            engine=self.recogniser.name,
        )
        if source is ReadingSource.OCR:
            read_again = partial(with_signature_block, page, lay_out(page), pixels, self.recogniser)
            page = clock.time("signature", read_again)
        return page, pixels


def default_reader() -> Reader:
    """The shipped reader: Tesseract, our network beside it, the shipped types for the fields."""
    return Reader(PageReader(second=second_reader()))


def second_reader() -> LinesReader | None:
    """The shipped network where its card allows it and it can be loaded, else nobody."""
    try:
        model = LineModel()
        return NetRecogniser(model) if "doubtful" in model.card.reads else None
    except ModelMissing:
        return None


def prepare(pixels: Pixels, dpi: float) -> Prepared:
    """Straighten and clean an upright page; both images have one shape and one way back."""
    grey = lift_red(pixels)
    raw = _plain_grey(pixels)
    warp = Warp.none(grey)
    corners = find_sheet(grey)
    if corners is not None:
        grey, warp = cut_sheet(grey, corners)
        raw, _ = cut_sheet(raw, corners)
    if is_uneven(grey):
        grey = flatten(grey)
        raw = grey if corners is not None else raw
    skew = find_skew(grey)
    grey, levelled = level(grey, skew)
    raw, _ = level(raw, skew)
    clean = erase_small(erase_rules(grey, dpi), dpi)
    return Prepared(
        raw=raw, lifted=grey, clean=clean, warp=chain(warp, levelled), skew=skew, dpi=dpi
    )


def _plain_grey(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _top_strip(grey: Pixels, words: tuple[Word, ...]) -> tuple[Pixels, int]:
    """A band that holds about the first 60 words of the layer."""
    tops = sorted(w.box.y1 for w in words)
    bottom = tops[min(60, len(tops) - 1)]
    end = min(grey.shape[0], round((bottom + 0.005) * grey.shape[0]) + 4)
    return grey[: max(end, 8)], end
