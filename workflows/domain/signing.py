# SPDX-License-Identifier: Apache-2.0
"""Lượt ký ở trạm: a list of papers waiting for the clerk's own token, and how far each is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from workflows.domain.document import StoredObject


class SigningState(StrEnum):
    """Of a request as a whole."""

    WAITING = "waiting"  # chờ trạm
    PREPARED = "prepared"  # trạm đã đưa chứng thư, chờ chữ ký
    DONE = "done"  # mọi tệp đã có kết quả, đạt hay không
    EXPIRED = "expired"
    CANCELLED = "cancelled"


OPEN_REQUESTS = frozenset({SigningState.WAITING, SigningState.PREPARED})


class ItemState(StrEnum):
    """Of one paper of a request."""

    WAITING = "waiting"
    PREPARED = "prepared"
    SIGNED = "signed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequest:
    """Who is to sign, at which station, until when. `certificates`: DER as hex, signer's first."""

    id: str
    unit_id: str
    station_id: str
    user_id: str
    profile: str
    created_at: dt.datetime
    expires_at: dt.datetime
    state: SigningState = SigningState.WAITING
    certificates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """All that is needed to finish a signature, in another process and after a restart.

    `increment`: the bytes that follow `base` in the prepared file, with a gap for the signature
    at `start`..`end` (positions in the whole file). `attributes`: DER of the CMS signed
    attributes; the station signs exactly these bytes. `digest`: sha-256 of the prepared file
    without the gap.
    """

    base: StoredObject
    increment: bytes
    start: int
    end: int
    digest: bytes
    attributes: bytes
    field_name: str
    signed_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningItem:
    """One paper of a request. What was prepared is dropped when the item ends."""

    request_id: str
    position: int
    document_id: str
    state: ItemState = ItemState.WAITING
    message: str = ""
    prepared: Preparation | None = None
