# SPDX-License-Identifier: Apache-2.0
"""Kodak patch codes (mã phân tách): four thick bars on a separator sheet, read by our own decoder.

zxing-cpp does not know them. Each code is 20 modules across, four bars with narrow spaces, exactly
two bars wide. Only ratios are compared, so that printers and scanners may stretch the sheet.
numpy and OpenCV only: the Station reads them too.

Upside down, I reads as VI and III as T; II and IV read the same both ways. A mark therefore carries
`turned`, what it would be on the page turned by half; the QR code of our own sheets decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Box, Pixels
from ocr.scaling import grey_at_dpi

Grid = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

MODULE = 0.04
"""Inches: narrow bars and spaces are two modules, wide bars five."""
MODULES = 20
_LEAST, _MOST = 0.026, 0.060  # inches a module may measure: sheets printed at 65 to 150 per cent
_DPI = 100  # enough: a narrow bar is 8 pixels there
_STRIP = 0.1  # inches of bar that one strip looks at
_STRIPS = 4  # neighbouring strips that must agree; 3 are asked for, and patches are 50 mm long
_DARKER = 15
_SOLID = 0.8 * 255
_CONTRAST = 50


class PatchCode(StrEnum):
    """The six codes; what each means is set with the Batch."""

    I = "I"  # noqa: E741 - its name in every scanner manual
    II = "II"
    III = "III"
    IV = "IV"
    VI = "VI"
    T = "T"

    @property
    def turned(self) -> PatchCode:
        """What the same bars say on a page fed upside down."""
        return _BY_WIDTHS[_WIDTHS[self][::-1]]


_WIDTHS: dict[PatchCode, tuple[int, ...]] = {
    PatchCode.I: (5, 2, 5, 2, 2, 2, 2),
    PatchCode.II: (5, 2, 2, 2, 2, 2, 5),
    PatchCode.III: (5, 2, 2, 2, 5, 2, 2),
    PatchCode.IV: (2, 2, 5, 2, 5, 2, 2),
    PatchCode.VI: (2, 2, 2, 2, 5, 2, 5),
    PatchCode.T: (2, 2, 5, 2, 2, 2, 5),
}
"""Bar, space, bar… in modules, from the edge of the sheet that goes in first."""
_BY_WIDTHS = {widths: code for code, widths in _WIDTHS.items()}
_CODES = tuple(_WIDTHS)
_PATTERNS = np.array([_WIDTHS[code] for code in _CODES], np.float64)


class Reading(StrEnum):
    """The way in which the bars were read on the page as scanned."""

    DOWN = "down"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchMark:
    """A patch found: its code as read `reading`; `strips` of 0.1 inch along the bars agreed."""

    code: PatchCode
    reading: Reading
    box: Box
    strips: int

    def upright(self, turn: int) -> PatchCode:
        """The code on the page after `turn` degrees clockwise (0, 90, 180, 270) set it upright.

        A page whose top lies at its left edge needs 90 degrees and reads rightwards; one that
        needs 270 reads the same bars from the foot.
        """
        return self.code.turned if turn % 360 in (180, 270) else self.code


def find_patch_code(pixels: Pixels, dpi: float) -> PatchMark | None:
    """The longest patch of the page, if there is any."""
    return next(iter(read_patch_codes(pixels, dpi)), None)


def read_patch_codes(pixels: Pixels, dpi: float) -> tuple[PatchMark, ...]:
    """Patches on a page, the longest first; looked for along both axes, up to 8 degrees crooked.

    `dpi` 0 means unknown: the page is taken for A4. A4 at 300 dpi: 12 ms grey, 19 ms colour.
    """
    grey = np.asarray(cv2.medianBlur(grey_at_dpi(pixels, dpi, _DPI), 3), np.uint8)
    dark = _dark(grey)
    down = _marks(dark, grey, Reading.DOWN)
    right = _marks(_turned(dark), _turned(grey), Reading.RIGHT)
    return tuple(sorted([*down, *right], key=lambda mark: -mark.strips))


def draw_patch_code(code: PatchCode | str, dpi: float, *, length: float = 4.0) -> Pixels:
    """The bars alone, level, `length` inches long, 0 on 255; print it with an inch of white around.

    Shape (0.8 dpi, length x dpi). The first bar goes towards the edge that is fed first.
    """
    edges = np.round(np.cumsum((0, *_WIDTHS[PatchCode(code)])) * MODULE * dpi).astype(int)
    column = np.full(edges[-1], 255, np.uint8)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        column[start:end] = 0
    return np.repeat(column[:, None], round(length * dpi), axis=1)


def patch_bars(code: PatchCode) -> tuple[tuple[float, float], ...]:
    """(start, end) of the four bars in inches from the upper edge of the patch."""
    edges = np.cumsum((0, *_WIDTHS[code])) * MODULE
    return tuple((float(a), float(b)) for a, b in zip(edges[::2], edges[1::2], strict=True))


def _dark(grey: Grid) -> Grid:
    """255 where darker than the inch around: half a patch is ink, so bars and spaces part well."""
    around = cv2.blur(grey, (_DPI + 1, _DPI + 1), borderType=cv2.BORDER_REPLICATE)
    return np.where(cv2.subtract(around, grey) > _DARKER, np.uint8(255), np.uint8(0))


def _turned(grid: Grid) -> Grid:
    return np.ascontiguousarray(grid.T)


def _marks(dark: Grid, grey: Grid, reading: Reading) -> Iterable[PatchMark]:
    rows, columns = dark.shape
    count = max(1, round(columns / (_STRIP * _DPI)))
    found = _candidates(_strips(dark, count), rows)
    for strips, tops, ends, code in _agreeing(found):
        x0, x1 = strips[0] / count, (strips[-1] + 1) / count
        y0, y1 = min(tops) / rows, max(ends) / rows
        window = grey[min(tops) : max(ends), int(x0 * columns) : int(x1 * columns)]
        low, high = np.percentile(window, (10, 90))
        if high - low < _CONTRAST:
            continue
        box = Box(x0, y0, x1, y1) if reading is Reading.DOWN else Box(y0, x0, y1, x1)
        yield PatchMark(code=code, reading=reading, box=box, strips=len(strips))


def _strips(dark: Grid, count: int) -> npt.NDArray[np.bool_]:
    """(count, rows): dark where a tenth of an inch along the bar is ink nearly throughout.

    Letters never are; that is what keeps text and tables out.
    """
    shares = cv2.resize(dark, (count, dark.shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(shares.T >= _SOLID)


def _candidates(strips: npt.NDArray[np.bool_], rows: int) -> Numbers:
    """(n, 4): strip, first row, row after the last, index of the code; in order of strips."""
    pad = round(_MOST * _DPI * MODULES)
    padded = np.pad(strips, ((0, 0), (pad, pad))).ravel()
    edges = np.flatnonzero(np.diff(padded.view(np.int8))) + 1  # paper to ink, ink to paper, …
    if len(edges) < 8:
        return np.zeros((0, 4), np.int64)
    runs = np.diff(edges)
    windows = np.lib.stride_tricks.sliding_window_view(runs, 7)[::2]
    quiet_before = np.concatenate(([pad], runs[1::2]))[: len(windows)]
    quiet_after = np.concatenate((runs[7::2], [pad]))[: len(windows)]
    module = windows.sum(axis=1) / MODULES
    fits = (module >= _LEAST * _DPI) & (module <= _MOST * _DPI)
    fits &= np.minimum(quiet_before, quiet_after) >= 3 * module
    off = np.abs(windows[fits][:, None, :] / module[fits][:, None, None] - _PATTERNS)
    near = off.max(axis=2) < 1.0  # a wide bar may shrink to 4 modules, a narrow one swell to 3
    which, code = np.nonzero(near)
    start = edges[::2][: len(windows)][fits][which]
    size = windows.sum(axis=1)[fits][which]
    strip, row = np.divmod(start, rows + 2 * pad)
    return np.column_stack([strip, row - pad, row - pad + size, code])


def _agreeing(
    found: Numbers,
) -> Iterable[tuple[list[int], list[int], list[int], PatchCode]]:
    """Runs of neighbouring strips that saw one code at one height; a strip may be missing."""
    drift = _STRIP * _DPI * 2 * 0.15 + 2  # eight degrees over a gap of one strip, and rounding
    groups: list[list[Numbers]] = []
    for row in found:
        for group in groups:
            last = group[-1]
            if (
                row[3] == last[3]
                and 0 < row[0] - last[0] <= 2
                and abs(int(row[1] - last[1])) <= drift
                and abs(int(row[2] - last[2])) <= drift
            ):
                group.append(row)
                break
        else:
            groups.append([row])
    for group in groups:
        if len(group) >= _STRIPS:
            strips, tops, ends, codes = np.array(group).T.tolist()
            yield strips, tops, ends, _CODES[codes[0]]
