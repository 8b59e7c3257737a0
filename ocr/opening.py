# SPDX-License-Identifier: Apache-2.0
"""Opening a file: the only place that parses PDF, PNG, JPEG or TIFF bytes, inside the sandbox.

The child: `python -m ocr.opening inspect FILE OUT` writes OUT/opening.json, `... render FILE OUT
--first N --last M --dpi D` writes OUT/page-N.ppm and OUT/render.json. The parent believes neither:
`read_opening` and `load_pages` check sizes, types and bounds before anything is handed on.
"""

from __future__ import annotations

import argparse
import html
import json
import math
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the child starts in a third of the time without them
    import pikepdf
    from PIL import Image

    from ocr.page import PageImage

MAX_PIXELS = 120_000_000
"""Per page, for every decoder: 600 dpi A3 is about 70 million."""
MAX_PAGES = 5000
MAX_BYTES = 512 << 20
MAX_WORDS = 20_000
RENDER_DPI = 200
LOWEST_DPI = 72
PAGE_TIMEOUT_S = 40  # under the CPU limit of the sandbox, so that the trouble can still be named

NOT_A_DOCUMENT = "khong_phai_tai_lieu"
ENCRYPTED = "tai_lieu_co_mat_khau"
DAMAGED = "tai_lieu_hong"
TOO_LARGE = "tai_lieu_qua_lon"
HOSTILE = "tai_lieu_khong_an_toan"
CODES = frozenset({NOT_A_DOCUMENT, ENCRYPTED, DAMAGED, TOO_LARGE, HOSTILE})

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
)
_WORD = re.compile(
    r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>'
)


class CannotOpen(Exception):
    """The file cannot be opened; `code` is one of `CODES`, `detail` is for the log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a file is. `kind`: pdf, png, jpeg or tiff; `sizes`: points as shown, page by page."""

    kind: str
    page_count: int
    signed: bool = False
    sizes: tuple[tuple[float, float], ...] = ()


# --- the parent's side ---------------------------------------------------------------------------
def read_opening(out: Path) -> Opening:
    """What `inspect` found. Raises `CannotOpen`, also for an answer that cannot be right."""
    row = _answer(out / "opening.json", 4 << 20)
    try:
        kind, count, signed = row["kind"], row["page_count"], row["signed"]
        sizes = tuple((float(w), float(h)) for w, h in row["sizes"])
    except (KeyError, TypeError, ValueError) as problem:
        raise CannotOpen(DAMAGED, f"unusable answer: {problem!r}") from problem
    known = kind in ("pdf", "png", "jpeg", "tiff") and type(signed) is bool
    if not known or type(count) is not int or not 0 < count <= MAX_PAGES or len(sizes) != count:
        raise CannotOpen(DAMAGED, "unusable answer")
    return Opening(kind=kind, page_count=count, signed=signed, sizes=sizes)


def load_pages(out: Path) -> Iterator[PageImage]:
    """Pages that `render` made, one in memory at a time. Raises `CannotOpen`."""
    rows = _answer(out / "render.json", 64 << 20).get("pages")
    if not isinstance(rows, list) or not 0 < len(rows) <= MAX_PAGES:
        raise CannotOpen(DAMAGED, "no pages")
    for row in rows:
        try:
            yield _page(out, row)
        except (KeyError, TypeError, ValueError, OSError) as problem:
            raise CannotOpen(DAMAGED, f"unusable page: {problem!r}") from problem


