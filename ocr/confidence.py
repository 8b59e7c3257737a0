# SPDX-License-Identifier: Apache-2.0
"""One honest probability per field, out of the evidence, and whether a person must look.

A small logistic model over the weakest token, capped by named rules: what the caps say no token
confidence can lift, because Tesseract gives "PHÓ" for PHỐ 91 and cited dates 92-97 (measured).
The caps carry the promise (no silent wrong value), the logistic part only ranks.

Reliability, found values, share right (whole reading, 37 real dev documents, the rules written
after seeing them): 0-.2: .70 of 61; .2-.4: .50 of 8; .4-.6: .66 of 29; .6-.8: .70 of 10;
.8-1: .99 of 293. The low ones are modest on purpose: a flagged right value costs a look.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ocr.evidence import Evidence as Evidence
from ocr.extraction import Candidate, FieldContent, FieldReading, FieldStatus
from ocr.page import Box, ReadingSource, Word

REVIEW_BELOW = 0.9
"""Fields under this probability go to a person (a setting; see the reliability table)."""

HANDWRITING_BELOW = 0.80
"""Digits under it may be written by hand: on dev all hand-filled ones but one fall under it."""

# centre and slope of the logistic over the weakest token, by kind of field. Digits need .80
# (typed ones right, handwritten ones out). Names need .95 and a known family name: of 80 printed
# names on made pages two lost a mark at .93 and .946, none above.
_CENTRE = {"number": 0.62, "date": 0.62, "symbol": 0.55, "name": 0.872, "text": 0.80, "office": 0.6}
_SLOPE = 13.0


def probability(evidence: Evidence) -> float:
    """P(value is right), 0..1."""
    score = _SLOPE * (evidence.token - _CENTRE.get(evidence.kind, 0.8))
    score += 2.0 * min(2, evidence.witnesses)
    if evidence.catalogue is not None:
        score += 1.2 if evidence.catalogue else -1.5
    value = 1.0 / (1.0 + math.exp(-score))
    for broken, cap in (
        (not evidence.grammar, 0.30),
        (evidence.conflict, 0.45),
        (evidence.repaired, 0.60),
        (not evidence.position, 0.80),
    ):
        if broken:
            value = min(value, cap)
    # nothing a single reader says is certain
    return min(value, 0.99)


def weakest(words: Sequence[Word]) -> float:
    """Confidence of the weakest word that holds a letter or a digit; 0 without any."""
    said = [w.confidence for w in words if any(c.isalnum() for c in w.text)]
    return min(said, default=0.0)


def reading(
    value: FieldContent,
    words: Sequence[Word],
    page: int | None,
    evidence: Evidence,
    *,
    raw: str | None = None,
    candidates: tuple[Candidate, ...] = (),
    source: ReadingSource = ReadingSource.OCR,
    review_below: float = REVIEW_BELOW,
) -> FieldReading:
    """A value that was read, with its place and its probability."""
    sure = probability(evidence)
    return FieldReading(
        value=value,
        raw=raw if raw is not None else " ".join(w.text for w in words),
        page=page,
        box=Box.around(w.box for w in words),
        confidence=sure,
        needs_review=sure < review_below,
        source=source,
        status=FieldStatus.PRESENT,
        candidates=candidates,
        evidence=evidence.of_ink(words),
    )


def unreadable(
    words: Sequence[Word],
    page: int | None,
    *,
    raw: str | None = None,
    candidates: tuple[Candidate, ...] = (),
    status: FieldStatus = FieldStatus.UNREADABLE,
) -> FieldReading:
    """Ink (or an empty gap, `BLANK`) at the right place that gives no value: always looked at."""
    return FieldReading(
        value=None,
        raw=raw if raw is not None else " ".join(w.text for w in words),
        page=page,
        box=Box.around(w.box for w in words),
        needs_review=True,
        source=ReadingSource.OCR,
        status=status,
        candidates=candidates,
    )


def absent(*, unsure: bool) -> FieldReading:
    """Nothing found; `unsure` when the paper ought to have it."""
    return FieldReading(value=None, confidence=0.0 if unsure else 0.95, needs_review=unsure)
