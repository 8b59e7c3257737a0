# SPDX-License-Identifier: Apache-2.0
"""All declared intakes in one process, each in a thread of its own.

One that fails (a share that went away, a mail server that is down) says so in its journal and is
started again after a while; the others go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from scanner_drivers.folder import HotFolder
from service.intakes.feeding import Feeder
from service.intakes.ftp_drop import FtpDrop
from service.intakes.hot_folder import FolderFeed
from service.intakes.journal import Journal
from service.intakes.mail import MailDelivery
from service.intakes.mailbox import Mailbox
from service.intakes.smtp_drop import MailRoom, SmtpDrop
from service.intakes.sources import FolderSource, SmtpSource, Sources
from service.wiring import Workstation
from workflows.errors import SohoaError
from workflows.intake import Source

log = structlog.get_logger(__name__)
RESTART_S = 10.0


class Feed(Protocol):
    def run(self, stop: threading.Event) -> None:
        """Works until `stop`; whatever it raises is told and it is run again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Intaking:
    """One intake to run: made anew after each failure, so that nothing stale is kept."""

    make: Callable[[], Feed]
    journal: Journal

    def run(self, stop: threading.Event, restart_s: float = RESTART_S) -> None:
        while not stop.is_set():
            try:
                self.make().run(stop)
            except SohoaError as error:
                self.journal.trouble(error.code, f"{error.shown} {error.remedy}")
            except OSError as error:
                self.journal.trouble("nguon_khong_mo_duoc", f"Không dùng được nguồn: {error}.")
            except Exception as error:
                log.exception("intake ended")
                self.journal.trouble("loi", f"{type(error).__name__}: {error}")
            stop.wait(restart_s)


def run(station: Workstation, sources: Sources, stop: threading.Event) -> None:
    """Every declared intake until `stop`."""
    threads = [
        threading.Thread(target=i.run, args=(stop,), name=i.journal.name, daemon=True)
        for i in intakes(station, sources, stop)
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        # one that hangs in the kernel (a dead share) is left behind: what it holds is on disk
        thread.join(timeout=5)


def intakes(station: Workstation, sources: Sources, stop: threading.Event) -> Iterator[Intaking]:
    for name, folder in sources.folder.items():
        feeder = feeder_of(station, "folder", name, "hot_folder", stop)
        yield Intaking(make=_folder(folder, feeder), journal=feeder.journal)
    for name, mailbox in sources.mailbox.items():
        feeder = feeder_of(station, "mailbox", name, "email", stop)
        made = partial(Mailbox, mailbox, _delivery(station, feeder))
        yield Intaking(make=made, journal=feeder.journal)
    if (smtp := sources.smtp) is not None:
        feeder = feeder_of(station, "smtp", "smtp", "email", stop)
        yield Intaking(make=_smtp(station, smtp, feeder), journal=feeder.journal)
    if (ftp := sources.ftp) is not None:
        drops = {name: ftp_folder(station.settings.data_dir, name) for name in ftp.device}
        for name, device in ftp.device.items():
            feeder = feeder_of(station, "ftp", name, "ftp", stop)
            feed = partial(
                FolderFeed,
                folder=drops[name],
                feeder=feeder,
                accounts={"": device.account},
                urgent=device.urgent,
            )
            yield Intaking(make=feed, journal=feeder.journal)
        clock, room = station.intake.clock, journals(station.settings.data_dir)
        journal = Journal(room, "ftpd", "server", clock)
        places = {name: drop.folder for name, drop in drops.items()}
        yield Intaking(make=partial(FtpDrop, ftp, places, journal), journal=journal)


def feeder_of(
    station: Workstation, kind: str, name: str, source: Source, stop: threading.Event
) -> Feeder:
    clock = station.intake.clock
    return Feeder(
        intake=station.intake,
        database=station.database,
        clock=clock,
        journal=Journal(journals(station.settings.data_dir), kind, name, clock),
        source=source,
        stop=stop,
    )


def journals(data_dir: Path) -> Path:
    return data_dir / "intakes" / "journal"


def _folder(source: FolderSource, feeder: Feeder) -> Callable[[], FolderFeed]:
    def make() -> FolderFeed:
        if source.create:
            source.path.mkdir(parents=True, exist_ok=True)
        if not source.path.is_dir():
            raise FileNotFoundError(f"không có thư mục {source.path}")
        accounts: Mapping[str, str] = {"": source.account, **source.sub}
        return FolderFeed(
            folder=hot_folder(source), feeder=feeder, accounts=accounts, urgent=source.urgent
        )

    return make


def hot_folder(source: FolderSource) -> HotFolder:
    return HotFolder(
        source.path,
        routes=tuple(source.sub),
        stable_s=source.stable_s,
        give_up_s=source.give_up_s,
    )


def _smtp(station: Workstation, source: SmtpSource, feeder: Feeder) -> Callable[[], SmtpDrop]:
    room, delivery = mail_room(station.settings.data_dir), _delivery(station, feeder)
    return lambda: SmtpDrop(source, room, delivery)


def ftp_folder(data_dir: Path, device: str) -> HotFolder:
    """Where a device's uploads lie; the rooms are beside, out of the device's sight."""
    room = data_dir / "intakes" / "ftp" / device
    return HotFolder(room / "drop", rooms=room)


def mail_room(data_dir: Path) -> MailRoom:
    return MailRoom(data_dir / "intakes" / "smtp")


def _delivery(station: Workstation, feeder: Feeder) -> MailDelivery:
    scratch = station.settings.data_dir / "scratch"
    return MailDelivery(sandbox=station.sandbox, scratch=scratch, feeder=feeder)
