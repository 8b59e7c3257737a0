# SPDX-License-Identifier: Apache-2.0
"""From evidence to one probability per field: weights fitted on papers whose truth is known.

The rules (`ocr.confidence`, cross checks, codes) say what speaks for a value; how often a value
with such evidence is right is measured and lies in `calibration.json`: a logistic model over named
features, so that a person can read what weighs how much. `benchmarks/calibration.py` fits it anew
from kept readings in a minute, after every change of a reader.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ocr.confidence import HANDWRITING_BELOW
from ocr.extraction import FieldReading, Part, TypeGuess
from ocr.page import PageText, ReadingSource
from ocr.signer_names import has_odd_marks
from ocr.vietnamese import is_syllable, words_of

SHIPPED = Path(__file__).parent / "calibration.json"
DISPUTED = 0.6
"""The most a word weighs that two readers read differently (`ocr.witness`, the signature block)."""
CODES = frozenset({ReadingSource.QR, ReadingSource.MRZ, ReadingSource.BARCODE})
_MOST = 0.999
"""Nothing a machine reads is certain."""

Features = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known of the paper a field was read on: how well each page reads, and its type.

    `readers`: who read each page first; the figures of two readers do not mean the same. `fields`:
    what the rules made of the others, by key.
    """

    pages: Mapping[int, float]
    readers: Mapping[int, str]
    type: TypeGuess
    fields: Mapping[str, FieldReading]

    def page(self, number: int | None) -> float:
        """Of a field that was not found: of the page that reads worst."""
        whole = min(self.pages.values(), default=1.0)
        return self.pages.get(number, whole) if number is not None else whole

    def reader(self, number: int | None) -> str:
        first = next(iter(self.readers.values()), "tesseract")
        return self.readers.get(number, first) if number is not None else first

    def company(self, key: str) -> float:
        """How surely the field was read that stands beside this one; .5 where none does.

        Nothing over an issuer that reads well is no parent office; over a lost one it is unknown.
        """
        beside = self.fields.get(_BESIDE.get(key, ""))
        if beside is None:
            return 0.5
        return 0.02 if beside.value in (None, [], "") else beside.confidence


_BESIDE = {
    "parent_issuer": "issuer",
    "issuer": "full_number",
    "place": "issued_on",
    "issued_on": "place",
    "signing_authority": "signer_title",
    "signer_title": "signer",
    "signer": "signer_title",
    "urgency": "abstract",
    "recipients": "signer",
}


def surroundings(pages: Sequence[PageText], part: Part) -> Surroundings:
    inked = [p for p in pages if not p.blank and part.first_page <= p.page <= part.last_page]
    return Surroundings(
        pages={p.page: sureness(p) for p in inked},
        readers={p.page: first_reader(p) for p in inked},
        type=part.document_type,
        fields=part.fields,
    )


def first_reader(page: PageText) -> str:
    if page.source is ReadingSource.TEXT_LAYER:
        return "layer"
    return "network" if "witnessed" in page.quality else "tesseract"


def sureness(page: PageText) -> float:
    """Mean confidence of the words that hold a letter or digit, 0..1; 1 for a page without."""
    said = [w.confidence for w in page.words if any(c.isalnum() for c in w.text)]
    return sum(said) / len(said) if said else 1.0


def kind_of(seen: FieldReading) -> str:
    """What sort of statement a reading is; each sort has a weight of its own."""
    if seen.value in (None, [], ""):
        return "absent"
    if seen.source in CODES:
        return "code"
    if isinstance(seen.value, list):
        return "list"
    return seen.evidence.kind if seen.evidence else "other"


