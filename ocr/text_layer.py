# SPDX-License-Identifier: Apache-2.0
"""Is the file's own text layer to be believed? Judged page by page; most layers lie somewhere.

Scanner-made garbage, TCVN3 bytes, stamps only, boxes beside the ink: each has a test. What is not
believed is read by OCR.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import cv2
import numpy as np

from ocr.page import Box, Pixels, Word
from ocr.quality import letter_sized
from ocr.vietnamese import (
    fold,
    from_tcvn3,
    from_vni,
    is_english,
    legacy_encoding,
    marked_share,
    nfc,
    syllable_share,
    words_of,
)

FEW_LETTERS = 200
MARKED = 0.20
COVER = 0.85
ON_INK = 0.85
AGREEMENT = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`reason` is a short English key kept in the page's quality: why not believed, or `ok`."""

    believed: bool
    reason: str
    words: tuple[Word, ...] = ()


def judge_letters(layer: Sequence[Word]) -> Verdict:
    """What the letters alone tell. Legacy encodings come back converted."""
    text = " ".join(w.text for w in layer)
    if sum(map(str.isalpha, text)) < FEW_LETTERS:
        return Verdict(believed=False, reason="few_letters")
    words = tuple(replace(w, text=nfc(w.text)) for w in layer)
    legacy = legacy_encoding(text)
    if legacy is not None:
        decode = from_tcvn3 if legacy == "tcvn3" else from_vni
        words = tuple(replace(w, text=decode(w.text)) for w in words)
        text = " ".join(w.text for w in words)
    if is_english(text):
        return Verdict(believed=True, reason="english", words=words)
    if marked_share(text) < MARKED:
        return Verdict(believed=False, reason=legacy or "few_marks")
    if syllable_share(text) < (0.8 if legacy else 0.6):
        return Verdict(believed=False, reason=legacy or "no_syllables")
    return Verdict(believed=True, reason=legacy or "ok", words=words)


def judge_boxes(layer: Sequence[Word], ink: Pixels, dpi: float) -> Verdict:
    """Do the boxes stand on the ink, and does the ink stand in the boxes?"""
    wide = [w.box.width * ink.shape[1] for w in layer if len(w.text) > 3]
    high = [w.box.height * ink.shape[0] for w in layer if len(w.text) > 3]
    if not wide or median(wide) < median(high):
        return Verdict(believed=False, reason="not_upright")
    if covered_share(layer, ink, dpi) < COVER:
        return Verdict(believed=False, reason="ink_outside")
    filled = sum(_has_ink(w.box, ink) for w in layer) / len(layer)
    if filled < ON_INK:
        return Verdict(believed=False, reason="boxes_off_ink")
    return Verdict(believed=True, reason="ok")


def covered_share(words: Sequence[Word], ink: Pixels, dpi: float) -> float:
    """Share of the letter-sized ink that stands inside word boxes; 1 when there is none."""
    _, _, stats, middles = cv2.connectedComponentsWithStats(ink, connectivity=8)
    return covered_letters(words, ink, np.asarray(stats), np.asarray(middles), dpi)


def covered_letters(
    words: Sequence[Word], ink: Pixels, stats: np.ndarray, middles: np.ndarray, dpi: float
) -> float:
    """The same where the components of `ink` are known: their stats and middles [n, 5], [n, 2]."""
    letters = letter_sized(stats, dpi)
    letters[0] = False
    if not letters.any():
        return 1.0
    inside = box_mask(words, ink, pad=6 * dpi / 300)
    xs, ys = middles[letters, 0].astype(int), middles[letters, 1].astype(int)
    area = stats[letters, cv2.CC_STAT_AREA]
    return float(area[inside[ys, xs] > 0].sum() / area.sum())


def box_mask(words: Sequence[Word], like: Pixels, pad: float) -> Pixels:
    """255 inside any word's box, grown by `pad` pixels."""
    height, width = like.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for word in words:
        left, top = word.box.x0 * width - pad, word.box.y0 * height - pad
        right, bottom = word.box.x1 * width + pad, word.box.y1 * height + pad
        mask[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1] = 255
    return mask


def _has_ink(box: Box, ink: Pixels) -> bool:
    height, width = ink.shape
    part = ink[
        int(box.y0 * height) : int(box.y1 * height) + 1,
        int(box.x0 * width) : int(box.x1 * width) + 1,
    ]
    return bool(part.size) and float((part > 0).mean()) > 0.02


def agreement(layer: Sequence[Word], seen: Sequence[Word]) -> float | None:
    """Share of surely read words that the layer has too; None when too few were read surely."""
    sure = [t for w in seen if w.confidence >= 0.8 for t in words_of(w.text) if len(t) > 1]
    if len(sure) < 5:
        return None
    known = {fold(t).lower() for w in layer for t in words_of(w.text)}
    return sum(fold(t).lower() in known for t in sure) / len(sure)
