# SPDX-License-Identifier: Apache-2.0
"""The file's own text layer, inside the sandbox: words with boxes, line by line.

Annotations and signature appearances are left out: on signed scans they are the only text
("Ký bởi …") and would make page 1, the page with the fields, look as if it had a layer.
"""

from __future__ import annotations

import html
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pikepdf

from ocr.opened import MAX_LETTERS, MAX_WORDS
from ocr.opening_page import page_size, user_unit

WordRow = list[Any]
"""[text, x0, y0, x1, y1 in fractions of the page as shown, line number]"""

_TIMEOUT_S = 30
_MAX_OUTPUT = 32 << 20
_TAG = re.compile(
    r"<(page|line)\b|"
    r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">([^<]*)</word>'
)


def layer_words(pdf: pikepdf.Pdf, numbers: Sequence[int], out: Path) -> dict[int, list[WordRow]]:
    """Words of the layer by page number; pages without fonts are not even looked at."""
    lettered = [n for n in numbers if _has_font(pdf.pages[n - 1].obj)]
    if not lettered:
        return {}
    bare = out / "layer.pdf"
    try:
        _write_without_annotations(pdf, lettered, bare)
        text = _pdftotext(bare)
    except (pikepdf.PdfError, subprocess.TimeoutExpired, OSError, RuntimeError):
        return {}  # no layer is never an error: the page is read by OCR
    finally:
        bare.unlink(missing_ok=True)
    sizes = [_size_in_points(pdf.pages[n - 1].obj) for n in lettered]
    pages = _parse(text, sizes)
    return dict(zip(lettered, pages, strict=False))


def _has_font(page: Any, deep: int = 4) -> bool:
    """A font among the resources of the page or of a form drawn on it."""
    node = page
    for _ in range(32):
        if not isinstance(node, pikepdf.Dictionary) or "/Resources" in node:
            break
        node = node.get("/Parent")
    resources = node.get("/Resources") if isinstance(node, pikepdf.Dictionary) else None
    return _names_font(resources, deep)


def _names_font(resources: Any, deep: int) -> bool:
    if not isinstance(resources, pikepdf.Dictionary) or deep == 0:
        return False
    if resources.get("/Font"):
        return True
    forms = resources.get("/XObject")
    if not isinstance(forms, pikepdf.Dictionary):
        return False
    items = [i for _, i in list(forms.items())[:64] if isinstance(i, pikepdf.Stream)]
    return any(_names_font(i.get("/Resources"), deep - 1) for i in items)


def _write_without_annotations(pdf: pikepdf.Pdf, numbers: Sequence[int], bare: Path) -> None:
    with pikepdf.new() as copy:
        for number in numbers:
            copy.pages.append(pdf.pages[number - 1])
            last = copy.pages[-1].obj
            if "/Annots" in last:
                del last["/Annots"]
        copy.save(bare)


def _pdftotext(bare: Path) -> str:
    argv = ["pdftotext", "-cropbox", "-bbox-layout", str(bare), "-"]
    ran = subprocess.run(argv, capture_output=True, timeout=_TIMEOUT_S, check=False)
    return ran.stdout[:_MAX_OUTPUT].decode("utf-8", "replace")


def _size_in_points(page: Any) -> tuple[float, float]:
    # poppler's boxes know no UserUnit, and its <page> says the size before turning
    size, unit = page_size(page), user_unit(page)
    return size.width_pt / unit, size.height_pt / unit


def _parse(text: str, sizes: Sequence[tuple[float, float]]) -> list[list[WordRow]]:
    pages: list[list[WordRow]] = []
    line = 0
    for tag in _TAG.finditer(text):
        if tag[1] == "page":
            pages.append([])
        elif tag[1] == "line":
            line += 1
        elif pages and len(pages) <= len(sizes) and len(pages[-1]) < MAX_WORDS:
            width, height = sizes[len(pages) - 1]
            box = [float(tag[i]) / (height if i % 2 else width) for i in (2, 3, 4, 5)]
            letters = html.unescape(tag[6]).strip()[:MAX_LETTERS]
            if letters:
                pages[-1].append([letters, *(round(v, 5) for v in box), line])
    return pages
