# SPDX-License-Identifier: Apache-2.0
"""Báo cáo kiểm tra chữ ký số as a PDF/A to keep with the file or to print."""

from __future__ import annotations

from storage.pdf.typeset import Paragraph, typeset
from storage.signing.etsi_report import etsi_report
from workflows.domain.signature import Verification
from workflows.errors import NotFound
from workflows.verification import conclude, rows_of, shown

_LABELS = 118.0  # points


def report_pdf(told: Verification, name: str, *, version: str) -> bytes:
    """`name`: of the file that was looked at; most reports fit one page.

    Raises `ValueError` for a verification that does not say when it was made.
    """
    if told.checked_at is None:
        raise ValueError("a verification without a time")
    end = conclude(told)
    title = "Báo cáo kiểm tra chữ ký số"
    paragraphs = [
        Paragraph(text=title.upper(), size=16, strong=True),
        _row("Tệp", name, before=10),
        _row("SHA-256", told.sha256 or "không tính được"),
        _row("Kiểm tra lúc", f"{shown(told.checked_at)} (giờ Việt Nam)"),
        Paragraph(text="KẾT LUẬN", size=12, before=12, strong=True),
        Paragraph(text=end.said, size=12, strong=True),
        _row("Việc cần làm", end.next_step),
        *(_row("Lưu ý", warning) for warning in told.warnings),
    ]
    for number, report in enumerate(told.signatures, 1):
        kind = "DẤU THỜI GIAN" if report.is_timestamp else "CHỮ KÝ"
        field = f" ({report.field_name})" if report.field_name else ""
        head = f"{kind} {number}/{len(told)}{field}"
        paragraphs.append(Paragraph(text=head, size=11, before=10, strong=True))
        paragraphs += [_row(label, value) for label, value in rows_of(report, told.checked_at)]
    return typeset(
        paragraphs, title=f"{title}: {name}", created=told.checked_at, foot=f"Sohoa {version}"
    )


def report_xml(told: Verification) -> bytes:
    """As ETSI TS 119 102-2; `NotFound` for a file without a signature: it knows no such report."""
    if not told.signatures:
        raise NotFound(
            "no signature", message="Tệp không có chữ ký số nên không có báo cáo ETSI (XML)."
        )
    return etsi_report(told)


def _row(label: str, value: str, *, before: float = 2.0) -> Paragraph:
    return Paragraph(label=f"{label}:", text=value, size=9.5, indent=_LABELS, before=before)
