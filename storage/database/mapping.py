# SPDX-License-Identifier: Apache-2.0
"""Rows to domain values and back. One converter a field that is not a plain column."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import RowMapping

from workflows.domain.audit import LegalRule
from workflows.domain.document import (
    Document,
    DocumentState,
    PageRecord,
    ReadingStatus,
    Scan,
    SignedCopy,
    StoredObject,
    TrustLevel,
)
from workflows.domain.dossier import (
    Component,
    Dossier,
    DossierStatus,
    Filing,
    FilingOrigin,
    FilingRole,
    Holder,
    HolderKind,
    Procedure,
)
from workflows.domain.package import (
    AccessMode,
    ExportRequest,
    ExportState,
    Order,
    PackagePurpose,
    Retention,
    Wanted,
)
from workflows.domain.retention import Destruction, DestructionState, LegalHold
from workflows.domain.signing import SigningRequest, SigningState
from workflows.domain.station import Capture, JobPage, JobState, ScanJob
from workflows.domain.unit import ApiKey, Role, Unit, UnitLevel, User

T = TypeVar("T")


def _object(value: Mapping[str, Any] | None) -> StoredObject | None:
    return StoredObject(**value) if value is not None else None


def _component(value: Mapping[str, Any]) -> Component:
    return Component(**{**value, "document_types": tuple(value["document_types"])})


def _wanted(value: Mapping[str, Any]) -> Wanted:
    return Wanted(**{**value, "document_ids": tuple(value["document_ids"])})


def _order(value: Mapping[str, Any]) -> Order:
    kinds = {"kind": PackagePurpose, "retention": Retention, "mode": AccessMode}
    return Order(**{**value, **{name: kind(value[name]) for name, kind in kinds.items()}})


_READ: dict[type, dict[str, Callable[[Any], Any]]] = {
    Document: {
        "original": _object,
        "copy": _object,
        "evidence": _object,
        "state": DocumentState,
        "reading": ReadingStatus,
        "trust": TrustLevel,
        "state_before": lambda v: DocumentState(v) if v else None,
    },
    PageRecord: {"image": _object},
    Scan: {"document_ids": tuple},
    ScanJob: {"state": JobState, "scan_ids": tuple},
    JobPage: {"flags": tuple},
    Capture: {"pages": tuple},
    SignedCopy: {"object": _object},
    SigningRequest: {"state": SigningState, "certificates": tuple},
    Dossier: {"status": DossierStatus},
    Filing: {
        "role": FilingRole,
        "origin": FilingOrigin,
        "component_code": lambda v: v or None,
    },
    Holder: {"kind": HolderKind},
    Procedure: {
        "components": lambda v: tuple(_component(c) for c in v),
        "result_types": tuple,
    },
    Unit: {"level": UnitLevel},
    User: {"roles": lambda v: frozenset(Role(r) for r in v)},
    ApiKey: {"purposes": tuple},
    LegalRule: {},
    LegalHold: {},
    Destruction: {
        "state": DestructionState,
        "objects": lambda v: tuple(StoredObject(**o) for o in v),
    },
    ExportRequest: {"state": ExportState, "wanted": _wanted, "order": _order},
}


def from_row(kind: type[T], row: RowMapping) -> T:
    """The domain value of a row; columns the value does not have are passed over."""
    read = _READ.get(kind, {})
    names = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    return kind(**{n: read[n](row[n]) if n in read else row[n] for n in names})


def to_row(value: Any) -> dict[str, Any]:
    """The columns of a domain value: enums by value, nested values as JSON."""
    return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_row(value)
    if isinstance(value, frozenset):
        return sorted(_plain(v) for v in value)
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value
