"""A dossier of any number of stored papers, made in milliseconds each: rows and tiny signed PDFs.

Everything hangs on each paper that hangs on a real one, so that an export has it all to lose.
"""

from __future__ import annotations

import datetime as dt
import io
import uuid

import numpy as np
import pikepdf
from office import Office
from PIL import Image
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers

from storage.signing.authority import DevelopmentAuthority, DevelopmentKeys, Subject
from workflows.audit import record
from workflows.domain.document import (
    Document,
    DocumentState,
    ExtractionRecord,
    FieldValue,
    PageRecord,
    ReadingStatus,
    Scan,
    SignedCopy,
    StoredObject,
    TrustLevel,
)
from workflows.domain.dossier import Dossier, Filing, FilingOrigin, FilingRole
from workflows.domain.package import Order, Wanted, Written
from workflows.domain.unit import EVERYWHERE
from workflows.export import gather
from workflows.filing import NewDossier
from workflows.ports.objects import content_sha256, derived_key, original_key

BEGAN = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
HAZARDS = (
    "Về việc cấp giấy phép xây dựng",
    '=HYPERLINK("http://x.invalid")',
    '+84 24 0000 0000; "ngoặc", dấu phẩy\nxuống dòng',
    "@SUM(A1:A9)",
    "-2+3",
    "ký tự điều khiển \x01\x0b và <thẻ> & ]]> thực thể",
    "Trích yếu rất dài " + "điều chỉnh quy hoạch " * 40,
)


PURPOSE = "Nộp lưu trữ lịch sử"


def export(office: Office, dossier: Dossier, **wishes) -> Written:
    """The dossier as one package, by the archivist."""
    order = Order(**({"purpose": PURPOSE} | wishes))
    return office.station.exports.export(
        Wanted(dossier_code=dossier.code), order, by=office.actor("archivist")
    )


def everything(office, code):
    """The dossier and the record of each paper in it, by id."""
    with office.station.database.read() as tx:
        dossier = tx.dossiers.by_code(code, EVERYWHERE)
        filings = tx.filings.of_dossier(dossier.id)
        documents = [tx.documents.get(f.document_id, EVERYWHERE) for f in filings]
        holder = tx.holders.get(dossier.holder_id)
        return (dossier, holder), {d.id: gather(tx, d, dossier) for d in documents}


def dossier_of(office: Office, count: int, *, pages: int = 1) -> Dossier:
    """A dossier holding `count` stored, signed papers of the clerk."""
    clerk = office.actor("clerk")
    dossier = office.station.filing.open_dossier(
        NewDossier(
            procedure_code="1.001193", holder_name="Đặng Thị Mẫu", holder_number="051190000001"
        ),
        by=clerk,
    )
    key = DevelopmentKeys(
        DevelopmentAuthority(office.station.settings.certificates),
        {clerk.id: Subject(name=clerk.name, organisation="Phường Mẫu")}.get,
    ).key_of(clerk.id)
    with office.station.database.transaction() as tx:
        for n in range(1, count + 1):
            _paper(office.station, tx, clerk, dossier, n, key, pages)
    return dossier


