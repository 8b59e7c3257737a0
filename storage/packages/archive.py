# SPDX-License-Identifier: Apache-2.0
"""The `Packages` port: a folder of ZIP files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from storage.packages.checking import check_package, inspect, read_case, read_document
from storage.packages.description import title_of
from storage.packages.naming import DATA, Names, name_package
from storage.packages.records import CaseRecord, document_digest, kept_as_json, kept_from_json
from storage.packages.trees import BrokenTree, Tree, open_tree
from storage.packages.writing import CASE_RECORD, PackageWriter, base_of, data_files
from storage.packages.zipped import durable_zip, publish, replace_file
from workflows.domain.document import StoredObject
from workflows.domain.package import (
    Checked,
    DocumentRecord,
    Fault,
    Kept,
    Package,
    RecordedEvent,
    Surroundings,
    Written,
)
from workflows.errors import DamagedPackage
from workflows.ports.objects import ObjectStore, content_sha256

_FOREIGN = "gói không do Sohoa lập; kiểm tra được nhưng chưa nhập được"


class ZipPackages:
    """Packages under one folder, filled from one object store.

    `check` looks over what somebody else wrote; our own is looked over in this process.
    """

    def __init__(
        self,
        folder: Path,
        objects: ObjectStore,
        check: Callable[[Path], Checked] = check_package,
    ) -> None:
        self._folder = folder
        self._objects = objects
        self._check = check

    def write(self, package: Package) -> Written:
        """As the port says. Documents must be in the order of the package."""
        names = name_package(package)
        final = self._folder / f"{names.folder}{'.bag' if package.order.bag else ''}.zip"
        known = self._known(final)
        if known is not None:
            _must_be_sound(final, check_package(final))
            return known.written
        warnings: list[str] = []
        with durable_zip(final, names.folder) as (writer, part):
            PackageWriter(
                package=package,
                names=names,
                writer=writer,
                read=self._objects.get,
                base=base_of(package, names),
                warnings=warnings,
            ).write()
        try:
            checked = inspect(part)
            _must_be_sound(final, checked)
            written = Written(
                path=final,
                name=names.folder,
                type_name=package.type_name,
                sha256=_sha256(part),
                size=part.stat().st_size,
                documents=checked.documents,
                files=checked.files,
                warnings=tuple(dict.fromkeys(warnings)),
            )
            # its label first: a package in the list always has one
            replace_file(_label(final), kept_as_json(_kept(package, names, written)))
            publish(part, final)
        finally:
            part.unlink(missing_ok=True)
        return written

    def kept(self) -> tuple[Kept, ...]:
        found = [self._known(path) for path in self._folder.glob("*.zip")]
        return tuple(sorted((k for k in found if k), key=lambda k: k.exported_at, reverse=True))

    def _known(self, final: Path) -> Kept | None:
        """A package without a label was put here by hand: it is none of ours."""
        try:
            kept = kept_from_json(_label(final).read_bytes())
        except (OSError, ValueError):
            return None
        return replace(kept, written=replace(kept.written, path=final)) if final.exists() else None

    def check(self, path: Path) -> Checked:
        return self._check(path)

    @contextmanager
    def open(self, path: Path) -> Iterator[ZipPackage]:
        _must_be_sound(path, self._check(path))
        with open_tree(path) as tree:
            if not tree.has(CASE_RECORD):
                raise damaged(path, (Fault(file=CASE_RECORD, what=_FOREIGN),))
            case = read_case(tree)
            if isinstance(case, Fault):
                raise damaged(path, (case,))
            yield ZipPackage(path, tree, case)


class ZipPackage:
    """The `OpenPackage` port."""

    def __init__(self, path: Path, tree: Tree, case: CaseRecord) -> None:
        self._path = path
        self._tree = tree
        self._case = case
        self._places: dict[str, str] = {}

    @property
    def name(self) -> str:
        return self._tree.name

    @property
    def around(self) -> Surroundings:
        return self._case.around

    @property
    def events(self) -> tuple[RecordedEvent, ...]:
        return self._case.events

    def documents(self) -> Iterator[DocumentRecord]:
        for name in self._case.documents:
            record = read_document(self._tree, name)
            if isinstance(record, Fault):
                raise damaged(self._path, (record,))
            self._places |= {o.key: f"{DATA}/{file}" for file, o in data_files(record, name)}
            yield record

    def digest(self, record: DocumentRecord) -> str:
        return document_digest(record)

    def content(self, stored: StoredObject) -> bytes:
        place = self._places[stored.key]
        try:
            content = self._tree.read(place)
        except BrokenTree as error:
            raise damaged(self._path, (Fault(file=error.file, what=error.what),)) from error
        if content_sha256(content) != stored.sha256:
            raise damaged(self._path, (Fault(file=place, what="sai mã băm SHA-256"),))
        return content


def _kept(package: Package, names: Names, written: Written) -> Kept:
    dossier = package.around.dossier
    return Kept(
        written=written,
        kind=package.order.kind,
        unit_id=package.around.unit.id,
        unit_name=package.around.unit.name,
        title=title_of(package),
        file_code=names.file_code,
        dossier_code=dossier.code if dossier else None,
        pages=sum(r.document.page_count for r in package.documents),
        purpose=package.order.purpose,
        retention=package.order.retention,
        exported_by=package.exported_by,
        exported_at=package.exported_at,
    )


def _label(final: Path) -> Path:
    return final.with_suffix(".json")


def damaged(path: Path, faults: tuple[Fault, ...]) -> DamagedPackage:
    """The first faults by file, so that a person can go and look."""
    told = "; ".join(f"{f.file}: {f.what}" for f in faults[:5])
    more = f" (và {len(faults) - 5} lỗi khác)" if len(faults) > 5 else ""
    return DamagedPackage(str(path), message=f"Gói tin bị lỗi: {told}{more}.")


def _must_be_sound(path: Path, checked: Checked) -> None:
    if not checked.good:
        raise damaged(path, checked.faults)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
