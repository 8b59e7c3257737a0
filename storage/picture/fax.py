# SPDX-License-Identifier: Apache-2.0
"""One bit a pixel as CCITT Group 4 (ITU-T T.6), the smallest lawful form of black on white.

JBIG2 is a third smaller, but no free encoder is packaged, and its lossy mode swaps digits.

Written by libtiff, which poppler and Tesseract bring along. Pillow writes the same bytes through
its own libtiff and stands in where there is no other; it keeps a byte a pixel and packs them one
by one, which takes as long again as the encoding (7.1 against 3.3 ms for an A4 page at 200 dpi).
"""

from __future__ import annotations

import ctypes
import io
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

# named, so that Pillow does not look for TIFF in all of its forty formats, in every process
_STRIP_OFFSETS = TiffImagePlugin.STRIPOFFSETS
_STRIP_COUNTS = TiffImagePlugin.STRIPBYTECOUNTS
_PHOTOMETRIC = TiffImagePlugin.PHOTOMETRIC_INTERPRETATION
_LIBRARIES = ("libtiff.so.6", "libtiff.so.5")
_HEADER = 8  # bytes of a TIFF before its first strip
_TAGS = (TiffImagePlugin.BITSPERSAMPLE, 1), (TiffImagePlugin.COMPRESSION, 4), (_PHOTOMETRIC, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fax:
    """`data`: one T.6 strip; `black_is_one`: what the PDF's /BlackIs1 has to say."""

    data: bytes
    columns: int
    rows: int
    black_is_one: bool


def fax_of(ink: npt.NDArray[np.uint8]) -> Fax:
    """(height, width), anything but 0 is ink."""
    libtiff = _libtiff()
    return _by_pillow(ink) if libtiff is None else _by_libtiff(ink, libtiff)


@cache
def _libtiff() -> ctypes.CDLL | None:
    for name in _LIBRARIES:
        with suppress(OSError, AttributeError):
            found = ctypes.CDLL(name)
            handle = ctypes.c_void_p
            found.TIFFFdOpen.restype = handle
            found.TIFFFdOpen.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p]
            found.TIFFWriteEncodedStrip.restype = ctypes.c_ssize_t
            found.TIFFWriteEncodedStrip.argtypes = [
                handle,
                ctypes.c_uint32,
                ctypes.c_void_p,
                ctypes.c_ssize_t,
            ]
            found.TIFFCleanup.argtypes = [handle]
            os.memfd_create  # noqa: B018 - Linux alone has files in memory
            return found
    return None


def _by_libtiff(ink: npt.NDArray[np.uint8], libtiff: ctypes.CDLL) -> Fax:
    """Into a file in memory, of which only the strip is taken."""
    height, width = ink.shape
    paper = np.packbits(ink == 0, axis=1)
    with os.fdopen(os.memfd_create("fax"), "w+b") as file:
        tiff = ctypes.c_void_p(libtiff.TIFFFdOpen(file.fileno(), b"fax", b"w"))
        if not tiff:
            raise MemoryError("libtiff opens no file in memory")
        sides = (
            (TiffImagePlugin.IMAGEWIDTH, width),
            (TiffImagePlugin.IMAGELENGTH, height),
            (TiffImagePlugin.ROWSPERSTRIP, height),
        )
        for tag, value in (*sides, *_TAGS):
            libtiff.TIFFSetField(tiff, ctypes.c_uint32(tag), ctypes.c_int(value))
        written = libtiff.TIFFWriteEncodedStrip(tiff, 0, paper.ctypes.data, paper.nbytes)
        # taken before the directory comes behind it
        data = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, _HEADER)
        libtiff.TIFFCleanup(tiff)
    if written != paper.nbytes:
        raise ValueError(f"libtiff wrote {written} of {paper.nbytes} bytes")
    return Fax(data=data, columns=width, rows=height, black_is_one=True)


def _by_pillow(ink: npt.NDArray[np.uint8]) -> Fax:
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
