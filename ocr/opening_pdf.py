# SPDX-License-Identifier: Apache-2.0
"""PDF inside the sandbox: structure with pikepdf, pixels with poppler (pdf2image).

Two parsers must agree on the page count, and every raster must have the size that the page tree
declares. Poppler reports success on pages it could not draw (measured: rc 0 and a 1x1 image).
"""

from __future__ import annotations

import mmap
import re
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pikepdf

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
from ocr.opening_layer import layer_words
from ocr.opening_page import inherited, page_size, user_unit
from ocr.opening_scan import scan_of

_MAX_FIELDS = 20_000
_MAX_XOBJECTS = 50_000
_DRAW_TIMEOUT_S = 45
"""Under the limits of the sandbox, so that the trouble can still be told."""
_Plan = tuple[int, PageSize, float, float]
"""Page, size, dpi of the raster, dpi for poppler, which does not know UserUnit."""


def inspect_pdf(untrusted: Path) -> Opening:
    """Structure only; no page is drawn. Raises `CannotOpen`."""
    with open_pdf(untrusted) as pdf:
        sizes = tuple(page_size(page.obj) for page in pdf.pages)
        for number, size in enumerate(sizes, 1):
            if size.dpi_under_cap(1e9) is None:
                raise CannotOpen(Trouble.TOO_LARGE, f"page {number}: {size}")
        _check_images(pdf)
        opening = Opening(
            kind="pdf",
            pages=sizes,
            signatures=_count_signatures(pdf) or _lost_signatures(pdf, untrusted),
            encrypted=pdf.is_encrypted,
            actions=_has_actions(pdf),
        )
    _check_page_count(untrusted, opening.page_count)
    return opening


@contextmanager
def open_pdf(untrusted: Path) -> Iterator[pikepdf.Pdf]:
    """Open with an empty password: an owner password alone forbids nothing to a reader."""
    try:
        pdf = pikepdf.open(untrusted, password="")
    except pikepdf.PasswordError as trouble:
        raise CannotOpen(Trouble.ENCRYPTED, str(trouble)) from trouble
    except pikepdf.PdfError as trouble:
        locked = "encryption" in str(trouble).lower()
        code = Trouble.ENCRYPTED if locked else Trouble.DAMAGED
        raise CannotOpen(code, str(trouble)) from trouble
    with pdf:
        if not 0 < (count := len(pdf.pages)) <= MAX_PAGES:
            code = Trouble.TOO_LARGE if count else Trouble.DAMAGED
            raise CannotOpen(code, f"{count} pages")
        yield pdf


def _check_page_count(untrusted: Path, counted: int) -> None:
    from pdf2image import pdfinfo_from_path
    from pdf2image.exceptions import PDFPageCountError

    try:
        found = pdfinfo_from_path(str(untrusted))["Pages"]
    except (PDFPageCountError, ValueError, KeyError) as trouble:
        # qpdf takes some keys that poppler wants the password for
        locked = "Incorrect password" in str(trouble)
        code = Trouble.ENCRYPTED if locked else Trouble.DAMAGED
        raise CannotOpen(code, str(trouble)[:400]) from trouble
    if found != counted:
        raise CannotOpen(Trouble.DAMAGED, f"{counted} pages by qpdf, {found} by poppler")


def _check_images(pdf: pikepdf.Pdf) -> None:
    """Refuse images that declare more pixels than the cap, before anything decodes them."""
    seen: set[tuple[int, int]] = set()
    for number, page in enumerate(pdf.pages, 1):
        waiting = [inherited(page.obj, "/Resources")]
        while waiting:
            for item in _xobjects(waiting.pop()):
                if item.objgen in seen:
                    continue
                seen.add(item.objgen)
                if len(seen) > _MAX_XOBJECTS:
                    raise CannotOpen(Trouble.HOSTILE, "too many images and forms")
                if item.get("/Subtype") == "/Image":
                    _check_image(item, number)
                elif (inner := item.get("/Resources")) is not None:
                    waiting.append(inner)


