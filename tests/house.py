"""A store and its replica over a database, filled with small papers; for tests of upkeep."""

import datetime as dt
import hashlib
import itertools
import random

from storage.database import SqlDatabase, upgrade
from workflows.domain.document import (
    Document,
    DocumentState,
    PageRecord,
    ReadingStatus,
    Scan,
    StoredObject,
)
from workflows.domain.unit import Unit, UnitLevel
from workflows.ports.objects import derived_key, original_key
from workflows.scrub import Scrub

OLD = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
PDF, JPEG = "application/pdf", "image/jpeg"


class Clock:
    """Two hours on, so that what a test puts is no longer on its way."""

    def now(self):
        return dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)


class House:
    """A database, a store and its replica, filled with small papers of four objects each."""

    def __init__(self, folder, primary, replica):
        url = f"sqlite:///{folder}/sohoa.db"
        upgrade(url)
        self.database = SqlDatabase(url, enqueue=lambda *_: None)
        self.primary, self.replica = primary, replica
        self.numbers = itertools.count()
        with self.database.transaction() as tx:
            tx.catalogue.put(Unit(id="here", code="1", name="X", level=UnitLevel.COMMUNE))

    def add(self, papers, **changes) -> list[Document]:
        made = [self._store(next(self.numbers), changes) for _ in range(papers)]
        with self.database.transaction() as tx:
            for document, pages in made:
                tx.scans.add(
                    Scan(
                        id=document.scan_id,
                        unit_id="here",
                        idempotency_key=document.scan_id,
                        content_sha256=document.original.sha256,
                        source="upload",
                        received_at=OLD,
                        received_by="u",
                        document_ids=(document.id,),
                    )
                )
                tx.documents.add(document)
                for page in pages:
                    tx.readings.add_page(page)
        return [document for document, _ in made]

    def _store(self, number, changes):
        dice = random.Random(number)
        original = dice.randbytes(dice.randint(900, 3000))
        sha = hashlib.sha256(original).hexdigest()
        put = self.primary.put
        kept = put(original_key(sha), original, PDF)
        copy = put(derived_key("copy", sha, "a.pdf"), dice.randbytes(1200), PDF)
        document = Document(
            **{
                "id": f"d{number:05d}",
                "scan_id": f"s{number}",
                "unit_id": "here",
                "original": kept,
                "copy": copy,
                "evidence": copy,
                "file_name": "a.pdf",
                "state": DocumentState.RECEIVED,
                "reading": ReadingStatus.READ,
                "created_at": OLD,
                "created_by": "u",
            }
            | changes
        )
        pages = [
            PageRecord(
                document_id=document.id,
                number=n,
                image=put(derived_key("pages", sha, f"{n}.jpg"), dice.randbytes(700), JPEG),
                width=1,
                height=1,
                dpi=300,
                rotation=0,
                blank=False,
                text="",
                reading={},
            )
            for n in (1, 2)
        ]
        return document, pages

    def scrub(self, **changes) -> Scrub:
        given = {"replica": self.replica, "objects": self.primary} | changes
        return Scrub(database=self.database, clock=Clock(), **given)

    def replicate(self):
        self.scrub().run()

    def actions(self):
        with self.database.read() as tx:
            return [e.action for _, _, e in tx.audit.entries(limit=5000)]

    def objects(self) -> dict[str, StoredObject]:
        with self.database.read() as tx:
            return {o.key: o for h in tx.holdings.after("", limit=10_000) for o in h.objects}
