# SPDX-License-Identifier: Apache-2.0
"""The resumable report of `sohoa batch`: one JSON object a line, appended and fsynced.

The last line about a file counts, so a run that was cut off goes on where it stood.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from workflows.domain.document import Document, ReadingStatus


class BatchReport:
    """Which file of the folder became which Document, and how it ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.batch_id: str | None = None
        self._rows: dict[str, dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                self._take(line)

    def start(self, batch_id: str) -> None:
        self.batch_id = batch_id
        self._append({"batch": batch_id})

    def has(self, name: str) -> bool:
        """Files refused for want of room or service are tried again; bad papers are not."""
        return name in self._rows

    def received(self, name: str, document_id: str) -> None:
        self._append({"file": name, "state": "received", "document": document_id})

    def refused(self, name: str, code: str, message: str) -> None:
        self._append({"file": name, "state": "error", "code": code, "message": message})

    def finished(self, name: str, document: Document) -> None:
        good = document.reading is ReadingStatus.READ
        self._append(
            {
                "file": name,
                "state": "read" if good else "failed",
                "document": document.id,
                "type": document.type_code,
                "code": document.failure_code,
            }
        )

    def waiting(self) -> dict[str, str]:
        """Files received whose reading has not ended: name -> document id."""
        return {n: r["document"] for n, r in self._rows.items() if r["state"] == "received"}

    def count(self, state: str) -> int:
        return sum(1 for row in self._rows.values() if row["state"] == state)

    def _take(self, line: str) -> None:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            return  # the line a power cut left half written; its file is simply done again
        if "batch" in row:
            self.batch_id = row["batch"]
        elif row.get("code") not in ("het_dung_luong", "kho_tep_khong_phan_hoi"):
            self._rows[row["file"]] = row

    def _append(self, row: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if "file" in row:
            self._rows[row["file"]] = row
