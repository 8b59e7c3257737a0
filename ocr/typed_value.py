# SPDX-License-Identifier: Apache-2.0
"""What a person types into a field, in its normal form, or why it cannot be.

The paper may be odd and is kept as printed, so only what is impossible is refused: an
unreal date, a number that breaks its own rules. The Vietnamese message is shown beside the field.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from ocr.document_types import FieldSpec
from ocr.extraction import FieldContent
from ocr.identifiers import decode_personal_number, is_old_identity_number, is_tax_code
from ocr.normalise import nfc, parse_date

MAX_TEXT = 5000
_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_MAY_LIE_AHEAD = frozenset({"valid_to", "expires_on", "due_on"})


def typed_value(spec: FieldSpec, value: FieldContent, *, today: dt.date) -> FieldContent:
    """Normal form of `value` for `spec`; None means the paper has none. Raises ValueError."""
    if value is None or isinstance(value, bool):
        return value
    if spec.type == "list" or isinstance(value, list):
        rows = value if isinstance(value, list) else str(value).splitlines()
        return [_text(row) for row in rows if _text(row)] or None
    text = _text(str(value))
    if not text:
        return None
    if spec.type == "date":
        return _date(text, today, ahead=spec.key in _MAY_LIE_AHEAD)
    check = _CHECKS.get(spec.type)
    return check(text, today) if check else text


def _text(value: str) -> str:
    text = nfc(value).strip()
    if len(text) > MAX_TEXT:
        raise ValueError(f"Giá trị dài quá {MAX_TEXT} chữ.")
    if any(ord(c) < 32 and c not in "\n\t" for c in text):
        raise ValueError("Giá trị có ký tự điều khiển.")
    return text


def _date(text: str, today: dt.date, *, ahead: bool) -> str:
    found = _ISO.fullmatch(text)
    if found:
        year, month, day = (int(g) if g else None for g in found.groups())
        try:
            dt.date(year or 0, month or 1, day or 1)
        except ValueError as error:
            raise ValueError("Ngày tháng không có thật.") from error
        iso = text
    else:
        date = parse_date(text)
        if date is None:
            raise ValueError("Ngày viết theo dạng ngày/tháng/năm, như 05/03/2021.")
        iso = date.iso()
    if not ahead and iso > today.isoformat():
        raise ValueError("Ngày ở tương lai.")
    return iso


def _personal_number(text: str, today: dt.date) -> str:
    digits = re.sub(r"[\s.]", "", text)
    if decode_personal_number(digits, today=today) is None:
        raise ValueError("Số định danh phải có 12 chữ số, đúng mã tỉnh và năm sinh.")
    return digits


def _old_number(text: str, today: dt.date) -> str:
    digits = re.sub(r"[\s.]", "", text)
    if not is_old_identity_number(digits):
        raise ValueError("Số chứng minh nhân dân phải có 9 chữ số.")
    return digits


def _tax_code(text: str, today: dt.date) -> str:
    digits = re.sub(r"\s", "", text)
    if not is_tax_code(digits) and decode_personal_number(digits, today=today) is None:
        raise ValueError("Mã số thuế không đúng chữ số kiểm tra.")
    return digits


def _gender(text: str, today: dt.date) -> str:
    if text.casefold() not in ("nam", "nữ"):
        raise ValueError("Giới tính ghi Nam hoặc Nữ.")
    return text.capitalize()


def _integer(text: str, today: dt.date) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise ValueError("Giá trị phải là số.")
    return int(text)


_CHECKS: dict[str, Callable[[str, dt.date], FieldContent]] = {
    "id12": _personal_number,
    "id9": _old_number,
    "mst": _tax_code,
    "gender": _gender,
    "integer": _integer,
}
