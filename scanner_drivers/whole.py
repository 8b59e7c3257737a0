# SPDX-License-Identifier: Apache-2.0
"""Is a file whole? Asked by every intake before it takes one: a hot folder, FTP, a mail.

Looks at the structure only, without decoding: markers, chunk lengths, offsets. The sandbox opens
the file properly later; this keeps half a file from being taken for a whole one (f08, f09).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_TAIL = 4096
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif"}
_IMAGES = (b"\xff\xd8", b"\x89PNG", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_INSIDE_A_SCAN = {0x00, 0xFF, *range(0xD0, 0xD8)}
_WHERE_PIXELS_LIE = {273, 279, 324, 325}  # offsets and sizes of strips and tiles (TIFF 6.0)
_INTEGERS = {3: "H", 4: "I", 16: "Q"}
_MAX_DIRECTORIES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Why a file is not taken, for the clerk.

    `final`: waiting for more bytes is no use. `doubtful`: it ends, and yet something follows; when
    nothing more comes for long, the parsers shall decide.
    """

    reason: str
    final: bool = False
    doubtful: bool = False


EMPTY = Shortfall(reason="Tệp rỗng (0 byte): máy gửi chưa ghi được nội dung. Hãy quét lại giấy.")
CUT_OFF = Shortfall(
    reason="Tệp bị cắt giữa chừng, không đọc được tới cuối. Hãy quét lại hoặc chép lại tệp gốc."
)
TRAILED = Shortfall(reason="Sau dấu kết thúc PDF còn dữ liệu khác.", doubtful=True)
HEIF = Shortfall(
    reason="Ảnh HEIC/HEIF của điện thoại chưa nhận được. Trên iPhone: Cài đặt ▸ Camera ▸ Định dạng "
    "▸ Tương thích nhất rồi chụp lại, hoặc xuất ảnh sang JPEG.",
    final=True,
)
ARCHIVE = Shortfall(
    reason="Tệp nén (zip, rar, 7z) không được nhận. Hãy giải nén rồi gửi từng tệp PDF hoặc ảnh.",
    final=True,
)
UNKNOWN = Shortfall(
    reason="Nội dung tệp không phải PDF, PNG, JPEG hoặc TIFF. Hãy gửi lại đúng loại tệp.",
    final=True,
)


