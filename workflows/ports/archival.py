# SPDX-License-Identifier: Apache-2.0
"""Making the archival copy: PDF/A-2b with an invisible Vietnamese text layer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ocr.page import PageText


class PagePicture(Protocol):
    """A page's picture as it will be stored, made where its pixels were; it can be pickled."""

    @property
    def stored(self) -> int:
        """Bytes it takes in the file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPage:
    """One page to be bound: its picture, upright, and its text (boxes on the same image).

    The picture is JPEG bytes as shown, or a `picture` prepared already; then `jpeg` is not needed.
    """

    width: int
    height: int
    dpi: float
    text: PageText
    jpeg: bytes = b""
    picture: PagePicture | None = None


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
        pages: Iterable[CopyPage],
        *,
        title: str,
        mark: ConversionMark | None,
        bookmarks: Sequence[Bookmark] = (),
        facts: CopyFacts | None = None,
    ) -> bytes:
        """PDF/A-2b; the same input gives the same bytes. `mark` is page content, before signing.

        `pages` are taken once, one at a time, and not kept: they may be made when asked for.
        """
        ...
