# SPDX-License-Identifier: Apache-2.0
"""Opening a file: the only program that parses PDF, PNG, JPEG or TIFF bytes, inside the sandbox.

`python -m ocr.opening inspect FILE OUT` writes OUT/opening.json; `python -m ocr.opening render
FILE OUT --first N --last M --dpi D` writes one PGM or PPM and one JSON a page, and OUT/render.json;
`open` does both in one go, a child taking as long to start as to decode five pages. Either is
`{"error": {"code", "detail"}}` when the file cannot be opened. The parent reads them with
`read_opening` and `load_pages` (`ocr.opened`), which believe nothing unchecked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ocr.opened import (
    MAX_BYTES,
    MAX_PAGES,
    MAX_PIXELS,
    RENDER_DPI,
    CannotOpen,
    Opening,
    Trouble,
    load_pages,
    read_opening,
    write_down,
)

__all__ = [
    "MAX_BYTES",
    "MAX_PAGES",
    "MAX_PIXELS",
    "RENDER_DPI",
    "CannotOpen",
    "Opening",
    "Trouble",
    "load_pages",
    "read_opening",
]

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
)
_ENDS = {"pdf": b"%%EOF", "png": b"IEND", "jpeg": b"\xff\xd9"}
_TAIL = 4096  # some programs write a few lines after the end


def kind_of(untrusted: Path) -> str:
    """`pdf`, `png`, `jpeg` or `tiff` by its bytes (a name proves nothing); whole, not cut off."""
    size = untrusted.stat().st_size
    if size > MAX_BYTES:
        raise CannotOpen(Trouble.TOO_LARGE, f"{size} bytes")
    with untrusted.open("rb") as file:
        head = file.read(1024)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if kind is None and b"%PDF-" in head:
        kind = "pdf"
    if kind is None:
        raise CannotOpen(Trouble.NOT_A_DOCUMENT, f"{size} bytes, begins {head[:12]!r}")
    if _ENDS.get(kind, b"") not in tail:
        # qpdf repairs a file that is cut off, and pages are missing then
        raise CannotOpen(Trouble.DAMAGED, f"{kind} without its end: cut off")
    return kind


def inspect(untrusted: Path) -> dict[str, Any]:
    """What the file is, for opening.json. Each kind imports its own parser: starting is quick."""
    kind = kind_of(untrusted)
    if kind == "pdf":
        from ocr.opening_pdf import inspect_pdf

        return inspect_pdf(untrusted).as_json()
    from ocr.opening_image import inspect_image

    return inspect_image(untrusted, kind).as_json()


def render(untrusted: Path, out: Path, first: int, last: int, dpi: float) -> dict[str, Any]:
    """Draw pages `first`..`last` (those that exist) into `out`; their numbers for render.json."""
    kind = kind_of(untrusted)
    if kind == "pdf":
        from ocr.opening_pdf import render_pdf

        return {"pages": render_pdf(untrusted, out, first, last, dpi)}
    from ocr.opening_image import render_image

    return {"pages": render_image(untrusted, kind, out, first, last, dpi)}


def guarded(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Hostile bytes raise anything; the parent is told a known code in every case."""
    try:
        return work()
    except CannotOpen as trouble:
        code, detail = trouble.code, trouble.detail
    except (MemoryError, RecursionError) as trouble:
        code, detail = Trouble.HOSTILE, type(trouble).__name__
    except Exception as trouble:
        code, detail = Trouble.DAMAGED, f"{type(trouble).__name__}: {trouble}"
    return {"error": {"code": str(code), "detail": detail[:400]}}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="ocr.opening")
    parser.add_argument("verb", choices=["inspect", "render", "open"])
    parser.add_argument("untrusted", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int, default=MAX_PAGES)
    parser.add_argument("--dpi", type=float, default=RENDER_DPI)
    asked = parser.parse_args(argv)
    pages = (asked.out, asked.first, asked.last, asked.dpi)
    works: dict[str, Callable[[], dict[str, Any]]] = {
        "opening.json": lambda: inspect(asked.untrusted),
        "render.json": lambda: render(asked.untrusted, *pages),
    }
    skipped = {"inspect": "render.json", "render": "opening.json"}.get(asked.verb)
    for name, work in works.items():
        if name == skipped:
            continue
        row = guarded(work)
        write_down(asked.out / name, row)
        if "error" in row:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
