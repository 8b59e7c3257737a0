# SPDX-License-Identifier: Apache-2.0
"""Where backups go and what travels with them, from the settings."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from service.config import Settings
from service.setup import prepare
from service.upkeep import Custodian
from service.wiring import installation_key, s3_store
from storage.age import AgeCipher
from storage.database.copies import SqlCopies
from storage.heads import FolderHeads
from storage.objects import FolderStore
from workflows.audit import SYSTEM, record_act
from workflows.audit_proof import AuditReport
from workflows.backup import Backup, Kept, Restored
from workflows.errors import InvalidValue
from workflows.ports.objects import KeptStore


def backup_of(here: Custodian, *, key_file: Path | None = None) -> Backup:
    """`key_file` holds the secret key; only reading a backup back needs it."""
    settings = here.settings
    seal = installation_key(settings)
    return Backup(
        database=here.database,
        copies=SqlCopies(settings.database),
        objects=here.objects,
        replica=here.replica,
        cipher=AgeCipher(settings.backup_recipients.split(), key_file),
        seal=seal,
        public=seal.public,
        clock=here.clock,
        scratch=settings.data_dir / "scratch",
        version=version("sohoa"),
        pack_extras=lambda to, entry: _pack(settings, to, entry),
        unpack_extras=lambda source: _unpack(settings, source),
    )


def restore_into(
    here: Custodian, backup: Backup, vault: KeptStore, snapshot: str | None
) -> tuple[Restored, AuditReport]:
    """Restore, bring the tables up to date, look for every object the rows name, check the log."""
    done = backup.restore(vault, snapshot)
    prepare(here.settings)
    known, after = {key for key, _ in done.lost}, ""
    with here.database.read() as tx:
        while holdings := tx.holdings.after(after, limit=500):
            for stored in (o for h in holdings for o in h.objects if o.key not in known):
                if here.objects.find(stored.key) is None:
                    done.lost.append((stored.key, "có trong cơ sở dữ liệu, không có trong kho"))
            after = holdings[-1].document_id
    report = here.audit.verify()
    with here.database.transaction() as tx:
        record_act(
            tx,
            "backup.restored",
            by=SYSTEM,
            unit_id="-",
            at=here.clock.now(),
            snapshot=done.id,
            entries=report.entries,
            lost=len(done.lost),
        )
    return done, report


def kept(settings: Settings) -> Kept:
    return Kept(
        days=settings.backup_keep_days,
        weeks=settings.backup_keep_weeks,
        months=settings.backup_keep_months,
    )


def vaults(settings: Settings, names: Sequence[str]) -> dict[str, KeptStore]:
    """`s3:BUCKET` on the configured server, else a folder. Raises `InvalidValue` without one."""
    chosen = list(names) or settings.backup_targets.split()
    if not chosen:
        raise InvalidValue(
            "no target", message="Chưa nêu nơi chứa bản sao lưu (thư mục hoặc s3:BUCKET)."
        )
    return {name: _vault(settings, name) for name in chosen}


def _vault(settings: Settings, name: str) -> KeptStore:
    if name.startswith("s3:"):
        return s3_store(settings, bucket=name.removeprefix("s3:"))
    folder = Path(name).resolve()
    if folder.is_relative_to(settings.data_dir.resolve()):
        raise InvalidValue(
            name, message="Nơi chứa bản sao lưu phải nằm ngoài thư mục dữ liệu, nên ở ổ đĩa khác."
        )
    return FolderStore(folder)


def _heads_folder(settings: Settings) -> Path:
    return settings.audit_dir or settings.data_dir / "audit"


def _pack(settings: Settings, to: Path, entry: int) -> None:
    """Trust roots, and the heads of the log up to what the picture of the database knows."""
    own = FolderHeads(_heads_folder(settings))
    staged = to.with_name("heads")
    FolderHeads(staged).add([head for head in own.heads() if 0 < head.sequence <= entry])
    with tarfile.open(to, "w") as tar:
        if staged.is_dir():
            tar.add(staged, "audit")
        if (settings.certificates / "trust").is_dir():
            tar.add(settings.certificates / "trust", "trust")


def _unpack(settings: Settings, source: Path) -> None:
    """Files that are there already stay: trust is this machine's to decide."""
    with tarfile.open(source) as tar:
        for member in tar.getmembers():
            top, _, name = member.name.partition("/")
            places = {"audit": _heads_folder(settings), "trust": settings.certificates / "trust"}
            if not member.isfile() or top not in places or "/" in name or name.startswith("."):
                continue
            to = places[top] / name
            content = tar.extractfile(member)
            if content is None or to.exists():
                continue
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(content.read())
