# SPDX-License-Identifier: Apache-2.0
"""Tờ phân tách: what a page says about where one document ends and whose the next one is.

Three witnesses: a patch code (unsigned; what it means is set with the Batch), a slip of our own
(phiếu hồ sơ) whose QR, Code 128 or Code 39 carries `SEP|<station>|<dossier>|<HMAC>`, and any other
code, which says nothing here. ID cards have "|" in their QR too, and anybody can print a QR: a slip
that does not verify never splits and never routes, not even when a patch stands beside it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ocr.barcodes import Code, read_codes
from ocr.page import Pixels
from ocr.patch_codes import PatchCode, PatchMark, find_patch_code
from ocr.scaling import at_dpi

_HEAD = "SEP"
_DIRECTION = "SOHOA-PATCH"
_DOMAIN = b"sohoa separator slip 1\0"  # the key may sign other things; those never pass as a slip
_MAC_BYTES = 10
"""80 bits: the least RFC 2104 allows, 16 letters of base 32, so that Code 39 still fits on A4."""
_LEAST_KEY = 16
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,62}[A-Za-z0-9])?")
_LONGEST = (
    150  # two names of 64, head and signature: what claims to be a slip and is longer is none
)
_READ_DPI = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What follows belongs to `dossier`; `station`: where it was printed for, "" for any."""

    station: str
    dossier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMark:
    """What one page shows, nothing verified yet: pixels in, a few words out.

    `patch`: the patch code, its direction settled by our own QR where there is one.
    `certain`: that direction is settled, or the code reads the same both ways.
    `claims`: texts of codes that say they are slips.
    """

    patch: PatchCode | None = None
    certain: bool = True
    claims: tuple[str, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """`patch:<code>`, `patch_unsure`, `slip:<text>`: how a page event carries the mark."""
        patch = (f"patch:{self.patch}",) if self.patch else ()
        unsure = () if self.certain else ("patch_unsure",)
        return (*patch, *unsure, *(f"slip:{text}" for text in self.claims))

    @classmethod
    def of_flags(cls, flags: Iterable[str]) -> PageMark:
        """The mark again; flags of other kinds and unknown codes are passed over."""
        told = list(flags)
        codes = [f[6:] for f in told if f.startswith("patch:") and f[6:] in set(PatchCode)]
        return cls(
            patch=PatchCode(codes[0]) if codes else None,
            certain="patch_unsure" not in told,
            claims=tuple(f[5:] for f in told if f.startswith("slip:")),
        )

    def slip(self, key: bytes) -> Slip | None:
        """The one slip of this page. None when a claim is false, or two slips disagree."""
        slips = {verified_slip(text, key) for text in self.claims}
        return slips.pop() if len(slips) == 1 else None

    def is_refused(self, key: bytes) -> bool:
        """It claims to be a slip and is none: it stays a page, and a person looks at it."""
        return bool(self.claims) and self.slip(key) is None

    def splits(self, patches: Iterable[str], key: bytes) -> bool:
        """Does a new document begin after this sheet? `patches`: those that split in this Batch.

        A patch that may lie upside down splits only when it would split either way.
        """
        if self.claims:
            return self.slip(key) is not None
        if self.patch is None:
            return False
        wanted = frozenset(patches)
        return self.patch in wanted and (self.certain or self.patch.turned in wanted)


def mark_page(pixels: Pixels, dpi: float) -> PageMark:
    """What the page shows, whichever way round it was fed."""
    patch = find_patch_code(pixels, dpi)
    codes = _codes(pixels, dpi, thorough=patch is not None)
    claims = dict.fromkeys(text for code in codes if (text := _claim(code.text)) is not None)
    settled, certain = _settle(patch, codes)
    return PageMark(patch=settled, certain=certain, claims=tuple(claims))


def separator_marks(pixels: Pixels, dpi: float) -> tuple[str, ...]:
    """`mark_page` as flags of a page event; without commas, for flags travel in one line."""
    return mark_page(pixels, dpi).flags


def slip_text(slip: Slip, key: bytes, *, bar: str = "|") -> str:
    """What is printed on a slip; `bar` is a blank for Code 39, which has no bar.

    Raises ValueError for names outside ASCII letters, digits and `. _ / -` (64 at most), or for
    a key under 16 bytes.
    """
    for name in (slip.dossier, slip.station or "any"):
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name for a slip: {name!r}")
    return bar.join((_HEAD, slip.station, slip.dossier, _signature(slip, key)))


def verified_slip(text: str, key: bytes) -> Slip | None:
    """The slip, if the signature is right (compared in constant time); bad text is just None."""
    parts = (_claim(text) or "").split("|")
    if len(parts) != 4:
        return None
    slip = Slip(station=parts[1], dossier=parts[2])
    right = hmac.compare_digest(parts[3].encode(), _signature(slip, key).encode())
    return slip if right else None


def orientation_text(patch: PatchCode) -> str:
    """QR text of a separator sheet without a Dossier: it fixes the direction and no more."""
    return f"{_DIRECTION}|{patch}"


def _signature(slip: Slip, key: bytes) -> str:
    if len(key) < _LEAST_KEY:
        raise ValueError(f"a key of {len(key)} bytes is too short")
    signed = _DOMAIN + f"{_HEAD}|{slip.station}|{slip.dossier}".encode()
    digest = hmac.new(key, signed, hashlib.sha256).digest()[:_MAC_BYTES]
    return base64.b32encode(digest).decode("ascii")


def _claim(text: str) -> str | None:
    """The text with bars if it claims to be a slip."""
    plain = unicodedata.normalize("NFC", text).strip()
    if plain.startswith(f"{_HEAD} "):
        plain = plain.replace(" ", "|")
    short = plain.isascii() and plain.isprintable() and "," not in plain and len(plain) <= _LONGEST
    return plain if plain.startswith(f"{_HEAD}|") and short else None


def _codes(pixels: Pixels, dpi: float, *, thorough: bool) -> tuple[Code, ...]:
    """At 200 dpi, where a page without codes costs 10 ms; in full where a patch promises one."""
    shrunk = at_dpi(pixels, dpi, _READ_DPI) if dpi > _READ_DPI else pixels
    return read_codes(shrunk) or (read_codes(pixels) if thorough and dpi > _READ_DPI else ())


def _settle(patch: PatchMark | None, codes: Iterable[Code]) -> tuple[PatchCode | None, bool]:
    """The code as printed: our own QR tells how the sheet lies."""
    if patch is None:
        return None, True
    ours = [c for c in codes if c.text.startswith((f"{_HEAD}|", f"{_DIRECTION}|"))]
    turns = {c.turn for c in ours if "QR" in c.format}
    if len(turns) == 1:
        return patch.upright(turns.pop()), True
    return patch.code, patch.code is patch.code.turned
