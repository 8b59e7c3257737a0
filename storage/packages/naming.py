# SPDX-License-Identifier: Apache-2.0
"""Mã và tên: identifiers of a package and of the files in it (TT 05/2025/TT-BNV, Đ.8, PL I-IV)."""

from __future__ import annotations

import re
import unicodedata
import uuid
from dataclasses import dataclass

from storage.packages.records import canonical, document_digest
from workflows.domain.package import Package, PackagePurpose
from workflows.ports.clock import VIETNAM
from workflows.ports.objects import content_sha256

_NAMESPACE = uuid.UUID("6f6e3f5c-6a0e-5d0b-9d65-0f1f6a6b7a11")
REP = "representations/rep1"
DATA = f"{REP}/data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What everything in one package is called.

    `object_id`: mets/@OBJID. `folder`: the package's folder, OBJID with ":" as "_".
    `file_code`: mã hồ sơ or mã gói tin; `archived_code`: with mã cơ quan lưu trữ before it.
    """

    package: uuid.UUID
    object_id: str
    folder: str
    fond: str
    file_code: str
    archived_code: str
    documents: tuple[str, ...]

    def id_of(self, path: str, prefix: str = "uuid-") -> str:
        """An XML id for something in the package: always the same for the same content."""
        return f"{prefix}{str(uuid.uuid5(self.package, path)).upper()}"


def name_package(package: Package) -> Names:
    """Equal content, purpose and wishes give an equal name; the time of the export is no part."""
    unit, dossier = package.around.unit, package.around.dossier
    own = uuid.uuid5(_NAMESPACE, _fingerprint(package))
    upper = str(own).upper()
    sip = package.order.kind is PackagePurpose.SIP
    object_id = f"uuid-{upper}" if sip else f"urn:{_plain(unit.code)}:uuid:{upper}"
    if dossier is not None:
        file_code = f"{unit.code}.{dossier.received_on.year}.{dossier.code}"
        stem = _plain(dossier.code)
    else:
        first = min(r.document.created_at for r in package.documents)
        file_code = f"{unit.code}.{first.astimezone(VIETNAM).year}.{upper[:8]}"
        stem = _plain(file_code)
    return Names(
        package=own,
        object_id=object_id,
        folder=object_id.replace(":", "_"),
        fond=unit.code,
        file_code=file_code,
        archived_code=f"{package.archive_code}.{file_code}",
        # tên tệp: mã hồ sơ + "." + số thứ tự (TT 05/2025/TT-BNV, Đ.8)
        documents=tuple(f"{stem}.{n}" for n in range(1, len(package.documents) + 1)),
    )


def _fingerprint(package: Package) -> str:
    order = package.order
    said = canonical(
        {
            "type": package.type_name,
            "archive": package.archive_code,
            "order": [order.purpose, order.retention, order.mode, order.paper_code, order.bag],
            "dossier": package.around.dossier.id if package.around.dossier else None,
            "documents": [document_digest(r) for r in package.documents],
        }
    )
    return content_sha256(said)


def _plain(text: str) -> str:
    """Letters, digits, dot, hyphen: a file name everywhere, and part of a URN."""
    bare = unicodedata.normalize("NFD", text).replace("đ", "d").replace("Đ", "D")
    return re.sub(r"[^A-Za-z0-9.-]", "-", re.sub(r"[\u0300-\u036f]", "", bare)) or "-"
