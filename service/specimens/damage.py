# SPDX-License-Identifier: Apache-2.0
"""What scanners, copiers and phones do to a page, in five levels.

L1 clean 300 dpi · L2 skewed, noisy 300 dpi · L3 200 dpi grey JPEG q30 · L4 photocopy with specks
· L5 phone photo. A level may be made harder, never easier: figures over time must compare.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
LEVEL_DPI = {"L1": 300, "L2": 300, "L3": 200, "L4": 200, "L5": 235}


def damage(page: Pixels, level: str, rng: np.random.Generator) -> Pixels:
    """The page after `level`, at `LEVEL_DPI[level]`."""
    return _LEVELS[level](page, rng)


def _clean(page: Pixels, rng: np.random.Generator) -> Pixels:
    return _u8(cv2.GaussianBlur(page, (3, 3), 0))


def _scan(page: Pixels, rng: np.random.Generator) -> Pixels:
    angle = float(rng.uniform(0.8, 1.2)) * (1 if rng.random() < 0.5 else -1)
    image = cv2.GaussianBlur(_turned(page, angle), (0, 0), 1.0).astype(np.float32)
    image = image * 0.86 + 25 + _noise(rng, image.shape, 9)
    return _jpeg(_u8(image), 80)


def _grey(page: Pixels, rng: np.random.Generator) -> Pixels:
    image = cv2.GaussianBlur(_turned(page, float(rng.uniform(-0.5, 0.5))), (0, 0), 1.1)
    small = _resized(image, 200 / 300).astype(np.float32)
    grey = cv2.cvtColor(_u8(small + _noise(rng, small.shape, 6)), cv2.COLOR_RGB2GRAY)
    return _jpeg(_u8(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)), 30)


def _photocopy(page: Pixels, rng: np.random.Generator) -> Pixels:
    grey = cv2.cvtColor(_turned(page, float(rng.uniform(-0.9, 0.9))), cv2.COLOR_RGB2GRAY)
    grey = cv2.GaussianBlur(grey, (0, 0), 2.2).astype(np.float32)
    grey += rng.normal(0, 14, grey.shape).astype(np.float32)
    coarse = rng.uniform(132, 194, (8, 6)).astype(np.float32)
    threshold = cv2.resize(coarse, grey.shape[::-1], interpolation=cv2.INTER_CUBIC)
    copy = np.where(grey < threshold, 88, 238).astype(np.uint8)
    copy = _resized(copy, 200 / 300)
    for _ in range(2600):
        y, x = int(rng.integers(copy.shape[0])), int(rng.integers(copy.shape[1]))
        cv2.circle(copy, (x, y), int(rng.integers(0, 2)), 88, -1)
    noisy = _u8(copy.astype(np.float32) + rng.normal(0, 5, copy.shape))
    return _jpeg(_u8(cv2.cvtColor(noisy, cv2.COLOR_GRAY2RGB)), 55)


def _phone(page: Pixels, rng: np.random.Generator) -> Pixels:
    small = cv2.GaussianBlur(_resized(page, 235 / 300), (0, 0), 0.8)
    height, width = small.shape[:2]
    margin = round(width * 0.06)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(0.02, 0.05, (4, 2)) * width * np.array(
        [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    )
    target = (moved + margin).astype(np.float32)
    size = (width + 2 * margin, height + 2 * margin)
    warp = cv2.getPerspectiveTransform(corners, target)
    desk = tuple(int(v) for v in rng.integers(60, 95, 3))
    photo = cv2.warpPerspective(small, warp, size, borderValue=desk).astype(np.float32)
    ys, xs = np.mgrid[0 : photo.shape[0], 0 : photo.shape[1]]
    light = 1.05 - 0.35 * (xs / photo.shape[1] * 0.6 + ys / photo.shape[0] * 0.4)
    edge = photo.shape[1] * float(rng.uniform(0.4, 0.8)) + ys * 0.3
    shadow = 1 - 0.38 / (1 + np.exp((edge - xs) / (photo.shape[1] * 0.05)))
    photo *= (light * shadow)[..., None]
    blurred = cv2.GaussianBlur(photo, (0, 0), 0.9)
    return _jpeg(_u8(blurred + _noise(rng, blurred.shape, 6)), 55)


_LEVELS: dict[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "L1": _clean,
    "L2": _scan,
    "L3": _grey,
    "L4": _photocopy,
    "L5": _phone,
}


def bleed_through(front: Pixels, rng: np.random.Generator) -> Pixels:
    """The blank back of a page: the front shines through faintly, mirrored."""
    ghost = cv2.GaussianBlur(cv2.flip(front, 1), (0, 0), 4).astype(np.float32)
    return _u8(255 - (255 - ghost) * 0.06 + _noise(rng, ghost.shape, 2))


def _noise(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> Any:
    """Sensor noise, drawn once for all channels: three times as fast and as bad for a reader."""
    return (rng.standard_normal(shape[:2], dtype=np.float32) * sigma)[..., None]


def _turned(page: Pixels, degrees: float) -> Pixels:
    height, width = page.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return _u8(cv2.warpAffine(page, turn, (width, height), borderValue=(255, 255, 255)))


def _resized(page: Pixels, scale: float) -> Pixels:
    return _u8(cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def _jpeg(page: Pixels, quality: int) -> Pixels:
    _, buffer = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _u8(cv2.imdecode(buffer, cv2.IMREAD_COLOR))


def _u8(image: Any) -> Pixels:
    return image if image.dtype == np.uint8 else np.clip(image, 0, 255).astype(np.uint8)
