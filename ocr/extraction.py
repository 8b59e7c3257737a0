# SPDX-License-Identifier: Apache-2.0
"""The immutable machine view of one file: its type, its fields, its text.

`Extraction.as_json` is the contract that `sohoa read --json` prints and that the database keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from ocr.evidence import Evidence
from ocr.page import Box, PageText, ReadingSource, Word

FieldContent = str | int | bool | list[str] | None


class FieldStatus(StrEnum):
    """`blank`: the label is there and the gap is empty ("Số:      /UBND", chưa cấp số)."""

    PRESENT = "present"
    BLANK = "blank"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Another value the machine thought possible."""

    value: str
    confidence: float
    source: ReadingSource = ReadingSource.OCR


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldReading:
    """One field as the machine read it: value, the ink it came from and how sure it is.

    `evidence`: what `confidence` was made from; it stays in the process that read.
    """

    value: FieldContent
    raw: str | None = None
    page: int | None = None
    box: Box | None = None
    confidence: float = 0.0
    needs_review: bool = True
    source: ReadingSource | None = None
    status: FieldStatus = FieldStatus.ABSENT
    candidates: tuple[Candidate, ...] = ()
    evidence: Evidence | None = field(default=None, compare=False, repr=False)

    def as_json(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "raw": self.raw,
            "page": self.page,
            "box": self.box.as_list() if self.box else None,
            "confidence": round(self.confidence, 4),
            "needs_review": self.needs_review,
            "source": self.source.value if self.source else None,
            "status": self.status.value,
            "candidates": [
                {
                    "value": c.value,
                    "confidence": round(c.confidence, 4),
                    "source": c.source.value,
                }
                for c in self.candidates
            ],
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        return cls(
            value=row["value"],
            raw=row.get("raw"),
            page=row.get("page"),
            box=Box(*row["box"]) if row.get("box") else None,
            confidence=row["confidence"],
            needs_review=row["needs_review"],
            source=ReadingSource(row["source"]) if row.get("source") else None,
            status=FieldStatus(row["status"]),
            candidates=tuple(
                Candidate(
                    value=c["value"],
                    confidence=c["confidence"],
                    source=ReadingSource(c["source"]),
                )
                for c in row.get("candidates", ())
            ),
        )


Fields = dict[str, FieldReading]
"""The fields of one document by their key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeGuess:
    """Which DocumentType the machine takes the paper for, and why (`evidence`, for people)."""

    code: str
    name: str
    confidence: float
    needs_review: bool
    evidence: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "name": self.name,
            "confidence": round(self.confidence, 4),
            "needs_review": self.needs_review,
            "evidence": list(self.evidence),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        return cls(
            code=row["code"],
            name=row["name"],
            confidence=row["confidence"],
            needs_review=row["needs_review"],
            evidence=tuple(row.get("evidence", ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One document inside a file: pages `first_page`..`last_page`, its type and its fields."""

    first_page: int
    last_page: int
    document_type: TypeGuess
    fields: Mapping[str, FieldReading]

    def as_json(self) -> dict[str, Any]:
        return {
            "first_page": self.first_page,
            "last_page": self.last_page,
            "document_type": self.document_type.as_json(),
            "fields": {name: reading.as_json() for name, reading in self.fields.items()},
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        return cls(
            first_page=row["first_page"],
            last_page=row["last_page"],
            document_type=TypeGuess.from_json(row["document_type"]),
            fields={k: FieldReading.from_json(v) for k, v in row["fields"].items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """Kết quả bóc tách của máy: the first document of the file, further ones in `attached`.

    `secret` names the secrecy mark found (Luật Bảo vệ bí mật nhà nước); when it is set the
    extraction carries that one field and no text at all.
    """

    document: Part
    pages: tuple[PageText, ...]
    attached: tuple[Part, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    engines: tuple[str, ...] = ()
    secret: str | None = None

    def needs_review(self) -> tuple[str, ...]:
        """Names of the fields a person must look at."""
        return tuple(n for n, r in self.document.fields.items() if r.needs_review)

    def as_json(self) -> dict[str, Any]:
        part = self.document.as_json()
        return {
            "pages": len(self.pages),
            "document_type": part["document_type"],
            "fields": part["fields"],
            "first_page": part["first_page"],
            "last_page": part["last_page"],
            "secret": self.secret,
            "text": [page_as_json(p) for p in self.pages],
            "attached": [p.as_json() for p in self.attached],
            "timings": {k: round(v, 4) for k, v in self.timings.items()},
            "engines": list(self.engines),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        return cls(
            document=Part.from_json(row),
            pages=tuple(page_from_json(p) for p in row["text"]),
            attached=tuple(Part.from_json(p) for p in row["attached"]),
            timings=dict(row["timings"]),
            engines=tuple(row["engines"]),
            secret=row.get("secret"),
        )


def page_as_json(page: PageText) -> dict[str, Any]:
    """One entry of `text` in the contract; word boxes as four fractions."""
    return {
        "page": page.page,
        "width": page.width,
        "height": page.height,
        "dpi": page.dpi,
        "rotation": page.rotation,
        "blank": page.blank,
        "source": page.source.value,
        "engine": page.engine,
        "text": page.text,
        "words": [
            {
                "text": w.text,
                "box": w.box.as_list(),
                "confidence": round(w.confidence, 4),
                "line": w.line,
            }
            for w in page.words
        ],
        "quality": page.quality,
        "timings": {k: round(v, 4) for k, v in page.timings.items()},
    }


def page_from_json(row: Mapping[str, Any]) -> PageText:
    return PageText(
        page=row["page"],
        width=row["width"],
        height=row["height"],
        dpi=row["dpi"],
        rotation=row["rotation"],
        blank=row["blank"],
        source=ReadingSource(row["source"]),
        engine=row.get("engine", ""),
        text=row["text"],
        words=tuple(
            Word(
                text=w["text"],
                box=Box(*w["box"]),
                confidence=w["confidence"],
                line=w.get("line", 0),
            )
            for w in row["words"]
        ),
        quality=dict(row.get("quality", {})),
        timings=dict(row.get("timings", {})),
    )
