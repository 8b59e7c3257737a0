# SPDX-License-Identifier: Apache-2.0
"""A look at each page as it comes: what a person would notice at the tray, before anything leaves.

Everything becomes a flag of the page; nothing is decided or thrown away here. A scan that seems to
carry a secrecy stamp is another matter: see `Agent`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from ocr.blank_pages import is_blank
from ocr.duplicates import PagePrint, likeness, page_print
from ocr.page import Pixels
from ocr.secret_stamps import may_be_secret
from ocr.separators import separator_marks
from scanner_drivers.driver import PageEvent
from scanner_drivers.sheets import NEAR_SHEETS

STAMPED = "maybe_secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    seq: int
    sheet: int
    side: str
    known: PagePrint


@dataclass(slots=True)
class Look:
    """Of one scan: it remembers the sheets just before, and no more."""

    _seen: list[_Seen] = field(default_factory=list)
    _front: tuple[int, Pixels] | None = None

    def flags(self, event: PageEvent, pixels: Pixels) -> tuple[str, ...]:
        """`pixels`: RGB or grey. `patch:…`, `slip:…`, `blank`; `repeated:<seq>`, `note:<seq>`.

        `maybe_secret` stands alone: of such a page nothing is remembered here, its pixels are
        wiped. A page that comes anew under its old number is not held against itself.
        """
        if may_be_secret(pixels, event.dpi):
            pixels.fill(0)
            return (STAMPED,)
        grey = pixels
        if pixels.ndim == 3:
            grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
        marks = separator_marks(grey, event.dpi)
        blank = not marks and is_blank(pixels, event.dpi, self._other_side(event))
        self._front = (event.sheet, pixels) if event.side == "front" else None
        known = page_print(grey)
        alike = "" if blank or marks else self._alike(event, known)
        fresh = _Seen(seq=event.seq, sheet=event.sheet, side=event.side, known=known)
        self._seen = [*(s for s in self._seen if s.seq < event.seq), fresh][-2 * NEAR_SHEETS :]
        return (*marks, *(["blank"] if blank else []), *([alike] if alike else []))

    def _other_side(self, event: PageEvent) -> Pixels | None:
        if event.side != "back" or self._front is None or self._front[0] != event.sheet:
            return None
        return self._front[1]

    def _alike(self, event: PageEvent, known: PagePrint) -> str:
        for earlier in reversed(self._seen):
            near = abs(event.sheet - earlier.sheet) <= NEAR_SHEETS
            if not near or earlier.side != event.side or earlier.seq >= event.seq:
                continue
            if how := likeness(earlier.known, known):
                return f"{how}:{earlier.seq}"
        return ""
