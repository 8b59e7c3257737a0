# SPDX-License-Identifier: Apache-2.0
"""The case side: Procedure, Component slots, Holder, Dossier, Filing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum, StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """Thành phần hồ sơ: a slot a Procedure asks for.

    `min_trust`: the least trust level (1-5) a reused paper must have; 0: the general least.
    """

    code: str
    name: str
    document_types: tuple[str, ...] = ()
    required: bool = True
    originals: int = 0
    copies: int = 0
    min_trust: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """Thủ tục hành chính, from the imported catalogue."""

    code: str
    name: str
    field: str = ""
    level: str = ""
    components: tuple[Component, ...] = ()
    result_types: tuple[str, ...] = ()
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class HolderKind(StrEnum):
    CITIZEN = "citizen"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Chủ hồ sơ, chủ giấy tờ. `number`: số định danh or mã số thuế; None: identity data only."""

    id: str
    kind: HolderKind
    name: str
    number: str | None = None
    born_on: str | None = None


class DossierStatus(IntEnum):
    """Statuses of the national sync."""

    NEW = 1
    ACCEPTED = 2
    REFUSED = 3
    PROCESSING = 4
    SUPPLEMENT = 5
    PAYMENT = 6
    WITHDRAWN = 7
    STOPPED = 8
    DONE = 9
    RETURNED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Hồ sơ TTHC: one case of a Procedure for a Holder at a Unit."""

    id: str
    code: str
    procedure_code: str
    holder_id: str
    unit_id: str
    status: DossierStatus
    received_on: dt.date
    created_at: dt.datetime
    created_by: str
    due_on: dt.date | None = None
    version: int = 1


class FilingRole(StrEnum):
    COMPONENT = "component"
    RESULT = "result"


class FilingOrigin(StrEnum):
    SCANNED = "scanned"
    UPLOADED = "uploaded"
    REUSED = "reused"
    CERTIFIED_COPY = "certified_copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """Đưa giấy tờ vào hồ sơ. A result is a Filing with role result: reuse needs no second copy."""

    id: str
    dossier_id: str
    document_id: str
    role: FilingRole
    origin: FilingOrigin
    filed_at: dt.datetime
    filed_by: str
    component_code: str | None = None
