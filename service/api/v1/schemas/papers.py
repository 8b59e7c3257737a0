# SPDX-License-Identifier: Apache-2.0
"""Scans, documents, their pages and fields."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import BaseModel, Field

from ocr.extraction import FieldReading
from service.api.v1.schemas.base import Asked, Text
from service.wiring import Workstation
from workflows.domain.document import Document, DocumentHit, FieldValue, Scan
from workflows.domain.dossier import Filing
from workflows.shelf import OpenDocument


class ScanOut(BaseModel):
    id: str
    source: str
    received_at: dt.datetime
    document_ids: list[str]
    batch_id: str | None
    documents: list[DocumentOut] = []

    @classmethod
    def of(cls, scan: Scan, documents: list[Document]) -> ScanOut:
        return cls(
            id=scan.id,
            source=scan.source,
            received_at=scan.received_at,
            document_ids=list(scan.document_ids),
            batch_id=scan.batch_id,
            documents=[DocumentOut.of(d) for d in documents],
        )


class DocumentOut(BaseModel):
    """Giấy tờ, without its text. `state` is one of the law's four steps, or off the road."""

    id: str
    scan_id: str
    unit_id: str
    state: str
    reading: str
    type_code: str
    type_name: str
    file_name: str
    page_count: int
    created_at: dt.datetime
    stored_at: dt.datetime | None
    sha256: str = Field(description="Dấu vân tay của tệp gốc.")
    evidence_sha256: str | None = Field(description="Dấu vân tay của bản có giá trị chứng cứ.")
    came_signed: bool
    signed: bool
    trust: int
    trust_reason: str | None
    result_code: str | None
    holder_id: str | None
    owner_name: str | None
    awaiting_org_signature: bool
    failure_code: str | None
    set_aside_reason: str | None
    check_first: bool = Field(description="Phải xác nhận thông tin trước khi ký.")
    checked_at: dt.datetime | None
    version: int

    @classmethod
    def of(cls, document: Document) -> DocumentOut:
        return cls(
            id=document.id,
            scan_id=document.scan_id,
            unit_id=document.unit_id,
            state=document.state.value,
            reading=document.reading.value,
            type_code=document.type_code,
            type_name=document.type_name,
            file_name=document.file_name,
            page_count=document.page_count,
            created_at=document.created_at,
            stored_at=document.stored_at,
            sha256=document.original.sha256,
            evidence_sha256=document.evidence.sha256 if document.evidence else None,
            came_signed=document.came_signed,
            signed=document.evidence is not None,
            trust=int(document.trust),
            trust_reason=document.trust_reason,
            result_code=document.result_code,
            holder_id=document.holder_id,
            owner_name=document.owner_name,
            awaiting_org_signature=document.awaiting_org_signature,
            failure_code=document.failure_code,
            set_aside_reason=document.set_aside_reason,
            check_first=document.check_first,
            checked_at=document.checked_at,
            version=document.version,
        )


class FieldOut(BaseModel):
    """One field: what the machine read, what a person confirmed."""

    name: str
    label: str
    reading: dict[str, Any] | None
    value: Any
    confirmed: bool
    confirmed_by: str | None
    confirmed_at: dt.datetime | None
    corrected: bool
    version: int


class PageOut(BaseModel):
    number: int
    width: int
    height: int
    dpi: float
    rotation: int
    blank: bool
    image: str


class FilingOut(BaseModel):
    id: str
    dossier_id: str
    document_id: str
    role: str
    origin: str
    component_code: str | None
    filed_at: dt.datetime

    @classmethod
    def of(cls, filing: Filing) -> FilingOut:
        return cls(
            id=filing.id,
            dossier_id=filing.dossier_id,
            document_id=filing.document_id,
            role=filing.role.value,
            origin=filing.origin.value,
            component_code=filing.component_code,
            filed_at=filing.filed_at,
        )


class DocumentDetail(DocumentOut):
    fields: list[FieldOut]
    pages: list[PageOut]
    open_fields: list[str] = Field(description="Trường máy chưa chắc mà chưa ai xem.")
    evidence: list[str] = Field(description="Vì sao máy cho là loại giấy tờ này.")
    filings: list[FilingOut]

    @classmethod
    def from_open(cls, opened: OpenDocument, here: Workstation) -> DocumentDetail:
        document = opened.document
        kind = here.document_types.get(document.type_code)
        names = list(dict.fromkeys([*opened.readings, *opened.values]))
        body = opened.extraction.body if opened.extraction else {}
        return cls(
            **DocumentOut.of(document).model_dump(),
            fields=[
                _field(n, kind.label(n) if kind else n, opened.readings.get(n), opened)
                for n in names
            ],
            pages=[
                PageOut(
                    number=p.number,
                    width=p.width,
                    height=p.height,
                    dpi=p.dpi,
                    rotation=p.rotation,
                    blank=p.blank,
                    image=f"/api/v1/documents/{document.id}/pages/{p.number}/image",
                )
                for p in opened.pages
            ],
            open_fields=list(opened.open_fields),
            evidence=list(body.get("document_type", {}).get("evidence", [])),
            filings=[FilingOut.of(f) for f in opened.filings],
        )


class FieldVersionOut(BaseModel):
    """One value of a field's history: who stood for it, when, and whether it was corrected."""

    version: int
    value: Any
    confirmed_by: str
    confirmed_at: dt.datetime
    corrected: bool

    @classmethod
    def of(cls, value: FieldValue) -> FieldVersionOut:
        return cls(
            version=value.version,
            value=value.value,
            confirmed_by=value.confirmed_by,
            confirmed_at=value.confirmed_at,
            corrected=value.corrected,
        )


def _field(name: str, label: str, reading: FieldReading | None, opened: OpenDocument) -> FieldOut:
    value = opened.values.get(name)
    return FieldOut(
        name=name,
        label=label,
        reading=reading.as_json() if reading else None,
        value=value.value if value else (reading.value if reading else None),
        confirmed=value is not None,
        confirmed_by=value.confirmed_by if value else None,
        confirmed_at=value.confirmed_at if value else None,
        corrected=value.corrected if value else False,
        version=value.version if value else 0,
    )


class FieldIn(Asked):
    value: Any = Field(description="Giá trị đúng như trên giấy; null: trên giấy không có.")


class TypeIn(Asked):
    type_code: Text


class ConfirmIn(Asked):
    values: dict[str, Any] = Field(
        default_factory=dict, description="Các trường đã xem trong lần xác nhận này."
    )


class ReasonIn(Asked):
    reason: Text = Field(min_length=1, max_length=500)


class DocumentList(BaseModel):
    items: list[HitOut]
    next_cursor: str | None


class HitOut(BaseModel):
    document: DocumentOut
    values: dict[str, Any]
    snippet: str | None

    @classmethod
    def of(cls, hit: DocumentHit) -> HitOut:
        return cls(
            document=DocumentOut.of(hit.document), values=dict(hit.values), snippet=hit.snippet
        )


for model in (ScanOut, DocumentDetail, DocumentList):
    model.model_rebuild()
