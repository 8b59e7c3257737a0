# SPDX-License-Identifier: Apache-2.0
"""What every store checks before it takes bytes: the key, and the fingerprint."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from workflows.domain.document import StoredObject
from workflows.errors import IntegrityViolation, InvalidValue

CHUNK = 1 << 20
_LONGEST_KEY = 1024  # bytes; the S3 limit, so that a folder can move to S3 later
_LONGEST_SEGMENT = 240  # bytes; file systems stop at 255 and the record adds ".json"
# a colon opens a stream or a drive on Windows, a backslash is a separator there; Cc and Cs
_BAD_LETTER = re.compile("[\\\\:\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ORIGINAL = re.compile(r"orig/[0-9a-f]{2}/([0-9a-f]{64})")


def check_key(key: str) -> str:
    """The key, when it is NFC, relative, and cannot leave its folder; else `InvalidValue`."""
    if not key or key != unicodedata.normalize("NFC", key):
        raise InvalidValue(f"object key is empty or not NFC: {key!r}")
    if len(key.encode("utf-8", "surrogatepass")) > _LONGEST_KEY:
        raise InvalidValue(f"object key is longer than {_LONGEST_KEY} bytes")
    if any(_bad_segment(segment) for segment in key.split("/")):
        raise InvalidValue(f"object key could leave its folder: {key!r}")
    return key


def _bad_segment(segment: str) -> bool:
    return (
        segment in {"", ".", ".."}
        or _BAD_LETTER.search(segment) is not None
        or len(segment.encode()) > _LONGEST_SEGMENT
    )


def check_address(key: str, sha256: str) -> None:
    """`orig/ab/<sha256>` may only hold the bytes it names: the file may have changed on the way."""
    original = _ORIGINAL.fullmatch(key)
    if original and original[1] != sha256:
        raise IntegrityViolation(f"{key} was given bytes with sha256 {sha256}")


def check_content(stored: StoredObject, content: bytes | Path) -> None:
    """Only the bytes that were recorded may take their place again; else `IntegrityViolation`."""
    found = fingerprint(content)
    if found != (stored.sha256, stored.size):
        raise IntegrityViolation(f"{stored.key} is {stored.sha256}, was given {found[0]}")


def fetched(source: Iterator[bytes], stored: StoredObject, to: Path) -> None:
    """Write `source` to a new file, hashing on the way; removed again when it is not `stored`."""
    digest, size = hashlib.sha256(), 0
    try:
        with to.open("xb") as file:
            for piece in source:
                digest.update(piece)
                size += file.write(piece)
        if (digest.hexdigest(), size) != (stored.sha256, stored.size):
            raise IntegrityViolation(f"{stored.key}: the store gives other bytes than were stored")
    except BaseException:
        to.unlink(missing_ok=True)
        raise


def pieces(content: bytes | Path) -> Iterator[bytes]:
    """The content in pieces of at most 1 MiB, whether it rests in memory or in a file."""
    if isinstance(content, bytes):
        yield from (content[i : i + CHUNK] for i in range(0, len(content), CHUNK))
        return
    with content.open("rb") as source:
        while piece := source.read(CHUNK):
            yield piece


class Hashed:
    """Pieces on their way, hashed as they pass: `found` is their fingerprint once all have."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._digest, self._size = hashlib.sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._source:
            self._digest.update(piece)
            self._size += len(piece)
            yield piece

    @property
    def found(self) -> tuple[str, int]:
        return self._digest.hexdigest(), self._size


def fingerprint(content: bytes | Path) -> tuple[str, int]:
    """(sha256 as hex, size in bytes)."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces(content):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size
