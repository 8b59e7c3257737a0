# SPDX-License-Identifier: Apache-2.0
"""How good the reading is: Extractions against truth files, field by field.

The measure that matters most is silent errors: a wrong value with `needs_review` false. What
counts as right is `../shared/data/README.md` §2: equal after the tolerances for form, never for
look-alike letters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from ocr.extraction import Extraction, FieldReading, TypeGuess
from ocr.normalise import DASHES, comparable, nfc, spell_out, squeeze
from ocr.reliability import Bin, calibration_error, reliability
from ocr.reliability import as_markdown as reliability_table

# truth key in Vietnamese -> field of the contract; files made by the project use ours directly
TRUTH_KEYS = {
    "so": "number",
    "ky_hieu": "symbol",
    "so_ky_hieu": "full_number",
    "ngay_ban_hanh": "issued_on",
    "dia_danh": "place",
    "co_quan_ban_hanh": "issuer",
    "co_quan_chu_quan": "parent_issuer",
    "loai_van_ban": "document_type",
    "trich_yeu": "abstract",
    "quyen_han_ky": "signing_authority",
    "chuc_vu_nguoi_ky": "signer_title",
    "nguoi_ky": "signer",
    "do_khan": "urgency",
    "kinh_gui": "addressees",
}
SPLIT_BY_HAND = frozenset({"number", "full_number", "issued_on"})
RANK = re.compile(
    r"^(?:(?:đại|thượng|trung|thiếu) (?:tướng|tá|úy)|pgs|gs|ts|ths|bs|ks)\.?\s+", re.IGNORECASE
)
AUTHORITY = re.compile(r"^(?:(?:tm|kt|tl|tuq|q)\.\s*[^/]*?/\s*)+", re.IGNORECASE)


class Outcome(StrEnum):
    RIGHT = "right"
    RIGHT_FLAGGED = "right_flagged"
    FLAGGED = "wrong_flagged"
    SILENT = "wrong_silent"
    MISSED = "not_found"

    @property
    def is_right(self) -> bool:
        return self in (Outcome.RIGHT, Outcome.RIGHT_FLAGGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One field of one document: what was read, what is true, how it came out."""

    source: str
    file: str
    field: str
    truth: Any
    value: Any
    confidence: float
    outcome: Outcome
    handwritten: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Outcomes counted; `exact` counts right values, flagged or not."""

    total: int
    right: int
    right_flagged: int
    flagged: int
    silent: int
    missed: int

    @property
    def exact(self) -> int:
        return self.right + self.right_flagged

    @property
    def passing(self) -> float:
        """Share of fields that no person is asked about; 0 of none."""
        return (self.right + self.silent) / self.total if self.total else 0.0

    @property
    def silent_rate(self) -> float:
        return self.silent / self.total if self.total else 0.0

    @classmethod
    def of(cls, rows: Iterable[Comparison]) -> Tally:
        seen = [row.outcome for row in rows]
        return cls(
            total=len(seen),
            right=seen.count(Outcome.RIGHT),
            right_flagged=seen.count(Outcome.RIGHT_FLAGGED),
            flagged=seen.count(Outcome.FLAGGED),
            silent=seen.count(Outcome.SILENT),
            missed=seen.count(Outcome.MISSED),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All comparisons of a run; `failures`: files that could not be read, with the reason."""

    rows: tuple[Comparison, ...]
    failures: tuple[tuple[str, str], ...] = ()

    @property
    def overall(self) -> Tally:
        return Tally.of(self.rows)

    def by_field(self) -> dict[str, Tally]:
        """Per field; number and date are split into typed and handwritten."""
        names = dict.fromkeys(_row_name(r) for r in self.rows)
        return {n: Tally.of(r for r in self.rows if _row_name(r) == n) for n in names}

    def by_source(self) -> dict[str, Tally]:
        names = dict.fromkeys(r.source for r in self.rows)
        return {n: Tally.of(r for r in self.rows if r.source == n) for n in names}

    def silent(self) -> tuple[Comparison, ...]:
        return tuple(r for r in self.rows if r.outcome is Outcome.SILENT)

    def reliability(self) -> tuple[Bin, ...]:
        """Calibration over the values found."""
        found = (r for r in self.rows if r.outcome is not Outcome.MISSED)
        return reliability((r.confidence, r.outcome.is_right) for r in found)

    def as_markdown(self) -> str:
        """The table people read."""
        head = "| | n | exact | right, unflagged | wrong, flagged | wrong, silent | not found |"
        lines = [head, "|---|---|---|---|---|---|---|"]
        groups = [*self.by_field().items(), *self.by_source().items(), ("all", self.overall)]
        for name, t in groups:
            lines.append(
                f"| {name} | {t.total} | {t.exact} | {t.right} | {t.flagged} | {t.silent}"
                f" | {t.missed} |"
            )
        whole = self.overall
        lines += [
            f"\nPassing without review {whole.passing:.1%}, silent {whole.silent_rate:.2%}.\n",
            reliability_table(self.reliability()),
        ]
        lines += [f"\nnot read: {name}: {why}" for name, why in self.failures]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        return {
            "overall": _tally_json(self.overall),
            "fields": {n: _tally_json(t) for n, t in self.by_field().items()},
            "sources": {n: _tally_json(t) for n, t in self.by_source().items()},
            "passing": self.overall.passing,
            "calibration_error": calibration_error(self.reliability()),
            "silent": [
                {"file": r.file, "field": r.field, "truth": r.truth, "value": r.value}
                for r in self.silent()
            ],
            "failures": [list(f) for f in self.failures],
        }


