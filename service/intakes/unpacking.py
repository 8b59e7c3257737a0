# SPDX-License-Identifier: Apache-2.0
"""Takes a mail apart: the only program that parses foreign mail, inside the sandbox.

`python unpacking.py MESSAGE OUT` writes each attachment worth looking at to
OUT/0001 …, and OUT/unpacked.json which says what every part is: a paper, an ornament to ignore, or
something a person must be told of. Standard library only, Pillow for the size of a picture.
"""

from __future__ import annotations

import email
import email.policy
import io
import json
import re
import sys
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email.header import decode_header, make_header
from email.message import Message
from enum import StrEnum
from pathlib import Path

MAX_PARTS = 200
MAX_DEPTH = 8
ORNAMENT_SIDE = 600
"""Pixels. A picture shown inside the text with a shorter side below this is a logo, no page."""
_MAGIC = (b"%PDF-", b"\xff\xd8\xff", b"\x89PNG\r\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"RIFF")
_BESIDES = {
    # what mail programs add by themselves: signatures, invitations, cards, receipts
    *("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"),
    *("application/pgp-keys", "text/calendar", "text/vcard", "text/x-vcard"),
    *("message/delivery-status", "message/disposition-notification"),
}
_ADDED_NAMES = re.compile(r"smime\.p7s|signature\.asc|att\d+\.(txt|html?)")


class Verdict(StrEnum):
    PAPER = "paper"
    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One leaf of the mail. `file`: its bytes in OUT, "" where they are of no use."""

    name: str
    verdict: Verdict
    reason: str = ""
    file: str = ""


TNEF = (
    "Tệp winmail.dat của Outlook: tệp gốc nằm bên trong và không mở được. Người gửi đổi định dạng "
    "thư sang HTML hoặc văn bản thuần rồi gửi lại."
)
ZIP_LOCKED = "Tệp nén có mật khẩu. Người gửi gửi lại từng tệp PDF, không đặt mật khẩu."
ZIPPED = "Tệp nén không được nhận. Người gửi gửi lại từng tệp PDF hoặc ảnh, không nén."
LOCKED_MAIL = "Thư mã hóa (S/MIME, PGP): không đọc được. Người gửi gửi lại thư không mã hóa."
HEIC = "Ảnh HEIC/HEIF của điện thoại. Người gửi chọn định dạng JPEG (Tương thích nhất) rồi gửi lại."
EMPTY = "Tệp đính kèm rỗng (0 byte). Người gửi gửi lại."
OTHER = "Tệp đính kèm không phải PDF, PNG, JPEG hoặc TIFF. Người gửi gửi lại đúng loại tệp."
TOO_MANY = f"Thư có quá {MAX_PARTS} phần hoặc lồng quá {MAX_DEPTH} lớp; phần còn lại không đọc."
NOTHING = "Thư không có tệp đính kèm nào là giấy tờ."


def unpack(message: Path, out: Path) -> dict[str, object]:
    """Everything of use in OUT; the answer is what unpacked.json holds."""
    with message.open("rb") as file:
        mail = email.message_from_binary_file(file, policy=email.policy.compat32)
    parts, bodies = [], []
    shown = _shown_inside(mail)
    for number, (leaf, cut) in enumerate(_leaves(mail, 0), start=1):
        if cut or number > MAX_PARTS:
            parts.append(Part(name="", verdict=Verdict.REFUSED, reason=TOO_MANY))
            break
        content = _content(leaf)
        part = _judge(leaf, content, shown)
        if part is None:
            bodies.append(leaf)
            continue
        if part.verdict is not Verdict.IGNORED and content:
            (out / f"{number:04}").write_bytes(content)
            part = Part(
                name=part.name, verdict=part.verdict, reason=part.reason, file=f"{number:04}"
            )
        parts.append(part)
    if not any(p.verdict is not Verdict.IGNORED for p in parts):
        parts.append(Part(name="", verdict=Verdict.REFUSED, reason=NOTHING))
    return {
        "sender": _address(_text(mail.get("From"))),
        "parts": [asdict(p) for p in parts],
    }


def _leaves(mail: Message, depth: int) -> Iterator[tuple[Message, bool]]:
    """Every part that holds no others, forwarded mails opened; True: too deep, not opened."""
    if not mail.is_multipart():
        yield mail, False
        return
    if depth >= MAX_DEPTH:
        yield mail, True
        return
    for below in mail.get_payload():
        if isinstance(below, Message):
            yield from _leaves(below, depth + 1)


def _judge(leaf: Message, content: bytes, shown: set[str]) -> Part | None:
    """What the part is; None: the text of the mail itself."""
    kind, name = leaf.get_content_type().lower(), _name(leaf)
    attached = leaf.get_content_disposition() == "attachment"
    if kind in _BESIDES or _ADDED_NAMES.fullmatch(name.lower()):
        return Part(name=name, verdict=Verdict.IGNORED)
    if kind in ("text/plain", "text/html") and not name and not attached:
        return None
    if (reason := _refusal(kind, name, content)) is not None:
        return Part(name=name, verdict=Verdict.REFUSED, reason=reason)
    if _is_ornament(leaf, content, shown):
        return Part(name=name, verdict=Verdict.IGNORED)
    if content.startswith(_MAGIC) or b"%PDF-" in content[:1024]:
        return Part(name=name or "thu-dien-tu", verdict=Verdict.PAPER)
    if not attached and kind.startswith("text/"):
        return Part(name=name, verdict=Verdict.IGNORED)
    return Part(name=name, verdict=Verdict.REFUSED, reason=OTHER)


def _refusal(kind: str, name: str, content: bytes) -> str | None:
    """By content first: the declared kind and the name are only what the sender says."""
    if kind in ("application/ms-tnef", "application/vnd.ms-tnef") or name.lower() == "winmail.dat":
        return TNEF
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"):
        return LOCKED_MAIL
    if not content:
        return EMPTY
    if content.startswith(b"PK\3\4"):
        return ZIP_LOCKED if _locked(content) else _office_or_zip(name)
    if content.startswith((b"Rar!", b"7z\xbc\xaf")):
        return ZIPPED
    if content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        return HEIC
    return None


def _office_or_zip(name: str) -> str:
    return OTHER if name.lower().endswith((".docx", ".xlsx", ".pptx", ".odt", ".ods")) else ZIPPED


def _locked(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(entry.flag_bits & 1 for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def _is_ornament(leaf: Message, content: bytes, shown: set[str]) -> bool:
    """A logo or a tracking dot: a small picture that the text of the mail shows."""
    if not content.startswith(_PICTURES):
        return False
    side = _shorter_side(content)
    identity = _text(leaf.get("Content-ID")).strip("<> ")
    if identity and identity in shown:
        return side is None or side < ORNAMENT_SIDE
    return side is not None and side < 100


def _shorter_side(content: bytes) -> int | None:
    """From the header alone; nothing is decoded."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as picture:
            return min(picture.size)
    except Exception:
        return None


def _shown_inside(mail: Message) -> set[str]:
    """Content-IDs that the HTML of the mail refers to (RFC 2392)."""
    found: set[str] = set()
    for leaf, _ in _leaves(mail, 0):
        if leaf.get_content_type() == "text/html":
            html = _content(leaf)[: 4 << 20].decode("utf-8", "replace")
            found.update(re.findall(r"cid:([^\"'\s>)]{1,300})", html))
    return found


def _content(leaf: Message) -> bytes:
    payload = leaf.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _name(leaf: Message) -> str:
    """As the sender called it: RFC 2231 or RFC 2047, no folders, NFC."""
    said = _text(leaf.get_filename() or "")
    bare = re.split(r"[/\\]", said)[-1]
    plain = "".join(c for c in bare if unicodedata.category(c)[0] != "C")
    return unicodedata.normalize("NFC", plain).strip()[:200]


def _text(header: object) -> str:
    """A header decoded; what cannot be is shown as it stands."""
    raw = str(header) if header is not None else ""
    try:
        return str(make_header(decode_header(raw)))
    except (LookupError, ValueError, UnicodeError):
        return raw


def _address(said: str) -> str:
    from email.utils import parseaddr

    return parseaddr(said)[1].lower()[:300]


def main(argv: list[str]) -> int:
    message, out = Path(argv[0]), Path(argv[1])
    (out / "unpacked.json").write_text(json.dumps(unpack(message, out)), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
