# SPDX-License-Identifier: Apache-2.0
"""HTTP to one network scanner: bounded answers, and a certificate that is known again.

Scanners sign their certificates themselves, with dates from a clock nobody set; so the first
certificate seen is kept, and any other one for that address is refused (trust on first use).
"""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from scanner_drivers.driver import ScannerError, ScannerFault

MAX_XML = 1 << 20


class _PinnedTls(ssl.SSLContext):
    """Trusts one certificate by its SHA-256; with no pin the first one seen becomes the pin."""

    pin: str = ""

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        stream = super().wrap_socket(*args, **kwargs)
        seen = hashlib.sha256(stream.getpeercert(binary_form=True) or b"").hexdigest()
        if self.pin and seen != self.pin:
            stream.close()
            raise ssl.SSLError(f"another certificate: {seen}, known: {self.pin}")
        self.pin = seen
        return stream


class Connection:
    """A scanner at `base` (`http://host:port/eSCL`). Errors come as ScannerError OFFLINE."""

    def __init__(self, base: str, *, pin: str = "", timeout_s: float = 10.0) -> None:
        self.base = base.rstrip("/")
        self._tls = _PinnedTls(ssl.PROTOCOL_TLS_CLIENT)
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self._tls.pin = pin
        self._timeout_s = timeout_s
        # trust_env: a proxy of the office does not know the scanner beside the desk
        self._client = httpx.Client(
            verify=self._tls,
            trust_env=False,
            timeout=httpx.Timeout(timeout_s, connect=5.0),
            # a connection the device has just closed would look like a page that was lost
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    @property
    def pin(self) -> str:
        return self._tls.pin

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def xml(self, name: str) -> bytes:
        """The whole answer, at most 1 MiB and not longer than the timeout in all."""
        until = time.monotonic() + self._timeout_s
        with self.stream("GET", f"{self.base}/{name}") as answer:
            if answer.status_code == 503:
                raise ScannerError(ScannerFault.BUSY, f"{name}: 503")
            if answer.status_code != 200:
                raise ScannerError(ScannerFault.OFFLINE, f"{name}: {answer.status_code}")
            content = b""
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > MAX_XML or time.monotonic() > until:
                    raise ScannerError(ScannerFault.OFFLINE, f"{name}: too long an answer")
        return content

    @contextmanager
    def stream(
        self, method: str, url: str, *, content: str = "", wait_s: float | None = None
    ) -> Iterator[httpx.Response]:
        """`wait_s`: seconds without a byte; the connection's own limit where not given."""
        timeout = httpx.Timeout(wait_s or self._timeout_s, connect=5.0)
        headers = {"Accept-Encoding": "identity"}
        if content:
            headers["Content-Type"] = "text/xml; charset=utf-8"
        try:
            with self._client.stream(
                method, url, content=content or None, headers=headers, timeout=timeout
            ) as answer:
                yield answer
        except (httpx.TimeoutException, httpx.TransportError, httpx.InvalidURL) as error:
            if isinstance(error, httpx.ReadTimeout):
                raise ScannerError(ScannerFault.DRIVER_STALLED, f"{url}: {error}") from error
            raise ScannerError(ScannerFault.OFFLINE, f"{url}: {error}") from error

    def delete(self, url: str, *, wait_s: float = 2.0) -> bool:
        """Whether the device answered; what it said does not matter: the job is over for us."""
        try:
            with self.stream("DELETE", url, wait_s=wait_s):
                return True
        except ScannerError:
            return False

    def own(self, location: str) -> str:
        """An address the device gave, on the host we talk to.

        Firmware answers with a path only, with a name nobody can resolve, or with http though we
        came by https.
        """
        mine, path = urlsplit(self.base), urlsplit(location).path
        if not path.startswith("/"):
            path = f"{mine.path}/ScanJobs/{path}"
        return urlunsplit((mine.scheme, mine.netloc, path.rstrip("/"), "", ""))


class Pins:
    """Fingerprints by address; without a file they are known as long as this object lives."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, str] = {}

    def known(self, base: str) -> str:
        """Raises BAD_SETTING where the file cannot be read: no pin is not the same as any pin."""
        return self._read().get(urlsplit(base).netloc, "")

    def keep(self, base: str, pin: str) -> None:
        """First use only: a known address is never overwritten; a person removes its line."""
        address, known = urlsplit(base).netloc, self._read()
        if not pin or address in known:
            return
        self._known = {**known, address: pin}
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(f".{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._known, file, indent=1, sort_keys=True)
        part.replace(self._path)

    def _read(self) -> dict[str, str]:
        if self._path is not None and self._path.is_file():
            try:
                self._known = dict(json.loads(self._path.read_text("utf-8")))
            except (OSError, ValueError, TypeError) as error:
                raise ScannerError(ScannerFault.BAD_SETTING, f"{self._path}: {error}") from error
        return self._known
