# SPDX-License-Identifier: Apache-2.0
"""Network scanners that announce themselves: mDNS `_uscan._tcp`, and `_uscans._tcp` with TLS."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from zeroconf import (
    Error,
    InterfaceChoice,
    IPVersion,
    ServiceBrowser,
    ServiceInfo,
    ServiceStateChange,
    Zeroconf,
)

_SCHEMES = {"_uscans._tcp.local.": "https", "_uscan._tcp.local.": "http"}
_QUIET_S = 2.5  # scanners on one network answer within a second; sleepy ones need a second question


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """`base`: address to talk to; `uuid` is the same for a scanner's TLS and plain service."""

    base: str
    model: str
    vendor: str
    uuid: str


def announced(timeout_s: float, interfaces: Sequence[str] = ()) -> list[Announced]:
    """One entry a scanner, the TLS one where it has both.

    Ends when nothing new came for a while, at most after `timeout_s`. `interfaces`: own addresses
    to ask from; all where none is given.
    """
    found: dict[str, Announced] = {}
    with suppress(OSError, Error):  # no network at all: nobody is there
        zeroconf = Zeroconf(interfaces=list(interfaces) or InterfaceChoice.All)
        try:
            for one in _answers(zeroconf, timeout_s):
                known = found.get(one.uuid)
                if known is None or one.base.startswith("https:"):
                    found[one.uuid] = one
        finally:
            zeroconf.close()
    return sorted(found.values(), key=lambda one: one.base)


def _answers(zeroconf: Zeroconf, timeout_s: float) -> Iterator[Announced]:
    names: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def changed(
        zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if state_change is not ServiceStateChange.Removed:
            names.put((service_type, name))

    browser = ServiceBrowser(zeroconf, list(_SCHEMES), handlers=[changed])
    until = time.monotonic() + timeout_s
    try:
        while (left := until - time.monotonic()) > 0:
            try:
                kind, name = names.get(timeout=min(left, _QUIET_S))
            except queue.Empty:
                return
            service = zeroconf.get_service_info(kind, name, timeout=int(min(left, 2.0) * 1000))
            if service is not None and (one := _read(kind, name, service)) is not None:
                yield one
    finally:
        browser.cancel()


def _read(kind: str, name: str, service: ServiceInfo) -> Announced | None:
    """By its number, not its name: a desk PC often cannot resolve `.local`."""
    addresses = service.parsed_addresses(IPVersion.V4Only)
    if not addresses:
        return None
    said = {k.decode("utf-8", "replace"): v for k, v in service.properties.items()}

    def text(key: str) -> str:
        return (said.get(key) or b"").decode("utf-8", "replace")

    model = text("ty") or name.removesuffix(f".{kind}")
    return Announced(
        base=f"{_SCHEMES[kind]}://{addresses[0]}:{service.port}/{text('rs').strip('/') or 'eSCL'}",
        model=model,
        vendor=text("mfg") or model.partition(" ")[0],
        uuid=text("uuid").lower() or name.removesuffix(f".{kind}"),
    )
