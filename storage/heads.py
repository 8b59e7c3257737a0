# SPDX-License-Identifier: Apache-2.0
"""Signed heads of the audit log: in files beside the database, and in an object store."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from storage.objects.disk import disk_errors, make_folder, sync_folder
from workflows.domain.audit import SignedHead
from workflows.ports.objects import ObjectStore

OBJECTS = "heads/"
"""Prefix in the object store; nothing there belongs to a Document."""


class FolderHeads:
    """`HeadLog` in append-only files, one a month: `heads-2026-11.jsonl`, one head a line.

    Lines are shorter than a pipe's buffer and written with O_APPEND, so that processes may write
    at once. Not synced: each commit would wait for a second disk (measured: half as long again). A
    power cut may take the newest heads, which then witness nothing, and never makes a wrong one;
    the object store has one every few minutes. Put the folder on another disk than the database
    (`audit_dir`).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, heads: Sequence[SignedHead]) -> None:
        if not heads:
            return
        path = self._folder / f"heads-{heads[-1].at.astimezone(dt.UTC):%Y-%m}.jsonl"
        lines = b"".join(json.dumps(_plain(h)).encode() + b"\n" for h in heads)
        with disk_errors(f"writing {path}"):
            make_folder(self._folder)
            fresh = not path.exists()
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                os.write(descriptor, lines)
            finally:
                os.close(descriptor)
            if fresh:
                sync_folder(self._folder)

    def heads(self) -> Iterator[SignedHead]:
        with disk_errors(f"reading {self._folder}"):
            for path in sorted(self._folder.glob("heads-*.jsonl")):
                with path.open("rb") as lines:
                    # a power cut may leave half a last line; its entry is witnessed by the next
                    yield from (_head(line) for line in lines if line.endswith(b"\n"))


class ObjectHeads:
    """`HeadLog` in an object store, one object a head: under object lock nobody takes it away."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def add(self, heads: Sequence[SignedHead]) -> None:
        for head in heads:
            body = json.dumps(_plain(head)).encode()
            key = f"{OBJECTS}{head.sequence:012d}-{head.at.astimezone(dt.UTC):%Y%m%dT%H%M%S%f}.json"
            self._store.put(key, body, "application/json")

    def heads(self) -> Iterator[SignedHead]:
        for stored in self._store.list(OBJECTS):
            yield _head(self._store.get(stored))


def _plain(head: SignedHead) -> dict[str, Any]:
    return {
        "sequence": head.sequence,
        "hash": head.hash,
        "at": head.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "key": head.key_id,
        "signature": head.signature,
    }


def _head(line: bytes) -> SignedHead:
    try:
        body = json.loads(line)
        return SignedHead(
            sequence=int(body["sequence"]),
            hash=str(body["hash"]),
            at=dt.datetime.fromisoformat(body["at"]),
            key_id=str(body["key"]),
            signature=str(body["signature"]),
        )
    except (ValueError, KeyError, TypeError):
        nowhere = dt.datetime.min.replace(tzinfo=dt.UTC)
        return SignedHead(sequence=0, hash="", at=nowhere, key_id="")
