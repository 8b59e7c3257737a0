# SPDX-License-Identifier: Apache-2.0
"""The Document (giấy tờ): one digitized paper, its objects and its confirmed values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any


class DocumentState(StrEnum):
    """The law's four steps (TT 01/2023/TT-VPCP, Đ.7) and the ways off the road."""

    RECEIVED = "received"  # đã tiếp nhận, chưa ký
    CAPTURED = "captured"  # Sao chụp: copied and personally signed
    EXTRACTED = "extracted"  # Bóc tách: confirmed by a person
    CODED = "coded"  # Cấp mã kết quả số hóa
    STORED = "stored"  # Lưu
    SET_ASIDE = "set_aside"  # để lại
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    DESTROYED = "destroyed"  # đã tiêu hủy: bytes and values gone, the row stays as proof


class ReadingStatus(StrEnum):
    """How far the machine's own work on the paper is; apart from the legal state."""

    WAITING = "waiting"
    READ = "read"
    FAILED = "failed"
    QUARANTINED = "quarantined"


class TrustLevel(IntEnum):
    """reuse picks the highest."""

    IMAGE = 1
    SIGNED_SCAN = 2
    CERTIFIED_COPY = 3
    SIGNED_ORIGINAL = 4
    DATABASE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """Bytes in the object store: `key` there, content hash, size and media type."""

    key: str
    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Giấy tờ. Belongs to no Dossier by itself; a Filing links it.

    `original` is what came in, byte for byte. `copy` is our PDF/A (unsigned until the personal
    signature). `evidence` is what `/file` gives: the signed copy, or the original when that came
    in signed. `check_first`: the profile in force when it came wants a person's check before the
    signature; `checked_at`: when that check was made. `version` grows with every change
    (optimistic locking).
    """

    id: str
    scan_id: str
    unit_id: str
    original: StoredObject
    file_name: str
    state: DocumentState
    reading: ReadingStatus
    created_at: dt.datetime
    created_by: str
    type_code: str = "khac"
    type_name: str = "Khác"
    holder_id: str | None = None
    owner_name: str | None = None
    page_count: int = 0
    came_signed: bool = False
    copy: StoredObject | None = None
    evidence: StoredObject | None = None
    trust: TrustLevel = TrustLevel.IMAGE
    trust_reason: str | None = None
    result_code: str | None = None
    valid_to: dt.date | None = None
    awaiting_org_signature: bool = False
    supersedes: str | None = None
    failure_code: str | None = None
    set_aside_reason: str | None = None
    state_before: DocumentState | None = None
    batch_id: str | None = None
    urgent: bool = True
    stored_at: dt.datetime | None = None
    check_first: bool = False
    checked_at: dt.datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """One page of a Document: the stored image, and the machine's text of it as JSON."""

    document_id: str
    number: int
    image: StoredObject
    width: int
    height: int
    dpi: float
    rotation: int
    blank: bool
    text: str
    reading: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionRecord:
    """The machine's view, kept as made: `body` is the JSON contract of `sohoa read`."""

    id: str
    document_id: str
    engine: str
    created_at: dt.datetime
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldValue:
    """A value a person stands for (TT 01/2023, Đ.9): who, when, and the reading it came from."""

    document_id: str
    name: str
    value: Any
    confirmed_by: str
    confirmed_at: dt.datetime
    extraction_id: str | None = None
    corrected: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCopy:
    """One revision of the signed PDF: a signature, or proofs and time stamps added to them.

    Earlier revisions stay whole inside later ones. `stamp_ends`: when the certificate of the
    newest archive time stamp ends; another one must stand over it before.
    """

    id: str
    document_id: str
    object: StoredObject
    revision: int
    profile: str
    signer_name: str
    signed_by: str
    signed_at: dt.datetime
    level: str  # B-B | B-T | B-LT | B-LTA
    stamp_ends: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Lượt quét / lượt nhận: one act of handing bytes in. Unique per (unit, idempotency key)."""

    id: str
    unit_id: str
    idempotency_key: str
    content_sha256: str
    source: str  # upload | scanner | hot_folder | batch | email | ftp | phone
    received_at: dt.datetime
    received_by: str
    document_ids: tuple[str, ...]
    batch_id: str | None = None
    declared_sheets: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Lô: a box or stack of papers with the number of files declared.

    `patches`: what each patch code on a separator sheet means in this box, `document` (a new one
    begins) or `remove` (the sheet goes and nothing begins); None: as the office has it.
    """

    id: str
    unit_id: str
    name: str
    declared_files: int
    created_at: dt.datetime
    created_by: str
    closed_at: dt.datetime | None = None
    patches: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFilter:
    """What a list or search asks for. `text` is matched with and without diacritics."""

    text: str | None = None
    state: DocumentState | None = None
    reading: ReadingStatus | None = None
    type_code: str | None = None
    holder_id: str | None = None
    number: str | None = None
    issued_from: dt.date | None = None
    issued_to: dt.date | None = None
    batch_id: str | None = None
    needs_attention: bool | None = None
    awaiting_org_signature: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHit:
    """A row of a list: the Document, its headline values, and a snippet of the match."""

    document: Document
    values: Mapping[str, Any] = field(default_factory=dict)
    snippet: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HitPage:
    """One page of a list; `next_cursor` is opaque."""

    hits: tuple[DocumentHit, ...]
    next_cursor: str | None = None
