# SPDX-License-Identifier: Apache-2.0
"""Cấp mã kết quả số hóa (TT 01/2023/TT-VPCP, Đ.10): unique; the owner may be blank.

The law's formula is printed as a picture and was not recovered, so the shape is a setting.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflows.audit import SYSTEM, record
from workflows.domain.document import DocumentState
from workflows.domain.unit import EVERYWHERE
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.states import move

DEFAULT_TEMPLATE = "KQ.{unit_code}.{year}.{type_code}.{sequence:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """Gives each confirmed Document its result code.

    `template` may name unit_code, year, type_code, owner (số định danh, may be empty), sequence.
    """

    database: Database
    clock: Clock
    template: str = DEFAULT_TEMPLATE

    def assign(self, document_id: str) -> str:
        """The code, given once: a second run returns the first one's."""
        with self.database.transaction() as tx:
            document = tx.documents.get(document_id, EVERYWHERE)
            if document.result_code is not None:
                return document.result_code
            unit = next(iter(tx.catalogue.units_by_id([document.unit_id])), None)
            holder = tx.holders.get(document.holder_id) if document.holder_id else None
            now = self.clock.now()
            code = self.template.format(
                unit_code=unit.code if unit else "000",
                year=now.year,
                type_code=document.type_code.upper(),
                owner=(holder.number if holder else None) or "",
                sequence=tx.next_number(f"result/{document.unit_id}/{now.year}"),
            )
            tx.documents.save(move(document, DocumentState.CODED, result_code=code))
            record(tx, "coded", document, by=SYSTEM, at=now, result_code=code)
        return code
