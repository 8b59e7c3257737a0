# SPDX-License-Identifier: Apache-2.0
"""Sao lưu, phục hồi: everything needed to stand up again elsewhere, encrypted, signed, proved.

Order: first a picture of the database, then the objects. An object is durable before its row is
committed (`workflows.intake`), so every object the picture names exists when it is copied; the
other way round, papers that came in between would have rows and no bytes. What is erased or
destroyed in between is named as missing in the manifest.

Read on in this order: `vault` (how a target is laid out), `taking` (a picture, then its objects
into a target), `thinning` (how many snapshots stay), `proving`, `restoring`.
Private keys are never in a backup (QCVN 12: keys apart from backups).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from workflows.audit import SYSTEM, record_act
from workflows.backup.outcome import Checked, Made, Restored
from workflows.backup.proving import prove
from workflows.backup.restoring import bring_back
from workflows.backup.taking import Picture, Source, copy_into, take_picture
from workflows.backup.thinning import Kept, thin_out
from workflows.backup.vault import Vault
from workflows.backup.workroom import alone, workroom
from workflows.errors import BackupFailed, Conflict, IntegrityViolation, SohoaError
from workflows.ports.backup import Cipher, DatabaseCopies
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.heads import Seal
from workflows.ports.objects import KeptStore

__all__ = ["LAST", "Backup", "Checked", "Kept", "Made", "Restored"]

LAST = "backup.last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """Makes, proves and restores snapshots. One at a time for an installation."""

    database: Database
    copies: DatabaseCopies
    objects: KeptStore
    replica: KeptStore | None
    cipher: Cipher
    seal: Seal
    public: bytes
    clock: Clock
    scratch: Path
    version: str
    pack_extras: Callable[[Path, int], None]
    """Writes the extras as one file; heads of the log only up to the given entry."""
    unpack_extras: Callable[[Path], None]

    def make(self, targets: Mapping[str, KeptStore], *, kept: Kept) -> list[Made]:
        """One picture into every target. A target that fails does not stop the others.

        Raises `Conflict` while another run of this installation is under way: it would throw away
        objects that this one counts on.
        """
        with alone(self.scratch):
            began = self.clock.now()
            with workroom(self.scratch) as work:
                picture = take_picture(
                    self.copies, self.cipher, self.pack_extras, work, at=began
                ).described(version=self.version, key=self.seal.key_id, public=self.public)
                made = [self._into(name, store, picture, kept) for name, store in targets.items()]
            self._record(made, picture.id, began)
        return made

    def _into(self, name: str, store: KeptStore, picture: Picture, kept: Kept) -> Made:
        vault = Vault(store=store, seal=self.seal)
        source = Source(objects=self.objects, replica=self.replica, cipher=self.cipher)
        try:
            made = copy_into(vault, name, picture, source)
        except SohoaError as trouble:
            return Made(target=name, id=picture.id, trouble=str(trouble))
        return replace(made, pruned=thin_out(vault, kept, self.scratch))

    def _record(self, made: list[Made], snapshot: str, began: dt.datetime) -> None:
        with self.database.transaction() as tx:
            if made and not any(m.trouble for m in made):
                tx.progress.put(LAST, {"at": began.isoformat(), "snapshot": snapshot})
            record_act(
                tx,
                "backup.made",
                by=SYSTEM,
                unit_id="-",
                at=self.clock.now(),
                snapshot=snapshot,
                targets=sum(not m.trouble for m in made),
                failed=sum(bool(m.trouble) for m in made),
                missing=max((len(m.missing) for m in made), default=0),
            )

    def due(self, *, every_hours: float) -> bool:
        """The last run that reached every target began longer ago than that."""
        with self.database.read() as tx:
            last = tx.progress.get(LAST)
        if last is None:
            return True
        age = self.clock.now() - dt.datetime.fromisoformat(last["at"])
        return age >= dt.timedelta(hours=every_hours)

    def snapshots(self, store: KeptStore) -> list[tuple[str, dt.datetime]]:
        """(id, when) of the finished ones, oldest first."""
        return Vault(store=store, seal=self.seal).snapshots()

    def check(self, store: KeptStore, snapshot: str | None = None) -> Checked:
        """Every byte of a snapshot read and re-hashed; opened too where we hold the key."""
        vault = Vault(store=store, seal=self.seal)
        with workroom(self.scratch) as work:
            return prove(vault, vault.manifest(snapshot), self.cipher, work)

    def restore(self, store: KeptStore, snapshot: str | None = None) -> Restored:
        """Objects first, the database last: until all is there, nothing can start on it.

        Interrupted, it goes on when called again. Raises `Conflict` where there is a database,
        `IntegrityViolation` for a manifest that is not ours or a damaged picture.
        """
        if self.copies.revision is not None:
            raise Conflict(
                "the database has tables",
                message="Cơ sở dữ liệu đích đã có dữ liệu; chỉ phục hồi vào nơi còn trống.",
            )
        vault = Vault(store=store, seal=self.seal)
        manifest = vault.manifest(snapshot)
        if not manifest.signed:
            raise IntegrityViolation(
                f"manifest of {manifest.id}",
                message="Bản kê của bản sao lưu không đúng chữ ký của trạm; không phục hồi.",
            )
        if manifest.kind != self.copies.kind:
            raise BackupFailed(
                f"a copy of {manifest.kind} cannot be loaded into {self.copies.kind}",
                message=f"Bản sao lưu là {manifest.kind}, đích là {self.copies.kind}.",
            )
        done = Restored(id=manifest.id, made_at=manifest.made_at)
        with workroom(self.scratch) as work:
            picture = vault.open_part(manifest.parts["database.age"], self.cipher, work)
            bring_back(vault, manifest, self.objects, self.cipher, work, to=done)
            self.unpack_extras(vault.open_part(manifest.parts["extras.age"], self.cipher, work))
            self.copies.load(picture)
        return done
