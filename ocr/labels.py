# SPDX-License-Identifier: Apache-2.0
"""Label and value: the fields of forms and certificates, driven by the type's data file.

Labels are matched on plain letters with a little tolerance; footnote marks "(1)" inside them are
stripped; a value ends at the next label of the row or goes on in the next row without one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from rapidfuzz import fuzz

from ocr.catalogue import SURNAMES
from ocr.compounds import mended
from ocr.confidence import Evidence, absent, reading, unreadable, weakest
from ocr.document_types import DocumentType, FieldSpec
from ocr.extraction import FieldReading, FieldStatus
from ocr.form_rows import Rows, rows_of
from ocr.identifiers import decode_personal_number
from ocr.layout import PageLayout
from ocr.normalise import nfc, number_in_words, plain, squeeze
from ocr.page import Word
from ocr.places import mend_province
from ocr.signer_names import as_names_are_spelled, has_doubtful_marks, has_no_syllable
from ocr.spelling import with_spelling
from ocr.values import is_valid, normalise_value

Fields = dict[str, FieldReading]
_LEADERS = re.compile(r"[.…_]{3,}|(?:\.\s){3,}")
_STROKE_BEHIND = re.compile(r"\s[-–—~.,:;…_|\s]+$")
"""A rest of a leader or of a rule: no value ends so."""
_FOOTNOTE = re.compile(r"\(\s?\d{1,2}\s?\)")
_ITEM = r"(?:\d{1,2}|[a-zđ]|[ivx]{1,4})\s?[.)]"
_LEAD = re.compile(rf"\W*(?:{_ITEM}\s*)?\w?\W*")
_NEXT_ITEM = re.compile(rf"[\s;,.]*(?<!\w){_ITEM}\s*$")
_ALIKE = 86


@dataclass(frozen=True, kw_only=True)
class LabelHit:
    """A printed label found in the rows: letters `start`..`end` of their text."""

    spec: FieldSpec
    start: int
    end: int
    score: float


def read_labelled(kind: DocumentType, pages: Sequence[PageLayout], today: dt.date) -> Fields:
    """Every field of the type that stands after a label; a key for each, found or not."""
    specs = [s for s in kind.fields if s.zone is None]
    found: Fields = {}
    lost: set[str] = set()
    whole = rows_of(pages)
    columns = dict.fromkeys(s.column for s in specs)
    gutter = _gutter(specs, whole) if any(columns) else 0.5
    for column in columns:
        rows = rows_of(pages, column, gutter) if column else whole
        hits = _find_labels([s for s in specs if s.column == column], rows, kind.columns)
        for hit in hits:
            found[hit.spec.key] = _read(hit, hits, rows, today)
        lost |= _lost([s for s in specs if s.column == column], hits, rows)
    return {s.key: found.get(s.key, absent(unsure=s.required or s.key in lost)) for s in specs}


def _lost(specs: Sequence[FieldSpec], hits: Sequence[LabelHit], rows: Rows) -> set[str]:
    """Fields whose label must be there unread: its neighbours stand in one row, or its section.

    A section that was not found while others were is printed on the form as they are.
    """
    place = {h.spec.key: rows.row_at(h.start) for h in hits}
    lost = {
        here.key
        for before, here, after in zip(specs, specs[1:], specs[2:], strict=False)
        if before.key in place and place.get(after.key) == place[before.key]
    }
    sections = {h.spec.section for h in hits if h.spec.section}
    heads = {s.section: s.key for s in reversed(specs) if s.section in sections}
    unfound = {s.section for s in specs if s.section} - sections if sections else set()
    unread = {s.key for s in specs if s.section in unfound}
    return (lost | unread | set(heads.values())) - set(place)


def _gutter(specs: Sequence[FieldSpec], rows: Rows) -> float:
    """Where the right column begins: at a label that stands twice in one row."""
    label = next((s.labels[0] for s in specs if s.column), "")
    places = [m.start() for m in re.finditer(_loose(label), rows.plain)]
    for left, right in pairwise(places):
        if rows.row_at(left) == rows.row_at(right):
            return rows.words(right, right + 1)[0].box.x0 - 0.008
    return 0.5


def _find_labels(
    specs: Sequence[FieldSpec], rows: Rows, owners: Sequence[str] = ()
) -> list[LabelHit]:
    """Labels in reading order, each field at most once, inside its section."""
    sections = _sections(specs, rows)
    hits: list[LabelHit] = []
    for find in (_exact, _fuzzy):
        for spec in specs:
            if any(h.spec is spec for h in hits):
                continue
            if spec.section and spec.section not in sections:
                continue
            first, last = sections.get(spec.section, (0, len(rows.plain)))
            found = find(spec, rows, first, last, owners)
            free = (h for h in found if not any(_overlap(h, other) for other in hits))
            if hit := next(free, None):
                hits.append(hit)
    return sorted(hits, key=lambda h: h.start)


def _sections(specs: Sequence[FieldSpec], rows: Rows) -> dict[str | None, tuple[int, int]]:
    """Stretch of each section: from the row of its heading to that of the next section."""
    starts: dict[str, int] = {}
    for name in dict.fromkeys(s.section for s in specs if s.section):
        heads = "|".join(_loose(head) for head in name.split("|"))
        if found := re.search(rf"(?<!\w)(?:{heads})(?!\w)", rows.plain):
            starts[name] = rows.starts[rows.row_at(found.start())]
        elif (row := _damaged_heading(name, rows)) is not None:
            starts[name] = rows.starts[row]
    bounds: dict[str | None, tuple[int, int]] = {}
    for name, start in starts.items():
        later = [s for s in starts.values() if s > start]
        bounds[name] = (start, min(later, default=len(rows.plain)))
    return bounds


def _damaged_heading(name: str, rows: Rows) -> int | None:
    """The row that says most letters of a section's heading: "nơười cha"."""
    heads = [head for head in map(squeeze, name.split("|")) if len(head) >= 8]
    scored = [
        (fuzz.partial_ratio(head, squeeze(line.text)), -n)
        for n, line in enumerate(rows.lines)
        for head in heads
        if len(line.text) >= len(head)
    ]
    score, row = max(scored, default=(0.0, 0))
    return -row if score >= _ALIKE else None


