# SPDX-License-Identifier: Apache-2.0
"""Binds page images into one PDF without touching a pixel. Runs inside the sandbox.

`python -m ocr.binding OUT.pdf PAGE...`: JPEG streams are carried over as they are, PNG and TIFF
losslessly; no dates are written, so the same pages give the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ocr.opening import MAX_PIXELS

DEFAULT_DPI = 300


def bind(pages: list[Path], out: Path) -> None:
    """Raises `img2pdf.ImageOpenError` or ValueError for what is no image or is too large."""
    import img2pdf
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    for page in pages:
        with Image.open(page) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"{image.width}x{image.height} is over the pixel cap")
    layout = img2pdf.get_fixed_dpi_layout_fun((DEFAULT_DPI, DEFAULT_DPI))
    declared = img2pdf.default_layout_fun
    with out.open("wb") as file:
        img2pdf.convert(
            [str(p) for p in pages],
            outputstream=file,
            nodate=True,
            engine=img2pdf.Engine.internal,  # the other one writes a random /ID
            layout_fun=lambda w, h, dpi: (declared if dpi[0] >= 150 else layout)(w, h, dpi),
            rotation=img2pdf.Rotation.ifvalid,
        )


if __name__ == "__main__":
    try:
        bind([Path(p) for p in sys.argv[2:]], Path(sys.argv[1]))
    except Exception as trouble:  # the parent reads the last line; a traceback helps nobody there
        sys.exit(f"{type(trouble).__name__}: {trouble}")
