# SPDX-License-Identifier: Apache-2.0
"""How long papers are kept, what stops their destruction, and the two-person act itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from workflows.domain.document import StoredObject


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """Thời hạn lưu trữ of a DocumentType. `years` None: vĩnh viễn. `basis` is its citation."""

    type_code: str
    years: int | None
    basis: str

    def ends(self, stored_on: dt.date) -> dt.date | None:
        """The first day on which it may be destroyed: whole years, counted from the next 1/1."""
        return None if self.years is None else dt.date(stored_on.year + self.years + 1, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """Giữ lại theo yêu cầu: an inspection, a lawsuit. Blocks destruction until it is released."""

    id: str
    document_id: str
    unit_id: str
    reason: str
    placed_by: str
    placed_at: dt.datetime
    released_by: str | None = None
    released_at: dt.datetime | None = None
    release_reason: str | None = None


class DestructionState(StrEnum):
    REQUESTED = "requested"  # đã đề nghị, chờ người thứ hai
    REFUSED = "refused"
    APPROVED = "approved"  # đã duyệt, chờ hết khóa ghi hoặc đang xóa
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """Hủy giấy tờ hết giá trị: asked by one person, decided by another; no content, only ids.

    `objects` are the keys to erase, known once the rows are gone; `waits_until`: an object lock.
    """

    id: str
    document_id: str
    unit_id: str
    basis: str
    reason: str
    requested_by: str
    requested_at: dt.datetime
    state: DestructionState = DestructionState.REQUESTED
    decided_by: str | None = None
    decided_at: dt.datetime | None = None
    decision_reason: str | None = None
    waits_until: dt.datetime | None = None
    done_at: dt.datetime | None = None
    objects: tuple[StoredObject, ...] = ()
