# SPDX-License-Identifier: Apache-2.0
"""Kết luận kiểm tra chữ ký: what the states of a file's signatures mean for the clerk.

One set of words for screen, command line, JSON and PDF: a conclusion, and what to do next.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workflows.domain.signature import (
    GRAVEST_FIRST,
    Changes,
    Coverage,
    Revocation,
    RevocationSource,
    SignatureReport,
    SignatureState,
    TimeSource,
    Verification,
)
from workflows.ports.clock import VIETNAM

TITLES = {
    SignatureState.VALID: "Hợp lệ",
    SignatureState.PROVEN: "Hợp lệ theo dấu thời gian",
    SignatureState.REVOCATION_UNKNOWN: "Chưa rõ tình trạng thu hồi",
    SignatureState.EXPIRED: "Chứng thư hết hạn",
    SignatureState.UNTRUSTED: "Chưa tin cậy nơi cấp",
    SignatureState.WEAK_DIGEST: "Thuật toán yếu",
    SignatureState.DOUBTFUL: "Cần người xem lại",
    SignatureState.REVOKED: "Chứng thư bị thu hồi",
    SignatureState.ALTERED: "Bị sửa sau khi ký",
    SignatureState.UNREADABLE: "Không đọc được",
}
ADVICE = {
    SignatureState.VALID: "Dùng được; không cần làm gì thêm.",
    SignatureState.PROVEN: "Dùng được: dấu thời gian chứng minh chữ ký có trước khi chứng thư hết "
    "hiệu lực.",
    SignatureState.REVOCATION_UNKNOWN: "Quản trị đặt danh sách thu hồi (CRL) của nơi cấp vào thư "
    "mục tin cậy rồi kiểm tra lại; chưa nên dùng làm căn cứ khi chưa rõ.",
    SignatureState.EXPIRED: "Không có dấu thời gian chứng minh đã ký khi chứng thư còn hiệu lực: "
    "đề nghị nơi phát hành cung cấp bản có dấu thời gian, hoặc đối chiếu bản gốc.",
    SignatureState.UNTRUSTED: "Nội dung chưa bị sửa nhưng chưa xác nhận được ai cấp chứng thư: "
    "quản trị thêm chứng thư gốc của nơi cấp vào thư mục tin cậy nếu được công nhận.",
    SignatureState.WEAK_DIGEST: "Nội dung khớp nhưng thuật toán đã lỗi thời: đối chiếu với nguồn "
    "phát hành trước khi dùng làm căn cứ.",
    SignatureState.DOUBTFUL: "Mở tệp, so phần thêm sau chữ ký chứng nhận với nơi phát hành rồi "
    "quyết định.",
    SignatureState.REVOKED: "Không dùng: chứng thư đã bị thu hồi. Đề nghị nơi phát hành ký lại.",
    SignatureState.ALTERED: "Không dùng: nội dung khác với lúc ký. Đề nghị người nộp gửi lại tệp "
    "gốc.",
    SignatureState.UNREADABLE: "Không dùng làm bản có chữ ký: đề nghị gửi lại tệp gốc, hoặc xử lý "
    "như bản chưa ký.",
}
TIME_SOURCES = {
    TimeSource.STAMP: "dấu thời gian",
    TimeSource.PDF: "đồng hồ máy ký",
    TimeSource.SIGNER: "phần mềm ký",
    TimeSource.NONE: "không có",
}
REVOCATIONS = {
    Revocation.GOOD: "Không bị thu hồi",
    Revocation.REVOKED: "Bị thu hồi",
    Revocation.UNKNOWN: "Chưa tra cứu được",
    Revocation.NOT_ANNOUNCED: "Chứng thư không công bố nơi tra cứu",
    Revocation.UNCHECKED: "Chưa kiểm tra (chưa có chuỗi tin cậy)",
}
REVOCATION_SOURCES = {
    RevocationSource.ANSWER_IN_FILE: "câu trả lời OCSP trong tệp",
    RevocationSource.LIST_IN_FILE: "danh sách thu hồi trong tệp",
    RevocationSource.LIST_IN_FOLDER: "danh sách thu hồi ở thư mục tin cậy",
}
COVERAGES = {
    Coverage.FILE: "Cả tệp",
    Coverage.REVISION: "Toàn bộ tệp tại lúc ký",
    Coverage.PARTIAL: "Không trọn vẹn",
}
CHANGES = {
    Changes.NONE: "Không có thay đổi",
    Changes.PRESERVATION: "Chỉ bổ sung dữ liệu bảo toàn chữ ký",
    Changes.FORM: "Chỉ ký thêm hoặc điền biểu mẫu",
    Changes.FORBIDDEN: "Có thay đổi không được phép",
    Changes.UNKNOWN: "Chưa xác định",
}


class Verdict(StrEnum):
    """Of a whole file; the three of ETSI EN 319 102-1, and a file nobody signed."""

    VALID = "hop_le"  # TOTAL-PASSED
    DOUBTFUL = "can_xem_xet"  # INDETERMINATE
    INVALID = "khong_hop_le"  # TOTAL-FAILED
    UNSIGNED = "khong_co_chu_ky"


_FAILED = {SignatureState.ALTERED, SignatureState.REVOKED, SignatureState.UNREADABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """In plain words: `said` is what was found, `next_step` what the clerk does now."""

    verdict: Verdict
    said: str
    next_step: str

    def as_json(self) -> dict[str, Any]:
        return {"verdict": self.verdict.value, "said": self.said, "next_step": self.next_step}


def conclude(told: Verification) -> Conclusion:
    """The gravest state of any signature, document time stamps included, decides."""
    if not told.signatures:
        return Conclusion(
            verdict=Verdict.UNSIGNED,
            said="Tệp không có chữ ký số.",
            next_step="Xử lý như bản chưa ký; nếu đáng lẽ phải có chữ ký, đề nghị gửi lại tệp gốc.",
        )
    worst = min((r.state for r in told.signatures), key=GRAVEST_FIRST.index)
    count = len(told.personal)
    if worst.holds:
        return Conclusion(
            verdict=Verdict.VALID, said=_all_hold(told, count), next_step=ADVICE[worst]
        )
    concerned = [r for r in told.signatures if r.state is worst]
    who = ", ".join(dict.fromkeys(r.signer_name for r in concerned if r.signer_name))
    where = f" ({who})" if who else ""
    good = sum(r.state.holds for r in told.personal)
    return Conclusion(
        verdict=Verdict.INVALID if worst in _FAILED else Verdict.DOUBTFUL,
        said=f"{TITLES[worst]}{where}. {good}/{count} chữ ký hợp lệ.",
        next_step=ADVICE[worst],
    )


def _all_hold(told: Verification, count: int) -> str:
    if not count:
        return "Tệp có dấu thời gian hợp lệ, không có chữ ký của người hoặc cơ quan."
    who = ", ".join(dict.fromkeys(r.signer_name for r in told.personal if r.signer_name))
    return f"Cả {count} chữ ký hợp lệ: {who}." if count > 1 else f"Chữ ký hợp lệ: {who}."


def rows_of(report: SignatureReport, at: dt.datetime | None = None) -> list[tuple[str, str]]:
    """One signature as (label, value), every value in words; empty ones are left out.

    `at`: when it was checked, now where that is not said.
    """
    stamp = report.is_timestamp
    rows = [
        ("Nơi cấp dấu thời gian" if stamp else "Người ký", report.signer_name),
        ("Cơ quan", report.organisation),
        ("Nội dung ký", report.purpose),
        ("Kết luận", ", ".join(TITLES[s] for s in report.states or (report.state,))),
        ("Lý do", report.reason),
        ("Việc cần làm", ADVICE[report.state]),
        ("Thời gian ký", _when(report)),
        ("Chắc chắn đã có từ", shown(report.proven_at)),
        ("Phần được ký", COVERAGES[report.coverage]),
        ("Sau khi ký", CHANGES[report.changes]),
        ("Thu hồi", _revocation(report, at or dt.datetime.now(dt.UTC))),
        ("Mức và thuật toán", " · ".join(p for p in (report.level, report.digest.upper()) if p)),
        ("Chứng thư", _certificate(report)),
        ("Vị trí", _place(report)),
        ("Khóa ô biểu mẫu", report.locked_fields),
        ("Ghi chú", " ".join(report.notes)),
    ]
    return [(label, value) for label, value in rows if value]


def shown(when: dt.datetime | None) -> str:
    """Vietnam time, to the second."""
    return f"{when.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}" if when else ""


def _when(report: SignatureReport) -> str:
    if report.signed_at is None:
        return "không ghi"
    return f"{shown(report.signed_at)} (theo {TIME_SOURCES[report.time_source]})"


def _revocation(report: SignatureReport, at: dt.datetime) -> str:
    if report.state is SignatureState.UNREADABLE:
        return ""
    since = f" từ {shown(report.revoked_at)}" if report.revoked_at else ""
    if since and report.revocation is Revocation.GOOD:
        since = f" khi ký; bị thu hồi{since}"
    return REVOCATIONS[report.revocation] + since + _whose_word(report, at)


def _whose_word(report: SignatureReport, at: dt.datetime) -> str:
    """Which list or answer that was, how old at `at`, and whether it had run out by then."""
    made = report.revocation_as_of
    if made is None or report.revocation_source is RevocationSource.NONE:
        return ""
    days = max(0, (at - made).days)
    age = "trong ngày" if days == 0 else f"{days} ngày trước khi kiểm tra"
    word = f"{REVOCATION_SOURCES[report.revocation_source]}, lập {shown(made)[:16]}, {age}"
    until = report.revocation_until
    over = f", đã quá hạn {shown(until)[:10]}" if until is not None and until < at else ""
    return f" (theo {word}{over})"


def _certificate(report: SignatureReport) -> str:
    if report.valid_to is None:
        return ""
    span = f"hiệu lực {shown(report.valid_from)[:10]} đến {shown(report.valid_to)[:10]}"
    return f"số {report.serial}, {report.issuer}, {span}"


def _place(report: SignatureReport) -> str:
    if report.is_timestamp or report.state is SignatureState.UNREADABLE:
        return ""
    certifies = " · chữ ký chứng nhận" if report.certifies else ""
    if not report.visible:
        return f"không hiển thị trên trang{certifies}"
    return f"trang {report.page}{certifies}"
