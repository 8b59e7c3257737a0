# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime as dt
from typing import Protocol

VIETNAM = dt.timezone(dt.timedelta(hours=7), "ICT")
"""Asia/Ho_Chi_Minh: UTC+7 since 1975, no daylight saving. For screens and visible stamps only."""


class Clock(Protocol):
    def now(self) -> dt.datetime:
        """Aware, UTC."""
        ...


class SystemClock:
    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)