def _paper(station, tx, clerk, dossier: Dossier, n: int, key, pages: int) -> None:
    at = BEGAN + dt.timedelta(minutes=n)
    came_signed = n % 5 == 4  # its own bytes are the evidence then
    scanned = tiny_pdf(f"scan {dossier.id} {n}")
    if came_signed:
        scanned = sign_quickly(scanned, key)
    sha = content_sha256(scanned)
    original = station.objects.put(original_key(sha), scanned, "application/pdf")
    copied = tiny_pdf(f"copy {n}")
    copy = _put(station, "copies", sha, copied)
    signed = original if came_signed else _put(station, "signed", sha, sign_quickly(copied, key))
    document = Document(
        id=uuid.uuid4().hex,
        scan_id=uuid.uuid4().hex,
        unit_id=dossier.unit_id,
        original=original,
        file_name=f"tờ {n}.pdf",
        state=DocumentState.STORED,
        reading=ReadingStatus.READ,
        created_at=at,
        created_by=clerk.id,
        type_code="quyet_dinh",
        type_name="Quyết định",
        holder_id=dossier.holder_id,
        owner_name="Đặng Thị Mẫu",
        page_count=pages,
        came_signed=came_signed,
        copy=copy,
        evidence=signed,
        trust=TrustLevel.SIGNED_ORIGINAL if came_signed else TrustLevel.SIGNED_SCAN,
        result_code=f"KQ.{dossier.code}.{n:06d}",
        valid_to=dt.date(2031, 1, n % 28 + 1) if n % 3 == 0 else None,
        stored_at=at + dt.timedelta(minutes=5),
        version=7,
    )
    values = {
        "number": str(n),
        "symbol": "QĐ-UBND",
        "full_number": f"{n}/QĐ-UBND",
        "issued_on": f"2025-{n % 12 + 1:02d}-{n % 28 + 1:02d}",
        "issuer": "Ủy ban nhân dân Phường Mẫu",
        "abstract": HAZARDS[n % len(HAZARDS)],
        "recipients": ["Như Điều 3", "Lưu: VT"],
        "signer": "Trần Văn Thử",
        "signer_title": "Chủ tịch",
    }
    tx.scans.add(
        Scan(
            id=document.scan_id,
            unit_id=dossier.unit_id,
            idempotency_key=document.id,
            content_sha256=sha,
            source="scanner",
            received_at=at,
            received_by=clerk.id,
            document_ids=(document.id,),
            declared_sheets=pages,
        )
    )
    tx.documents.add(document)
    record(tx, "received", document, by=clerk, at=at, sha256=sha)
    for number in range(1, pages + 1):
        tx.readings.add_page(_page(station, document, number))
    extraction = ExtractionRecord(
        id=uuid.uuid4().hex,
        document_id=document.id,
        engine="truth",
        created_at=at,
        body={"fields": {k: {"value": v, "confidence": 0.5} for k, v in values.items()}},
    )
    tx.readings.add_extraction(extraction)
    for name, value in values.items():
        corrected = name in ("number", "abstract")
        for version, said in enumerate((f"{value}?", value) if corrected else (value,), 1):
            tx.fields.put(
                FieldValue(
                    document_id=document.id,
                    name=name,
                    value=said,
                    confirmed_by=clerk.id,
                    confirmed_at=at + dt.timedelta(seconds=version),
                    extraction_id=extraction.id,
                    corrected=version > 1,
                )
            )
    if not came_signed:
        tx.signed_copies.add(
            SignedCopy(
                id=uuid.uuid4().hex,
                document_id=document.id,
                object=signed,
                revision=1,
                profile="ca_nhan",
                signer_name=clerk.name,
                signed_by=clerk.id,
                signed_at=at + dt.timedelta(minutes=2),
                level="B-B",
            )
        )
    record(tx, "signed", document, by=clerk, at=at, sha256=signed.sha256)
    record(tx, "stored", document, by="system", at=at, evidence=signed.sha256)
    tx.filings.add(
        Filing(
            id=uuid.uuid4().hex,
            dossier_id=dossier.id,
            document_id=document.id,
            role=FilingRole.RESULT if n % 2 else FilingRole.COMPONENT,
            origin=FilingOrigin.SCANNED,
            filed_at=at + dt.timedelta(minutes=6),
            filed_by=clerk.id,
            component_code=None if n % 2 else "TP01",
        )
    )


def _put(station, kind: str, original: str, content: bytes) -> StoredObject:
    key = derived_key(kind, original, f"{content_sha256(content)}.pdf")
    return station.objects.put(key, content, "application/pdf")


def _page(station, document: Document, number: int) -> PageRecord:
    noise = np.random.default_rng([number, document.created_at.minute]).integers(0, 255, (40, 30))
    image = io.BytesIO()
    Image.fromarray(noise.astype(np.uint8)).save(image, "JPEG")
    key = derived_key("pages", document.original.sha256, f"{number}-0.jpg")
    return PageRecord(
        document_id=document.id,
        number=number,
        image=station.objects.put(key, image.getvalue(), "image/jpeg"),
        width=30,
        height=40,
        dpi=72.5,
        rotation=0,
        blank=False,
        text="Cộng hòa xã hội chủ nghĩa Việt Nam",
        reading={"words": [{"text": "Cộng", "box": [0.25, 0.5, 1.0, 2.125]}]},
    )


def tiny_pdf(title: str) -> bytes:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    pdf.docinfo["/Title"] = title
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def sign_quickly(pdf: bytes, key) -> bytes:
    """A real PAdES signature, invisible, without a time stamp."""
    out = io.BytesIO()
    signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)),
        signers.PdfSignatureMetadata(field_name="CaNhan1", md_algorithm="sha256"),
        signer=key,
        output=out,
    )
    return out.getvalue()
