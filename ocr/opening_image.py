# SPDX-License-Identifier: Apache-2.0
"""PNG, JPEG and TIFF inside the sandbox (Pillow): frames become pages of a believable size."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from ocr.opened import (
    MAX_PAGES,
    MAX_PIXELS,
    CannotOpen,
    Opening,
    PageSize,
    Trouble,
    describe_page,
    page_files,
)

Image.MAX_IMAGE_PIXELS = MAX_PIXELS

_FORMATS = {"png": ["PNG"], "jpeg": ["JPEG", "MPO"], "tiff": ["TIFF"]}
_A4_LONG_INCHES = 11.69
_SHORTEST, _LONGEST = 3.0, 24.0  # inches: a card's long side, A2


def inspect_image(untrusted: Path, kind: str) -> Opening:
    """Sizes of every frame. Raises `CannotOpen`."""
    sizes = []
    with _opened(untrusted, kind) as image:
        for frame in _frames(image, kind):
            width, height = _upright_size(frame)
            dpi = believable_dpi(frame)
            sizes.append(PageSize(width_pt=width * 72 / dpi, height_pt=height * 72 / dpi))
    return Opening(kind=kind, pages=tuple(sizes))


def render_image(
    untrusted: Path, kind: str, out: Path, first: int, last: int, dpi: float
) -> list[int]:
    """Write frames `first`..`last` as RGB; finer ones are reduced to `dpi`, none is enlarged."""
    numbers = []
    with _opened(untrusted, kind) as image:
        for number, frame in enumerate(_frames(image, kind), 1):
            if number > last:
                break
            if number >= max(1, first):
                _write(frame, out, number, dpi)
                numbers.append(number)
    if not numbers:
        raise CannotOpen(Trouble.DAMAGED, f"no frame {first}")
    return numbers


@contextmanager
def _opened(untrusted: Path, kind: str) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            # between once and twice the cap Pillow only warns
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(untrusted, formats=_FORMATS[kind])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as trouble:
        raise CannotOpen(Trouble.TOO_LARGE, str(trouble)) from trouble
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as trouble:
        raise CannotOpen(Trouble.DAMAGED, str(trouble)) from trouble
    with image:
        yield image


def _frames(image: Image.Image, kind: str) -> Iterator[Image.Image]:
    """Only TIFF has pages; an animated PNG or a phone's second picture is none."""
    frames = ImageSequence.Iterator(image) if kind == "tiff" else iter([image])
    for number, frame in enumerate(frames, 1):
        if number > MAX_PAGES:
            raise CannotOpen(Trouble.TOO_LARGE, f"more than {MAX_PAGES} frames")
        if frame.width * frame.height > MAX_PIXELS:
            raise CannotOpen(Trouble.TOO_LARGE, f"frame {number}: {frame.size}")
        yield frame


def believable_dpi(image: Image.Image) -> float:
    """The declared resolution if it makes a sheet or a card of the image, else as if it were A4.

    Phones and screenshots declare 72 or 96 whatever the paper was.
    """
    longest = max(image.size)
    declared = image.info.get("dpi")
    try:
        dpi = float(declared[0]) if declared else 0.0
    except (TypeError, ValueError, ZeroDivisionError, IndexError):
        dpi = 0.0
    if 100 <= dpi <= 2_400 and _SHORTEST <= longest / dpi <= _LONGEST:
        return dpi
    return longest / _A4_LONG_INCHES


def _upright_size(image: Image.Image) -> tuple[int, int]:
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (image.height, image.width) if turned else image.size


def _write(frame: Image.Image, out: Path, number: int, dpi: float) -> None:
    native = believable_dpi(frame)
    used = min(dpi, native)
    try:
        rgb = _as_rgb(ImageOps.exif_transpose(frame))
    except (OSError, SyntaxError, ValueError) as trouble:
        raise CannotOpen(Trouble.DAMAGED, f"frame {number}: {trouble}") from trouble
    size = PageSize(width_pt=rgb.width * 72 / native, height_pt=rgb.height * 72 / native)
    if used < native:
        rgb = rgb.resize(size.pixels(used), Image.Resampling.BOX if native > 2 * used else 3)
    rgb.save(page_files(out, number)[0], format="PPM")
    describe_page(out, number, size, used)


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        image = image.convert("I").point(lambda v: v / 256).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    return image.convert("RGB")
