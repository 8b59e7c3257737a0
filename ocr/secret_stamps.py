# SPDX-License-Identifier: Apache-2.0
"""Dấu độ mật, looked for at the scanner, where no engine reads yet. numpy and OpenCV only.

NĐ 30/2020, PL I, ô 10a: a red frame with one line of capitals. All marks end in MẬT, whose Ậ has a
dot under the line; KHẨN and HỎA TỐC, stamped likewise, have none. What cannot be told apart counts
as secret: a person is asked before the page goes anywhere, and the server reads the words anyway.
"""

from __future__ import annotations

import cv2
import numpy as np

from ocr.clean import red_mask
from ocr.page import Pixels
from ocr.red_figures import header_reach, stamp_figures
from ocr.scaling import at_dpi

_LOOK_DPI = 200
_TALLEST_INCHES = 0.62
"""A frame around one line; the arrival stamp (dấu ĐẾN) is twice as high."""
_FRAMED = 0.6


def may_be_secret(pixels: Pixels, dpi: float) -> bool:
    """Does a red frame at the head of the page (or at its foot, fed upside down) hold such a mark?

    About 30 ms for an A4 page of 300 dpi in colour; a grey page shows no red: False.
    """
    if pixels.ndim == 2:
        return False
    page = at_dpi(pixels, dpi, _LOOK_DPI)
    height = round(header_reach(page.shape[1] / page.shape[0]) * page.shape[0])
    return _in_header(page[:height]) or _in_header(
        np.ascontiguousarray(page[page.shape[0] - height :][::-1, ::-1])
    )


def _in_header(top: Pixels) -> bool:
    found = stamp_figures(red_mask(top), _LOOK_DPI)
    return any(_is_framed_line(figure) and not _is_urgency(figure) for _, figure in found)


def _is_framed_line(figure: Pixels) -> bool:
    height, width = figure.shape
    if height > _TALLEST_INCHES * _LOOK_DPI or width < 1.3 * height:
        return False
    ink, edge = figure < 128, max(3, height // 6)
    along = (ink[:edge].any(axis=0), ink[-edge:].any(axis=0))
    across = (ink[:, :edge].any(axis=1), ink[:, -edge:].any(axis=1))
    return all(side.mean() > _FRAMED for side in (*along, *across))


def _is_urgency(figure: Pixels) -> bool:
    """Letters that stand clearly within the frame, none of which has a dot under it."""
    height, width = figure.shape
    edge = max(3, height // 6)
    ink = (figure[edge : height - edge, edge : width - edge] < 128).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    parts = stats[1:][stats[1:, cv2.CC_STAT_AREA] > 3]
    tall = parts[parts[:, cv2.CC_STAT_HEIGHT] > 0.3 * height]
    if tall[:, cv2.CC_STAT_WIDTH].sum() < 0.5 * ink.shape[1]:
        return False
    bottoms = tall[:, cv2.CC_STAT_TOP] + tall[:, cv2.CC_STAT_HEIGHT]
    base, letter = float(np.median(bottoms)), float(np.median(tall[:, cv2.CC_STAT_HEIGHT]))
    below = parts[parts[:, cv2.CC_STAT_TOP] >= base - 0.12 * letter]
    low = tall[bottoms > base + 0.1 * letter]  # the dot runs into its letter
    return len(below) == 0 and len(low) == 0
