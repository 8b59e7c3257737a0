# SPDX-License-Identifier: Apache-2.0
"""The part of a package that only Sohoa reads: its own values, as JSON, without loss.

Reading checks every type; what is missing or of another type raises `ValueError`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from workflows.domain.document import ExtractionRecord
from workflows.domain.package import DocumentRecord, Kept, RecordedEvent, Surroundings
from workflows.ports.objects import content_sha256

FORMAT = "sohoa-package/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """What is true of the whole package."""

    format: str
    around: Surroundings
    events: tuple[RecordedEvent, ...]
    documents: tuple[str, ...]  # base names of the files under data/, in order


_CASE = TypeAdapter(CaseRecord)
_DOCUMENT = TypeAdapter(DocumentRecord)
_EXTRACTIONS = TypeAdapter(tuple[ExtractionRecord, ...])
_KEPT = TypeAdapter(Kept)


def case_as_json(case: CaseRecord) -> bytes:
    return canonical(_CASE.dump_python(case, mode="json"))


def case_from_json(content: bytes) -> CaseRecord:
    case = _CASE.validate_json(content)
    if case.format != FORMAT:
        raise ValueError(f"format {case.format}")
    return case


def document_as_json(record: DocumentRecord) -> bytes:
    """Without its extractions: they are a file of their own that others read too."""
    return canonical(_DOCUMENT.dump_python(replace(record, extractions=()), mode="json"))


def extractions_as_json(record: DocumentRecord) -> bytes:
    return canonical(_EXTRACTIONS.dump_python(record.extractions, mode="json"))


def document_from_json(content: bytes, extractions: bytes) -> DocumentRecord:
    record = _DOCUMENT.validate_json(content)
    return replace(record, extractions=_EXTRACTIONS.validate_json(extractions))


def document_digest(record: DocumentRecord) -> str:
    return content_sha256(document_as_json(record) + extractions_as_json(record))


def kept_as_json(kept: Kept) -> bytes:
    return canonical(_KEPT.dump_python(kept, mode="json"))


def kept_from_json(content: bytes) -> Kept:
    return _KEPT.validate_json(content)


def canonical(value: Any) -> bytes:
    """The same value always gives the same bytes: keys sorted, one line end, NFC left as it is."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    return text.encode() + b"\n"
