# SPDX-License-Identifier: Apache-2.0
"""The legal moves between the states of a Document (TT 01/2023/TT-VPCP, Đ.7).

    received ─► captured ─► extracted ─► coded ─► stored
       Sao chụp     Bóc tách     Cấp mã     Lưu

Where its signature profile wants the check first, a paper is captured only once a person has
compared its fields (`checked_at`), whichever door signs.

A paper may be set aside and taken up again from every open state; rejected only before it is
stored; superseded or revoked only after. Destroyed only by `workflows.deletion`, from an end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workflows.domain.document import Document, DocumentState
from workflows.errors import IllegalMove

S = DocumentState

_OPEN = (S.RECEIVED, S.CAPTURED, S.EXTRACTED)
MOVES: frozenset[tuple[DocumentState, DocumentState]] = frozenset(
    {
        (S.RECEIVED, S.CAPTURED),
        (S.CAPTURED, S.EXTRACTED),
        (S.EXTRACTED, S.CODED),
        (S.CODED, S.STORED),
        (S.STORED, S.SUPERSEDED),
        (S.STORED, S.REVOKED),
        *((state, S.SET_ASIDE) for state in _OPEN),
        *((S.SET_ASIDE, state) for state in _OPEN),
        *((state, S.REJECTED) for state in (*_OPEN, S.SET_ASIDE)),
        *((state, S.DESTROYED) for state in (S.STORED, S.SUPERSEDED, S.REVOKED, S.REJECTED)),
    }
)


def move(document: Document, to: DocumentState, **changes: Any) -> Document:
    """The Document in state `to`; `IllegalMove` when the law does not know that step."""
    if (document.state, to) not in MOVES:
        raise IllegalMove(f"{document.state} -> {to}")
    if to is S.CAPTURED and document.check_first and document.checked_at is None:
        raise IllegalMove(
            f"{document.id} is not checked yet",
            message="Hồ sơ ký yêu cầu kiểm tra thông tin trước khi ký: "
            "hãy xác nhận các trường rồi ký.",
        )
    return replace(document, state=to, **changes)


def set_aside(document: Document, reason: str) -> Document:
    """Để lại: parked with a reason; remembers where it stood."""
    return move(document, S.SET_ASIDE, set_aside_reason=reason, state_before=document.state)


def take_up(document: Document) -> Document:
    """Back to where it stood before it was set aside."""
    if document.state_before is None:
        raise IllegalMove(f"{document.id} was not set aside")
    return move(document, document.state_before, set_aside_reason=None, state_before=None)
