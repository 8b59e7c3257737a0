# SPDX-License-Identifier: Apache-2.0
"""Typed access to what is written down. Every query takes the Scope it may see.

One `Transaction` is one commit: rows, the job and the AuditEvent together or not at all
.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from workflows.domain.audit import AuditEvent, LegalRule
from workflows.domain.document import (
    Batch,
    Document,
    DocumentFilter,
    ExtractionRecord,
    FieldValue,
    HitPage,
    PageRecord,
    Scan,
    SignedCopy,
)
from workflows.domain.dossier import Dossier, Filing, Holder, Procedure
from workflows.domain.holding import Holding
from workflows.domain.package import ExportRequest
from workflows.domain.retention import Destruction, LegalHold
from workflows.domain.signing import SigningItem, SigningRequest
from workflows.domain.station import Capture, JobPage, ScanJob, Station
from workflows.domain.unit import ApiKey, Scope, Unit, User
from workflows.ports.engine import Queue


class ScanRepository(Protocol):
    def add(self, scan: Scan) -> None: ...

    def get(self, scan_id: str, scope: Scope) -> Scan:
        """`NotFound` when absent or out of scope."""
        ...

    def by_key(self, unit_id: str, idempotency_key: str) -> Scan | None: ...


class BatchRepository(Protocol):
    def add(self, batch: Batch) -> None: ...

    def get(self, batch_id: str, scope: Scope) -> Batch: ...

    def progress(self, batch_id: str) -> Mapping[str, int]:
        """Documents of the batch counted by reading status and by state."""
        ...


class DocumentRepository(Protocol):
    def add(self, document: Document) -> None: ...

    def get(self, document_id: str, scope: Scope) -> Document:
        """`NotFound` when absent or out of scope."""
        ...

    def save(self, document: Document) -> Document:
        """Write if the row still has `document.version`; returns it with version + 1.

        `StaleVersion` otherwise.
        """
        ...

    def find(
        self, wanted: DocumentFilter, scope: Scope, *, limit: int = 50, cursor: str | None = None
    ) -> HitPage:
        """Newest first, or best match first when `wanted.text` is set."""
        ...


class ReadingRepository(Protocol):
    """What the machine saw. Written once; a second write of the same page is a no-op."""

    def add_page(self, page: PageRecord) -> None: ...

    def set_blank(self, document_id: str, number: int, blank: bool) -> None:
        """A person says whether a page is blank. `NotFound`: it is not read yet."""
        ...

    def pages(self, document_id: str) -> Sequence[PageRecord]: ...

    def add_extraction(self, extraction: ExtractionRecord) -> None: ...

    def extraction(self, document_id: str) -> ExtractionRecord | None:
        """The newest one."""
        ...

    def forget(self, document_id: str, *, keep_extraction: bool) -> None:
        """Remove pages and their text from rows and index, and the extraction unless kept.

        For papers the law forbids to keep: secret papers; identity cards (extraction kept).
        """
        ...


class FieldRepository(Protocol):
    def put(self, value: FieldValue) -> FieldValue:
        """Insert or replace one field's value; keeps the older one in history."""
        ...

    def values(self, document_id: str) -> Mapping[str, FieldValue]: ...

    def history(self, document_id: str, name: str) -> Sequence[FieldValue]: ...


class SignedCopyRepository(Protocol):
    def add(self, copy: SignedCopy) -> None: ...

    def revisions(self, document_id: str) -> Sequence[SignedCopy]: ...

    def to_preserve(
        self,
        profile: str,
        enough: Sequence[str],
        *,
        signed_before: dt.datetime,
        stamps_until: dt.datetime,
        limit: int,
    ) -> Sequence[SignedCopy]:
        """Newest revisions of `profile`, of stored Documents and of any signed before that time.

        Only those whose level is none of `enough`, or whose archive time stamp ends before
        `stamps_until`.
        """
        ...


class SigningRequestRepository(Protocol):
    def put(self, request: SigningRequest) -> None:
        """Insert or replace."""
        ...

    def get(self, request_id: str, scope: Scope) -> SigningRequest:
        """`NotFound` when absent or out of scope."""
        ...

    def find(
        self,
        scope: Scope,
        *,
        station_id: str | None = None,
        user_id: str | None = None,
        open_only: bool = True,
        limit: int = 50,
    ) -> Sequence[SigningRequest]:
        """Oldest first when only open ones are wanted, else newest first."""
        ...

    def put_item(self, item: SigningItem) -> None:
        """Insert or replace."""
        ...

    def items(self, request_id: str) -> Sequence[SigningItem]:
        """By position."""
        ...


