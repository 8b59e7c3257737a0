# SPDX-License-Identifier: Apache-2.0
"""Typefaces the lines are set in: only those with every Vietnamese letter (the cmap is asked).

Some families are held back: the tests print with them, the network never sees them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from fontTools.ttLib import TTCollection, TTFont
from PIL import Image, ImageFont

from ocr.recogniser.line_image import ALPHABET

SERIF = ("Tinos", "texgyretermes", "FreeSerif")
SANS = ("Arimo", "FreeSans", "texgyreheros", "NotoSans-", "Carlito", "DejaVuSans")
HELD_BACK = ("texgyrebonum", "OpenSans", "Caladea", "Gentium", "LinLibertine", "Cousine")
_NEEDED = frozenset(c for c in ALPHABET if c.isalnum() and ord(c) > 32 and c not in "²³½")
_ROOT = Path("/usr/share/fonts")


@dataclass(frozen=True, slots=True)
class Typeface:
    path: str
    covers: frozenset[str] = field(repr=False)


def installed(root: Path = _ROOT) -> list[Typeface]:
    """Every face that prints Vietnamese, in the order of its path (so a seed means the same)."""
    found = []
    for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in (".ttf", ".otf", ".ttc")):
        if "Condensed" in path.name and "DejaVu" not in path.name:
            continue
        try:
            font = TTCollection(path).fonts[0] if path.suffix == ".ttc" else TTFont(path, lazy=True)
            covers = frozenset(chr(code) for code in font.getBestCmap() or {} if code < 0x3000)
        except Exception:  # noqa: S112 - a broken font file is not our matter
            continue
        if covers >= _NEEDED:
            found.append(Typeface(str(path), covers))
    return found


def of(faces: list[Typeface], names: tuple[str, ...]) -> list[Typeface]:
    return [f for f in faces if any(n.lower() in Path(f.path).name.lower() for n in names)]


@dataclass(frozen=True, slots=True)
class Case:
    """Typefaces by how often official paper uses them."""

    serif: list[Typeface]
    sans: list[Typeface]
    others: list[Typeface]

    def pick(self, rng: random.Random) -> Typeface:
        kind = rng.random()
        faces = self.serif if kind < 0.60 else self.sans if kind < 0.80 else self.others
        face = rng.choice(faces)
        if rng.random() < 0.35:  # most of a page is upright and light: look again for such a one
            again = rng.choice(faces)
            return face if _upright(face) else again
        return face


def _upright(face: Typeface) -> bool:
    name = Path(face.path).name.lower()
    return not any(word in name for word in ("bold", "italic", "oblique"))


def case(*, held_back: bool = False) -> Case:
    """The case for training, or (held_back) the one for tests."""
    faces = installed()
    kept = of(faces, HELD_BACK)
    if held_back:
        return Case(kept, kept, kept)
    free = [f for f in faces if f not in kept]
    serif, sans = of(free, SERIF), of(free, SANS)
    if not serif:
        raise SystemExit("training: no Times-like typeface found (install fonts-croscore)")
    return Case(
        serif, sans or serif, [f for f in free if f not in serif and f not in sans] or serif
    )


@lru_cache(maxsize=512)
def sized(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def inked(
    font: ImageFont.FreeTypeFont, text: str, anchor: str = "ls"
) -> tuple[npt.NDArray[np.uint8], int, int]:
    """(ink [h, w] with 255 where the letters are, x and y of its corner from the anchor)."""
    mask, (dx, dy) = font.getmask2(text, "L", anchor=anchor)
    if not mask.size[0] or not mask.size[1]:
        return np.zeros((0, 0), np.uint8), dx, dy
    picture = Image.Image()._new(
        mask
    )  # the core object alone is read pixel by pixel: 20 times slower
    return np.asarray(picture, np.uint8), dx, dy
