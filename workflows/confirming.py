# SPDX-License-Identifier: Apache-2.0
"""Bóc tách: only a person's comparison makes a value official (TT 01/2023/TT-VPCP, Đ.9).

Every doubtful field is looked at one by one; the rest is attested in one act.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ocr.document_types import DocumentTypes
from ocr.extraction import Extraction, FieldReading, page_from_json
from ocr.reader import Reader
from ocr.typed_value import typed_value
from workflows.audit import record
from workflows.domain.document import Document, DocumentState, FieldValue, ReadingStatus
from workflows.domain.unit import Actor
from workflows.errors import IllegalMove, InvalidValue, StaleVersion
from workflows.ports.clock import VIETNAM, Clock
from workflows.ports.database import Database, Transaction
from workflows.ports.engine import Queue
from workflows.reading import extraction_record
from workflows.states import move

_OPEN = frozenset({DocumentState.RECEIVED, DocumentState.CAPTURED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirming:
    """Takes a person's word for what stands on the paper."""

    database: Database
    document_types: DocumentTypes
    reader: Reader
    clock: Clock

    def put_field(
        self, document: Document, name: str, value: Any, *, by: Actor, version: int | None = None
    ) -> FieldValue:
        """One field looked at: kept as read, or corrected. `version` guards against a race.

        Raises `InvalidValue` (the value cannot be), `StaleVersion`, `IllegalMove` (too late).
        """
        if document.state not in _OPEN:
            raise IllegalMove(f"fields of a {document.state} document are closed")
        with self.database.transaction() as tx:
            known = tx.fields.values(document.id).get(name)
            if version is not None and version != (known.version if known else 0):
                raise StaleVersion(f"{name}: {version} is not the current version")
            saved = self._put(tx, document, name, value, by)
            now = self.clock.now()
            record(tx, "field_put", document, by=by, at=now, values=[value_facts(saved, known)])
        return saved

    def set_type(self, document: Document, code: str, *, by: Actor) -> Document:
        """The person says what kind of paper it is; its pages are looked through for its fields.

        What was confirmed under the earlier type stands where the new one has the field too.
        """
        if document.state not in _OPEN:
            raise IllegalMove(f"the type of a {document.state} document is closed")
        kind = self.document_types.get(code)
        if kind is None:
            raise InvalidValue(
                f"unknown type {code}", message="Loại giấy tờ không có trong danh mục."
            )
        with self.database.transaction() as tx:
            # a check made under the other type was of other fields
            changed = replace(document, type_code=kind.code, type_name=kind.name, checked_at=None)
            saved = tx.documents.save(changed)
            pages = [page_from_json(p.reading) for p in tx.readings.pages(document.id)]
            if pages and document.reading is ReadingStatus.READ:
                again = self.reader.assemble(pages, as_type=kind.code)
                tx.readings.add_extraction(
                    extraction_record(document.id, again, at=self.clock.now())
                )
            now, old = self.clock.now(), document.type_code
            record(tx, "type_set", document, by=by, at=now, type=code, old_type=old)
        return saved

    def confirm(self, document: Document, values: Mapping[str, Any], *, by: Actor) -> Document:
        """All values attested; the Document becomes `extracted` and goes on by itself.

        One whose profile wants the check first stays `received`, ready to be signed; `go_on`
        follows the signature. `values` are the fields looked at in this act. Raises `IllegalMove`
        naming the doubtful fields nobody has looked at, or when the copy is not signed yet.
        """
        if document.reading is not ReadingStatus.READ:
            raise IllegalMove(f"{document.id} is not read yet")
        before_signing = document.check_first and document.state is DocumentState.RECEIVED
        if before_signing:
            attested = replace(document, checked_at=self.clock.now())
        else:
            attested = move(document, DocumentState.EXTRACTED)
        with self.database.transaction() as tx:
            known = tx.fields.values(document.id)
            for name, value in values.items():
                self._put(tx, document, name, value, by)
            missing = self._attest_the_rest(tx, document, by)
            if missing:
                raise IllegalMove(
                    f"not looked at: {', '.join(missing)}",
                    message="Còn trường máy chưa chắc, cần xem từng trường: "
                    + ", ".join(self.document_types[document.type_code].label(n) for n in missing)
                    + ".",
                )
            saved = tx.documents.save(attested)
            if not before_signing:
                tx.jobs.enqueue("keep", document.id, queue=Queue.COUNTER, priority=1)
            record(
                tx,
                "confirmed",
                document,
                by=by,
                at=self.clock.now(),
                looked_at=sorted(values),
                values=[
                    value_facts(value, known.get(name))
                    for name, value in tx.fields.values(document.id).items()
                    if value != known.get(name)
                ],
            )
        return saved

    def go_on(self, document: Document) -> Document:
        """After the signature: one that was checked before it needs no second look.

        Any other stays `captured`. After a crash in between, `confirm` does the same.
        """
        if document.state is not DocumentState.CAPTURED or document.checked_at is None:
            return document
        with self.database.transaction() as tx:
            saved = tx.documents.save(move(document, DocumentState.EXTRACTED))
            tx.jobs.enqueue("keep", document.id, queue=Queue.COUNTER, priority=1)
        return saved

    def _attest_the_rest(self, tx: Transaction, document: Document, by: Actor) -> list[str]:
        """Confirm what the machine is sure of; return the doubtful fields still open."""
        known = tx.fields.values(document.id)
        kind = self.document_types[document.type_code]
        missing: list[str] = []
        for name, reading in readings_of(tx, document).items():
            # a person may have chosen another type: fields it does not have fall away
            if name in known or kind.spec(name) is None:
                continue
            if reading.needs_review:
                missing.append(name)
            elif reading.value is not None:
                self._put(tx, document, name, reading.value, by)
        return missing

    def _put(
        self, tx: Transaction, document: Document, name: str, value: Any, by: Actor
    ) -> FieldValue:
        checked = self._checked(document, name, value)
        record = tx.readings.extraction(document.id)
        read = readings_of(tx, document).get(name)
        return tx.fields.put(
            FieldValue(
                document_id=document.id,
                name=name,
                value=checked,
                confirmed_by=by.id,
                confirmed_at=self.clock.now(),
                extraction_id=record.id if record else None,
                corrected=read is None or read.value != checked,
            )
        )

    def _checked(self, document: Document, name: str, value: Any) -> Any:
        spec = self.document_types[document.type_code].spec(name)
        if spec is None:
            raise InvalidValue(name, message=f"Loại giấy tờ này không có trường {name}.")
        today = self.clock.now().astimezone(VIETNAM).date()
        try:
            return typed_value(spec, value, today=today)
        except ValueError as trouble:
            message = f"{spec.label}: {trouble}"
            raise InvalidValue(f"{name}: {trouble}", message=message) from trouble


def value_facts(value: FieldValue, before: FieldValue | None) -> dict[str, Any]:
    """For the log: which field, which version, old and new value by hash, and corrected or not.

    The values themselves stand in the field's history, which these hashes guard.
    """
    return {
        "field": value.name,
        "version": value.version,
        "corrected": value.corrected,
        "old": value_sha256(before) if before else None,
        "new": value_sha256(value),
    }


def value_sha256(value: FieldValue) -> str:
    """Of this value of this field of this Document: equal values of others hash differently."""
    body = json.dumps([value.document_id, value.name, value.value], ensure_ascii=False, default=str)
    return hashlib.sha256(body.encode()).hexdigest()


def readings_of(tx: Transaction, document: Document) -> Mapping[str, FieldReading]:
    """What the machine read, by field; empty before the paper is read."""
    record = tx.readings.extraction(document.id)
    return Extraction.from_json(record.body).document.fields if record else {}
