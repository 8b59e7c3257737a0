# SPDX-License-Identifier: Apache-2.0
"""Tách hồ sơ: the pages of one scan, put in order, cut at separator sheets, counted.

The order of the steps is in `scanner_drivers.sheets`; here is what only the server knows: the key
that proves a dossier slip, what each patch code means, how many sheets were declared, and what a
person has said of a page. Where the paper leaves a question, nothing is decided: it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ocr.separators import PageMark, Slip
from scanner_drivers.sheets import (
    Echo,
    Face,
    UnequalSides,
    collate_manual_duplex,
    count_check,
    images_to_count,
    join_variants,
    split,
)
from scanner_drivers.sheets import Part as Cut
from workflows.domain.station import JobPage, ScanJob

DOCUMENT, REMOVE = "document", "remove"
"""What a patch code may mean: a new document begins; the sheet goes and nothing begins."""
DROPPED, KEPT, PARKED, RESTORED = "dropped", "kept", "parked", "restored"
"""What a person may say of a page; the first two answer a question, the others are of blanks."""
_PLAIN = Slip(station="", dossier="")
"""A separator that parts documents and names no Dossier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`seq`: the page it is about, 0: the whole scan. `text`: for the clerk."""

    text: str
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One document; `dossier` is the code on the last slip that lay before it."""

    faces: tuple[Face[JobPage], ...]
    dossier: str | None = None

    @property
    def pages(self) -> tuple[JobPage, ...]:
        return tuple(face.image for face in self.faces)

    @property
    def sheets(self) -> int:
        return len({face.sheet for face in self.faces})


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the stack comes apart; while there are `questions` it may not be completed."""

    parts: tuple[Part, ...]
    questions: tuple[Question, ...] = ()

    @property
    def message(self) -> str:
        return " ".join(question.text for question in self.questions)[:500]


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """`key`: of the dossier slips; `patches`: the codes that begin a document in this office."""

    key: bytes = b""
    patches: frozenset[str] = field(default_factory=frozenset)

    def lay_out(
        self, job: ScanJob, pages: Sequence[JobPage], patches: Mapping[str, str] | None = None
    ) -> Layout:
        """Documents in the order of the paper; a stack of nothing but separators gives none.

        `patches`: what the codes mean in this Batch; None: as in the office.
        """
        meaning = dict.fromkeys(self.patches, DOCUMENT) if patches is None else patches
        kept = [page for page in pages if DROPPED not in page.flags]
        try:
            faces = faces_of(kept, manual_duplex=bool(job.profile.get("manual_duplex")))
        except UnequalSides as uneven:
            return Layout(parts=(), questions=(Question(text=uneven.message),))
        faces = join_variants(faces, _notes(faces))
        faces = self._without_removed(faces, meaning)
        marks = [self._separator(job, face.image, meaning) for face in faces]
        cut = split(faces, marks, [is_parked(face.image) for face in faces])
        questions = [*self._of_pages(job, kept), *_of_count(job, cut.parts)]
        return Layout(parts=tuple(_named(cut.parts)), questions=tuple(questions))

    def _separator(self, job: ScanJob, page: JobPage, meaning: Mapping[str, str]) -> Slip | None:
        """What the separator says; None: a page. A slip that is none of ours is a page."""
        mark = PageMark.of_flags(page.flags)
        if mark.claims:
            return self._slip(job, mark)
        return _PLAIN if mark.splits(_meaning(meaning, DOCUMENT), self.key) else None

    def _slip(self, job: ScanJob, mark: PageMark) -> Slip | None:
        slip = mark.slip(self.key) if self.key else None
        return slip if slip is not None and slip.station in ("", job.station_id) else None

    def _without_removed(
        self, faces: Sequence[Face[JobPage]], meaning: Mapping[str, str]
    ) -> tuple[Face[JobPage], ...]:
        codes = _meaning(meaning, REMOVE)
        marks = ((face.sheet, PageMark.of_flags(face.image.flags)) for face in faces)
        gone = {n for n, mark in marks if not mark.claims and mark.splits(codes, self.key)}
        return tuple(face for face in faces if face.sheet not in gone)

    def _of_pages(self, job: ScanJob, pages: Sequence[JobPage]) -> Iterator[Question]:
        """What a person has to look at, page by page, until they said to keep it."""
        for page in pages:
            if KEPT in page.flags:
                continue
            text = _doubt(page)
            mark = PageMark.of_flags(page.flags)
            if mark.claims and self._slip(job, mark) is None:
                text = "có phiếu hồ sơ không dùng được ở trạm này."
            if text:
                yield Question(seq=page.seq, text=f"Trang {page.seq} {text}")


def faces_of(pages: Sequence[JobPage], *, manual_duplex: bool) -> tuple[Face[JobPage], ...]:
    """Sides of sheets in the order of the paper; a page of an unknown sheet is one of its own.

    Raises `UnequalSides` when there are not as many backs as fronts: nothing is guessed.
    """
    if not manual_duplex:
        return tuple(Face(image=p, sheet=p.sheet or p.seq, side=p.side) for p in pages)
    fronts = [p for p in pages if p.side == "front"]
    backs = [p for p in pages if p.side == "back"]
    return collate_manual_duplex(fronts, backs)


def _meaning(patches: Mapping[str, str], wanted: str) -> frozenset[str]:
    return frozenset(code for code, means in patches.items() if means == wanted)


def _named(parts: Sequence[Cut[JobPage, Slip]]) -> Iterator[Part]:
    """A slip counts to the next slip: separators without one part documents of its Dossier."""
    dossier = None
    for part in parts:
        named = [slip.dossier for slip in part.marks if slip.dossier]
        dossier = named[-1] if named else dossier
        yield Part(faces=part.faces, dossier=dossier)


def _notes(faces: Sequence[Face[JobPage]]) -> tuple[Echo, ...]:
    """Pages the station saw to be an earlier one but for a note stuck on it."""
    places = {face.image.seq: n for n, face in enumerate(faces)}
    found = ((n, _alike(face.image, "note")) for n, face in enumerate(faces))
    return tuple(Echo(at=n, of=places[of], how="note") for n, of in found if of in places)


def _alike(page: JobPage, how: str) -> int:
    """The number of the page that this one is like (`repeated:7`, `note:7`), or 0."""
    said = (flag.partition(":") for flag in page.flags)
    return next((int(of) for kind, _, of in said if kind == how and of.isdigit()), 0)


def _doubt(page: JobPage) -> str:
    if "double_feed" in page.flags:
        return "bị máy báo kéo đúp, có thể hai tờ dính nhau: giữ, hoặc dừng để quét lại."
    if of := _alike(page, "repeated"):
        return f"giống trang {of}: giữ hoặc bỏ."
    return ""


def is_parked(page: JobPage) -> bool:
    """Blank by the station's look or by a person's word; a person may also take it back."""
    return PARKED in page.flags or ("blank" in page.flags and RESTORED not in page.flags)


def _of_count(job: ScanJob, parts: Sequence[Cut[JobPage, Slip]]) -> Iterator[Question]:
    """Images must make up the declared sheets (TT 01/2023/TT-VPCP, Đ.8); separators are none."""
    profile = job.profile
    feeder = profile.get("duplex") and profile.get("source") != "flatbed"
    images = images_to_count([face for part in parts for face in part.faces])
    both = bool(profile.get("manual_duplex") or feeder)
    count = count_check(job.declared_sheets, images, both)
    if not count.agrees:
        yield Question(text=count.message)
