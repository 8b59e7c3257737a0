# SPDX-License-Identifier: Apache-2.0
"""METS 1.12 of a package and of its one representation (E-ARK CSIP; TT 05/2025/TT-BNV, PL I-IV)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from storage.packages import markup
from storage.packages.description import title_of
from storage.packages.entries import Entry
from storage.packages.markup import CSIP, METS, XLINK, XSI, Node, node
from storage.packages.naming import REP, Names
from workflows.domain.package import Package, PackagePurpose
from workflows.ports.clock import VIETNAM

_PROFILE = "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml"
_LOCATIONS = (
    f"{METS} {{0}}schemas/METS.xsd {XLINK} {{0}}schemas/xlink.xsd {CSIP} {{0}}schemas/CSIP.xsd"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFiles:
    """One paper in the representation: its description, the paper itself, what goes with it."""

    description: Entry
    main: Entry
    attached: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RootFiles:
    """Everything METS.xml at the top speaks of."""

    ead: Entry
    premis: Entry | None
    representation: Entry
    schemas: Sequence[Entry]
    documentation: Sequence[Entry]


def root_mets(package: Package, names: Names, files: RootFiles) -> bytes:
    book = _Book(names, "")
    root = book.start(package, names.object_id, title_of(package), package.is_dossier)
    root.append(_header(package, names, whole=True))
    root.append(book.description(files.ead))
    root.append(book.preservation(files.premis))
    groups = [("Schemas", files.schemas), ("Documentation", files.documentation)]
    groups.append((f"Representations/{_name(REP)}", [files.representation]))
    root.append(book.section(*(book.group(use, entries) for use, entries in groups if entries)))
    metadata = book.div("Metadata", DMDID=book.id(files.ead))
    if files.premis:
        metadata.set("ADMID", book.id(files.premis))
    pointers = [
        book.div(use, node(f"{{{METS}}}fptr", FILEID=book.id_of_group(use)))
        for use, entries in groups[:-1]
        if entries
    ]
    to_representation = node(
        f"{{{METS}}}mptr",
        LOCTYPE="URL",
        xlink__type="simple",
        xlink__href=files.representation.path,
        xlink__title=book.id_of_group(groups[-1][0]),
    )
    title = names.folder if package.is_dossier else names.object_id
    root.append(
        book.structure(
            title, metadata, *pointers, book.div(groups[-1][0], to_representation), kind=""
        )
    )
    return markup.write(root)


def representation_mets(
    package: Package, names: Names, papers: Sequence[PaperFiles], premis: Entry | None
) -> bytes:
    book = _Book(names, f"{REP}/")
    root = book.start(package, _name(REP), title_of(package), package.is_dossier)
    root.append(_header(package, names, whole=False))
    for paper in papers:
        root.append(book.description(paper.description))
    root.append(book.preservation(premis))
    data = [e for p in papers for e in (p.main, *p.attached)]
    root.append(book.section(book.group("Data", data)))
    metadata = book.div("Metadata", DMDID=" ".join(book.id(p.description) for p in papers))
    if premis:
        metadata.set("ADMID", book.id(premis))
    links = book.div("MetadataLink", *(book.link(p, premis) for p in papers))
    pointer = node(f"{{{METS}}}fptr", FILEID=book.id_of_group("Data"))
    # SIP: as handed over; AIP: brought into the archive's own shape (PL I)
    kind = "ORIGINAL" if package.order.kind is PackagePurpose.SIP else "NORMALIZED"
    root.append(book.structure(_name(REP), metadata, book.div("Data", pointer), links, kind=kind))
    return markup.write(root)


class _Book:
    """Ids and hrefs of one METS file; `base` is the folder it stands in."""

    def __init__(self, names: Names, base: str) -> None:
        self._names = names
        self._base = base

    def start(self, package: Package, object_id: str, label: str, mixed: bool) -> Node:
        root = markup.document(
            f"{{{METS}}}mets", {None: METS, "xlink": XLINK, "csip": CSIP, "xsi": XSI}
        )
        root.set("OBJID", object_id)
        root.set("LABEL", markup.clean(label))
        root.set("TYPE", "Mixed" if mixed else "Collection")
        root.set(f"{{{CSIP}}}CONTENTINFORMATIONTYPE", "MIXED")
        root.set("PROFILE", _PROFILE)
        up = "../" * self._base.count("/")
        root.set(f"{{{XSI}}}schemaLocation", _LOCATIONS.format(up))
        return root

    def id(self, entry: Entry) -> str:
        return self._names.id_of(entry.path)

    def file_id(self, entry: Entry) -> str:
        return self._names.id_of(entry.path, "ID-")

    def id_of_group(self, use: str) -> str:
        return self._names.id_of(f"{self._base}fileGrp/{use}")

    def description(self, entry: Entry) -> Node:
        return node(
            f"{{{METS}}}dmdSec",
            self._reference(entry, MDTYPE="OTHER", OTHERMDTYPE="EAD", MDTYPEVERSION="1.0"),
            ID=self.id(entry),
            CREATED=moment(entry.created),
            STATUS="CURRENT",
        )

    def preservation(self, entry: Entry | None) -> Node:
        """amdSec: points to PREMIS in an AIP, stands empty in a SIP."""
        own = self._names.id_of(f"{self._base}amdSec")
        if entry is None:
            return node(f"{{{METS}}}amdSec", ID=own)
        inside = node(
            f"{{{METS}}}digiprovMD",
            self._reference(entry, MDTYPE="PREMIS", MDTYPEVERSION="3.0"),
            ID=self.id(entry),
            CREATED=moment(entry.created),
            STATUS="CURRENT",
        )
        return node(f"{{{METS}}}amdSec", inside, ID=own)

    def section(self, *groups: Node) -> Node:
        own = self._names.id_of(f"{self._base}fileSec")
        return node(f"{{{METS}}}fileSec", *groups, ID=own)

    def group(self, use: str, entries: Sequence[Entry]) -> Node:
        files = [
            node(
                f"{{{METS}}}file",
                node(
                    f"{{{METS}}}FLocat",
                    LOCTYPE="URL",
                    xlink__type="simple",
                    xlink__href=entry.path.removeprefix(self._base),
                ),
                ID=self.file_id(entry),
                **_facts(entry),
            )
            for entry in entries
        ]
        made = node(f"{{{METS}}}fileGrp", *files, USE=use, ID=self.id_of_group(use))
        if use.startswith("Representations"):
            made.set(f"{{{CSIP}}}CONTENTINFORMATIONTYPE", "MIXED")
        return made

    def structure(self, label: str, *parts: Node, kind: str) -> Node:
        whole = self.div(label, *parts)
        if kind:
            whole.set("TYPE", kind)
        own = self._names.id_of(f"{self._base}structMap")
        return node(f"{{{METS}}}structMap", whole, ID=own, TYPE="PHYSICAL", LABEL="CSIP")

    def div(self, label: str, *parts: Node, **attributes: str) -> Node:
        own = self._names.id_of(f"{self._base}div/{label}")
        return node(f"{{{METS}}}div", *parts, ID=own, LABEL=label, **attributes)

    def link(self, paper: PaperFiles, premis: Entry | None) -> Node:
        """MetadataLink/File: the paper and its description; AttachmentFile: what goes with it."""

        def pointers(entries: Sequence[Entry]) -> list[Node]:
            return [node(f"{{{METS}}}fptr", FILEID=self.file_id(e)) for e in entries]

        place = self._names.id_of(f"{self._base}link/{paper.main.path}")
        attached = node(
            f"{{{METS}}}div",
            *pointers(paper.attached),
            ID=self._names.id_of(f"{self._base}attached/{paper.main.path}"),
            LABEL="AttachmentFile",
        )
        made = node(
            f"{{{METS}}}div",
            *pointers([paper.main]),
            attached if paper.attached else None,
            ID=place,
            LABEL="MetadataLink/File",
            DMDID=self.id(paper.description),
        )
        if premis:
            made.set("ADMID", self.id(premis))
        return made

    def _reference(self, entry: Entry, **kind: str) -> Node:
        return node(
            f"{{{METS}}}mdRef",
            ID=self._names.id_of(f"mdRef/{entry.path}"),
            LOCTYPE="URL",
            **kind,
            xlink__type="simple",
            xlink__href=entry.path.removeprefix(self._base),
            **_facts(entry),
        )


def _header(package: Package, names: Names, *, whole: bool) -> Node:
    """Who packed it: software and organisation at the top, the organisation below."""
    organisation = _agent(
        package.around.unit.name, "IDENTIFICATIONCODE", names.fond, TYPE="ORGANIZATION"
    )
    inside = [organisation]
    if whole:
        software = {"TYPE": "OTHER", "OTHERTYPE": "SOFTWARE"}
        inside.insert(0, _agent("Sohoa", "SOFTWARE VERSION", package.software, **software))
        if package.order.kind is PackagePurpose.SIP:
            agreed = node(f"{{{METS}}}altRecordID", names.file_code, TYPE="SUBMISSIONAGREEMENT")
            inside.append(agreed)
    at = moment(package.exported_at)
    made = node(f"{{{METS}}}metsHdr", *inside, CREATEDATE=at, LASTMODDATE=at, RECORDSTATUS="NEW")
    made.set(f"{{{CSIP}}}OAISPACKAGETYPE", package.order.kind.value)
    return made


def _agent(name: str, note: str, said: str, **kind: str) -> Node:
    return node(
        f"{{{METS}}}agent",
        node(f"{{{METS}}}name", name),
        node(f"{{{METS}}}note", said, csip__NOTETYPE=note),
        ROLE="CREATOR",
        **kind,
    )


def _facts(entry: Entry) -> dict[str, str]:
    return {
        "MIMETYPE": entry.media_type,
        "SIZE": str(entry.size),
        "CREATED": moment(entry.created),
        "CHECKSUM": entry.sha256.upper(),
        "CHECKSUMTYPE": "SHA-256",
    }


def _name(folder: str) -> str:
    return folder.rpartition("/")[2]


def moment(at: dt.datetime) -> str:
    """ISO 8601 with milliseconds and +07:00."""
    return at.astimezone(VIETNAM).isoformat(timespec="milliseconds")
