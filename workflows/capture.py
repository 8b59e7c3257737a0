# SPDX-License-Identifier: Apache-2.0
"""Quét: a job goes to a station, its pages come back one by one, and become Documents.

The station owns the pages until each is acknowledged here with the same hash; the server owns them
until intake has them as an original. Every call may come twice: the second changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from workflows.audit import record
from workflows.domain.station import OPEN_STATES, JobPage, JobState, ScanJob
from workflows.domain.unit import Actor
from workflows.errors import (
    BadInput,
    Conflict,
    IdempotencyMismatch,
    InvalidValue,
    NotFound,
    SecretDocument,
)
from workflows.intake import MAX_BYTES, Arrival, Intake
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.separation import Separation

MAX_PAGES = 5000
ERASED = frozenset({SecretDocument.code, "presented_only"})
"""failure_code of Documents whose images the law forbids to keep: the station erases them too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureDesk:
    """Scan jobs; `separation` cuts the pages of a job at its separator sheets."""

    database: Database
    intake: Intake
    clock: Clock
    separation: Separation = field(default_factory=Separation)

    def start(
        self,
        station_id: str,
        profile: Mapping[str, Any],
        *,
        by: Actor,
        declared_sheets: int | None = None,
        batch_id: str | None = None,
    ) -> ScanJob:
        """A job for a station of ours; it takes the job when it next asks."""
        with self.database.transaction() as tx:
            station = tx.stations.get(station_id)
            if not by.scope.holds(station.unit_id):
                raise NotFound(station_id)
            if station.public_key is None or station.revoked_at is not None:
                raise Conflict(station_id, message="Trạm quét này chưa ghép hoặc đã thu hồi.")
            if batch_id is not None:
                tx.batches.get(batch_id, by.scope)
            job = ScanJob(
                id=uuid.uuid4().hex,
                station_id=station_id,
                unit_id=station.unit_id,
                created_by=by.id,
                created_at=self.clock.now(),
                profile=dict(profile),
                declared_sheets=declared_sheets,
                batch_id=batch_id,
            )
            tx.scan_jobs.put(job)
            record(tx, "started", job, by=by, at=job.created_at, station=station_id)
        return job

    def begun_at_station(
        self, job_id: str, profile: Mapping[str, Any], *, by: Actor, sheets: int | None = None
    ) -> ScanJob:
        """A job that began at the device, perhaps while this server was down."""
        with self.database.transaction() as tx:
            try:
                return self._own(tx.scan_jobs.get(job_id, by.scope), by)
            except NotFound:
                now = self.clock.now()
                job = ScanJob(
                    id=job_id,
                    station_id=by.id,
                    unit_id=by.unit_id,
                    created_by=by.id,
                    created_at=now,
                    profile=dict(profile),
                    state=JobState.SCANNING,
                    declared_sheets=sheets,
                    changed_at=now,
                )
                tx.scan_jobs.put(job)
                record(tx, "started", job, by=by, at=now, station=by.id)
                return job

    def orders(self, *, by: Actor) -> Sequence[ScanJob]:
        """What this station is to do now: take a new job, resume or cancel one."""
        with self.database.read() as tx:
            jobs = tx.scan_jobs.find(station_id=by.id, scope=by.scope, open_only=True)
        return [job for job in jobs if job.state is JobState.WAITING or job.order]

    def erasable(self, job_ids: Sequence[str], *, by: Actor) -> Sequence[str]:
        """Which of these delivered jobs held papers whose images may not be kept."""
        found = list[str]()
        with self.database.read() as tx:
            for job_id in job_ids:
                job = self._own(tx.scan_jobs.get(job_id, by.scope), by)
                documents = [
                    d for s in job.scan_ids for d in tx.scans.get(s, by.scope).document_ids
                ]
                codes = {tx.documents.get(d, by.scope).failure_code for d in documents}
                if codes & ERASED or job.message == SecretDocument.message:
                    found.append(job_id)
        return found

    def report(
        self, job_id: str, state: JobState, *, by: Actor, pages: int = 0, message: str = ""
    ) -> ScanJob:
        """What the station sees; an order it has taken is struck out."""
        with self.database.transaction() as tx:
            job = self._own(tx.scan_jobs.get(job_id, by.scope), by)
            if job.state not in OPEN_STATES:
                return job  # a late report of what is over
            fresh = replace(
                job,
                state=state,
                pages=max(pages, job.pages),
                message=message[:500],
                order="" if state is not job.state or state is JobState.SCANNING else job.order,
                changed_at=self.clock.now(),
            )
            tx.scan_jobs.put(fresh)
        return fresh

    def order(self, job_id: str, wanted: str, *, by: Actor) -> ScanJob:
        """The clerk says resume (paper is back in) or cancel."""
        with self.database.transaction() as tx:
            job = tx.scan_jobs.get(job_id, by.scope)
            if job.state not in OPEN_STATES or (
                wanted == "resume" and job.state is not JobState.PAUSED
            ):
                raise Conflict(job.state, message="Lượt quét này không còn ở bước đó.")
            if wanted == "cancel" and job.state is JobState.WAITING:
                fresh = replace(job, state=JobState.CANCELLED, changed_at=self.clock.now())
            else:
                fresh = replace(job, order=wanted, changed_at=self.clock.now())
            tx.scan_jobs.put(fresh)
            record(tx, wanted, fresh, by=by, at=self.clock.now())
        return fresh

    def receive_page(
        self,
        job_id: str,
        seq: int,
        sha256: str,
        untrusted: Iterator[bytes],
        *,
        by: Actor,
        sheet: int = 0,
        side: str = "front",
        flags: tuple[str, ...] = (),
    ) -> tuple[JobPage, bool]:
        """(the page, whether it is new). Durable in the inbox and hashed before the answer.

        Raises `IdempotencyMismatch` for other bytes under the same number, `InvalidValue` when
        the bytes are not those announced, `Conflict` once the job is over.
        """
        if not 1 <= seq <= MAX_PAGES:
            raise InvalidValue("seq", message="Số trang ngoài giới hạn.")
        known = self._page(job_id, seq, by)
        if known is not None:
            return self._same(known, sha256), False
        path, found, size = self.intake.inbox.receive(untrusted, limit=MAX_BYTES)
        page = JobPage(
            job_id=job_id,
            seq=seq,
            sha256=found,
            size=size,
            path=str(path),
            received_at=self.clock.now(),
            sheet=sheet,
            side=side,
            flags=flags,
        )
        try:
            if found != sha256:
                raise InvalidValue("sha256", message="Trang nhận được khác dấu vân tay đã báo.")
            with self.database.transaction() as tx:
                tx.job_pages.add(page)
        except Conflict:  # the same page on another line came first
            self.intake.inbox.erase(path)
            known = self._page(job_id, seq, by)
            if known is None:
                raise
            return self._same(known, sha256), False
        except Exception:
            self.intake.inbox.erase(path)
            raise
        return page, True

    def finish(self, job_id: str, hashes: Sequence[str], *, by: Actor) -> ScanJob:
        """All pages are named by the station; when all are here they become Documents.

        Idempotent: intake's key is the job. Raises `Conflict` while a page is missing.
        """
        with self.database.read() as tx:
            job = self._own(tx.scan_jobs.get(job_id, by.scope), by)
            pages = tx.job_pages.of_job(job_id)
        if job.state not in OPEN_STATES:
            return job
        if [p.sha256 for p in pages] != list(hashes) or not pages:
            raise Conflict(
                f"{len(pages)} pages here, {len(hashes)} named",
                message=f"Máy chủ có {len(pages)} trang, trạm khai {len(hashes)} trang.",
            )
        done = self._documents(job, pages, by)
        with self.database.transaction() as tx:
            tx.scan_jobs.put(done)
            tx.job_pages.forget(job_id)
            record(tx, done.state.value, done, by=by, at=self.clock.now(), pages=len(pages))
        for page in pages:
            self.intake.inbox.erase(Path(page.path))
        return done

    def jobs(self, *, by: Actor, open_only: bool = False) -> Sequence[ScanJob]:
        with self.database.read() as tx:
            return tx.scan_jobs.find(scope=by.scope, open_only=open_only)

    def job(self, job_id: str, *, by: Actor) -> ScanJob:
        with self.database.read() as tx:
            return tx.scan_jobs.get(job_id, by.scope)

    def pages(self, job_id: str, *, by: Actor) -> Sequence[JobPage]:
        with self.database.read() as tx:
            tx.scan_jobs.get(job_id, by.scope)
            return tx.job_pages.of_job(job_id)

    def _documents(self, job: ScanJob, pages: Sequence[JobPage], by: Actor) -> ScanJob:
        parts = self.separation.parts(pages, job.profile)
        scans, message, state = list[str](), "", JobState.DELIVERED
        for number, part in enumerate(parts, 1):
            arrival = Arrival(
                file_name=_file_name(job, number, part.dossier),
                source="scanner",
                idempotency_key=f"scan-job:{job.id}:{number}",
                declared_sheets=job.declared_sheets if len(parts) == 1 else None,
                batch_id=job.batch_id,
                urgent=job.batch_id is None,
            )
            clerk = replace(by, id=job.created_by)
            try:
                scans.append(self._receive([Path(p.path) for p in part.pages], arrival, clerk).id)
            except IdempotencyMismatch:
                raise  # a page changed between two tries: never to be passed over
            except BadInput as trouble:
                state, message = JobState.REFUSED, trouble.shown
        if not parts:
            state, message = JobState.REFUSED, "Lượt quét chỉ có tờ phân cách."
        return replace(
            job,
            state=state,
            scan_ids=tuple(scans),
            message=message,
            pages=len(pages),
            order="",
            changed_at=self.clock.now(),
        )

    def _receive(self, paths: Sequence[Path], arrival: Arrival, by: Actor) -> Any:
        with ExitStack() as stack:
            files = [stack.enter_context(path.open("rb")) for path in paths]
            chunks = [iter(partial(file.read, 1 << 20), b"") for file in files]
            return self.intake.receive_pages(chunks, arrival, by=by)

    def _page(self, job_id: str, seq: int, by: Actor) -> JobPage | None:
        with self.database.read() as tx:
            job = self._own(tx.scan_jobs.get(job_id, by.scope), by)
            if job.state not in OPEN_STATES:
                raise Conflict(job.state, message="Lượt quét này đã kết thúc.")
            return next((p for p in tx.job_pages.of_job(job_id) if p.seq == seq), None)

    def _same(self, page: JobPage, sha256: str) -> JobPage:
        if page.sha256 != sha256:
            raise IdempotencyMismatch(f"page {page.seq}: {page.sha256} is here, not {sha256}")
        return page

    def _own(self, job: ScanJob, by: Actor) -> ScanJob:
        if job.station_id != by.id:
            raise NotFound(job.id)
        return job


def _file_name(job: ScanJob, number: int, dossier: str | None) -> str:
    """The slip's dossier stands first, so that the clerk sees where the paper belongs."""
    when = f"{job.created_at:%Y%m%d-%H%M%S}"
    return f"hs-{dossier}-{number}.pdf" if dossier else f"quet-{when}-{number}.pdf"
