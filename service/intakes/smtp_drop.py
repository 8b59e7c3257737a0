# SPDX-License-Identifier: Apache-2.0
"""A mail server that takes and never relays: "scan to e-mail" of multifunction printers.

The answer 250 is given only when the mail lies durably in `taken/`; what its attachments are is
looked at afterwards, so that a device never waits for a reading. RFC 5321, RFC 1870 (SIZE).
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from service.intakes.feeding import erase
from service.intakes.mail import MailDelivery
from service.intakes.sources import SmtpSource, account_for, is_inside
from service.intakes.tries import CODE, MOST, REASON, Tries
from storage.objects.disk import make_folder, sync_folder, write_synced

log = structlog.get_logger(__name__)
LOOK_S = 1.0


class MailRoom:
    """Mails taken and not yet done, and attachments set aside, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._part, self.taken = folder / "part", folder / "taken"
        self.quarantined = folder / "quarantine"

    def prepare(self) -> None:
        """Make the rooms and sweep what an interrupted delivery left: it was not acknowledged."""
        for room in (self._part, self.taken, self.quarantined):
            make_folder(room)
        for part in self._part.iterdir():
            part.unlink()

    def put(self, sender: str, content: bytes) -> Path:
        """Durable once it returns; the sender stands in front, as RFC 5321, 4.4 has it."""
        digest = hashlib.sha256(content).hexdigest()[:16]
        name = f"{time.time_ns():020d}-{digest}.eml"
        whole = f"Return-Path: <{sender}>\r\n".encode() + content
        write_synced(self._part / name, iter([whole]), mode=0o600)
        target = (self._part / name).rename(self.taken / name)
        sync_folder(self.taken)
        return target

    def waiting(self) -> list[Path]:
        if not self.taken.is_dir():
            return []
        return sorted(p for p in self.taken.iterdir() if not p.name.startswith("."))

    def keep_aside(self, content: Path | None, name: str, reason: str) -> None:
        """Once for the same content, however often the mail is gone through."""
        data = content.read_bytes() if content else reason.encode()
        digest = hashlib.sha256(data).hexdigest()[:12]
        target = self.quarantined / f"{digest}-{Path(name).name[-100:] or 'thu-dien-tu'}"
        target.with_name(target.name + ".txt").write_text(reason + "\n", "utf-8")
        if content is not None:
            target.write_bytes(data)

    def quarantined_files(self) -> list[Path]:
        if not self.quarantined.is_dir():
            return []
        return sorted(p for p in self.quarantined.iterdir() if p.suffix == ".txt")

    def pending(self) -> list[float]:
        """When each waiting mail came, seconds since 1970, oldest first."""
        return [int(p.name.partition("-")[0]) / 1e9 for p in self.waiting()]


def sender_of(message: Path) -> str:
    """As `MailRoom.put` wrote it."""
    with message.open("rb") as file:
        first = file.readline(2000).decode("utf-8", "replace")
    return first.removeprefix("Return-Path: <").rstrip("\r\n").removesuffix(">")


class _Door:
    """aiosmtpd's handler: who may send, and the durable answer."""

    def __init__(self, source: SmtpSource, room: MailRoom, wake: threading.Event) -> None:
        self._source, self._room, self._wake = source, room, wake

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        peer = str(session.peer[0]) if session.peer else ""
        if not is_inside(peer, self._source.networks):
            return "550 5.7.1 Your network may not send here"
        if account_for(address, self._source.senders) is None:
            return "550 5.7.1 This sender is not on the list"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        if not isinstance(content, bytes) or envelope.mail_from is None:
            return "554 5.6.0 No content"
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(None, self._room.put, envelope.mail_from, content)
        except OSError as error:
            log.warning("smtp drop cannot store", error=type(error).__name__)
            return "452 4.3.1 Insufficient storage, try again later"
        self._wake.set()
        return "250 OK, taken"


class SmtpDrop:
    """The server and the feeding of what it took."""

    def __init__(self, source: SmtpSource, room: MailRoom, delivery: MailDelivery) -> None:
        self._source, self._room, self._delivery = source, room, delivery

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Raises OSError when the port is taken."""
        self._room.prepare()
        left = {p.name for p in self._room.waiting()}
        wake = threading.Event()
        controller = self._controller(_Door(self._source, self._room, wake))
        try:
            controller.start()
            while not stop.is_set():
                for message in self._room.waiting():
                    with Tries(self._room.taken).of(message.name) as number:
                        if number > MOST:
                            self._give_up(message)
                        elif not self._deliver(message, again=message.name in left):
                            return
                self._delivery.feeder.journal.well()
                wake.wait(LOOK_S)
                wake.clear()
        finally:
            controller.stop(no_assert=True)

    def _deliver(self, message: Path, *, again: bool) -> bool:
        account = account_for(sender_of(message), self._source.senders)
        if account is None:  # taken off the list since
            self._room.keep_aside(message, message.name, "Người gửi không còn trong danh sách.")
            message.unlink()
            return True
        done = self._delivery.deliver(
            message, account=account, keep_aside=self._room.keep_aside, again=again
        )
        if done is None:
            return False
        if done.secret:
            erase(message)
        message.unlink(missing_ok=True)
        return True

    def _give_up(self, message: Path) -> None:
        feeder = self._delivery.feeder
        account = account_for(sender_of(message), self._source.senders) or ""
        feeder.journal.set_aside("", unit_id=feeder.unit_of(account), code=CODE, reason=REASON)
        self._room.keep_aside(message, message.name, REASON)
        message.unlink()

    def _controller(self, door: _Door) -> Controller:
        options: dict[str, Any] = {
            "data_size_limit": self._source.max_bytes,
            "enable_SMTPUTF8": True,
            "ident": "Sohoa",
            "timeout": 120,
        }
        if self._source.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._source.certificate, self._source.key)
            options |= {"tls_context": context, "require_starttls": self._source.require_tls}
        return Controller(
            door,
            hostname=self._source.host,
            port=self._source.port,
            ready_timeout=30,
            **options,
        )
