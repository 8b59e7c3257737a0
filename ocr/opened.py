# SPDX-License-Identifier: Apache-2.0
"""What the child that opens foreign files hands back, checked before it is believed.

All that crosses the border are raw PGM or PPM pixels and bounded JSON. This module parses nothing
else and is shared by both sides, so it imports numpy only where pixels are taken over.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from ocr.page import PageImage, Pixels

MAX_BYTES = 512 << 20
MAX_PAGES = 5_000
MAX_PIXELS = 120_000_000
"""Of one page or one embedded image, for every decoder: A3 at 600 dpi has about 70 million."""
RENDER_DPI = 200
MIN_DPI = 72
"""A page over the pixel cap (a plan, a poster) is rendered coarser, but never below this."""
MAX_WORDS = 20_000
MAX_LETTERS = 200
MAX_JSON = 4 << 20
_MOST = 1e6
"""Points and dots an inch; more is no paper."""
_NOT_TOLD = (KeyError, TypeError, ValueError, OverflowError)
"""What wrong values in JSON raise; to Python's, Infinity is a number."""
_NO_LETTER = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Controls, halves of a pair, and what Unicode says is no character."""
KINDS = frozenset({"pdf", "png", "jpeg", "tiff"})


class Trouble(StrEnum):
    """Why a file cannot be opened; the values are the `code`s of the errors people see."""

    NOT_A_DOCUMENT = "khong_phai_tai_lieu"
    ENCRYPTED = "tai_lieu_co_mat_khau"
    DAMAGED = "tai_lieu_hong"
    TOO_LARGE = "tai_lieu_qua_lon"
    HOSTILE = "tai_lieu_khong_an_toan"


class CannotOpen(Exception):
    """The file is not what it claims, or asks for more than it may. `code` is a `Trouble`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSize:
    """Size of a page as it is shown (turned, cropped), in points (1/72 inch)."""

    width_pt: float
    height_pt: float

    def pixels(self, dpi: float) -> tuple[int, int]:
        """Width and height of the raster at `dpi`."""
        # the small term: 595.2756 pt x 200 / 72 must not become one pixel more by rounding
        width, height = (s * dpi / 72 - 1e-6 for s in (self.width_pt, self.height_pt))
        return max(1, math.ceil(width)), max(1, math.ceil(height))

    def dpi_under_cap(self, dpi: float) -> float | None:
        """`dpi`, or the highest coarser one that keeps the cap; None when below `MIN_DPI`."""
        width, height = self.pixels(dpi)
        if width * height <= MAX_PIXELS:
            return dpi
        inches = self.width_pt * self.height_pt / 72**2
        lower = float(math.floor(math.sqrt(MAX_PIXELS / inches))) - 1
        return lower if lower >= min(dpi, MIN_DPI) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What kind of file it is and what stands in it. `signatures`: fields that hold one.

    `encrypted`: opens without a password but has restrictions (owner password). `actions`: it
    holds JavaScript or actions that would run on opening; nothing of it is ever run.
    """

    kind: str
    pages: tuple[PageSize, ...]
    signatures: int = 0
    encrypted: bool = False
    actions: bool = False

    @property
    def page_count(self) -> int:
        return len(self.pages)

    @property
    def signed(self) -> bool:
        return self.signatures > 0

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "pages": [[p.width_pt, p.height_pt] for p in self.pages],
            "signatures": self.signatures,
            "encrypted": self.encrypted,
            "actions": self.actions,
        }


def read_opening(out: Path) -> Opening:
    """What `inspect` found. Raises `CannotOpen`: the child's reason, or damage if it left none."""
    row = _bounded_json(out / "opening.json")
    try:
        opening = Opening(
            kind=str(row["kind"]),
            pages=tuple(PageSize(width_pt=float(w), height_pt=float(h)) for w, h in row["pages"]),
            signatures=int(row["signatures"]),
            encrypted=bool(row["encrypted"]),
            actions=bool(row["actions"]),
        )
    except _NOT_TOLD as wrong:
        raise CannotOpen(Trouble.DAMAGED, f"opening.json: {wrong!r}") from wrong
    sizes_hold = all(0 < s < _MOST for p in opening.pages for s in (p.width_pt, p.height_pt))
    if opening.kind not in KINDS or not 0 < opening.page_count <= MAX_PAGES or not sizes_hold:
        raise CannotOpen(Trouble.DAMAGED, f"{opening.kind}, {opening.page_count} pages")
    return opening


def load_pages(out: Path) -> Iterator[PageImage]:
    """The pages that `render` wrote, in order, each one checked against its declared size."""
    for number in page_numbers(out):
        yield load_page(out, number)


def page_numbers(out: Path) -> list[int]:
    """Which pages `render` wrote. Raises `CannotOpen`: the child's reason, or damage."""
    row = _bounded_json(out / "render.json")
    numbers = row.get("pages")
    if not isinstance(numbers, list) or not numbers or len(numbers) > MAX_PAGES:
        raise CannotOpen(Trouble.DAMAGED, "render.json names no pages")
    try:
        return [int(number) for number in numbers]
    except _NOT_TOLD as wrong:
        raise CannotOpen(Trouble.DAMAGED, f"render.json: {wrong!r}") from wrong


