# SPDX-License-Identifier: Apache-2.0
"""Finding every signature of a PDF, also those a reader would not show.

pyHanko leaves out what it does not know (other SubFilters, broken values); a person must be told
of them all: fields of the form, signatures no field points at, widgets outside the form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from storage.signing.pdf_objects import entry, resolved

MOST_SIGNATURES = 200
_MOST_PAGES, _MOST_OBJECTS = 5_000, 200_000
_FORMATS = {
    "/adbe.pkcs7.detached",
    "/ETSI.CAdES.detached",
    "/PBAD.PAdES",
    "/ETSI.RFC3161",
}
_HIDDEN_OR_NO_VIEW = 2 | 32  # ISO 32000-2, table 167


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One signature. `embedded` is None when it cannot be checked, then `trouble` says why."""

    field_name: str
    value: Any
    embedded: EmbeddedPdfSignature | None = None
    trouble: str = ""
    visible: bool = False
    page: int | None = None

    @property
    def is_timestamp(self) -> bool:
        return str(entry(self.value, "/Type", "")) == "/DocTimeStamp"


def find_signatures(reader: PdfFileReader, content: bytes) -> list[Found]:
    """In the order they were made, those that cannot be checked last.

    Raises whatever pyHanko raises for a file it cannot read.
    """
    places = _places(reader)
    found = [
        _found(reader, str(name), value, field, places)
        for name, value, field in enumerate_sig_fields(reader, filled_status=True)
    ]
    known = {_reference(f.value) for f in found}
    if len(re.findall(rb"/ByteRange", content)) > len(found):
        found += [
            Found(
                field_name="",
                value=value,
                trouble="chữ ký không còn gắn với văn bản (không trường nào trỏ tới)",
            )
            for value in _dictionaries(reader)
            if _reference(value) not in known
        ]
    found.sort(key=lambda f: (f.embedded is None, _revision(f)))
    return found[:MOST_SIGNATURES]


def _found(
    reader: PdfFileReader, name: str, value: Any, field: Any, places: dict[Any, int]
) -> Found:
    value, widget = resolved(value), _widget(resolved(field))
    page = places.get(_reference(widget))
    kind = str(entry(value, "/SubFilter") or "")
    if kind not in _FORMATS:
        why = f"dạng chữ ký {kind or 'không rõ'} không được hỗ trợ"
        return Found(field_name=name, value=value, trouble=why, page=page)
    try:
        embedded = EmbeddedPdfSignature(reader, field, name)
    except Exception as error:  # hostile bytes break parsers in every way
        why = f"không đọc được chữ ký: {said(error)}"
        return Found(field_name=name, value=value, trouble=why, page=page)
    return Found(
        field_name=name, value=value, embedded=embedded, visible=_visible(widget), page=page
    )


def said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _revision(found: Found) -> int:
    return found.embedded.signed_revision if found.embedded is not None else 0


def _dictionaries(reader: PdfFileReader) -> Iterator[DictionaryObject]:
    """Signature dictionaries anywhere in the file's last state."""
    seen = 0
    for revision in range(reader.xrefs.total_revisions):
        for reference in reader.xrefs.explicit_refs_in_revision(revision):
            seen += 1
            if seen > _MOST_OBJECTS:
                return
            try:
                thing = resolved(reference)
            except Exception:  # noqa: S112 - a broken object is no signature
                continue
            if isinstance(thing, DictionaryObject) and "/ByteRange" in thing:
                yield thing


def _places(reader: PdfFileReader) -> dict[Any, int]:
    """Page number, from 1, of each annotation that stands on a page."""
    found: dict[Any, int] = {}
    for number, page in enumerate(_pages(reader), 1):
        try:
            for note in entry(page, "/Annots", ()):
                found.setdefault(_reference(resolved(note)), number)
        except Exception:  # noqa: S112 - a page nobody can read has no place for a signature
            continue
    return found


def _pages(reader: PdfFileReader) -> Iterator[DictionaryObject]:
    """Pages in order; a tree that loops is cut off."""
    seen: set[Any] = set()
    waiting = [entry(reader.root, "/Pages")]
    count = 0
    while waiting and count < _MOST_PAGES:
        node = resolved(waiting.pop())
        reference = _reference(node)
        if not isinstance(node, DictionaryObject) or reference in seen:
            continue
        seen.add(reference)
        if "/Kids" in node:
            waiting.extend(reversed(list(node["/Kids"])))
        else:
            count += 1
            yield node


def _widget(field: Any) -> Any:
    """The field itself, or its first kid: where it is shown."""
    if isinstance(field, DictionaryObject) and "/Rect" not in field and "/Kids" in field:
        return resolved(next(iter(field["/Kids"]), field))
    return field


def _visible(widget: Any) -> bool:
    try:
        left, bottom, right, top = (float(v) for v in widget["/Rect"])
        shown = abs(right - left) >= 1 and abs(top - bottom) >= 1
        flags = int(entry(widget, "/F") or 0)
        return shown and "/AP" in widget and not flags & _HIDDEN_OR_NO_VIEW
    except Exception:
        return False


def _reference(thing: Any) -> Any:
    """What identifies an object of the file; the object itself when it stands inside another."""
    at = thing.container_ref if isinstance(thing, DictionaryObject) else None
    return at if at is not None else id(thing)
