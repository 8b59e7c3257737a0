# SPDX-License-Identifier: Apache-2.0
"""Sao lưu, phục hồi: everything needed to stand up again elsewhere, encrypted, signed, proved.

Order: first a picture of the database, then the objects. An object is durable before its row is
committed (`workflows.intake`), so every object the picture names exists when it is copied; the
other way round, papers that came in between would have rows and no bytes. What is erased or
destroyed in between is named as missing in the manifest.

A target is an object store of its own (folder or bucket), written once:

    objects/<ab>/<sha256>.age            each object once, however many snapshots name it
    snapshots/<id>/database.age          the picture
    snapshots/<id>/extras.age            trust roots, heads of the log (tar)
    snapshots/<id>/objects.jsonl.gz      which objects, their hashes plain and encrypted
    snapshots/<id>/manifest.json         hashes of the above, signed; written last

A snapshot without a manifest is one that was interrupted; the next run goes on with its objects.
Private keys are never in it (QCVN 12: keys apart from backups).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import gzip
import hashlib
import json
import secrets
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from workflows.audit import SYSTEM, record_act
from workflows.domain.document import StoredObject
from workflows.errors import (
    BackupFailed,
    Conflict,
    IntegrityViolation,
    NotFound,
    SohoaError,
)
from workflows.ports.backup import Cipher, DatabaseCopies
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.heads import Seal
from workflows.ports.objects import KeptStore, Measured

FORMAT = "sohoa-backup/1"
LAST = "backup.last"
_AGE = "application/age"
_PAGE = 500
_AT_ONCE = 4
_IN_MEMORY = 4 << 20
"""Bytes up to which an object needs no files on its way back; most are far smaller."""
_ABANDONED_S = 86_400.0
_PARTS = ("database.age", "extras.age", "objects.jsonl.gz")


T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many snapshots stay: the newest of each of so many days, weeks, months."""

    days: int = 7
    weeks: int = 5
    months: int = 12

    def choose(self, made: Sequence[tuple[str, dt.datetime]]) -> set[str]:
        """Ids that stay; the newest always does."""
        chosen: set[str] = set()
        # ids count microseconds, times only seconds: two in one second have an order too
        newest_first = sorted(made, key=lambda m: (m[1], m[0]), reverse=True)
        for count, period in (
            (max(self.days, 1), "%Y-%m-%d"),
            (self.weeks, "%G-%V"),
            (self.months, "%Y-%m"),
        ):
            seen: dict[str, str] = {}
            for snapshot, at in newest_first:
                seen.setdefault(at.strftime(period), snapshot)
            chosen.update(list(seen.values())[:count])
        return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What one target holds now. `copied`: objects new to it; `missing`: keys nobody could read."""

    target: str
    id: str = ""
    objects: int = 0
    copied: int = 0
    copied_bytes: int = 0
    missing: tuple[str, ...] = ()
    pruned: int = 0
    trouble: str = ""


@dataclass(slots=True, kw_only=True)
class Checked:
    """A snapshot looked through. `problems`: (key in the target, what is wrong)."""

    id: str
    made_at: str = ""
    signed: bool = False
    opened: bool = False
    objects: int = 0
    read_bytes: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.signed and not self.problems


@dataclass(slots=True, kw_only=True)
class Restored:
    """`lost`: objects the backup could not give, by key; all others are back and proved."""

    id: str
    made_at: str
    objects: int = 0
    copied: int = 0
    copied_bytes: int = 0
    lost: list[tuple[str, str]] = field(default_factory=list)


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
        with self._alone():
            return self._make(targets, kept)

    def _make(self, targets: Mapping[str, KeptStore], kept: Kept) -> list[Made]:
        now = self.clock.now()
        snapshot = f"{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}-{now.microsecond:06d}"
        made = []
        with self._work() as work:
            manifest = self._picture(work, snapshot, now)
            for name, vault in targets.items():
                try:
                    done = self._into(vault, name, work, manifest)
                except SohoaError as trouble:
                    made.append(Made(target=name, id=snapshot, trouble=str(trouble)))
                    continue
                pruned = self._prune(vault, kept, now)
                made.append(Made(**{**asdict(done), "pruned": pruned}))
        with self.database.transaction() as tx:
            if made and not any(m.trouble for m in made):
                tx.progress.put(LAST, {"at": now.isoformat(), "snapshot": snapshot})
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
        return made

    def due(self, *, every_hours: float) -> bool:
        """The last run that reached every target began longer ago than that."""
        with self.database.read() as tx:
            last = tx.progress.get(LAST)
        if last is None:
            return True
        age = self.clock.now() - dt.datetime.fromisoformat(last["at"])
        return age >= dt.timedelta(hours=every_hours)

    def snapshots(self, vault: KeptStore) -> list[tuple[str, dt.datetime]]:
        """(id, when) of the finished ones, oldest first."""
        found = []
        for key, _ in vault.keys("snapshots/"):
            if key.endswith("/manifest.json"):
                snapshot = key.split("/")[1]
                at = dt.datetime.strptime(snapshot[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
                found.append((snapshot, at))
        return sorted(found)

    def check(self, vault: KeptStore, snapshot: str | None = None) -> Checked:
        """Every byte of a snapshot read and re-hashed; opened too where we hold the key."""
        manifest, checked = self._manifest(vault, snapshot)
        with self._work() as work:
            for part in manifest["parts"]:
                self._check_part(
                    vault, StoredObject(**part["stored"]), part["sha256"], work, checked
                )
            if checked.problems:
                return checked
            for wanted, stored in self._listing(vault, manifest, work):
                checked.objects += 1
                self._check_part(vault, stored, wanted.sha256, work, checked)
        checked.problems.extend((key, "không có khi sao lưu") for key in manifest["missing"])
        return checked

    def restore(self, vault: KeptStore, snapshot: str | None = None) -> Restored:
        """Objects first, the database last: until all is there, nothing can start on it.

        Interrupted, it goes on when called again. Raises `Conflict` where there is a database,
        `IntegrityViolation` for a manifest that is not ours or a damaged picture.
        """
        if self.copies.revision is not None:
            raise Conflict(
                "the database has tables",
                message="Cơ sở dữ liệu đích đã có dữ liệu; chỉ phục hồi vào nơi còn trống.",
            )
        manifest, checked = self._manifest(vault, snapshot)
        if not checked.signed:
            raise IntegrityViolation(
                f"manifest of {checked.id}",
                message="Bản kê của bản sao lưu không đúng chữ ký của trạm; không phục hồi.",
            )
        if manifest["kind"] != self.copies.kind:
            raise BackupFailed(
                f"a copy of {manifest['kind']} cannot be loaded into {self.copies.kind}",
                message=f"Bản sao lưu là {manifest['kind']}, đích là {self.copies.kind}.",
            )
        done = Restored(id=checked.id, made_at=manifest["made_at"])
        with self._work() as work:
            parts = {p["stored"]["key"].rsplit("/", 1)[1]: p for p in manifest["parts"]}
            picture = self._opened(vault, parts["database.age"], work / "database")
            listing = self._listing(vault, manifest, work)
            brought = _side_by_side(lambda pair: self._bring_back(vault, *pair, work), listing)
            for (wanted, _), (copied, trouble) in brought:
                done.objects += 1
                done.copied += copied
                done.copied_bytes += copied * wanted.size
                if trouble:
                    done.lost.append((wanted.key, trouble))
            self.unpack_extras(self._opened(vault, parts["extras.age"], work / "extras"))
            self.copies.load(picture)
        done.lost.extend((key, "không có khi sao lưu") for key in manifest["missing"])
        return done

    # making

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """A lock that ends with the process, however it ends."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        with (self.scratch / "backup.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as taken:
                raise Conflict("backup.lock", message="Một lượt sao lưu khác đang chạy.") from taken
            yield

    @contextmanager
    def _work(self) -> Iterator[Path]:
        """A folder for plain copies, ours alone (0700); what a killed run left goes first."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        for old in self.scratch.glob("backup-*/"):
            if time.time() - old.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(old, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="backup-", dir=self.scratch) as work:
            yield Path(work)

    def _picture(self, work: Path, snapshot: str, now: dt.datetime) -> dict[str, Any]:
        documents = 0
        with self.copies.dump(work / "database") as tx:
            entry, digest = tx.audit.last() or (0, "")
            with (work / "wanted.jsonl").open("w", encoding="utf-8") as lines:
                after = ""
                while holdings := tx.holdings.after(after, limit=_PAGE):
                    for holding in holdings:
                        lines.writelines(json.dumps(asdict(o)) + "\n" for o in holding.objects)
                    after = holdings[-1].document_id
                    documents += len(holdings)
        self.pack_extras(work / "extras", entry)
        for name in ("database", "extras"):
            self.cipher.encrypt(work / name, work / f"{name}.age")
        return {
            "format": FORMAT,
            "id": snapshot,
            "made_at": now.astimezone(dt.UTC).isoformat(timespec="seconds"),
            "version": self.version,
            "kind": self.copies.kind,
            "revision": self.copies.revision,
            "audit": {"entry": entry, "hash": digest},
            "documents": documents,
            "key": self.seal.key_id,
            "public": self.public.hex(),
        }

    def _into(self, vault: KeptStore, name: str, work: Path, manifest: Mapping[str, Any]) -> Made:
        objects = copied = copied_bytes = 0
        missing: list[str] = []
        listing = work / "objects.jsonl.gz"
        with gzip.open(listing, "wt", encoding="utf-8") as lines:
            wanted_lines = _stored_lines(work / "wanted.jsonl")
            sealed = _side_by_side(lambda w: self._sealed(vault, w, work), wanted_lines)
            for wanted, (kept, fresh) in sealed:
                objects += 1
                if kept is None:
                    missing.append(wanted.key)
                    continue
                copied, copied_bytes = copied + fresh, copied_bytes + fresh * kept.size
                lines.write(json.dumps([asdict(wanted), kept.sha256, kept.size]) + "\n")
        folder = f"snapshots/{manifest['id']}"
        parts = []
        for part in _PARTS:
            plain = work / part.removesuffix(".age")
            stored = vault.put(f"{folder}/{part}", work / part, "application/octet-stream")
            parts.append({"stored": asdict(stored), "sha256": _sha256(plain)})
        body = dict(manifest) | {"parts": parts, "objects": objects, "missing": missing}
        signed = body | {"signature": self.seal.sign(_claim(body)).hex()}
        text = json.dumps(signed, ensure_ascii=False, indent=1).encode()
        vault.put(f"{folder}/manifest.json", text, "application/json")
        return Made(
            target=name,
            id=manifest["id"],
            objects=objects,
            copied=copied,
            copied_bytes=copied_bytes,
            missing=tuple(missing),
        )

    def _sealed(
        self, vault: KeptStore, wanted: StoredObject, work: Path
    ) -> tuple[StoredObject | None, bool]:
        """(as it rests in the target, whether it is new there); None where nobody has it."""
        known = vault.find(_vault_key(wanted))
        if known is not None:
            return known, False
        fresh = self._seal_object(vault, wanted, work)
        return fresh, fresh is not None

    def _seal_object(
        self, vault: KeptStore, wanted: StoredObject, work: Path
    ) -> StoredObject | None:
        """Fetch (from the replica where the primary fails), encrypt, store; None: nobody has it."""
        plain, closed = _scratch(work)
        try:
            for store in (self.objects, self.replica):
                with suppress(NotFound, IntegrityViolation):
                    if store is not None:
                        store.fetch(wanted, plain)
                        break
            else:
                return None
            self.cipher.encrypt(plain, closed)
            try:
                return vault.put(_vault_key(wanted), closed, _AGE)
            except IntegrityViolation:  # lost there; the same object encrypts to other bytes
                _erase(vault, _vault_key(wanted))
                return vault.put(_vault_key(wanted), closed, _AGE)
        finally:
            plain.unlink(missing_ok=True)
            closed.unlink(missing_ok=True)

    def _prune(self, vault: KeptStore, kept: Kept, now: dt.datetime) -> int:
        """Old snapshots go, and objects only they named; what a lock holds stays."""
        made = self.snapshots(vault)
        chosen = kept.choose(made)
        gone = [snapshot for snapshot, _ in made if snapshot not in chosen]
        if not gone:
            return 0
        named: set[str] = set()
        try:
            with self._work() as work:
                for snapshot in chosen:
                    manifest, checked = self._manifest(vault, snapshot)
                    if not checked.signed:
                        return 0  # another's, or forged: nothing is thrown away on its word
                    named.update(stored.key for _, stored in self._listing(vault, manifest, work))
            for snapshot in gone:
                # the manifest first: what is half gone is no snapshot any more
                for part in ("manifest.json", *_PARTS):
                    _erase(vault, f"snapshots/{snapshot}/{part}")
            for key, _ in list(vault.keys("objects/")):
                if key not in named:
                    _erase(vault, key)
        except SohoaError:
            return 0
        return len(gone)

    # reading back

    def _manifest(self, vault: KeptStore, snapshot: str | None) -> tuple[dict[str, Any], Checked]:
        if snapshot is None:
            made = self.snapshots(vault)
            if not made:
                raise NotFound("no snapshot", message="Nơi này không có bản sao lưu nào hoàn tất.")
            snapshot = made[-1][0]
        found = vault.find(f"snapshots/{snapshot}/manifest.json")
        if found is None:
            raise NotFound(snapshot, message=f"Không có bản sao lưu {snapshot}.")
        try:
            manifest: dict[str, Any] = json.loads(vault.get(found))
            signature = bytes.fromhex(manifest.pop("signature"))
            signed = manifest["format"] == FORMAT and manifest["id"] == snapshot
            signed = signed and self.seal.holds(manifest["key"], _claim(manifest), signature)
        except (ValueError, KeyError, TypeError) as broken:
            raise IntegrityViolation(
                f"manifest of {snapshot}: {broken}", message="Bản kê của bản sao lưu bị hỏng."
            ) from broken
        return manifest, Checked(id=snapshot, made_at=manifest["made_at"], signed=signed)

    def _check_part(
        self, vault: KeptStore, stored: StoredObject, plain_sha256: str, work: Path, to: Checked
    ) -> None:
        closed, plain = work / "part.age", work / "part"
        try:
            vault.fetch(stored, closed)
            to.read_bytes += stored.size
            if self.cipher.opens and stored.key.endswith(".age"):
                to.opened = True
                self.cipher.decrypt(closed, plain)
                if _sha256(plain) != plain_sha256:
                    to.problems.append((stored.key, "nội dung khác dấu vân tay"))
        except NotFound:
            to.problems.append((stored.key, "mất"))
        except IntegrityViolation:
            to.problems.append((stored.key, "bị đổi"))
        except BackupFailed as trouble:
            to.problems.append((stored.key, trouble.shown))
        finally:
            closed.unlink(missing_ok=True)
            plain.unlink(missing_ok=True)

    def _listing(
        self, vault: KeptStore, manifest: Mapping[str, Any], work: Path
    ) -> Iterator[tuple[StoredObject, StoredObject]]:
        """(object as it was, object as it rests in the target)."""
        part = next(p["stored"] for p in manifest["parts"] if p["stored"]["key"].endswith(".gz"))
        to = work / f"listing-{secrets.token_hex(4)}"
        vault.fetch(StoredObject(**part), to)
        with gzip.open(to, "rt", encoding="utf-8") as lines:
            for line in lines:
                body, sha256, size = json.loads(line)
                wanted = StoredObject(**body)
                yield (
                    wanted,
                    StoredObject(key=_vault_key(wanted), sha256=sha256, size=size, media_type=_AGE),
                )
        to.unlink()

    def _opened(self, vault: KeptStore, part: Mapping[str, Any], to: Path) -> Path:
        closed = to.with_name(f"{to.name}.age")
        vault.fetch(StoredObject(**part["stored"]), closed)
        self.cipher.decrypt(closed, to)
        if _sha256(to) != part["sha256"]:
            raise IntegrityViolation(f"{part['stored']['key']} opens to other bytes")
        return to

    def _bring_back(
        self, vault: KeptStore, wanted: StoredObject, stored: StoredObject, work: Path
    ) -> tuple[bool, str]:
        """(whether it was copied now, what is wrong or "").

        What an earlier, interrupted restore brought is re-hashed and mended where it is not whole:
        whatever cut that one off may have harmed the disk too.
        """
        there = self.objects.measure(wanted.key)
        if there == Measured(sha256=wanted.sha256, size=wanted.size, recorded=True):
            return False, ""
        plain, closed = _scratch(work)
        try:
            if there is None and stored.size <= _IN_MEMORY:
                opened = self.cipher.opened(vault.get(stored))
                if hashlib.sha256(opened).hexdigest() != wanted.sha256:
                    raise IntegrityViolation(stored.key)
                self.objects.put(wanted.key, opened, wanted.media_type)
                return True, ""
            vault.fetch(stored, closed)
            self.cipher.decrypt(closed, plain)
            if _sha256(plain) != wanted.sha256:
                raise IntegrityViolation(stored.key)
            if there is None:
                self.objects.put(wanted.key, plain, wanted.media_type)
            else:
                self.objects.mend(wanted, plain)
        except NotFound:
            return False, "mất trong bản sao lưu"
        except (IntegrityViolation, BackupFailed, Conflict):
            return False, "hỏng trong bản sao lưu"
        finally:
            closed.unlink(missing_ok=True)
            plain.unlink(missing_ok=True)
        return True, ""


def _side_by_side(work: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R]]:
    """In order, a few at once: an object is mostly waiting for a disk to say that it is durable."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting: deque[tuple[T, Future[R]]] = deque()
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > 4 * _AT_ONCE:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def _scratch(work: Path) -> tuple[Path, Path]:
    """Names for one object, plain and encrypted."""
    name = secrets.token_hex(8)
    return work / f"object-{name}", work / f"object-{name}.age"


def _erase(vault: KeptStore, key: str) -> None:
    vault.erase(StoredObject(key=key, sha256="", size=0, media_type=""))


def _vault_key(wanted: StoredObject) -> str:
    return f"objects/{wanted.sha256[:2]}/{wanted.sha256}.age"


def _stored_lines(path: Path) -> Iterator[StoredObject]:
    with path.open(encoding="utf-8") as lines:
        yield from (StoredObject(**json.loads(line)) for line in lines)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _claim(manifest: Mapping[str, Any]) -> bytes:
    body = json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return b"sohoa-backup\n" + body.encode()
