# SPDX-License-Identifier: Apache-2.0
"""Filling in printed forms: label and value, several to a line, dot leaders, tick boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ocr.extraction import FieldContent
from service.samples.canvas import Piece, mm
from service.samples.flow import Paper, width_of
from service.samples.fonts import SCAN_DPI


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`label: text`; `key` the truth key, `truth` its value where that is not the text as printed.

    `share`: part of the line's width.
    """

    label: str
    text: str
    key: str | None = None
    truth: FieldContent = None
    share: float = 1.0
    bold: bool = False
    italic: bool = False


@dataclass(slots=True)
class Form:
    """A paper being filled in; `values` collects the truth. `leaders`: dots after each value."""

    paper: Paper
    leaders: bool = False
    gap: float = 0.28
    values: dict[str, FieldContent] = field(default_factory=dict)

    def row(self, *entries: Entry, indent: float = 0.0) -> None:
        """Entries side by side; one below the other when they do not fit."""
        paper = self.paper
        left, right = paper.left + indent, paper.right
        total = sum(e.share for e in entries)
        widths = [(right - left) * e.share / total for e in entries]
        fits = all(
            sum(width_of(p) for p in self._pieces(e)) < w - mm(2)
            for e, w in zip(entries, widths, strict=True)
        )
        if len(entries) > 1 and not fits:
            for entry in entries:
                self.row(entry, indent=indent)
            return
        if len(entries) == 1:
            end = paper.paragraph(self._pieces(entries[0]), x0=left, align="left")
            self._note(entries[0], end[2] if end else left, right)
        else:
            self._side_by_side(entries, widths, left)
        paper.y += paper.line_height * self.gap

    def _side_by_side(self, entries: Sequence[Entry], widths: Sequence[float], left: float) -> None:
        paper = self.paper
        paper.need(paper.line_height)
        paper.y += paper.line_height
        x = left
        for entry, wide in zip(entries, widths, strict=True):
            end = paper.set_line(self._pieces(entry), x, x + wide)
            self._note(entry, end[2] if end else x, x + wide - mm(2))
            x += wide

    def _pieces(self, entry: Entry) -> list[Piece]:
        keys = (entry.key,) if entry.key else ()
        style = self.paper.style(bold=entry.bold, italic=entry.italic)
        label = f"{entry.label}: " if entry.label else ""
        return [
            Piece(text=label, style=self.paper.style()),
            Piece(text=entry.text, style=style, fields=keys),
        ]

    def _note(self, entry: Entry, end: float, right: float) -> None:
        if entry.key:
            self.values[entry.key] = entry.text if entry.truth is None else entry.truth
        if self.leaders and right - end > mm(6):
            self.dots(end + mm(1), right)

    def dots(self, x0: float, x1: float) -> None:
        """A dot leader on the current line; printed, yet no text anybody would copy."""
        style = self.paper.style(size=self.paper.body.size - 2)
        one = width_of(Piece(text="..........", style=style)) / 10
        text = "." * max(0, int((x1 - x0) / one))
        self.paper.sheet.write(x0, self.paper.y, Piece(text=text, style=style))

    def heading(self, text: str) -> None:
        piece = Piece(text=text, style=self.paper.style(bold=True))
        self.paper.paragraph([piece], align="left")
        self.paper.y += self.paper.line_height * self.gap

    def note(self, text: str, *, indent: float = 0.0, italic: bool = False) -> None:
        """Running text that is no field."""
        piece = Piece(text=text, style=self.paper.style(italic=italic))
        self.paper.paragraph([piece], indent=indent)
        self.paper.y += self.paper.line_height * self.gap

    def tick(self, label: str, choices: Sequence[str], chosen: int) -> None:
        """`label: ☐ Có  ☒ Không`; boxes are drawn, since few fonts have them."""
        paper = self.paper
        paper.y += paper.line_height
        side = paper.body.size * SCAN_DPI / 72 * 0.62
        x = float(paper.left)
        lead = Piece(text=f"{label}:", style=paper.style())
        paper.set_line([lead], x, paper.right)
        x += width_of(lead) + mm(5)
        for i, choice in enumerate(choices):
            box = (x, paper.y - side, x + side, paper.y)
            paper.sheet.frame(box, 4)
            if i == chosen:
                paper.sheet.pen.line((x + 6, paper.y - 6, x + side - 6, paper.y - side + 6), 0, 6)
                paper.sheet.pen.line((x + 6, paper.y - side + 6, x + side - 6, paper.y - 6), 0, 6)
            word = Piece(text=choice, style=paper.style())
            paper.set_line([word], x + side + mm(2), paper.right)
            x += side + width_of(word) + mm(12)
        paper.y += paper.line_height * self.gap
