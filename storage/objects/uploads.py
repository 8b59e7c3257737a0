# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads at rest: bytes that are not a file yet, each with its owner and length.

The file's own size is the offset, so a crash between two writes cannot make them disagree.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from storage.objects.disk import disk_errors, make_folder, sync_folder
from workflows.errors import Conflict, NotFound, TooLarge


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload under way. `length` in bytes; `owner`: the only one who may see it."""

    id: str
    owner: str
    length: int
    file_name: str


class UploadFolder:
    """Uploads under `root`; several may grow at once, each written by one request at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        with disk_errors(f"opening {root}"):
            make_folder(root)

    def create(self, owner: str, length: int, file_name: str) -> Upload:
        made = Upload(id=uuid.uuid4().hex, owner=owner, length=length, file_name=file_name)
        with disk_errors("create upload"):
            self._bytes(made.id).touch(mode=0o600)
            self._facts(made.id).write_text(json.dumps(asdict(made)), "utf-8")
            sync_folder(self._root)
        return made

    def get(self, upload_id: str, owner: str) -> tuple[Upload, int]:
        """The upload and its offset; `NotFound` for another's as for none."""
        if not upload_id.isalnum():
            raise NotFound(upload_id)
        try:
            found = Upload(**json.loads(self._facts(upload_id).read_text("utf-8")))
            offset = self._bytes(upload_id).stat().st_size
        except FileNotFoundError as absent:
            raise NotFound(upload_id) from absent
        if found.owner != owner:
            raise NotFound(upload_id)
        return found, offset

    def append(self, upload: Upload, offset: int, chunks: Iterator[bytes]) -> int:
        """Write on from `offset`; returns the new one. What arrived before a break is kept.

        Raises `Conflict` for a stale offset, `TooLarge` past the length announced.
        """
        with disk_errors("append upload"), self._bytes(upload.id).open("r+b") as file:
            _lock(file.fileno())
            at = file.seek(0, os.SEEK_END)
            if at != offset:
                raise Conflict(f"offset is {at}, not {offset}")
            try:
                for chunk in chunks:
                    if at + len(chunk) > upload.length:
                        raise TooLarge(f"more than {upload.length} bytes")
                    at += file.write(chunk)
            finally:
                file.flush()
                os.fsync(file.fileno())
        return at

    def content(self, upload: Upload) -> Path:
        return self._bytes(upload.id)

    def erase(self, upload: Upload) -> None:
        self._bytes(upload.id).unlink(missing_ok=True)
        self._facts(upload.id).unlink(missing_ok=True)

    def sweep(self, older_than_s: float = 86_400.0) -> int:
        """Remove uploads nobody went on with; the number removed."""
        edge, removed = time.time() - older_than_s, 0
        for path in list(self._root.glob("*.part")):
            if path.stat().st_mtime <= edge:
                path.unlink(missing_ok=True)
                path.with_suffix(".json").unlink(missing_ok=True)
                removed += 1
        return removed

    def _bytes(self, upload_id: str) -> Path:
        return self._root / f"{upload_id}.part"

    def _facts(self, upload_id: str) -> Path:
        return self._root / f"{upload_id}.json"


def _lock(descriptor: int) -> None:
    """One writer: a second PATCH of the same upload is told so instead of mixing bytes (f41)."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        raise Conflict("another request is writing") from taken
