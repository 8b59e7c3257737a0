# SPDX-License-Identifier: Apache-2.0
"""Ký bằng thiết bị của cán bộ ở trạm: one PIN for a list, every file recorded.

    request    a clerk names papers and a station                     waiting
      └► present   the station shows the token's certificate          prepared
           └► finish   raw signatures come back, each is checked      done

A paper is changed only by its own good signature; whatever else happens (restart, time out,
another's token) it stays as it was. TT 01/2023/TT-VPCP Đ.8: the signature is the clerk's own.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workflows.confirming import Confirming
from workflows.copying import Copying
from workflows.domain.signing import (
    OPEN_REQUESTS,
    ItemState,
    SigningItem,
    SigningRequest,
    SigningState,
)
from workflows.domain.unit import EVERYWHERE, Actor, User
from workflows.errors import (
    CertificateRefused,
    InvalidValue,
    NotFound,
    SigningExpired,
    SohoaError,
)
from workflows.ports.clock import Clock
from workflows.ports.database import Database
from workflows.ports.objects import ObjectStore
from workflows.ports.signer import DeferredSigner, SignatureLevel, SignatureProfile

LASTS = dt.timedelta(minutes=30)
MOST = 200  # papers in one request


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredSigning:
    """Requests to sign at a station."""

    database: Database
    objects: ObjectStore
    copying: Copying
    confirming: Confirming
    signer: DeferredSigner
    profile: SignatureProfile
    clock: Clock

    def request(self, document_ids: Sequence[str], station_id: str, *, by: Actor) -> SigningRequest:
        """Papers of `by`'s scope that wait for the personal signature, to be signed there.

        Raises `NotFound`, `IllegalMove` (a paper cannot be signed now), `InvalidValue`.
        """
        wanted = list(dict.fromkeys(document_ids))
        if not 0 < len(wanted) <= MOST:
            raise InvalidValue("documents", message=f"Mỗi lượt ký từ 1 đến {MOST} giấy tờ.")
        now = self.clock.now()
        with self.database.read() as tx:
            station = tx.stations.get(station_id)
            papers = [tx.documents.get(document_id, by.scope) for document_id in wanted]
        if not by.scope.holds(station.unit_id) or station.paired_at is None or station.revoked_at:
            raise NotFound(station_id)
        for paper in papers:
            self.copying.signable(paper)
        request = SigningRequest(
            id=uuid.uuid4().hex,
            unit_id=station.unit_id,
            station_id=station_id,
            user_id=by.id,
            profile=self.profile.name,
            created_at=now,
            expires_at=now + LASTS,
        )
        with self.database.transaction() as tx:
            tx.signing_requests.put(request)
            for position, paper in enumerate(papers):
                tx.signing_requests.put_item(
                    SigningItem(request_id=request.id, position=position, document_id=paper.id)
                )
        return request

    def waiting(self, *, by: Actor) -> Sequence[tuple[SigningRequest, str, int]]:
        """(request, the clerk's name, papers) open at the station `by`, oldest first."""
        with self.database.read() as tx:
            found = tx.signing_requests.find(EVERYWHERE, station_id=by.id)
            people = {r.user_id: tx.accounts.user(user_id=r.user_id) for r in found}
            counts = {r.id: len(tx.signing_requests.items(r.id)) for r in found}
        alive = [r for r in found if not self._overdue(r)]
        return [(r, _full_name(people[r.user_id]), counts[r.id]) for r in alive]

    def mine(self, *, by: Actor) -> Sequence[tuple[SigningRequest, Sequence[SigningItem]]]:
        """The newest requests of this clerk, with their papers."""
        with self.database.read() as tx:
            found = tx.signing_requests.find(EVERYWHERE, user_id=by.id, open_only=False, limit=5)
            return [(self._current(r), tx.signing_requests.items(r.id)) for r in found]

    def look(self, request_id: str, *, by: Actor) -> tuple[SigningRequest, Sequence[SigningItem]]:
        """A request of this very clerk or station, and how each paper fares."""
        with self.database.read() as tx:
            request = tx.signing_requests.get(request_id, EVERYWHERE)
            items = tx.signing_requests.items(request_id)
        if by.id not in (request.user_id, request.station_id):
            raise NotFound(request_id)
        return self._current(request), items

    def present(
        self, request_id: str, certificates: Sequence[bytes], *, by: Actor
    ) -> Sequence[SigningItem]:
        """The token's certificate (DER, signer's first): what there is to sign with it.

        Raises `CertificateRefused` for another person's, a revoked or an expired one,
        `SigningExpired`. A paper that cannot be prepared is marked failed, the rest goes on.
        """
        request = self._open(request_id, by)
        with self.database.read() as tx:
            clerk = tx.accounts.user(user_id=request.user_id)
            items = tx.signing_requests.items(request_id)
        self._must_be_theirs(certificates, clerk)
        shown = tuple(c.hex() for c in certificates)
        same = request.certificates == shown
        made = [
            item if same and item.prepared else self._prepared(item, certificates)
            for item in items
            if item.state in (ItemState.WAITING, ItemState.PREPARED)
        ]
        with self.database.transaction() as tx:
            state = SigningState.PREPARED
            tx.signing_requests.put(replace(request, certificates=shown, state=state))
            for item in made:
                tx.signing_requests.put_item(item)
        return [item for item in made if item.state is ItemState.PREPARED]

    def finish(
        self, request_id: str, signatures: Mapping[int, bytes], *, by: Actor
    ) -> tuple[SigningRequest, Sequence[SigningItem]]:
        """Raw signatures by position. Each file stands for itself: signed and recorded, or failed.

        May be asked again with the rest, or after an answer got lost. Raises `SigningExpired`.
        """
        request = self._open(request_id, by)
        with self.database.read() as tx:
            user = tx.accounts.user(user_id=request.user_id)
            items = list(tx.signing_requests.items(request_id))
        if user is None:
            raise NotFound(request.user_id)
        clerk = Actor(
            id=user.id,
            name=user.full_name,
            unit_id=user.unit_id,
            roles=user.roles,
            scope=EVERYWHERE,
        )
        for n, item in enumerate(items):
            if item.state is ItemState.PREPARED and item.position in signatures:
                items[n] = self._signed(request, item, signatures[item.position], clerk)
                with self.database.transaction() as tx:
                    tx.signing_requests.put_item(items[n])
        over = all(i.state in (ItemState.SIGNED, ItemState.FAILED) for i in items)
        if over:
            request = replace(request, state=SigningState.DONE)
            with self.database.transaction() as tx:
                tx.signing_requests.put(request)
        return request, items

    def cancel(self, request_id: str, *, by: Actor) -> SigningRequest:
        """By its clerk. What is signed stays signed."""
        request, items = self.look(request_id, by=by)
        if request.state in OPEN_REQUESTS:
            request = self._closed(request, items, SigningState.CANCELLED)
        return request

    def _prepared(self, item: SigningItem, certificates: Sequence[bytes]) -> SigningItem:
        with self.database.read() as tx:
            document = tx.documents.get(item.document_id, EVERYWHERE)
        try:
            prepared = self.signer.prepare(
                self.copying.signable(document), profile=self.profile, certificates=certificates
            )
        except CertificateRefused:
            raise  # it would be refused for every paper
        except SohoaError as error:
            return replace(item, state=ItemState.FAILED, message=error.shown)
        return replace(item, state=ItemState.PREPARED, base=document.copy, prepared=prepared)

    def _signed(
        self, request: SigningRequest, item: SigningItem, signature: bytes, clerk: Actor
    ) -> SigningItem:
        ended = replace(item, base=None, prepared=None)
        assert item.base is not None and item.prepared is not None  # noqa: S101 - state PREPARED
        with self.database.read() as tx:
            document = tx.documents.get(item.document_id, EVERYWHERE)
        if document.evidence is not None and document.copy == item.base:
            revision = self._revision_of(document.id, request.id)
            if revision:
                return replace(ended, state=ItemState.SIGNED)  # done before the answer got lost
        try:
            if document.copy != item.base:
                raise SigningExpired(document.id)
            now = replace(self.profile, level=self.profile.level.at_most(SignatureLevel.B_T))
            done = self.signer.complete(
                self.copying.signable(document),
                item.prepared,
                profile=now,
                certificates=[bytes.fromhex(c) for c in request.certificates],
                signature=signature,
            )
            signed = self.copying.accept(
                document, done, by=clerk, station=request.station_id, request=request.id
            )
            self.confirming.go_on(signed)
        except SohoaError as error:
            return replace(ended, state=ItemState.FAILED, message=error.shown)
        return replace(ended, state=ItemState.SIGNED)

    def _revision_of(self, document_id: str, request_id: str) -> bool:
        """Whether this very request signed the paper already (its log says so)."""
        with self.database.read() as tx:
            events = tx.audit.entries(subject_id=document_id, limit=10_000)
        return any(e.facts.get("request") == request_id for _, _, e in events)

    def _must_be_theirs(self, certificates: Sequence[bytes], clerk: User | None) -> None:
        """The certificate names the clerk. Names alone, NFC and case aside."""
        named = self.signer.owner(certificates[0]) if certificates else ""
        if clerk is None or _folded(named) != _folded(clerk.full_name):
            raise CertificateRefused(
                f"the certificate names {named!r}",
                message=f"Thiết bị ký số mang tên {named or 'không rõ'}, không phải cán bộ đã yêu "
                "cầu ký.",
            )

    def _open(self, request_id: str, by: Actor) -> SigningRequest:
        request, items = self.look(request_id, by=by)
        if request.state is SigningState.EXPIRED:
            self._closed(request, items, SigningState.EXPIRED)
        if request.state not in OPEN_REQUESTS:
            raise SigningExpired(request_id)
        return request

    def _current(self, request: SigningRequest) -> SigningRequest:
        return replace(request, state=SigningState.EXPIRED) if self._overdue(request) else request

    def _overdue(self, request: SigningRequest) -> bool:
        return request.state in OPEN_REQUESTS and self.clock.now() >= request.expires_at

    def _closed(
        self, request: SigningRequest, items: Sequence[SigningItem], state: SigningState
    ) -> SigningRequest:
        """Ended; what was prepared is forgotten."""
        closed = replace(request, state=state)
        with self.database.transaction() as tx:
            tx.signing_requests.put(closed)
            for item in items:
                if item.state in (ItemState.WAITING, ItemState.PREPARED):
                    dropped = replace(item, state=ItemState.FAILED, base=None, prepared=None)
                    tx.signing_requests.put_item(replace(dropped, message=SigningExpired.message))
        return closed


def _full_name(user: User | None) -> str:
    return user.full_name if user else ""


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
