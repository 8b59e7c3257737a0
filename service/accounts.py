# SPDX-License-Identifier: Apache-2.0
"""Who may come in: passwords (argon2id), sessions (signed, idle-limited), partner keys."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import secrets
import uuid
from dataclasses import dataclass, replace

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from itsdangerous import BadSignature, SignatureExpired, TimestampSigner

from workflows.domain.station import Station
from workflows.domain.unit import Actor, ApiKey, Role, Scope, User, actor_of
from workflows.errors import InvalidValue, NotAuthenticated
from workflows.ports.clock import Clock
from workflows.ports.database import Database

KEY_PREFIX = "sk_"
STATION_PREFIX = "st_"
STATION_TOKEN_S = PHONE_TICKET_S = 15 * 60
CLOCK_SKEW_S = 300
"""How far a desk PC's clock may be off; stations of real offices were up to 18 minutes wrong, and
are told so."""
MIN_PASSWORD = 14
"""TCVN 14423:2026, 5.6: at least 14 characters where there is no second factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneTicket:
    """What a QR code lets one phone do; `dossier` is "" when it was shown outside a case."""

    actor: Actor
    number: str
    dossier: str
    shown_at: dt.datetime

    @property
    def until(self) -> dt.datetime:
        return self.shown_at + dt.timedelta(seconds=PHONE_TICKET_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Signs people in and knows partners by their key."""

    database: Database
    clock: Clock
    signing_key: bytes
    session_minutes: int = 15
    login_tries: int = 5
    lock_minutes: int = 15
    hasher: PasswordHasher

    def sign_in(self, username: str, password: str) -> str:
        """A session token. Five wrong tries lock the account for a while.

        The answer to a wrong name and to a wrong password is the same, and takes as long.
        """
        now = self.clock.now()
        with self.database.read() as tx:
            user = tx.accounts.user(username=username)
        good = self._matches(user, password)
        if user is None or not user.active or (user.locked_until and user.locked_until > now):
            raise NotAuthenticated(username, message="Sai tên đăng nhập hoặc mật khẩu.")
        failures = 0 if good else user.failures + 1
        lock = failures >= self.login_tries
        until = now + dt.timedelta(minutes=self.lock_minutes) if lock else None
        if failures or user.failures:
            with self.database.transaction() as tx:
                tx.accounts.put(replace(user, failures=0 if lock else failures, locked_until=until))
        if not good:
            raise NotAuthenticated(username, message="Sai tên đăng nhập hoặc mật khẩu.")
        return self.session(user.id)

    def session(self, user_id: str) -> str:
        return self._signer().sign(user_id).decode()

    def actor(self, token: str) -> Actor:
        """Who holds this session token, partner key or station token. `NotAuthenticated`."""
        if token.startswith(STATION_PREFIX):
            return self._station(token.removeprefix(STATION_PREFIX))
        return self._partner(token) if token.startswith(KEY_PREFIX) else self._person(token)

    def station_token(self, station: Station, at: int, signature: str) -> str:
        """A token of 15 minutes for the station that signed `station_claim` with its key."""
        now = self.clock.now().timestamp()
        if abs(now - at) > CLOCK_SKEW_S:
            raise NotAuthenticated(
                "clock", message="Đồng hồ của trạm lệch quá 5 phút so với máy chủ; hãy chỉnh giờ."
            )
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(station.public_key or ""))
            key.verify(bytes.fromhex(signature), station_claim(station.id, at))
        except (InvalidSignature, ValueError) as error:
            raise NotAuthenticated(station.id) from error
        return STATION_PREFIX + self._station_signer().sign(station.id).decode()

    def add_user(
        self, username: str, full_name: str, password: str, unit_id: str, roles: frozenset[Role]
    ) -> User:
        """Raises `InvalidValue` for a short password or a taken name."""
        if len(password) < MIN_PASSWORD:
            raise InvalidValue(
                "password", message=f"Mật khẩu phải có ít nhất {MIN_PASSWORD} ký tự."
            )
        user = User(
            id=uuid.uuid4().hex,
            username=username,
            full_name=full_name,
            unit_id=unit_id,
            roles=roles - {Role.PARTNER, Role.STATION},
            password_hash=self.hasher.hash(password),
        )
        with self.database.transaction() as tx:
            if tx.accounts.user(username=username) is not None:
                raise InvalidValue(username, message="Tên đăng nhập đã có người dùng.")
            tx.accounts.put(user)
        return user

    def add_key(
        self, name: str, unit_id: str, purposes: tuple[str, ...], days: int | None = 365
    ) -> tuple[ApiKey, str]:
        """A partner's key and its secret, which is shown this once and never stored."""
        secret = KEY_PREFIX + secrets.token_urlsafe(32)
        now = self.clock.now()
        key = ApiKey(
            id=uuid.uuid4().hex,
            name=name,
            secret_sha256=hashlib.sha256(secret.encode()).hexdigest(),
            unit_id=unit_id,
            purposes=purposes,
            created_at=now,
            expires_at=now + dt.timedelta(days=days) if days else None,
        )
        with self.database.transaction() as tx:
            tx.accounts.put(key)
        return key, secret

    def _matches(self, user: User | None, password: str) -> bool:
        reference = user.password_hash if user else _NOBODY
        try:
            return self.hasher.verify(reference, password) and user is not None
        except (VerifyMismatchError, InvalidHashError):
            return False

    def _person(self, token: str) -> Actor:
        try:
            user_id = self._signer().unsign(token, max_age=self.session_minutes * 60).decode()
        except SignatureExpired as error:
            raise NotAuthenticated(
                "expired", message="Phiên đã hết hạn do lâu không thao tác."
            ) from error
        except BadSignature as error:
            raise NotAuthenticated("bad session") from error
        return self._actor_of(user_id)

    def _actor_of(self, user_id: str) -> Actor:
        with self.database.read() as tx:
            user = tx.accounts.user(user_id=user_id)
            if user is None or not user.active:
                raise NotAuthenticated(user_id)
            scope = tx.accounts.scope_of(user.unit_id)
        return actor_of(user, scope)

    def _partner(self, secret: str) -> Actor:
        with self.database.read() as tx:
            key = tx.accounts.key(hashlib.sha256(secret.encode()).hexdigest())
        now = self.clock.now()
        if key is None or key.revoked_at or (key.expires_at and key.expires_at <= now):
            raise NotAuthenticated("api key")
        return Actor(
            id=key.id,
            name=key.name,
            unit_id=key.unit_id,
            roles=frozenset({Role.PARTNER}),
            scope=Scope(frozenset()),
            kind="partner",
            purposes=key.purposes,
        )

    def phone_ticket(self, user_id: str, dossier: str = "") -> str:
        """For the QR code: one phone may send pictures in this user's name for 15 minutes.

        `dossier`: the code of the case they are for; it cannot be changed on the way.
        """
        packed = base64.urlsafe_b64encode(dossier.encode()).decode().rstrip("=")
        said = f"{user_id}~{secrets.token_urlsafe(6)}~{packed}"
        return self._phone_signer().sign(said).decode()

    def phone(self, ticket: str) -> PhoneTicket:
        """Whose pictures these are, and for what. Raises `NotAuthenticated`."""
        try:
            said, shown_at = self._phone_signer().unsign(
                ticket, max_age=PHONE_TICKET_S, return_timestamp=True
            )
        except BadSignature as error:
            raise NotAuthenticated(
                "phone", message="Mã chụp đã hết hạn; hãy quét lại mã QR trên máy tính."
            ) from error
        user_id, number, packed = said.decode().split("~")
        dossier = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
        return PhoneTicket(
            actor=self._actor_of(user_id), number=number, dossier=dossier, shown_at=shown_at
        )

    def _phone_signer(self) -> TimestampSigner:
        return TimestampSigner(self.signing_key, salt="sohoa.phone")

    def _station(self, token: str) -> Actor:
        try:
            found = self._station_signer().unsign(token, max_age=STATION_TOKEN_S).decode()
        except BadSignature as error:
            raise NotAuthenticated("station token") from error
        with self.database.read() as tx:
            station = tx.stations.get(found)
        if station.revoked_at is not None or station.public_key is None:
            raise NotAuthenticated(found, message="Trạm đã bị thu hồi.")
        return Actor(
            id=station.id,
            name=station.name,
            unit_id=station.unit_id,
            roles=frozenset({Role.STATION}),
            scope=Scope(frozenset({station.unit_id})),
            kind="station",
        )

    def _station_signer(self) -> TimestampSigner:
        return TimestampSigner(self.signing_key, salt="sohoa.station")

    def _signer(self) -> TimestampSigner:
        return TimestampSigner(self.signing_key, salt="sohoa.session")


def station_claim(station_id: str, at: int) -> bytes:
    """What a station signs to get a token: its id and the time, seconds since 1970 UTC."""
    return f"sohoa-station\n{station_id}\n{at}".encode()


# A hash of nothing, so that an unknown name costs the same time as a wrong password.
_NOBODY = PasswordHasher().hash(secrets.token_hex(16))
