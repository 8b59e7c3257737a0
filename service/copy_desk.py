# SPDX-License-Identifier: Apache-2.0
"""The archival copy of a single file, without a server and without keys."""

from __future__ import annotations

from collections.abc import Iterable

from storage.pdf import PikepdfArchivalPdf
from workflows.ports.archival import ConversionMark, CopyPage
from workflows.ports.clock import SystemClock


def compose_copy(pages: Iterable[CopyPage], title: str, name: str) -> bytes:
    """PDF/A-2b with the text layer and the conversion mark of `name`, not signed."""
    now = SystemClock().now().replace(microsecond=0)
    mark = ConversionMark(converted_by=name, unit_name="", converted_at=now)
    return PikepdfArchivalPdf().compose(pages, title=title, mark=mark)
