# SPDX-License-Identifier: Apache-2.0
"""Verifications across the border of the sandbox: bounded JSON, believed in no detail."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from workflows.domain.signature import (
    Changes,
    Coverage,
    Revocation,
    RevocationSource,
    SignatureReport,
    SignatureState,
    TimeSource,
    Verification,
)

_LONGEST = 500  # characters of any text a foreign file may show to a person
_MOST = 200  # signatures, and 20 notes each


def unreadable(
    reason: str,
    *,
    field: str = "",
    is_timestamp: bool = False,
) -> SignatureReport:
    """The report of a file or a signature nobody can read: a state, never an exception."""
    return SignatureReport(
        field_name=field[:_LONGEST],
        signer_name="",
        state=SignatureState.UNREADABLE,
        states=(SignatureState.UNREADABLE,),
        intact=False,
        trusted=False,
        covers_whole_file=False,
        signed_at=None,
        digest="",
        reason=reason[:_LONGEST],
        is_timestamp=is_timestamp,
    )


def unread(reason: str) -> Verification:
    """A whole file that could not be looked at."""
    return Verification(
        signatures=(unreadable(reason),), checked_at=dt.datetime.now(dt.UTC).replace(microsecond=0)
    )


def verification_as_json(told: Verification) -> dict[str, Any]:
    return told.as_json()


def verification_from_json(body: Any) -> Verification:
    """Raises `KeyError`, `TypeError` or `ValueError` for anything but our own rows."""
    if not isinstance(body, dict) or not isinstance(body["signatures"], list):
        raise TypeError("a verification was expected")
    if not body["sha256"]:
        raise ValueError("a hash was expected")
    return Verification(
        signatures=tuple(_report(row) for row in body["signatures"][:_MOST]),
        warnings=_texts(body["warnings"]),
        sha256=_hash(body["sha256"]),
        checked_at=_time(body["checked_at"]),
    )


def _report(row: Any) -> SignatureReport:
    page = row["page"]
    return SignatureReport(
        field_name=_text(row["field"]),
        signer_name=_text(row["signer"]),
        organisation=_text(row["organisation"]),
        state=SignatureState(row["state"]),
        states=tuple(SignatureState(s) for s in row["states"][: len(SignatureState)]),
        reason=_text(row["reason"]),
        notes=_texts(row["notes"]),
        intact=row["intact"] is True,
        trusted=row["trusted"] is True,
        covers_whole_file=row["covers_whole_file"] is True,
        coverage=Coverage(row["coverage"]),
        changes=Changes(row["changes"]),
        signed_at=_time(row["signed_at"]),
        time_source=TimeSource(row["time_source"]),
        token_time=_time(row["token_time"]),
        pdf_time=_time(row["pdf_time"]),
        signer_time=_time(row["signer_time"]),
        proven_at=_time(row["proven_at"]),
        digest=_text(row["digest"]),
        level=_text(row["level"]),
        is_timestamp=row["is_timestamp"] is True,
        issuer=_text(row["issuer"]),
        serial=_text(row["serial"]),
        certificate_sha256=_hash(row["certificate_sha256"]),
        valid_from=_time(row["valid_from"]),
        valid_to=_time(row["valid_to"]),
        revocation=Revocation(row["revocation"]),
        revoked_at=_time(row["revoked_at"]),
        revocation_source=RevocationSource(row["revocation_source"]),
        revocation_as_of=_time(row["revocation_as_of"]),
        revocation_until=_time(row["revocation_until"]),
        certifies=row["certifies"] is True,
        locked_fields=_text(row["locked_fields"]),
        visible=row["visible"] is True,
        page=page if isinstance(page, int) and not isinstance(page, bool) else None,
        purpose=_text(row["purpose"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value[:_LONGEST]


def _hash(value: Any) -> str:
    if value and not re.fullmatch("[0-9a-f]{64}", value):
        raise ValueError("a hash was expected")
    return _text(value)


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError("a list of texts was expected")
    return tuple(_text(v) for v in values[:20])


def _time(value: Any) -> dt.datetime | None:
    if value is None:
        return None
    when = dt.datetime.fromisoformat(value)
    if when.tzinfo is None:
        raise ValueError("a time without zone")
    return when
