# SPDX-License-Identifier: Apache-2.0
"""PREMIS 3.0: what is preserved, what happened to it, by whom, under which right.

Events are the entries of the audit log, with their hash in the chain. The XML schema of the Library
of Congress says objectCategory by `xsi:type`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from storage.packages import markup
from storage.packages.entries import Entry
from storage.packages.markup import PREMIS, XSI, Node, node
from storage.packages.mets import PaperFiles, moment
from storage.packages.naming import Names
from workflows.domain.package import AccessMode, Package, RecordedEvent

# preservation event vocabulary of the Library of Congress; digitizing is "transfer" (TT 05, PL I)
_EVENTS = {
    "document.received": "transfer",
    "document.read": "metadata extraction",
    "document.field_put": "metadata modification",
    "document.type_set": "metadata modification",
    "document.confirmed": "metadata modification",
    "document.signed": "digital signature generation",
    "document.org_signed": "digital signature generation",
    "document.preserved": "digital signature generation",  # time stamps that keep it provable
    "document.verified": "digital signature validation",
    "document.trust_changed": "digital signature validation",
    "document.coded": "metadata modification",
    "document.stored": "ingestion",
    "document.imported": "replication",
    "dossier.opened": "creation",
    "dossier.filed": "accession",
}
_FORMATS = {
    "application/pdf": "PDF",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/tiff": "TIFF",
}
_SOFTWARE = "sohoa"
_RIGHTS = "rights-1"


def package_premis(package: Package, names: Names) -> bytes:
    """metadata/preservation/PREMIS.xml: the package as a whole, its making, the right of use."""
    root = _start()
    root.append(
        _object(
            "intellectualEntity",
            _identifier("object", "arcFileCode", names.archived_code),
            _p("preservationLevel", _p("preservationLevelValue", package.order.retention.shown)),
            _p("originalName", _told(package)),
            _relation("structural", "has part", [d.document.id for d in package.documents]),
            _linked("RightsStatement", "local", _RIGHTS),
        )
    )
    ids = {r.document.id for r in package.documents}
    own = [e for e in package.events if e.event.subject_id not in ids]
    for event in own:
        root.append(_event(event, names.archived_code, "arcFileCode"))
    root.append(_making(package, names))
    for agent in _agents(package, own, with_software=True):
        root.append(agent)
    root.append(_rights(package, names))
    return markup.write(root)


def representation_premis(package: Package, names: Names, papers: Sequence[PaperFiles]) -> bytes:
    """rep1/metadata/preservation/PREMIS_rep1.xml: every file, and what happened to each paper."""
    root = _start()
    for record, paper in zip(package.documents, papers, strict=True):
        entity = _object(
            "intellectualEntity",
            _identifier("object", "UUID", record.document.id),
            _p("originalName", record.document.file_name),
            _relation("structural", "has part", [_local(paper.main)], "local"),
        )
        root.append(entity)
        originals = [_local(e) for e in paper.attached if ".original." in e.path]
        root.append(_file(paper.main, _relation("derivation", "has source", originals, "local")))
        for entry in paper.attached:
            part = _relation("structural", "is included in", [_local(paper.main)], "local")
            root.append(_file(entry, part))
    ids = {r.document.id for r in package.documents}
    about = [e for e in package.events if e.event.subject_id in ids]
    for event in about:
        root.append(_event(event, event.event.subject_id, "UUID"))
    for agent in _agents(package, about, with_software=False):
        root.append(agent)
    return markup.write(root)


def _start() -> Node:
    root = markup.document(f"{{{PREMIS}}}premis", {None: PREMIS, "xsi": XSI})
    root.set("version", "3.0")
    return root


def _p(tag: str, *inside: Node | str | None, **attributes: str) -> Node:
    return node(f"{{{PREMIS}}}{tag}", *inside, **attributes)


def _object(kind: str, *inside: Node | None) -> Node:
    return _p("object", *inside, xsi__type=kind)


def _identifier(of: str, kind: str, value: str) -> Node:
    return _p(f"{of}Identifier", _p(f"{of}IdentifierType", kind), _p(f"{of}IdentifierValue", value))


def _linked(to: str, kind: str, value: str, role: str = "") -> Node:
    return _p(
        f"linking{to}Identifier",
        _p(f"linking{to}IdentifierType", kind),
        _p(f"linking{to}IdentifierValue", value),
        _p(f"linking{to}Role", role) if role else None,
    )


def _relation(kind: str, sub: str, others: Iterable[str], identifier: str = "UUID") -> Node | None:
    related = [
        _p(
            "relatedObjectIdentifier",
            _p("relatedObjectIdentifierType", identifier),
            _p("relatedObjectIdentifierValue", other),
        )
        for other in others
    ]
    if not related:
        return None
    return _p(
        "relationship", _p("relationshipType", kind), _p("relationshipSubType", sub), *related
    )


def _file(entry: Entry, related: Node | None) -> Node:
    characteristics = _p(
        "objectCharacteristics",
        _p("compositionLevel", "0"),
        _p(
            "fixity",
            _p("messageDigestAlgorithm", "SHA-256"),
            _p("messageDigest", entry.sha256),
        ),
        _p("size", str(entry.size)),
        _p("format", _p("formatDesignation", _p("formatName", _format(entry)))),
    )
    return _object(
        "file",
        _identifier("object", "local", _local(entry)),
        characteristics,
        related,
    )


def _event(recorded: RecordedEvent, about: str, kind: str) -> Node:
    event = recorded.event
    facts = {"action": event.action, **event.facts, "chain": recorded.sequence}
    if event.purpose:
        facts["purpose"] = event.purpose
    detail = json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str)
    return _p(
        "event",
        _identifier("event", "sohoa-audit-sha256", recorded.hash),
        _p("eventType", _EVENTS.get(event.action, event.action)),
        _p("eventDateTime", moment(event.at)),
        _p("eventDetailInformation", _p("eventDetail", detail)),
        _p("eventOutcomeInformation", _p("eventOutcome", "success")),
        _linked("Agent", "local", event.actor_id, "implementer"),
        _linked("Object", kind, about),
    )


def _making(package: Package, names: Names) -> Node:
    """TT 05/2025/TT-BNV, PL I: making the package is an event of its own."""
    return _p(
        "event",
        _identifier("event", "UUID", str(names.package)),
        _p("eventType", "information package creation"),
        _p("eventDateTime", moment(package.exported_at)),
        _p("eventDetailInformation", _p("eventDetail", package.order.purpose)),
        _p("eventOutcomeInformation", _p("eventOutcome", "success")),
        _linked("Agent", "software", _SOFTWARE, "executing program"),
        _linked("Agent", "local", package.exported_by, "authorizer"),
        _linked("Object", "arcFileCode", names.archived_code, "outcome"),
    )


def _agents(
    package: Package, events: Sequence[RecordedEvent], *, with_software: bool
) -> list[Node]:
    people = {e.event.actor_id: "" for e in events}
    if with_software:
        people |= {package.exported_by: package.exported_by}
    agents = [
        _p(
            "agent",
            _identifier("agent", "local", one),
            _p("agentName", name or package.around.people.get(one, one)),
            _p("agentType", "person" if one in package.around.people or name else "software"),
        )
        for one, name in sorted(people.items())
    ]
    if with_software:
        agents.append(
            _p(
                "agent",
                _identifier("agent", "software", _SOFTWARE),
                _p("agentName", "Sohoa"),
                _p("agentType", "software"),
                _p("agentVersion", package.software),
            )
        )
    return agents


def _rights(package: Package, names: Names) -> Node:
    """Luật Lưu trữ 33/2024/QH15: the right to keep, and how the papers may be used."""
    limited = package.order.mode is AccessMode.CONDITIONAL
    statute = _p(
        "statuteInformation",
        _p("statuteJurisdiction", "Việt Nam"),
        _p("statuteCitation", "Luật Lưu trữ 33/2024/QH15; Thông tư 05/2025/TT-BNV"),
    )
    granted = _p(
        "rightsGranted",
        _p("act", "disseminate"),
        _p("restriction", package.order.mode.shown) if limited else None,
    )
    statement = _p(
        "rightsStatement",
        _identifier("rightsStatement", "local", _RIGHTS),
        _p("rightsBasis", "statute"),
        statute,
        granted,
        _linked("Object", "arcFileCode", names.archived_code),
    )
    return _p("rights", statement)


def _told(package: Package) -> str:
    dossier = package.around.dossier
    return dossier.code if dossier else package.around.unit.name


def _local(entry: Entry) -> str:
    return entry.path


def _format(entry: Entry) -> str:
    return _FORMATS.get(entry.media_type, entry.media_type)
