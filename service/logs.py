# SPDX-License-Identifier: Apache-2.0
"""Structured logs on stderr: JSON for machines, readable on a terminal; never document content."""

from __future__ import annotations

import logging
import sys
from typing import TextIO, cast


class _StandardError:
    """Standard error as it is when a line is written; who replaced it meanwhile may have closed it.

    Loggers are kept from their first line on, and would keep the closed one with them.
    """

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(level: str) -> None:
    """Called once by each door that logs."""
    import structlog

    renderer = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _StandardError())),
        cache_logger_on_first_use=True,
    )
    configure_libraries()


def configure_libraries() -> None:
    """For doors that log nothing themselves: structlog takes longer to load than a page to copy."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    for name in ("pyhanko", "pyhanko_certvalidator"):  # a traceback for every path it gives up
        logging.getLogger(name).setLevel(logging.CRITICAL)
