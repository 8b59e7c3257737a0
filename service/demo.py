# SPDX-License-Identifier: Apache-2.0
"""`sohoa demo`: accounts, and sample papers that go the whole road before the doors open.

Everything runs through the same stages as real work, on the same database; only the clerk's
hand is played. A second call finds its own traces and does nothing.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from service.config import Settings
from service.samples import DemoPaper, demo_set, make_sample
from service.setup import prepare
from service.station.link import Identity, private_key, remember
from service.wiring import Workstation, assemble
from storage.database import SqlDatabase
from storage.engine import MemoryEngine
from workflows.audit import SYSTEM
from workflows.domain.document import DocumentState
from workflows.domain.dossier import Dossier, FilingOrigin, FilingRole
from workflows.domain.unit import EVERYWHERE, Actor, Role, actor_of
from workflows.errors import InvalidValue
from workflows.filing import NewDossier
from workflows.intake import Arrival
from workflows.ports.clock import SystemClock

UNIT = "commune-21907-2025"  # phường Bình Định, tỉnh Gia Lai
ACCOUNTS = (
    ("canbo", "Nguyễn Thị Mẫu", (Role.RECEIVER, Role.DIGITIZER, Role.CHECKER)),
    ("kiemtra", "Trần Văn Thử", (Role.CHECKER, Role.SIGNER, Role.ARCHIVIST)),
    ("giamsat", "Lê Thị Xem", (Role.AUDITOR,)),
    ("quantri", "Phạm Văn Quản", (Role.ADMIN,)),
)
LEFT_OPEN = 3
"""So many papers at the end are left for the visitor to sign and confirm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """The accounts made, and how many papers went how far."""

    passwords: dict[str, str]
    key: str
    stored: int
    waiting: int

    def lines(self) -> Iterator[str]:
        yield f"Giấy tờ mẫu: {self.stored} đã lưu, {self.waiting} chờ bạn ký và xác nhận."
        for name, password in self.passwords.items():
            yield f"  tài khoản {name:8} mật khẩu {password}"
        yield f"  khóa API {self.key}"


def seed(settings: Settings) -> Seeded:
    """Prepare, make accounts, take the papers along the road; once."""
    prepare(settings)
    note = settings.data_dir / "demo.json"
    if note.is_file():
        seeded = Seeded(**json.loads(note.read_text("utf-8")))
        if seeded.stored:
            return seeded
    station = _inline(settings)
    _desk(station, settings.data_dir / "station")
    if not note.is_file():
        # first, so that a seeding cut off halfway does not lose the passwords it has set
        _remember(note, _accounts(station))
    seeded = Seeded(**json.loads(note.read_text("utf-8")))
    with tempfile.TemporaryDirectory() as room:
        stored, waiting = _papers(station, demo_set(Path(room)))
    seeded = replace(seeded, stored=stored, waiting=waiting)
    _remember(note, seeded)
    return seeded


def _inline(settings: Settings) -> Workstation:
    """The graph with an engine that runs each job at once, after the transaction it is part of."""
    from service.reading_desk import reader_of

    engine = MemoryEngine()
    database = SqlDatabase(settings.database, enqueue=engine.enqueue_in)
    station = assemble(settings, database, engine, SystemClock(), reader_of(settings))
    engine.workflows.update(station.road.workflows())
    engine.on_failure = station.road.failed
    return station


def _run_jobs(station: Workstation) -> None:
    assert isinstance(station.engine, MemoryEngine)  # noqa: S101 - built above
    station.engine.run_waiting()


def _accounts(station: Workstation) -> Seeded:
    passwords = {name: secrets.token_urlsafe(12) for name, _, _ in ACCOUNTS}
    for name, full_name, roles in ACCOUNTS:
        station.accounts.add_user(name, full_name, passwords[name], UNIT, frozenset(roles))
    _, key = station.accounts.add_key("Hệ thống mẫu", UNIT, ("Giải quyết TTHC",))
    return Seeded(passwords=passwords, key=key, stored=0, waiting=0)


