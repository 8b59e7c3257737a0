# SPDX-License-Identifier: Apache-2.0
"""Trạm quét: a desk PC with a scanner, the jobs it is given and the pages it sends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Known by its own Ed25519 key after pairing; `code_sha256` is of the one-time code before."""

    id: str
    name: str
    unit_id: str
    created_by: str
    created_at: dt.datetime
    code_sha256: str | None = None
    code_until: dt.datetime | None = None
    code_tries: int = 0
    public_key: str | None = None  # 32 bytes as hex
    paired_at: dt.datetime | None = None
    revoked_at: dt.datetime | None = None
    seen_at: dt.datetime | None = None
    told: Mapping[str, Any] = field(default_factory=dict)  # version, devices, free space


class JobState(StrEnum):
    """Of a scan job, as the station last told it."""

    WAITING = "waiting"  # chờ trạm nhận
    SCANNING = "scanning"  # đang quét
    PAUSED = "paused"  # dừng: kẹt giấy, kéo đúp, nắp mở
    SCANNED = "scanned"  # đã quét hết, đang gửi
    REVIEW = "review"  # mọi trang đã về, chờ người quét xem lại: thiếu tờ, kéo đúp, trùng trang
    DELIVERED = "delivered"  # đã thành Document
    REFUSED = "refused"  # trang đã nhận nhưng không thành Document được
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset(
    {JobState.WAITING, JobState.SCANNING, JobState.PAUSED, JobState.SCANNED, JobState.REVIEW}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanJob:
    """One press of the scan button. `order`: what the clerk wants next, "", resume, rescan, cancel.

    `rescan`: the sheet that came last goes through once more (two may have stuck together).
    """

    id: str
    station_id: str
    unit_id: str
    created_by: str
    created_at: dt.datetime
    profile: Mapping[str, Any]
    state: JobState = JobState.WAITING
    order: str = ""
    message: str = ""
    pages: int = 0
    declared_sheets: int | None = None
    batch_id: str | None = None
    scan_ids: tuple[str, ...] = ()
    changed_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """One page image the server holds for a job until the job becomes Documents."""

    job_id: str
    seq: int
    sha256: str
    size: int
    path: str
    received_at: dt.datetime
    sheet: int = 0
    side: str = "front"
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Where the pages of one scanned Document lay: sheets, sides, what was noticed of each.

    `pages`: one mapping a page of the file, in order: `seq`, `sheet`, `side`, `variant` (0, or how
    many images of this side came before), `flags`. `dossier`: the code on the verified slip that
    lay before it, a Filing proposed and not made.
    """

    document_id: str
    job_id: str
    pages: tuple[Mapping[str, Any], ...]
    dossier: str | None = None

    def said_blank(self, number: int) -> bool | None:
        """What a person said of page `number` (from 1): blank, not blank, or nothing."""
        flags = self.pages[number - 1]["flags"] if 0 < number <= len(self.pages) else ()
        return True if "parked" in flags else False if "restored" in flags else None
