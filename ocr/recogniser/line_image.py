# SPDX-License-Identifier: Apache-2.0
"""The picture of one line as the network sees it; the same code trains it and runs it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Pixels

HEIGHT = 40  # pixels; marks over letters are the first thing lost below this
SQUEEZE = 0.8  # width over height of a pixel: marks need rows more than columns
STEP = 4  # columns of the picture to one step of the network's output
MIN_WIDTH = 32

# Latin with every Vietnamese letter (TCVN 6909:2001), and the signs official papers print.
_VIETNAMESE = (
    "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
    "ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ"
)
_SIGNS = "“”‘’–—…•·°²³×±½≤≥«»§©→☐☑"
ALPHABET = "".join(chr(code) for code in range(32, 127)) + _VIETNAMESE + _SIGNS
BLANK = 0  # the CTC blank; character k of ALPHABET is class k + 1


def line_image(crop: Pixels) -> npt.NDArray[np.uint8]:
    """A grey crop [h, w] as [HEIGHT, width]: paper 0, ink 255, width a multiple of STEP."""
    height, width = crop.shape[:2]
    wide = max(MIN_WIDTH, round(width * HEIGHT / height * SQUEEZE))
    shrinks = height > HEIGHT
    small = cv2.resize(
        crop, (wide, HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    # numpy's bincount widens every pixel to 64 bits first
    counts = cv2.calcHist([small], [0], None, [256], [0, 256]).ravel().cumsum(dtype=np.float64)
    dark = int(np.searchsorted(counts, counts[-1] * 0.01))
    paper = int(np.searchsorted(counts, counts[-1] * 0.80))
    span = max(48, paper - dark)  # an empty crop must not turn its noise into ink
    table = np.clip((paper - np.arange(256)) * (255.0 / span), 0, 255).astype(np.uint8)
    inked = np.asarray(cv2.LUT(small, table), np.uint8)
    rest = -wide % STEP
    return np.pad(inked, ((0, 0), (0, rest))) if rest else inked