def _desk(station: Workstation, folder: Path) -> None:
    """A station on this very machine, with a scanner of sample sheets; `sohoa serve` runs it."""
    if (folder / "station.json").is_file():
        return
    admin = Actor(
        id=SYSTEM, name="Sohoa", unit_id=UNIT, roles=frozenset(), scope=EVERYWHERE, kind="system"
    )
    made, code = station.stations.create("Máy quét mẫu", UNIT, by=admin)
    public = private_key(folder).public_key().public_bytes_raw().hex()
    station.stations.pair(made.id, code, public)
    remember(folder, Identity(server="", station=made.id, name=made.name))
    sheets = folder / "sheets"
    sheets.mkdir(exist_ok=True)
    for number, page in enumerate(make_sample("thong_bao", 77).pages, 1):
        Image.fromarray(page).save(sheets / f"{number:02d}.png", dpi=(200, 200))


def _actor(station: Workstation, username: str) -> Actor:
    with station.database.read() as tx:
        user = tx.accounts.user(username=username)
        assert user is not None  # noqa: S101 - made above
        return actor_of(user, tx.accounts.scope_of(user.unit_id))


def _papers(station: Workstation, papers: list[DemoPaper]) -> tuple[int, int]:
    clerk = _actor(station, ACCOUNTS[0][0])
    dossiers: dict[tuple[str, str], Dossier] = {}
    stored = 0
    for number, paper in enumerate(papers):
        arrival = Arrival(file_name=paper.path.name)
        scan = station.intake.receive(iter([paper.path.read_bytes()]), arrival, by=clerk)
        _run_jobs(station)
        document = station.shelf.document(scan.document_ids[0], by=clerk)
        if number < len(papers) - LEFT_OPEN and document.state is DocumentState.RECEIVED:
            _finish(station, scan.document_ids[0], clerk)
            _file(station, paper, scan.document_ids[0], dossiers, clerk)
            stored += 1
    _open_for_reuse(station, papers, clerk)
    return stored, len(papers) - stored


def _finish(station: Workstation, document_id: str, clerk: Actor) -> None:
    """Sign, look at what is doubtful, confirm."""
    station.copying.sign(station.shelf.document(document_id, by=clerk), by=clerk)
    opened = station.shelf.open(document_id, by=clerk)
    looked_at: dict[str, Any] = {n: opened.readings[n].value for n in opened.open_fields}
    for name, value in looked_at.items():
        try:
            station.confirming.put_field(opened.document, name, value, by=clerk)
        except InvalidValue:
            # what the machine misread is not on the paper; a real clerk would type what is
            station.confirming.put_field(opened.document, name, None, by=clerk)
    station.confirming.confirm(station.shelf.document(document_id, by=clerk), {}, by=clerk)
    _run_jobs(station)


def _file(
    station: Workstation,
    paper: DemoPaper,
    document_id: str,
    dossiers: dict[tuple[str, str], Dossier],
    clerk: Actor,
) -> None:
    if paper.holder is None or paper.procedure is None or paper.slot is None:
        return
    key = (paper.holder.number, paper.procedure)
    if key not in dossiers:
        dossiers[key] = station.filing.open_dossier(
            NewDossier(
                procedure_code=paper.procedure,
                holder_name=paper.holder.name,
                holder_number=paper.holder.number,
            ),
            by=clerk,
        )
    result = paper.slot == "result"
    station.filing.file(
        station.shelf.document(document_id, by=clerk),
        dossiers[key],
        role=FilingRole.RESULT if result else FilingRole.COMPONENT,
        origin=FilingOrigin.UPLOADED,
        component_code=None if result else paper.slot,
        by=clerk,
    )


def _open_for_reuse(station: Workstation, papers: list[DemoPaper], clerk: Actor) -> None:
    """A new case of the first holder, whose papers are already in the store."""
    holder = papers[0].holder
    assert holder is not None  # noqa: S101 - the set begins with a citizen's paper
    for procedure in ("1.000894", "1.004873"):
        station.filing.open_dossier(
            NewDossier(
                procedure_code=procedure, holder_name=holder.name, holder_number=holder.number
            ),
            by=clerk,
        )


def _remember(note: Path, seeded: Seeded) -> None:
    """0600: passwords of a demo are passwords all the same."""
    note.touch(mode=0o600)
    body = {
        "passwords": seeded.passwords,
        "key": seeded.key,
        "stored": seeded.stored,
        "waiting": seeded.waiting,
    }
    note.write_text(json.dumps(body, ensure_ascii=False), "utf-8")
