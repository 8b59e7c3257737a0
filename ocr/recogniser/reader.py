# SPDX-License-Identifier: Apache-2.0
"""Our own recogniser behind the `Recogniser` port: line finder, network, words with boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ocr.line_finder import lines_in
from ocr.page import Box, Pixels, Word
from ocr.page_ink import page_ink
from ocr.recogniser.decoding import Character, best_path, text_of, words_of
from ocr.recogniser.doubtful_words import settled
from ocr.recogniser.line_ends import with_ends
from ocr.recogniser.line_image import line_image
from ocr.recogniser.model import LineModel
from ocr.recogniser.number_gaps import with_gaps
from ocr.recogniser.printed import with_printed

_LEAST = 6  # pixels: nothing smaller is a line of text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """One line as the network saw it; boxes of `words` are fractions of the page."""

    box: Box
    characters: tuple[Character, ...]
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return text_of(self.characters)

    @property
    def confidence(self) -> float:
        """Of the weakest letter or digit; 0 for a line without any."""
        said = [c.confidence for c in self.characters if c.text.isalnum()]
        return min(said, default=0.0)


class NetRecogniser:
    """Reads pages and lines with the shipped network; one per process, not for threads.

    Raises `ModelMissing` when the model, its card or onnxruntime is not there.
    """

    def __init__(self, model: LineModel | None = None) -> None:
        self.model = model or LineModel()
        self.model.load()

    @property
    def name(self) -> str:
        return self.model.name

    def read_page(self, image: Pixels, dpi: float) -> tuple[Word, ...]:
        """Words in reading order, on the lines our own finder sees."""
        ink = page_ink(_grey(image), dpi)
        found = lines_in(ink)
        read = [line for line in self.read_crops(found.crops(ink), found.boxes) if line.words]
        return tuple(replace(w, line=n) for n, line in enumerate(read) for w in line.words)

    def read_line(self, image: Pixels, dpi: float) -> tuple[Word, ...]:
        return self.read_lines(_grey(image), (Box(0.0, 0.0, 1.0, 1.0),))[0].words

    def read_lines(self, grey: Pixels, boxes: Sequence[Box]) -> list[ReadLine]:
        """Each box [fractions of `grey`] read as one line, all of them in a few batches."""
        places = [box.pixels(grey.shape, _LEAST) for box in boxes]
        crops = [grey[y0:y1, x0:x1] for x0, y0, x1, y1 in places]
        return self.read_crops(crops, boxes)

    def read_crops(self, crops: Sequence[Pixels], boxes: Sequence[Box]) -> list[ReadLine]:
        """Pictures of lines already cut out; `boxes` tell where on the page each stands."""
        pictures = [line_image(crop) for crop in crops]
        scores = self.model.scores(pictures)
        said = with_printed([best_path(line) for line in scores], scores)
        said = with_ends([settled(line) for line in said], boxes)
        read = []
        for box, picture, characters in zip(boxes, pictures, said, strict=True):
            characters = with_gaps(characters, picture)
            words = tuple(_on_page(w, box) for w in words_of(characters, picture))
            read.append(ReadLine(box=box, characters=characters, words=words))
        return read


def _on_page(word: Word, place: Box) -> Word:
    box = word.box
    wide, high = place.x1 - place.x0, place.y1 - place.y0
    return Word(
        text=word.text,
        confidence=word.confidence,
        box=Box(
            place.x0 + box.x0 * wide,
            place.y0 + box.y0 * high,
            place.x0 + box.x1 * wide,
            place.y0 + box.y1 * high,
        ),
    )


def _grey(image: Pixels) -> Pixels:
    if image.ndim == 2:
        return image
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
