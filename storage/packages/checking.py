# SPDX-License-Identifier: Apache-2.0
"""Kiểm tra gói tin: schema, links, checksums, counts; every fault with the file it is in."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from storage.packages import bagging, markup
from storage.packages.markup import CSIP, METS, XLINK, Node
from storage.packages.naming import REP
from storage.packages.records import CaseRecord, case_from_json, document_from_json
from storage.packages.trees import BrokenTree, Tree, open_tree
from storage.packages.writing import CASE_RECORD, data_files, schemas_of
from storage.packages.zipped import is_unfinished
from workflows.domain.package import Checked, DocumentRecord, Fault

_MOST_FAULTS = 200
_HREF = f"{{{XLINK}}}href"


@dataclass(slots=True)
class Inspection:
    """One package being looked over; `faults` grows."""

    tree: Tree
    type_name: str = ""
    faults: list[Fault] = field(default_factory=list)
    papers: int = 0
    _spoken_of: set[str] = field(default_factory=lambda: {"METS.xml"})
    _sound: dict[str, str] = field(default_factory=dict)  # path -> sha-256 found to be right

    def run(self) -> None:
        if self.tree.bag:
            self.faults += bagging.faults_of(self.tree.bag)
        root = self._mets("METS.xml")
        if root is None:
            return
        if not self._known(root):
            return
        self._references(root, "")
        inner = self._mets(f"{REP}/METS.xml")
        if inner is not None:
            self._references(inner, f"{REP}/")
            self._links(inner)
        for path in self.tree.files:
            if path not in self._spoken_of:
                self._fault(path, "METS không nhắc tới tệp này")
        self._schemas()
        if self.tree.has(CASE_RECORD):
            self._records()

    def _fault(self, file: str, what: str) -> None:
        self.faults.append(Fault(file=file, what=what))

    def _mets(self, path: str) -> Node | None:
        return self._xml(path, "package.xsd")

    def _xml(self, path: str, schema: str) -> Node | None:
        try:
            root = markup.read(self.tree.read(path))
        except (BrokenTree, ValueError) as error:
            what = error.what if isinstance(error, BrokenTree) else f"không phải XML ({error})"
            self._fault(path, what)
            return None
        for broken in markup.broken_rules(root, schema)[:5]:
            self._fault(path, f"không đúng lược đồ: {broken}")
        return root

    def _known(self, root: Node) -> bool:
        """Whether it is a package of TT 05/2025/TT-BNV at all."""
        header = root.find(f"{{{METS}}}metsHdr")
        purpose = header.get(f"{{{CSIP}}}OAISPACKAGETYPE", "") if header is not None else ""
        content = {"Mixed": "hoso", "Collection": "tailieu"}.get(root.get("TYPE", ""), "")
        self.type_name = f"{purpose}_{content}"
        if purpose not in ("AIP", "SIP") or not content:
            self._fault("METS.xml", f"không rõ loại gói ({purpose or '-'}, {root.get('TYPE')})")
            return False
        if root.get("OBJID", "").replace(":", "_") != self.tree.name:
            self._fault("METS.xml", f"OBJID không khớp tên thư mục gói {self.tree.name}")
        return True

    def _references(self, mets: Node, base: str) -> None:
        """Every file METS names is there with its size and sha-256."""
        named = [(e, e) for e in mets.iter(f"{{{METS}}}mdRef")]
        for file in mets.iter(f"{{{METS}}}file"):
            place = file.find(f"{{{METS}}}FLocat")
            if place is not None:
                named.append((file, place))
        for facts, place in named:
            path = base + place.get(_HREF, "")
            self._spoken_of.add(path)
            self._fixity(path, facts)
        for pointer in mets.iter(f"{{{METS}}}mptr"):
            self._spoken_of.add(base + pointer.get(_HREF, ""))

    def _fixity(self, path: str, facts: Node) -> None:
        if not self.tree.has(path):
            self._fault(path, "thiếu tệp")
        elif facts.get("CHECKSUMTYPE") != "SHA-256":
            self._fault(path, "METS không ghi mã băm SHA-256")
        elif str(self.tree.size(path)) != facts.get("SIZE"):
            self._fault(path, f"dài {self.tree.size(path)} byte, METS ghi {facts.get('SIZE')}")
        else:
            try:
                found = self.tree.sha256(path)
            except BrokenTree as error:
                self._fault(path, error.what)
                return
            if found != facts.get("CHECKSUM", "").lower():
                self._fault(path, "nội dung đã bị thay đổi (sai mã băm SHA-256)")
            else:
                self._sound[path] = found

    def _links(self, inner: Node) -> None:
        """Each paper hangs on its description; totalDoc says how many there are."""
        ids = {e.get("ID"): e for e in inner.iter() if e.get("ID")}
        links = [d for d in inner.iter(f"{{{METS}}}div") if d.get("LABEL") == "MetadataLink/File"]
        self.papers = len(links)
        for link in links:
            for wanted in (link.get("DMDID"), *_file_ids(link)):
                if wanted not in ids:
                    self._fault(f"{REP}/METS.xml", f"liên kết tới {wanted} không có")
            told = ids.get(link.get("DMDID"))
            place = told.find(f"{{{METS}}}mdRef") if told is not None else None
            if place is not None:
                self._xml(f"{REP}/{place.get(_HREF)}", f"EAD_doc_{self.type_name[:3]}.xsd")

    def _schemas(self) -> None:
        own = schemas_of(self.type_name)["EAD.xsd"]
        ead = self._xml("metadata/descriptive/EAD.xml", own)
        total = ead.findtext("totalDoc") if ead is not None else None
        if total is not None and total != str(self.papers):
            what = f"totalDoc ghi {total}, gói có {self.papers}"
            self._fault("metadata/descriptive/EAD.xml", what)
        if self.type_name.startswith("AIP"):
            for path in (
                "metadata/preservation/PREMIS.xml",
                f"{REP}/metadata/preservation/PREMIS_rep1.xml",
            ):
                self._xml(path, "PREMIS.xsd")

    def _records(self) -> None:
        """What Sohoa wrote for itself fits the files beside it."""
        case = read_case(self.tree)
        if isinstance(case, Fault):
            self.faults.append(case)
            return
        if len(case.documents) != self.papers:
            self._fault(CASE_RECORD, f"có {len(case.documents)} giấy tờ, METS có {self.papers}")
        for name in case.documents:
            record = read_document(self.tree, name)
            if isinstance(record, Fault):
                self.faults.append(record)
                continue
            for file, stored in data_files(record, name):
                path = f"{REP}/data/{file}"
                if self._sound.get(path, stored.sha256) != stored.sha256:
                    self._fault(path, "khác với mã băm trong dữ liệu của giấy tờ")


def check_package(path: Path) -> Checked:
    """Never raises for what the package holds."""
    if is_unfinished(path):
        return _hopeless(path, Fault(file=path.name, what="gói đang ghi dở, chưa hoàn tất"))
    if not path.exists():
        return _hopeless(path, Fault(file=path.name, what="không có tệp hoặc thư mục này"))
    return inspect(path)


def inspect(path: Path) -> Checked:
    """As `check_package`, also of a file that is still being written."""
    try:
        with open_tree(path) as tree:
            inspection = Inspection(tree)
            inspection.run()
            unique = dict.fromkeys(inspection.faults)
            return Checked(
                name=tree.name,
                type_name=inspection.type_name,
                documents=inspection.papers,
                files=len(tree.files),
                size=sum(tree.size(f) for f in tree.files),
                faults=tuple(unique)[:_MOST_FAULTS],
            )
    except BrokenTree as error:
        return _hopeless(path, Fault(file=error.file, what=error.what))
    except (OSError, zipfile.BadZipFile) as error:
        return _hopeless(path, Fault(file=path.name, what=f"không đọc được ({error})"))


def read_case(tree: Tree) -> CaseRecord | Fault:
    try:
        return case_from_json(tree.read(CASE_RECORD))
    except BrokenTree as error:
        return Fault(file=error.file, what=error.what)
    except ValueError as error:
        return Fault(file=CASE_RECORD, what=f"dữ liệu không đúng dạng ({_short(error)})")


def read_document(tree: Tree, name: str) -> DocumentRecord | Fault:
    paths = [f"{REP}/data/{name}.record.json", f"{REP}/data/{name}.extraction.json"]
    try:
        return document_from_json(*(tree.read(p) for p in paths))
    except BrokenTree as error:
        return Fault(file=error.file, what=error.what)
    except ValueError as error:
        return Fault(file=paths[0], what=f"dữ liệu không đúng dạng ({_short(error)})")


def _file_ids(link: Node) -> list[str | None]:
    return [p.get("FILEID") for p in link.iter(f"{{{METS}}}fptr")]


def _hopeless(path: Path, fault: Fault) -> Checked:
    return Checked(name=path.stem, type_name="", documents=0, files=0, size=0, faults=(fault,))


def _short(error: ValueError) -> str:
    return " ".join(str(error).split())[:200]
