# SPDX-License-Identifier: Apache-2.0
"""One page: pixels in, PageText out. The order of the steps is the order in which they were won.

A text layer is believed only with proof. A page is upright when it reads as Vietnamese; only a
page that does not is turned. The network reads the lines our finder sees, Tesseract bears witness
where fields are read (`ocr.witness`); where the finder is not sure of its lines Tesseract reads the
page: the header from raw pixels (cleaning costs number and date), the rest from cleaned ones.
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
from ocr.clean import erase_leaders, ink_mask, lift_red
from ocr.keystone import find_keystone
from ocr.layout import lay_out
from ocr.line_finder import FoundLines, lines_in
from ocr.lines import join_text, number_lines, without_scraps
from ocr.orientation import find_upright, level_syllables, reads_upright
from ocr.page import PageImage, PageText, Pixels, ReadingSource, Word
from ocr.preparing import Prepared, prepare, unprepared
from ocr.quality import measure_ink, measure_legibility
from ocr.reader import Reader
from ocr.recognise import Recogniser
from ocr.recogniser.model import LineModel, ModelMissing
from ocr.recogniser.reader import NetRecogniser, ReadLine
from ocr.red_marks import red_marks, with_marks
from ocr.rescue import rescue
from ocr.second_reading import LinesReader, read_doubtful
from ocr.secrecy import secrecy_mark
from ocr.signature_block import with_signature_block
from ocr.straighten import turn
from ocr.tesseract import (
    PytesseractRecogniser,
    RecognitionFailed,
    default_recogniser,
)
from ocr.witness import HEADER_INCHES, Witnessed, with_witness, words_of

_LEAST_SIDE = 8
"""Pixels: on a narrower strip no letter can stand, and much of what looks at pages needs more."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A reading of the page turned one way; boxes are fractions of `prepared`."""

    prepared: Prepared
    words: tuple[Word, ...]
    second_try: bool = False
    lines: tuple[ReadLine, ...] = ()
    """The network's lines where it has read first; empty where Tesseract has."""


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
        self,
        recogniser: Recogniser | None = None,
        *,
        net: NetRecogniser | None = None,
        second: LinesReader | None = None,
    ) -> None:
        """Tesseract (`recogniser`) is witness and fallback, or the only reader.

        `net` reads pages first; `second` only looks again at what Tesseract is unsure of.
        """
        cv2.setNumThreads(1)
        self.recogniser: Recogniser = recogniser or default_recogniser()
        self.net = net
        self.second = second

    def read_page(self, image: PageImage) -> tuple[PageText, Pixels]:
        """The text, and the upright RGB pixels its boxes refer to.

        Raises `RecognitionFailed` when neither the engine nor its isolated second try could.
        """
        clock = Clock()
        if min(image.pixels.shape[:2]) < _LEAST_SIDE:
            return self._blank(image, clock, {"ink": 0.0}), image.pixels
        ink = clock.time("prepare", lambda: measure_ink(image.pixels, image.dpi))
        if ink.is_nothing and not self._has_print(image, clock):
            return self._blank(image, clock, {"ink": round(ink.share, 6)}), image.pixels
        believed = self._believe(image, clock)
        if believed.believed:
            return self._from_layer(image, believed, clock)
        return self._by_ocr(image, believed.reason, clock)

    def _readers(self, attempt: Attempt) -> str:
        """Who has read the page, the first reader first."""
        if self.net is None or not attempt.lines:
            return self.recogniser.name
        return f"{self.net.name}, {self.recogniser.name}"

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
        prepared = clock.time("prepare", lambda: unprepared(image.pixels, image.dpi))
        grey = prepared.lifted
        found = clock.time(
            "rescue", lambda: rescue(grey, image.dpi, verdict.words, self.recogniser, self.net)
        )
        attempt = Attempt(prepared=prepared, words=found.words)
        quality = {"layer": verdict.reason, "uncovered": found.uncovered}
        return self._page(image, image.pixels, 0, attempt, quality, ReadingSource.TEXT_LAYER, clock)

    def _by_ocr(self, image: PageImage, layer: str, clock: Clock) -> tuple[PageText, Pixels]:
        pixels, degrees = image.pixels, 0
        attempt = self._attempt(pixels, image, clock)
        if not reads_upright(attempt.words):
            grey = lift_red(pixels)
            readers = self.recogniser, self.net
            degrees = clock.time("orient", lambda: find_upright(grey, image.dpi, *readers))
            if degrees:
                turned = turn(pixels, degrees)
                again = self._attempt(turned, image, clock)
                # on a speckled copy of a card there are too few letters to tell by
                if level_syllables(again.words, turned) >= level_syllables(attempt.words, pixels):
                    pixels, attempt = turned, again
                else:
                    degrees = 0
        if attempt.lines:
            attempt, quality = self._witnessed(attempt, image, clock)
        else:
            attempt, quality = self._rescued(attempt, clock)
        quality["layer"] = layer
        return self._page(image, pixels, degrees, attempt, quality, ReadingSource.OCR, clock)

    def _witnessed(
        self, attempt: Attempt, image: PageImage, clock: Clock
    ) -> tuple[Attempt, dict[str, Any]]:
        """The network's page, with Tesseract asked where fields are read."""
        prepared = attempt.prepared
        height, width = prepared.lifted.shape
        page = PageText(
            page=image.number, width=width, height=height, dpi=image.dpi, words=attempt.words
        )
        seen: Witnessed = clock.time(
            "witness",
            lambda: with_witness(
                attempt.lines,
                page,
                header=lambda: prepared.raw,
                body=prepared.lifted,
                witness=self.recogniser,
            ),
        )
        return replace(attempt, words=seen.words), {"witnessed": seen.asked}

    def _rescued(self, attempt: Attempt, clock: Clock) -> tuple[Attempt, dict[str, Any]]:
        """Tesseract's page: what it dropped, and what it doubted by the network too."""
        prepared = attempt.prepared
        found = clock.time(
            "rescue",
            lambda: rescue(prepared.clean, prepared.dpi, attempt.words, self.recogniser),
        )
        attempt = replace(attempt, words=found.words)
        quality: dict[str, Any] = {"uncovered": found.uncovered}
        if self.second is not None:
            attempt, looked_at = self._second_reading(attempt, self.second, clock)
            quality["read_twice"] = looked_at
        return attempt, quality

    def _second_reading(
        self, attempt: Attempt, second: LinesReader, clock: Clock
    ) -> tuple[Attempt, int]:
        """The doubtful lines by the network too; how many there were."""
        read = clock.time(
            "second", lambda: read_doubtful(attempt.prepared.ink, attempt.words, second)
        )
        return replace(attempt, words=read.words), read.looked_at

    def _attempt(self, pixels: Pixels, image: PageImage, clock: Clock) -> Attempt:
        """The page read as it lies: by the network where its lines are plain to see."""
        prepared: Prepared = clock.time("prepare", lambda: prepare(pixels, image.dpi))
        if self.net is not None:
            net, ink = self.net, clock.time("ink", lambda: prepared.ink)
            found: FoundLines = clock.time("lines", lambda: lines_in(ink))
            keystone = find_keystone(found.slants, ink.grey.shape, found.usual)
            if keystone is not None:
                prepared = clock.time("prepare", lambda: prepared.seen_straight(keystone))
                ink = clock.time("ink", lambda: prepared.ink)
                found = clock.time("lines", lambda: lines_in(ink))
            if found.sure:
                lines = clock.time("net", lambda: net.read_crops(found.crops(ink), found.boxes))
                return Attempt(prepared=prepared, words=words_of(lines), lines=tuple(lines))
        page = clock.time("prepare", lambda: _for_tesseract(prepared, image))
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
        boxes = prepared.warp.all_to_scan([w.box for w in words])
        words = tuple(replace(w, box=box) for w, box in zip(words, boxes, strict=True))
        if image.number == 1:
            marks = clock.time("marks", lambda: red_marks(pixels, image.dpi, self.recogniser))
            words = with_marks(words, marks)
        measured = clock.time("prepare", lambda: measure_legibility(prepared.ink))
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
            engine=self._readers(attempt),
        )
        if source is ReadingSource.OCR:
            readers = self.recogniser, self.net
            read_again = partial(with_signature_block, page, lay_out(page), pixels, *readers)
            page = clock.time("signature", read_again)
        return page, pixels


