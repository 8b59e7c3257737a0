# SPDX-License-Identifier: Apache-2.0
"""Bảng dữ liệu đặc tả hồ sơ và văn bản (NĐ 30/2020/NĐ-CP, PL VI) as XML, CSV and XLSX.

Column names are the decree's own. Cells are text, never formulas: what OCR read may begin with "=".
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from storage.packages import markup
from storage.packages.description import (
    day_of,
    days_of,
    number_of,
    shown_day,
    subject_of,
    text_of,
    title_of,
)
from storage.packages.markup import Node, node
from storage.packages.naming import Names
from workflows.domain.package import DocumentRecord, Package
from workflows.ports.clock import VIETNAM

Row = Mapping[str, str]

FILE_COLUMNS: Mapping[str, str] = {
    "FileCode.OrganId": "Mã cơ quan lập danh mục hồ sơ",
    "FileCode.FileCatalog": "Năm hình thành hồ sơ",
    "FileCode.FileNotation": "Số và ký hiệu hồ sơ",
    "Title": "Tiêu đề hồ sơ",
    "Maintenance": "Thời hạn bảo quản",
    "Rights": "Chế độ sử dụng",
    "Creator": "Người lập hồ sơ",
    "Language": "Ngôn ngữ",
    "StartDate": "Thời gian bắt đầu",
    "EndDate": "Thời gian kết thúc",
    "DocTotal": "Tổng số văn bản",
    "PageTotal": "Tổng số trang",
    "Description": "Ghi chú",
}
DOCUMENT_COLUMNS: Mapping[str, str] = {
    "FileCode.OrganId": "Mã cơ quan lập danh mục hồ sơ",
    "FileCode.FileCatalog": "Năm hình thành hồ sơ",
    "FileCode.FileNotation": "Số và ký hiệu hồ sơ",
    "DocOrdinal": "Số thứ tự văn bản trong hồ sơ",
    "TypeName": "Tên loại văn bản",
    "CodeNumber": "Số của văn bản",
    "CodeNotation": "Ký hiệu của văn bản",
    "IssuedDate": "Ngày, tháng, năm văn bản",
    "OrganName": "Tên cơ quan ban hành",
    "Subject": "Trích yếu nội dung",
    "Language": "Ngôn ngữ",
    "PageAmount": "Số trang",
    "Description": "Ghi chú",
    "SignerInfo.Position": "Chức vụ người ký",
    "SignerInfo.FullName": "Họ tên người ký",
    "To.OrganId": "Mã cơ quan nhận",
    "To.OrganName": "Tên cơ quan nhận",
    "Priority": "Mức độ khẩn",
    "IssuedAmount": "Số lượng bản phát hành",
    "DueDate": "Hạn trả lời",
    "ArrivalDate": "Ngày đến",
    "ArrivalNumber": "Số đến",
    "ToPlaces": "Nơi nhận",
    "TraceHeaderList": "Thông tin truy vết",
}
_URGENCY = ("", "khẩn", "thượng khẩn", "hỏa tốc")
_EPOCH = dt.datetime(1980, 1, 1)  # noqa: DTZ001 - the earliest date a ZIP file can hold
_UNSAFE = ("=", "+", "-", "@", "\t", "\r")


def file_rows(package: Package, names: Names) -> list[Row]:
    """One row: the dossier, or the bundle of loose papers."""
    start, end = days_of(package)
    return [
        _file_code(package, names)
        | {
            "Title": title_of(package),
            "Maintenance": package.order.retention.shown,
            "Rights": package.order.mode.shown,
            "Creator": package.exported_by,
            "Language": "Tiếng Việt",
            "StartDate": shown_day(start),
            "EndDate": shown_day(end),
            "DocTotal": str(len(package.documents)),
            "PageTotal": str(sum(r.document.page_count for r in package.documents)),
            "Description": package.order.purpose,
        }
    ]


def document_rows(package: Package, names: Names) -> list[Row]:
    """One row a paper, in the order of the package."""
    shared = _file_code(package, names)
    return [shared | _document(r, n) for n, r in enumerate(package.documents, 1)]


def as_csv(columns: Mapping[str, str], rows: Sequence[Row]) -> bytes:
    """UTF-8 with a byte order mark, as spreadsheet programs want Vietnamese."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_inert(row[name]) for name in columns] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def as_xml(root: str, item: str, rows: Sequence[Row]) -> bytes:
    """`FileCode.OrganId` becomes `<FileCode><OrganId>`, as the decree nests them."""
    return markup.write(node(root, *(_element(item, row) for row in rows)))


