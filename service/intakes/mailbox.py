# SPDX-License-Identifier: Apache-2.0
"""A watched mailbox: IMAP over TLS (RFC 3501, RFC 8314), to the configured server only.

A message is moved out of the inbox only after intake acknowledged its papers; a crash before
leaves it where it is looked at again. Moving, not flagging: every server can do it and every
person sees it.
"""

from __future__ import annotations

import datetime as dt
import imaplib
import re
import ssl
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog

from service.intakes.mail import Delivered, MailDelivery
from service.intakes.sources import MailboxSource, account_for
from service.intakes.tries import MOST, REASON, Tries
from workflows.errors import Unavailable
from workflows.opening import ROOM

log = structlog.get_logger(__name__)
TIMEOUT_S = 30.0
_NOT_LISTED = "Người gửi không có trong danh sách được gửi. Thư nằm ở hộp {aside}."
_TOO_LARGE = "Thư lớn hơn {limit} MB nên không lấy về. Người gửi chia nhỏ rồi gửi lại."
_KEPT = "Thư nằm ở hộp {aside}."


class Mailbox:
    """Looks every so often and delivers what is new, oldest first."""

    def __init__(self, source: MailboxSource, delivery: MailDelivery) -> None:
        self._source, self._delivery = source, delivery
        self._generation = ""
        self._ended: dict[bytes, Delivered] = {}
        """Delivered, but the server went away before the move: not taken apart again."""

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Raises `Unavailable` or OSError: no server, no TLS, a wrong password."""
        while not stop.is_set():
            self.look(stop)
            stop.wait(self._source.every_s)

    def look(self, stop: threading.Event) -> None:
        """Once: connect, deliver every message, move it, disconnect."""
        journal = self._delivery.feeder.journal
        with self._connected() as imap:
            waiting = list(self._waiting(imap))
            oldest = min((since for _, _, since in waiting), default=None)
            journal.pending(len(waiting), oldest)
            journal.well()
            for number, (uid, size, _) in enumerate(waiting, start=1):
                if stop.is_set():
                    return
                ended = self._ended.get(uid) or self._tried(imap, uid, size)
                if ended is None:
                    return
                self._ended[uid] = ended
                well = not ended.set_aside and not ended.secret
                self._move(imap, uid, self._source.done if well else self._source.aside)
                del self._ended[uid]
                left = waiting[number:]
                journal.pending(len(left), min((since for _, _, since in left), default=None))

    def _tried(self, imap: imaplib.IMAP4, uid: bytes, size: int) -> Delivered | None:
        self._delivery.scratch.mkdir(parents=True, exist_ok=True)
        key = f"{self._delivery.feeder.journal.name}-{self._generation}-{uid.decode()}"
        with Tries(self._delivery.scratch).of(key) as number:
            return self._refused(REASON) if number > MOST else self._deliver(imap, uid, size)

    def _deliver(self, imap: imaplib.IMAP4, uid: bytes, size: int) -> Delivered | None:
        source, feeder = self._source, self._delivery.feeder
        if size > source.max_bytes:
            return self._refused(_TOO_LARGE.format(limit=source.max_bytes >> 20))
        with tempfile.TemporaryDirectory(prefix=ROOM, dir=self._delivery.scratch) as room:
            message = Path(room) / "message.eml"
            message.write_bytes(_fetched(imap, uid))
            account: str | None = source.account
            if source.senders:
                with self._delivery.unpacked(message) as mail:
                    account = account_for(mail.sender, source.senders)
            if account is None:
                return self._refused(_NOT_LISTED.format(aside=source.aside))
            feeder.journal.beat()
            return self._delivery.deliver(message, account=account, keep_aside=_stays_in_the_mail)

    def _refused(self, reason: str) -> Delivered:
        feeder = self._delivery.feeder
        unit_id = feeder.unit_of(self._source.account)
        feeder.journal.set_aside("", unit_id=unit_id, code="khong_phai_tai_lieu", reason=reason)
        return Delivered(received=0, set_aside=1, secret=False)

    @contextmanager
    def _connected(self) -> Iterator[imaplib.IMAP4]:
        source = self._source
        context = ssl.create_default_context(cafile=source.ca_file)
        imap: imaplib.IMAP4
        if source.starttls:
            imap = imaplib.IMAP4(source.host, source.port, timeout=TIMEOUT_S)
        else:
            imap = imaplib.IMAP4_SSL(
                source.host, source.port, ssl_context=context, timeout=TIMEOUT_S
            )
        try:
            if source.starttls:
                imap.starttls(context)
            imap.login(source.user, source.password_file.read_text("utf-8").strip())
            self._select(imap)
            yield imap
        except imaplib.IMAP4.error as error:
            said = str(error)[:200]
            raise Unavailable(
                said, message=f"Máy chủ thư {source.host} từ chối: {said}."
            ) from error
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                imap.logout()

    def _select(self, imap: imaplib.IMAP4) -> None:
        for name in (self._source.done, self._source.aside):
            imap.create(_quoted(name))  # NO where it is there already
        _ok(imap.select(_quoted(self._source.folder)))
        # uids mean something only together with this number (RFC 3501, 2.3.1.1)
        (told, *_) = imap.response("UIDVALIDITY")[1] or [None]
        generation = told.decode("ascii", "replace") if isinstance(told, bytes) else ""
        if generation != self._generation:
            self._generation = generation
            self._ended.clear()

    def _waiting(self, imap: imaplib.IMAP4) -> Iterator[tuple[bytes, int, dt.datetime]]:
        """(uid, bytes, when it came), oldest first."""
        (found, *_) = _ok(imap.uid("SEARCH", "UNDELETED"))
        for uid in found.split() if isinstance(found, bytes) else ():
            (row, *_) = _ok(imap.uid("FETCH", uid.decode(), "(RFC822.SIZE INTERNALDATE)"))
            facts = row if isinstance(row, bytes) else b""
            size = re.search(rb"RFC822\.SIZE (\d+)", facts)
            if size is None:  # somebody else took it meanwhile
                continue
            came = re.search(rb'INTERNALDATE "([^"]+)"', facts)
            yield uid, int(size[1]), _moment(came[1].decode() if came else "")

    def _move(self, imap: imaplib.IMAP4, uid: bytes, target: str) -> None:
        number = uid.decode()
        # asked now: what a server offers before the sign-in is less
        able = b" ".join(_ok(imap.capability())).upper().split()
        if b"MOVE" in able:  # RFC 6851
            _ok(imap.uid("MOVE", number, _quoted(target)))
            return
        _ok(imap.uid("COPY", number, _quoted(target)))
        _ok(imap.uid("STORE", number, "+FLAGS.SILENT", r"(\Deleted)"))
        if b"UIDPLUS" in able:  # else EXPUNGE would take what others marked too
            _ok(imap.uid("EXPUNGE", number))


def _stays_in_the_mail(content: Path | None, name: str, reason: str) -> None:
    """Nothing to keep: the mail itself is moved to where a person sees it."""


def _fetched(imap: imaplib.IMAP4, uid: bytes) -> bytes:
    """PEEK: looking must not mark it as read."""
    for row in _ok(imap.uid("FETCH", uid.decode(), "(BODY.PEEK[])")):
        if isinstance(row, tuple):
            return bytes(row[1])
    raise Unavailable("no body", message="Máy chủ thư không trả nội dung thư.")


def _ok(answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
    kind, rows = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(str(rows[0])[:200])
    return rows


def _moment(said: str) -> dt.datetime:
    try:
        return dt.datetime.strptime(said.strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(dt.UTC)
    except ValueError:
        return dt.datetime.now(dt.UTC)


def _quoted(name: str) -> str:
    """RFC 3501 quoted string; names outside ASCII in modified UTF-7 (5.1.3)."""
    encoded = _utf7(name)
    return '"' + encoded.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _utf7(name: str) -> str:
    import base64

    def run(match: re.Match[str]) -> str:
        if match[0] == "&":
            return "&-"
        packed = base64.b64encode(match[0].encode("utf-16-be")).decode().rstrip("=")
        return f"&{packed.replace('/', ',')}-"

    return re.sub(r"&|[^\x20-\x7e]+", run, name)