def _page(out: Path, row: dict[str, Any]) -> PageImage:
    import numpy as np

    from ocr.page import Box, PageImage, Word

    number, width, height, dpi = row["number"], row["width"], row["height"], float(row["dpi"])
    if any(type(v) is not int or v < 1 for v in (number, width, height)):
        raise ValueError("sizes are positive integers")
    if width * height > MAX_PIXELS or number > MAX_PAGES or not 1 <= dpi <= 5000:
        raise ValueError(f"page {number}: {width}x{height} at {dpi}")
    head = f"P6\n{width} {height}\n255\n".encode()
    with _plain_file(out / f"page-{number}.ppm", len(head) + 3 * width * height, exact=True) as f:
        if f.read(len(head)) != head:
            raise ValueError("header and answer disagree")
        pixels = np.fromfile(f, dtype=np.uint8, count=3 * width * height)
    words = []
    for text, *corners in row["words"][:MAX_WORDS]:
        x0, y0, x1, y1 = (min(1.0, max(0.0, float(v))) for v in corners)
        if isinstance(text, str) and x1 > x0 and y1 > y0:
            words.append(Word(text=text[:200], box=Box(x0, y0, x1, y1), confidence=1.0))
    return PageImage(
        number=number, pixels=pixels.reshape(height, width, 3), dpi=dpi, layer=tuple(words)
    )


def _answer(path: Path, most: int) -> dict[str, Any]:
    try:
        with _plain_file(path, most) as file:
            row = json.loads(file.read(most + 1))
    except (OSError, ValueError, RecursionError) as problem:
        raise CannotOpen(DAMAGED, f"no answer: {problem}") from problem
    if not isinstance(row, dict):
        raise CannotOpen(DAMAGED, "unusable answer")
    if "error" in row:
        error = row["error"] if isinstance(row["error"], dict) else {}
        code = error.get("code")
        raise CannotOpen(code if code in CODES else DAMAGED, str(error.get("detail"))[:400])
    return row


def _plain_file(path: Path, size: int, *, exact: bool = False) -> Any:
    """Open what the child wrote: no link it may have laid to a file of ours, no pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    state = os.fstat(descriptor)
    wrong = state.st_size != size if exact else state.st_size > size
    if not stat.S_ISREG(state.st_mode) or wrong:
        os.close(descriptor)
        raise ValueError(f"{path.name} is no plain file of the right size")
    return os.fdopen(descriptor, "rb")


# --- the child's side: any file ------------------------------------------------------------------
def kind_of(path: Path) -> str:
    """`pdf`, `png`, `jpeg` or `tiff` by its bytes; a name proves nothing."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise CannotOpen(TOO_LARGE, f"{size} bytes")
    with path.open("rb") as file:
        head = file.read(1024)
        file.seek(max(0, size - 4096))
        tail = file.read()
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if b"%PDF-" not in head:
        raise CannotOpen(NOT_A_DOCUMENT, f"{size} bytes, begins {head[:12]!r}")
    if b"%%EOF" not in tail:
        raise CannotOpen(DAMAGED, "no %%EOF: cut off")
    return "pdf"


def inspect(path: Path) -> dict[str, Any]:
    kind = kind_of(path)
    if kind == "pdf":
        with _open_pdf(path) as pdf:
            sizes = [_shown_size(page) for page in pdf.pages]
            signed = _is_signed(pdf)
        _second_opinion(path, len(sizes))
    else:
        signed = False
        sizes = [
            (frame.width * 72 / x, frame.height * 72 / y) for frame, x, y in _frames(path, kind)
        ]
    return {"kind": kind, "page_count": len(sizes), "signed": signed, "sizes": sizes}


def render(path: Path, out: Path, first: int, last: int, dpi: int) -> dict[str, Any]:
    kind = kind_of(path)
    pages = (_render_pdf if kind == "pdf" else _render_image)(path, out, first, last, dpi)
    if not pages:
        raise CannotOpen(DAMAGED, f"no page {first}")
    return {"pages": pages}


# --- PDF -----------------------------------------------------------------------------------------
def _open_pdf(path: Path) -> pikepdf.Pdf:
    import pikepdf

    try:
        pdf = pikepdf.open(path)  # an owner's password alone keeps nobody from reading
    except pikepdf.PasswordError as problem:
        raise CannotOpen(ENCRYPTED, str(problem)) from problem
    count = len(pdf.pages)
    if count == 0:
        raise CannotOpen(DAMAGED, "no pages")
    if count > MAX_PAGES:
        raise CannotOpen(TOO_LARGE, f"{count} pages")
    return pdf