def shortfall(path: Path) -> Shortfall | None:
    """What keeps the file from being taken; None: it reads to its own end. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(1024)
        size = file.seek(0, 2)
        if not head:
            return EMPTY
        if (wrong := wrong_kind(head)) is not None:
            return wrong
        if b"%PDF-" in head and not head.startswith(_IMAGES):
            return _pdf_shortfall(file, size)
        ends = _jpeg_ends if head[:2] == b"\xff\xd8" else _png_ends
        if head[:2] in (b"II", b"MM"):
            ends = _tiff_ends
        try:
            return None if ends(file, size) else CUT_OFF
        except struct.error:  # an offset led past the end
            return CUT_OFF


def wrong_kind(head: bytes) -> Shortfall | None:
    """By the first bytes (a name proves nothing): why this kind is not taken at all."""
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return HEIF
    if head.startswith((b"PK\3\4", b"PK\5\6", b"Rar!", b"7z\xbc\xaf")):
        return ARCHIVE
    if head.startswith(_IMAGES) or b"%PDF-" in head[:1024]:
        return None
    # zeros: a file that was given its size first and is being filled
    return CUT_OFF if len(head) < 8 or not head.strip(b"\0") else UNKNOWN


def _pdf_shortfall(file: BinaryIO, size: int) -> Shortfall | None:
    """`%%EOF` alone is not the end: a signature appends a revision behind it."""
    file.seek(max(0, size - _TAIL))
    _, mark, after = file.read().rpartition(b"%%EOF")
    if not mark:
        return CUT_OFF
    return TRAILED if after.strip(b"\0 \t\r\n\x1a") else None


def _jpeg_ends(file: BinaryIO, size: int) -> bool:
    """Walks the segments, so that the end of an embedded thumbnail is not taken for the end.

    Bytes behind the end are allowed: telephones append their own (ISO/IEC 10918-1, B.1.1).
    """
    at = 2
    while True:
        file.seek(at)
        mark, kind = struct.unpack(">BB", file.read(2))
        if mark != 0xFF:
            return False
        if kind == 0xD9:
            return True
        if kind == 0xFF:  # a fill byte
            at += 1
            continue
        if kind == 0x01 or 0xD0 <= kind <= 0xD8:
            at += 2
            continue
        (length,) = struct.unpack(">H", file.read(2))
        at += 2 + length
        if kind == 0xDA:
            found = _next_marker(file, at)
            if found is None:
                return False
            at = found


def _next_marker(file: BinaryIO, at: int) -> int | None:
    """The next marker in entropy-coded data: FF not followed by 00 or a restart mark."""
    file.seek(at)
    carried = b""
    while chunk := file.read(1 << 20):
        data, base, start = carried + chunk, at - len(carried), 0
        while (found := data.find(b"\xff", start)) >= 0 and found + 1 < len(data):
            if data[found + 1] not in _INSIDE_A_SCAN:
                return base + found
            start = found + 1 if data[found + 1] == 0xFF else found + 2
        at += len(chunk)
        carried = b"\xff" if data.endswith(b"\xff") else b""
    return None


def _png_ends(file: BinaryIO, size: int) -> bool:
    at = 8
    while True:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        at += 12 + int(length)
        if kind == b"IEND" or at > size:
            return at <= size


def _tiff_ends(file: BinaryIO, size: int) -> bool:
    """Every directory of the chain, and every strip or tile they name, lies inside the file."""
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    big = b"+" in head[2:4]
    at = int(struct.unpack_from(f"{order}Q" if big else f"{order}I", head, 8 if big else 4)[0])
    seen: set[int] = set()
    while at:
        if at in seen or len(seen) > _MAX_DIRECTORIES or at >= size:
            return False
        seen.add(at)
        entries, at = _directory(file, at, order, big=big)
        for offsets, counts in ((273, 279), (324, 325)):
            pairs = zip(entries.get(offsets, ()), entries.get(counts, ()), strict=False)
            if any(offset + count > size for offset, count in pairs):
                return False
    return bool(seen)


def _directory(
    file: BinaryIO, at: int, order: str, *, big: bool
) -> tuple[dict[int, tuple[int, ...]], int]:
    """Where the strips and tiles of one directory lie, and the offset of the next directory."""
    word, slot, count_size = ("Q", 20, 8) if big else ("I", 12, 2)
    file.seek(at)
    (number,) = struct.unpack(f"{order}{'Q' if big else 'H'}", file.read(count_size))
    if number > 65_535:
        raise struct.error("no TIFF has so many tags")
    rows = file.read(number * slot)
    (after,) = struct.unpack(f"{order}{word}", file.read(struct.calcsize(word)))
    found: dict[int, tuple[int, ...]] = {}
    inline = 8 if big else 4
    for row in range(0, number * slot, slot):
        tag, kind = struct.unpack_from(f"{order}HH", rows, row)
        if tag not in _WHERE_PIXELS_LIE or kind not in _INTEGERS:
            continue
        (count,) = struct.unpack_from(f"{order}{word}", rows, row + 4)
        form = f"{order}{min(count, 1 << 20)}{_INTEGERS[kind]}"
        value = row + 4 + struct.calcsize(word)
        if struct.calcsize(form) <= inline:
            found[tag] = struct.unpack_from(form, rows, value)
        else:
            file.seek(struct.unpack_from(f"{order}{word}", rows, value)[0])
            found[tag] = struct.unpack(form, file.read(struct.calcsize(form)))
    return found, int(after)
