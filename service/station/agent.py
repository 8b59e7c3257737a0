# SPDX-License-Identifier: Apache-2.0
"""The station at work: one thread asks for orders, one scans, one sends.

Scanning never waits for the server: pages go into the spool and drain in order when it is there.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from queue import Empty, Queue
from typing import Any, cast

from scanner_drivers.driver import (
    EndEvent,
    PageEvent,
    PausedEvent,
    ScannerDriver,
    ScannerError,
    ScannerFault,
    ScanProfile,
)
from scanner_drivers.sheets import UnequalSides
from service.station.link import Link, ServerAway, ServerRefuses
from service.station.look import STAMPED
from service.station.spool import MIN_FREE, Spool, SpooledJob, SpooledPage

log = logging.getLogger("sohoa.station")
WAIT_S = 20.0
BACKOFF_S = (0.5, 1, 2, 4, 8, 15)
SWEEP_EVERY_S = 3600.0
DEVICES_EVERY_S = 300.0
UNSETTLED = ("scanning", "paused", "scanned", "failed", "cancelled")
ASK_STAMP = (
    "Trang {seq} có dấu giống dấu độ mật. Nếu là tài liệu mật: bấm Dừng lượt quét, ảnh bị xóa ngay"
    " tại trạm và không gửi đi đâu. Nếu không phải: bấm Quét tiếp."
)
TURN = "Đã quét {count} mặt trước. Lật cả chồng giấy, đặt lại vào khay rồi bấm Quét tiếp."


@dataclass(slots=True)
class Agent:
    """Everything a station does, over its spool, its drivers and the line to the server.

    `resume_broken`: after a restart go on with the job that was cut, without asking (for feeders
    that number their own sheets; a clerk's desk asks).
    """

    spool: Spool
    drivers: Mapping[str, ScannerDriver]
    link: Link | None
    resume_broken: bool = False
    wait_s: float = WAIT_S
    on_event: Callable[[str, Any], None] = lambda job, event: None
    shortcut: Callable[[], dict[str, Any]] | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    _work: Queue[str] = field(default_factory=Queue)
    _news: threading.Event = field(default_factory=threading.Event)
    _cancelled: set[str] = field(default_factory=set)
    _devices: tuple[float, list[dict[str, str]]] = (0.0, [])

    def run(self) -> None:
        """Until `stop` is set. Every thread's end ends the others."""
        for job in self.spool.recover():
            if self.resume_broken:
                self._work.put(job.id)
        parts = [self.scan_jobs, *((self.ask_orders, self.send_pages) if self.link else ())]
        threads = [threading.Thread(target=self._guarded, args=(p,), daemon=True) for p in parts]
        for thread in threads:
            thread.start()
        while not self.stop.wait(0.2):
            pass
        self._news.set()
        for thread in threads:
            thread.join(self.wait_s + 5)

    def begin_here(self, device: str, profile: ScanProfile, sheets: int | None = None) -> str:
        """A scan begun at the device; works while the server is down. Returns the job's id."""
        job = self._open(device, profile, sheets)
        self._work.put(job.id)
        return job.id

    def scan_now(self, device: str, profile: ScanProfile, sheets: int | None = None) -> SpooledJob:
        """The same in the caller's own thread, to the end."""
        job = self._open(device, profile, sheets)
        self._scan(job)
        return self.spool.job(job.id) or job

    def go_on(self, job: SpooledJob) -> SpooledJob:
        """Resume a paused job in the caller's own thread, at a person's word."""
        self.spool.clear(job.id)
        self._scan(self.spool.job(job.id) or job)
        return self.spool.job(job.id) or job

    def _open(self, device: str, profile: ScanProfile, sheets: int | None) -> SpooledJob:
        job = SpooledJob(
            id=uuid.uuid4().hex,
            origin="station",
            device=device,
            profile=profile,
            state="scanning",
            created_at=dt.datetime.now(dt.UTC).isoformat(),
            declared_sheets=sheets,
        )
        self.spool.open_job(job)
        return job

    def resume(self, job_id: str) -> None:
        self._work.put(job_id)

    def cancel(self, job_id: str) -> None:
        """Pages stay for days, except where one may be secret: then all of them go at once."""
        self._cancelled.add(job_id)
        job = self.spool.job(job_id)
        if job is not None and job.state == "paused":
            self._cancelled.discard(job_id)
            self._set(job_id, "cancelled", "Đã dừng.")
            if any(STAMPED in page.flags for page in self.spool.pages(job_id)):
                self.spool.erase(job_id)

    # orders

    def ask_orders(self) -> None:
        swept, failures = 0.0, 0
        while not self.stop.is_set():
            if time.monotonic() - swept > SWEEP_EVERY_S:
                swept = time.monotonic()
                self.spool.sweep(dt.datetime.now(dt.UTC))
            held = [j.id for j in self.spool.jobs("delivered", "refused")][-500:]
            waiting = [j.id for j in self.spool.jobs("review")]
            try:
                said = cast(Link, self.link).orders(self.wait_s, self.told(), held, waiting)
            except (ServerAway, ServerRefuses) as error:
                self._rest(failures, error)
                failures += 1
                continue
            failures = 0
            for job_id, over in said["settled"].items():
                self._settle(job_id, over["state"], over["message"])
            for job_id in said["erase"]:
                self.spool.erase(job_id)
            for order in said["orders"]:
                self._take(order)

    def told(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "version": version("sohoa"),
            "devices": self.devices(),
            "unsent": self.spool.unsent(),
            "free": round(self.spool.free_share(), 2),
        }
        return facts | ({"shortcut": self.shortcut()} if self.shortcut else {})

    def devices(self) -> list[dict[str, str]]:
        at, known = self._devices
        if known and time.monotonic() - at < DEVICES_EVERY_S:
            return known
        found = []
        for driver in self.drivers.values():
            try:
                listed = driver.list_devices(10)
            except ScannerError as error:
                log.warning("cannot list %s: %s", driver.name, error)
                continue
            found += [{"id": d.id, "name": f"{d.vendor} {d.model}".strip()} for d in listed]
        self._devices = (time.monotonic(), found)
        return found

    def _take(self, order: dict[str, Any]) -> None:
        job_id, known = str(order["id"]), self.spool.job(order["id"])
        if order["order"] == "cancel":
            self.cancel(job_id)
            now = self.spool.job(job_id)
            if now is None or now.state == "erased":
                cast(Link, self.link).report(job_id, "cancelled", 0, "Đã dừng.")
        elif order["order"] in ("resume", "rescan") and known is not None:
            if known.state in ("paused", "review"):
                self.spool.set_job(job_id, "scanning")
                self.spool.clear(job_id)
                if order["order"] == "rescan":
                    self.spool.drop_last_sheet(job_id)
                self._tell(job_id)
                self.resume(job_id)
        elif known is None:
            self._accept(order)
        else:
            self._tell(job_id)

    def _settle(self, job_id: str, state: str, message: str) -> None:
        """A job that waited for a person at the server is over there, so it is over here."""
        job = self.spool.job(job_id)
        if job is not None and job.state == "review":
            self.spool.set_job(job_id, state, message)
            self.spool.set_told(job_id, "over")

    def _accept(self, order: dict[str, Any]) -> None:
        wanted = dict(order["profile"])
        device = wanted.pop("device", "") or next((d["id"] for d in self.devices()), "")
        job = SpooledJob(
            id=str(order["id"]),
            origin="server",
            device=device,
            profile=ScanProfile(**wanted),
            state="scanning",
            created_at=str(order["created_at"]),
            declared_sheets=order["declared_sheets"],
        )
        self.spool.open_job(job)
        self._tell(job.id)
        self._work.put(job.id)

    # scanning

    def scan_jobs(self) -> None:
        while not self.stop.is_set():
            try:
                job_id = self._work.get(timeout=0.2)
            except Empty:
                continue
            job = self.spool.job(job_id)
            if job is not None and job.state in ("scanning", "paused"):
                self._scan(job)

    def _scan(self, job: SpooledJob) -> None:
        """From the sheet after the last safe page to the end, a pause or a fault."""
        driver = self.drivers.get(job.device.split(":", 1)[0])
        if driver is None or self.spool.free_share() < MIN_FREE:
            why = "Không thấy máy quét." if driver is None else "Ổ đĩa của trạm sắp đầy."
            self._set(job.id, "failed" if not self.spool.last_safe(job.id) else "paused", why)
            return
        self._set(job.id, "scanning")
        first = self.spool.last_safe(job.id) + 1
        events = driver.scan(job.device, job.profile, self.spool.pages_folder(job.id), first=first)
        try:
            for event in events:
                if isinstance(event, PageEvent) and self._keep(job, event):
                    self._set(job.id, "paused", ASK_STAMP.format(seq=event.seq))
                    self.on_event(job.id, event)
                    break
                if isinstance(event, PausedEvent):
                    self.spool.drop_after(job.id, event.last_safe)
                    self._set(job.id, "paused", f"{event}{self._doubled(job.id)}")
                elif isinstance(event, EndEvent):
                    self._end(job)
                self.on_event(job.id, event)
                if job.id in self._cancelled or self.stop.is_set():
                    break
        except (ScannerError, ValueError) as error:
            fault = error if isinstance(error, ScannerError) else None
            shown = fault.message if fault else ScannerError(ScannerFault.DAMAGED).message
            log.warning("scan %s: %s", job.id, error)
            safe = self.spool.last_safe(job.id)
            self._set(job.id, "paused" if safe else "failed", shown)
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()
        if job.id in self._cancelled:
            self._cancelled.discard(job.id)
            self._set(job.id, "cancelled", "Đã dừng.")

    def _keep(self, job: SpooledJob, event: PageEvent) -> bool:
        """True: the page bears what may be a secrecy stamp, and nothing goes on before a person."""
        if job.profile.manual_duplex:
            sheet, side = job.place(event.seq)
            event = replace(event, sheet=sheet, side=side)
        kept = self.spool.keep(job.id, event)
        self._news.set()
        return STAMPED in kept.flags

    def _end(self, job: SpooledJob) -> None:
        """The feeder is empty: the scan is done, or one side of a manual duplex is."""
        images = self.spool.last_safe(job.id)
        if not job.profile.manual_duplex:
            self._set(job.id, "scanned")
        elif job.fronts is None:
            self.spool.turned(job.id, images)
            self._set(job.id, "paused", TURN.format(count=images))
        elif images == 2 * job.fronts:
            self._set(job.id, "scanned")
        else:
            self.spool.drop_after(job.id, job.fronts)
            uneven = UnequalSides(job.fronts, images - job.fronts)
            self._set(job.id, "paused", f"{uneven.message} {TURN.format(count=job.fronts)}")

    def _doubled(self, job_id: str) -> str:
        """What to do about a sheet that came through together with another."""
        pages = self.spool.pages(job_id)
        if not pages or "double_feed" not in pages[-1].flags:
            return ""
        return (
            f" Trang {pages[-1].seq} có thể là hai tờ dính nhau: xem lại, rồi quét tiếp,"
            " hoặc đặt lại tờ đó và quét lại tờ cuối."
        )

    def _set(self, job_id: str, state: str, message: str = "") -> None:
        self.spool.set_job(job_id, state, message)
        self._news.set()

    # sending

    def send_pages(self) -> None:
        """In order; a server that is away is asked again, ever more rarely."""
        failures = 0
        while not self.stop.is_set():
            self._news.clear()
            try:
                sent = self._send_all()
                failures = 0
            except ServerAway as error:
                self._rest(failures, error)
                failures += 1
                continue
            if not sent:
                self._news.wait(0.5)

    def _send_all(self) -> bool:
        moved = False
        for job in self.spool.jobs(*UNSETTLED):
            if job.told.startswith("over"):
                continue
            try:
                moved |= self._send_job(job)
            except ServerRefuses as error:
                log.error("job %s refused: %s", job.id, error)
                if error.status in (404, 409, 422):
                    self.spool.set_job(job.id, job.state, error.message)
                    self.spool.set_told(job.id, f"over {error.status}")
        return moved

    def _send_job(self, job: SpooledJob) -> bool:
        link = cast(Link, self.link)
        if not job.told and job.origin == "station":
            link.begin(job)
        pages, moved = self.spool.pages(job.id), False
        for page in pages if job.state not in ("cancelled", "failed") else ():
            if self.stop.is_set():
                return False
            if page.state != "safe" or _may_come_anew(page, pages[-1], job):
                continue
            try:
                page = self.spool.pack(page)
                content = self.spool.content(page)
            except (OSError, ValueError) as error:
                log.error("%s", error)
                self.spool.damaged(page)
                continue
            if link.send(page, content) == page.sha256:
                self.spool.acked(page)
                moved = True
        self._tell(job.id)
        fresh = self.spool.job(job.id)
        if fresh is not None and fresh.state == "scanned":
            self._finish(fresh)
            return True
        if fresh is not None and fresh.state in ("failed", "cancelled"):
            self.spool.set_told(job.id, "over")
        return moved

    def _finish(self, job: SpooledJob) -> None:
        pages = self.spool.pages(job.id)
        if any(p.state != "acked" for p in pages) or not pages:
            return
        done = cast(Link, self.link).finish(job.id, [p.sha256 for p in pages])
        self.spool.set_job(job.id, str(done["state"]), str(done["message"]))

    def _tell(self, job_id: str) -> None:
        """The job's state to the server, when it is news."""
        job = self.spool.job(job_id)
        if job is None or self.link is None:
            return
        pages = self.spool.last_safe(job_id)
        news = f"{job.state} {pages} {job.message}"
        if news != job.told:
            self.link.report(job_id, job.state, pages, job.message)
            self.spool.set_told(job_id, news)

    def _rest(self, failures: int, error: Exception) -> None:
        log.warning("server: %s", error)
        self.stop.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    def _guarded(self, part: Callable[[], None]) -> None:
        try:
            part()
        except BaseException:
            log.exception("a part of the station ended")
            self.stop.set()
            raise


def _may_come_anew(page: SpooledPage, last: SpooledPage, job: SpooledJob) -> bool:
    """What the server has it keeps: a page that may still be scanned again is not sent yet.

    A front whose back may jam; backs that may turn out not to pair; two sheets stuck together. Nor
    is one that may be secret, until a person said it is not.
    """
    if STAMPED in page.flags:
        return True
    if job.state == "scanned":
        return False
    if job.profile.manual_duplex:
        return page.side == "back"
    lone = job.profile.duplex and page is last and page.side == "front"
    return lone or (page.sheet == last.sheet and "double_feed" in last.flags)