def _shown_size(page: pikepdf.Page) -> tuple[float, float]:
    """Points as shown: CropBox within MediaBox, turned by /Rotate, times UserUnit."""
    media, crop = _rectangle(page.mediabox), _rectangle(page.cropbox)
    x0, y0 = max(media[0], crop[0]), max(media[1], crop[1])
    x1, y1 = min(media[2], crop[2]), min(media[3], crop[3])
    if x1 <= x0 or y1 <= y0:
        x0, y0, x1, y1 = media
    unit = float(page.obj.get("/UserUnit", 1))
    width, height = (x1 - x0) * unit, (y1 - y0) * unit
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise CannotOpen(DAMAGED, f"a page of {width} x {height} points")
    return (height, width) if _rotation(page) in (90, 270) else (width, height)


def _rectangle(box: Any) -> tuple[float, float, float, float]:
    a, b, c, d = (float(v) for v in box)
    return min(a, c), min(b, d), max(a, c), max(b, d)


def _rotation(page: pikepdf.Page) -> int:
    node: Any = page.obj
    for _ in range(50):  # inherited; a parent may point back at its child
        if "/Rotate" in node:
            return int(node["/Rotate"]) % 360
        if "/Parent" not in node:
            break
        node = node["/Parent"]
    return 0


def _is_signed(pdf: pikepdf.Pdf) -> bool:
    form = pdf.Root.get("/AcroForm")
    if form is None:
        return False
    waiting, seen = [form], 0
    while waiting and seen < 20_000:
        node, seen = waiting.pop(), seen + 1
        try:
            value = node.get("/V")
            if value is not None and hasattr(value, "keys") and "/ByteRange" in value:
                return True
            for key in ("/Fields", "/Kids"):
                children = node.get(key)
                waiting.extend(children if children is not None else ())
        except (TypeError, ValueError, AttributeError):
            continue
    return False


def _second_opinion(path: Path, count: int) -> None:
    """Two parsers must count the same pages (a file may show each another document)."""
    from pdf2image import exceptions, pdfinfo_from_path

    try:
        told = pdfinfo_from_path(path, timeout=PAGE_TIMEOUT_S).get("Pages")
    except exceptions.PDFPopplerTimeoutError as problem:
        raise CannotOpen(HOSTILE, "pdfinfo does not end") from problem
    except (exceptions.PDFPageCountError, ValueError) as problem:
        raise CannotOpen(DAMAGED, f"pdfinfo: {str(problem)[-200:]}") from problem
    if told != count:
        raise CannotOpen(DAMAGED, f"{count} pages for one parser, {told} for the other")


def _render_pdf(path: Path, out: Path, first: int, last: int, dpi: int) -> list[dict[str, Any]]:
    with _open_pdf(path) as pdf:
        last = min(last, len(pdf.pages))
        shown = {n: _shown_size(pdf.pages[n - 1]) for n in range(first, last + 1)}
        units = {n: float(pdf.pages[n - 1].obj.get("/UserUnit", 1)) for n in shown}
        layers = _text_layers(pdf, out, first, last)
    pages = []
    for number, (width, height) in shown.items():
        at = _affordable_dpi(width, height, dpi)
        size = (max(1, round(width * at / 72)), max(1, round(height * at / 72)))
        _rasterise(path, out, number, size)
        pages.append(
            {
                "number": number,
                "width": size[0],
                "height": size[1],
                "dpi": at,
                "words": _fractions(
                    layers.get(number, ""), width / units[number], height / units[number]
                ),
            }
        )
    return pages


def _affordable_dpi(width: float, height: float, dpi: int) -> float:
    """`dpi`, less where the raster would pass the cap. `width`, `height` in points."""
    most = 72 * math.sqrt(0.99 * MAX_PIXELS / (width * height))
    if most >= dpi:
        return float(dpi)
    if most < min(LOWEST_DPI, dpi):
        raise CannotOpen(TOO_LARGE, f"a page of {width:.0f} x {height:.0f} points")
    return math.floor(most)


