"""A whole workstation for tests: real adapters in a folder, a reader that knows the truth.

`TruthReader` stands where Tesseract does and reads the lines a sample was made of, so that the
road runs in milliseconds; the tests of `ocr` and the slow road test use the real one.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import make_url

from ocr.page import Box, PageImage, PageText, ReadingSource, Word
from ocr.reader import Reader
from service.accounts import station_claim
from service.config import Settings
from service.samples import Sample, make_sample, write_sample
from service.wiring import Workstation, assemble
from storage.database import SqlDatabase, import_procedures, import_rules, upgrade
from storage.engine import MemoryEngine
from workflows.domain.document import Document
from workflows.domain.station import Station
from workflows.domain.unit import Actor, Role, Unit, UnitLevel, actor_of
from workflows.intake import Arrival
from workflows.ports.clock import SystemClock

HERE = Unit(id="here", code="21907", name="Phường Mẫu", level=UnitLevel.COMMUNE)
THERE = Unit(id="there", code="21910", name="Xã Khác", level=UnitLevel.COMMUNE)
PASSWORD = "mot mat khau du dai"
PURPOSE = "Giải quyết TTHC"


class TruthReader:
    """Reads what the sample says stands on each page; pixels come back as they are."""

    def __init__(self) -> None:
        self.lines: list[list[tuple[str, list[float]]]] = []

    def show(self, sample: Sample) -> None:
        self.lines = [
            [(row["text"], row["box"]) for row in sample.truth["lines"] if row["page"] == n]
            for n in range(1, len(sample.pages) + 1)
        ]

    def read_page(self, image: PageImage):
        rows = self.lines[image.number - 1] if image.number <= len(self.lines) else []
        words = tuple(
            word for line, (text, box) in enumerate(rows) for word in _words(text, Box(*box), line)
        )
        height, width = image.pixels.shape[:2]
        text = PageText(
            page=image.number,
            width=width,
            height=height,
            dpi=image.dpi,
            source=ReadingSource.OCR,
            text="\n".join(text for text, _ in rows),
            words=words,
            blank=not rows,
            engine="truth",
        )
        return text, image.pixels


def _words(text: str, box: Box, line: int):
    step, at = box.width / max(len(text), 1), 0
    for part in text.split(" "):
        if part:
            x0 = box.x0 + at * step
            yield Word(
                text=part,
                box=Box(x0, box.y0, x0 + len(part) * step, box.y1),
                confidence=0.96,
                line=line,
            )
        at += len(part) + 1


@dataclass
class Office:
    """Two Units, an account a role, a partner's key, and the workstation they share."""

    station: Workstation
    reader: TruthReader
    folder: Path
    key: str

    def actor(self, username: str) -> Actor:
        with self.station.database.read() as tx:
            user = tx.accounts.user(username=username)
            assert user is not None
            return actor_of(user, tx.accounts.scope_of(user.unit_id))

    def token(self, username: str) -> str:
        return self.station.accounts.session(self.actor(username).id)

    def run_jobs(self) -> None:
        self.station.engine.run_waiting()

    def receive(self, sample: Sample, by: str = "clerk", **arrival) -> Document:
        self.reader.show(sample)
        path = write_sample(sample, self.folder)
        scan = self.station.intake.receive(
            iter([path.read_bytes()]), Arrival(file_name=path.name, **arrival), by=self.actor(by)
        )
        self.run_jobs()
        return self.document(scan.document_ids[0], by)

    def document(self, document_id: str, by: str = "clerk") -> Document:
        return self.station.shelf.document(document_id, by=self.actor(by))

    def store(self, sample: Sample, by: str = "clerk", corrections: dict | None = None) -> Document:
        """The whole road for one paper, the clerk's hand included."""
        document, clerk = self.receive(sample, by), self.actor(by)
        self.station.copying.sign(document, by=clerk)
        opened = self.station.shelf.open(document.id, by=clerk)
        values = {n: opened.readings[n].value for n in opened.open_fields}
        self.station.confirming.confirm(opened.document, values | (corrections or {}), by=clerk)
        self.run_jobs()
        return self.document(document.id, by)


ROLES: dict[str, Sequence[Role]] = {
    "clerk": (Role.RECEIVER, Role.DIGITIZER),
    "receiver": (Role.RECEIVER,),
    "digitizer": (Role.DIGITIZER,),
    "checker": (Role.CHECKER,),
    "signer": (Role.SIGNER,),
    "archivist": (Role.ARCHIVIST,),
    "auditor": (Role.AUDITOR,),
    "admin": (Role.ADMIN,),
}


def open_office(folder: Path, **settings) -> Office:
    """A fresh office under `folder`."""
    made = Settings(data_dir=folder, **settings)
    engine, reader = MemoryEngine(), TruthReader()
    file = make_url(made.database).database
    if file and made.database.startswith("sqlite"):
        folder.mkdir(parents=True, exist_ok=True)
        Path(file).write_bytes(_empty_database())
    else:
        _fill(made.database)
    database = SqlDatabase(made.database, enqueue=engine.enqueue_in)
    station = assemble(made, database, engine, SystemClock(), Reader(reader))
    engine.workflows.update(station.road.workflows())
    engine.on_failure = station.road.failed
    # argon2 as the product ships it takes more time than all the rest; a hash says its own cost
    quick = replace(
        station.accounts, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    )
    for name, roles in ROLES.items():
        quick.add_user(name, f"Cán bộ {name}", PASSWORD, HERE.id, frozenset(roles))
    quick.add_user("stranger", "Cán bộ khác", PASSWORD, THERE.id, frozenset(ROLES["clerk"]))
    _, key = station.accounts.add_key("Hệ thống ngoài", THERE.id, (PURPOSE,))
    return Office(station=station, reader=reader, folder=folder, key=key)


@cache
def _empty_database() -> bytes:
    """What `_fill` makes in SQLite, once a process."""
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "empty.db"
        _fill(f"sqlite:///{path}")
        with closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()


def _fill(url: str) -> None:
    """Tables, both Units, the catalogue."""
    upgrade(url)
    database = SqlDatabase(url, enqueue=MemoryEngine().enqueue_in)
    with database.transaction() as tx:
        for unit in (HERE, THERE):
            tx.catalogue.put(unit)
        import_procedures(tx, Path("storage/database/catalogue/procedures.json").resolve())
        import_rules(tx)
    database.dispose()


STATION_KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)


def paired_station(office: Office, name: str = "Quầy 1") -> Station:
    """A station of the office that holds STATION_KEY."""
    made, code = office.station.stations.create(name, HERE.id, by=office.actor("admin"))
    public = STATION_KEY.public_key().public_bytes_raw().hex()
    return office.station.stations.pair(made.id, code, public)


def station_token(office: Office, station_id: str) -> str:
    at = int(time.time())
    signature = STATION_KEY.sign(station_claim(station_id, at)).hex()
    known = office.station.stations.known(station_id)
    return office.station.accounts.station_token(known, at, signature)


__all__ = ["PASSWORD", "PURPOSE", "STATION_KEY", "Office", "make_sample", "open_office"]