def _tally_json(tally: Tally) -> dict[str, int]:
    return {
        "n": tally.total,
        "exact": tally.exact,
        "right_unflagged": tally.right,
        "wrong_flagged": tally.flagged,
        "wrong_silent": tally.silent,
        "not_found": tally.missed,
    }


def _row_name(row: Comparison) -> str:
    if row.field not in SPLIT_BY_HAND:
        return row.field
    return f"{row.field} ({'handwritten' if row.handwritten else 'typed'})"


def evaluate(folder: Path, read: Callable[[Path], Extraction]) -> Evaluation:
    """Read every document that has a truth file under `folder` and compare.

    Truth is `<folder>/**/truth/<file>.json`, the document beside the `truth` folder. A document
    that raises is counted as a failure, never skipped in silence.
    """

    def one_by_one(paths: Sequence[Path]) -> Iterator[tuple[Path, Read]]:
        for path in paths:
            try:
                yield path, read(path).as_json()
            except Exception as error:  # the report must name every file, whatever broke it
                yield path, error

    return evaluate_folder(folder, one_by_one)


Read = Mapping[str, Any] | Exception
ReadMany = Callable[[Sequence[Path]], Iterable[tuple[Path, Read]]]


def evaluate_folder(folder: Path, read_many: ReadMany) -> Evaluation:
    """The same with a reader of many files: (path, contract JSON or the error) for each path."""
    rows: list[Comparison] = []
    failures: list[tuple[str, str]] = []
    truths = {document: truth for truth, document in documents_with_truth(folder)}
    for document, outcome in read_many(list(truths)):
        source = truths[document].parent.parent.name
        if isinstance(outcome, Exception):
            why = f"{type(outcome).__name__}: {outcome}"
            failures.append((f"{source}/{document.name}", why))
            continue
        truth = json.loads(truths[document].read_text(encoding="utf-8"))
        compared = compare(Extraction.from_json(outcome), truth)
        rows.extend(replace(r, source=source, file=document.name) for r in compared)
    return Evaluation(rows=tuple(rows), failures=tuple(failures))


def documents_with_truth(folder: Path) -> Iterator[tuple[Path, Path]]:
    """(truth file, document) pairs; the truth names its document or has its name plus .json."""
    for truth_file in sorted(folder.glob("**/truth/*.json")):
        named = json.loads(truth_file.read_text(encoding="utf-8")).get("file", truth_file.stem)
        home = truth_file.parent.parent
        found = [home / named, *home.glob(f"{truth_file.stem}.*"), home / truth_file.stem]
        document = next((f for f in found if f.is_file()), None)
        if document is None:
            raise FileNotFoundError(f"no document beside {truth_file}")
        yield truth_file, document


def compare(extraction: Extraction, truth: Mapping[str, Any]) -> list[Comparison]:
    """Every truth field that is certain, against what was read."""
    doubtful = {
        k.removesuffix("_khong_chac") for k, v in truth.items() if k.endswith("_khong_chac") and v
    }
    by_hand = bool(truth.get("so_viet_tay", truth.get("handwritten", False)))
    wanted: dict[str, Any] = {}
    for key, value in _truth_fields(truth):
        if key[0] not in doubtful and key[1] not in doubtful:
            wanted[key[1]] = value
    rows = []
    for name, value in wanted.items():
        if name == "document_type":
            guess = extraction.document.document_type
            rows.append(_compare_type(guess, value))
        elif name in extraction.document.fields or value not in (None, [], ""):
            seen = extraction.document.fields.get(name)
            rows.append(replace(_compare_field(name, seen, value, truth), handwritten=by_hand))
    return rows


