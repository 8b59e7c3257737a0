# SPDX-License-Identifier: Apache-2.0
"""What a scanner, a photocopier or a phone does to a clean sheet: levels L1..L5.

L1 good scan, 300 dpi. L2 crooked, pale, noisy, 300 dpi. L3 grey 200 dpi at JPEG quality 30.
L4 photocopy with seal and signature put on it afterwards, 200 dpi. L5 phone, about 235 dpi.
Every level tells where each point of the sheet went, so that the truth boxes follow the ink.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocr.page import Pixels
from service.samples.canvas import HEIGHT, WIDTH, Canvas, Layer

Points = npt.NDArray[np.float64]
Placing = Callable[[Points], Points]
_POOL = 1 << 20


class Level(StrEnum):
    """Damage level; a level may be made harder, never easier, or figures cannot be compared."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    L5 = "L5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One delivered page: JPEG bytes, size and resolution; `place` sends sheet points to it."""

    jpeg: bytes
    width: int
    height: int
    dpi: float
    place: Placing


def scan_sheet(
    sheet: Canvas,
    level: Level,
    random: np.random.Generator,
    *,
    back: Canvas | None = None,
    curled: bool = False,
) -> Scan:
    """The sheet as delivered at `level`; `back`: what shines through from the other side."""
    printed: Pixels = np.asarray(sheet.image)
    if back is not None:
        printed = _shine_through(printed, back, random)
    if level is Level.L4:
        return _photocopy(printed, sheet.layers, random)
    colour = ink_over(_colour(printed), sheet.layers)
    if level is Level.L5:
        return _phone(colour, random, curled=curled)
    return {Level.L1: _good, Level.L2: _office, Level.L3: _mean}[level](colour, random)


def ink_over(page: Pixels, layers: Sequence[Layer]) -> Pixels:
    """Coloured ink over print, in place: it darkens, it does not cover."""
    for layer in layers:
        high, wide = layer.mask.shape
        window = page[layer.y : layer.y + high, layer.x : layer.x + wide]
        cover = layer.mask[: window.shape[0], : window.shape[1], None].astype(np.float32) / 255
        lack = 1 - np.asarray(layer.colour, np.float32) / 255
        window[...] = (window * (1 - cover * lack)).astype(np.uint8)
    return page


def encode(page: Pixels, quality: int) -> bytes:
    """JPEG of a grey or RGB page; the same bytes for the same pixels."""
    image = page if page.ndim == 2 else _u8(cv2.cvtColor(page, cv2.COLOR_RGB2BGR))
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("page could not be written as JPEG")
    return bytes(data.tobytes())


def _u8(image: Any) -> Pixels:
    return np.asarray(image, np.uint8)


def _colour(grey: Pixels) -> Pixels:
    return _u8(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB))


def _grey(colour: Pixels) -> Pixels:
    return _u8(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY))


def _shine_through(page: Pixels, back: Canvas, random: np.random.Generator) -> Pixels:
    """Bleed-through: the other side mirrored, blurred and faint."""
    other = _grey(ink_over(_colour(np.asarray(back.image)), back.layers))[:, ::-1]
    soft = cv2.GaussianBlur(other, (0, 0), 3.0).astype(np.float32)
    faint = 255 - (255 - soft) * float(random.uniform(0.04, 0.09))
    return np.minimum(page, faint.astype(np.uint8))


def _noisy(page: Pixels, sigma: float, random: np.random.Generator) -> Pixels:
    """Gaussian noise; every row is a random stretch of one pool.

    Measured: drawing 26 M normals for an A4 colour page takes most of a second.
    """
    row = int(np.prod(page.shape[1:]))
    pool = np.round(random.standard_normal(_POOL + row, dtype=np.float32) * sigma).astype(np.int16)
    noise = np.empty((page.shape[0], row), np.int16)
    for i in range(page.shape[0]):
        start = int(random.integers(0, _POOL))
        noise[i] = pool[start : start + row]
    flat = cv2.add(page.reshape(page.shape[0], row), noise, dtype=cv2.CV_8U)
    return _u8(flat).reshape(page.shape)


def _skewed(page: Pixels, degrees: float, paper: int = 255) -> tuple[Pixels, Placing]:
    """Turned about the middle; the corners that open are paper."""
    height, width = page.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    out = cv2.warpAffine(page, turn, (width, height), borderValue=(paper, paper, paper))
    return _u8(out), lambda points: points @ turn[:, :2].T + turn[:, 2]


def _smaller(page: Pixels, scale: float) -> Pixels:
    return _u8(cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def _deliver(page: Pixels, quality: int, dpi: float, place: Placing) -> Scan:
    height, width = page.shape[:2]
    jpeg = encode(page, quality)
    return Scan(jpeg=jpeg, width=width, height=height, dpi=dpi, place=place)


def _good(page: Pixels, random: np.random.Generator) -> Scan:
    return _deliver(_u8(cv2.GaussianBlur(page, (3, 3), 0)), 90, 300, lambda points: points)


def _office(page: Pixels, random: np.random.Generator) -> Scan:
    degrees = float(random.uniform(0.8, 1.2)) * (1 if random.random() < 0.5 else -1)
    page, place = _skewed(page, degrees)
    page = _u8(cv2.GaussianBlur(page, (0, 0), 1.0))
    pale = _u8(cv2.convertScaleAbs(page, alpha=0.86, beta=25))
    return _deliver(_noisy(pale, 9.0, random), 80, 300, place)


def _mean(page: Pixels, random: np.random.Generator) -> Scan:
    grey, place = _skewed(_grey(page), float(random.uniform(-0.5, 0.5)))
    small = _smaller(_u8(cv2.GaussianBlur(grey, (0, 0), 1.1)), 2 / 3)
    return _deliver(_noisy(small, 6.0, random), 30, 200, lambda p: place(p) * (2 / 3))


def _photocopy(printed: Pixels, layers: Sequence[Layer], random: np.random.Generator) -> Scan:
    """Copied in black and white, then sealed and signed in colour, then scanned."""
    early = [layer for layer in layers if not layer.after_copy]
    late = [layer for layer in layers if layer.after_copy]
    grey = _grey(ink_over(_colour(printed), early)) if early else printed
    soft = _noisy(_u8(cv2.GaussianBlur(grey, (0, 0), 2.2)), 14.0, random)
    coarse = random.uniform(132, 194, (9, 7)).astype(np.float32)
    threshold = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    copy = np.where(soft < threshold, 88, 238).astype(np.uint8)
    _speckle(copy, 2600, random)
    small = _smaller(ink_over(_colour(copy), late), 2 / 3)
    small, place = _skewed(small, float(random.uniform(-0.9, 0.9)), paper=238)
    return _deliver(_noisy(small, 5.0, random), 55, 200, lambda p: place(p * (2 / 3)))


def _speckle(page: Pixels, count: int, random: np.random.Generator) -> None:
    xs = random.integers(2, WIDTH - 6, count)
    ys = random.integers(2, HEIGHT - 6, count)
    sizes = random.integers(2, 6, (count, 2))
    for x, y, (w, h) in zip(xs.tolist(), ys.tolist(), sizes.tolist(), strict=True):
        page[y : y + h, x : x + w] = 88


def _phone(page: Pixels, random: np.random.Generator, *, curled: bool) -> Scan:
    """Perspective, falling light, a soft shadow, slight defocus; `curled`: bowed, out of focus."""
    scale = 235 / 300
    width, height = round(WIDTH * scale), round(HEIGHT * scale)
    page = _u8(cv2.GaussianBlur(page, (0, 0), 0.8))
    bow = float(random.uniform(16, 32)) if curled else 0.0
    if curled:
        page = _bowed(page, bow)
    corners = np.asarray([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], np.float32)
    inward = np.asarray([(1, 1), (-1, 1), (-1, -1), (1, -1)], np.float32)
    moved = inward * random.uniform(0.02, 0.05, (4, 2)) * np.asarray([width, height])
    matrix = cv2.getPerspectiveTransform(corners, (corners * scale + moved).astype(np.float32))
    desk = tuple(int(v) for v in random.integers(60, 120, 3))
    seen = _u8(cv2.warpPerspective(page, matrix, (width, height), borderValue=desk))
    soft = _u8(cv2.GaussianBlur(_lit(seen, random), (0, 0), 2.0 if curled else 0.9))

    def place(points: Points) -> Points:
        bent = points.copy()
        bent[:, 1] += bow * np.sin(np.pi * points[:, 0] / WIDTH)
        return np.asarray(cv2.perspectiveTransform(bent[:, None, :], matrix)[:, 0, :], np.float64)

    return _deliver(_noisy(soft, 6.0, random), 55, 235, place)


def _bowed(page: Pixels, bow: float) -> Pixels:
    """Lines bend down by `bow` pixels in the middle of the sheet."""
    x = np.arange(WIDTH, dtype=np.float32)
    drop = (bow * np.sin(np.pi * x / WIDTH)).astype(np.float32)
    map_x = np.ascontiguousarray(np.broadcast_to(x, (HEIGHT, WIDTH)))
    map_y = np.arange(HEIGHT, dtype=np.float32)[:, None] - drop[None, :]
    return _u8(cv2.remap(page, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _lit(page: Pixels, random: np.random.Generator) -> Pixels:
    """Light falling off to one side, and the soft edge of a hand's shadow (to 38 % darker)."""
    grid_y, grid_x = np.mgrid[0:60, 0:42] / np.asarray([59, 41])[:, None, None]
    angle, strength = random.uniform(0, 2 * np.pi), random.uniform(0.12, 0.3)
    ramp = np.cos(angle) * (grid_x - 0.5) + np.sin(angle) * (grid_y - 0.5) + 0.5
    lean = random.uniform(-0.4, 0.4) * (grid_y - 0.5)
    side = (grid_x + lean - random.uniform(0.25, 0.75)) * random.uniform(12, 30)
    shadow = 1 - random.uniform(0.2, 0.38) / (1 + np.exp(-side))
    light = ((1 - strength * np.clip(ramp, 0, 1)) * shadow).astype(np.float32)
    wide = cv2.resize(light, (page.shape[1], page.shape[0]))
    return np.asarray(page * wide[..., None], np.uint8)