def _rasterise(path: Path, out: Path, number: int, size: tuple[int, int]) -> None:
    """One page to OUT/page-N.ppm at exactly `size` pixels, as shown, appearances included."""
    from pdf2image import convert_from_path, exceptions

    try:
        made = convert_from_path(
            path,
            size=size,
            first_page=number,
            last_page=number,
            fmt="ppm",
            output_folder=out,
            output_file=f"raw-{number}",
            paths_only=True,
            use_cropbox=True,
            timeout=PAGE_TIMEOUT_S,
        )
    except exceptions.PDFPopplerTimeoutError as problem:
        raise CannotOpen(HOSTILE, f"page {number} does not end") from problem
    except (exceptions.PDFPageCountError, exceptions.PDFSyntaxError) as problem:
        raise CannotOpen(DAMAGED, str(problem)[-200:]) from problem
    if len(made) != 1:
        raise CannotOpen(DAMAGED, f"page {number} cannot be drawn")
    # exit code 0 proves nothing: pdftoppm draws 1x1 pixels of a page it finds too large
    head = b"P6\n%d %d\n255\n" % size
    drawn = Path(str(made[0]))
    with drawn.open("rb") as file:
        if (
            file.read(len(head)) != head
            or drawn.stat().st_size != len(head) + 3 * size[0] * size[1]
        ):
            raise CannotOpen(DAMAGED, f"page {number} was not drawn at {size}")
    drawn.rename(out / f"page-{number}.ppm")


def _text_layers(pdf: pikepdf.Pdf, out: Path, first: int, last: int) -> dict[int, str]:
    """`pdftotext -bbox` page by page, without annotations: stamps of signing programs lie.

    Nobody needs the layer: whatever goes wrong here, the page is read from its pixels.
    """
    import pikepdf

    bare = out / "layer.pdf"
    try:
        with pikepdf.new() as copy:
            for page in pdf.pages[first - 1 : last]:
                page.obj.pop("/Annots", None)
                copy.pages.append(page)
            copy.save(bare)
        done = subprocess.run(
            ["pdftotext", "-bbox", "-cropbox", str(bare), "-"],
            capture_output=True,
            timeout=PAGE_TIMEOUT_S / 2,
            check=False,
        )
        pieces = done.stdout.decode("utf-8", "replace").split("<page ")[1:]
        return dict(zip(range(first, last + 1), pieces, strict=False))
    except (pikepdf.PdfError, subprocess.SubprocessError, OSError, ValueError, TypeError):
        return {}
    finally:
        bare.unlink(missing_ok=True)


def _fractions(layer: str, width: float, height: float) -> list[list[Any]]:
    words = []
    for found in _WORD.finditer(layer):
        x0, y0, x1, y1 = (float(v) for v in found.groups()[:4])
        text = "".join(c for c in html.unescape(found[5]) if c.isprintable()).strip()
        if text and len(words) < MAX_WORDS:
            box = [x0 / width, y0 / height, x1 / width, y1 / height]
            words.append([text[:200], *(round(v, 5) for v in box)])
    return words


# --- images --------------------------------------------------------------------------------------
def _frames(path: Path, kind: str) -> Iterator[tuple[Image.Image, float, float]]:
    """Every frame not yet decoded, with its dots per inch across and down."""
    from PIL import Image, ImageFile, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with Image.open(path, formats=[kind.upper()]) as image:
            # only TIFF holds pages; further frames of a PNG are an animation
            for number in range(MAX_PAGES + 1 if kind == "tiff" else 1):
                try:
                    image.seek(number)
                except EOFError:
                    return
                if number == MAX_PAGES:
                    raise CannotOpen(TOO_LARGE, "too many frames")
                if image.width * image.height > MAX_PIXELS:
                    raise CannotOpen(TOO_LARGE, f"{image.width} x {image.height} pixels")
                _check_whole(image, path, kind)
                yield image, *_resolution(image)
    except Image.DecompressionBombError as problem:
        raise CannotOpen(TOO_LARGE, str(problem)) from problem
    except UnidentifiedImageError as problem:
        raise CannotOpen(DAMAGED, str(problem)) from problem


