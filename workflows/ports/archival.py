# SPDX-License-Identifier: Apache-2.0
"""Making the archival copy: PDF/A-2b with an invisible Vietnamese text layer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ocr.page import PageText


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPage:
    """One page to be bound: upright JPEG bytes as shown, and its text (boxes on the same image)."""

    jpeg: bytes
    width: int
    height: int
    dpi: float
    text: PageText


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionMark:
    """Ký hiệu chuyển đổi (Luật GDĐT 20/2023 Đ.12, NĐ 137/2024 Đ.4): from paper, when, by whom."""

    converted_by: str
    unit_name: str
    converted_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """Where a document begins in a file that holds several; `page` counts from 1."""

    title: str
    page: int


class ArchivalPdf(Protocol):
    def compose(
        self,
        pages: Sequence[CopyPage],
        *,
        title: str,
        mark: ConversionMark | None,
        bookmarks: Sequence[Bookmark] = (),
    ) -> bytes:
        """PDF/A-2b; the same input gives the same bytes. `mark` is page content, before signing."""
        ...
