# SPDX-License-Identifier: Apache-2.0
"""What the REST door says and hears. Dates are ISO, times carry their offset, text is NFC."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ocr.extraction import FieldReading
from service.wiring import Workstation
from workflows.batch import BatchProgress
from workflows.domain.document import Document, DocumentHit, FieldValue, Scan
from workflows.domain.dossier import (
    Component,
    Dossier,
    Filing,
    FilingOrigin,
    FilingRole,
    Holder,
    HolderKind,
    Procedure,
)
from workflows.domain.signature import SignatureReport, Verification
from workflows.domain.station import JobPage, JobState, ScanJob
from workflows.filing import DossierView
from workflows.reuse import ReuseOffer
from workflows.separation import Layout, is_parked
from workflows.shelf import OpenDocument
from workflows.verification import conclude


def _nfc(value: str) -> str:
    return unicodedata.normalize("NFC", value)


Text = Annotated[str, AfterValidator(_nfc)]


class Asked(BaseModel):
    """What a caller sends: unknown keys are refused, so that a typing error is not silence."""

    model_config = ConfigDict(extra="forbid")


class SignIn(Asked):
    username: Text = Field(max_length=100)
    password: str = Field(max_length=200)


class Session(BaseModel):
    token: str
    expires_in: int = Field(description="Giây; gia hạn sau mỗi thao tác trên giao diện.")


class Me(BaseModel):
    id: str
    name: str
    unit_id: str
    roles: list[str]
    kind: str


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


class SignatureOut(BaseModel):
    """One signature. `state` is the gravest of `states`; `proven_at`: by a believed time stamp."""

    field: str
    signer: str
    organisation: str
    state: str
    states: list[str]
    reason: str
    notes: list[str]
    intact: bool
    trusted: bool
    covers_whole_file: bool
    coverage: str
    changes: str
    signed_at: dt.datetime | None
    time_source: str
    token_time: dt.datetime | None
    pdf_time: dt.datetime | None
    signer_time: dt.datetime | None
    proven_at: dt.datetime | None
    digest: str
    level: str
    is_timestamp: bool
    issuer: str
    serial: str
    certificate_sha256: str
    valid_from: dt.datetime | None
    valid_to: dt.datetime | None
    revocation: str
    revoked_at: dt.datetime | None
    revocation_source: str
    revocation_as_of: dt.datetime | None
    revocation_until: dt.datetime | None
    certifies: bool
    locked_fields: str
    visible: bool
    page: int | None
    purpose: str

    @classmethod
    def of(cls, report: SignatureReport) -> SignatureOut:
        return cls(**report.as_json())


class ConclusionOut(BaseModel):
    """`verdict`: hop_le, can_xem_xet, khong_hop_le or khong_co_chu_ky (ETSI EN 319 102-1)."""

    verdict: str
    said: str
    next_step: str


class VerificationOut(BaseModel):
    """Every signature of one file, what they mean together, and what else to know of the file."""

    conclusion: ConclusionOut
    signatures: list[SignatureOut]
    warnings: list[str]
    sha256: str
    checked_at: dt.datetime | None

    @classmethod
    def of(cls, told: Verification) -> VerificationOut:
        return cls(
            conclusion=ConclusionOut(**conclude(told).as_json()),
            signatures=[SignatureOut.of(r) for r in told],
            warnings=list(told.warnings),
            sha256=told.sha256,
            checked_at=told.checked_at,
        )


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


class DossierIn(Asked):
    procedure_code: Text
    holder_name: Text = Field(min_length=1, max_length=200)
    holder_number: Text | None = Field(None, description="Số định danh hoặc mã số thuế.")
    holder_kind: HolderKind = HolderKind.CITIZEN
    code: Text | None = Field(None, max_length=50)
    due_on: dt.date | None = None


class FilingIn(Asked):
    document_id: Text
    role: FilingRole
    origin: FilingOrigin = FilingOrigin.SCANNED
    component_code: Text | None = None


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


class HolderOut(BaseModel):
    id: str
    kind: str
    name: str
    number: str | None

    @classmethod
    def of(cls, holder: Holder) -> HolderOut:
        return cls(id=holder.id, kind=holder.kind.value, name=holder.name, number=holder.number)


class ComponentOut(BaseModel):
    code: str
    name: str
    document_types: list[str]
    required: bool

    @classmethod
    def of(cls, component: Component) -> ComponentOut:
        return cls(
            code=component.code,
            name=component.name,
            document_types=list(component.document_types),
            required=component.required,
        )


class SlotOut(ComponentOut):
    filled: bool
    filings: list[FilingOut]


class DossierOut(BaseModel):
    id: str
    code: str
    procedure_code: str
    unit_id: str
    status: int
    received_on: dt.date
    due_on: dt.date | None
    holder_id: str

    @classmethod
    def of(cls, dossier: Dossier) -> DossierOut:
        return cls(
            id=dossier.id,
            code=dossier.code,
            procedure_code=dossier.procedure_code,
            unit_id=dossier.unit_id,
            status=int(dossier.status),
            received_on=dossier.received_on,
            due_on=dossier.due_on,
            holder_id=dossier.holder_id,
        )


class DossierDetail(DossierOut):
    procedure_name: str
    holder: HolderOut
    slots: list[SlotOut]
    results: list[FilingOut]
    missing: list[str]

    @classmethod
    def from_view(cls, view: DossierView) -> DossierDetail:
        return cls(
            **DossierOut.of(view.dossier).model_dump(),
            procedure_name=view.procedure.name,
            holder=HolderOut.of(view.holder),
            slots=[
                SlotOut(
                    **ComponentOut.of(s.component).model_dump(),
                    filled=s.filled,
                    filings=[FilingOut.of(f) for f in s.filings],
                )
                for s in view.slots
            ],
            results=[FilingOut.of(f) for f in view.results],
            missing=[c.code for c in view.missing],
        )


class OfferOut(BaseModel):
    """A paper the Holder already has. `valid`: it may be reused; else `withheld` says why not."""

    document: DocumentOut
    values: dict[str, Any]
    valid: bool
    withheld: str
    signatures: list[SignatureOut]
    component_code: str | None
    file: str

    @classmethod
    def of(cls, offer: ReuseOffer) -> OfferOut:
        return cls(
            document=DocumentOut.of(offer.document),
            values=dict(offer.values),
            valid=offer.valid,
            withheld=offer.withheld,
            signatures=[SignatureOut.of(s) for s in offer.signatures],
            component_code=offer.component_code,
            file=f"/api/v1/documents/{offer.document.id}/file",
        )


Patch = Literal["I", "II", "III", "IV", "VI", "T"]


class BatchIn(Asked):
    name: Text = Field(min_length=1, max_length=200)
    declared_files: int = Field(0, ge=0, le=1_000_000)
    patches: Mapping[Patch, Literal["document", "remove"]] | None = Field(
        None,
        description="Nghĩa của mã vạch phân cách trong lô này: bắt đầu giấy tờ mới, hoặc bỏ tờ đó;"
        " để trống: như cấu hình chung.",
    )

    @property
    def meanings(self) -> dict[str, str] | None:
        return None if self.patches is None else {str(k): str(v) for k, v in self.patches.items()}


class BatchOut(BaseModel):
    id: str
    name: str
    unit_id: str
    declared_files: int
    patches: dict[str, str] | None
    created_at: dt.datetime
    counts: dict[str, int]

    @classmethod
    def of(cls, progress: BatchProgress) -> BatchOut:
        batch = progress.batch
        return cls(
            id=batch.id,
            name=batch.name,
            unit_id=batch.unit_id,
            declared_files=batch.declared_files,
            patches=dict(batch.patches) if batch.patches is not None else None,
            created_at=batch.created_at,
            counts=dict(progress.counts),
        )


class ProcedureOut(BaseModel):
    code: str
    name: str
    field: str
    level: str
    components: list[ComponentOut]

    @classmethod
    def of(cls, procedure: Procedure) -> ProcedureOut:
        return cls(
            code=procedure.code,
            name=procedure.name,
            field=procedure.field,
            level=procedure.level,
            components=[ComponentOut.of(c) for c in procedure.components],
        )


class UnitOut(BaseModel):
    id: str
    code: str
    name: str
    level: str
    parent_id: str | None
    valid_from: dt.date | None
    valid_to: dt.date | None


class DocumentTypeOut(BaseModel):
    code: str
    name: str
    fields: list[dict[str, str]]


class AuditOut(BaseModel):
    sequence: int
    hash: str
    at: dt.datetime
    actor_id: str
    action: str
    subject_kind: str
    subject_id: str
    purpose: str | None
    facts: dict[str, Any]


for model in (ScanOut, DocumentDetail, DocumentList):
    model.model_rebuild()


class Profile(Asked):
    """Thiết lập quét, tên như nhau cho mọi loại máy."""

    device: str = Field("", max_length=300, description="Mã máy quét; để trống: máy đầu tiên.")
    source: Literal["flatbed", "adf"] = "adf"
    duplex: bool = False
    dpi: int = Field(300, ge=75, le=1200)
    mode: Literal["color", "gray", "bw"] = "color"
    size: Literal["A3", "A4", "A5", "A6", "Letter"] = "A4"
    manual_duplex: bool = Field(False, description="Quét mặt trước, lật cả chồng, quét mặt sau.")


class NewScanJob(Asked):
    station_id: str = Field(max_length=64)
    profile: Profile = Field(default_factory=Profile)
    declared_sheets: int | None = Field(None, ge=1, le=5000)
    batch_id: str | None = Field(None, max_length=64)


class BegunJob(Asked):
    profile: Profile = Field(default_factory=Profile)
    declared_sheets: int | None = Field(None, ge=1, le=5000)


class JobReport(Asked):
    state: JobState
    pages: int = Field(0, ge=0, le=5000)
    message: Text = Field("", max_length=500)


class JobOrder(Asked):
    order: Literal["resume", "rescan", "cancel"]


class PageWord(Asked):
    """Lời của người quét về một trang; lời ngược lại rút lại lời trước."""

    mark: Literal["parked", "restored", "dropped", "kept"]


class PageBlank(Asked):
    blank: bool = Field(description="Cất như trang trắng, hoặc lấy lại.")


class Settlement(Asked):
    declared_sheets: int | None = Field(
        None, ge=1, le=5000, description="Số tờ đếm lại bằng tay; việc sửa được ghi nhật ký."
    )


class FinishedJob(Asked):
    sha256: list[str] = Field(min_length=1, max_length=5000)


class PageReceipt(BaseModel):
    seq: int
    sha256: str


class JobPageOut(BaseModel):
    """`question`: điều phải trả lời (giữ hay bỏ) trước khi nhận lượt quét."""

    seq: int
    sheet: int
    side: str
    flags: list[str]
    parked: bool
    question: str | None

    @classmethod
    def all_of(cls, pages: Sequence[JobPage], layout: Layout) -> list[JobPageOut]:
        asked = {q.seq: q.text for q in layout.questions}
        return [
            cls(
                seq=p.seq,
                sheet=p.sheet,
                side=p.side,
                flags=[f for f in p.flags if not f.startswith("slip:")],
                parked=is_parked(p),
                question=asked.get(p.seq),
            )
            for p in pages
        ]


class ScanJobOut(BaseModel):
    id: str
    station_id: str
    state: JobState
    order: str
    message: str
    pages: int
    profile: dict[str, Any]
    declared_sheets: int | None
    batch_id: str | None
    scan_ids: list[str]
    created_at: dt.datetime

    @classmethod
    def of(cls, job: ScanJob) -> ScanJobOut:
        return cls(
            id=job.id,
            station_id=job.station_id,
            state=job.state,
            order=job.order,
            message=job.message,
            pages=job.pages,
            profile=dict(job.profile),
            declared_sheets=job.declared_sheets,
            batch_id=job.batch_id,
            scan_ids=list(job.scan_ids),
            created_at=job.created_at,
        )
