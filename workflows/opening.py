# SPDX-License-Identifier: Apache-2.0
"""Opening what came in: the one place where foreign bytes meet a parser, in a limited child.

The child (`python -m ocr.opening`) hands back pixels and bounded JSON; this side checks them
before it believes them. Exit code 0 proves nothing.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.opened import CannotOpen, Opening, load_page, page_numbers, read_opening
from workflows.errors import (
    BadInput,
    DamagedDocument,
    EncryptedDocument,
    HostileDocument,
    NotADocument,
    TooLarge,
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
        untrusted = untrusted.resolve()
        with self._room() as out:
            argv = [verb, str(untrusted), str(out), "--first", str(first)]
            argv += ["--last", str(last), "--dpi", str(dpi)]
            share = max(1, math.ceil((last - first + 1) / PAGES_A_STEP))
            yield out, self._run(argv, untrusted, out, verb, share)

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
        ran = self.sandbox.run(
            [sys.executable, "-m", "ocr.opening", *argv],
            read=[untrusted],
            out=out,
            limits=limits,
        )
        if ran.killed:
            raise HostileDocument(f"{verb}: killed by the {ran.killed} limit")
        return ran

    @contextmanager
    def _room(self) -> Iterator[Path]:
        self.scratch.mkdir(parents=True, exist_ok=True)
        room = self.scratch.resolve()
        with tempfile.TemporaryDirectory(dir=room, ignore_cleanup_errors=True) as name:
            yield Path(name)


def _as_bad_input(trouble: CannotOpen, ran: Ran) -> BadInput:
    kind = _BY_CODE.get(trouble.code, DamagedDocument)
    tail = ran.stderr[-400:].decode("utf-8", "replace")
    return kind(f"{trouble.detail} (rc {ran.returncode}) {tail}".strip())