def page_files(out: Path, number: int) -> tuple[Path, Path]:
    """Where a page's pixels and its JSON lie."""
    return out / f"page-{number:05d}.ppm", out / f"page-{number:05d}.json"


def write_down(file: Path, row: Mapping[str, Any]) -> None:
    """One JSON object, there whole or not at all: it is looked for while the child still works."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(json.dumps(row), encoding="utf-8")
    part.replace(file)


def describe_page(
    out: Path, number: int, size: PageSize, dpi: float, words: list[Any] | None = None
) -> None:
    """The page's JSON, when its raster is all there: with it the page counts as drawn."""
    row = {"dpi": dpi, "width_pt": size.width_pt, "height_pt": size.height_pt}
    write_down(page_files(out, number)[1], {**row, "words": words or []})


def load_page(out: Path, number: int) -> PageImage:
    """One page that `render` wrote, checked against its declared size. Raises `CannotOpen`."""
    from ocr.page import PageImage

    raster, described = page_files(out, number)
    row = _bounded_json(described)
    try:
        dpi = float(row["dpi"])
        size = PageSize(width_pt=float(row["width_pt"]), height_pt=float(row["height_pt"]))
        words = _words(row["words"])
        if not all(0 < told < _MOST for told in (dpi, size.width_pt, size.height_pt)):
            raise ValueError(f"{size} at {dpi} dpi")
    except _NOT_TOLD as wrong:
        raise CannotOpen(Trouble.DAMAGED, f"page {number}: {wrong!r}") from wrong
    try:
        with _plain_file(raster) as file:
            pixels = _pixels(file, size.pixels(dpi))
    except (OSError, ValueError) as wrong:
        raise CannotOpen(Trouble.DAMAGED, f"page {number}: {wrong}") from wrong
    return PageImage(number=number, pixels=pixels, dpi=dpi, layer=words)


def _pixels(file: BinaryIO, expected: tuple[int, int]) -> Pixels:
    """(height, width) grey or (height, width, 3) RGB. Raises `ValueError`.

    Header and pixels through one descriptor: the child may still be there, and lay another file
    under the name.
    """
    import numpy as np

    width, height, channels, start = _raster_header(file)
    if abs(width - expected[0]) > 1 or abs(height - expected[1]) > 1:
        raise ValueError(f"{width}x{height}, not {expected}")
    file.seek(start)
    pixels = np.fromfile(file, np.uint8, channels * width * height)
    return pixels.reshape((height, width, 3) if channels == 3 else (height, width))


def _raster_header(file: BinaryIO) -> tuple[int, int, int, int]:
    """(width, height, channels, offset of the pixels); the file is as long as these say."""
    head = file.read(64)
    kind, width_, height_, depth = head.split(maxsplit=4)[:4]
    width, height = int(width_), int(height_)
    start = head.index(depth, head.index(height_, head.index(width_) + len(width_))) + 4
    channels = {b"P5": 1, b"P6": 3}.get(kind, 0)
    if not channels or depth != b"255" or not 0 < width * height <= MAX_PIXELS:
        raise ValueError(f"{kind!r} {width}x{height}")
    if os.fstat(file.fileno()).st_size != start + channels * width * height:
        raise ValueError("raster cut short")
    return width, height, channels, start


def _plain_file(path: Path) -> BinaryIO:
    """Open what the child wrote: no link it may have laid to a file of ours, no pipe."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        file.close()
        raise ValueError(f"{path.name} is no plain file")
    return file


def _words(rows: Any) -> tuple[Any, ...]:
    from ocr.page import Box, Word

    return tuple(
        Word(
            text=letters,
            box=Box(*(min(1.0, max(0.0, float(v))) for v in (x0, y0, x1, y1))),
            confidence=0.99,
            line=int(line),
        )
        for text, x0, y0, x1, y1, line in rows[:MAX_WORDS]
        if (letters := _printable(text)[:MAX_LETTERS])
    )


def _printable(text: Any) -> str:
    """Without what no database and no XML takes: fonts name such signs, a child may send them."""
    return _NO_LETTER.sub("", str(text))


def _bounded_json(path: Path) -> Mapping[str, Any]:
    """One JSON object no larger than the bound. An `error` in it is raised as `CannotOpen`."""
    try:
        with _plain_file(path) as file:
            content = file.read(MAX_JSON + 1)
        row = json.loads(content) if len(content) <= MAX_JSON else None
    except (OSError, ValueError, RecursionError) as wrong:
        raise CannotOpen(Trouble.DAMAGED, f"{path.name}: {wrong}") from wrong
    if not isinstance(row, dict):
        raise CannotOpen(Trouble.DAMAGED, f"{path.name} is no bounded object")
    if (error := row.get("error")) is not None:
        code = error.get("code") if isinstance(error, dict) else None
        known = code if isinstance(code, str) and code in set(Trouble) else Trouble.DAMAGED
        detail = _printable(error.get("detail", ""))[:500] if isinstance(error, dict) else ""
        raise CannotOpen(known, detail)
    return row
