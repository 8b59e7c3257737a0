# SPDX-License-Identifier: Apache-2.0
"""Dấu thời gian (RFC 3161): the configured authority, asked in bounded time."""

from __future__ import annotations

from urllib.parse import urlsplit

from pyhanko.sign.timestamps import HTTPTimeStamper, TimeStamper

_ANSWER_WITHIN = 5  # seconds; a clerk waits at the counter


def http_time_stamper(url: str) -> TimeStamper:
    """The authority at `url`. Raises `ValueError` for anything but http and https.

    The address comes from the configuration, never from a document.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"a time stamping authority has an http or https address, not {url!r}")
    return HTTPTimeStamper(url, timeout=_ANSWER_WITHIN)
