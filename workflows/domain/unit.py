# SPDX-License-Identifier: Apache-2.0
"""Who works here: Units (đơn vị) as a dated tree, Users (cán bộ), partners with API keys."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class UnitLevel(StrEnum):
    """Levels are data: districts ended on 01/7/2025 and still own old papers."""

    PROVINCE = "province"
    DEPARTMENT = "department"
    DISTRICT = "district"
    COMMUNE = "commune"
    CENTRE = "centre"
    MINISTRY = "ministry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Đơn vị, cơ quan. `code` alone is never a key: codes were given anew in 2025."""

    id: str
    code: str
    name: str
    level: UnitLevel
    parent_id: str | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class Role(StrEnum):
    """Vai trò. A user may hold several."""

    RECEIVER = "receiver"  # tiếp nhận
    DIGITIZER = "digitizer"  # số hóa
    CHECKER = "checker"  # kiểm tra
    SIGNER = "signer"  # ký số cơ quan
    ARCHIVIST = "archivist"  # lưu trữ
    AUDITOR = "auditor"  # giám sát
    ADMIN = "admin"  # quản trị
    PARTNER = "partner"  # hệ thống ngoài, by API key only
    STATION = "station"  # trạm quét, by its own key only


@dataclass(frozen=True, slots=True)
class Scope:
    """The Units whose papers someone may see. `None` means all (a maintenance task, no person)."""

    unit_ids: frozenset[str] | None

    def holds(self, unit_id: str) -> bool:
        return self.unit_ids is None or unit_id in self.unit_ids


EVERYWHERE = Scope(None)
"""For the system's own workers only; a door never hands it to a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does it: a signed-in User, a partner's API key, or the system itself."""

    id: str
    name: str
    unit_id: str
    roles: frozenset[Role]
    scope: Scope
    kind: str = "user"  # user | partner | station | system
    purposes: tuple[str, ...] = ()  # what a partner may ask for


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Cán bộ. `password_hash` is argon2id; `failures`: wrong tries since the last good one."""

    id: str
    username: str
    full_name: str
    unit_id: str
    roles: frozenset[Role]
    password_hash: str
    active: bool = True
    failures: int = 0
    locked_until: dt.datetime | None = None


def actor_of(user: User, scope: Scope) -> Actor:
    """The person in the scope of their Unit."""
    return Actor(
        id=user.id, name=user.full_name, unit_id=user.unit_id, roles=user.roles, scope=scope
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A partner system's key, stored as sha-256 of the secret; `purposes` it may state."""

    id: str
    name: str
    secret_sha256: str
    unit_id: str
    purposes: tuple[str, ...]
    created_at: dt.datetime
    expires_at: dt.datetime | None = None
    revoked_at: dt.datetime | None = None
