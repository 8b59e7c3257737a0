# SPDX-License-Identifier: Apache-2.0
"""What is put on paper by hand: digits in a printed gap, signatures, round seals, stamps.

Masks are (height, width) uint8, 255 full ink.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from PIL import Image, ImageDraw

from service.samples.canvas import Mask, mm
from service.samples.fonts import Style, font_of

# Skeletons of digits as Vietnamese clerks write them, in a box 1 wide and 1.6 tall.
_DIGITS: dict[str, list[list[list[tuple[float, float]]]]] = {
    "0": [[[(0.6, 0.05), (0.1, 0.4), (0.1, 1.2), (0.5, 1.58), (0.9, 1.2), (0.9, 0.4), (0.5, 0.03)]]],
    "1": [
        [[(0.25, 0.45), (0.6, 0.05), (0.55, 0.8), (0.5, 1.6)]],
        [[(0.6, 0.02), (0.55, 0.8), (0.48, 1.6)]],
    ],
    "2": [
        [[(0.1, 0.4), (0.4, 0.02), (0.85, 0.35), (0.5, 1.0), (0.05, 1.55), (0.5, 1.5), (0.95, 1.5)]],
        [[(0.1, 0.35), (0.5, 0.0), (0.8, 0.4), (0.3, 1.3), (0.15, 1.5), (0.45, 1.3), (0.95, 1.58)]],
    ],
    "3": [
        [[(0.1, 0.25), (0.5, 0.0), (0.8, 0.35), (0.35, 0.75), (0.85, 1.1), (0.5, 1.6), (0.05, 1.4)]]
    ],
    "4": [
        [[(0.55, 0.05), (0.3, 0.6), (0.05, 1.05), (0.5, 1.02), (0.95, 1.0)],
         [(0.7, 0.5), (0.65, 1.0), (0.58, 1.6)]]
    ],
    "5": [
        [[(0.25, 0.1), (0.18, 0.4), (0.12, 0.7), (0.6, 0.65), (0.85, 1.1), (0.5, 1.58), (0.05, 1.4)],
         [(0.25, 0.1), (0.6, 0.1), (0.92, 0.04)]]
    ],
    "6": [[[(0.75, 0.02), (0.3, 0.5), (0.1, 1.15), (0.5, 1.6), (0.85, 1.2), (0.5, 0.85), (0.15, 1.2)]]],
    "7": [
        [[(0.08, 0.12), (0.5, 0.1), (0.9, 0.06), (0.6, 0.8), (0.4, 1.6)],
         [(0.3, 0.85), (0.55, 0.82), (0.85, 0.78)]],
        [[(0.08, 0.12), (0.5, 0.1), (0.9, 0.06), (0.6, 0.8), (0.4, 1.6)]],
    ],
    "8": [
        [[(0.75, 0.2), (0.4, 0.02), (0.2, 0.4), (0.55, 0.75), (0.85, 1.2), (0.45, 1.58), (0.15, 1.2),
          (0.5, 0.75), (0.78, 0.35), (0.6, 0.08)]]
    ],
    "9": [
        [[(0.8, 0.3), (0.45, 0.02), (0.15, 0.4), (0.45, 0.75), (0.8, 0.35), (0.75, 0.9), (0.45, 1.6)]]
    ],
}  # fmt: skip


def _curve(points: Sequence[tuple[float, float]], steps: int = 12) -> np.ndarray:
    """Catmull-Rom spline through the points, shape (n, 2)."""
    p = np.asarray([points[0], *points, points[-1]], dtype=np.float64)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        part = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
        parts.append((part + (3 * b - a - 3 * c + d) * t**3) / 2)
    return np.vstack([*parts, p[-1][None]])


def _stroke(mask: Mask, line: np.ndarray, thick: float, random: np.random.Generator) -> None:
    """A pen line whose width swells and thins."""
    widths = thick * (1 + 0.25 * np.sin(np.linspace(0, 5, len(line)) + random.uniform(0, 6)))
    fixed = np.round(line * 16).astype(np.int32)
    for a, b, w in zip(fixed, fixed[1:], widths, strict=False):
        start, end = (int(a[0]), int(a[1])), (int(b[0]), int(b[1]))
        cv2.line(mask, start, end, 255, max(1, round(float(w))), cv2.LINE_AA, shift=4)


def written_digits(text: str, tall: int, random: np.random.Generator) -> Mask:
    """Digits by ball pen, about `tall` pixels high."""
    unit = tall / 1.6
    mask = np.zeros((round(tall * 1.5), round(unit * (1.35 * len(text) + 0.8))), np.uint8)
    slant, thick = random.uniform(0.05, 0.3), random.uniform(4.0, 7.5)
    x = unit * 0.4
    for digit in text:
        forms = _DIGITS[digit]
        wide, high = unit * random.uniform(0.75, 1.0), unit * random.uniform(0.92, 1.1)
        drop = tall * random.uniform(0.1, 0.22)
        for points in forms[int(random.integers(len(forms)))]:
            shaken = np.asarray(points) + random.normal(0, 0.035, (len(points), 2))
            line = _curve([(float(a), float(b)) for a, b in shaken])
            line = np.column_stack([line[:, 0] * wide, line[:, 1] * high])
            line[:, 0] += x + slant * (tall - line[:, 1]) * 0.6
            line[:, 1] += drop
            _stroke(mask, line, thick, random)
        x += wide + unit * random.uniform(0.1, 0.3)
    return mask


def signature(wide: int, tall: int, random: np.random.Generator) -> Mask:
    """Chữ ký: a few loops and a long flourish."""
    mask = np.zeros((tall, wide), np.uint8)
    count = int(random.integers(7, 13))
    turns = random.uniform(0.9, 2.2) * np.arange(count) + random.uniform(0, 6)
    xs = np.linspace(0.15, random.uniform(0.5, 0.75), count) + 0.13 * np.cos(turns)
    ys = 0.5 + np.linspace(0.38, random.uniform(0.08, 0.25), count) * np.sin(turns)
    first = [(float(x) * wide, float(y) * tall) for x, y in zip(xs, ys, strict=True)]
    sweep = [
        first[-1],
        (wide * random.uniform(0.3, 0.6), tall * random.uniform(0.55, 0.9)),
        (wide * 0.95, tall * random.uniform(0.2, 0.6)),
    ]
    thick = random.uniform(4, 7)
    _stroke(mask, _curve(first, 20), thick, random)
    _stroke(mask, _curve(sweep, 20), thick * 0.8, random)
    return mask


def round_seal(upper: str, lower: str, style: Style, random: np.random.Generator) -> Mask:
    """Dấu tròn: 36 mm, two rings, names along the ring, a star; worn by a soft texture."""
    size = mm(36)
    disc = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(disc)
    pen.ellipse((2, 2, size - 3, size - 3), outline=255, width=9)
    pen.ellipse((18, 18, size - 19, size - 19), outline=255, width=3)
    inner = round(size * 0.22)
    pen.ellipse((inner, inner, size - inner, size - inner), outline=255, width=3)
    _star(pen, size / 2, size / 2, size * 0.17)
    mask = np.asarray(disc).copy()
    _around(mask, f"★ {upper} ★".replace("★", "*"), style, top=True)
    _around(mask, lower, style, top=False)
    coarse = random.normal(0, 1, (24, 24)).astype(np.float32)
    worn = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    strength = np.clip(0.75 + 0.16 * worn, 0.25, 0.95)
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), float(random.uniform(-12, 12)), 1.0)
    return cv2.warpAffine((mask * strength).astype(np.uint8), turn, (size, size)).astype(np.uint8)


def _star(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    angles = np.pi * (np.arange(10) / 5 - 0.5)
    reach = np.where(np.arange(10) % 2, 0.4, 1.0) * radius
    points = zip(x + reach * np.cos(angles), y + reach * np.sin(angles), strict=True)
    pen.polygon([(float(a), float(b)) for a, b in points], fill=255)


def _around(mask: Mask, text: str, style: Style, *, top: bool) -> None:
    """Letters along the ring between the circles, heads outward above, inward below."""
    fount = font_of(style)
    size = mask.shape[0]
    radius = size * (0.345 if top else 0.39)
    widths = np.asarray([fount.getlength(c) + 3 for c in text])
    room = np.pi * (1.25 if top else 0.6) * radius
    scale = min(1.0, room / max(1.0, widths.sum()))
    places = (np.cumsum(widths) - widths / 2 - widths.sum() / 2) * scale / radius
    for letter, place in zip(text, places, strict=True):
        if letter == " ":
            continue
        tile = Image.new("L", (90, 90), 0)
        ImageDraw.Draw(tile).text((45, 58), letter, fill=255, font=fount, anchor="ms")
        angle = -np.degrees(place) if top else np.degrees(place)
        turned = np.asarray(tile.rotate(float(angle), resample=Image.Resampling.BILINEAR))
        direction = -np.pi / 2 + place if top else np.pi / 2 - place
        x = round(size / 2 + radius * np.cos(direction)) - 45
        y = round(size / 2 + radius * np.sin(direction)) - 45
        window = mask[max(0, y) : y + 90, max(0, x) : x + 90]
        part = turned[max(0, -y) :, max(0, -x) :][: window.shape[0], : window.shape[1]]
        np.maximum(window, part, out=window)


def boxed_stamp(text: str, style: Style, random: np.random.Generator) -> Mask:
    """A framed word (HỎA TỐC, MẬT), a little crooked and unevenly inked."""
    fount = font_of(style)
    left, top, right, bottom = fount.getbbox(text, anchor="ls")
    wide, tall = round(right - left) + 60, round(bottom - top) + 44
    image = Image.new("L", (wide + 30, tall + 30), 0)
    pen = ImageDraw.Draw(image)
    pen.rectangle((15, 15, wide + 14, tall + 14), outline=255, width=7)
    pen.text((45 - left, 37 - top), text, fill=255, font=fount, anchor="ls")
    turned = image.rotate(float(random.uniform(-2, 2)), resample=Image.Resampling.BILINEAR)
    return (np.asarray(turned) * random.uniform(0.75, 0.95)).astype(np.uint8)


def arrival_stamp(office: str, style: Style) -> Mask:
    """Khung dấu ĐẾN: office, "ĐẾN", gaps for Số, Ngày and Chuyển; 50 x 35 mm."""
    wide, tall = mm(50), mm(35)
    image = Image.new("L", (wide, tall), 0)
    pen = ImageDraw.Draw(image)
    pen.rectangle((3, 3, wide - 4, tall - 4), outline=215, width=6)
    pen.line((mm(15), mm(8), mm(15), tall - 4), fill=215, width=4)
    small = font_of(style)
    bold = font_of(replace(style, size=style.size + 2, bold=True))
    pen.text((wide // 2, mm(5.5)), office.upper(), fill=215, font=small, anchor="ms")
    pen.line((3, mm(8), wide - 4, mm(8)), fill=215, width=4)
    pen.text((mm(7.5), mm(22)), "ĐẾN", fill=215, font=bold, anchor="ms")
    for i, label in enumerate(("Số:", "Ngày:", "Chuyển:")):
        base = mm(14.5 + 8 * i)
        pen.text((mm(16.5), base), f"{label} " + "." * (30 - 2 * len(label)), fill=215, font=small,
                 anchor="ls")  # fmt: skip
    return np.asarray(image).copy()