def _overlap(a: LabelHit, b: LabelHit) -> bool:
    return a.start < b.end and b.start < a.end


@cache
def _loose(label: str) -> str:
    """The words of a label with anything between them that is no word: blanks, marks, "(1)"."""
    words = map(re.escape, re.findall(r"\w+", plain(label)))
    return r"\W{0,3}(?:\(\s?\d{1,2}\s?\)\W{0,2})?".join(words)


@cache
def _label_pattern(label: str, owners: tuple[str, ...]) -> re.Pattern[str]:
    # "Họ, chữ đệm, tên người mẹ": whose it is may stand between label and colon
    # its first word may be damaged ("nơười cha")
    owner = "|".join(_loose(name) for name in owners) or "(?!)"
    lasts = [plain(name).split()[-1] for name in owners if " " in name]
    owner = "|".join([owner, *(rf"\w{{3,6}}\s{re.escape(last)}" for last in lasts)])
    # "Quê quán / Place of origin:" is one label, in two languages; its colon may be lost
    both = (
        r"(?:\s?/[^:;./\n]{2,34}(?=[:;\n]|\.\s|\Z)|\s?/[^:/\n]{2,34}(?=[:\n]|\Z)"
        r"|\s(?:place of|date of|full)\s\w+(?=:))?"  # the stroke lost
    )
    note = r"\s{0,2}(?:\(\s?\d{1,2}\s?\))?\s{0,2}"
    tail = rf"(?:\s(?:{owner})(?!\w))?{both}{note}(?P<colon>[:;.]?)"
    return re.compile(rf"(?<!\w){_loose(label)}(?!\w){tail}")


def _exact(
    spec: FieldSpec, rows: Rows, first: int, last: int, owners: Sequence[str]
) -> list[LabelHit]:
    """Places of the labels letter by letter: with a colon first, then at the start of a row."""
    whose = tuple(dict.fromkeys([*(spec.section or "").split("|"), *owners]))
    ranked: list[tuple[bool, int, int, LabelHit]] = []
    for label in spec.labels:
        for found in _label_pattern(label, tuple(filter(None, whose))).finditer(
            rows.plain, first, last
        ):
            after = rows.text[found.end() :].lstrip()[:1]
            # "Dân tộc; Thái", "Quốc tịch / Nationality. Việt Nam": before a capital it was a colon
            misread = ";." if "/" in found[0] else ";"
            colon = found["colon"] == ":" or (
                found["colon"] != "" and found["colon"] in misread and after.isupper()
            )
            row = rows.row_at(found.start())
            leads = _LEAD.fullmatch(rows.plain, rows.starts[row], found.start()) is not None
            part = not colon and _goes_on_to_a_colon(rows.text[found.end() :][:60])
            if part or not (colon or leads or spec.inline or "/" in label):
                continue
            hit = LabelHit(spec=spec, start=found.start(), end=found.end(), score=100)
            ranked.append((not colon, hit.start, -len(label), hit))
    return [hit for *_, hit in sorted(ranked, key=lambda row: row[:3])]


def _goes_on_to_a_colon(text: str) -> bool:
    """Small letters up to a colon: the label found is only the beginning of another one."""
    more, colon, _ = text.partition(":")
    small = not any(c.isupper() or c.isdigit() or c == "\n" for c in more)
    return bool(colon) and small and len(more.strip()) > 1


