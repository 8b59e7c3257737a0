# SPDX-License-Identifier: Apache-2.0
"""The object store on a file system: one PC, or a mounted volume.

Layout under `root`:

    objects/<key>        the bytes themselves, read-only, readable without this program
    records/<key>.json   sha256, size and media type as they were at put
    tmp/                 writes under way; what a crash left here is swept
    damaged/<key>.<time> what a scrub found in the place of good bytes

The order is temp file, fsync, read back, link (which fails if the name is taken), record, fsync of
both folders. So a name under `objects/` only ever appears with all its bytes behind it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.objects.content import (
    Hashed,
    check_address,
    check_content,
    check_key,
    fetched,
    fingerprint,
    pieces,
)
from storage.objects.disk import (
    disk_errors,
    make_folder,
    set_immutable,
    sync_folder,
    write_synced,
)
from workflows.domain.document import StoredObject
from workflows.errors import Conflict, IntegrityViolation, NotFound
from workflows.ports.objects import Measured, Protection


class FolderStore:
    """`ObjectStore` on a folder. Safe for any number of processes on one file system."""

    def __init__(self, root: Path) -> None:
        self._objects = root / "objects"
        self._records = root / "records"
        self._tmp = root / "tmp"
        self._damaged = root / "damaged"
        with disk_errors(f"opening {root}"):
            for folder in (self._objects, self._records, self._tmp):
                make_folder(folder)

    def put(self, key: str, content: bytes | Path, media_type: str) -> StoredObject:
        """Create-once; the same bytes again is success and returns what is recorded."""
        check_key(key)
        with disk_errors(f"put {key}"), self._scratch() as fresh:
            sha256, size = self._write(fresh, content)
            check_address(key, sha256)
            self._check_record(key, sha256)
            self._publish(key, fresh, sha256)
            stored = StoredObject(key=key, sha256=sha256, size=size, media_type=media_type)
            return self._record(stored)

    def get(self, stored: StoredObject) -> bytes:
        """Whole content, verified. Its size is that of the object: memory is the caller's care."""
        path = self._objects / check_key(stored.key)
        with disk_errors(f"get {stored.key}"):
            try:
                content = path.read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as absent:
                raise NotFound(stored.key) from absent
        if fingerprint(content)[0] != stored.sha256:
            raise IntegrityViolation(f"{stored.key}: the disk gives other bytes than were stored")
        return content

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """In order of key. `size` is what the disk holds now, `sha256` what was recorded at put."""
        with disk_errors(f"list {prefix}"):
            for path in _files(self._objects / prefix.rpartition("/")[0]):
                key = path.relative_to(self._objects).as_posix()
                if key.startswith(prefix):
                    yield self._recorded(key) or self._measured(key)

    def erase(self, stored: StoredObject) -> None:
        """Object and record are gone; nothing happens where they were gone already."""
        path, record = self._objects / check_key(stored.key), self._record_path(stored.key)
        with disk_errors(f"erase {stored.key}"):
            set_immutable(path, on=False)
            for file in (path, record):
                file.unlink(missing_ok=True)
                if file.parent.is_dir():
                    sync_folder(file.parent)

    def find(self, key: str) -> StoredObject | None:
        with disk_errors(f"find {key}"):
            if not (self._objects / check_key(key)).is_file():
                return None
            return self._recorded(key) or self._measured(key)

    def keys(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, dt.datetime]]:
        top = prefix.rpartition("/")[0]
        behind = tuple(after.removeprefix(top).strip("/").split("/")) if after else ()
        with disk_errors(f"list {prefix}"):
            for path in _files(self._objects / top, behind):
                key = path.relative_to(self._objects).as_posix()
                if key.startswith(prefix):
                    at = path.stat().st_mtime
                    yield key, dt.datetime.fromtimestamp(at, dt.UTC)

    def measure(self, key: str) -> Measured | None:
        path = self._objects / check_key(key)
        with disk_errors(f"measure {key}"):
            if not path.is_file():
                return None
            sha256, size = fingerprint(path)
            try:
                recorded = self._recorded(key)
            except IntegrityViolation:
                recorded = None
            agrees = recorded is not None and recorded.sha256 == sha256
            return Measured(sha256=sha256, size=size, recorded=agrees)

    def fetch(self, stored: StoredObject, to: Path) -> None:
        path = self._objects / check_key(stored.key)
        with disk_errors(f"fetch {stored.key}"):
            if not path.is_file():
                raise NotFound(stored.key)
            fetched(pieces(path), stored, to)

    def mend(self, stored: StoredObject, content: Path) -> None:
        """What was there goes to `damaged/` under its key and the time."""
        check_content(stored, content)
        final, record = self._objects / check_key(stored.key), self._record_path(stored.key)
        with disk_errors(f"mend {stored.key}"), self._scratch() as fresh:
            self._write(fresh, content)
            self._put_aside(final)
            record.unlink(missing_ok=True)
            self._publish(stored.key, fresh, stored.sha256)
            self._record(stored)

    def protect(self, stored: StoredObject, until: dt.datetime) -> Protection:
        """The file attribute `i` where we are root on a file system that has it.

        It has no date and root can take it off, so it guards against mistakes and other programs,
        not against whoever owns the machine. For that: S3 with object lock, a replica elsewhere.
        """
        path = self._objects / check_key(stored.key)
        return Protection.IMMUTABLE if set_immutable(path, on=True) else Protection.NONE

    def protected_until(self, stored: StoredObject) -> dt.datetime | None:
        return None

    def _put_aside(self, final: Path) -> None:
        """Also a file where a folder should be, and a folder where a file should be (f39)."""
        for place in (*reversed(final.relative_to(self._objects).parents), None):
            path = self._objects / place if place is not None else final
            wrong = path.is_file() if place is not None else os.path.lexists(path)
            if wrong:
                aside = self._damaged / path.relative_to(self._objects)
                aside = aside.with_name(f"{aside.name}.{time.time_ns()}")
                make_folder(aside.parent)
                set_immutable(path, on=False)
                path.rename(aside)
                sync_folder(path.parent)

    def sweep(self, older_than_s: float = 3600.0) -> int:
        """Remove what crashed writers left; the number removed. Writes under way are younger."""
        edge, removed = time.time() - older_than_s, 0
        with disk_errors("sweep"):
            for path in list(self._tmp.iterdir()):
                if path.stat().st_mtime <= edge:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        path = self._tmp / uuid.uuid4().hex
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _write(self, path: Path, content: bytes | Path) -> tuple[str, int]:
        """What was hashed on the way in must be what is read back (f38: a full disk said "ok")."""
        passing = Hashed(pieces(content))
        write_synced(path, iter(passing))
        found = fingerprint(path)
        # a file may change while it is copied: what it holds afterwards counts
        given = passing.found if isinstance(content, bytes) else fingerprint(content)
        if found != given:
            raise IntegrityViolation("the file read back differs from what was written")
        return found

    def _publish(self, key: str, fresh: Path, sha256: str) -> None:
        final = self._objects / key
        try:
            make_folder(final.parent)
            os.link(fresh, final)
        except (FileExistsError, NotADirectoryError) as taken:
            self._compare(key, sha256, taken)
        # also after losing the race: the winner may not have reached its own fsync yet
        sync_folder(final.parent)

    def _check_record(self, key: str, sha256: str) -> None:
        """Bytes that were lost leave their record: only the same may take their place."""
        record = self._record_path(key)
        if (self._objects / key).exists() or not record.exists():
            return
        try:
            noted = json.loads(record.read_bytes())["sha256"]
        except (ValueError, KeyError, TypeError):
            return  # a damaged record proves nothing; the scrub writes it anew
        if noted != sha256:
            raise IntegrityViolation(f"{key}: recorded as {noted} and lost, was given {sha256}")

    def _compare(self, key: str, sha256: str, taken: OSError) -> None:
        """A retry meets its own first attempt: fine. Anything else under the name is not."""
        final = self._objects / key
        found = fingerprint(final)[0] if final.is_file() else None
        if found == sha256:
            return
        recorded = self._recorded(key) if found else None
        if recorded and recorded.sha256 == sha256:
            raise IntegrityViolation(f"{key}: recorded as {sha256}, the disk holds {found}")
        raise Conflict(f"{key} is taken (sha256 {found})") from taken

    def _record(self, stored: StoredObject) -> StoredObject:
        final = self._record_path(stored.key)
        body = {"sha256": stored.sha256, "size": stored.size, "media_type": stored.media_type}
        with self._scratch() as fresh:
            told = json.dumps(body, ensure_ascii=False).encode()
            write_synced(fresh, iter([told]))
            make_folder(final.parent)
            try:
                os.link(fresh, final)
            except FileExistsError:
                return self._recorded(stored.key) or stored
            finally:
                sync_folder(final.parent)
        return stored

    def _recorded(self, key: str) -> StoredObject | None:
        """From the record, with the size on disk; None where a crash came before the record."""
        try:
            body = json.loads(self._record_path(key).read_bytes())
            size = (self._objects / key).stat().st_size
            return StoredObject(
                key=key, sha256=body["sha256"], size=size, media_type=body["media_type"]
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as damaged:
            raise IntegrityViolation(f"the record of {key} cannot be read") from damaged

    def _measured(self, key: str) -> StoredObject:
        sha256, size = fingerprint(self._objects / key)
        return StoredObject(
            key=key, sha256=sha256, size=size, media_type="application/octet-stream"
        )

    def _record_path(self, key: str) -> Path:
        return self._records / f"{key}.json"


def _files(folder: Path, behind: tuple[str, ...] = ()) -> Iterator[Path]:
    """Every file below, name by name on each level; nothing when the folder is not there.

    `behind`: the path, part by part, of one given before: only what comes later.
    """
    if not folder.is_dir():
        return
    first, deeper = (behind[0], behind[1:]) if behind else ("", ())
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if entry.name < first:
            continue
        same = bool(behind) and entry.name == first
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path), deeper if same else ())
        elif entry.is_file(follow_symlinks=False) and not same:
            yield Path(entry.path)
