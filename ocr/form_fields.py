# SPDX-License-Identifier: Apache-2.0
"""The fields of forms and certificates: a value behind each label, driven by the type's data file.

A value ends at the next label of the row or goes on in the next row without one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace

from ocr.catalogue import SURNAMES
from ocr.compounds import mended
from ocr.confidence import Evidence, absent, reading, unreadable, weakest
from ocr.document_types import DocumentType, FieldSpec
from ocr.extraction import FieldReading, Fields, FieldStatus
from ocr.form_rows import Rows, rows_of
from ocr.labels import NEXT_ITEM, LabelHit, find_labels, gutter_of, lost_fields
from ocr.layout import PageLayout
from ocr.normalise import nfc, squeeze
from ocr.page import Word
from ocr.places import mend_province
from ocr.signer_names import as_names_are_spelled, has_doubtful_marks, has_no_syllable
from ocr.spelling import with_spelling
from ocr.values import is_valid, normalise_value


def read_labelled(kind: DocumentType, pages: Sequence[PageLayout], today: dt.date) -> Fields:
    """Every field of the type that stands after a label; a key for each, found or not."""
    specs = [s for s in kind.fields if s.zone is None]
    found: Fields = {}
    lost: set[str] = set()
    whole = rows_of(pages)
    columns = dict.fromkeys(s.column for s in specs)
    gutter = gutter_of(specs, whole) if any(columns) else 0.5
    for column in columns:
        rows = rows_of(pages, column, gutter) if column else whole
        hits = find_labels([s for s in specs if s.column == column], rows, kind.columns)
        for hit in hits:
            found[hit.spec.key] = _read(hit, hits, rows, today)
        lost |= lost_fields([s for s in specs if s.column == column], hits, rows)
    return {s.key: found.get(s.key, absent(unsure=s.required or s.key in lost)) for s in specs}


def _read(hit: LabelHit, hits: Sequence[LabelHit], rows: Rows, today: dt.date) -> FieldReading:
    stops = [h.start for h in hits]
    spans = rows.value_spans((hit.start, hit.end), stops, wraps=hit.spec.type in _LONG)
    start, end = spans[-1]
    if end in stops and (item := NEXT_ITEM.search(rows.text[start:end])):
        spans[-1] = (start, start + item.start())  # "… 2." belongs to the next label
    text = " ".join(rows.text[a:b] for a, b in spans)
    words = [w for a, b in spans if rows.text[a:b].strip() for w in rows.words(a, b)]
    page = rows.lines[rows.row_at(hit.start)].page
    value = _without_leaders(text)
    if not any(c.isalnum() for c in value):
        return _empty(hit.spec, rows.words(hit.start, hit.end), page, text)
    made = _typed(hit, value, words, page, today)
    named = hit.spec.type in ("place", "org")
    return with_spelling(made, rows.pages[:4], words) if named else made


def _empty(spec: FieldSpec, label: Sequence[Word], page: int, text: str) -> FieldReading:
    """Nothing after the label. Read leaders are an empty line; no leaders may be unread ink."""
    blank = unreadable(label, page, raw=text.strip(), status=FieldStatus.BLANK)
    ruled = bool(_LEADERS.search(text)) and not spec.required
    return replace(blank, needs_review=not ruled, confidence=0.92 if ruled else 0.0)


_LEADERS = re.compile(r"[.…_]{3,}|(?:\.\s){3,}")
_STROKE_BEHIND = re.compile(r"\s[-–—~.,:;…_|\s]+$")
"""A rest of a leader or of a rule: no value ends so."""
_FOOTNOTE = re.compile(r"\(\s?\d{1,2}\s?\)")


def _without_leaders(text: str) -> str:
    text = _LEADERS.sub(" ", _FOOTNOTE.sub("", nfc(text)))
    text = re.sub(r"\s+", " ", text).strip(" .:;,…_|")
    return _STROKE_BEHIND.sub("", text)


_SPELLED = frozenset({"text", "place", "org", "idpaper", "list"})
"""Running text, in which small words may be put right; names and figures are not touched."""
_LONG = _SPELLED | {"datew", "name", "money", "land_paper", "words"}


def _typed(
    hit: LabelHit, text: str, words: Sequence[Word], page: int, today: dt.date
) -> FieldReading:
    """The value in the normal form of its type; what does not fit the type is flagged."""
    spelled = mend_province(mended(text)) if hit.spec.type in _SPELLED else text
    spelled = _with_commas(spelled, hit.spec)
    if hit.spec.type == "name":
        spelled = _as_names_are(spelled, words)
    value, fits, witness = normalise_value(hit.spec.type, spelled, today)
    failed = [v for v in hit.spec.validators if not is_valid(v, str(value), today)]
    proven = sum(v in _PROOFS for v in hit.spec.validators) if not failed else 0
    short = "office" if len(words) <= 4 else "text"
    named = hit.spec.type == "name"
    kind = _KINDS.get(hit.spec.type, short)
    fits = fits and not (named and has_no_syllable(str(value)))
    evidence = Evidence(
        kind=kind,
        token=weakest(_figures(words) if kind == "number" else words),
        catalogue=_has_family_name(str(value)) if named else None,
        grammar=fits and not failed,
        witnesses=witness + proven,
        position=hit.score >= 95,
        repaired=spelled != text,
        conflict=named and has_doubtful_marks(str(value), weakest(words)),
    )
    if value is None and hit.spec.type == "date" and squeeze(text) in _ENDLESS:
        return replace(absent(unsure=False), raw=text)
    if value is None:
        return unreadable(words, page, raw=text)
    return reading(value, words, page, evidence, raw=text)


_ENDLESS = frozenset({"khong thoi han", "khong xac dinh thoi han", "vo thoi han", "lau dai"})
# checks a misread value hardly ever passes
_PROOFS = frozenset({"tax_code", "dossier_code", "household_code", "land_serial"})
_KINDS = {
    "date": "date",
    "id12": "number",
    "id9": "number",
    "mst": "number",
    "integer": "number",
    "money": "number",
    "area": "number",
    "name": "name",
}


def _figures(words: Sequence[Word]) -> Sequence[Word]:
    """The words a number was made of: how its unit was read ("m²", "đồng") says nothing of it."""
    found = [w for w in words if re.search(r"\d", w.text) and not _UNIT.fullmatch(w.text)]
    return found or words


_UNIT = re.compile(r"\W*m[²³23]?\W*")


def _as_names_are(text: str, words: Sequence[Word]) -> str:
    """A name with its doubtful words as names are spelled; what was changed goes to a person."""
    said = text.split()
    if [w.text.strip(_AROUND) for w in words] != [word.strip(_AROUND) for word in said]:
        return text
    return " ".join(as_names_are_spelled(said, [w.confidence for w in words]))


_AROUND = " .:;,…_|-"


def _with_commas(text: str, spec: FieldSpec) -> str:
    """Commas a faint copy made ";" or "." of: between the parts of an address, before decimals."""
    if spec.type == "place":
        return _PARTS.sub(",", text)
    return _DECIMALS.sub(",", text) if spec.type in ("text", "area") else text


_PARTS = re.compile(
    r"\s?[;.](?=\s(?:thôn|tổ|ấp|khu phố|xã|phường|thị trấn|đặc khu|quận|huyện|thị xã|thành phố"
    r"|tỉnh)\s)"
)
_DECIMALS = re.compile(r"(?<=\d)\.(?=\d{1,2}\s?m)")


def _has_family_name(text: str) -> bool:
    first = text.split(" ")[0].capitalize()
    return first in SURNAMES
