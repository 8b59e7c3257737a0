# SPDX-License-Identifier: Apache-2.0
"""AuditEvent (nhật ký): append-only and hash-chained, its heads signed; the dated legal rules."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Who did what to which thing, when and for what purpose. Never holds document content."""

    actor_id: str
    action: str
    subject_kind: str
    subject_id: str
    unit_id: str
    at: dt.datetime
    purpose: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def chained_hash(self, previous: str) -> str:
        """sha-256 over the previous entry's hash and this event in canonical JSON."""
        body = json.dumps(
            {
                "actor": self.actor_id,
                "action": self.action,
                "subject": [self.subject_kind, self.subject_id],
                "unit": self.unit_id,
                "at": self.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
                "purpose": self.purpose,
                "facts": dict(self.facts),
            },
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )
        return hashlib.sha256((previous + body).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """Mốc nhật ký: "entry `sequence` has this hash", signed and kept outside the database.

    The chain alone cannot show that its end was cut off or that all of it was written anew; a head
    that stands elsewhere can. `signature`: Ed25519 over `claim()`, hex; `key_id` names the key.
    """

    sequence: int
    hash: str
    at: dt.datetime
    key_id: str
    signature: str = ""

    def claim(self) -> bytes:
        at = self.at.astimezone(dt.UTC).isoformat(timespec="microseconds")
        return f"sohoa-audit-head\n{self.sequence}\n{self.hash}\n{at}\n{self.key_id}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalRule:
    """Quy định: law as data, chosen by date and cited in every refusal."""

    id: str
    citation: str
    article: str
    effective_from: dt.date
    effective_to: dt.date | None = None
    supersedes: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    verified_by: str | None = None