def as_xlsx(package: Package, names: Names) -> bytes:
    """Two sheets of typed text; the same package gives the same bytes."""
    book = Workbook(write_only=True)
    for title, columns, rows in (
        ("Hồ sơ", FILE_COLUMNS, file_rows(package, names)),
        ("Văn bản", DOCUMENT_COLUMNS, document_rows(package, names)),
    ):
        sheet = book.create_sheet(title)
        sheet.append([_cell(sheet, name, bold=True) for name in columns])
        sheet.append([_cell(sheet, said, bold=True) for said in columns.values()])
        for row in rows:
            sheet.append([_cell(sheet, row[name]) for name in columns])
    made = io.BytesIO()
    book.save(made)
    return _timeless(made.getvalue())


def _file_code(package: Package, names: Names) -> dict[str, str]:
    dossier = package.around.dossier
    year, notation = names.file_code.split(".")[-2:]
    if dossier is not None:
        year, notation = str(dossier.received_on.year), dossier.code
    return {
        "FileCode.OrganId": package.around.unit.code,
        "FileCode.FileCatalog": year,
        "FileCode.FileNotation": notation,
    }


def _document(record: DocumentRecord, ordinal: int) -> dict[str, str]:
    document, values = record.document, record.values
    number, notation = number_of(values)
    urgency = text_of(values.get("urgency")).strip().lower().replace("hoả", "hỏa")
    return {
        "DocOrdinal": str(ordinal),
        "TypeName": document.type_name,
        "CodeNumber": number,
        "CodeNotation": notation,
        "IssuedDate": shown_day(day_of(values.get("issued_on"))),
        "OrganName": text_of(values.get("issuer")),
        "Subject": subject_of(record),
        "Language": "Tiếng Việt",
        "PageAmount": str(document.page_count),
        "Description": document.result_code or "",
        "SignerInfo.Position": text_of(values.get("signer_title")),
        "SignerInfo.FullName": text_of(values.get("signer")),
        "To.OrganId": "",
        "To.OrganName": text_of(values.get("addressees")),
        "Priority": str(_URGENCY.index(urgency) if urgency in _URGENCY else 0),
        "IssuedAmount": text_of(values.get("copies")),
        "DueDate": "",
        "ArrivalDate": shown_day(record.scan.received_at.astimezone(VIETNAM).date()),
        "ArrivalNumber": "",
        "ToPlaces": text_of(values.get("recipients")),
        "TraceHeaderList": "",
    }


def _inert(cell: str) -> str:
    """A leading quote keeps a spreadsheet from running what OCR read."""
    return f"'{cell}" if cell.startswith(_UNSAFE) else cell


def _element(item: str, row: Row) -> Node:
    made = node(item)
    for name, value in row.items():
        outer, _, inner = name.rpartition(".")
        if not outer:
            made.append(node(inner, value))
            continue
        parent = made.find(outer)
        if parent is None:
            parent = node(outer)
            made.append(parent)
        parent.append(node(inner, value))
    return made


def _cell(sheet: WriteOnlyWorksheet, value: str, *, bold: bool = False) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=markup.clean(value)[:32767])  # what a cell can hold
    cell.data_type = "s"  # also of what looks like a formula or a number
    if bold:
        cell.font = Font(bold=True)
    return cell


def _timeless(xlsx: bytes) -> bytes:
    """The same workbook without the moment it was saved, inside and in the ZIP directory."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(
                    rb">[0-9T:.-]+Z</dcterms:", b">1980-01-01T00:00:00Z</dcterms:", content
                )
            place = zipfile.ZipInfo(name, _EPOCH.timetuple()[:6])
            new.writestr(place, content, zipfile.ZIP_DEFLATED)
    return made.getvalue()
