# SPDX-License-Identifier: Apache-2.0
"""What goes into a package, in the order it is written: papers, their metadata, the whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from storage.packages import description, markup, nd30
from storage.packages.bagging import wrap
from storage.packages.entries import Entry, ending_of
from storage.packages.markup import SCHEMAS, XSI, node
from storage.packages.mets import PaperFiles, RootFiles, representation_mets, root_mets
from storage.packages.naming import DATA, REP, Names
from storage.packages.premis import package_premis, representation_premis
from storage.packages.records import (
    FORMAT,
    CaseRecord,
    canonical,
    case_as_json,
    document_as_json,
    extractions_as_json,
)
from storage.packages.trees import PAYLOAD
from storage.packages.zipped import ZipWriter
from workflows.domain.document import StoredObject
from workflows.domain.package import DocumentRecord, Package, PackagePurpose

Read = Callable[[StoredObject], bytes]
_ABOUT = "documentation"
CASE_RECORD = f"{_ABOUT}/sohoa.json"
_README = """Gói tin lưu trữ do Sohoa lập ({type}), theo Thông tư 05/2025/TT-BNV.

representations/rep1/data/<tên>.pdf             giấy tờ có giá trị chứng cứ (bản sao chụp đã ký số,
                                                hoặc chính tệp gốc nếu gốc đã có chữ ký số)
