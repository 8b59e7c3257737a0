# SPDX-License-Identifier: Apache-2.0
"""Repository of signatures that wait for a clerk's token."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from storage.database import tables as t
from storage.database.mapping import from_row, to_row
from storage.database.papers import within
from storage.database.registers import upsert
from workflows.domain.document import StoredObject
from workflows.domain.signing import (
    OPEN_REQUESTS,
    ItemState,
    PreparedSignature,
    SigningItem,
    SigningRequest,
)
from workflows.domain.unit import Scope
from workflows.errors import NotFound


class SqlSigningRequests:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def put(self, request: SigningRequest) -> None:
        upsert(self.connection, t.signing_requests, to_row(request))

    def get(self, request_id: str, scope: Scope) -> SigningRequest:
        wanted = select(t.signing_requests).where(t.signing_requests.c.id == request_id)
        wanted = within(wanted, t.signing_requests.c.unit_id, scope)
        row = self.connection.execute(wanted).mappings().first()
        if row is None:
            raise NotFound(request_id)
        return from_row(SigningRequest, row)

    def find(
        self,
        scope: Scope,
        *,
        station_id: str | None = None,
        user_id: str | None = None,
        open_only: bool = True,
        limit: int = 50,
    ) -> Sequence[SigningRequest]:
        r = t.signing_requests.c
        wanted = within(select(t.signing_requests), r.unit_id, scope).limit(limit)
        if station_id is not None:
            wanted = wanted.where(r.station_id == station_id)
        if user_id is not None:
            wanted = wanted.where(r.user_id == user_id)
        if open_only:
            wanted = wanted.where(r.state.in_([s.value for s in OPEN_REQUESTS]))
            wanted = wanted.order_by(r.created_at, r.id)
        else:
            wanted = wanted.order_by(r.created_at.desc(), r.id)
        return [from_row(SigningRequest, row) for row in self.connection.execute(wanted).mappings()]

    def put_item(self, item: SigningItem) -> None:
        row = {
            "request_id": item.request_id,
            "position": item.position,
            "document_id": item.document_id,
            "state": item.state.value,
            "message": item.message,
            "increment": item.prepared.increment if item.prepared else None,
            "preparation": _as_json(item),
        }
        upsert(self.connection, t.signing_items, row)

    def items(self, request_id: str) -> Sequence[SigningItem]:
        i = t.signing_items.c
        wanted = select(t.signing_items).where(i.request_id == request_id).order_by(i.position)
        return [_item(row) for row in self.connection.execute(wanted).mappings()]


def _as_json(item: SigningItem) -> dict[str, Any] | None:
    made = item.prepared
    if made is None or item.base is None:
        return None
    return {
        "base": to_row(item.base),
        "start": made.start,
        "end": made.end,
        "digest": made.digest.hex(),
        "attributes": made.attributes.hex(),
        "field_name": made.field_name,
        "signed_at": made.signed_at.isoformat(),
    }


def _item(row: RowMapping) -> SigningItem:
    item = SigningItem(
        request_id=row["request_id"],
        position=row["position"],
        document_id=row["document_id"],
        state=ItemState(row["state"]),
        message=row["message"],
    )
    kept, increment = row["preparation"], row["increment"]
    if kept is None or increment is None:
        return item
    made = PreparedSignature(
        increment=bytes(increment),
        start=kept["start"],
        end=kept["end"],
        digest=bytes.fromhex(kept["digest"]),
        attributes=bytes.fromhex(kept["attributes"]),
        field_name=kept["field_name"],
        signed_at=dt.datetime.fromisoformat(kept["signed_at"]),
    )
    return replace(item, base=StoredObject(**kept["base"]), prepared=made)
