# SPDX-License-Identifier: Apache-2.0
"""One bit a pixel as CCITT Group 4 (ITU-T T.6), the smallest lawful form of black on white.

JBIG2 is a third smaller, but no free encoder is packaged, and its lossy mode swaps digits.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

# named, so that Pillow does not look for TIFF in all of its forty formats, in every process
_STRIP_OFFSETS = TiffImagePlugin.STRIPOFFSETS
_STRIP_COUNTS = TiffImagePlugin.STRIPBYTECOUNTS
_PHOTOMETRIC = TiffImagePlugin.PHOTOMETRIC_INTERPRETATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Fax:
    """`data`: one T.6 strip; `black_is_one`: what the PDF's /BlackIs1 has to say."""

    data: bytes
    columns: int
    rows: int
    black_is_one: bool


def fax_of(ink: npt.NDArray[np.uint8]) -> Fax:
    """(height, width), anything but 0 is ink."""
    height, width = ink.shape
    paper = ink == 0
    # a byte a pixel: packed bits take five times as long to be taken apart again
    page = Image.frombytes("1", (width, height), paper.tobytes(), "raw", "1;8")
    out = io.BytesIO()
    # the strip size travels with this one call: PDF wants the page in a single strip
    page.save(out, "TIFF", compression="group4", strip_size=width * height + 64)
    tiff = out.getvalue()
    with Image.open(io.BytesIO(tiff)) as opened:
        tags = opened.tag_v2  # type: ignore[attr-defined]
        offsets, counts = tags[_STRIP_OFFSETS], tags[_STRIP_COUNTS]
        whites_first = tags[_PHOTOMETRIC] == 0
    if len(offsets) != 1:
        raise ValueError(f"{len(offsets)} strips of Group 4, one was asked for")
    return Fax(
        data=tiff[offsets[0] : offsets[0] + counts[0]],
        columns=width,
        rows=height,
        black_is_one=not whites_first,
    )