class DossierRepository(Protocol):
    def add(self, dossier: Dossier) -> None: ...

    def by_code(self, code: str, scope: Scope) -> Dossier: ...

    def find(
        self, scope: Scope, *, text: str | None = None, limit: int = 50
    ) -> Sequence[Dossier]: ...

    def save(self, dossier: Dossier) -> Dossier: ...


class FilingRepository(Protocol):
    def add(self, filing: Filing) -> None:
        """`Conflict` when this Document already stands in this slot of this Dossier."""
        ...

    def of_dossier(self, dossier_id: str) -> Sequence[Filing]: ...

    def of_document(self, document_id: str) -> Sequence[Filing]: ...


class HolderRepository(Protocol):
    def add(self, holder: Holder) -> None: ...

    def get(self, holder_id: str) -> Holder: ...

    def by_number(self, number: str) -> Holder | None: ...


class ReuseRepository(Protocol):
    def candidates(
        self, holder_id: str, type_codes: Sequence[str], on: dt.date
    ) -> Sequence[Document]:
        """Stored Documents of the Holder, not superseded or expired on that day, best trust first.

        Across Units on purpose: reuse is what the store is for; the caller logs the purpose.
        An empty `type_codes` means any type.
        """
        ...

    def grant(self, actor_id: str, document_id: str, purpose: str, at: dt.datetime) -> None:
        """Whoever was offered a Document may open it for that purpose, for a while."""
        ...

    def granted(self, actor_id: str, document_id: str, since: dt.datetime) -> str | None:
        """The purpose of the newest grant not older than `since`; None without one."""
        ...


class CatalogueRepository(Protocol):
    """Units, procedures, rules: dated reference rows."""

    def put(self, row: Unit | Procedure | LegalRule) -> None:
        """Insert or replace one row."""
        ...

    def units(self, *, on: dt.date | None = None, text: str | None = None) -> Sequence[Unit]:
        """Units valid on that day whose name matches `text` (marks ignored); newest codes first."""
        ...

    def units_by_id(self, unit_ids: Sequence[str]) -> Sequence[Unit]: ...

    def procedures(
        self, *, text: str | None = None, code: str | None = None, limit: int = 50
    ) -> Sequence[Procedure]: ...

    def rules(self, citation: str | None, on: dt.date) -> Sequence[LegalRule]: ...


class AccountRepository(Protocol):
    def put(self, account: User | ApiKey) -> None: ...

    def user(self, *, username: str | None = None, user_id: str | None = None) -> User | None: ...

    def key(self, secret_sha256: str) -> ApiKey | None: ...

    def scope_of(self, unit_id: str) -> Scope:
        """The Unit and everything below it."""
        ...


class StationRepository(Protocol):
    def put(self, station: Station) -> None:
        """Insert or replace."""
        ...

    def get(self, station_id: str) -> Station:
        """`NotFound` when absent."""
        ...

    def find(self, scope: Scope) -> Sequence[Station]: ...

    def by_code(self, code_sha256: str) -> Station | None:
        """The one waiting to be paired with this code."""
        ...


class ScanJobRepository(Protocol):
    def put(self, job: ScanJob) -> None:
        """Insert or replace."""
        ...

    def get(self, job_id: str, scope: Scope) -> ScanJob:
        """`NotFound` when absent or out of scope."""
        ...

    def find(
        self, *, station_id: str | None = None, scope: Scope, open_only: bool, limit: int = 50
    ) -> Sequence[ScanJob]:
        """Oldest first when only open ones are wanted, else newest first."""
        ...


class JobPageRepository(Protocol):
    def add(self, page: JobPage) -> None:
        """`Conflict` when this page of the job was written before."""
        ...

    def replace(self, page: JobPage) -> None: ...

    def of_job(self, job_id: str) -> Sequence[JobPage]:
        """By `seq`."""
        ...

    def forget(self, job_id: str) -> None: ...


class CaptureRepository(Protocol):
    def put(self, capture: Capture) -> None:
        """Insert or replace."""
        ...

    def of_document(self, document_id: str) -> Capture | None:
        """None: it did not come from a scanner of ours."""
        ...


class AuditRepository(Protocol):
    def append(self, event: AuditEvent) -> str:
        """Chain the event to the last one; returns its hash. Serialised by the database."""
        ...

    def entries(
        self, *, after: int = 0, subject_id: str | None = None, limit: int = 200
    ) -> Sequence[tuple[int, str, AuditEvent]]:
        """(sequence, hash, event), oldest first."""
        ...

    def last(self) -> tuple[int, str] | None:
        """(sequence, hash) of the newest entry."""
        ...


