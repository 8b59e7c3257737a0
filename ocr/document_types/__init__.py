# SPDX-License-Identifier: Apache-2.0
"""Loại giấy tờ as data: one TOML file per DocumentType; adding one needs no Python.

A file may `extends` another (names with a leading "_" are layouts, no types of their own): its
fields come first, own `[[fields]]` replace by key or follow, `without` takes keys away.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Self

from ocr.normalise import nfc, squeeze

SHIPPED = Path(__file__).parent
UNKNOWN = "khac"


class DocumentTypeError(ValueError):
    """A document type file that cannot be used; the message names the file and the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One field of a type.

    `zone` names a place of the letter layout (`number`, `abstract`, `signer`, …); without a zone
    the value stands after one of `labels`. `section`: label text after which the field is looked
    for ("người mẹ|về mẹ": either), up to the next section of the type; `column`: `left` or `right`
    half only; `inline`: the label may stand inside a row without a colon. `type` is the format
    (`name`, `date`, `id12`, …: see `ocr.values`); `validators` are names of checks.
    """

    key: str
    label: str
    labels: tuple[str, ...] = ()
    type: str = "text"
    zone: str | None = None
    required: bool = False
    section: str | None = None
    column: str | None = None
    inline: bool = False
    validators: tuple[str, ...] = ()

    @classmethod
    def from_row(cls, row: Mapping[str, Any], file: Path) -> Self:
        known = {f.name for f in fields(cls)}
        if unknown := set(row) - known:
            raise DocumentTypeError(f"{file.name}: unknown key {sorted(unknown)} in a field")
        if "key" not in row or "label" not in row:
            raise DocumentTypeError(f"{file.name}: a field needs `key` and `label`")
        values: dict[str, Any] = {
            k: tuple(nfc(x) for x in v) if isinstance(v, list) else v for k, v in row.items()
        }
        if "zone" not in values and "labels" not in values:
            values["labels"] = (nfc(row["label"]),)
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentType:
    """Loại giấy tờ. `certificate`: a class that needs the Unit's signature; `law`: notes.

    `openings`: how titles begin that go on with what is asked ("TỜ KHAI" ĐĂNG KÝ …).
    """

    code: str
    name: str
    titles: tuple[str, ...] = ()
    openings: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    certificate: bool = False
    card: bool = False
    columns: tuple[str, ...] = ()
    law: tuple[str, ...] = ()
    fields: tuple[FieldSpec, ...] = ()

    @property
    def squeezed_titles(self) -> tuple[str, ...]:
        return tuple(squeeze(t) for t in self.titles)

    @property
    def is_letter(self) -> bool:
        """Set out like a letter of NĐ 30/2020: it has an abstract, a date at its head."""
        return any(s.zone == "abstract" for s in self.fields)

    def spec(self, key: str) -> FieldSpec | None:
        return next((f for f in self.fields if f.key == key), None)

    def label(self, key: str) -> str:
        """What a person calls the field; the key itself where the type does not know it."""
        found = self.spec(key)
        return found.label if found else key


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTypes:
    """The catalogue of types a Reader works with."""

    by_code: Mapping[str, DocumentType]

    def __getitem__(self, code: str) -> DocumentType:
        return self.by_code.get(code) or self.by_code[UNKNOWN]

    def get(self, code: str) -> DocumentType | None:
        return self.by_code.get(code)

    def __iter__(self) -> Iterator[DocumentType]:
        return iter(self.by_code.values())

    def __len__(self) -> int:
        return len(self.by_code)


def load_document_types(*folders: Path) -> DocumentTypes:
    """Types of the shipped folder, then of `folders`; a later file of the same code replaces."""
    files: dict[str, Path] = {}
    for folder in (SHIPPED, *folders):
        files |= {file.stem: file for file in sorted(folder.glob("*.toml"))}
    types = {}
    for stem, file in sorted(files.items()):
        if not stem.startswith("_"):
            made = _make(_resolve(file, files, ()), file)
            types[made.code] = made
    return DocumentTypes(by_code=types)


@cache
def shipped_document_types() -> DocumentTypes:
    return load_document_types()


def _resolve(file: Path, files: Mapping[str, Path], seen: tuple[str, ...]) -> dict[str, Any]:
    """The file's table with everything it extends laid under it."""
    if file.stem in seen:
        raise DocumentTypeError(f"{file.name}: extends itself")
    try:
        own = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DocumentTypeError(f"{file.name}: {error}") from error
    base = own.pop("extends", None)
    if base is None:
        return own
    if base not in files:
        raise DocumentTypeError(f"{file.name}: extends unknown {base!r}")
    under = _resolve(files[base], files, (*seen, file.stem))
    without = set(own.pop("without", ()))
    specs = {row["key"]: row for row in under.get("fields", ()) if row["key"] not in without}
    specs |= {row["key"]: row for row in own.get("fields", ())}
    return {**under, **own, "fields": list(specs.values())}


def _make(table: Mapping[str, Any], file: Path) -> DocumentType:
    known = {f.name for f in fields(DocumentType)}
    if unknown := set(table) - known:
        raise DocumentTypeError(f"{file.name}: unknown key {sorted(unknown)}")
    if "code" not in table or "name" not in table:
        raise DocumentTypeError(f"{file.name}: `code` and `name` are required")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    for key in ("titles", "openings"):
        values[key] = tuple(nfc(t) for t in values.get(key, ()))
    values["fields"] = tuple(FieldSpec.from_row(r, file) for r in table.get("fields", ()))
    return DocumentType(**values)
