# SPDX-License-Identifier: Apache-2.0
"""QR codes drawn into our own pages: no picture service, no script."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup


def qr_svg(text: str) -> Markup:
    """An inline SVG of the code, one unit a module; the page sets its size."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=True, omitsize=True, title="Mã QR"
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - made by segno from modules alone
