# SPDX-License-Identifier: Apache-2.0
"""Thời hạn lưu trữ và khóa ghi: how long each paper is kept, as data with its legal basis.

Luật Lưu trữ 33/2024/QH15: nothing is destroyed before its period ends. A type without a rule has
no end: an unknown period must never read as an expired one.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workflows.domain.document import Document, DocumentState
from workflows.domain.retention import RetentionRule
from workflows.domain.unit import EVERYWHERE
from workflows.errors import InvalidValue, NotFound
from workflows.ports.clock import VIETNAM
from workflows.ports.database import Database
from workflows.ports.objects import KeptStore

ENDS = frozenset(
    {
        DocumentState.STORED,
        DocumentState.SUPERSEDED,
        DocumentState.REVOKED,
        DocumentState.REJECTED,
    }
)
"""States in which a paper's retention runs."""
_STEP = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSchedule:
    """Bảng thời hạn: the shipped one, with the office's own over it."""

    rules: Mapping[str, RetentionRule]

    @classmethod
    def read(cls, own: Path | None = None) -> RetentionSchedule:
        """Raises `InvalidValue` naming the table that cannot be understood."""
        tables = [Path(__file__).with_suffix(".toml"), *([own] if own else [])]
        return cls(rules={code: rule for path in tables for code, rule in _rules(path).items()})

    def ends(self, document: Document) -> tuple[dt.date | None, str]:
        """(first day it may be destroyed, basis); None where it is kept for good or not known."""
        rule = self.rules.get(document.type_code)
        if rule is None:
            return None, "Loại giấy tờ chưa có thời hạn lưu trữ trong bảng của đơn vị."
        since = document.stored_at or document.created_at
        return rule.ends(since.astimezone(VIETNAM).date()), rule.basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Protecting:
    """Puts the store's lock on what is stored, led by the log; later revisions come by again.

    The lock ends with the retention period where that is sooner: a paper that may be destroyed
    must be destroyable (Luật 91/2025: personal data no longer than needed).
    """

    database: Database
    objects: KeptStore
    replica: KeptStore | None
    schedule: RetentionSchedule
    lock_days: int

    def run(self) -> int:
        """All that is new in the log; the number of objects protected."""
        done = 0
        while self.lock_days:
            with self.database.read() as tx:
                after = int((tx.progress.get("protection") or {}).get("entry", 0))
                page = tx.audit.entries(after=after, limit=_STEP)
                ids = sorted({e.subject_id for _, _, e in page if e.subject_kind == "document"})
            if not page:
                break
            done += sum(self._protect(document_id) for document_id in ids)
            with self.database.transaction() as tx:
                tx.progress.put("protection", {"entry": page[-1][0]})
        return done

    def _protect(self, document_id: str) -> int:
        with self.database.read() as tx:
            holdings = tx.holdings.of([document_id])
            if not holdings:
                return 0
            document = tx.documents.get(document_id, EVERYWHERE)
        if document.state not in ENDS or document.stored_at is None:
            return 0
        until = document.stored_at + dt.timedelta(days=self.lock_days)
        ends, _ = self.schedule.ends(document)
        if ends is not None:
            until = min(until, dt.datetime.combine(ends, dt.time(), VIETNAM).astimezone(dt.UTC))
        for stored in holdings[0].objects:
            for store in filter(None, (self.objects, self.replica)):
                if store is self.objects or store.find(stored.key) is not None:
                    store.protect(stored, until)
        return len(holdings[0].objects)


def _rules(path: Path) -> dict[str, RetentionRule]:
    try:
        rows = tomllib.loads(path.read_text("utf-8"))
        return {
            code: RetentionRule(
                type_code=code, years=int(row["years"]) or None, basis=str(row["basis"])
            )
            for code, row in rows.items()
        }
    except FileNotFoundError as absent:
        raise NotFound(str(path), message=f"Không có tệp {path}.") from absent
    except (tomllib.TOMLDecodeError, KeyError, ValueError, TypeError, UnicodeDecodeError) as wrong:
        raise InvalidValue(
            f"{path}: {wrong}",
            message=f"Bảng thời hạn lưu trữ {path.name} sai: mỗi loại cần years và basis.",
        ) from wrong
