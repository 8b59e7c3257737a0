# SPDX-License-Identifier: Apache-2.0
"""The invisible words over the picture, each exactly over its ink, so that search and copy work.

A viewer takes a word's height from the font's ascent and descent, so the font size is chosen to
make ascent + descent equal the height of the word's box; Tz stretches it to the box's width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ocr.page import PageText, Word
from storage.typeface import Typeface

_SMALLEST = 0.5  # points: a box thinner than this is not a word's box


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerWord:
    """A word ready to be written: cleaned `text`, points from the lower left of the page."""

    text: str
    left: float
    baseline: float
    size: float
    stretch: float
    ends_line: bool


def lay_words(
    page: PageText, width: float, height: float, face: Typeface
) -> tuple[tuple[LayerWord, ...], int]:
    """The words of a page of `width` x `height` points, and how many characters have no glyph.

    Words without any glyph are left out.
    """
    laid, dropped = [], 0
    for word, ends_line in _with_line_ends(page):
        text, lost = face.writable(word.text.strip())
        dropped += lost
        if text:
            laid.append(_lay(word, text, ends_line, width, height, face))
    return tuple(laid), dropped


def layer_operators(words: tuple[LayerWord, ...], encode: Callable[[str], str]) -> bytes:
    """One Tj a word; a space after each but the last of its line, or words run together."""
    if not words:
        return b""
    rows = ["BT", "3 Tr"]
    for word in words:
        shown = encode(word.text if word.ends_line else word.text + " ")
        rows.append(
            f"/F0 {word.size:.3f} Tf {word.stretch:.2f} Tz "
            f"1 0 0 1 {word.left:.2f} {word.baseline:.2f} Tm {shown} Tj"
        )
    rows.append("ET")
    return "\n".join(rows).encode("ascii")


def _lay(
    word: Word, text: str, ends_line: bool, width: float, height: float, face: Typeface
) -> LayerWord:
    tall = max(word.box.height * height, _SMALLEST)
    wide = max(word.box.width * width, _SMALLEST)
    size = tall * 1000 / (face.ascent + face.descent)
    return LayerWord(
        text=text,
        left=word.box.x0 * width,
        baseline=height - word.box.y1 * height + size * face.descent / 1000,
        size=size,
        stretch=100 * wide / (face.width(text, size) or wide),
        ends_line=ends_line,
    )


def _with_line_ends(page: PageText) -> Iterator[tuple[Word, bool]]:
    following = [*page.words[1:], None]
    for word, after in zip(page.words, following, strict=False):
        yield word, after is None or after.line != word.line
