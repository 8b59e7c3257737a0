# SPDX-License-Identifier: Apache-2.0
"""What a composer makes: sheets with ink on them, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ocr.extraction import FieldContent
from service.samples.canvas import BLACK_PEN, BLUE_PEN, WIDTH, Canvas, mm
from service.samples.flow import Paper
from service.samples.fonts import Family, Style
from service.samples.invented import Person, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the caller asks of a sample. None: as the seed falls.

    `handwritten`: number and day by pen. `faded`: the number is hardly inked. `holder`, `place`:
    whose paper it is, who issued it (the papers of one demo belong together). `forged`: the field
    of a card ("id", "full_name", "born_on") that its QR square states otherwise than its print.
    """

    handwritten: bool | None = None
    faded: bool = False
    arrival_stamp: bool = False
    secrecy: str | None = None
    urgency: str | None = None
    holder: Person | None = None
    place: Place | None = None
    forged: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One of the looks an office gives its papers; lengths in millimetres, sizes in points."""

    left: float
    right: float
    size: float
    leading: float
    indent: float
    header_split: float
    bold_abstract: bool
    signature_share: float


LAYOUTS = (
    Layout(left=30, right=17, size=14, leading=1.18, indent=12.7, header_split=0.42,
           bold_abstract=True, signature_share=0.5),
    Layout(left=30, right=20, size=13, leading=1.32, indent=10, header_split=0.40,
           bold_abstract=True, signature_share=0.46),
    Layout(left=33, right=15, size=13.5, leading=1.22, indent=12.7, header_split=0.44,
           bold_abstract=False, signature_share=0.55),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A composed document before any damage; `values` are the truth fields of its type."""

    sheets: tuple[Canvas, ...]
    values: Mapping[str, FieldContent]
    handwritten: bool = False
    features: tuple[str, ...] = field(default=())


def open_paper(random: np.random.Generator, family: Family, layout: Layout) -> Paper:
    """An empty document in this look; margins differ by a millimetre or two from office to office."""
    size = min(layout.size, 13.0) if not family.serif or "DejaVu" in family.name else layout.size
    if family.name.startswith("DejaVu") or family.name in ("Noto Serif", "TeX Gyre Schola"):
        size -= 1.5
    paper = Paper(
        random=random,
        body=Style(family=family, size=size),
        left=mm(layout.left + random.uniform(-1, 1.5)),
        leading=layout.leading,
        ink=BLUE_PEN if random.random() < 0.75 else BLACK_PEN,
    )
    paper.right = WIDTH - mm(layout.right + random.uniform(-1, 1))
    return paper
