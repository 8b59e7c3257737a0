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
class PreparedSignature:
    """All that is needed to finish a signature, in another process and after a restart.

    `increment` follows the unsigned file, with a gap for the signature at `start`..`end` of the
    whole. `digest`: sha-256 of everything but the gap; `attributes`: DER of the CMS signed
    attributes, the very bytes the key signs.
    """

    increment: bytes
    start: int
    end: int
    digest: bytes
    attributes: bytes
    field_name: str
    signed_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningItem:
    """One paper of a request. `base`: the copy it was prepared from.

    What was prepared is dropped when the item ends.
    """

    request_id: str
    position: int
    document_id: str
    state: ItemState = ItemState.WAITING
    message: str = ""
    base: StoredObject | None = None
    prepared: PreparedSignature | None = None
