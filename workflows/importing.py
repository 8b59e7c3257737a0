# SPDX-License-Identifier: Apache-2.0
"""Nhập gói tin lưu trữ: what another installation exported stands here without a difference.

Objects first, then everything else in one transaction: a killed import leaves no Document behind,
and doing it again finishes it. What is here already is compared, never written over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workflows.audit import record
from workflows.domain.document import Document
from workflows.domain.package import DocumentRecord, Surroundings
from workflows.domain.unit import EVERYWHERE, Actor
from workflows.errors import Conflict, DamagedPackage, InvalidValue, NotAllowed, NotFound
from workflows.export import (
    FINISHED,
    gather,
    is_broken,
    must_be_archivist,
    packed_history,
    verified,
)
from workflows.ports.clock import Clock
from workflows.ports.database import Database, Transaction
from workflows.ports.objects import ObjectStore, derived_key, original_key
from workflows.ports.packages import ManyVerifier, OpenPackage, Packages


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did. `known`: Documents that stood here already, equal in everything."""

    package: str
    added: tuple[str, ...]
    known: tuple[str, ...]
    dossier_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDesk:
    """Takes packages in. Signatures are checked here anew, in the sandbox."""

    database: Database
    objects: ObjectStore
    packages: Packages
    verifier: ManyVerifier
    clock: Clock

    def import_package(self, path: Path, *, by: Actor) -> Imported:
        """All of it or nothing.

        Raises `DamagedPackage` (with the file), `NotAllowed` (another Unit's papers),
        `InvalidValue` (a Unit not in the catalogue here), `Conflict` (something of the same id or
        code stands here and differs).
        """
        must_be_archivist(by)
        with self.packages.open(path) as package:
            records = tuple(package.documents())
            for one in records:
                _must_hang_together(one, package.around)
            _must_be_ours(package.around, records, by)
            with self.database.read() as tx:
                _must_know_units(tx, package.around, records)
                news, known = _sort(tx, records, _holders(tx, package.around))
            self._verify(package, news)
            for new in news:
                for stored in new.objects:
                    self.objects.put(stored.key, package.content(stored), stored.media_type)
            with self.database.transaction() as tx:
                self._write(tx, package, news, by)
        return Imported(
            package=package.name,
            added=tuple(r.document.id for r in news),
            known=known,
            dossier_code=package.around.dossier.code if package.around.dossier else None,
        )

    def _verify(self, package: OpenPackage, news: Sequence[DocumentRecord]) -> None:
        """A signature that the giver's record speaks of must hold here too."""
        for new, told in verified(self.verifier, news, package.content):
            if is_broken(new, told):
                raise DamagedPackage(
                    new.document.id,
                    message=f"Chữ ký số của giấy tờ {new.document.id} không còn nguyên vẹn.",
                )

    def _write(
        self, tx: Transaction, package: OpenPackage, news: Sequence[DocumentRecord], by: Actor
    ) -> None:
        around, now = package.around, self.clock.now()
        holders = _holders(tx, around)
        for holder in around.holders:
            if holders[holder.id] == holder.id and _missing(tx.holders.get, holder.id):
                tx.holders.add(holder)
        for batch in around.batches:
            if _missing(lambda i: tx.batches.get(i, EVERYWHERE), batch.id):
                tx.batches.add(batch)
        if _add_dossier(tx, around, holders) and around.dossier is not None:
            before = [e for e in package.events if e.event.subject_id == around.dossier.id]
            facts = packed_history(before, around.people)
            record(tx, "imported", around.dossier, by=by, at=now, package=package.name, **facts)
        for new in news:
            _add_document(tx, new, holders)
            # the values came without entries of their own: the digest stands for them
            digest = package.digest(new)
            before = [e for e in package.events if e.event.subject_id == new.document.id]
            record(
                tx,
                "imported",
                new.document,
                by=by,
                at=now,
                package=package.name,
                sha256=digest,
                **packed_history(before, around.people),
            )
        for new in news:
            for filing in new.filings:
                tx.filings.add(filing)


def _must_hang_together(record_: DocumentRecord, around: Surroundings) -> None:
    """What comes with a Document is that Document's and no other's.

    Whoever made the package could else change papers that stand here, or write where the store
    keeps something else.
    """
    document, scan = record_.document, record_.scan
    dossier = around.dossier.id if around.dossier else None
    owners = {p.document_id for p in record_.pages}
    owners |= {e.document_id for e in record_.extractions}
    owners |= {v.document_id for v in record_.fields}
    owners |= {c.document_id for c in record_.signed_copies}
    owners |= {f.document_id for f in record_.filings}
    holders = {h.id for h in around.holders}
    batches = {b.id for b in around.batches}
    whole = (
        owners <= {document.id}
        and all(f.dossier_id == dossier for f in record_.filings)
        and scan.id == document.scan_id
        and document.id in scan.document_ids
        and document.state in FINISHED
        and {document.holder_id, around.dossier and around.dossier.holder_id} <= holders | {None}
        and {document.batch_id, scan.batch_id} <= batches | {None}
        and all(_is_paper(o.key, document.original.sha256) for o in record_.objects)
    )
    if not whole:
        raise DamagedPackage(
            document.id,
            message=f"Dữ liệu của giấy tờ {document.id} trong gói không khớp với nhau.",
        )


def _is_paper(key: str, original: str) -> bool:
    """A place where the store keeps papers, this one's: `orig/…` or made from its original."""
    derived = (derived_key(kind, original, "") for kind in ("copies", "signed", "pages"))
    return key == original_key(original) or key.startswith(tuple(derived))


