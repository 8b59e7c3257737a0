# SPDX-License-Identifier: Apache-2.0
"""What scanners, copiers and phones do to a line; levels as the acceptance pages have them.

Every function takes and gives grey [h, w] uint8 (paper light), and draws its chances from `rng`.
"""

from __future__ import annotations

import random

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
_POOL = np.random.default_rng(20240501).standard_normal(1 << 20).astype(np.float32)


def noise(rng: random.Random, shape: tuple[int, ...], sigma: float) -> npt.NDArray[np.float32]:
    """Normal noise from a pool: drawing it anew costs more than the network's step."""
    count = int(np.prod(shape))
    start = rng.randrange(0, len(_POOL) - count) if count < len(_POOL) else 0
    return np.resize(_POOL[start : start + count], shape) * np.float32(sigma)


def jpeg(grey: Grey, quality: int) -> Grey:
    _, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


def blurred(grey: Grey, sigma: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.uint8) if sigma > 0.2 else grey


def resampled(rng: random.Random, grey: Grey, scale: float) -> Grey:
    way = (
        rng.choice((cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC))
        if scale < 1
        else cv2.INTER_CUBIC
    )
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=way), np.uint8)


def toned(rng: random.Random, grey: Grey, sigma: float) -> Grey:
    low, high = rng.uniform(0, 95), rng.uniform(190, 255)
    if rng.random() < 0.06:  # faint ribbon, pencil copy
        low = rng.uniform(110, 160)
    picture = grey.astype(np.float32) * ((high - low) / 255) + low
    return np.clip(picture + noise(rng, grey.shape, sigma), 0, 255).astype(np.uint8)


def scanned(rng: random.Random, grey: Grey) -> Grey:
    """A scanner at 110-300 dpi, JPEG as offices set it."""
    grey = blurred(grey, rng.uniform(0, 1.7))
    grey = resampled(rng, grey, rng.choice((1.0, rng.uniform(0.38, 1.0), 0.67)))
    grey = toned(rng, grey, rng.uniform(0, 10))
    return jpeg(grey, rng.randint(22, 85)) if rng.random() < 0.75 else grey


def copied(rng: random.Random, grey: Grey) -> Grey:
    """A photocopy, scanned: blur, locally varying threshold, specks, again blur and JPEG."""
    grey = blurred(grey, rng.uniform(0.6, 2.5))
    light = 255 - (255 - grey.astype(np.float32)) * rng.uniform(0.75, 1.0)
    light += noise(rng, grey.shape, rng.uniform(4, 17))
    height, width = grey.shape
    coarse = np.array(
        [[rng.uniform(118, 200) for _ in range(max(2, width // 250))] for _ in range(2)], np.float32
    )
    threshold = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    ink = light < threshold
    if ink.sum() < 0.55 * (grey < 150).sum():  # what nobody can read teaches nothing
        ink = light < threshold + rng.uniform(25, 45)
    specks = rng.random()
    if specks < 0.7:
        _speckle(rng, ink, specks)
    if rng.random() < 0.25:  # fax and CCITT archives: bilevel, no more softening
        out = np.where(ink, 0, 255).astype(np.uint8)
        return resampled(rng, out, rng.uniform(0.5, 1.0))
    out = np.where(ink, rng.uniform(20, 110), rng.uniform(215, 250)).astype(np.float32)
    small = cv2.resize(
        out,
        None,
        fx=(scale := rng.choice((0.67, rng.uniform(0.45, 1)))),
        fy=scale,
        interpolation=cv2.INTER_AREA,
    )
    small = blurred(
        np.clip(small + noise(rng, small.shape, rng.uniform(0, 7)), 0, 255).astype(np.uint8),
        rng.uniform(0, 0.7),
    )
    return jpeg(small, rng.randint(35, 85))


def _speckle(rng: random.Random, ink: npt.NDArray[np.bool_], rate: float) -> None:
    height, width = ink.shape
    for _ in range(int(height * width / 3400 * rate * rng.uniform(0.3, 2.2))):
        y, x, size = rng.randrange(height), rng.randrange(width), rng.choice((1, 1, 2, 2, 3, 4))
        ink[y : y + size, x : x + rng.choice((1, size))] = rng.random() < 0.8


def photographed(rng: random.Random, grey: Grey) -> Grey:
    """A phone: shear and keystone, light falling off, blur, JPEG."""
    height, width = grey.shape
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    move = height * 0.10
    target = source + np.array(
        [[rng.uniform(-move, move), rng.uniform(-move, move)] for _ in source], np.float32
    )
    warp = cv2.getPerspectiveTransform(source, target.astype(np.float32))
    grey = np.asarray(
        cv2.warpPerspective(grey, warp, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
    grey = resampled(rng, blurred(grey, rng.uniform(0.3, 1.9)), rng.uniform(0.45, 0.95))
    ramp = np.linspace(rng.uniform(0.45, 1), rng.uniform(0.45, 1), grey.shape[1], dtype=np.float32)
    if rng.random() < 0.4:
        edge = rng.randrange(grey.shape[1])
        step = np.clip((np.arange(grey.shape[1]) - edge) / rng.uniform(4, 40), -30, 30)
        ramp *= (1 - rng.uniform(0.1, 0.4) / (1 + np.exp(-step))).astype(np.float32)
    paper = rng.uniform(20, 60) + grey.astype(np.float32) * rng.uniform(0.6, 0.8)
    lit = np.clip(paper * ramp + noise(rng, grey.shape, rng.uniform(2, 9)), 0, 255).astype(np.uint8)
    return jpeg(lit, rng.randint(40, 85))


def tilted(rng: random.Random, grey: Grey, degrees: float) -> Grey:
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    way = rng.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC))
    return np.asarray(
        cv2.warpAffine(grey, matrix, (width, height), flags=way, borderValue=255), np.uint8
    )


LEVELS = ("clean", "scan", "copy", "phone")


def damaged(rng: random.Random, grey: Grey, level: str) -> Grey:
    if level == "scan":
        return scanned(rng, grey)
    if level == "copy":
        return copied(rng, grey)
    if level == "phone":
        return photographed(rng, grey)
    return resampled(rng, grey, rng.uniform(0.5, 1.0)) if rng.random() < 0.7 else grey