def _xobjects(resources: Any) -> list[Any]:
    items = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
    if not isinstance(items, pikepdf.Dictionary):
        return []
    return [item for _, item in items.items() if isinstance(item, pikepdf.Stream)]


def _check_image(image: Any, number: int) -> None:
    try:
        pixels = int(image.get("/Width", 0)) * int(image.get("/Height", 0))
    except (TypeError, ValueError):
        return  # no size: poppler skips it too
    if pixels > MAX_PIXELS:
        raise CannotOpen(Trouble.TOO_LARGE, f"page {number}: an image of {pixels} pixels")


def _count_signatures(pdf: pikepdf.Pdf) -> int:
    """Fields of type Sig, inherited type included, whose value covers bytes of the file."""
    form = pdf.Root.get("/AcroForm")
    fields = form.get("/Fields") if isinstance(form, pikepdf.Dictionary) else None
    waiting: list[tuple[Any, bool]] = [(f, False) for f in fields or ()]
    seen: set[tuple[int, int]] = set()
    count = 0
    while waiting and len(seen) < _MAX_FIELDS:
        field, inherited = waiting.pop()
        if not isinstance(field, pikepdf.Dictionary) or field.objgen in seen:
            continue
        if field.is_indirect:
            seen.add(field.objgen)
        is_signature = inherited or field.get("/FT") == "/Sig"
        value = field.get("/V")
        if is_signature and isinstance(value, pikepdf.Dictionary) and "/ByteRange" in value:
            count += 1
        kids = field.get("/Kids")
        if isinstance(kids, pikepdf.Array):
            waiting += [(kid, is_signature) for kid in kids]
    return count


def _lost_signatures(pdf: pikepdf.Pdf, untrusted: Path) -> int:
    """Signatures no field points at any more (26/2023/QH15: a later edit dropped the form).

    Such a paper came signed too: its bytes are kept as they are, and the check says what is lost.
    """
    with untrusted.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        if raw.find(b"/ByteRange") < 0:
            return 0
    found = 0
    try:
        for one in islice(pdf.objects, _MAX_FIELDS):
            if isinstance(one, pikepdf.Dictionary) and "/ByteRange" in one and "/Contents" in one:
                found += 1
    except pikepdf.PdfError:  # an object nobody needs is broken: what was found counts
        pass
    return found


def _has_actions(pdf: pikepdf.Pdf) -> bool:
    """JavaScript, launch or open actions. Reported, never run: poppler runs none."""
    root = pdf.Root
    names = root.get("/Names")
    if "/OpenAction" in root and isinstance(root.get("/OpenAction"), pikepdf.Dictionary):
        return True
    if "/AA" in root or (isinstance(names, pikepdf.Dictionary) and "/JavaScript" in names):
        return True
    return any("/AA" in page.obj or _annotations_act(page.obj) for page in pdf.pages)


def _annotations_act(page: Any) -> bool:
    annotations = page.get("/Annots")
    if not isinstance(annotations, pikepdf.Array):
        return False
    for one in annotations:
        if not isinstance(one, pikepdf.Dictionary):
            continue
        action = one.get("/A")
        named = action.get("/S") if isinstance(action, pikepdf.Dictionary) else None
        if "/AA" in one or named in ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData"):
            return True
    return False


def render_pdf(untrusted: Path, out: Path, first: int, last: int, dpi: float) -> list[int]:
    """Write pages `first`..`last`, signature appearances included; returns their numbers."""
    with open_pdf(untrusted) as pdf:
        numbers = list(range(max(1, first), min(last, len(pdf.pages)) + 1))
        if not numbers:
            raise CannotOpen(Trouble.DAMAGED, f"no page {first} of {len(pdf.pages)}")
        plans = [_plan(pdf, number, dpi) for number in numbers]
        words = layer_words(pdf, numbers, out)
        waiting: list[_Plan] = []
        for plan in plans:
            number, size, *_ = plan
            decoded = _decode(pdf, plan, out)
            if decoded is None:
                waiting.append(plan)
                continue
            # in the order of the pages: somebody waits for the first of them
            _draw_all(untrusted, out, waiting, words)
            waiting = []
            describe_page(out, number, size, decoded, words.get(number))
    _draw_all(untrusted, out, waiting, words)
    return numbers


