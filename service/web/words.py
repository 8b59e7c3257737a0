# SPDX-License-Identifier: Apache-2.0
"""How states and values are said on screen, and how typed text becomes a value again."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

from workflows.domain.document import Document, DocumentState, ReadingStatus
from workflows.domain.package import ExportState
from workflows.domain.signature import SignatureState
from workflows.domain.station import JobState
from workflows.errors import SohoaError
from workflows.verification import TITLES

STATES = {
    DocumentState.RECEIVED: "Đã tiếp nhận",
    DocumentState.CAPTURED: "Đã sao chụp",
    DocumentState.EXTRACTED: "Đã bóc tách",
    DocumentState.CODED: "Đã cấp mã",
    DocumentState.STORED: "Đã lưu",
    DocumentState.SET_ASIDE: "Để lại",
    DocumentState.REJECTED: "Không nhận",
    DocumentState.SUPERSEDED: "Đã được thay thế",
    DocumentState.DESTROYED: "Đã tiêu hủy",
    DocumentState.REVOKED: "Đã thu hồi",
}
READINGS = {
    ReadingStatus.WAITING: "Đang đọc",
    ReadingStatus.READ: "Đã đọc",
    ReadingStatus.FAILED: "Không đọc được",
    ReadingStatus.QUARANTINED: "Cách ly",
}
JOBS = {
    JobState.WAITING: "Chờ trạm nhận việc",
    JobState.SCANNING: "Đang quét",
    JobState.PAUSED: "Tạm dừng",
    JobState.SCANNED: "Đã quét xong, đang gửi",
    JobState.REVIEW: "Chờ xem lại",
    JobState.DELIVERED: "Đã tiếp nhận",
    JobState.REFUSED: "Không tiếp nhận",
    JobState.FAILED: "Không quét được",
    JobState.CANCELLED: "Đã dừng",
}
EXPORTS = {
    ExportState.WAITING: "Chờ đến lượt",
    ExportState.RUNNING: "Đang lập gói",
    ExportState.DONE: "Đã xong",
    ExportState.FAILED: "Không lập được",
}
STEPS = (
    (DocumentState.CAPTURED, "Sao chụp"),
    (DocumentState.EXTRACTED, "Bóc tách"),
    (DocumentState.CODED, "Cấp mã"),
    (DocumentState.STORED, "Lưu"),
)
_ORDER = [DocumentState.RECEIVED, *(state for state, _ in STEPS)]
LISTS = frozenset({"addressees", "recipients", "signing_authority"})


def state_text(state: DocumentState) -> str:
    return STATES[state]


def job_text(state: JobState) -> str:
    return JOBS[state]


def reading_text(reading: ReadingStatus) -> str:
    return READINGS[reading]


def failure_text(code: str | None) -> tuple[str, str]:
    """(what happened, what to do) of an error's code."""
    kind = _errors().get(code or "")
    if kind is None:
        return "Máy gặp lỗi khi đọc.", "Đọc lại; nếu vẫn lỗi, báo quản trị kèm mã lỗi."
    return kind.message, kind.remedy


@cache
def _errors() -> dict[str, type[SohoaError]]:
    found: dict[str, type[SohoaError]] = {}
    kinds = [SohoaError]
    while kinds:
        kind = kinds.pop()
        found[kind.code] = kind
        kinds += kind.__subclasses__()
    return found


def signature_text(state: SignatureState) -> str:
    return TITLES[state]


def steps(document: Document) -> list[tuple[str, str]]:
    """(name, done|now|later) of the law's four steps for this paper."""
    state = document.state_before or document.state
    done = _ORDER.index(state) if state in _ORDER else len(_ORDER)
    return [
        (name, "done" if n < done else "now" if n == done else "later")
        for n, (_, name) in enumerate(STEPS)
    ]


def field_text(value: Any) -> str:
    """A value as one editable text; lists one entry a line."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(str(v) for v in value)
    if isinstance(value, bool):
        return "Có" if value else "Không"
    return str(value)


def day_text(value: Any) -> str:
    """An ISO date, perhaps without day or month, as dd/MM/yyyy, MM/yyyy or yyyy."""
    return "/".join(reversed(str(value).split("-"))) if value else ""


def parse_field(name: str, text: str) -> Any:
    """What the person typed, NFC; empty means the paper has none."""
    clean = unicodedata.normalize("NFC", text).strip()
    if not clean:
        return None
    if name in LISTS:
        return [line.strip() for line in clean.splitlines() if line.strip()]
    return clean
