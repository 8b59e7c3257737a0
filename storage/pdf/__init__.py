# SPDX-License-Identifier: Apache-2.0
"""The archival copy: PDF/A-2b with an invisible Vietnamese text layer, and its rule check."""

from storage.pdf.compose import Composed, PikepdfArchivalPdf
from storage.pdf.raster import JpegRaster, MixedRaster, Picture
from storage.pdf.rules import Violation, check

__all__ = [
    "Composed",
    "JpegRaster",
    "MixedRaster",
    "Picture",
    "PikepdfArchivalPdf",
    "Violation",
    "check",
]
