# SPDX-License-Identifier: Apache-2.0
"""What in a PDF can act or change what is shown although no signed byte changes."""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.reader import PdfFileReader

from storage.signing.pdf_objects import entry

_ACTS = {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/URI"}


def active_content(reader: PdfFileReader) -> list[str]:
    """Warnings for a person; a signature that covers such things is not broken by them."""
    try:
        return [text for text, there in _looked_for(reader.root) if there]
    except Exception:  # what nobody can read is told by the signatures' own reports
        return []


def _looked_for(root: Any) -> list[tuple[str, bool]]:
    names, form = entry(root, "/Names"), entry(root, "/AcroForm")
    opening = entry(root, "/OpenAction")
    script = _has(names, "/JavaScript") or str(entry(opening, "/S") or "") == "/JavaScript"
    acts = str(entry(opening, "/S") or "") in _ACTS - {"/JavaScript"} or _has(root, "/AA")
    return [
        ("Tệp chứa mã JavaScript: nội dung hiển thị có thể thay đổi khi mở.", script),
        ("Tệp tự thực hiện hành động khi mở (mở tệp khác, gửi dữ liệu).", acts),
        ("Tệp dùng biểu mẫu động XFA: nội dung hiển thị không cố định.", _has(form, "/XFA")),
        (
            "Tệp có tệp đính kèm; chữ ký không xác nhận người ký đã xem tệp đính kèm.",
            _has(names, "/EmbeddedFiles") or _has(root, "/AF"),
        ),
        ("Tệp có lớp ẩn/hiện: phần nhìn thấy tùy chương trình đọc.", _has(root, "/OCProperties")),
    ]


def _has(thing: Any, key: str) -> bool:
    return isinstance(thing, DictionaryObject) and key in thing