def _units(around: Surroundings, records: Sequence[DocumentRecord]) -> set[str]:
    """Reuse brings papers of other Units into a dossier; all of them must be in scope."""
    found = {around.unit.id} | ({around.dossier.unit_id} if around.dossier else set())
    found |= {b.unit_id for b in around.batches}
    return found | {u for r in records for u in (r.document.unit_id, r.scan.unit_id)}


def _must_be_ours(around: Surroundings, records: Sequence[DocumentRecord], by: Actor) -> None:
    foreign = [u for u in sorted(_units(around, records)) if not by.scope.holds(u)]
    if foreign:
        raise NotAllowed(
            ", ".join(foreign),
            message=f"Gói tin của {around.unit.name} có giấy tờ ngoài phạm vi đơn vị của bạn.",
        )


def _must_know_units(
    tx: Transaction, around: Surroundings, records: Sequence[DocumentRecord]
) -> None:
    known = {u.id: u for u in tx.catalogue.units_by_id(sorted(_units(around, records)))}
    own = known.get(around.unit.id)
    same = own is not None and (own.code, own.name) == (around.unit.code, around.unit.name)
    if not same or known.keys() != _units(around, records):
        raise InvalidValue(
            around.unit.id,
            message=f"Đơn vị {around.unit.name} ({around.unit.code}), hoặc đơn vị của một giấy tờ "
            "trong gói, chưa có trong danh mục.",
        )


def _holders(tx: Transaction, around: Surroundings) -> Mapping[str, str]:
    """Holder id in the package -> holder id here: the same number is the same person."""
    found: dict[str, str] = {}
    for holder in around.holders:
        known = tx.holders.by_number(holder.number) if holder.number else None
        found[holder.id] = known.id if known else holder.id
    return found


def _sort(
    tx: Transaction, records: Sequence[DocumentRecord], holders: Mapping[str, str]
) -> tuple[list[DocumentRecord], tuple[str, ...]]:
    """(those to add, ids of those here already); `Conflict` where one differs."""
    news: list[DocumentRecord] = []
    known: list[str] = []
    for record_ in records:
        document = record_.document
        try:
            here = tx.documents.get(document.id, EVERYWHERE)
        except NotFound:
            news.append(record_)
            continue
        different = differences(_at_home(record_, holders), _complete(tx, here, record_))
        if different:
            raise Conflict(
                f"{document.id}: {different}",
                message=f"Giấy tờ {document.id} đã có ở đây và khác với gói tin: "
                + ", ".join(different)
                + ". Không ghi đè.",
            )
        known.append(document.id)
    return news, tuple(known)


def _complete(tx: Transaction, here: Document, record_: DocumentRecord) -> DocumentRecord:
    """The one here, with the filings the package speaks of; other filings are its own affair."""
    ids = {f.id for f in record_.filings}
    filings = tuple(f for f in tx.filings.of_document(here.id) if f.id in ids)
    return replace(gather(tx, here, None), filings=filings)


def _at_home(record_: DocumentRecord, holders: Mapping[str, str]) -> DocumentRecord:
    holder = record_.document.holder_id
    if holder is None or holders.get(holder, holder) == holder:
        return record_
    return replace(record_, document=replace(record_.document, holder_id=holders[holder]))


def differences(one: DocumentRecord, other: DocumentRecord) -> tuple[str, ...]:
    """Names of what is not equal; the counter of changes alone is no difference."""
    pairs: Mapping[str, tuple[Any, Any]] = {
        "giấy tờ": (replace(one.document, version=0), replace(other.document, version=0)),
        "lượt nhận": (one.scan, other.scan),
        "trang": (one.pages, other.pages),
        "kết quả bóc tách": (one.extractions, other.extractions),
        "trường": (one.fields, other.fields),
        "bản đã ký": (one.signed_copies, other.signed_copies),
        "vị trí trong hồ sơ": (set(one.filings), set(other.filings)),
    }
    return tuple(name for name, (a, b) in pairs.items() if a != b)


def _missing(get: Any, key: str) -> bool:
    try:
        get(key)
    except NotFound:
        return True
    return False


def _add_dossier(tx: Transaction, around: Surroundings, holders: Mapping[str, str]) -> bool:
    """Whether it was added; one that stands here must be the same."""
    dossier = around.dossier
    if dossier is None or around.procedure is None:
        return False
    if not tx.catalogue.procedures(code=around.procedure.code):
        tx.catalogue.put(around.procedure)
    at_home = replace(dossier, holder_id=holders.get(dossier.holder_id, dossier.holder_id))
    try:
        here = tx.dossiers.by_code(dossier.code, EVERYWHERE)
    except NotFound:
        tx.dossiers.add(at_home)
        return True
    if replace(here, version=0, status=dossier.status) != replace(at_home, version=0):
        raise Conflict(dossier.code, message=f"Hồ sơ {dossier.code} đã có ở đây và khác gói tin.")
    return False


def _add_document(tx: Transaction, new: DocumentRecord, holders: Mapping[str, str]) -> None:
    if _missing(lambda i: tx.scans.get(i, EVERYWHERE), new.scan.id):
        tx.scans.add(new.scan)
    tx.documents.add(_at_home(new, holders).document)
    for extraction in new.extractions:
        tx.readings.add_extraction(extraction)
    # each of these renews the search index: the long texts of the pages come last
    for value in new.fields:
        tx.fields.put(value)
    for page in new.pages:
        tx.readings.add_page(page)
    for copy in new.signed_copies:
        tx.signed_copies.add(copy)
