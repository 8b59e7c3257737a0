# SPDX-License-Identifier: Apache-2.0
"""The archival copy: PDF/A-2b with an invisible Vietnamese text layer, and its rule check."""

from storage.pdf.compose import Composed, PikepdfArchivalPdf
from storage.pdf.fidelity import Fidelity
from storage.pdf.picture import Form, PreparedPicture, prepare
from storage.pdf.raster import JpegRaster, MixedRaster, Picture
from storage.pdf.rules import Violation, check

__all__ = [
    "Composed",
    "Fidelity",
    "Form",
    "JpegRaster",
    "MixedRaster",
    "Picture",
    "PikepdfArchivalPdf",
    "PreparedPicture",
    "Violation",
    "check",
    "prepare",
]
