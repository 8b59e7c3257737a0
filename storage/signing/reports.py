# SPDX-License-Identifier: Apache-2.0
"""SignatureReports across the border of the sandbox: bounded JSON, believed in no detail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from workflows.ports.signer import SignatureReport, SignatureState

_LONGEST = 500  # characters of any text a foreign file may show to a person


def unreadable(reason: str, *, field: str = "", is_timestamp: bool = False) -> SignatureReport:
    """The report of a file or a signature nobody can read: a state, never an exception."""
    return SignatureReport(
        field_name=field[:_LONGEST],
        signer_name="",
        state=SignatureState.UNREADABLE,
        intact=False,
        trusted=False,
        covers_whole_file=False,
        signed_at=None,
        digest="",
        reason=reason[:_LONGEST],
        is_timestamp=is_timestamp,
    )


def reports_as_json(reports: Sequence[SignatureReport]) -> list[dict[str, Any]]:
    return [report.as_json() for report in reports]


def reports_from_json(rows: Any) -> tuple[SignatureReport, ...]:
    """Raises `KeyError`, `TypeError` or `ValueError` for anything but our own rows."""
    if not isinstance(rows, list):
        raise TypeError("reports are a list")
    return tuple(_report(row) for row in rows)


def _report(row: Any) -> SignatureReport:
    when = row["signed_at"]
    return SignatureReport(
        field_name=_text(row["field"]),
        signer_name=_text(row["signer"]),
        state=SignatureState(row["state"]),
        intact=row["intact"] is True,
        trusted=row["trusted"] is True,
        covers_whole_file=row["covers_whole_file"] is True,
        signed_at=dt.datetime.fromisoformat(when) if when is not None else None,
        digest=_text(row["digest"]),
        reason=_text(row["reason"]),
        level=_text(row["level"]),
        is_timestamp=row["is_timestamp"] is True,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value[:_LONGEST]
