# SPDX-License-Identifier: Apache-2.0
"""What is held of a Document in the object store, and what upkeep finds about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workflows.domain.document import StoredObject

ERASED_CODES = frozenset({"tai_lieu_mat", "presented_only"})
"""failure_code of Documents whose bytes the law forbids to keep: secret papers, identity cards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A Document's objects, each key once."""

    document_id: str
    objects: tuple[StoredObject, ...]


class Side(StrEnum):
    PRIMARY = "primary"  # kho chính
    REPLICA = "replica"  # bản sao


class Fault(StrEnum):
    """What is wrong with an object."""

    MISSING = "missing"  # mất tệp (hoặc thành thư mục)
    EMPTY = "empty"  # 0 byte
    TRUNCATED = "truncated"  # bị cắt ngắn
    ALTERED = "altered"  # khác nội dung
    RECORD = "record"  # nội dung đúng, bản ghi vân tay bên cạnh sai hoặc mất
    DISAGREES = "disagrees"  # cơ sở dữ liệu khác nhật ký về dấu vân tay
    ORPHAN = "orphan"  # không giấy tờ nào nhận
    LEFTOVER = "leftover"  # của giấy tờ đã xóa, đã hủy


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault. `mended`: set right from the other side, or removed where it must not be."""

    side: Side
    key: str
    fault: Fault
    document_id: str = ""
    mended: bool = False
