# SPDX-License-Identifier: Apache-2.0
"""Opening what came in: the one place where foreign bytes meet a parser, in a limited child.

The child (`python -m ocr.opening`) hands back pixels and bounded JSON; this side checks them
before it believes them. Exit code 0 proves nothing.
"""

from __future__ import annotations

import math
import pickle
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.opened import (
    CannotOpen,
    Opening,
    Trouble,
    load_page,
    page_files,
    page_numbers,
    read_opening,
)
from workflows.errors import (
    BadInput,
    DamagedDocument,
    EncryptedDocument,
    HostileDocument,
    NotADocument,
    TooLarge,
    Unavailable,
)
from workflows.ports.sandbox import Limits, Ran, Sandbox

if TYPE_CHECKING:  # numpy: the file is opened while the command line still loads it
    from ocr.page import PageImage

_BY_CODE: dict[str, type[BadInput]] = {
    e.code: e for e in (NotADocument, EncryptedDocument, DamagedDocument, TooLarge, HostileDocument)
}

PAGES_A_STEP = 4
"""Pages rendered by one child: no slot is held long, a killed worker repeats little."""
INSPECT_LIMITS = Limits(wall_s=30, cpu_s=20)
RENDER_LIMITS = Limits(wall_s=90, cpu_s=60)
_PILLOW = {"PILLOW_BLOCKS_MAX": "4"}
"""Blocks of 16 MB that a child keeps from page to page: fresh ones are zeroed by the kernel."""
ROOM = "sohoa-paper-"
"""Folders in `scratch` that hold papers are named so: what a killed process leaves is swept."""
_GLANCE_S, _LIVELY_S = 0.002, 0.5
"""Between two looks for a page, which takes 30 ms to draw; before a look whether anybody draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Pages that a child wrote into `folder`, not believed yet."""

    folder: Path
    numbers: tuple[int, ...]

    def page(self, number: int) -> PageImage:
        """Checked now. Raises `DamagedDocument` when it is not what it says of itself."""
        try:
            return load_page(self.folder, number)
        except CannotOpen as trouble:
            raise _BY_CODE.get(trouble.code, DamagedDocument)(trouble.detail) from trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """Pages that a child is still writing into `folder`, taken over one by one as they come.

    `end`: how the run ended, pickled (a `Ran`, or the error that let none begin), written by who
    watches the child and where the child cannot write. `drawer`: the process that does so.
    """

    folder: Path
    end: Path
    drawer: int
    patience_s: float

    def opening(self) -> Opening:
        """As soon as it is known. Raises the `BadInput` that names the trouble."""
        try:
            self._wait_for(self.folder / "opening.json")
            return read_opening(self.folder)
        except CannotOpen as trouble:
            raise self._named(trouble) from trouble

    def page(self, number: int) -> PageImage:
        """As soon as it is there; checked. Raises the `BadInput` that names the trouble."""
        try:
            if not self._wait_for(page_files(self.folder, number)[1]):
                page_numbers(self.folder)  # raises the child's own reason where it gave one
            return load_page(self.folder, number)
        except CannotOpen as trouble:
            raise self._named(trouble) from trouble

    def forget(self, number: int) -> None:
        """Give the room of its raster back: a page takes up to 12 MB."""
        with suppress(OSError):  # gone, or the child laid a folder there: all of it goes at the end
            page_files(self.folder, number)[0].unlink()

    def conclude(self, numbers: Sequence[int]) -> None:
        """Wait for the end. Raises unless the run ended well and says it drew these pages."""
        ran = self._ran()
        try:
            if page_numbers(self.folder) != list(numbers):
                raise CannotOpen(Trouble.DAMAGED, f"drew not {numbers}")
        except CannotOpen as trouble:
            raise self._named(trouble) from trouble
        if ran.killed:
            raise HostileDocument(f"killed by the {ran.killed} limit")

    def _named(self, trouble: CannotOpen) -> BadInput:
        ran = self._ran()
        if ran.killed:
            return HostileDocument(f"killed by the {ran.killed} limit")
        return _as_bad_input(trouble, ran)

    def _ran(self) -> Ran:
        if not self._wait_for(self.end):
            raise DamagedDocument("drawing was broken off")
        ended = pickle.loads(self.end.read_bytes())  # noqa: S301 - our own, see `end`
        if not isinstance(ended, Ran):
            raise ended
        return ended

    def _wait_for(self, file: Path) -> bool:
        """True when it is there, False when the run is over and it will not come."""
        began = time.monotonic()
        while not file.exists():
            if self.end.exists() or not self.folder.exists():
                return file.exists()
            time.sleep(_GLANCE_S)
            waited = time.monotonic() - began
            if waited > self.patience_s or (waited > _LIVELY_S and not _lives(self.drawer)):
                raise Unavailable(
                    f"{file.name}: nobody draws any more",
                    message="Tiến trình dựng trang đã dừng giữa chừng.",
                )
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """Looks into files and renders their pages. `scratch`: where the child may write."""

    sandbox: Sandbox
    scratch: Path
    inspect_limits: Limits = INSPECT_LIMITS
    render_limits: Limits = RENDER_LIMITS

    def inspect(self, untrusted: Path) -> Opening:
        """Kind, page count, sizes, signatures. Raises the `BadInput` that names the trouble."""
        untrusted = untrusted.resolve()
        with self._room() as out:
            ran = self._run(["inspect", str(untrusted), str(out)], untrusted, out, "inspect")
            if ran.killed:
                raise HostileDocument(f"inspect: killed by the {ran.killed} limit")
            try:
                return read_opening(out)
            except CannotOpen as trouble:
                raise _as_bad_input(trouble, ran) from trouble

    @contextmanager
    def opened(
        self, untrusted: Path, first: int, last: int, dpi: int
    ) -> Iterator[tuple[Opening, Rendered]]:
        """`inspect` and `rendered` in one child: half the time of both for a paper of a page."""
        with self._drawn("open", untrusted, first, last, dpi) as (out, ran):
            try:
                yield read_opening(out), Rendered(folder=out, numbers=tuple(page_numbers(out)))
            except CannotOpen as trouble:
                raise _as_bad_input(trouble, ran) from trouble

    def pages(self, untrusted: Path, first: int, last: int, dpi: int) -> Iterator[PageImage]:
        """Pages `first`..`last` rendered at `dpi`, one after the other."""
        with self.rendered(untrusted, first, last, dpi) as room:
            for number in room.numbers:
                yield room.page(number)

    @contextmanager
    def rendered(self, untrusted: Path, first: int, last: int, dpi: int) -> Iterator[Rendered]:
        """Pages `first`..`last` as files while the block lasts, for other processes to take over.

        Time and work are limited by the page, `PAGES_A_STEP` being the least that is counted.
        """
        with self._drawn("render", untrusted, first, last, dpi) as (out, ran):
            try:
                yield Rendered(folder=out, numbers=tuple(page_numbers(out)))
            except CannotOpen as trouble:
                raise _as_bad_input(trouble, ran) from trouble

    @contextmanager
    def _drawn(
        self, verb: str, untrusted: Path, first: int, last: int, dpi: int
    ) -> Iterator[tuple[Path, Ran]]:
        with self._room() as out:
            ran = self.draw(verb, untrusted, out, first, last, dpi)
            if ran.killed:
                raise HostileDocument(f"{verb}: killed by the {ran.killed} limit")
            yield out, ran

    def draw(self, verb: str, untrusted: Path, out: Path, first: int, last: int, dpi: int) -> Ran:
        """`render` or `open` into `out`, as `ocr.opening` describes them; nothing is looked at."""
        untrusted = untrusted.resolve()
        argv = [verb, str(untrusted), str(out), "--first", str(first)]
        argv += ["--last", str(last), "--dpi", str(dpi)]
        share = max(1, math.ceil((last - first + 1) / PAGES_A_STEP))
        return self._run(argv, untrusted, out, verb, share)

    @contextmanager
    def bound(self, untrusted: Sequence[Path]) -> Iterator[Path]:
        """Page images as one PDF, pixels untouched; the same images give the same bytes."""
        with self._room() as out:
            whole = out / "bound.pdf"
            ran = self.sandbox.run(
                [sys.executable, "-m", "ocr.binding", str(whole), *map(str, untrusted)],
                read=list(untrusted),
                out=out,
                limits=self.render_limits,
            )
            if ran.killed:
                raise HostileDocument(f"bind: killed by the {ran.killed} limit")
            if ran.returncode != 0 or not whole.is_file():
                raise NotADocument(ran.stderr[-400:].decode("utf-8", "replace"))
            yield whole

    def _run(self, argv: list[str], untrusted: Path, out: Path, verb: str, share: int = 1) -> Ran:
        limits = self.inspect_limits if verb == "inspect" else self.render_limits
        limits = replace(limits, wall_s=limits.wall_s * share, cpu_s=limits.cpu_s * share)
        return self.sandbox.run(
            [sys.executable, "-m", "ocr.opening", *argv],
            read=[untrusted],
            out=out,
            limits=limits,
            env=_PILLOW,
        )

    @contextmanager
    def _room(self) -> Iterator[Path]:
        self.scratch.mkdir(parents=True, exist_ok=True)
        room = self.scratch.resolve()
        with tempfile.TemporaryDirectory(prefix=ROOM, dir=room, ignore_cleanup_errors=True) as name:
            yield Path(name)


def _lives(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _as_bad_input(trouble: CannotOpen, ran: Ran) -> BadInput:
    kind = _BY_CODE.get(trouble.code, DamagedDocument)
    tail = ran.stderr[-400:].decode("utf-8", "replace")
    return kind(f"{trouble.detail} (rc {ran.returncode}) {tail}".strip())
