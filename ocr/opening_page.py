# SPDX-License-Identifier: Apache-2.0
"""The geometry of one page of a foreign PDF, whatever its dictionary holds.

Runs in the limited child only, as `ocr.opening_pdf` does.
"""

from __future__ import annotations

from typing import Any

import pikepdf

from ocr.opened import PageSize

_LETTER = (0.0, 0.0, 612.0, 792.0)
_DEEP = 32


def page_size(page: Any) -> PageSize:
    """The crop box as shown: clipped to the media box, times UserUnit, turned by /Rotate."""
    media = _box(inherited(page, "/MediaBox")) or _LETTER
    crop = _box(inherited(page, "/CropBox")) or media
    width = min(media[2], crop[2]) - max(media[0], crop[0])
    height = min(media[3], crop[3]) - max(media[1], crop[1])
    if width <= 0 or height <= 0:
        width, height = media[2] - media[0], media[3] - media[1]
    unit = user_unit(page)
    if _rotation(page) % 180:
        width, height = height, width
    return PageSize(width_pt=width * unit, height_pt=height * unit)


def origin(page: Any) -> tuple[float, float]:
    """The lower left corner of what is shown, in points of an unturned page without UserUnit."""
    media = _box(inherited(page, "/MediaBox")) or _LETTER
    crop = _box(inherited(page, "/CropBox")) or media
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    overlaps = left < min(media[2], crop[2]) and bottom < min(media[3], crop[3])
    return (left, bottom) if overlaps else (media[0], media[1])


def user_unit(page: Any) -> float:
    try:
        unit = float(page.get("/UserUnit", 1))
    except (TypeError, ValueError):
        return 1.0
    return unit if 0 < unit <= 75_000 else 1.0


def _rotation(page: Any) -> int:
    try:
        return int(inherited(page, "/Rotate") or 0) % 360
    except (TypeError, ValueError):
        return 0


def inherited(page: Any, key: str) -> Any:
    """What the page or the nearest node above it says; a tree of any depth, or a circle, ends."""
    node = page
    for _ in range(_DEEP):
        if not isinstance(node, pikepdf.Dictionary):
            return None
        if (value := node.get(key)) is not None:
            return value
        node = node.get("/Parent")
    return None


def _box(value: Any) -> tuple[float, float, float, float] | None:
    if not isinstance(value, pikepdf.Array) or len(value) != 4:
        return None
    try:
        a, b, c, d = (float(v) for v in value)
    except (TypeError, ValueError):
        return None
    box = (min(a, c), min(b, d), max(a, c), max(b, d))
    return box if box[2] > box[0] and box[3] > box[1] else None
