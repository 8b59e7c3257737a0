# SPDX-License-Identifier: Apache-2.0
"""BagIt 1.0 (RFC 8493): the neutral wrapper every archive can check without knowing METS.

Written here because the checksums are known already; the tests hold it to the library of the
Library of Congress.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from storage.packages.naming import Names
from storage.packages.trees import PAYLOAD, Bag, BrokenTree
from storage.packages.zipped import ZipWriter
from workflows.domain.package import Fault, Package
from workflows.ports.clock import VIETNAM

_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_MANIFEST, _TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"


def wrap(
    writer: ZipWriter, package: Package, names: Names, files: Sequence[tuple[str, str, int]]
) -> None:
    """The tag files of a bag whose payload (path, sha-256, size) is written already."""
    tags = {
        "bagit.txt": _DECLARATION,
        "bag-info.txt": _lines(_about(package, names, files)),
        _MANIFEST: "".join(f"{digest}  {path}\n" for path, digest, _ in sorted(files)),
    }
    tags[_TAGS] = "".join(
        f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n"
        for name, text in sorted(tags.items())
    )
    for name, text in tags.items():
        writer.put(name, text.encode())


def faults_of(bag: Bag) -> list[Fault]:
    """What of the bag is missing, too much or changed."""
    faults: list[Fault] = []
    for name in (_TAGS, _MANIFEST):
        try:
            listed = _listed(bag.read(name).decode())
        except (BrokenTree, ValueError) as error:
            return [*faults, Fault(file=name, what=f"không đọc được ({error})")]
        for path, digest in listed.items():
            faults += _compare(bag, path, digest)
        if name == _MANIFEST:
            extra = [p for p in bag.files if p.startswith(PAYLOAD) and p not in listed]
            faults += [Fault(file=p, what="không có trong danh sách của túi") for p in extra]
    return faults


def _compare(bag: Bag, path: str, expected: str) -> list[Fault]:
    digest = hashlib.sha256()
    try:
        for piece in bag.pieces(path):
            digest.update(piece)
    except BrokenTree as error:
        return [Fault(file=path, what=error.what)]
    if digest.hexdigest() != expected.lower():
        return [Fault(file=path, what="nội dung khác với mã băm trong danh sách của túi")]
    return []


def _listed(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        digest, _, path = line.partition("  ")
        if not path:
            raise ValueError(line)
        found[path] = digest
    return found


def _about(
    package: Package, names: Names, files: Sequence[tuple[str, str, int]]
) -> Mapping[str, str]:
    day = package.exported_at.astimezone(VIETNAM).date()
    return {
        "Source-Organization": package.around.unit.name,
        "External-Identifier": names.object_id,
        "External-Description": package.order.purpose,
        "Bagging-Date": day.isoformat(),
        "Payload-Oxum": f"{sum(size for _, _, size in files)}.{len(files)}",
        "Bag-Software-Agent": f"Sohoa {package.software}",
        "Cơ-quan-nộp": package.around.unit.name,
        "Mã-phông": names.fond,
        "Mã-hồ-sơ": names.file_code,
        "Loại-gói-tin": package.type_name,
        "Số-giấy-tờ": str(len(package.documents)),
        "Số-trang": str(sum(r.document.page_count for r in package.documents)),
        "Người-giao": package.exported_by,
        "Mục-đích": package.order.purpose,
    }


def _lines(pairs: Mapping[str, str]) -> str:
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in pairs.items())
