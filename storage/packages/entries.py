# SPDX-License-Identifier: Apache-2.0
"""A file of a package as its metadata speaks of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "xml": "application/xml",
    "xsd": "application/xml",
    "json": "application/json",
    "csv": "text/csv",
    "txt": "text/plain",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jpg": "image/jpeg",
    "png": "image/png",
    "tif": "image/tiff",
    "webp": "image/webp",
}
_ENDINGS = {media: ending for ending, media in MEDIA_TYPES.items()} | {"application/xml": "xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`path` is relative to the package's folder; `created` is aware."""

    path: str
    sha256: str
    size: int
    media_type: str
    created: dt.datetime


def ending_of(media_type: str) -> str:
    return _ENDINGS.get(media_type, "bin")


def media_type_of(path: str) -> str:
    return MEDIA_TYPES.get(path.rpartition(".")[2], "application/octet-stream")