def _fuzzy(
    spec: FieldSpec, rows: Rows, first: int, last: int, owners: Sequence[str]
) -> list[LabelHit]:
    """A damaged label before a colon: most letters of as many words as the label has."""
    wanted = [squeeze(label) for label in spec.labels if len(plain(label)) >= 8]
    hits: list[LabelHit] = []
    for colon in re.finditer(":", rows.plain[first:last]):
        place = first + colon.start()
        begin = rows.starts[rows.row_at(place)]
        before = rows.plain[begin:place].rpartition(":")[2]
        words = list(re.finditer(r"[^\W_]+", before))
        for label in wanted:
            count = label.count(" ") + 1
            for size in (count, count + 1, count - 1):
                if not 0 < size <= len(words):
                    continue
                start = place - len(before) + words[-size].start()
                score = fuzz.ratio(squeeze(rows.plain[start:place]), label)
                if score >= _ALIKE:
                    hits.append(LabelHit(spec=spec, start=start, end=place + 1, score=score))
    return sorted(hits, key=lambda h: -h.score)


def _read(hit: LabelHit, hits: Sequence[LabelHit], rows: Rows, today: dt.date) -> FieldReading:
    stops = [h.start for h in hits]
    spans = rows.value_spans((hit.start, hit.end), stops, wraps=hit.spec.type in _LONG)
    start, end = spans[-1]
    if end in stops and (item := _NEXT_ITEM.search(rows.text[start:end])):
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


_SPELLED = frozenset({"text", "place", "org", "idpaper", "list"})
"""Running text, in which small words may be put right; names and figures are not touched."""
_LONG = _SPELLED | {"datew", "name", "money", "land_paper", "words"}


def _without_leaders(text: str) -> str:
    text = _LEADERS.sub(" ", _FOOTNOTE.sub("", nfc(text)))
    text = re.sub(r"\s+", " ", text).strip(" .:;,…_|")
    return _STROKE_BEHIND.sub("", text)


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
_PARTS = re.compile(
    r"\s?[;.](?=\s(?:thôn|tổ|ấp|khu phố|xã|phường|thị trấn|đặc khu|quận|huyện|thị xã|thành phố"
    r"|tỉnh)\s)"
)
_DECIMALS = re.compile(r"(?<=\d)\.(?=\d{1,2}\s?m)")


def _with_commas(text: str, spec: FieldSpec) -> str:
    """Commas a faint copy made ";" or "." of: between the parts of an address, before decimals."""
    if spec.type == "place":
        return _PARTS.sub(",", text)
    return _DECIMALS.sub(",", text) if spec.type in ("text", "area") else text


def _has_family_name(text: str) -> bool:
    first = text.split(" ")[0].capitalize()
    return first in SURNAMES


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


def cross_check(fields: Fields, today: dt.date) -> Fields:
    """id12 ↔ gender and year of birth: a conflict flags both; digits ↔ words settle both, too."""
    checked = dict(fields)
    for prefix in {k.rpartition(".")[0] for k in fields}:
        dot = f"{prefix}." if prefix else ""
        number = fields.get(f"{dot}id")
        if number is None or not isinstance(number.value, str):
            continue
        person = decode_personal_number(number.value, today=today)
        if person is None:
            continue
        born, gender = fields.get(f"{dot}born_on"), fields.get(f"{dot}gender")
        if born and isinstance(born.value, str) and born.value[:4] != str(person.birth_year):
            _flag(checked, f"{dot}id", f"{dot}born_on")
        if gender and isinstance(gender.value, str) and gender.value != person.gender:
            _flag(checked, f"{dot}id", f"{dot}gender")
    for key in [k.removesuffix("_words") for k in fields if k.endswith("_words")]:
        said = number_in_words(str(fields[f"{key}_words"].value or ""))
        amount = fields.get(key)
        if amount and said and _is_amount(amount.value):
            same = float(str(amount.value)) == said
            (_settle if same else _flag)(checked, key, f"{key}_words")
    digits, words = fields.get("born_on"), fields.get("born_words")
    if digits and words and digits.value and words.value:
        same = digits.value == words.value
        (_settle if same else _flag)(checked, "born_on", "born_words")
    return checked


def _settle(fields: Fields, *keys: str) -> None:
    """Figures and words that say the same were not both misread."""
    for key in keys:
        evidence = fields[key].evidence
        if evidence is not None:
            more = replace(evidence, settled=True, witnesses=max(evidence.witnesses, 2))
            fields[key] = replace(fields[key], evidence=more)


def _is_amount(value: object) -> bool:
    return re.fullmatch(r"\d+(?:\.\d+)?", str(value)) is not None


def _flag(fields: Fields, *keys: str) -> None:
    for key in keys:
        seen = fields[key]
        fields[key] = replace(seen, confidence=min(seen.confidence, 0.45), needs_review=True)