def _draw_all(
    untrusted: Path, out: Path, waiting: list[_Plan], words: Mapping[int, list[Any]]
) -> None:
    """Neighbours, drawn in one go where their resolution is the same."""
    for poppler_dpi, group in groupby(waiting, key=lambda plan: plan[3]):
        run = list(group)
        _draw(untrusted, out, run[0][0], run[-1][0], poppler_dpi)
        for number, size, page_dpi, _ in run:
            describe_page(out, number, size, page_dpi, words.get(number))


def _decode(pdf: pikepdf.Pdf, plan: _Plan, out: Path) -> float | None:
    """Write a page that is one scan and nothing else; its resolution, or None: to be drawn."""
    number, size, dpi, _ = plan
    scan = scan_of(pdf.pages[number - 1].obj, size, dpi)
    if scan is None:
        return None
    scan.image.save(page_files(out, number)[0], format="PPM")
    return scan.dpi


def _plan(pdf: pikepdf.Pdf, number: int, dpi: float) -> _Plan:
    page = pdf.pages[number - 1].obj
    size = page_size(page)
    used = size.dpi_under_cap(dpi)
    if used is None:
        raise CannotOpen(Trouble.TOO_LARGE, f"page {number}: {size} at {dpi} dpi")
    return number, size, used, used * user_unit(page)


def _draw(untrusted: Path, out: Path, first: int, last: int, dpi: float) -> None:
    # only where a page has to be drawn: a child that decodes scans starts a tenth sooner
    from pdf2image import convert_from_path
    from pdf2image.exceptions import PDFPageCountError, PDFPopplerTimeoutError, PDFSyntaxError

    complaint = ""
    try:
        convert_from_path(
            untrusted,
            dpi=dpi,  # type: ignore[arg-type]
            output_folder=out,
            output_file="raw",
            first_page=first,
            last_page=last,
            use_cropbox=True,
            strict=True,
            paths_only=True,
            timeout=_DRAW_TIMEOUT_S,
        )
    except PDFPopplerTimeoutError as trouble:
        raise CannotOpen(Trouble.HOSTILE, f"drawing page {first} does not end") from trouble
    except PDFSyntaxError as trouble:
        complaint = str(trouble)[:400]  # the pages are written; they are looked at below
    except PDFPageCountError as trouble:
        raise CannotOpen(Trouble.DAMAGED, str(trouble)[:400]) from trouble
    drawn = {int(p.stem.rsplit("-", 1)[1]): p for p in out.glob("raw*.ppm")}
    for number in range(first, last + 1):
        if number not in drawn:
            raise CannotOpen(_why_missing(), f"page {number} was not drawn. {complaint}")
        raster = drawn[number].rename(page_files(out, number)[0])
        if complaint and _is_uniform(raster):
            raise CannotOpen(Trouble.DAMAGED, f"page {number} came out empty. {complaint}")


def _why_missing() -> Trouble:
    """Poppler was ended by the CPU limit (the file's doing), or it gave up (damage)."""
    soft, _ = resource.getrlimit(resource.RLIMIT_CPU)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    over = soft != resource.RLIM_INFINITY and spent.ru_utime + spent.ru_stime >= soft - 1
    return Trouble.HOSTILE if over else Trouble.DAMAGED


def _is_uniform(raster: Path) -> bool:
    content = raster.read_bytes()
    pixels = content[re.match(rb"P6\s+\d+\s+\d+\s+255\s", content).end() :]  # type: ignore[union-attr]
    return pixels.count(pixels[:1]) == len(pixels)