def features(key: str, seen: FieldReading, around: Surroundings) -> Features:
    """Named figures of the evidence for a reading of the field `key`."""
    kind, leaf = kind_of(seen), key.rpartition(".")[2]
    reader = around.reader(seen.page)
    found = {
        "always": 1.0,
        f"is {kind}": 1.0,
        f"{kind} rules": _odds(seen.confidence),
        f"by {reader}": 1.0,
        f"{'absent' if kind == 'absent' else 'read'} company": _odds(around.company(key)),
        f"{'absent' if kind == 'absent' else 'read'} by {reader} page": _odds(
            around.page(seen.page)
        ),
        "type doubtful": float(around.type.needs_review),
        f"{leaf} {'absent' if kind == 'absent' else 'read'}": 1.0,
    }
    evidence = seen.evidence
    if kind in ("absent", "code", "other") or evidence is None:
        return found
    return found | {
        f"by {reader} weakest word": _odds(evidence.token),
        f"{kind} weakest word": _odds(evidence.token),
        f"by {reader} mean word": _odds(evidence.mean),
        f"{kind} length": math.log1p(evidence.letters) / 3,
        "form broken": float(not evidence.grammar),
        "out of place": float(not evidence.position),
        "conflict": float(evidence.conflict),
        "repaired": float(evidence.repaired),
        "witnesses": float(min(2, evidence.witnesses)),
        "settled": float(evidence.settled),
        "in catalogue": float(evidence.catalogue is True),
        "not in catalogue": float(evidence.catalogue is False),
        "no syllables": min(3, _odd_words(seen)) / 3,
        "odd marks": float(kind == "name" and has_odd_marks(str(seen.value))),
    }


def _odd_words(seen: FieldReading) -> int:
    """How many words no Vietnamese syllable spells; capitals may be an office's initials."""
    said = seen.value if isinstance(seen.value, list) else [str(seen.value)]
    words = [w for text in said for w in words_of(str(text))]
    return sum(not is_syllable(w) for w in words if not w.isupper())


def _odds(p: float) -> float:
    """Log odds, scaled to about -1..2; readers say no more under .02 and over .998."""
    p = min(max(p, 0.02), 0.998)
    return math.log(p / (1 - p)) / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Fitted weights. `review_below`: the least probability that passes without a person.

    `fitted`: when, on what and with which `readers` (as of `first_reader`).
    """

    weights: Mapping[str, float]
    review_below: float
    fitted: Mapping[str, Any]

    def probability(self, found: Features) -> float:
        """P(the value is right), 0..1."""
        score = sum(self.weights.get(name, 0.0) * x for name, x in found.items())
        return min(_MOST, 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score)))))

    def as_json(self) -> dict[str, Any]:
        return {
            "fitted": dict(self.fitted),
            "review_below": self.review_below,
            "weights": {name: round(w, 4) for name, w in self.weights.items()},
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Calibration:
        return cls(**row)


@cache
def shipped() -> Calibration:
    """The fit that came with this version. Raises FileNotFoundError where none is installed."""
    return Calibration.from_json(json.loads(SHIPPED.read_text("utf-8")))


def calibrated(
    part: Part, pages: Sequence[PageText], model: Calibration, review_below: float | None = None
) -> Part:
    """Every field with its fitted probability; what is under `review_below` goes to a person.

    `review_below`: an office's own threshold; None: the fit's. What a reader read that the fit has
    never seen keeps what the rules say, and so does what a code says.
    """
    around, least = surroundings(pages, part), review_below or model.review_below

    def judged(key: str, seen: FieldReading) -> FieldReading:
        # a code is proven by check digits and by the print, not by how its ink looks
        if kind_of(seen) == "code" or around.reader(seen.page) not in model.fitted["readers"]:
            return seen
        return _judged(seen, model.probability(features(key, seen, around)), least)

    return replace(part, fields={key: judged(key, seen) for key, seen in part.fields.items()})


def _judged(seen: FieldReading, sure: float, least: float) -> FieldReading:
    doubtful = sure < least or (seen.needs_review and stands(seen))
    return replace(seen, confidence=sure, needs_review=doubtful)


def stands(seen: FieldReading) -> bool:
    """Is a flag the rules have set final, however probable the value looks?

    It is for what no figure of the ink speaks of: a witness that says otherwise, a form the value
    breaks, a letter taken for a digit, a code against the print, a list of which a row may be
    lost, a value that was not found, a word two readers read differently, running text that ends
    who knows where, and digits that may be written by hand, where a reader is surely wrong
    (.93-.99) as often as right. What the paper settles elsewhere in print is neither disputed nor
    by hand any more.
    """
    evidence = seen.evidence
    kind = kind_of(seen)
    if evidence is None or kind in ("absent", "code") or (kind == "list" and not evidence.settled):
        return True
    by_hand = HANDWRITING_BELOW if evidence.kind in ("number", "date") else 0.0
    if not evidence.settled and (evidence.token <= DISPUTED or evidence.token < by_hand):
        return True
    if evidence.kind == "text" and not evidence.position:
        return True
    return evidence.conflict or evidence.repaired or not evidence.grammar
