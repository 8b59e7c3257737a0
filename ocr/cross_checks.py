# SPDX-License-Identifier: Apache-2.0
"""Fields that say the same twice: a conflict flags both, agreement settles both."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

from ocr.extraction import Fields
from ocr.identifiers import decode_personal_number
from ocr.normalise import number_in_words


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
