# SPDX-License-Identifier: Apache-2.0
"""Column types both databases treat alike."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware UTC instant, kept as microseconds since 1970.

    SQLite has no time type and drops offsets; an integer sorts, compares and indexes the same
    everywhere. Naive values are refused.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive time")
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        return None if value is None else EPOCH + int(value) * MICROSECOND
