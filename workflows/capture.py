# SPDX-License-Identifier: Apache-2.0
"""Quét: a job goes to a station, its pages come back one by one, and become Documents.

The station owns the pages until each is acknowledged here with the same hash; the server owns them
until intake has them as an original. Every call may come twice: the second changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from workflows.audit import record
from workflows.domain.document import Scan
from workflows.domain.station import OPEN_STATES, Capture, JobPage, JobState, ScanJob
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
from workflows.separation import DROPPED, KEPT, PARKED, RESTORED, Layout, Part, Separation

MAX_PAGES = 5000
ERASED = frozenset({SecretDocument.code, "presented_only"})
"""failure_code of Documents whose images the law forbids to keep: the station erases them too."""
MARKS = {PARKED: RESTORED, RESTORED: PARKED, DROPPED: KEPT, KEPT: DROPPED}
"""What a person may say of a page, and what that takes back."""
_OVER = frozenset({JobState.CANCELLED, JobState.FAILED})


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
            if job.state not in OPEN_STATES or (
                job.state is JobState.REVIEW and state is not JobState.SCANNING
            ):
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
        if state in _OVER:
            self._forget(job_id)
        return fresh

    def order(self, job_id: str, wanted: str, *, by: Actor) -> ScanJob:
        """The clerk says resume (paper is in again), rescan (the last sheet once more), cancel."""
        with self.database.transaction() as tx:
            job = tx.scan_jobs.get(job_id, by.scope)
            if job.state not in _STEPS[wanted]:
                raise Conflict(job.state, message="Lượt quét này không còn ở bước đó.")
            at = self.clock.now()
            here = wanted == "cancel" and job.state in (JobState.WAITING, JobState.REVIEW)
            fresh = replace(
                job,
                state=JobState.CANCELLED if here else job.state,
                order="" if here else wanted,
                changed_at=at,
            )
            tx.scan_jobs.put(fresh)
            record(tx, wanted, fresh, by=by, at=at)
        if here:
            self._forget(job_id)
        return fresh

    def say(self, job_id: str, seq: int, mark: str, *, by: Actor) -> ScanJob:
        """A person says of a page: blank (`parked`) or not (`restored`); `dropped` or `kept`.

        Nothing is erased by it, and the opposite takes it back. Raises `InvalidValue` for another
        word, `NotFound` where the page is not here (yet, or any more).
        """
        if mark not in MARKS:
            raise InvalidValue(mark, message="Chỉ có thể cất, khôi phục, bỏ hoặc giữ một trang.")
        with self.database.transaction() as tx:
            job = tx.scan_jobs.get(job_id, by.scope)
            page = next((p for p in tx.job_pages.of_job(job_id) if p.seq == seq), None)
            if page is None:
                raise NotFound(f"{job_id}/{seq}")
            flags = tuple(f for f in page.flags if f not in (mark, MARKS[mark]))
            tx.job_pages.replace(replace(page, flags=(*flags, mark)))
            record(tx, f"page_{mark}", job, by=by, at=self.clock.now(), page=seq)
        return self._asked_again(job_id, by)

    def settle(self, job_id: str, *, by: Actor, declared_sheets: int | None = None) -> ScanJob:
        """The clerk is done looking: Documents, if no question is left open.

        `declared_sheets`: counted anew by hand; the change is written down. Raises `Conflict`
        where the job is not up for review; where questions remain it comes back with them.
        """
        with self.database.transaction() as tx:
            job = tx.scan_jobs.get(job_id, by.scope)
            if job.state is not JobState.REVIEW:
                raise Conflict(job.state, message="Lượt quét này không còn ở bước đó.")
            if declared_sheets is not None and declared_sheets != job.declared_sheets:
                before, at = job.declared_sheets, self.clock.now()
                job = replace(job, declared_sheets=declared_sheets, changed_at=at)
                tx.scan_jobs.put(job)
                record(tx, "recounted", job, by=by, at=at, before=before, now=declared_sheets)
        return self._complete(job, by)

    def layout(self, job_id: str, *, by: Actor) -> Layout:
        """How the pages that are here would come apart now."""
        with self.database.read() as tx:
            job = tx.scan_jobs.get(job_id, by.scope)
            pages = tx.job_pages.of_job(job_id)
            batch = tx.batches.get(job.batch_id, by.scope) if job.batch_id else None
        return self.separation.lay_out(job, pages, batch.patches if batch else None)

    def proposed_dossier(self, document_id: str) -> str | None:
        """The code on the slip that lay before this paper; whoever files it decides."""
        with self.database.read() as tx:
            capture = tx.captures.of_document(document_id)
        return capture.dossier if capture else None

    def say_blank(self, document_id: str, number: int, blank: bool, *, by: Actor) -> None:
        """Park a page of a Document, or take it back; no image goes (TT 01/2023/TT-VPCP, Đ.8)."""
        with self.database.transaction() as tx:
            document = tx.documents.get(document_id, by.scope)
            tx.readings.set_blank(document_id, number, blank)
            mark = PARKED if blank else RESTORED
            record(tx, f"page_{mark}", document, by=by, at=self.clock.now(), page=number)

    def settled(self, job_ids: Sequence[str], *, by: Actor) -> Mapping[str, ScanJob]:
        """Of these jobs that the station saw go into review, those that are over by now."""
        with self.database.read() as tx:
            jobs = [self._own(tx.scan_jobs.get(j, by.scope), by) for j in job_ids]
        return {job.id: job for job in jobs if job.state not in OPEN_STATES}

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
        return self._complete(job, by)

    def _complete(self, job: ScanJob, by: Actor) -> ScanJob:
        """Documents, or the questions that stand in their way. Twice is once."""
        layout = self.layout(job.id, by=by)
        with self.database.read() as tx:
            pages = tx.job_pages.of_job(job.id)
        if layout.questions:
            done = self._in_review(job, layout)
        else:
            done = self._documents(job, layout.parts, by)
        done = replace(done, pages=len(pages), order="", changed_at=self.clock.now())
        with self.database.transaction() as tx:
            tx.scan_jobs.put(done)
            record(tx, done.state.value, done, by=by, at=self.clock.now(), pages=len(pages))
        if done.state is not JobState.REVIEW:
            self._forget(job.id)
        return done

    def _in_review(self, job: ScanJob, layout: Layout) -> ScanJob:
        return replace(job, state=JobState.REVIEW, message=layout.message)

    def _asked_again(self, job_id: str, by: Actor) -> ScanJob:
        """A job in review, with the questions that are left now."""
        job = self.job(job_id, by=by)
        if job.state is JobState.REVIEW:
            job = self._in_review(job, self.layout(job_id, by=by))
            with self.database.transaction() as tx:
                tx.scan_jobs.put(job)
        return job

    def _forget(self, job_id: str) -> None:
        """The rows first: a crash then leaves files that nobody names, never names without."""
        with self.database.transaction() as tx:
            pages = tx.job_pages.of_job(job_id)
            tx.job_pages.forget(job_id)
        for page in pages:
            self.intake.inbox.erase(Path(page.path))

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

    def _documents(self, job: ScanJob, parts: Sequence[Part], by: Actor) -> ScanJob:
        scans, message, state = list[str](), "", JobState.DELIVERED
        for number, part in enumerate(parts, 1):
            arrival = Arrival(
                file_name=_file_name(job, number, part.dossier),
                source="scanner",
                idempotency_key=f"scan-job:{job.id}:{number}",
                declared_sheets=_declared(job, part),
                batch_id=job.batch_id,
                urgent=job.batch_id is None,
            )
            clerk = replace(by, id=job.created_by, unit_id=job.unit_id)
            try:
                scan = self._receive([Path(p.path) for p in part.pages], arrival, clerk)
            except IdempotencyMismatch:
                raise  # a page changed between two tries: never to be passed over
            except BadInput as trouble:
                state, message = JobState.REFUSED, trouble.shown
            else:
                scans.append(scan.id)
                self._write_down(job, part, scan)
        if not parts:
            state, message = JobState.REFUSED, "Lượt quét chỉ có tờ phân cách."
        return replace(job, state=state, scan_ids=tuple(scans), message=message)

    def _write_down(self, job: ScanJob, part: Part, scan: Scan) -> None:
        """Where each page of the Document lay, and what a person said of it before."""
        faces = [
            {
                "seq": face.image.seq,
                "sheet": face.sheet,
                "side": face.side,
                "variant": face.variant,
                "flags": [f for f in face.image.flags if not f.startswith("slip:")],
            }
            for face in part.faces
        ]
        for document_id in scan.document_ids:
            capture = Capture(
                document_id=document_id, job_id=job.id, pages=tuple(faces), dossier=part.dossier
            )
            with self.database.transaction() as tx:
                tx.captures.put(capture)
                for number in range(1, len(faces) + 1):
                    if (blank := capture.said_blank(number)) is not None:
                        with suppress(NotFound):  # not read yet: the reading looks here itself
                            tx.readings.set_blank(document_id, number, blank)

    def _receive(self, paths: Sequence[Path], arrival: Arrival, by: Actor) -> Scan:
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


def _declared(job: ScanJob, part: Part) -> int | None:
    """Sheets of this part, where sheets were declared and intake can count them by its images."""
    sheets, images = part.sheets, len(part.faces)
    return sheets if job.declared_sheets and images in (sheets, 2 * sheets) else None


_STEPS = {
    "resume": frozenset({JobState.PAUSED, JobState.REVIEW}),
    "rescan": frozenset({JobState.PAUSED}),
    "cancel": OPEN_STATES,
}