class HoldingRepository(Protocol):
    """Which objects the rows say there are, of papers past their reading whose bytes are kept."""

    def after(self, document_id: str, *, limit: int) -> Sequence[Holding]:
        """The next Documents by id; `""` starts."""
        ...

    def of(self, document_ids: Sequence[str]) -> Sequence[Holding]: ...

    def of_original(self, sha256: str) -> tuple[Sequence[Holding], bool]:
        """(holdings of the Documents made of these bytes, whether others of them were erased).

        Papers still waiting to be read are among them.
        """
        ...


class DisposalRepository(Protocol):
    """Legal holds and destructions."""

    def put_hold(self, hold: LegalHold) -> None:
        """Insert or replace."""
        ...

    def hold(self, hold_id: str, scope: Scope) -> LegalHold: ...

    def holds(self, document_id: str) -> Sequence[LegalHold]: ...

    def open_holds(self, scope: Scope, *, limit: int = 500) -> Sequence[LegalHold]:
        """Not released, newest first."""
        ...

    def put(self, act: Destruction) -> None:
        """Insert or replace; the database itself refuses one person in both roles."""
        ...

    def get(self, destruction_id: str, scope: Scope) -> Destruction: ...

    def of_document(self, document_id: str) -> Sequence[Destruction]: ...

    def find(self, scope: Scope, *, limit: int = 500) -> Sequence[Destruction]:
        """Newest first."""
        ...

    def stored_before(
        self, type_code: str, edge: dt.datetime, scope: Scope, *, limit: int
    ) -> Sequence[Document]:
        """Papers at an end of their road, without a hold, oldest first."""
        ...


class PackageExportRepository(Protocol):
    """Exports that were asked for."""

    def put(self, request: ExportRequest) -> None:
        """Insert or replace."""
        ...

    def get(self, request_id: str, scope: Scope) -> ExportRequest:
        """`NotFound` when absent or out of scope."""
        ...

    def find(self, scope: Scope, *, limit: int = 50) -> Sequence[ExportRequest]:
        """Newest first."""
        ...


class ProgressRepository(Protocol):
    """How far long upkeep work has come; it goes on from there after a stop."""

    def get(self, name: str) -> Mapping[str, Any] | None: ...

    def put(self, name: str, body: Mapping[str, Any]) -> None: ...


class Jobs(Protocol):
    def enqueue(self, workflow: str, key: str, *, queue: Queue, priority: int = 5) -> None:
        """Part of the transaction: the job exists if and only if the rows do."""
        ...


class Transaction(Protocol):
    """One commit. Leaving the block without an exception commits."""

    @property
    def scans(self) -> ScanRepository: ...
    @property
    def batches(self) -> BatchRepository: ...
    @property
    def documents(self) -> DocumentRepository: ...
    @property
    def readings(self) -> ReadingRepository: ...
    @property
    def fields(self) -> FieldRepository: ...
    @property
    def signed_copies(self) -> SignedCopyRepository: ...
    @property
    def signing_requests(self) -> SigningRequestRepository: ...
    @property
    def dossiers(self) -> DossierRepository: ...
    @property
    def filings(self) -> FilingRepository: ...
    @property
    def holders(self) -> HolderRepository: ...
    @property
    def reuse(self) -> ReuseRepository: ...
    @property
    def catalogue(self) -> CatalogueRepository: ...
    @property
    def accounts(self) -> AccountRepository: ...
    @property
    def stations(self) -> StationRepository: ...
    @property
    def scan_jobs(self) -> ScanJobRepository: ...
    @property
    def job_pages(self) -> JobPageRepository: ...
    @property
    def captures(self) -> CaptureRepository: ...
    @property
    def audit(self) -> AuditRepository: ...
    @property
    def holdings(self) -> HoldingRepository: ...
    @property
    def progress(self) -> ProgressRepository: ...
    @property
    def disposal(self) -> DisposalRepository: ...
    @property
    def package_exports(self) -> PackageExportRepository: ...
    @property
    def jobs(self) -> Jobs: ...
    def indicators(self, scope: Scope, since: dt.date, until: dt.date) -> Mapping[str, int]:
        """Counts of a period.

        Of Dossiers received in it: `dossiers`, `digitized` (a Filing as component and one as
        result), `reused` (a Filing with origin reused). Of Documents created in it: `documents`,
        `stored`.
        """
        ...

    def next_number(self, series: str) -> int:
        """The next of an unbroken series (result codes), inside this commit."""
        ...


class Database(Protocol):
    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def read(self) -> AbstractContextManager[Transaction]:
        """A read-only look; takes no write lock."""
        ...

    def ping(self) -> dict[str, Any]:
        """Version and reachability, for health."""
        ...
