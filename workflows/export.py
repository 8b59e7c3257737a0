# SPDX-License-Identifier: Apache-2.0
"""Xuất gói tin lưu trữ: a Dossier, a Batch or single papers leave as one SIP or AIP.

Only what the road has finished leaves: stored Documents whose evidence still verifies. Every export
is an AuditEvent with its purpose (Luật BVDLCN 91/2025; TT 05/2025/TT-BNV, Đ.17, 23).
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workflows.audit import record, record_act
from workflows.domain.audit import AuditEvent
from workflows.domain.document import (
    Batch,
    Document,
    DocumentFilter,
    DocumentState,
    StoredObject,
)
from workflows.domain.dossier import Dossier
from workflows.domain.package import (
    Checked,
    DocumentRecord,
    Kept,
    Order,
    Package,
    RecordedEvent,
    Surroundings,
    Wanted,
    Written,
    in_time_order,
)
from workflows.domain.signature import SignatureState, Verification
from workflows.domain.unit import EVERYWHERE, Actor, Role, Unit
from workflows.errors import (
    IllegalMove,
    IntegrityViolation,
    InvalidValue,
    NotAllowed,
    NotFound,
)
from workflows.ports.clock import Clock
from workflows.ports.database import Database, Transaction
from workflows.ports.objects import ObjectStore
from workflows.ports.packages import ManyVerifier, Packages
from workflows.purposes import stated

FINISHED = frozenset({DocumentState.STORED, DocumentState.SUPERSEDED, DocumentState.REVOKED})
# turned away, or destroyed when its time was over: no part of what is handed over
_LEFT_OUT = frozenset({DocumentState.REJECTED, DocumentState.SET_ASIDE, DocumentState.DESTROYED})
_BROKEN = frozenset({SignatureState.ALTERED, SignatureState.UNREADABLE})
# looking at a paper and exporting it change nothing about it: no part of its preservation history
_NO_HISTORY = frozenset({"document.viewed", "dossier.exported", "document.exported"})
_MOST = 5_000  # documents in one package; all their readings are in memory at once
_TOGETHER = 100  # evidence files on disk at once


Closing = Callable[[Transaction, Written], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDesk:
    """Gathers what belongs together, has it written and checked, and logs it."""

    database: Database
    objects: ObjectStore
    packages: Packages
    verifier: ManyVerifier
    clock: Clock
    archive_code: str
    software: str

    def look(self, wanted: Wanted, order: Order, *, by: Actor) -> tuple[Order, Unit]:
        """What a refusal needs no bytes for: the order with its purpose spelt out, whose papers.

        Raises `NotAllowed`, `InvalidValue` (no purpose), `NotFound`, `IllegalMove` (papers not
        stored yet).
        """
        order = _must_be_asked_well(order, by)
        with self.database.read() as tx:
            dossier = self._dossier(tx, wanted, by)
            documents = self._documents(tx, wanted, dossier, by)
            _must_be_finished(documents)
            return order, self._unit(tx, documents, dossier)

    def export(
        self, wanted: Wanted, order: Order, *, by: Actor, closing: Closing | None = None
    ) -> Written:
        """One package, written and checked; `closing` is part of the commit that logs it.

        Raises as `look`, and `IntegrityViolation` (bytes or signatures broken), `StorageFull`.
        """
        order = _must_be_asked_well(order, by)
        with self.database.read() as tx:
            dossier = self._dossier(tx, wanted, by)
            documents = self._documents(tx, wanted, dossier, by)
            _must_be_finished(documents)
            records = tuple(gather(tx, d, dossier) for d in documents)
            around = surroundings(tx, records, dossier, self._unit(tx, documents, dossier))
            events, names = history(tx, [*(r.document.id for r in records), *_id_of(dossier)])
            around = replace(around, people=names | dict(around.people))
        ordered = in_time_order(records)
        package = Package(
            order=order,
            archive_code=self.archive_code or around.unit.code,
            documents=ordered,
            around=around,
            events=events,
            signatures=self._verified(ordered),
            exported_at=self.clock.now(),
            exported_by=by.name,
            software=self.software,
        )
        written = self.packages.write(package)
        with self.database.transaction() as tx:
            _log(tx, package, written, by)
            if closing is not None:
                closing(tx, written)
        return written

    def kept(self, *, by: Actor) -> tuple[Kept, ...]:
        """The packages of the Units `by` may see, newest first."""
        return tuple(k for k in self.packages.kept() if by.scope.holds(k.unit_id))

    def get(self, name: str, *, by: Actor) -> Kept:
        """By the file's name. `NotFound` for another Unit's, as for one that does not exist."""
        for kept in self.kept(by=by):
            if kept.written.path.name == name:
                return kept
        raise NotFound(name)

    def take(self, name: str, *, by: Actor) -> Kept:
        """As `get`, for carrying it away: logged with the purpose of the export."""
        kept = self.get(name, by=by)
        with self.database.transaction() as tx:
            record_act(
                tx,
                "package.taken",
                by=by,
                unit_id=kept.unit_id,
                at=self.clock.now(),
                purpose=kept.purpose,
                subject_id=kept.written.name,
                sha256=kept.written.sha256,
            )
        return kept

    def check(self, path: Path) -> Checked:
        return self.packages.check(path)

    def _dossier(self, tx: Transaction, wanted: Wanted, by: Actor) -> Dossier | None:
        asked = [wanted.dossier_code, wanted.batch_id, wanted.document_ids or None]
        if sum(a is not None for a in asked) != 1:
            raise InvalidValue(
                "one of dossier, batch, documents",
                message="Chọn đúng một: hồ sơ, lô, hoặc các giấy tờ cần xuất.",
            )
        return tx.dossiers.by_code(wanted.dossier_code, by.scope) if wanted.dossier_code else None

    def _documents(
        self, tx: Transaction, wanted: Wanted, dossier: Dossier | None, by: Actor
    ) -> list[Document]:
        if dossier is not None:
            # papers another Unit owns stand here by reuse: they are part of this dossier
            filings = tx.filings.of_dossier(dossier.id)
            ids = dict.fromkeys(f.document_id for f in filings)
            everything = [tx.documents.get(i, EVERYWHERE) for i in ids]
            found = [d for d in everything if d.state not in _LEFT_OUT]
        elif wanted.batch_id is not None:
            tx.batches.get(wanted.batch_id, by.scope)
            found = _of_batch(tx, wanted.batch_id, by)
        else:
            found = [tx.documents.get(i, by.scope) for i in dict.fromkeys(wanted.document_ids)]
        if len(found) > _MOST:
            raise InvalidValue(
                f"{len(found)} documents",
                message=f"Một gói chứa nhiều nhất {_MOST} giấy tờ; hãy chia thành nhiều gói.",
            )
        if not found:
            raise NotFound(
                "nothing to pack",
                message="Hồ sơ hoặc lô này chưa có giấy tờ nào; đưa giấy tờ vào rồi mới xuất được.",
            )
        return found

    def _unit(
        self, tx: Transaction, documents: Sequence[Document], dossier: Dossier | None
    ) -> Unit:
        ids = {dossier.unit_id} if dossier else {d.unit_id for d in documents}
        units = tx.catalogue.units_by_id(sorted(ids))
        if len(units) != 1:
            raise InvalidValue(
                f"units {sorted(ids)}",
                message="Một gói chỉ chứa giấy tờ của một đơn vị (một phông); hãy xuất riêng.",
            )
        return units[0]

    def _verified(self, records: Sequence[DocumentRecord]) -> dict[str, dict[str, Any]]:
        """The state of every signature now; a broken one stops the export."""
        found: dict[str, dict[str, Any]] = {}
        broken: list[str] = []
        for record_, told in verified(self.verifier, records, self.objects.get):
            # when it was checked is the time of the export: no part of equal content
            found[record_.document.id] = told.as_json() | {"checked_at": None}
            if is_broken(record_, told):
                broken.append(record_.document.id)
        if broken:
            raise IntegrityViolation(
                ", ".join(broken),
                message="Chữ ký số không còn nguyên vẹn, chưa xuất được gói: giấy tờ "
                + ", ".join(broken[:10])
                + ".",
            )
        return found


def _log(tx: Transaction, package: Package, written: Written, by: Actor) -> None:
    facts = {
        "package": written.name,
        "type": written.type_name,
        "sha256": written.sha256,
        "documents": written.documents,
    }
    subjects: list[Dossier | Batch | Document] = [r.document for r in package.documents]
    if package.around.dossier is not None:
        subjects.insert(0, package.around.dossier)
    for subject in subjects:
        record(
            tx,
            "exported",
            subject,
            by=by,
            at=package.exported_at,
            purpose=package.order.purpose,
            **facts,
        )


def _must_be_asked_well(order: Order, by: Actor) -> Order:
    must_be_archivist(by)
    if not order.purpose.strip():
        raise InvalidValue("no purpose", message="Phải nêu mục đích xuất gói tin.")
    return replace(order, purpose=stated(order.purpose, "luu_tru"))


def must_be_archivist(by: Actor) -> None:
    """Packages carry whole dossiers out of the office and into it: one role, at every door."""
    if Role.ARCHIVIST not in by.roles:
        raise NotAllowed(
            by.id, message="Chỉ cán bộ lưu trữ (archivist) được xuất, nhập gói tin lưu trữ."
        )


def verified(
    verifier: ManyVerifier,
    records: Sequence[DocumentRecord],
    read: Callable[[StoredObject], bytes],
) -> Iterator[tuple[DocumentRecord, Verification]]:
    """What the evidence of each record is worth now; papers that are no PDF are passed over."""
    pdfs = [r for r in records if r.evidence.media_type == "application/pdf"]
    for start in range(0, len(pdfs), _TOGETHER):
        some = pdfs[start : start + _TOGETHER]
        with tempfile.TemporaryDirectory(prefix="sohoa-paper-") as room:
            paths = [Path(room) / f"{n}.pdf" for n in range(len(some))]
            for path, one in zip(paths, some, strict=True):
                path.write_bytes(read(one.evidence))
            yield from zip(some, verifier.verify_each(paths), strict=True)


def is_broken(record_: DocumentRecord, told: Verification) -> bool:
    """Bytes changed since, or a signature that is spoken of and not there.

    An unknown root, an expired or revoked certificate is told in the report and breaks nothing:
    an archive must be able to take in papers whose signers' certificates ran out.
    """
    signed = bool(record_.signed_copies) or record_.document.came_signed
    return any(r.state in _BROKEN for r in told) or (signed and not told)


def gather(tx: Transaction, document: Document, dossier: Dossier | None) -> DocumentRecord:
    """A Document with all that hangs on it; of its filings only those into `dossier`."""
    own = dossier.id if dossier else None
    names = sorted(tx.fields.values(document.id))
    extraction = tx.readings.extraction(document.id)
    return DocumentRecord(
        document=document,
        scan=tx.scans.get(document.scan_id, EVERYWHERE),
        pages=tuple(tx.readings.pages(document.id)),
        extractions=(extraction,) if extraction else (),
        fields=tuple(v for n in names for v in tx.fields.history(document.id, n)),
        signed_copies=tuple(tx.signed_copies.revisions(document.id)),
        filings=tuple(f for f in tx.filings.of_document(document.id) if f.dossier_id == own),
    )


def surroundings(
    tx: Transaction, records: Sequence[DocumentRecord], dossier: Dossier | None, unit: Unit
) -> Surroundings:
    """What the records point at; people by name only."""
    holders = {r.document.holder_id for r in records} | ({dossier.holder_id} if dossier else set())
    batches = {r.document.batch_id for r in records} | {r.scan.batch_id for r in records}
    procedure = tx.catalogue.procedures(code=dossier.procedure_code)[0] if dossier else None
    return Surroundings(
        unit=unit,
        dossier=dossier,
        procedure=procedure,
        holders=tuple(tx.holders.get(h) for h in sorted(filter(None, holders))),
        batches=tuple(tx.batches.get(b, EVERYWHERE) for b in sorted(filter(None, batches))),
        people=_people(tx, records, dossier),
    )


def _people(
    tx: Transaction, records: Sequence[DocumentRecord], dossier: Dossier | None
) -> dict[str, str]:
    ids = {dossier.created_by} if dossier else set()
    for r in records:
        ids |= {r.document.created_by, r.scan.received_by}
        ids |= {v.confirmed_by for v in r.fields}
        ids |= {c.signed_by for c in r.signed_copies}
        ids |= {f.filed_by for f in r.filings}
    users = {i: tx.accounts.user(user_id=i) for i in sorted(ids)}
    return {i: user.full_name for i, user in users.items() if user is not None}


def history(
    tx: Transaction, subjects: Sequence[str]
) -> tuple[tuple[RecordedEvent, ...], dict[str, str]]:
    """(what happened to these, in time; names of people only another installation knew).

    What another installation recorded came along with the import, and goes along again.
    """
    found: list[RecordedEvent] = []
    names: dict[str, str] = {}
    for subject in subjects:
        after = 0
        while entries := tx.audit.entries(after=after, subject_id=subject, limit=1000):
            after = entries[-1][0]
            for sequence, digest, event in entries:
                before, known, event = _unpacked(event)
                found += [*before, RecordedEvent(sequence=sequence, hash=digest, event=event)]
                names |= known
    kept = [e for e in found if e.event.action not in _NO_HISTORY]
    return tuple(sorted(kept, key=lambda e: (e.event.at, e.sequence))), names


def packed_history(events: Sequence[RecordedEvent], people: Mapping[str, str]) -> dict[str, Any]:
    """Facts of an "imported" event: the history as the giving installation recorded it."""
    actors = {e.event.actor_id for e in events}
    return {
        "history": [
            {
                "sequence": e.sequence,
                "hash": e.hash,
                "event": asdict(e.event) | {"at": e.event.at.isoformat()},
            }
            for e in events
        ],
        "people": {i: name for i, name in people.items() if i in actors},
    }


def _unpacked(event: AuditEvent) -> tuple[list[RecordedEvent], Mapping[str, str], AuditEvent]:
    facts = dict(event.facts)
    before = [
        RecordedEvent(
            sequence=row["sequence"],
            hash=row["hash"],
            event=AuditEvent(
                **{**row["event"], "at": dt.datetime.fromisoformat(row["event"]["at"])}
            ),
        )
        for row in facts.pop("history", ())
    ]
    return before, facts.pop("people", {}), replace(event, facts=facts)


def _id_of(dossier: Dossier | None) -> list[str]:
    return [dossier.id] if dossier else []


def _of_batch(tx: Transaction, batch_id: str, by: Actor) -> list[Document]:
    found: list[Document] = []
    cursor: str | None = None
    while True:
        page = tx.documents.find(
            DocumentFilter(batch_id=batch_id), by.scope, limit=500, cursor=cursor
        )
        found += [h.document for h in page.hits if h.document.state not in _LEFT_OUT]
        cursor = page.next_cursor
        if cursor is None or len(found) > _MOST:
            return found


def _must_be_finished(documents: Sequence[Document]) -> None:
    open_ones = [d.id for d in documents if d.state not in FINISHED or d.evidence is None]
    if open_ones:
        raise IllegalMove(
            ", ".join(open_ones),
            message="Còn giấy tờ chưa lưu xong nên chưa xuất được: "
            + ", ".join(open_ones[:10])
            + ".",
        )
