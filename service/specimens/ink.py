# SPDX-License-Identifier: Apache-2.0
"""What stands on paper besides print: seals, pen strokes, hand-written digits, stamps."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from service.specimens.sheet import DPI, MM, Sheet


def seal(sheet: Sheet, x: float, y: float, rng: np.random.Generator, text: str) -> None:
    """A round red seal, about 36 mm, uneven ink, a third of it over the signature's left."""
    size = round(36 * MM)
    layer = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(layer)
    for inset, width in ((6, 9), (26, 4), (118, 4)):
        draw.ellipse((inset, inset, size - inset, size - inset), outline=255, width=width)
    _star(draw, size / 2, size / 2, size * 0.13)
    face = ImageFont.truetype(sheet.family.bold, 34)
    _around(layer, text.upper()[:34], face, size)
    texture = rng.normal(0.8, 0.18, (size // 8 + 1, size // 8 + 1)).clip(0.25, 1)
    worn = Image.fromarray((texture * 255).astype(np.uint8)).resize((size, size), Image.BILINEAR)
    alpha = ImageChops.multiply(layer, worn).point(lambda v: int(v * 0.75))
    alpha = alpha.rotate(float(rng.uniform(-20, 20)), resample=Image.BILINEAR)
    red = Image.new("RGB", (size, size), (205, 25, 35))
    at = (round(x - size / 2), round(y - size / 2))
    under = sheet.image.crop((*at, at[0] + size, at[1] + size))
    sheet.image.paste(ImageChops.multiply(under, _tint(red, alpha)), at)


def _tint(red: Image.Image, alpha: Image.Image) -> Image.Image:
    return Image.composite(red, Image.new("RGB", red.size, (255, 255, 255)), alpha)


def _star(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    radii = np.where(np.arange(10) % 2 == 0, radius, radius * 0.4)
    points = [(x + r * np.cos(a), y + r * np.sin(a)) for a, r in zip(angles, radii, strict=True)]
    draw.polygon(points, fill=255)


def _around(layer: Image.Image, text: str, face: ImageFont.FreeTypeFont, size: int) -> None:
    step = min(300 / max(len(text), 1), 13)
    for n, letter in enumerate(text):
        angle = (n - (len(text) - 1) / 2) * step
        tile = Image.new("L", (60, size), 0)
        ImageDraw.Draw(tile).text((30, 42), letter, font=face, fill=255, anchor="mt")
        whole = Image.new("L", (size, size), 0)
        whole.paste(tile, (size // 2 - 30, 0))
        turned = whole.rotate(-angle, resample=Image.BILINEAR)
        layer.paste(255, (0, 0), turned)


def signature(sheet: Sheet, x: float, y: float, rng: np.random.Generator) -> None:
    """A pen stroke in blue: a few smooth loops."""
    count = int(rng.integers(6, 10))
    xs = np.linspace(-0.5, 0.5, count) * 30 * MM + rng.normal(0, 3 * MM, count)
    ys = rng.normal(0, 5 * MM, count)
    t = np.linspace(0, count - 1, 240)
    smooth_x = np.interp(t, np.arange(count), xs)
    smooth_y = np.interp(t, np.arange(count), ys)
    kernel = np.ones(21) / 21
    points = np.stack(
        [np.convolve(smooth_x, kernel, "same") + x, np.convolve(smooth_y, kernel, "same") + y], 1
    )[12:-12]
    layer = Image.new("L", sheet.image.size, 0)
    ImageDraw.Draw(layer).line([tuple(p) for p in points], fill=230, width=7, joint="curve")
    sheet.image.paste((30, 45, 140), (0, 0), layer.filter(ImageFilter.GaussianBlur(0.8)))


_STROKES: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "0": (((0.5, 0), (0.1, 0.3), (0.15, 0.8), (0.5, 1), (0.85, 0.75), (0.85, 0.25), (0.5, 0)),),
    "1": (((0.25, 0.3), (0.6, 0), (0.55, 1)),),
    "2": (((0.15, 0.25), (0.5, 0), (0.85, 0.25), (0.5, 0.65), (0.1, 1), (0.9, 0.97)),),
    "3": (((0.2, 0.1), (0.6, 0), (0.8, 0.22), (0.45, 0.47), (0.85, 0.7), (0.55, 1), (0.15, 0.9)),),
    "4": (((0.6, 0), (0.1, 0.65), (0.9, 0.62)), ((0.65, 0.3), (0.6, 1))),
    "5": (((0.8, 0), (0.3, 0.03), (0.22, 0.45), (0.65, 0.42), (0.8, 0.75), (0.5, 1), (0.15, 0.9)),),
    "6": (((0.7, 0), (0.3, 0.35), (0.2, 0.8), (0.5, 1), (0.8, 0.8), (0.55, 0.55), (0.25, 0.7)),),
    "7": (((0.1, 0.05), (0.85, 0), (0.45, 1)), ((0.3, 0.5), (0.75, 0.48))),
    "8": (
        ((0.75, 0.15), (0.45, 0), (0.25, 0.2), (0.75, 0.75), (0.5, 1), (0.2, 0.8), (0.75, 0.15)),
    ),
    "9": (((0.75, 0.25), (0.45, 0), (0.2, 0.25), (0.45, 0.5), (0.75, 0.25), (0.65, 1)),),
}


def handwrite(
    sheet: Sheet, x: float, y: float, digits: str, rng: np.random.Generator, key: str | None = None
) -> float:
    """Digits by pen in the printed gap, about 6 mm high; returns the x where they end."""
    height, start = 6.0 * MM, x
    layer = Image.new("L", sheet.image.size, 0)
    draw = ImageDraw.Draw(layer)
    for digit in digits:
        slant = float(rng.normal(0.12, 0.08))
        for stroke in _STROKES[digit]:
            jitter = rng.normal(0, 0.035, (len(stroke), 2))
            points = [
                (x + (px + jx + slant * (1 - py)) * height * 0.6, y + (py + jy) * height)
                for (px, py), (jx, jy) in zip(stroke, jitter, strict=True)
            ]
            draw.line(points, fill=240, width=7, joint="curve")
        x += height * float(rng.normal(0.62, 0.05))
    sheet.image.paste((25, 40, 130), (0, 0), layer.filter(ImageFilter.GaussianBlur(1.0)))
    if key is not None:
        width, tall = sheet.image.size
        sheet.mark(key, [start / width, y / tall, x / width, (y + height) / tall])
    return x


def boxed(sheet: Sheet, x: float, y: float, text: str, size: float = 14) -> None:
    """A stamp in a red frame (MẬT, HỎA TỐC)."""
    face = ImageFont.truetype(sheet.family.bold, round(size * DPI / 72))
    draw = ImageDraw.Draw(sheet.image)
    box = draw.textbbox((x, y), text, font=face)
    draw.text((x, y), text, font=face, fill=(200, 20, 30))
    draw.rectangle(
        (box[0] - 24, box[1] - 18, box[2] + 24, box[3] + 18), outline=(200, 20, 30), width=6
    )
