# SPDX-License-Identifier: Apache-2.0
"""Bookmarks: one for each document in a file that holds several, so that a clerk finds it."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence

from pikepdf import Array, Dictionary, Name, Pdf, String

from workflows.errors import DamagedDocument
from workflows.ports.archival import Bookmark


def add_bookmarks(pdf: Pdf, bookmarks: Sequence[Bookmark]) -> None:
    """The outline of `pdf`, in the order given, shown when the file is opened; none for none.

    Raises `DamagedDocument` for a page the file does not have.
    """
    if not bookmarks:
        return
    outline = pdf.make_indirect(Dictionary(Type=Name.Outlines, Count=len(bookmarks)))
    items = [
        pdf.make_indirect(Dictionary(Title=_title(b), Parent=outline, Dest=_place(pdf, b)))
        for b in bookmarks
    ]
    for before, after in itertools.pairwise(items):
        before.Next, after.Prev = after, before
    outline.First, outline.Last = items[0], items[-1]
    pdf.Root.Outlines = outline
    pdf.Root.PageMode = Name.UseOutlines


def _title(bookmark: Bookmark) -> String:
    return String(unicodedata.normalize("NFC", bookmark.title))


def _place(pdf: Pdf, bookmark: Bookmark) -> Array:
    if not 1 <= bookmark.page <= len(pdf.pages):
        raise DamagedDocument(f"bookmark to page {bookmark.page} of {len(pdf.pages)}")
    return Array([pdf.pages[bookmark.page - 1].obj, Name.Fit])
