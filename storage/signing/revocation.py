# SPDX-License-Identifier: Apache-2.0
"""Tình trạng thu hồi: CRLs at hand, and those of configured servers; never of a stranger's.

The addresses stand in certificates, so they are followed only to hosts that an administrator
named: a document cannot make this machine call anywhere else, redirects included.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientHandlerType, ClientRequest, ClientResponse, ClientSession
from asn1crypto.crl import CertificateList
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.fetchers import OwnedFetcherBackend
from pyhanko_certvalidator.fetchers.aiohttp_fetchers import AIOHttpFetcherBackend
from pyhanko_certvalidator.fetchers.aiohttp_fetchers.util import LazySession
from pyhanko_certvalidator.fetchers.api import FetchLimits

from storage.signing.trust import Trust

_ANSWER_WITHIN = 5  # seconds a server
_REST = 60.0  # seconds a server that did not answer is left alone: nobody shall wait for it again
_LIMITS = FetchLimits(max_requests=20, max_cert_requests=5, max_aia_urls_per_object=3)


def nothing_at_hand() -> Sequence[CertificateList]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationSources:
    """Where to learn what was revoked.

    `lists`: CRLs at hand (the development authority's own). `hosts`: `name` or `name:port` of
    servers that may be asked for CRLs and OCSP answers; none: nothing is fetched.
    """

    hosts: frozenset[str] = frozenset()
    lists: Callable[[], Sequence[CertificateList]] = nothing_at_hand
    silent_until: dict[str, float] = field(default_factory=dict)

    def context(self, trust: Trust) -> ValidationContext:
        """A fresh one for an operation; close it with `aclose` in the loop that used it.

        A certificate of unknown state is `InsufficientRevinfoError`, whether or not it names
        where to ask.
        """
        return ValidationContext(
            trust_roots=list(trust.roots),
            other_certs=list(trust.others),
            crls=[*trust.crls, *self.lists()],
            allow_fetching=bool(self.hosts),
            fetcher_backend=_backend(self) if self.hosts else None,
            revocation_mode="require",
        )


def _backend(sources: RevocationSources) -> OwnedFetcherBackend:
    backend = AIOHttpFetcherBackend(per_request_timeout=_ANSWER_WITHIN, limits=_LIMITS)
    backend.session = _GuardedSession(sources)
    return OwnedFetcherBackend(backend)


class _GuardedSession(LazySession):
    """pyHanko's own session, but no request leaves for a host that is not on the list."""

    def __init__(self, sources: RevocationSources) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._listed = {host.lower() for host in sources.hosts}
        self._silent_until = sources.silent_until

    def get_session(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(middlewares=(self._guard,))
        session: ClientSession = self._session
        return session

    async def _guard(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Each hop passes here, those of a redirect too."""
        url = request.url
        name = (url.host or "").lower()
        host = f"{name}:{url.port}"
        if url.scheme not in ("http", "https") or not self._listed & {name, host}:
            raise ClientError(f"{host} is not a configured revocation server")
        if time.monotonic() < self._silent_until.get(host, 0.0):
            raise ClientError(f"{host} did not answer a moment ago")
        try:
            return await handler(request)
        except (ClientError, TimeoutError) as error:
            self._silent_until[host] = time.monotonic() + _REST
            raise ClientError(f"{host}: {type(error).__name__}") from error
