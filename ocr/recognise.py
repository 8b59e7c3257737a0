# SPDX-License-Identifier: Apache-2.0
"""The port behind which every recogniser stands: our network and Tesseract."""

from __future__ import annotations

from typing import Protocol

from ocr.page import Pixels, Word


class Recogniser(Protocol):
    """Turns pixels into words. One instance per worker process; never shared by threads."""

    @property
    def name(self) -> str:
        """Engine, version and data, e.g. `tesserocr 2.13.0 (tesseract 5.5.4, vie fast)`."""
        ...

    def read_page(self, image: Pixels, dpi: float) -> tuple[Word, ...]:
        """Words of an upright page in reading order; boxes are fractions of `image`."""
        ...

    def read_line(self, image: Pixels, dpi: float) -> tuple[Word, ...]:
        """Words of a crop that holds a single text line."""
        ...
