# SPDX-License-Identifier: Apache-2.0
"""A target as it is laid out, and the signed manifests in it.

A target is an object store of its own (folder or bucket), written once:

    objects/<ab>/<sha256>.age            each object once, however many snapshots name it
    snapshots/<id>/database.age          the picture
    snapshots/<id>/extras.age            trust roots, heads of the log (tar)
    snapshots/<id>/objects.jsonl.gz      which objects, their hashes plain and encrypted
    snapshots/<id>/manifest.json         hashes of the above, signed; written last

A snapshot without a manifest is one that was interrupted; the next run goes on with its objects.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workflows.backup.workroom import sha256_of
from workflows.domain.document import StoredObject
from workflows.errors import IntegrityViolation, NotFound
from workflows.ports.backup import Cipher
from workflows.ports.heads import Seal
from workflows.ports.objects import KeptStore

FORMAT = "sohoa-backup/1"
PARTS = ("database.age", "extras.age", "objects.jsonl.gz")
_AGE = "application/age"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of `PARTS` as it rests in the target; `sha256` is of its plain bytes."""

    stored: StoredObject
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Bản kê. `signed`: by this installation, and unchanged since; only then is it to be trusted.

    `missing`: keys of objects that nobody could read when the snapshot was made.
    """

    id: str
    made_at: str
    kind: str
    signed: bool
    parts: Mapping[str, Part]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """One target, read and written with the seal of this installation."""

    store: KeptStore
    seal: Seal

    def snapshots(self) -> list[tuple[str, dt.datetime]]:
        """(id, when) of the finished ones, oldest first."""
        found = []
        for key, _ in self.store.keys("snapshots/"):
            if key.endswith("/manifest.json"):
                snapshot = key.split("/")[1]
                at = dt.datetime.strptime(snapshot[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
                found.append((snapshot, at))
        return sorted(found)

    def manifest(self, snapshot: str | None = None) -> Manifest:
        """Of that snapshot, or of the newest. Raises `NotFound`, `IntegrityViolation` (no JSON)."""
        if snapshot is None:
            made = self.snapshots()
            if not made:
                raise NotFound("no snapshot", message="Nơi này không có bản sao lưu nào hoàn tất.")
            snapshot = made[-1][0]
        found = self.store.find(f"snapshots/{snapshot}/manifest.json")
        if found is None:
            raise NotFound(snapshot, message=f"Không có bản sao lưu {snapshot}.")
        try:
            body: dict[str, Any] = json.loads(self.store.get(found))
            signature = bytes.fromhex(body.pop("signature"))
            signed = body["format"] == FORMAT and body["id"] == snapshot
            signed = signed and self.seal.holds(body["key"], _claim(body), signature)
            parts = [
                Part(stored=StoredObject(**p["stored"]), sha256=p["sha256"]) for p in body["parts"]
            ]
            return Manifest(
                id=snapshot,
                made_at=body["made_at"],
                kind=body["kind"],
                signed=signed,
                parts={part.stored.key.rsplit("/", 1)[1]: part for part in parts},
                missing=tuple(body["missing"]),
            )
        except (ValueError, KeyError, TypeError) as broken:
            raise IntegrityViolation(
                f"manifest of {snapshot}: {broken}", message="Bản kê của bản sao lưu bị hỏng."
            ) from broken

    def finish(
        self,
        body: Mapping[str, Any],
        work: Path,
        *,
        objects: int,
        missing: tuple[str, ...],
    ) -> None:
        """The parts lying in `work`, then the signed manifest that makes them a snapshot."""
        folder = f"snapshots/{body['id']}"
        parts = []
        for part in PARTS:
            plain = work / part.removesuffix(".age")
            stored = self.store.put(f"{folder}/{part}", work / part, "application/octet-stream")
            parts.append({"stored": asdict(stored), "sha256": sha256_of(plain)})
        claimed = dict(body) | {"parts": parts, "objects": objects, "missing": list(missing)}
        signed = claimed | {"signature": self.seal.sign(_claim(claimed)).hex()}
        text = json.dumps(signed, ensure_ascii=False, indent=1).encode()
        self.store.put(f"{folder}/manifest.json", text, "application/json")

    def listing(
        self, manifest: Manifest, work: Path
    ) -> Iterator[tuple[StoredObject, StoredObject]]:
        """(object as it was, object as it rests here)."""
        to = work / f"listing-{secrets.token_hex(4)}"
        self.store.fetch(manifest.parts["objects.jsonl.gz"].stored, to)
        with gzip.open(to, "rt", encoding="utf-8") as lines:
            for line in lines:
                body, sha256, size = json.loads(line)
                wanted = StoredObject(**body)
                key = key_of(wanted)
                yield wanted, StoredObject(key=key, sha256=sha256, size=size, media_type=_AGE)
        to.unlink()

    def open_part(self, part: Part, cipher: Cipher, work: Path) -> Path:
        """The part decrypted in `work`. Raises `IntegrityViolation` where it opens to others."""
        closed = work / part.stored.key.rsplit("/", 1)[1]
        plain = closed.with_suffix("")
        self.store.fetch(part.stored, closed)
        cipher.decrypt(closed, plain)
        if sha256_of(plain) != part.sha256:
            raise IntegrityViolation(f"{part.stored.key} opens to other bytes")
        return plain

    def put_object(self, wanted: StoredObject, closed: Path) -> StoredObject:
        try:
            return self.store.put(key_of(wanted), closed, _AGE)
        except IntegrityViolation:  # lost there; the same object encrypts to other bytes
            self.erase(key_of(wanted))
            return self.store.put(key_of(wanted), closed, _AGE)

    def erase(self, key: str) -> None:
        self.store.erase(StoredObject(key=key, sha256="", size=0, media_type=""))


def key_of(wanted: StoredObject) -> str:
    """Where an object rests in a target: named by its plain content."""
    return f"objects/{wanted.sha256[:2]}/{wanted.sha256}.age"


def _claim(body: Mapping[str, Any]) -> bytes:
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return b"sohoa-backup\n" + text.encode()
