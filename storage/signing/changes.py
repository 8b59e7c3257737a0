# SPDX-License-Identifier: Apache-2.0
"""What happened to a file after a signature: which bytes it covers, what updates did.

pyHanko's difference analysis decides; three things it leaves open are looked at here: the gap
that holds the signature value (bytes there are covered by nobody), values and looks of form
fields that were filled already, and visible signatures added after a certifying one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asn1crypto.parser import peek
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, StreamObject
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    DiffResult,
    ModificationLevel,
    SuspiciousModification,
)
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from storage.signing.pdf_objects import entry, resolved
from workflows.domain.signature import Changes, Coverage, SignatureState

Finding = tuple[SignatureState, str]
_MOST_OBJECTS = 2_000
_LEVELS = {
    ModificationLevel.NONE: Changes.NONE,
    ModificationLevel.LTA_UPDATES: Changes.PRESERVATION,
    ModificationLevel.FORM_FILLING: Changes.FORM,
}


def coverage_of(signature: EmbeddedPdfSignature, content: bytes) -> Coverage:
    """Raises nothing: `signature` was checked before."""
    if signature.coverage is None or gap_trouble(signature, content):
        return Coverage.PARTIAL
    if signature.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return Coverage.FILE
    if signature.coverage is SignatureCoverageLevel.ENTIRE_REVISION:
        return Coverage.PARTIAL if _loose_end(signature, content) else Coverage.REVISION
    return Coverage.PARTIAL


def _loose_end(signature: EmbeddedPdfSignature, content: bytes) -> bool:
    """Bytes after the last revision: no table leads to them, but a lenient reader may go there."""
    _, _, second, last = (int(v) for v in signature.byte_range)
    if signature.signed_revision == signature.reader.xrefs.total_revisions - 1:
        return bool(content[second + last :].strip())
    return bool(content[content.rfind(b"%%EOF") + 5 :].strip())


def gap_trouble(signature: EmbeddedPdfSignature, content: bytes) -> str:
    """The gap in /ByteRange must be the signature value as a hex string, and nothing else.

    Whatever else stands there is signed by nobody and could hold objects (signature wrapping).
    """
    try:
        start, first, second, last = (int(v) for v in signature.byte_range)
    except (TypeError, ValueError):
        return "vùng ký (ByteRange) không đúng dạng"
    if start != 0 or min(first, second, last) < 0 or second < first:
        return "vùng ký (ByteRange) không đúng dạng"
    gap = content[first:second]
    try:
        written = bytes.fromhex(gap[1:-1].decode("ascii"))
    except ValueError:
        written = b""
    if gap[:1] != b"<" or gap[-1:] != b">" or written != signature.pkcs7_content:
        return "khoảng trống dành cho chữ ký chứa dữ liệu khác, không ai ký"
    if written[peek(written) :].strip(b"\0"):
        return "sau giá trị chữ ký có dữ liệu lạ, không ai ký"
    return ""


def changes_after(signature: EmbeddedPdfSignature) -> tuple[Changes, list[Finding], list[str]]:
    """What came after: how far it went, what is wrong with it, what is worth knowing."""
    result = signature.diff_result
    if isinstance(result, SuspiciousModification):
        softer = _as_approval(signature)
        if softer is not None:
            why = "sau chữ ký chứng nhận có thêm chữ ký khác hiển thị trên trang; cần người xem lại"
            return Changes.FORM, [(SignatureState.DOUBTFUL, why)], []
        return Changes.FORBIDDEN, [(SignatureState.ALTERED, _why(result))], []
    if not isinstance(result, DiffResult):
        return Changes.UNKNOWN, [], []
    level = _LEVELS.get(result.modification_level, Changes.FORBIDDEN)
    allowed = signature.docmdp_level
    if level is Changes.FORBIDDEN or (
        allowed is not None and result.modification_level.value > allowed.value
    ):
        why = "tệp có thay đổi sau khi ký mà chữ ký không cho phép"
        return Changes.FORBIDDEN, [(SignatureState.ALTERED, why)], []
    found, notes = _fields_changed(signature, set(result.changed_form_fields))
    return (Changes.FORBIDDEN if found else level), found, notes


def _why(result: SuspiciousModification) -> str:
    said = str(result)
    if "locked" in said:
        return "ô biểu mẫu đã khóa khi ký bị thay đổi"
    if "freed" in said:
        return "có phần của văn bản bị xóa sau khi ký"
    return "nội dung, trang hoặc cấu trúc tệp bị thay đổi sau khi ký"


def _as_approval(signature: EmbeddedPdfSignature) -> DiffResult | None:
    """As if it were an ordinary signature: were new signatures really all that was added?

    Genuine papers come like that (2118/PCCC&CNCH-P6: certified first, then signed five times).
    """
    if "only allowed after an approval signature" not in str(signature.diff_result):
        return None
    if signature.docmdp_level is MDPPerm.NO_CHANGES:
        return None
    result = DEFAULT_DIFF_POLICY.review_file(
        signature.reader, signature.signed_revision, field_mdp_spec=signature.fieldmdp
    )
    if not isinstance(result, DiffResult) or result.modification_level.value > 2:
        return None
    found, filled = _fields_changed(signature, set(result.changed_form_fields))
    return None if found or filled else result


def _fields_changed(
    signature: EmbeddedPdfSignature, names: set[str]
) -> tuple[list[Finding], list[str]]:
    """Filling an empty field is what forms are for; changing what the signer saw is not."""
    if not names:
        return [], []
    reader = signature.reader
    before = _fields(reader.get_historical_root(signature.signed_revision))
    now = _fields(reader.root)
    found: list[Finding] = []
    notes: list[str] = []
    for name in sorted(names):
        old, new = before.get(name), now.get(name)
        if old is None or new is None or _kind(new) == "/Sig":
            continue
        was, said = _value(old), _value(new)
        if was and was != said:
            why = f"giá trị ô «{name[:60]}» bị đổi sau khi ký"
            found.append((SignatureState.ALTERED, why))
        elif was == said:
            if _look(old) != _look(new):
                why = f"hình hiển thị của ô «{name[:60]}» bị đổi sau khi ký"
                found.append((SignatureState.ALTERED, why))
        else:
            notes.append(f"Ô «{name[:60]}» được điền sau khi ký (được phép).")
    return found, notes


def _fields(root: Any) -> dict[str, Any]:
    """Form fields of a state of the file, by full name."""
    form = entry(root, "/AcroForm")
    found: dict[str, Any] = {}
    waiting = [("", kid) for kid in entry(form, "/Fields", ())]
    while waiting and len(found) < _MOST_OBJECTS:
        prefix, field = waiting.pop()
        field = resolved(field)
        if not isinstance(field, DictionaryObject):
            continue
        part = str(entry(field, "/T", ""))
        name = f"{prefix}.{part}" if prefix and part else prefix or part
        kids = [resolved(k) for k in entry(field, "/Kids", ())]
        named = [k for k in kids if isinstance(k, DictionaryObject) and "/T" in k]
        if named and len(name) < 4_000:
            waiting += [(name, kid) for kid in named]
        else:
            found.setdefault(name, field)
    return found


def _kind(field: Any) -> str:
    for _ in range(20):
        if "/FT" in field:
            return str(field["/FT"])
        if "/Parent" not in field:
            break
        field = field["/Parent"]
    return ""


def _value(field: Any) -> str:
    value = entry(field, "/V")
    if isinstance(value, StreamObject):
        return value.encoded_data.hex()
    return "" if value is None or str(value) in ("", "/Off") else repr(value)


def _look(field: Any) -> tuple[bytes, ...]:
    """Everything the field's appearance is drawn from, forms and fonts within included."""
    kids = [resolved(k) for k in entry(field, "/Kids", (field,))]
    return tuple(
        part
        for widget in kids
        if isinstance(widget, DictionaryObject)
        for part in (repr(entry(widget, "/AS")).encode(), *_drawn(entry(widget, "/AP")))
    )


def _drawn(thing: Any) -> Iterator[bytes]:
    seen: set[int] = set()
    waiting = [thing]
    while waiting and len(seen) < _MOST_OBJECTS:
        thing = resolved(waiting.pop())
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, StreamObject):
            yield thing.encoded_data
        if isinstance(thing, DictionaryObject):
            for key in sorted(thing):
                if key not in ("/Parent", "/P"):
                    yield str(key).encode()
                    waiting.append(thing.raw_get(key))
        elif isinstance(thing, ArrayObject):
            waiting += [thing.raw_get(n) for n in range(len(thing))]
        else:
            yield repr(thing).encode()
