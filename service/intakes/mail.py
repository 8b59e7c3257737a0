# SPDX-License-Identifier: Apache-2.0
"""One mail, however it came: taken apart in the sandbox, each paper handed to intake.

Done twice it leaves the same papers: intake knows each attachment by its content, which holds for
a mail delivered twice (same Message-ID) as for a paper sent in two mails. A bad attachment is set
aside and told; the others, and the sender's next mail, go on.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from service.intakes import unpacking
from service.intakes.feeding import Feeder, Refusal, erase
from service.intakes.unpacking import MAX_PARTS, Part, Verdict
from workflows.errors import DamagedDocument, HostileDocument, SohoaError
from workflows.opening import ROOM
from workflows.ports.sandbox import Limits, Sandbox

log = structlog.get_logger(__name__)
UNPACKING = Path(unpacking.__file__).resolve()
LIMITS = Limits(wall_s=60, cpu_s=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """A mail taken apart; the parts' bytes lie in `room` until it is left."""

    sender: str
    parts: tuple[Part, ...]
    room: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of a mail: papers received, and whether a person must look at it."""

    received: int
    set_aside: int
    secret: bool


KeepAside = Callable[[Path | None, str, str], None]
"""(bytes of the attachment, its name, the reason): put it where a person will see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDelivery:
    """Unpacks with `sandbox`, in folders under `scratch`, and feeds."""

    sandbox: Sandbox
    scratch: Path
    feeder: Feeder

    def deliver(
        self, message: Path, *, account: str, keep_aside: KeepAside, again: bool = False
    ) -> Delivered | None:
        """Every paper of the mail. None: asked to stop; the mail is not done.

        Raises `SohoaError` and OSError for what is no fault of the mail.
        """
        try:
            return self._parts(message, account, keep_aside, again=again)
        except (DamagedDocument, HostileDocument) as error:
            refused = self._told("", f"{error.shown} {error.remedy}", account, error.code)
        except (SohoaError, OSError):
            raise
        except Exception:
            log.exception("mail delivery failed")
            refused = self._told(
                "", "Lỗi không lường trước khi mở thư; báo quản trị.", account, "loi"
            )
        keep_aside(message, "thu-dien-tu.eml", refused.reason)
        return Delivered(received=0, set_aside=1, secret=False)

    def _parts(
        self, message: Path, account: str, keep_aside: KeepAside, *, again: bool
    ) -> Delivered | None:
        received = set_aside = 0
        secret = False
        with self.unpacked(message) as mail:
            for part in mail.parts:
                if part.verdict is Verdict.IGNORED:
                    continue
                path = mail.room / part.file if part.file else None
                refused: Refusal | None = None
                if path is None or part.verdict is Verdict.REFUSED:
                    refused = self._told(part.name, part.reason, account)
                else:
                    ended = self.feeder.hand_over(path, part.name, account=account, again=again)
                    if ended is None:
                        return None
                    refused = ended if isinstance(ended, Refusal) else None
                if refused is None:
                    received += 1
                elif refused.secret and path is not None:
                    secret = True
                    erase(path)
                else:
                    set_aside += 1
                    keep_aside(path, part.name, refused.reason)
        return Delivered(received=received, set_aside=set_aside, secret=secret)

    @contextmanager
    def unpacked(self, message: Path) -> Iterator[Unpacked]:
        """Raises `HostileDocument` (ran into a limit), `DamagedDocument` (no mail at all)."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        message = message.resolve()
        with tempfile.TemporaryDirectory(prefix=ROOM, dir=self.scratch.resolve()) as name:
            room = Path(name)
            ran = self.sandbox.run(
                [sys.executable, str(UNPACKING), str(message), str(room)],
                read=[message, UNPACKING],  # one file: the doors' code is not shown to a child
                out=room,
                limits=LIMITS,
            )
            if ran.killed:
                raise HostileDocument(f"mail: killed by the {ran.killed} limit")
            try:
                mail = _believed(room)
            except (OSError, ValueError, KeyError, TypeError) as error:
                tail = ran.stderr[-300:].decode("utf-8", "replace")
                raise DamagedDocument(f"mail: rc {ran.returncode} {error!r} {tail}") from error
            yield mail

    def _told(
        self, name: str, reason: str, account: str, code: str = "khong_phai_tai_lieu"
    ) -> Refusal:
        self.feeder.journal.set_aside(
            name, unit_id=self.feeder.unit_of(account), code=code, reason=reason
        )
        return Refusal(code=code, reason=f"{reason} [{code}]")


def _believed(room: Path) -> Unpacked:
    """The child's answer, every value checked: it has read foreign bytes."""
    told = json.loads((room / "unpacked.json").read_text("utf-8"))
    parts = []
    for row in told["parts"][: MAX_PARTS + 2]:
        part = Part(
            name=str(row["name"])[:200],
            verdict=Verdict(row["verdict"]),
            reason=str(row["reason"])[:500],
            file=str(row["file"]),
        )
        if part.file and not (part.file.isdigit() and _plain(room / part.file)):
            raise ValueError(part.file)
        parts.append(part)
    return Unpacked(
        sender=str(told["sender"])[:300],
        parts=tuple(parts),
        room=room,
    )


def _plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
