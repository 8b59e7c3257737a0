# SPDX-License-Identifier: Apache-2.0
"""A page as it leaves a driver: decoded whole, rows counted, kept as PNG, synced to disk.

`scanimage` shears the rows of a padded image in its PNM and TIFF output and still exits with 0;
the length of the data tells, so it is checked before anybody believes the picture.
"""

from __future__ import annotations

import hashlib
import os
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from scanner_drivers.driver import PageEvent, ScannerError, ScannerFault

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
_CHANNELS = {b"P4": 1, b"P5": 1, b"P6": 3}


def read_pnm(path: Path) -> Pixels:
    """Rows of a raw PNM file; padding is stripped, a short or sheared file is DAMAGED."""
    content = path.read_bytes()
    magic, width, height, depth, start = _header(content)
    channels, samples = _CHANNELS[magic], 2 if depth > 255 else 1
    row = (width + 7) // 8 if magic == b"P4" else width * channels * samples
    data = content[start:]
    if height <= 0 or len(data) < row * height:
        raise ScannerError(ScannerFault.DAMAGED, f"{len(data)} bytes for {height} rows of {row}")
    stride, rest = divmod(len(data), height)
    if rest:
        raise ScannerError(ScannerFault.DAMAGED, f"{len(data)} bytes are no {height} equal rows")
    rows = np.frombuffer(data, np.uint8).reshape(height, stride)[:, :row]
    if magic == b"P4":
        return (1 - np.unpackbits(rows, axis=1)[:, :width]) * np.uint8(255)
    if samples == 2:
        wide = np.ascontiguousarray(rows).view(">u2").astype(np.uint16)
        return wide.reshape((height, width, 3) if channels == 3 else (height, width))
    return rows.reshape((height, width, 3) if channels == 3 else (height, width))


def read_image(path: Path) -> tuple[Pixels, float]:
    """Pixels of a JPEG, PNG or TIFF page, and the dpi the file claims (0: none).

    Read by Pillow, to the last row: OpenCV gives half a picture of a cut file without a word.
    """
    try:
        with Image.open(path, formats=("JPEG", "PNG", "TIFF")) as image:
            image.load()
            claimed = float(image.info.get("dpi", (0.0, 0.0))[0])
            plain = image if image.mode in ("L", "RGB") else image.convert(_plain(image.mode))
            return np.asarray(plain, np.uint8), claimed
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ScannerError(ScannerFault.DAMAGED, f"{path.name}: {error}") from error


def _plain(mode: str) -> str:
    return "L" if mode in ("1", "L", "LA", "I;16") else "RGB"


def _header(content: bytes) -> tuple[bytes, int, int, int, int]:
    """(magic, width, height, depth, where the data starts); comments are skipped."""
    magic, at, numbers = content[:2], 2, list[int]()
    if magic not in _CHANNELS:
        raise ScannerError(ScannerFault.DAMAGED, f"no raw PNM: {content[:2]!r}")
    while len(numbers) < (2 if magic == b"P4" else 3):
        while content[at : at + 1].isspace():
            at += 1
        end = at
        if content[at : at + 1] == b"#":
            at = content.index(b"\n", at)
            continue
        while content[end : end + 1].isdigit():
            end += 1
        if end == at:
            raise ScannerError(ScannerFault.DAMAGED, "no PNM header")
        numbers.append(int(content[at:end]))
        at = end
    depth = numbers[2] if len(numbers) == 3 else 1
    return magic, numbers[0], numbers[1], depth, at + 1


def keep_page(
    pixels: Pixels,
    folder: Path,
    seq: int,
    *,
    dpi: float,
    sheet: int = 0,
    side: str = "front",
    flags: tuple[str, ...] = (),
) -> PageEvent:
    """Write `<seq>.png` as part, sync, rename; only then is there a PageEvent."""
    content = as_png(pixels, dpi)
    path = folder / f"{seq:04d}.png"
    part = path.with_suffix(".part")
    part.write_bytes(content)
    settle(part, path)
    return PageEvent(
        seq=seq,
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        width=int(pixels.shape[1]),
        height=int(pixels.shape[0]),
        dpi=dpi,
        mode="color" if pixels.ndim == 3 else "gray",
        sheet=sheet,
        side=side,
        flags=flags,
    )


def keep_raw(
    pnm: Path, folder: Path, seq: int, *, dpi: float, sheet: int = 0, side: str = "front"
) -> PageEvent:
    """Keep the driver's own PNM as `<seq>.pnm`: no pixel is touched while the feeder runs.

    A colour A4 page at 300 dpi is 26 MB and comes within a tenth of a second; as PNG it would take
    four times as long. Whoever stores it encodes it later. A padded or bilevel file becomes PNG.
    """
    with pnm.open("rb") as file:
        magic, width, height, depth, start = _header(file.read(256))
        row = width * _CHANNELS[magic]
        plain = magic != b"P4" and depth == 255 and pnm.stat().st_size == start + row * height
        if not plain:
            return keep_page(read_pnm(pnm), folder, seq, dpi=dpi, sheet=sheet, side=side)
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    path = folder / f"{seq:04d}.pnm"
    settle(pnm, path)
    return PageEvent(
        seq=seq,
        path=path,
        sha256=sha256,
        width=width,
        height=height,
        dpi=dpi,
        mode="color" if _CHANNELS[magic] == 3 else "gray",
        sheet=sheet,
        side=side,
    )


def as_png(pixels: Pixels, dpi: float) -> bytes:
    """Lossless; the resolution stands in the file."""
    picture = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels
    ok, buffer = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not ok:
        raise ScannerError(ScannerFault.DAMAGED, f"cannot encode {pixels.shape}")
    return _with_dpi(bytes(buffer), dpi)


def settle(part: Path, path: Path) -> None:
    """On the disk, under its name, and the name on the disk too."""
    handle = os.open(part, os.O_RDWR)
    os.fsync(handle)
    os.close(handle)
    part.replace(path)
    if sys.platform != "win32":  # where a folder cannot be opened, and a rename is in the journal
        handle = os.open(path.parent, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def _with_dpi(png: bytes, dpi: float) -> bytes:
    """The resolution as a pHYs chunk right after IHDR: OpenCV writes none."""
    per_metre = round(dpi / 0.0254).to_bytes(4, "big")
    body = b"pHYs" + per_metre + per_metre + b"\x01"
    chunk = (9).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return png[:33] + chunk + png[33:]
