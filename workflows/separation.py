# SPDX-License-Identifier: Apache-2.0
"""Tách hồ sơ: the pages of one scan, put in order and cut at separator sheets.

The order of the steps is in `scanner_drivers.sheets`; here are the two things only the server
knows: the key that proves a dossier slip, and which patch codes begin a new document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ocr.separators import PageMark, Slip
from scanner_drivers.sheets import Face, UnequalSides, collate_manual_duplex, split
from workflows.domain.station import JobPage
from workflows.errors import Conflict

_PLAIN = Slip(station="", dossier="")
"""A separator that parts documents and names no Dossier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The pages of one document; `dossier` is the code on the last slip that lay before it."""

    pages: tuple[JobPage, ...]
    dossier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """`patches`: the patch codes that begin a new document; `key`: of the dossier slips."""

    key: bytes = b""
    patches: frozenset[str] = field(default_factory=frozenset)

    def parts(self, pages: Sequence[JobPage], profile: Mapping[str, Any]) -> tuple[Part, ...]:
        """Documents in order. A stack of nothing but separators gives none.

        Raises `Conflict` when fronts and backs of a manual duplex do not pair.
        """
        faces = faces_of(pages, manual_duplex=bool(profile.get("manual_duplex")))
        found = split(faces, [self._separator(face.image) for face in faces])
        return tuple(self._named(found.parts))

    def _separator(self, page: JobPage) -> Slip | None:
        """What the separator says; None: a page. A forged slip is a page like any other."""
        mark = PageMark.of_flags(page.flags)
        if not mark.splits(self.patches, self.key):
            return None
        return (mark.slip(self.key) if mark.claims else None) or _PLAIN

    def _named(self, parts: Sequence[Any]) -> Iterator[Part]:
        """A slip counts to the next slip: separators without one part documents of its Dossier."""
        dossier = None
        for part in parts:
            named = [slip.dossier for slip in part.marks if slip.dossier]
            dossier = named[-1] if named else dossier
            yield Part(pages=tuple(face.image for face in part.faces), dossier=dossier)


def faces_of(pages: Sequence[JobPage], *, manual_duplex: bool) -> tuple[Face[JobPage], ...]:
    """Sides of sheets in the order of the paper; a page of an unknown sheet is one of its own.

    Raises `Conflict` when there are not as many backs as fronts: nothing is guessed.
    """
    if not manual_duplex:
        return tuple(Face(image=p, sheet=p.sheet or p.seq, side=p.side) for p in pages)
    fronts = [p for p in pages if p.side == "front"]
    backs = [p for p in pages if p.side == "back"]
    try:
        return collate_manual_duplex(fronts, backs)
    except UnequalSides as uneven:
        raise Conflict(str(uneven), message=uneven.message) from uneven
