# SPDX-License-Identifier: Apache-2.0
"""Dấu thời gian (RFC 3161): the configured authority, asked in bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from asn1crypto.tsp import TimeStampReq, TimeStampResp
from pyhanko.sign.timestamps import HTTPTimeStamper, TimeStamper, TimestampRequestError

_ANSWER_WITHIN = 5  # seconds; a clerk waits at the counter
_REST = 60.0
"""Seconds an authority that did not answer is left alone: the next clerk shall not wait too."""


class PatientTimeStamper(HTTPTimeStamper):
    """The authority at an address; one that is down is believed down for `rest_s` seconds."""

    def __init__(
        self,
        url: str,
        *,
        timeout: float = _ANSWER_WITHIN,
        rest_s: float = _REST,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(url, timeout=timeout)
        self._rest_s = rest_s
        self._now = now
        self._silent_until = 0.0

    async def async_request_tsa_response(self, req: TimeStampReq) -> TimeStampResp:
        if self._now() < self._silent_until:
            raise TimestampRequestError("the authority did not answer a moment ago")
        try:
            return await super().async_request_tsa_response(req)
        except (OSError, ValueError) as error:  # a TimestampRequestError is an OSError
            self._silent_until = self._now() + self._rest_s
            if isinstance(error, TimestampRequestError):
                raise
            raise TimestampRequestError(f"{type(error).__name__}: {error}") from error


def http_time_stamper(url: str) -> TimeStamper:
    """The authority at `url`. Raises `ValueError` for anything but http and https.

    The address comes from the configuration, never from a document.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"a time stamping authority has an http or https address, not {url!r}")
    return PatientTimeStamper(url)
