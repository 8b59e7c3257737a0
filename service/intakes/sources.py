# SPDX-License-Identifier: Apache-2.0
"""What the office declared as ways in: `sohoa.toml`'s neighbour `intakes.toml`, read once."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    ValidationError,
    model_validator,
)

from service.config import Settings
from workflows.errors import InvalidValue

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
MAX_MESSAGE = 50 << 20
"""Bytes of a whole mail, its attachments in base64."""
SubFolder = Annotated[str, Field(pattern=r"^[^/\\.~][^/\\]{0,99}$")]


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_inside(peer: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """May this address call? Without networks only the machine itself may."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    if not networks:
        return bool(mapped.is_loopback)
    return any(mapped in network for network in networks)


def account_for(sender: str, senders: Mapping[str, str]) -> str | None:
    """Whose papers a sender's are: by his address, else by its domain; None: he may not send."""
    known = {k.lower(): v for k, v in senders.items()}
    address = sender.lower()
    local, at, domain = address.rpartition("@")
    return known.get(address) or (known.get(f"@{domain}") if local and at else None)


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FolderSource(_Declared):
    """A hot folder, local or a mounted share. `sub`: sub-folders with an account of their own.

    `create`: make the folder when it is missing; never for the mount point of a share, which would
    become a folder that nobody drops into.
    """

    path: Path
    account: str
    sub: dict[SubFolder, str] = {}
    urgent: bool = True
    create: bool = False
    stable_s: float = Field(2.0, ge=2.0, le=600)
    give_up_s: float = Field(300.0, ge=10, le=86_400)


class SmtpSource(_Declared):
    """A mail server of our own that takes mail and passes none on.

    `senders`: who may send, and whose papers they become: "may1@xa.example" or "@xa.example". The
    sender's address is only what he says, so beyond the loopback `networks` must be named.
    """

    host: str = "127.0.0.1"
    port: int = Field(2525, ge=0, le=65_535)
    senders: dict[str, str] = Field(min_length=1)
    networks: tuple[IPvAnyNetwork, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    require_tls: bool = False
    max_bytes: int = Field(MAX_MESSAGE, ge=1 << 16, le=256 << 20)

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if not is_loopback(self.host) and not self.networks:
            raise ValueError(f"networks: host {self.host} không phải loopback thì phải khai mạng")
        if self.require_tls and self.certificate is None:
            raise ValueError("certificate: require_tls cần chứng thư")
        return self


class MailboxSource(_Declared):
    """A mailbox of the office's mail server, looked into over TLS (the one outbound call).

    `senders` as for SMTP; empty: whoever writes to it, for `account`. What is done is moved to the
    folder `done`, what a person must see to `aside`.
    """

    host: str
    port: int = Field(993, ge=1, le=65_535)
    starttls: bool = False
    user: str
    password_file: Path
    account: str
    senders: dict[str, str] = {}
    folder: str = "INBOX"
    done: str = "Sohoa-Da-nhan"
    aside: str = "Sohoa-De-lai"
    every_s: float = Field(60.0, ge=1, le=3600)
    ca_file: Path | None = None
    max_bytes: int = Field(MAX_MESSAGE, ge=1 << 16, le=256 << 20)


class FtpDevice(_Declared):
    """One device's account at our FTP server; the table's name is its user name."""

    password_file: Path
    account: str
    urgent: bool = True


class FtpSource(_Declared):
    """A write-only FTP(S) server for multifunction printers (RFC 959, RFC 4217).

    Without `certificate` passwords go in the clear: then `plain = true` must say that this is
    known, and beyond the loopback `networks` must be named.
    """

    host: str = "127.0.0.1"
    port: int = Field(2121, ge=1, le=65_535)
    passive_ports: tuple[int, int] = (60_000, 60_050)
    masquerade: str | None = None
    networks: tuple[IPvAnyNetwork, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    plain: bool = False
    device: dict[Name, FtpDevice] = Field(min_length=1)

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.certificate is None and not self.plain:
            raise ValueError("certificate: không có chứng thư thì phải khai plain = true")
        if not is_loopback(self.host) and not self.networks:
            raise ValueError(f"networks: host {self.host} không phải loopback thì phải khai mạng")
        return self


class Sources(_Declared):
    """Everything declared, by name. The names are what status and journal are kept under."""

    folder: dict[Name, FolderSource] = {}
    mailbox: dict[Name, MailboxSource] = {}
    smtp: SmtpSource | None = None
    ftp: FtpSource | None = None

    @property
    def any(self) -> bool:
        return bool(self.folder or self.mailbox or self.smtp or self.ftp)


def declared(settings: Settings) -> Sources:
    """The file's sources and the one hot folder of the settings. Raises `InvalidValue`."""
    rows: dict[str, object] = {}
    if settings.intakes is not None:
        try:
            rows = tomllib.loads(settings.intakes.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InvalidValue(
                str(error), message=f"Không đọc được {settings.intakes}: {error}."
            ) from error
    try:
        sources = Sources.model_validate(rows)
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        raise InvalidValue(where, message=f"{settings.intakes} khai sai: {where}.") from error
    if settings.consume_dir is not None:
        single = FolderSource(
            path=settings.consume_dir, account=settings.consume_user or "canbo", create=True
        )
        sources = sources.model_copy(update={"folder": {"consume": single, **sources.folder}})
    _refuse_overlap(sources, settings.data_dir)
    return sources


def _refuse_overlap(sources: Sources, data_dir: Path) -> None:
    """A folder inside another would be taken twice; one around our data would eat it."""
    # by name alone: to resolve a path on a dead share would hang
    places = [(f"folder.{n}", f.path.absolute()) for n, f in sources.folder.items()]
    data = data_dir.absolute()
    for number, (name, place) in enumerate(places):
        if data.is_relative_to(place):
            raise InvalidValue(name, message=f"{name}: {place} chứa thư mục dữ liệu của Sohoa.")
        for other_name, other in places[number + 1 :]:
            if place.is_relative_to(other) or other.is_relative_to(place):
                raise InvalidValue(
                    name, message=f"{name} và {other_name} là thư mục lồng nhau hoặc trùng nhau."
                )