representations/rep1/data/<tên>.original.*      tệp gốc như khi quét hoặc nhận
representations/rep1/data/<tên>.page-NNNN.*     ảnh từng trang
representations/rep1/data/<tên>.extraction.json kết quả bóc tách của máy
representations/rep1/data/<tên>.record.json     các trường đã xác nhận và mọi dữ liệu của giấy tờ
documentation/nd30/                             bảng đặc tả hồ sơ, văn bản (NĐ 30/2020, PL VI)
documentation/signatures.json                   kết quả kiểm tra chữ ký số khi lập gói
documentation/sohoa.json                        dữ liệu để nhập lại vào Sohoa
metadata/, METS.xml, schemas/                   siêu dữ liệu EAD, PREMIS, METS và lược đồ
"""


@dataclass(slots=True)
class PackageWriter:
    """Fills one ZIP file. `warnings` grows while it works."""

    package: Package
    names: Names
    writer: ZipWriter
    read: Read
    base: str = ""  # "data/<folder>/" inside a bag
    warnings: list[str] = field(default_factory=list)

    def write(self) -> None:
        papers = [self._paper(r, n) for n, r in enumerate(self.package.documents, 1)]
        preserved = self.package.order.kind is PackagePurpose.AIP
        premis = premis_rep = None
        if preserved:
            content = representation_premis(self.package, self.names, papers)
            place = f"{REP}/metadata/preservation/PREMIS_rep1.xml"
            premis_rep = self._add(place, content, self._made)
        inner = representation_mets(self.package, self.names, papers, premis_rep)
        representation = self._add(f"{REP}/METS.xml", inner, self._made)
        ead = self._add("metadata/descriptive/EAD.xml", self._ead(), self._made)
        if preserved:
            content = package_premis(self.package, self.names)
            premis = self._add("metadata/preservation/PREMIS.xml", content, self._made)
        files = RootFiles(
            ead=ead,
            premis=premis,
            representation=representation,
            documentation=self._documentation(),
            schemas=self._schemas(),
        )
        self._add("METS.xml", root_mets(self.package, self.names, files), self._made)
        if self.package.order.bag:
            written = [(e.path, e.sha256, e.size) for e in self.writer.entries]
            wrap(self.writer, self.package, self.names, written)

    @property
    def _made(self) -> dt.datetime:
        """When the content came to be what it is; only the headers tell when it was exported."""
        return max(r.document.stored_at or r.document.created_at for r in self.package.documents)

    def _add(self, path: str, content: bytes, created: dt.datetime, media_type: str = "") -> Entry:
        entry = self.writer.add(self.base + path, content, created, media_type)
        return Entry(
            path=path,
            sha256=entry.sha256,
            size=entry.size,
            media_type=entry.media_type,
            created=created,
        )

    def _paper(self, record: DocumentRecord, ordinal: int) -> PaperFiles:
        name = self.names.documents[ordinal - 1]
        made = record.document.stored_at or record.document.created_at
        kept = [
            self._add(f"{DATA}/{file}", self.read(stored), made, stored.media_type)
            for file, stored in data_files(record, name)
        ]
        kept.append(self._add(f"{DATA}/{name}.record.json", document_as_json(record), made))
        extracted = extractions_as_json(record)
        kept.append(self._add(f"{DATA}/{name}.extraction.json", extracted, made))
        fields = description.describe_document(
            record, ordinal, self.package, self.names, self.warnings.append
        )
        told = self._add(
            f"{REP}/metadata/descriptive/EAD_doc_{name}.xml",
            _simple(fields, "../../../../schemas/EAD_doc.xsd"),
            made,
        )
        return PaperFiles(description=told, main=kept[0], attached=tuple(kept[1:]))

    def _ead(self) -> bytes:
        fields = description.describe_package(self.package, self.names, self.warnings.append)
        return _simple(fields, "../../schemas/EAD.xsd")

    def _documentation(self) -> list[Entry]:
        package, names = self.package, self.names
        files, papers = nd30.file_rows(package, names), nd30.document_rows(package, names)
        case = CaseRecord(
            format=FORMAT, around=package.around, events=package.events, documents=names.documents
        )
        contents = {
            CASE_RECORD: case_as_json(case),
            f"{_ABOUT}/signatures.json": canonical(dict(package.signatures)),
            f"{_ABOUT}/nd30/ho-so.xml": nd30.as_xml("DanhSachHoSo", "HoSo", files),
            f"{_ABOUT}/nd30/ho-so.csv": nd30.as_csv(nd30.FILE_COLUMNS, files),
            f"{_ABOUT}/nd30/van-ban.xml": nd30.as_xml("DanhSachVanBan", "VanBan", papers),
            f"{_ABOUT}/nd30/van-ban.csv": nd30.as_csv(nd30.DOCUMENT_COLUMNS, papers),
            f"{_ABOUT}/nd30/nd30.xlsx": nd30.as_xlsx(package, names),
            f"{_ABOUT}/README.txt": _README.format(type=package.type_name).encode(),
        }
        return [self._add(path, content, self._made) for path, content in contents.items()]

    def _schemas(self) -> list[Entry]:
        return [
            self._add(f"schemas/{name}", (SCHEMAS / source).read_bytes(), self._made)
            for name, source in schemas_of(self.package.type_name).items()
        ]


def base_of(package: Package, names: Names) -> str:
    return f"{PAYLOAD}{names.folder}/" if package.order.bag else ""


def data_files(record: DocumentRecord, name: str) -> list[tuple[str, StoredObject]]:
    """(file name under data/, object): the evidence first, every object once."""
    document = record.document
    found = [(f"{name}.{ending_of(record.evidence.media_type)}", record.evidence)]
    found.append((f"{name}.original.{ending_of(document.original.media_type)}", document.original))
    found += [(f"{name}.signed-{copy.revision}.pdf", copy.object) for copy in record.signed_copies]
    if document.copy is not None:
        found.append((f"{name}.copy.pdf", document.copy))
    found += [
        (f"{name}.page-{page.number:04d}.{ending_of(page.image.media_type)}", page.image)
        for page in record.pages
    ]
    seen: set[str] = set()
    return [(n, o) for n, o in found if not (o.key in seen or seen.add(o.key))]  # type: ignore[func-returns-value]


def schemas_of(type_name: str) -> dict[str, str]:
    """Name in the package -> file in `schemas/`."""
    kind = type_name[:3]
    known = {
        "METS.xsd": "METS.xsd",
        "xlink.xsd": "xlink.xsd",
        "CSIP.xsd": "CSIP.xsd",
        "EAD.xsd": f"EAD_{type_name}.xsd",
        "EAD_doc.xsd": f"EAD_doc_{kind}.xsd",
    }
    return known | ({"PREMIS.xsd": "PREMIS.xsd"} if kind == PackagePurpose.AIP else {})


def _simple(fields: description.Fields, schema: str) -> bytes:
    root = markup.document("simpledc", {"xsi": XSI})
    root.set(f"{{{XSI}}}noNamespaceSchemaLocation", schema)
    for name, value in fields.items():
        root.append(node(name, value))
    return markup.write(root)
