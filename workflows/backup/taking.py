# SPDX-License-Identifier: Apache-2.0
"""A picture of the database, then every object it names, encrypted, into a target."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workflows.backup.outcome import Made
from workflows.backup.vault import FORMAT, Vault, key_of
from workflows.backup.workroom import plain_and_closed, side_by_side
from workflows.domain.document import StoredObject
from workflows.errors import IntegrityViolation, NotFound
from workflows.ports.backup import Cipher, DatabaseCopies
from workflows.ports.objects import KeptStore

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where objects are read from (the replica where the first fails) and who encrypts them."""

    objects: KeptStore
    replica: KeptStore | None
    cipher: Cipher


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The database at one moment, lying encrypted in `work`, with the list of its objects."""

    id: str
    work: Path
    facts: Mapping[str, Any]
    """What the manifest will say of it."""

    def described(self, *, version: str, key: str, public: bytes) -> Picture:
        """The same, saying too which installation made it."""
        more = {"version": version, "key": key, "public": public.hex()}
        return replace(self, facts=dict(self.facts) | more)

    def objects(self) -> Iterator[StoredObject]:
        with (self.work / "wanted.jsonl").open(encoding="utf-8") as lines:
            yield from (StoredObject(**json.loads(line)) for line in lines)


def take_picture(
    copies: DatabaseCopies,
    cipher: Cipher,
    pack_extras: Callable[[Path, int], None],
    work: Path,
    *,
    at: dt.datetime,
) -> Picture:
    """Dump the database, list the objects of that very moment, add the extras; encrypt both."""
    snapshot = f"{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}-{at.microsecond:06d}"
    documents = 0
    with copies.dump(work / "database") as tx:
        entry, digest = tx.audit.last() or (0, "")
        with (work / "wanted.jsonl").open("w", encoding="utf-8") as lines:
            after = ""
            while holdings := tx.holdings.after(after, limit=_PAGE):
                for holding in holdings:
                    lines.writelines(json.dumps(asdict(o)) + "\n" for o in holding.objects)
                after = holdings[-1].document_id
                documents += len(holdings)
    pack_extras(work / "extras", entry)
    for name in ("database", "extras"):
        cipher.encrypt(work / name, work / f"{name}.age")
    facts = {
        "format": FORMAT,
        "id": snapshot,
        "made_at": at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "kind": copies.kind,
        "revision": copies.revision,
        "audit": {"entry": entry, "hash": digest},
        "documents": documents,
    }
    return Picture(id=snapshot, work=work, facts=facts)


def copy_into(vault: Vault, name: str, picture: Picture, source: Source) -> Made:
    """Objects the target has not, then the snapshot. Raises what the target's store raises."""
    objects = copied = copied_bytes = 0
    missing: list[str] = []
    with gzip.open(picture.work / "objects.jsonl.gz", "wt", encoding="utf-8") as lines:
        sealed = side_by_side(
            lambda wanted: _sealed(vault, wanted, source, picture.work), picture.objects()
        )
        for wanted, (kept, fresh) in sealed:
            objects += 1
            if kept is None:
                missing.append(wanted.key)
                continue
            copied, copied_bytes = copied + fresh, copied_bytes + fresh * kept.size
            lines.write(json.dumps([asdict(wanted), kept.sha256, kept.size]) + "\n")
    vault.finish(picture.facts, picture.work, objects=objects, missing=tuple(missing))
    return Made(
        target=name,
        id=picture.id,
        objects=objects,
        copied=copied,
        copied_bytes=copied_bytes,
        missing=tuple(missing),
    )


def _sealed(
    vault: Vault, wanted: StoredObject, source: Source, work: Path
) -> tuple[StoredObject | None, bool]:
    """(as it rests in the target, whether it is new there); None where nobody has it."""
    known = vault.store.find(key_of(wanted))
    if known is not None:
        return known, False
    with plain_and_closed(work) as (plain, closed):
        for store in (source.objects, source.replica):
            with suppress(NotFound, IntegrityViolation):
                if store is not None:
                    store.fetch(wanted, plain)
                    break
        else:
            return None, False
        source.cipher.encrypt(plain, closed)
        return vault.put_object(wanted, closed), True