def default_reader(recogniser: Recogniser | None = None) -> Reader:
    """The shipped reader: our network and Tesseract, the shipped types for the fields.

    `recogniser`: a Tesseract that is loaded already.
    """
    net, reads = shipped_network()
    if "pages" in reads:
        return Reader(PageReader(recogniser, net=net, second=net))
    return Reader(PageReader(recogniser, second=net if "doubtful" in reads else None))


def shipped_network() -> tuple[NetRecogniser | None, frozenset[str]]:
    """The shipped network and what its card lets it read; (None, nothing) where it cannot load."""
    try:
        model = LineModel()
        return (NetRecogniser(model), model.card.reads) if model.card.reads else (None, frozenset())
    except ModelMissing:
        return None, frozenset()


def _for_tesseract(prepared: Prepared, image: PageImage) -> Pixels:
    """Raw in the header of a first page, cleaned below it."""
    header = round(HEADER_INCHES * image.dpi) if image.number == 1 else 0
    if not header:
        return prepared.clean
    top = erase_leaders(prepared.raw[:header], image.dpi)
    return np.concatenate([top, prepared.clean[header:]])


def _top_strip(grey: Pixels, words: tuple[Word, ...]) -> tuple[Pixels, int]:
    """A band that holds about the first 60 words of the layer."""
    tops = sorted(w.box.y1 for w in words)
    bottom = tops[min(60, len(tops) - 1)]
    end = min(grey.shape[0], round((bottom + 0.005) * grey.shape[0]) + 4)
    return grey[: max(end, 8)], end
