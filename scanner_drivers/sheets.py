# SPDX-License-Identifier: Apache-2.0
"""From images to sheets to documents, in the one order that works.

Both sides of a sheet together, then the separators out, then blank pages parked, then the cut.
Parking before collation would break the pairs of front and back; parking before the separators
would keep the backs of separators as blank pages. Nothing is thrown away: the number of images
is the number of pages (TT 01/2023/TT-VPCP, Đ.8), so blank pages are parked and can come back.

Pure: what an image shows (mark, blank, likeness) was found elsewhere; an image is anything at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Generic, Literal, TypeVar

P = TypeVar("P")
M = TypeVar("M")
Likeness = Literal["", "repeated", "note"]
NEAR_SHEETS = 2
"""After a jam people lay back one sheet too many, seldom more than two."""


class UnequalSides(ValueError):
    """Fronts and backs do not pair: nothing is guessed, the clerk is asked."""

    def __init__(self, fronts: int, backs: int) -> None:
        super().__init__(f"{fronts} fronts and {backs} backs")
        self.fronts, self.backs = fronts, backs

    @property
    def message(self) -> str:
        return (
            f"Có {self.fronts} mặt trước nhưng {self.backs} mặt sau. "
            "Kiểm tra tờ kéo đúp hoặc bỏ sót rồi quét lại mặt sau."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Face(Generic[P]):
    """One side of a sheet: `sheet` counts from 1, `side` is front | back.

    `parked`: blank, hidden until somebody wants it back ("Trang trắng"). `variant`: 0, or how
    many images of this very side came before (a page scanned with and without the note on it).
    """

    image: P
    sheet: int
    side: str = "front"
    parked: bool = False
    variant: int = 0


def place(images: Sequence[P], *, duplex: bool) -> tuple[Face[P], ...]:
    """Images as a feeder gives them: front, back, front … or fronts alone.

    An odd number of images leaves the last sheet without a back; `count_check` tells.
    """
    if not duplex:
        return tuple(Face(image=image, sheet=n) for n, image in enumerate(images, 1))
    return tuple(
        Face(image=image, sheet=n // 2 + 1, side=("front", "back")[n % 2])
        for n, image in enumerate(images)
    )


def collate_manual_duplex(fronts: Sequence[P], backs: Sequence[P]) -> tuple[Face[P], ...]:
    """f1, b1, f2, b2 … from the fronts and then the turned stack, whose backs come last first.

    Raises `UnequalSides` when there are not as many backs as fronts.
    """
    if len(fronts) != len(backs):
        raise UnequalSides(len(fronts), len(backs))
    both = zip(fronts, reversed(backs), strict=True)
    return place([image for pair in both for image in pair], duplex=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[P, M]):
    """The faces of one document, and what the separators just before it said, in order.

    Several marks mean that separators lay on one another: the last lay next to the pages.
    """

    faces: tuple[Face[P], ...]
    marks: tuple[M, ...] = ()

    @property
    def only_blank(self) -> bool:
        return all(face.parked for face in self.faces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split(Generic[P, M]):
    """`separators`: faces taken out, with their backs. `unused`: marks no page came after."""

    parts: tuple[Part[P, M], ...]
    separators: tuple[Face[P], ...] = ()
    unused: tuple[M, ...] = ()


def split(
    faces: Sequence[Face[P]], marks: Sequence[M | None], blank: Sequence[bool] = ()
) -> Split[P, M]:
    """Cut the stack at its separator sheets, then park what is blank.

    `marks`: one for each face, None where it does not split. A sheet with a mark on either side is
    a separator and goes with its other side; fed face down it works too. `blank`: one for each
    face, or nothing. Raises ValueError when the lengths differ.
    """
    if len(marks) != len(faces) or len(blank) not in (0, len(faces)):
        raise ValueError(f"{len(faces)} faces, {len(marks)} marks, {len(blank)} blank")
    parts: list[Part[P, M]] = []
    taken: list[Face[P]] = []
    said: list[M] = []
    current: list[Face[P]] = []
    for sheet in _sheets(faces):
        found = [mark for n in sheet if (mark := marks[n]) is not None]
        if found:
            parts += _closed(current, said)
            said = [*([] if current else said), *found]
            current = []
            taken += (faces[n] for n in sheet)
        else:
            current += (replace(faces[n], parked=bool(blank and blank[n])) for n in sheet)
    parts += _closed(current, said)
    return Split(parts=tuple(parts), separators=tuple(taken), unused=() if current else tuple(said))


def _closed(faces: Sequence[Face[P]], marks: Sequence[M]) -> list[Part[P, M]]:
    return [Part(faces=tuple(faces), marks=tuple(marks))] if faces else []


def _sheets(faces: Sequence[Face[P]]) -> Iterator[list[int]]:
    """Positions of the faces, sheet by sheet."""
    for _, group in groupby(range(len(faces)), key=lambda n: faces[n].sheet):
        yield list(group)


def restore(face: Face[P]) -> Face[P]:
    """A parked page comes back ("Khôi phục")."""
    return replace(face, parked=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """Face number `at` looks like the earlier `of`: `repeated`, or the same but for a `note`."""

    at: int
    of: int
    how: Likeness


def find_echoes(
    faces: Sequence[Face[P]],
    likeness: Callable[[P, P], Likeness],
    *,
    near: int = NEAR_SHEETS,
) -> tuple[Echo, ...]:
    """Faces like one of the same side of the last `near` sheets; flagged, the clerk decides.

    Only neighbours are compared: two alike forms further apart are no mistake of the feeder.
    """
    found = []
    for at, face in enumerate(faces):
        for of in range(at - 1, -1, -1):
            if face.sheet - faces[of].sheet > near:
                break
            if faces[of].side != face.side or faces[of].sheet == face.sheet:
                continue
            how = likeness(faces[of].image, face.image)
            if how:
                found.append(Echo(at=at, of=of, how=how))
                break
    return tuple(found)


def join_variants(faces: Sequence[Face[P]], echoes: Sequence[Echo]) -> tuple[Face[P], ...]:
    """A page scanned with and without its note is one sheet with two images; both are kept.

    The whole later sheet goes to the earlier one, its other side too. Repeated pages stay as they
    are: whether to drop one is for a person to say. Numbers of sheets may then have gaps.
    """
    joined = list(faces)
    for echo in (e for e in echoes if e.how == "note"):
        late, early = faces[echo.at].sheet, joined[echo.of]
        for n, face in enumerate(faces):
            if face.sheet == late:
                variant = 1 + (early.variant if n > echo.of else 0)
                joined[n] = replace(joined[n], sheet=early.sheet, variant=variant)
    return tuple(joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetCount:
    """Declared against counted; `declared` None: nobody counted, so nothing can be said."""

    declared: int | None
    images: int
    expected: int | None

    @property
    def agrees(self) -> bool:
        return self.expected is None or self.expected == self.images

    @property
    def message(self) -> str:
        """For the clerk; "" when the numbers agree. A difference blocks completion."""
        if self.agrees or self.expected is None:
            return ""
        gap = self.images - self.expected
        told = f"thừa {gap}" if gap > 0 else f"thiếu {-gap}"
        return (
            f"Khai {self.declared} tờ, cần {self.expected} ảnh, đã quét {self.images}: {told} ảnh."
        )


def count_check(declared_sheets: int | None, images: int, duplex: bool) -> SheetCount:
    """Do the images make up the declared sheets? Separators and second variants are not counted in.

    Raises ValueError for a negative number.
    """
    if images < 0 or (declared_sheets or 0) < 0:
        raise ValueError(f"{declared_sheets} sheets, {images} images")
    expected = None if declared_sheets is None else declared_sheets * (2 if duplex else 1)
    return SheetCount(declared=declared_sheets, images=images, expected=expected)


def images_to_count(faces: Sequence[Face[P]]) -> int:
    """Images for `count_check`: parked ones too, for they are sides of paper; variants once."""
    return sum(face.variant == 0 for face in faces)
