# SPDX-License-Identifier: Apache-2.0
"""What a JPEG says about itself, read from its frame header without decoding it."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.errors import DamagedDocument

_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive: what a PDF's DCTDecode takes
_OTHER_FRAMES = {0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_SCAN = 0xDA
_TAIL = 1024  # some scanners pad the end of the file


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegFrame:
    width: int
    height: int
    components: int


def frame_of(jpeg: bytes) -> JpegFrame:
    """Size and number of colour components. Raises `DamagedDocument` for other things."""
    if jpeg[:2] != b"\xff\xd8":
        raise DamagedDocument("not a JPEG")
    if b"\xff\xd9" not in jpeg[-_TAIL:]:
        raise DamagedDocument("JPEG is cut: no end marker")
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xFF or marker in _BARE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES:
            return _frame(jpeg[at + 4 : at + 10])
        if marker == _SCAN or marker in _OTHER_FRAMES:
            break
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    raise DamagedDocument("JPEG without a usable frame header")


def _frame(header: bytes) -> JpegFrame:
    if len(header) < 6 or header[0] != 8:
        raise DamagedDocument("JPEG frame is cut or not 8 bits deep")
    frame = JpegFrame(
        height=int.from_bytes(header[1:3], "big"),
        width=int.from_bytes(header[3:5], "big"),
        components=header[5],
    )
    if frame.components not in (1, 3) or not frame.width or not frame.height:
        raise DamagedDocument(f"JPEG of {frame.components} components: only grey and RGB are kept")
    return frame
