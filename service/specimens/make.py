# SPDX-License-Identifier: Apache-2.0
"""Samples by type, seed and damage level, and how they are written to disk."""

from __future__ import annotations

import json
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from service.specimens.damage import LEVEL_DPI, Pixels, bleed_through, damage
from service.specimens.forms import FORMS, compose_form, set_form
from service.specimens.letters import LETTERS, compose_letter, set_letter
from service.specimens.people import Person, person
from service.specimens.sheet import Sheet, families

LEVELS = tuple(LEVEL_DPI)
TYPES = (*LETTERS, *FORMS)
_TURNS = {
    0: None,
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Pages (RGB, at `dpi`) and what stands on them.

    `truth`: values by field key, `boxes` by key and `lines` as fractions of the undamaged page.
    """

    type_code: str
    seed: int
    level: str
    dpi: int
    pages: tuple[Pixels, ...]
    truth: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.type_code}-{self.seed:05d}-{self.level}"


def make_sample(
    type_code: str,
    seed: int,
    level: str = "L1",
    *,
    holder: Person | None = None,
    rotate: int = 0,
    handwritten: bool = False,
    secrecy: str | None = None,
    blank_back: bool = False,
) -> Sample:
    """One paper. The same arguments always give the same pixels."""
    rng = np.random.default_rng([seed, zlib.crc32(type_code.encode())])
    family = families()[int(rng.integers(len(families())))]
    if type_code in LETTERS:
        letter = compose_letter(type_code, rng, handwritten=handwritten, secrecy=secrecy)
        sheets, truth = set_letter(letter, family, rng), letter.truth
    else:
        sheet, truth = set_form(compose_form(type_code, rng, holder or person(rng)), family, rng)
        sheets = [sheet]
    clean = [s.pixels() for s in sheets]
    if blank_back:
        clean.append(bleed_through(clean[-1], rng))
    pages = [damage(page, level, rng) for page in clean]
    if (turn := _TURNS[rotate]) is not None:
        pages = [np.ascontiguousarray(cv2.rotate(p, turn)) for p in pages]
    return Sample(
        type_code=type_code,
        seed=seed,
        level=level,
        dpi=LEVEL_DPI[level],
        pages=tuple(pages),
        truth=_nfc(truth | _places(sheets)),
    )


def _places(sheets: Sequence[Sheet]) -> dict[str, Any]:
    return {
        "boxes": {
            k: {"page": n, "box": b} for n, s in enumerate(sheets, 1) for k, b in s.boxes.items()
        },
        "lines": [{"page": n} | line for n, s in enumerate(sheets, 1) for line in s.lines],
    }


def _nfc(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {k: _nfc(v) for k, v in value.items()}
    return [_nfc(v) for v in value] if isinstance(value, list) else value


def write_sample(sample: Sample, folder: Path, name: str | None = None) -> Path:
    """`<name>.pdf` of page images only, and `truth/<name>.json` beside it; returns the PDF."""
    stem = name or sample.name
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.pdf"
    images = [Image.fromarray(page) for page in sample.pages]
    images[0].save(
        path,
        "PDF",
        resolution=sample.dpi,
        quality=85,
        save_all=True,
        append_images=images[1:],
        title="Giấy tờ mẫu",
        creationDate=None,
        modDate=None,
    )
    body = sample.truth | {"file": path.name, "level": sample.level, "seed": sample.seed}
    (folder / "truth" / f"{stem}.json").write_text(
        json.dumps(body, ensure_ascii=False, indent=1), "utf-8"
    )
    return path


def write_set(
    folder: Path,
    count: int,
    seed: int,
    levels: Sequence[str] = LEVELS,
    types: Sequence[str] = TYPES,
) -> list[Path]:
    """`count` papers, types and levels in turn."""
    return [
        write_sample(
            make_sample(types[n % len(types)], seed + n, levels[(n // len(types)) % len(levels)]),
            folder,
        )
        for n in range(count)
    ]
