# SPDX-License-Identifier: Apache-2.0
"""The station's spool: a page is safe only after its bytes are whole, synced and written down.

Order (kept by kill tests): the driver writes `NNNN.part`, syncs, renames; the page is decoded; its
row is committed with `synchronous=FULL`; only then is "page n safe" said and the upload begun.
After a power cut whole files without a row are adopted, parts are deleted, rows without a file are
damage that is told and never hidden.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ocr.page import Pixels
from scanner_drivers.driver import PageEvent, ScanProfile
from scanner_drivers.pages import as_png, read_pnm, settle
from service.station.look import STAMPED, Look
from service.station.seal import Seal

KEEP_DAYS = 7
OVER = ("delivered", "refused", "failed", "cancelled")
MIN_FREE = 0.05  # of the disk: below this no new job begins

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
  id TEXT PRIMARY KEY, origin TEXT NOT NULL, device TEXT NOT NULL, profile TEXT NOT NULL,
  declared_sheets INTEGER, created_at TEXT NOT NULL, state TEXT NOT NULL,
  message TEXT NOT NULL DEFAULT '', told TEXT NOT NULL DEFAULT '', delivered_at TEXT,
  fronts INTEGER);
CREATE TABLE IF NOT EXISTS pages (
  job TEXT NOT NULL REFERENCES jobs(id), seq INTEGER NOT NULL, sheet INTEGER NOT NULL,
  side TEXT NOT NULL, flags TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, dpi REAL NOT NULL,
  state TEXT NOT NULL, safe_at TEXT NOT NULL, acked_at TEXT, PRIMARY KEY (job, seq));
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledJob:
    """`state`: scanning, paused, scanned, review, delivered, refused, failed, cancelled, erased.

    `fronts`: of a manual duplex whose stack was turned, how many fronts came before.
    """

    id: str
    origin: str  # server | station
    device: str
    profile: ScanProfile
    state: str
    created_at: str
    declared_sheets: int | None = None
    message: str = ""
    told: str = ""  # the state and page count the server has heard last
    delivered_at: str | None = None
    fronts: int | None = None

    def place(self, seq: int) -> tuple[int, str]:
        """(sheet, side) of image `seq`, where the driver does not know better."""
        if self.fronts is not None and seq > self.fronts:
            return max(0, 2 * self.fronts + 1 - seq), "back"
        if self.profile.duplex:
            return (seq + 1) // 2, "back" if seq % 2 == 0 else "front"
        return seq, "front"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledPage:
    """`state`: safe, acked, damaged, erased."""

    job: str
    seq: int
    sheet: int
    side: str
    flags: tuple[str, ...]
    file: str
    sha256: str
    bytes: int
    width: int
    height: int
    dpi: float
    state: str
    safe_at: str
    acked_at: str | None = None


class Spool:
    """One folder: `spool.db` and a folder of pages a job. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.seal = Seal(folder / "spool.key")
        self._looks: dict[str, Look] = {}
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            folder / "spool.db", isolation_level=None, check_same_thread=False, timeout=30
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=ON")
        self._db.executescript(_SCHEMA)
        if "fronts" not in {r["name"] for r in self._all("PRAGMA table_info(jobs)")}:
            self._db.execute("ALTER TABLE jobs ADD COLUMN fronts INTEGER")  # a spool of before

    def close(self) -> None:
        self._db.close()

    # jobs

    def open_job(self, job: SpooledJob) -> None:
        """Begin a job; the same job twice is once."""
        row = asdict(job) | {"profile": json.dumps(asdict(job.profile))}
        with self._commit() as db:
            db.execute(
                f"INSERT OR IGNORE INTO jobs ({','.join(row)}) VALUES ({','.join('?' * len(row))})",  # noqa: S608 - our own column names
                tuple(row.values()),
            )
        self.pages_folder(job.id).mkdir(exist_ok=True)

    def job(self, job_id: str) -> SpooledJob | None:
        row = self._one("SELECT * FROM jobs WHERE id = ?", job_id)
        return _job(row) if row else None

    def jobs(self, *states: str) -> list[SpooledJob]:
        """Oldest first; all when no state is named."""
        marks = ",".join("?" * len(states))
        where = f"WHERE state IN ({marks})" if states else ""
        return [_job(r) for r in self._all(f"SELECT * FROM jobs {where} ORDER BY rowid", *states)]  # noqa: S608

    def set_job(self, job_id: str, state: str, message: str = "") -> None:
        delivered = _now() if state in OVER else None
        if state != "scanning":
            self._looks.pop(job_id, None)
        with self._commit() as db:
            db.execute(
                "UPDATE jobs SET state = ?, message = ?,"
                " delivered_at = coalesce(?, delivered_at) WHERE id = ?",
                (state, message, delivered, job_id),
            )

    def turned(self, job_id: str, fronts: int) -> None:
        """All fronts of a manual duplex are in; what comes now are backs, the last one first."""
        with self._commit() as db:
            db.execute("UPDATE jobs SET fronts = ? WHERE id = ?", (fronts, job_id))

    def set_told(self, job_id: str, told: str) -> None:
        with self._commit() as db:
            db.execute("UPDATE jobs SET told = ? WHERE id = ?", (told, job_id))

    # pages

    def pages_folder(self, job_id: str) -> Path:
        return self.folder / job_id

    def keep(self, job_id: str, event: PageEvent) -> SpooledPage:
        """The driver's page becomes safe. Raises `ValueError` when its bytes are no whole image."""
        pixels = _whole(event.path, event.width, event.height)
        look = self._looks.setdefault(job_id, Look())
        page = SpooledPage(
            job=job_id,
            seq=event.seq,
            sheet=event.sheet,
            side=event.side,
            flags=(*event.flags, *look.flags(event, pixels)),
            file=event.path.name,
            sha256=event.sha256,
            bytes=event.path.stat().st_size,
            width=event.width,
            height=event.height,
            dpi=event.dpi,
            state="safe",
            safe_at=_now(),
        )
        self._write(page)
        return page

    def pages(self, job_id: str) -> list[SpooledPage]:
        return [
            _page(r) for r in self._all("SELECT * FROM pages WHERE job = ? ORDER BY seq", job_id)
        ]

    def pack(self, page: SpooledPage) -> SpooledPage:
        """A page kept raw becomes PNG before it travels; cut anywhere, one of the two is whole."""
        folder = self.pages_folder(page.job)
        raw = folder / page.file
        if raw.suffix != ".pnm":
            return page
        content = as_png(read_pnm(raw), page.dpi)
        packed = raw.with_suffix(".png")
        part = raw.with_suffix(".part")
        part.write_bytes(content)
        settle(part, packed)
        sha256 = hashlib.sha256(content).hexdigest()
        smaller = replace(page, file=packed.name, sha256=sha256, bytes=len(content))
        self._write(smaller)
        raw.unlink()
        return smaller

    def drop_after(self, job_id: str, last_safe: int) -> None:
        """Both sides of the sheet that jammed are scanned anew: the lone front goes."""
        for page in self.pages(job_id):
            if page.seq > last_safe:
                with self._commit() as db:
                    db.execute("DELETE FROM pages WHERE job = ? AND seq = ?", (job_id, page.seq))
                (self.pages_folder(job_id) / page.file).unlink(missing_ok=True)

    def clear(self, job_id: str) -> None:
        """A person at the device says that no page of this job is secret."""
        for page in self.pages(job_id):
            if STAMPED in page.flags:
                self._write(replace(page, flags=tuple(f for f in page.flags if f != STAMPED)))

    def drop_last_sheet(self, job_id: str) -> None:
        """It goes through once more; a page the server has stays as it is."""
        pages = self.pages(job_id)
        last = [p for p in pages if p.sheet == pages[-1].sheet]
        if last and all(p.state == "safe" for p in last):
            self.drop_after(job_id, last[0].seq - 1)

    def last_safe(self, job_id: str) -> int:
        row = self._one("SELECT max(seq) AS last FROM pages WHERE job = ?", job_id)
        return int(row["last"] or 0) if row else 0

    def content(self, page: SpooledPage) -> bytes:
        """The bytes as scanned; raises `OSError` or `ValueError` when they are not those."""
        path = self.pages_folder(page.job) / page.file
        data = path.read_bytes() if path.exists() else self.seal.open(_sealed(path).read_bytes())
        if hashlib.sha256(data).hexdigest() != page.sha256:
            raise ValueError(f"page {page.seq} of {page.job} is not what was scanned")
        return data

    def acked(self, page: SpooledPage) -> None:
        with self._commit() as db:
            db.execute(
                "UPDATE pages SET state = 'acked', acked_at = ? WHERE job = ? AND seq = ?",
                (_now(), page.job, page.seq),
            )

    def damaged(self, page: SpooledPage) -> None:
        self._state(page, "damaged")

    def unsent(self) -> int:
        row = self._one("SELECT count(*) AS n FROM pages WHERE state = 'safe'")
        return int(row["n"]) if row else 0

    # after a start, and once a day

    def recover(self) -> list[SpooledJob]:
        """After a power cut: parts go, whole pages are adopted, lost files are marked.

        Returns the jobs that were being scanned: they are paused now, and go on from the sheet
        after their last safe page when the clerk says so.
        """
        for job in self.jobs():
            if job.delivered_at is None and job.state != "erased":
                self._recover_pages(job)
        broken = self.jobs("scanning")
        for job in broken:
            self.set_job(job.id, "paused", "Trạm vừa khởi động lại.")
        return [replace(job, state="paused") for job in broken]

    def sweep(self, now: dt.datetime) -> None:
        """Seal what is over; erase what has been over for more than KEEP_DAYS."""
        for job in self.jobs(*OVER):
            old = dt.datetime.fromisoformat(job.delivered_at or _now())
            if now - old > dt.timedelta(days=KEEP_DAYS):
                self.erase(job.id)
            else:
                self._seal_pages(job.id)

    def erase(self, job_id: str) -> None:
        """Overwrite and remove the images of a job (cards and secret papers: at once)."""
        folder = self.pages_folder(job_id)
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.is_file():
                with path.open("r+b") as file:
                    file.write(b"\0" * path.stat().st_size)
                    file.flush()
                    os.fsync(file.fileno())
            _remove(path)
        if folder.is_dir():
            folder.rmdir()
        with self._commit() as db:
            db.execute("UPDATE pages SET state = 'erased' WHERE job = ?", (job_id,))
            db.execute("UPDATE jobs SET state = 'erased' WHERE id = ?", (job_id,))

    def free_share(self) -> float:
        usage = shutil.disk_usage(self.folder)
        return usage.free / usage.total

    def _recover_pages(self, job: SpooledJob) -> None:
        folder = self.pages_folder(job.id)
        folder.mkdir(exist_ok=True)
        known = {p.seq: p for p in self.pages(job.id)}
        for path in sorted(folder.iterdir()):
            if path.suffix == ".sealed":
                continue
            if path.suffix not in (".png", ".pnm"):
                _remove(path)  # .part, and the room of a driver that died with us
            elif int(path.stem) not in known:
                self._adopt(job, path)
            elif known[int(path.stem)].file != path.name:
                _remove(path)  # packing was cut short: the row says which of the two counts
        for page in known.values():
            path = folder / page.file
            if page.state == "safe" and not path.exists() and not _sealed(path).exists():
                self.damaged(page)

    def _adopt(self, job: SpooledJob, path: Path) -> None:
        content = path.read_bytes()
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        if picture is None:
            path.replace(path.with_suffix(".damaged"))
            return
        sheet, side = job.place(int(path.stem))
        event = PageEvent(
            seq=int(path.stem),
            path=path,
            sha256=hashlib.sha256(content).hexdigest(),
            width=picture.shape[1],
            height=picture.shape[0],
            dpi=float(job.profile.dpi),
            mode=job.profile.mode,
            sheet=sheet,
            side=side,
            flags=("adopted",),
        )
        self.keep(job.id, event)

    def _seal_pages(self, job_id: str) -> None:
        folder = self.pages_folder(job_id)
        for path in sorted(folder.glob("*.p?[gm]")) if folder.is_dir() else ():
            sealed = _sealed(path)
            part = sealed.with_suffix(".part")
            part.write_bytes(self.seal.close(path.read_bytes()))
            settle(part, sealed)
            path.unlink()

    def _write(self, page: SpooledPage) -> None:
        row = asdict(page) | {"flags": ",".join(page.flags)}
        with self._commit() as db:
            db.execute(
                f"INSERT OR REPLACE INTO pages ({','.join(row)})"  # noqa: S608 - our own columns
                f" VALUES ({','.join('?' * len(row))})",
                tuple(row.values()),
            )

    def _state(self, page: SpooledPage, state: str) -> None:
        with self._commit() as db:
            db.execute(
                "UPDATE pages SET state = ? WHERE job = ? AND seq = ?", (state, page.job, page.seq)
            )

    @contextmanager
    def _commit(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _all(self, query: str, *values: Any) -> Sequence[sqlite3.Row]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def _one(self, query: str, *values: Any) -> sqlite3.Row | None:
        found = self._all(query, *values)
        return found[0] if found else None


def _whole(path: Path, width: int, height: int) -> Pixels:
    """The page, RGB or grey; decoding it is the proof that it is whole."""
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.shape[:2] != (height, width):
        raise ValueError(f"{path.name} is no whole image of {width}x{height}")
    small = picture if picture.dtype == np.uint8 else cv2.convertScaleAbs(picture, alpha=1 / 257)
    return np.asarray(
        small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8
    )


def _sealed(path: Path) -> Path:
    return path.with_suffix(".sealed")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()


def _job(row: sqlite3.Row) -> SpooledJob:
    return SpooledJob(**dict(row) | {"profile": ScanProfile(**json.loads(row["profile"]))})


def _page(row: sqlite3.Row) -> SpooledPage:
    return SpooledPage(**dict(row) | {"flags": tuple(f for f in row["flags"].split(",") if f)})
