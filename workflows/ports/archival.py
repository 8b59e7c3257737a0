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
    """Ký hiệu chuyển đổi (Luật GDĐT 20/2023 Đ.12, NĐ 137/2024 Đ.4): from paper, when, by whom.

    `code`: what a QR code beside the words carries; empty for no code.
    """

    converted_by: str
    unit_name: str
    converted_at: dt.datetime
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """Where a document begins in a file that holds several; `page` counts from 1."""

    title: str
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFacts:
    """What the file says of itself to a machine; empty ones are left out.

    `source_sha256`: of the original the copy was made from. Number, symbol, date and issuer only
    as a person confirmed them: what stands in signed bytes cannot be corrected.
    """

    identifier: str = ""
    source_sha256: str = ""
    number: str = ""
    symbol: str = ""
    issued_on: str = ""
    issuer: str = ""


class ArchivalPdf(Protocol):
    def compose(
        self,
        pages: Sequence[CopyPage],
        *,
        title: str,
        mark: ConversionMark | None,
        bookmarks: Sequence[Bookmark] = (),
        facts: CopyFacts | None = None,
    ) -> bytes:
        """PDF/A-2b; the same input gives the same bytes. `mark` is page content, before signing.

        `pages` are asked for one at a time and not kept, so they may be fetched when asked for.
        """
        ...
