# SPDX-License-Identifier: Apache-2.0
"""Setting text: words into lines, lines onto sheets, forms and tables.

Lengths are pixels of the 300 dpi sheet; a `Paper` starts a new sheet when the text runs over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from service.samples.canvas import BLUE_PEN, HEIGHT, WIDTH, Canvas, Colour, Piece, Rectangle, mm
from service.samples.canvas import width_of as width_of
from service.samples.fonts import SCAN_DPI, Style
from service.samples.pen import written_digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """A word or part of a word; `spaced`: a blank stands before it."""

    piece: Piece
    spaced: bool


def atoms_of(pieces: Sequence[Piece]) -> list[Atom]:
    """Cut pieces into words; pieces that touch without a blank stay on one line."""
    atoms: list[Atom] = []
    blank = False
    for piece in pieces:
        if piece.by_hand:
            atoms.append(Atom(piece=piece, spaced=blank))
            blank = False
            continue
        words = piece.text.split()
        blank = blank or piece.text[:1].isspace()
        for word in words:
            atoms.append(Atom(piece=replace(piece, text=word), spaced=blank))
            blank = True
        blank = piece.text[-1:].isspace() if words else blank or bool(piece.text)
    return atoms


@dataclass(slots=True)
class Paper:
    """A growing document: sheets, a cursor `y` (the last baseline) and the writing margins."""

    random: np.random.Generator
    body: Style
    left: int = mm(30)
    right: int = WIDTH - mm(18)
    top: int = mm(20)
    bottom: int = HEIGHT - mm(20)
    leading: float = 1.25
    numbered: bool = True
    ink: Colour = BLUE_PEN
    sheets: list[Canvas] = field(default_factory=lambda: [Canvas()])
    y: float = 0.0

    def __post_init__(self) -> None:
        self.y = float(self.top)

    @property
    def sheet(self) -> Canvas:
        return self.sheets[-1]

    @property
    def line_height(self) -> float:
        return self.body.size * SCAN_DPI / 72 * self.leading

    def style(self, **changes: object) -> Style:
        return replace(self.body, **changes)  # type: ignore[arg-type]

    def skip(self, lines: float) -> None:
        self.y += lines * self.line_height

    def need(self, height: float) -> None:
        """Start a new sheet unless `height` pixels are left."""
        if self.y + height > self.bottom:
            self.new_sheet()

    def new_sheet(self) -> None:
        self.sheets.append(Canvas())
        self.y = float(self.top)
        if self.numbered:  # NĐ 30/2020, PL I: page number top centre, none on page 1
            number = Piece(text=str(len(self.sheets)), style=self.style(size=13.0))
            self.set_line([number], 0, WIDTH, align="centre", baseline=self.top - mm(6))

    def set_line(
        self,
        pieces: Sequence[Piece],
        x0: float,
        x1: float,
        *,
        align: str = "left",
        baseline: float | None = None,
    ) -> Rectangle | None:
        """One line between `x0` and `x1`, at the cursor unless `baseline` is given."""
        at = self.y if baseline is None else baseline
        return self._draw(atoms_of(pieces), x0, x1, align, at)

    def paragraph(
        self,
        pieces: Sequence[Piece],
        *,
        x0: float | None = None,
        x1: float | None = None,
        indent: float = 0.0,
        align: str = "justify",
        hanging: float = 0.0,
    ) -> Rectangle | None:
        """Lines from the cursor down; `indent` of the first line, `hanging` of the others.

        Gives the extent of the last line: (left, top, end of the text, baseline).
        """
        left = self.left if x0 is None else x0
        right = self.right if x1 is None else x1
        rows = self._break(atoms_of(pieces), right - left, indent, hanging)
        extent = None
        for i, row in enumerate(rows):
            self.y += self._height(row)
            if self.y > self.bottom:
                self.new_sheet()
                self.y += self._height(row)
            last = i + 1 == len(rows)
            how = "left" if align == "justify" and last else align
            extent = self._draw(row, left + (indent if i == 0 else hanging), right, how, self.y)
        return extent

    def _height(self, row: Sequence[Atom]) -> float:
        return max(a.piece.style.size for a in row) * SCAN_DPI / 72 * self.leading

    def _break(
        self, atoms: Sequence[Atom], width: float, indent: float, hanging: float
    ) -> list[list[Atom]]:
        rows: list[list[Atom]] = [[]]
        room = width - indent
        for group in _words(atoms):
            wide = _width(group)
            blank = _blank(group[0]) if rows[-1] else 0.0
            if rows[-1] and blank + wide > room:
                rows.append([])
                room, blank = width - hanging, 0.0
            rows[-1].extend(group)
            room -= blank + wide
        return [row for row in rows if row]

    def _draw(
        self, atoms: Sequence[Atom], x0: float, x1: float, align: str, baseline: float
    ) -> Rectangle | None:
        if not atoms:
            return None
        slack = x1 - x0 - _width(atoms)
        gaps = sum(a.spaced for a in atoms[1:])
        stretch = slack / gaps if align == "justify" and gaps and slack > 0 else 0.0
        x = x0 + {"centre": slack / 2, "right": slack}.get(align, 0.0)
        boxes: list[Rectangle] = []
        text = ""
        for i, atom in enumerate(atoms):
            if atom.spaced and i:
                x += _blank(atom) + stretch
            box = self._put(x, baseline, atom.piece)
            # digits written into a gap stand apart from the print on both sides
            said = f" {atom.piece.text} " if atom.piece.by_hand else atom.piece.text
            text += (" " if atom.spaced and i else "") + said
            x += width_of(atom.piece)
            if box:
                boxes.append(box)
        self.sheet.note_line(text, boxes)
        return (min(b[0] for b in boxes), min(b[1] for b in boxes), x, baseline) if boxes else None

    def _put(self, x: float, baseline: float, piece: Piece) -> Rectangle | None:
        if not piece.by_hand:
            return self.sheet.write(x, baseline, piece)
        tall = round(piece.style.size * SCAN_DPI / 72 * self.random.uniform(0.85, 1.1))
        mask = written_digits(piece.text, tall, self.random)
        left = x + (piece.gap - mask.shape[1]) / 2
        top = baseline - mask.shape[0] * self.random.uniform(0.72, 0.85)
        self.sheet.paste(left, top, mask, self.ink)
        box = (left, top, left + mask.shape[1], top + mask.shape[0])
        self.sheet.mark(box, piece.fields)
        return box


def _words(atoms: Sequence[Atom]) -> list[list[Atom]]:
    groups: list[list[Atom]] = []
    for atom in atoms:
        if groups and not atom.spaced:
            groups[-1].append(atom)
        else:
            groups.append([atom])
    return groups


def _blank(atom: Atom) -> float:
    return width_of(Piece(text=" ", style=atom.piece.style))


def _width(atoms: Sequence[Atom]) -> float:
    return sum(
        width_of(a.piece) + (_blank(a) if a.spaced and i else 0) for i, a in enumerate(atoms)
    )


def set_table(
    paper: Paper, rows: Sequence[Sequence[str]], shares: Sequence[float], *, size: float = 12.0
) -> None:
    """A ruled table over the whole measure; the first row is the head, first column centred."""
    width = paper.right - paper.left
    edges = [paper.left + width * sum(shares[:i]) / sum(shares) for i in range(len(shares) + 1)]
    pad = mm(1.5)
    style = paper.style(size=size)
    high = size * SCAN_DPI / 72 * 1.2
    for r, row in enumerate(rows):
        cells = [
            paper._break(
                atoms_of([Piece(text=cell, style=replace(style, bold=r == 0))]),
                edges[c + 1] - edges[c] - 2 * pad, 0, 0,
            )
            for c, cell in enumerate(row)
        ]  # fmt: skip
        tall = max(len(cell) for cell in cells) * high + 2 * pad
        paper.need(tall + high)
        top = paper.y + (high * 0.5 if r == 0 else 0.0)
        for c, cell in enumerate(cells):
            paper.sheet.frame((edges[c], top, edges[c + 1], top + tall))
            how = "centre" if r == 0 or c == 0 else "left"
            start = top + pad + (tall - 2 * pad - len(cell) * high) / 2
            for i, line in enumerate(cell):
                at = start + (i + 0.8) * high
                paper._draw(line, edges[c] + pad, edges[c + 1] - pad, how, at)
        paper.y = math.floor(top + tall)
