"""How long preservation takes: heads of the log, audit verify, scrub, backup, restore.

    python benchmarks/preservation.py [PAPERS]

Papers of four objects (original 120 kB, copy 60 kB, two page images of 200 kB), SQLite and folder.
Every figure is void unless the counts asserted beside it hold.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from house import House

from service.backups import backup_of, kept, restore_into
from service.config import Settings
from service.upkeep import custodian
from storage.age import make_key_file
from storage.objects import FolderStore
from workflows.domain.audit import AuditEvent
from workflows.domain.document import StoredObject

SIZES = {"orig": 120_000, "copy": 60_000, "pages": 200_000}


class Padded(FolderStore):
    """Small papers of the tests, as large as real ones."""

    def put(self, key: str, content: bytes | Path, media_type: str) -> StoredObject:
        kind = key.split("/")[0]
        if isinstance(content, bytes) and kind in ("copy", "pages"):
            content += os.urandom(SIZES[kind] - len(content))
        return super().put(key, content, media_type)


def timed(
    name: str, work: Callable[[], Any], *, per: tuple[int, float] | None = None, unit: str = "s"
) -> tuple[Any, float]:
    began = time.perf_counter()
    result = work()
    took = time.perf_counter() - began
    note = f"  ({per[1] * took / per[0]:.1f} {unit})" if per else ""
    print(f"{name:46s} {took:8.2f} s{note}", flush=True)
    return result, took


def main(papers: int) -> None:
    root = Path(tempfile.mkdtemp(prefix="sohoa-bench-"))
    try:
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {papers} papers")
        key = root / "key"
        recipient = make_key_file(key)
        var = root / "var"
        var.mkdir()
        settings = Settings(data_dir=var, backup_recipients=recipient, scrub_mb_per_s=0)
        house = House(var, Padded(var / "objects"), None)
        for _ in range(0, papers, 50):
            house.add(50)
        here = custodian(settings)
        bytes_kept = sum(o.size for o in house.objects().values())
        print(f"{len(house.objects())} objects, {bytes_kept / 1e6:.0f} MB")

        event = AuditEvent(
            actor_id="u", action="document.viewed", subject_kind="document", subject_id="d",
            unit_id="here", at=dt.datetime.now(dt.UTC), purpose="x", facts={"what": "file"},
        )  # fmt: skip
        commits = 300

        def append(witnessed: bool) -> None:
            here.database.witness = here.audit.witness if witnessed else None
            for _ in range(commits):
                with here.database.transaction() as tx:
                    tx.audit.append(event)

        for witnessed in (False, True, False, True):
            timed(
                f"{commits} audited commits, head {'signed' if witnessed else 'not signed'}",
                lambda w=witnessed: append(w), per=(commits, 1000), unit="ms each",
            )  # fmt: skip
        here.database.witness = here.audit.witness
        for _ in range(20):
            with here.database.transaction() as tx:
                for n in range(1000):
                    tx.audit.append(replace(event, subject_id=f"d{n}"))
        report, _ = timed("audit verify", here.audit.verify)
        assert report.whole and report.entries >= 20_000 + 4 * commits
        print(f"  {report.entries} entries, {report.heads} signed heads")

        done, took = timed("scrub, no limit", lambda: here.scrub(mb_per_s=0).run(restart=True))
        assert done.objects == 4 * papers and not done.findings
        print(f"  {done.read_bytes / 1e6 / took:.0f} MB/s")

        target = FolderStore(root / "nas")
        backup = backup_of(here, key_file=key)
        each = (papers, 100_000 / 60)
        [first], took = timed(
            "first backup", lambda: backup.make({"nas": target}, kept=kept(settings)),
            per=each, unit="min for 100,000 papers",
        )  # fmt: skip
        assert first.copied == 4 * papers and not first.trouble
        house.add(10)
        [second], _ = timed(
            "next backup, 10 papers more", lambda: backup.make({"nas": target}, kept=kept(settings))
        )
        assert second.copied == 40
        checked, _ = timed("backup verify, every file opened", lambda: backup.check(target))
        assert checked.good and checked.opened and checked.objects == 4 * (papers + 10)
        new = root / "new"
        new.mkdir()
        shutil.copy(var / "installation.key", new)
        there = custodian(Settings(data_dir=new, backup_recipients=recipient))
        (restored, audit), _ = timed(
            "restore, log verified", lambda: restore_into(
                there, backup_of(there, key_file=key), target, None
            ), per=each, unit="min for 100,000 papers",
        )  # fmt: skip
        assert not restored.lost and restored.copied == 4 * (papers + 10) and audit.whole
        check = there.scrub(mb_per_s=0).run()
        assert not check.findings and check.objects == 4 * (papers + 10)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
