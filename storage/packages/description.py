# SPDX-License-Identifier: Apache-2.0
"""Siêu dữ liệu mô tả: the EAD fields of TT 05/2025/TT-BNV, PL I-IV, for a package and its papers.

Code tables (tên loại, ngôn ngữ, …) are the circular's. A value longer than the law's field is
shortened there, with a warning: it stays whole in the record of the package.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from storage.packages.naming import Names
from workflows.domain.package import DocumentRecord, Package, PackagePurpose
from workflows.ports.clock import VIETNAM

Fields = dict[str, str]
Warn = Callable[[str], None]

# typeName 01 to 31, in the order of the circular's table; 32 is any other
_TYPES = (
    "nghi_quyet",
    "quyet_dinh",
    "chi_thi",
    "quy_che",
    "quy_dinh",
    "thong_cao",
    "thong_bao",
    "huong_dan",
    "chuong_trinh",
    "ke_hoach",
    "phuong_an",
    "de_an",
    "du_an",
    "bao_cao",
    "to_trinh",
    "giay_uy_quyen",
    "phieu_gui",
    "phieu_chuyen",
    "phieu_bao",
    "bien_ban",
    "hop_dong",
    "cong_van",
    "cong_dien",
    "ban_ghi_nho",
    "ban_thoa_thuan",
    "giay_moi",
    "giay_gioi_thieu",
    "giay_nghi_phep",
    "thu_cong",
    "ban_do",
    "ban_ve",
)
_OTHER_TYPE = "32"
_VIETNAMESE = "01"
_BORN_DIGITAL, _DIGITIZED, _MIXED = "01", "02", "03"
_LENGTHS = {"title": 1000, "subject": 500, "organName": 200, "codeNumber": 11, "codeNotation": 30}


def describe_package(package: Package, names: Names, warn: Warn) -> Fields:
    """EAD.xml: 18 fields of a dossier, or the head of a bundle of loose papers."""
    sip = package.order.kind is PackagePurpose.SIP
    code = {"fileCode": names.file_code} if sip else {"arcFileCode": names.archived_code}
    title = _fitted("title", title_of(package), "tiêu đề hồ sơ", warn)
    note = f"Lập bởi {package.exported_by}. Mục đích: {package.order.purpose}."[:2000]
    if not package.is_dossier:
        count = {"totalDoc": str(len(package.documents))} if sip else {}
        return code | {"title": title, "source": "1", **count, "description": note}
    start, end = days_of(package)
    return code | {
        "title": title,
        "maintenance": package.order.retention.value,
        "mode": package.order.mode.value,
        "language": _VIETNAMESE,
        "startDate": shown_day(start),
        "endDate": shown_day(end),
        "keyword": "",
        "totalDoc": str(len(package.documents)),
        "numberOfPaper": _sheets(package, warn),
        "numberOfPage": str(sum(r.document.page_count for r in package.documents)),
        "format": "",
        "inforSign": "",
        "confidenceLevel": _confidence(package),
        "paperFileCode": _paper_code(package, warn),
        "riskRecovery": "0",
        "riskRecoveryStatus": "",
        "description": note,
    }


def describe_document(
    record: DocumentRecord, ordinal: int, package: Package, names: Names, warn: Warn
) -> Fields:
    """EAD_doc.xml: 19 fields of a paper in an AIP, 21 in a SIP."""
    document, values = record.document, record.values
    place = names.documents[ordinal - 1]
    number, notation = number_of(values)
    common = {
        "mode": package.order.mode.value,
        "language": _VIETNAMESE,
        "keyword": "",
        "numberOfPage": str(document.page_count),
        "format": "",
        "inforSign": "",
        "confidenceLevel": _BORN_DIGITAL if document.came_signed else _DIGITIZED,
        "description": (document.result_code or "")[:500],
        "docCode": f"{names.file_code}.{ordinal:07d}",
        "typeName": type_code_of(document.type_code),
        "codeNumber": _fitted("codeNumber", number, place, warn),
        "codeNotation": _fitted("codeNotation", notation, place, warn),
        "issuedDate": shown_day(day_of(values.get("issued_on"))),
        "organName": _fitted("organName", text_of(values.get("issuer")), place, warn),
        "subject": _fitted("subject", subject_of(record), place, warn),
        "autograph": "",
        "process": "0",
    }
    if package.order.kind is PackagePurpose.AIP:
        return {"arcFileCode": names.archived_code} | common | {"docOrdinal": str(ordinal)}
    return (
        {"docId": place, "maintenance": package.order.retention.value}
        | common
        | {"riskRecovery": "0", "riskRecoveryStatus": ""}
    )


def title_of(package: Package) -> str:
    around = package.around
    if around.dossier is None:
        boxes = ", ".join(b.name for b in around.batches)
        return f"Giấy tờ số hóa của {around.unit.name}" + (f": {boxes}" if boxes else "")
    procedure = around.procedure.name if around.procedure else around.dossier.procedure_code
    holders = {h.id: h.name for h in around.holders}
    return f"{procedure} - {holders.get(around.dossier.holder_id, '')}".strip(" -")


def days_of(package: Package) -> tuple[dt.date | None, dt.date | None]:
    """Bắt đầu, kết thúc: first and last date among the papers and the dossier."""
    days = [d for r in package.documents if (d := day_of(r.values.get("issued_on")))]
    if package.around.dossier:
        days.append(package.around.dossier.received_on)
    days += [r.document.created_at.astimezone(VIETNAM).date() for r in package.documents]
    return (min(days), max(days)) if days else (None, None)


def subject_of(record: DocumentRecord) -> str:
    """Trích yếu; for a certificate its name and whose it is."""
    values, document = record.values, record.document
    found = text_of(values.get("abstract"))
    whose = document.owner_name or text_of(values.get("full_name"))
    return found or " - ".join(filter(None, [document.type_name, whose]))


def number_of(values: Any) -> tuple[str, str]:
    """(số, ký hiệu), from their own fields or split off the whole number."""
    number, notation = text_of(values.get("number")), text_of(values.get("symbol"))
    whole = text_of(values.get("full_number"))
    if not number and whole:
        number, _, rest = whole.partition("/")
        notation = notation or rest
    return number, notation


def type_code_of(type_code: str) -> str:
    return f"{_TYPES.index(type_code) + 1:02d}" if type_code in _TYPES else _OTHER_TYPE


def text_of(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(text_of(v) for v in value)
    return "" if value is None else str(value)


def day_of(value: Any) -> dt.date | None:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            return None
    return None


def shown_day(day: dt.date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def _fitted(name: str, value: str, place: str, warn: Warn) -> str:
    longest = _LENGTHS[name]
    if len(value) <= longest:
        return value
    warn(f"{place}: {name} dài {len(value)} ký tự, quá {longest}; đã rút gọn trong bảng mô tả")
    return value[: longest - 1] + "…"


def _sheets(package: Package, warn: Warn) -> str:
    """Số lượng tờ: what was declared at scanning; pages and sheets are not the same count."""
    scans = {r.scan.id: r.scan.declared_sheets for r in package.documents}
    known = [n for n in scans.values() if n is not None]
    if len(known) < len(scans):
        warn("hồ sơ: số tờ không được khai khi quét nên để trống (numberOfPaper)")
        return ""
    return str(sum(known))


def _confidence(package: Package) -> str:
    born = {r.document.came_signed for r in package.documents}
    return _MIXED if len(born) > 1 else (_BORN_DIGITAL if born == {True} else _DIGITIZED)


def _paper_code(package: Package, warn: Warn) -> str:
    code = package.order.paper_code
    if not code and _confidence(package) != _BORN_DIGITAL:
        warn("hồ sơ: chưa nêu mã hồ sơ gốc giấy (paperFileCode), bắt buộc với hồ sơ số hóa")
    return code[:100]