def _check_whole(image: Image.Image, path: Path, kind: str) -> None:
    """Cut off? Seen without decoding, so that looking stays quick."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 4096))
        tail = file.read()
    if kind == "jpeg" and b"\xff\xd9" not in tail:
        raise CannotOpen(DAMAGED, "no end of image: cut off")
    if kind == "png" and b"IEND" not in tail:
        raise CannotOpen(DAMAGED, "no IEND: cut off")
    if kind == "tiff":
        tags = getattr(image, "tag_v2", {})
        starts = tags.get(273) or tags.get(324) or ()
        lengths = tags.get(279) or tags.get(325) or ()
        ends = [a + b for a, b in zip(starts, lengths, strict=False)]
        if not ends or max(ends) > size:
            raise CannotOpen(DAMAGED, "strips lie beyond the end of the file")


def _resolution(image: Image.Image) -> tuple[float, float]:
    """As the file says, where that can be; else as if the page were A4."""
    try:
        x, y = (float(v) for v in image.info.get("dpi", (0, 0))[:2])
    except (TypeError, ValueError, ZeroDivisionError):
        x = y = 0.0
    # 72 and 96 are what programs write when they know nothing
    if not (100 <= x <= 2400 and 90 <= y <= 2400 and 2 <= image.width / x <= 50):
        x = y = min(600.0, max(70.0, min(image.width, image.height) / 8.27))
    return x, y


def _render_image(path: Path, out: Path, first: int, last: int, dpi: int) -> list[dict[str, Any]]:
    from PIL import Image, ImageOps

    kind, pages = kind_of(path), []
    for number, (frame, x, y) in enumerate(_frames(path, kind), start=1):
        if not first <= number <= last:
            continue
        frame.load()
        upright = ImageOps.exif_transpose(frame)
        if upright.width == frame.height and upright.width != frame.width:
            x, y = y, x
        at = min(float(dpi), x)
        size = (max(1, round(upright.width * at / x)), max(1, round(upright.height * at / y)))
        if size[0] * size[1] > MAX_PIXELS:
            raise CannotOpen(TOO_LARGE, f"{size[0]} x {size[1]} pixels")
        flat = _as_rgb(upright)
        if size != flat.size:
            flat = flat.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
        flat.save(out / f"page-{number}.ppm", format="PPM")
        pages.append(
            {"number": number, "width": size[0], "height": size[1], "dpi": at, "words": []}
        )
    return pages


def _as_rgb(image: Image.Image) -> Image.Image:
    """Eight bits, three colours; what is transparent shows white paper."""
    from PIL import Image

    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        deep = image.convert("F")
        brightest = deep.getextrema()[1]
        top = 65535.0 if isinstance(brightest, float) and brightest > 255 else 255.0
        return deep.point(lambda v: v * (255.0 / top)).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        shown = image.convert("RGBA")
        paper = Image.new("RGBA", shown.size, "white")
        return Image.alpha_composite(paper, shown).convert("RGB")
    return image.convert("RGB")


# --- the child's door ----------------------------------------------------------------------------
def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="ocr.opening")
    parser.add_argument("verb", choices=["inspect", "render"])
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int, default=MAX_PAGES)
    parser.add_argument("--dpi", type=int, default=RENDER_DPI)
    asked = parser.parse_args(argv)
    if asked.verb == "inspect":
        row = _guarded(lambda: inspect(asked.file))
        name = "opening.json"
    else:
        row = _guarded(lambda: render(asked.file, asked.out, asked.first, asked.last, asked.dpi))
        name = "render.json"
    (asked.out / name).write_text(json.dumps(row), encoding="utf-8")
    return 1 if "error" in row else 0


def _guarded(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Hostile bytes raise anything; the parent gets a code in every case."""
    try:
        return work()
    except CannotOpen as trouble:
        code, detail = trouble.code, trouble.detail
    except (MemoryError, RecursionError) as trouble:
        code, detail = HOSTILE, type(trouble).__name__
    except Exception as trouble:
        code, detail = DAMAGED, f"{type(trouble).__name__}: {trouble}"
    return {"error": {"code": code, "detail": detail[:400]}}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