def _truth_fields(truth: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    """(truth key, our key), value: Vietnamese keys, or the contract's own, nested or flat."""
    for key, name in TRUTH_KEYS.items():
        if key in truth:
            yield (key, name), truth[key]
    own = truth.get("fields", truth)
    for name in (*dict.fromkeys(TRUTH_KEYS.values()), "recipients", "secrecy", "copies"):
        if name in own and name != "file":
            yield (name, name), own[name]
    if isinstance(truth.get("fields"), Mapping):
        for name, value in truth["fields"].items():
            yield (name, name), value
        if "document_type" in truth:
            yield ("document_type", "document_type"), truth["document_type"]


def _compare_type(guess: TypeGuess, truth: Any) -> Comparison:
    said = truth.get("code", truth.get("name")) if isinstance(truth, Mapping) else str(truth)
    code = re.sub(r"\s+", "_", squeeze(said))
    right = guess.code == code or squeeze(guess.name) == squeeze(said)
    return Comparison(
        source="",
        file="",
        field="document_type",
        truth=said,
        value=guess.code,
        confidence=guess.confidence,
        outcome=_outcome(right, guess.needs_review, missing=False),
    )


def _compare_field(
    name: str, seen: FieldReading | None, truth: Any, context: Mapping[str, Any]
) -> Comparison:
    value = seen.value if seen else None
    nothing = value in (None, [], "")
    right = same_value(name, value, truth, context)
    flagged = seen.needs_review if seen else True
    missing = nothing and not right and flagged
    return Comparison(
        source="",
        file="",
        field=name,
        truth=truth,
        value=value,
        confidence=seen.confidence if seen else 0.0,
        outcome=_outcome(right, flagged, missing=missing),
    )


def _outcome(right: bool, flagged: bool, *, missing: bool) -> Outcome:
    if missing:
        return Outcome.MISSED
    if right:
        return Outcome.RIGHT_FLAGGED if flagged else Outcome.RIGHT
    return Outcome.FLAGGED if flagged else Outcome.SILENT


def same_value(name: str, value: Any, truth: Any, context: Mapping[str, Any] = {}) -> bool:
    """Equal after the tolerances of the data README §2."""
    if value in (None, [], "") or truth in (None, [], ""):
        return value in (None, [], "") and truth in (None, [], "")
    if isinstance(truth, list) or isinstance(value, list):
        ours = [str(v) for v in (value if isinstance(value, list) else [value])]
        theirs = [str(v) for v in (truth if isinstance(truth, list) else [truth])]
        return len(ours) == len(theirs) and all(
            same_value(f"{name}[]", a, b, context) for a, b in zip(ours, theirs, strict=True)
        )
    forms = _forms(name, str(value), context) & _forms(name, str(truth), context)
    return bool(forms)


def _forms(name: str, text: str, context: Mapping[str, Any]) -> set[str]:
    """The ways of writing a value that count as the same."""
    if name in ("number", "symbol", "full_number"):
        return _number_forms(name, text)
    if name == "issued_on":
        return {nfc(text).strip()}
    text = re.sub(r"\s*-\s*", "-", comparable(text).casefold().strip(" .;,:"))
    text = re.sub(r"(?<=\d)\s+(?=(?:m2|m²|m|km|ha|tầng)\b)", "", text)  # blanks do not count
    if name == "abstract":
        return {re.sub(r"^(về việc|v/v)\s*:?\s*", "", text)}
    if name in ("issuer", "parent_issuer"):
        return _office_forms(text, context)
    if name == "signer":
        return {text, RANK.sub("", text)}
    if name in ("signer_title", "signing_authority[]"):
        return {text, AUTHORITY.sub("", text)}
    if name == "place":
        return {text, re.sub(r"^(tp\.?|thành phố|tỉnh)\s*", "", text)}
    return {text}


def _number_forms(name: str, text: str) -> set[str]:
    """Leading zeros, stray blanks, the year in the number or in the symbol; case counts."""
    text = re.sub(r"\s+", "", DASHES.sub("-", nfc(text)))
    text = re.sub(r"^0+(?=\d)", "", text)
    forms = {text}
    if name == "number":
        forms.add(text.split("/")[0])
    if name == "symbol":
        forms.add(re.sub(r"^\d{4}/", "", text))
    return forms


def _office_forms(text: str, context: Mapping[str, Any]) -> set[str]:
    """UBND spelled out; the place may be added to the issuer or left out."""
    full = comparable(spell_out(text.upper())).casefold()
    place = str(context.get("dia_danh") or context.get("place") or "").casefold()
    forms = {full}
    if place:
        forms.add(
            re.sub(rf"\s*(tỉnh|thành phố|tp\.?)?\s*{re.escape(comparable(place))}$", "", full)
        )
    return forms


# --- text --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRate:
    """Edits over the length of the truth; `rate` 0 is perfect and may pass 1."""

    edits: int
    length: int

    @property
    def rate(self) -> float:
        return self.edits / self.length if self.length else float(self.edits > 0)


def character_error(truth: str, text: str) -> ErrorRate:
    """CER over NFC text with blanks squeezed; the order of lines counts."""
    a, b = (re.sub(r"\s+", " ", nfc(t)).strip() for t in (truth, text))
    return ErrorRate(edits=Levenshtein.distance(a, b), length=len(a))


def word_error(truth: str, text: str) -> ErrorRate:
    """WER: the same over words."""
    a, b = nfc(truth).split(), nfc(text).split()
    return ErrorRate(edits=Levenshtein.distance(a, b), length=len(a))


def total_error(rates: Sequence[ErrorRate]) -> ErrorRate:
    return ErrorRate(edits=sum(r.edits for r in rates), length=sum(r.length for r in rates))
