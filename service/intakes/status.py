# SPDX-License-Identifier: Apache-2.0
"""How every declared intake fares, for the doctor, `/health/ready`, the metrics and the screen.

Told from outside the intakes' process, so that a dead or hanging one is seen too: what waits is
counted where it lies.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.config import Settings
from service.intakes.journal import Event, Record, read_record
from service.intakes.running import ftp_folder, hot_folder, journals, mail_room
from service.intakes.sources import FolderSource, declared
from workflows.ports.clock import VIETNAM

LONGEST_WAIT_S = 300.0
"""f05: what lies longer than five minutes is an alarm."""
LONGEST_SILENCE_S = 300.0
LOOK_S = 2.0
_looking: dict[Path, threading.Thread] = {}
"""At most one look a folder hangs, however often health is asked."""
KINDS = {
    "folder": "Thư mục nóng",
    "mailbox": "Hộp thư",
    "smtp": "Nhận thư",
    "ftp": "FTP",
    "ftpd": "Máy chủ FTP",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeStatus:
    """One intake now. Ages in seconds; `pending` files or messages not yet handed over."""

    kind: str
    name: str
    running: bool
    pending: int
    oldest_pending_s: float
    set_aside: int
    succeeded_at: str
    trouble_code: str
    trouble: str
    events: tuple[Event, ...]

    @property
    def title(self) -> str:
        return f"{KINDS[self.kind]} {self.name}"

    @property
    def good(self) -> bool:
        return not self.trouble_code and self.oldest_pending_s <= LONGEST_WAIT_S

    @property
    def advice(self) -> str:
        """One Vietnamese sentence for who mends it; no file names, anybody may read it."""
        said = []
        if self.trouble:
            said.append(self.trouble)
        if self.oldest_pending_s > LONGEST_WAIT_S:
            minutes = int(self.oldest_pending_s // 60)
            said.append(f"{self.pending} tệp chờ, lâu nhất {minutes} phút")
        if not self.running:
            said.append("chưa chạy (`sohoa serve`)")
        if self.set_aside:
            said.append(f"{self.set_aside} tệp để riêng, có kèm lý do")
        if self.succeeded_at:
            said.append(f"nhận gần nhất {on_screen(self.succeeded_at)}")
        return "; ".join(said) or "chưa nhận tệp nào"

    def as_json(self) -> dict[str, Any]:
        """Without file names: the readiness page asks for no password."""
        return {
            "kind": self.kind,
            "name": self.name,
            "ok": self.good,
            "running": self.running,
            "pending": self.pending,
            "oldest_pending_s": round(self.oldest_pending_s, 1),
            "set_aside": self.set_aside,
            "last_success": self.succeeded_at or None,
            "last_error": self.trouble_code or None,
        }


def on_screen(at: str) -> str:
    """A time of the journal as people here read it."""
    return f"{dt.datetime.fromisoformat(at).astimezone(VIETNAM):%d/%m/%Y %H:%M}"


def statuses(settings: Settings, now: dt.datetime) -> list[IntakeStatus]:
    """Every declared intake. Raises `InvalidValue` for a wrong declaration."""
    return list(_statuses(settings, now))


def _statuses(settings: Settings, now: dt.datetime) -> Iterator[IntakeStatus]:
    sources, room = declared(settings), journals(settings.data_dir)
    for name, folder in sources.folder.items():
        record = _record(room, "folder", name)
        since, aside, trouble = _looked_into(folder)
        yield _status(record, now, since, aside, trouble)
    for name in sources.mailbox:
        record = _record(room, "mailbox", name)
        since = []
        if record.pending_since:
            since = [dt.datetime.fromisoformat(record.pending_since).timestamp()] * record.pending
        yield _status(record, now, since, record.counts.get("set_aside", 0))
    for name in sources.ftp.device if sources.ftp else ():
        drop, record = ftp_folder(settings.data_dir, name), _record(room, "ftp", name)
        yield _status(record, now, drop.pending(), len(drop.quarantined_files()))
    if sources.ftp is not None:
        yield _status(_record(room, "ftpd", "server"), now, [], 0)
    if sources.smtp is not None:
        mails = mail_room(settings.data_dir)
        record = _record(room, "smtp", "smtp")
        yield _status(record, now, mails.pending(), len(mails.quarantined_files()))


def _looked_into(source: FolderSource) -> tuple[list[float], int, str]:
    """What waits since when, how many are set aside, and what is wrong with the folder.

    A dead network share does not refuse, it hangs; who asks for health must not hang with it.
    """
    found: list[tuple[list[float], int, str]] = []

    def look() -> None:
        try:
            watched = hot_folder(source)
            if source.path.is_dir():
                found.append((watched.pending(), len(watched.quarantined_files()), ""))
            else:
                found.append(([], 0, f"Không có thư mục {source.path}."))
        except OSError as error:
            found.append(([], 0, f"Không mở được thư mục: {error}."))

    stuck = _looking.get(source.path)
    if stuck is None or not stuck.is_alive():
        stuck = _looking[source.path] = threading.Thread(target=look, daemon=True)
        stuck.start()
        stuck.join(LOOK_S)
    return found[0] if found else ([], 0, f"Thư mục {source.path} không trả lời.")


def _record(room: Path, kind: str, name: str) -> Record:
    return read_record(room / f"{kind}-{name}.json") or Record(kind=kind, name=name)


def _status(
    record: Record, now: dt.datetime, since: list[float], aside: int, trouble: str = ""
) -> IntakeStatus:
    beat = dt.datetime.fromisoformat(record.beat_at) if record.beat_at else None
    return IntakeStatus(
        kind=record.kind,
        name=record.name,
        running=beat is not None and (now - beat).total_seconds() <= LONGEST_SILENCE_S,
        pending=len(since) or record.pending,
        oldest_pending_s=max(0.0, now.timestamp() - since[0]) if since else 0.0,
        set_aside=aside,
        succeeded_at=record.succeeded_at,
        trouble_code=record.trouble_code or ("nguon_khong_mo_duoc" if trouble else ""),
        trouble=record.trouble or trouble,
        events=record.events,
    )
