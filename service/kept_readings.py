# SPDX-License-Identifier: Apache-2.0
"""Readings kept between runs of `sohoa evaluate`: what was read, what is true, what it cost.

Reading a page costs a second or two, judging it a few milliseconds. So a run that was cut off goes
on where it stopped, and new rules or a new fit are judged on the same readings in a minute. Only
sample papers and papers with a truth file ever come here.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr.extraction import page_as_json, page_from_json
from ocr.page import PageText

SUFFIX = ".json.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReading:
    """One paper as read. `cpu_s`: processor seconds of reading it; `group`: level or office."""

    name: str
    group: str
    pages: tuple[PageText, ...]
    truth: dict[str, Any]
    cpu_s: float = 0.0
    peak_mb: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "group": self.group,
            "pages": [page_as_json(p) for p in self.pages],
            "truth": self.truth,
            "cpu_s": round(self.cpu_s, 4),
            "peak_mb": round(self.peak_mb, 1),
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> KeptReading:
        pages = tuple(page_from_json(p) for p in row["pages"])
        return cls(**{**row, "pages": pages})


def keep(reading: KeptReading, folder: Path) -> None:
    """Write it whole or not at all: a run may be killed at any moment."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{reading.name}{SUFFIX}"
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    content = json.dumps(reading.as_json(), ensure_ascii=False).encode()
    part.write_bytes(gzip.compress(content, compresslevel=6, mtime=0))
    part.replace(path)


def kept(name: str, folder: Path) -> KeptReading | None:
    """The reading of that name, None when it was not kept."""
    path = folder / f"{name}{SUFFIX}"
    return _load(path) if path.is_file() else None


def all_kept(folder: Path) -> Iterator[KeptReading]:
    """Every reading of a folder, by name."""
    return (_load(path) for path in sorted(folder.glob(f"*{SUFFIX}")))


def _load(path: Path) -> KeptReading:
    return KeptReading.from_json(json.loads(gzip.decompress(path.read_bytes())))
