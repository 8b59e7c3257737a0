# SPDX-License-Identifier: Apache-2.0
"""Nhật ký: one way to write an AuditEvent, always inside the commit it tells of."""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata
from typing import Any

from workflows.domain.audit import AuditEvent
from workflows.domain.document import Batch, Document
from workflows.domain.dossier import Dossier
from workflows.domain.station import ScanJob, Station
from workflows.domain.unit import Actor
from workflows.ports.database import Transaction
from workflows.purposes import stated

SYSTEM = "system"
Subject = Document | Dossier | Batch | Station | ScanJob


def record(
    tx: Transaction,
    action: str,
    subject: Subject,
    *,
    by: Actor | str,
    at: dt.datetime,
    purpose: str | None = None,
    **facts: Any,
) -> None:
    """Append "`by` did `action` to `subject`". `facts` are names and hashes, never content."""
    tx.audit.append(
        AuditEvent(
            actor_id=by if isinstance(by, str) else by.id,
            action=f"{type(subject).__name__.lower()}.{action}",
            subject_kind=type(subject).__name__.lower(),
            subject_id=subject.id,
            unit_id=subject.unit_id,
            at=at,
            purpose=purpose,
            facts=facts,
        )
    )


def record_search(tx: Transaction, sought: str, hits: int, *, by: Actor, at: dt.datetime) -> None:
    """Somebody looked for something.

    The words stay out, they may be a name; their hash answers an auditor who asks whether a name
    was looked for, and by whom.
    """
    tx.audit.append(
        AuditEvent(
            actor_id=by.id,
            action="search.asked",
            subject_kind="search",
            subject_id="-",
            unit_id=by.unit_id,
            at=at,
            purpose=stated(None, "tra_cuu"),
            facts={"sought_sha256": sought_sha256(sought), "hits": hits},
        )
    )


def sought_sha256(words: str) -> str:
    """The same for any spacing and case (NFC)."""
    plain = " ".join(unicodedata.normalize("NFC", words).casefold().split())
    return hashlib.sha256(plain.encode()).hexdigest()


def record_act(
    tx: Transaction,
    action: str,
    *,
    by: Actor | str,
    unit_id: str,
    at: dt.datetime,
    purpose: str | None = None,
    subject_id: str = "-",
    **facts: Any,
) -> None:
    """Something done to the installation itself (`action` is "kind.verb"), not to one paper."""
    tx.audit.append(
        AuditEvent(
            actor_id=by if isinstance(by, str) else by.id,
            action=action,
            subject_kind=action.partition(".")[0],
            subject_id=subject_id,
            unit_id=unit_id,
            at=at,
            purpose=purpose,
            facts=facts,
        )
    )


def record_refusal(
    tx: Transaction, action: str, *, by: Actor, at: dt.datetime, **facts: Any
) -> None:
    """Something was turned away before it became a subject: no content, not even a hash."""
    tx.audit.append(
        AuditEvent(
            actor_id=by.id,
            action=action,
            subject_kind="file",
            subject_id="-",
            unit_id=by.unit_id,
            at=at,
            facts=facts,
        )
    )
