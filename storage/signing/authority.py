# SPDX-License-Identifier: Apache-2.0
"""Chứng thư phát triển: a certificate authority of our own, for development and tests only.

Everything it issues is named DEVELOPMENT, and nobody outside this installation trusts it. Real
signatures come from a token, an HSM or a remote signing service (NĐ 30/2020 Đ.32-33: a personal
key stays with its owner).

`python -m storage.signing.authority FOLDER` is what `script/certificates` runs.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asn1crypto.crl import CertificateList
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder
from pyhanko.sign.signers import Signer as KeyHolder
from pyhanko.sign.timestamps import DummyTimeStamper, TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from storage.signing.keys import Pkcs12Keys, file_name
from workflows.errors import SigningFailed

_BITS = 2048
_LONGEST_NAME = 64
_AUTHORITY_DAYS, _SIGNER_DAYS = 3650, 1095
_RENEW_BEFORE = dt.timedelta(days=30)
_LIST_LASTS, _LIST_AGES = dt.timedelta(days=30), dt.timedelta(hours=1)
_LISTS = ("root", "intermediate")  # whose revocation lists there are
_READ_ME = """DEVELOPMENT certificates of one Sohoa installation, made by script/certificates.
They prove nothing to anybody else. Delete the folder to have new ones made.
trust/ holds the root that this installation trusts; add the roots you accept beside it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a certificate names: a person of an organisation, or the organisation itself."""

    name: str
    organisation: str = ""


class DevelopmentAuthority:
    """Root, intermediate and time stamping certificates in a folder, made once.

    Layout: `trust/` (public, the root), `authority/` (mode 0700: CA and TSA keys), `signers/`
    (mode 0700: `<id>.p12`, `<id>.pass`). All private files have mode 0600. The revocation lists
    of both CAs lie in `trust/` too and are issued anew when they age.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trust = folder / "trust"
        self._own = folder / "authority"
        self._signers = folder / "signers"
        self._seen: dict[Path, tuple[int, Subject, dt.date]] = {}

    def ensure(self) -> None:
        """Make what is missing; quick when all is there. Safe for many processes at once."""
        if (self.folder / "README").is_file():
            return
        with self._lock():
            if not (self.folder / "README").is_file():
                self._make()
                _write(self.folder / "README", _READ_ME.encode(), 0o644)

    def issue(self, who: str, subject: Subject) -> Path:
        """The PKCS#12 file of `who`, made when absent, outdated or in another name."""
        self.ensure()
        path = self._signers / f"{file_name(who)}.p12"
        today = dt.datetime.now(dt.UTC).date()
        seen = (path.stat().st_mtime_ns if path.is_file() else 0, subject, today)
        if self._seen.get(path) == seen:  # opening a PKCS#12 file takes 0.1 s
            return path
        with self._lock():
            if not self._current(path, subject):
                self._issue(path, subject)
        self._seen[path] = (path.stat().st_mtime_ns, subject, today)
        return path

    def revoke(self, who: str) -> None:
        """Thu hồi: the present certificate of `who` is on the list from now on."""
        passphrase = (self._signers / f"{file_name(who)}.pass").read_bytes()
        packed = (self._signers / f"{file_name(who)}.p12").read_bytes()
        found = pkcs12.load_pkcs12(packed, passphrase).cert
        if found is None:
            raise SigningFailed(f"{who} has no certificate")
        with self._lock():
            row = f"{found.certificate.serial_number} {dt.datetime.now(dt.UTC).isoformat()}\n"
            known = self._revoked_file.read_text() if self._revoked_file.is_file() else ""
            _write(self._revoked_file, (known + row).encode(), 0o600)
            self._issue_lists()

    def revocation_lists(self) -> Sequence[CertificateList]:
        """The CRLs of root and intermediate, at most an hour old."""
        self.ensure()
        newest = self.trust / f"{_LISTS[-1]}.crl"
        with self._lock():
            made = newest.stat().st_mtime if newest.is_file() else 0.0
            if dt.datetime.now(dt.UTC).timestamp() - made > _LIST_AGES.total_seconds():
                self._issue_lists()
        return [CertificateList.load((self.trust / f"{name}.crl").read_bytes()) for name in _LISTS]

    @property
    def _revoked_file(self) -> Path:
        return self._own / "revoked"

    def _issue_lists(self) -> None:
        revoked = self._revoked_file.read_text() if self._revoked_file.is_file() else ""
        rows = [line.split() for line in revoked.splitlines()]
        for name, entries in zip(_LISTS, ([], rows), strict=True):
            certificate, key = self._authority(name)
            now = dt.datetime.now(dt.UTC)
            builder = (
                x509.CertificateRevocationListBuilder()
                .issuer_name(certificate.subject)
                .last_update(now)
                .next_update(now + _LIST_LASTS)
                .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
                .add_extension(
                    x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
                    critical=False,
                )
            )
            for serial, since in entries:
                builder = builder.add_revoked_certificate(
                    x509.RevokedCertificateBuilder()
                    .serial_number(int(serial))
                    .revocation_date(dt.datetime.fromisoformat(since))
                    .build()
                )
            content = builder.sign(key, hashes.SHA256())
            made = content.public_bytes(serialization.Encoding.DER)
            _write(self.trust / f"{name}.crl", made, 0o644)

    def _authority(self, name: str) -> tuple[x509.Certificate, RSAPrivateKey]:
        certificate = x509.load_pem_x509_certificate((self._own / f"{name}.crt").read_bytes())
        key = serialization.load_pem_private_key(
            (self._own / f"{name}.key").read_bytes(), password=None
        )
        if not isinstance(key, RSAPrivateKey):
            raise SigningFailed(f"the development {name} key is not RSA")
        return certificate, key

    def time_stamper(self) -> TimeStamper:
        """A time stamping authority in this process, for signatures of level B-T."""
        self.ensure()
        return DummyTimeStamper(
            _public(self._own / "tsa.crt"),
            load_private_key_from_pemder(str(self._own / "tsa.key"), passphrase=None),
            certs_to_embed=SimpleCertificateStore.from_certs(  # type: ignore[no-untyped-call]
                [_public(self._own / "intermediate.crt")]
            ),
        )

    def _make(self) -> None:
        for folder, mode in ((self.trust, 0o755), (self._own, 0o700), (self._signers, 0o700)):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)
        root_key, root_name = _new_key(), _name("Sohoa DEVELOPMENT Root CA", "DEVELOPMENT")
        root = _certificate(root_name, root_key, root_name, root_key, _authority(1))
        middle_key, middle_name = _new_key(), _name("Sohoa DEVELOPMENT CA", "DEVELOPMENT")
        middle = _certificate(middle_name, middle_key, root_name, root_key, _authority(0))
        stamp_key, stamp_name = _new_key(), _name("Sohoa DEVELOPMENT TSA", "DEVELOPMENT")
        stamp = _certificate(stamp_name, stamp_key, middle_name, middle_key, _STAMPING)
        for name, key, certificate in (
            ("root", root_key, root),
            ("intermediate", middle_key, middle),
            ("tsa", stamp_key, stamp),
        ):
            _write(self._own / f"{name}.key", _pem(key), 0o600)
            _write(self._own / f"{name}.crt", _pem(certificate), 0o644)
        _write(self.trust / "sohoa-development-root.crt", _pem(root), 0o644)

    def _current(self, path: Path, subject: Subject) -> bool:
        try:
            passphrase = path.with_suffix(".pass").read_bytes()
            found = pkcs12.load_pkcs12(path.read_bytes(), passphrase).cert
        except (OSError, ValueError):
            return False
        if found is None or found.certificate.subject != _name(subject.name, subject.organisation):
            return False
        ends = found.certificate.not_valid_after_utc
        return ends - dt.datetime.now(dt.UTC) > _RENEW_BEFORE

    def _issue(self, path: Path, subject: Subject) -> None:
        issuer, issuer_key = self._authority("intermediate")
        key, name = _new_key(), _name(subject.name, subject.organisation)
        certificate = _certificate(
            name, key, issuer.subject, issuer_key, _SIGNING, days=_SIGNER_DAYS
        )
        passphrase = secrets.token_urlsafe(24).encode()
        packed = pkcs12.serialize_key_and_certificates(
            subject.name.encode(),
            key,
            certificate,
            [issuer],
            serialization.BestAvailableEncryption(passphrase),
        )
        _write(path.with_suffix(".pass"), passphrase, 0o600)
        _write(path, packed, 0o600)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class DevelopmentKeys:
    """`SigningKeys` over the development authority: a certificate is made when first needed."""

    def __init__(
        self, authority: DevelopmentAuthority, subject_of: Callable[[str], Subject | None]
    ) -> None:
        """`subject_of` answers whom a user or Unit id names; None: unknown, refused."""
        self._authority = authority
        self._subject_of = subject_of
        self._files = Pkcs12Keys(authority.folder / "signers")

    def key_of(self, who: str) -> KeyHolder:
        subject = self._subject_of(who)
        if subject is None:
            raise SigningFailed(
                f"no user or unit {who}", message="Không tìm thấy người ký trong hệ thống."
            )
        return self._files.opened(self._authority.issue(who, subject))

    @contextmanager
    def unlocked(self, who: str, pin: str) -> Iterator[DevelopmentKeys]:
        """Its keys have no PIN."""
        yield self


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """What a certificate may be used for."""

    path_length: int | None = None
    signs_certificates: bool = False
    extended: tuple[x509.ObjectIdentifier, ...] = ()


def _authority(path_length: int) -> _Use:
    return _Use(path_length=path_length, signs_certificates=True)


_SIGNING = _Use()
_STAMPING = _Use(extended=(ExtendedKeyUsageOID.TIME_STAMPING,))


def _certificate(
    subject: x509.Name,
    key: RSAPrivateKey,
    issuer: x509.Name,
    issuer_key: RSAPrivateKey,
    use: _Use,
    *,
    days: int = _AUTHORITY_DAYS,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    authority = use.signs_certificates
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(authority, use.path_length), critical=True)
        .add_extension(_key_usage(authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if use.extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(use.extended), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _key_usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str, organisation: str) -> x509.Name:
    parts = [(NameOID.COUNTRY_NAME, "VN")]
    if organisation:
        parts.append((NameOID.ORGANIZATION_NAME, organisation))
    parts += [(NameOID.ORGANIZATIONAL_UNIT_NAME, "DEVELOPMENT"), (NameOID.COMMON_NAME, common)]
    return x509.Name([x509.NameAttribute(oid, _fitting(value)) for oid, value in parts])


def _fitting(value: str) -> str:
    """As many whole words as 64 bytes hold (RFC 5280 says characters; the library counts bytes)."""
    while len(value.encode()) > _LONGEST_NAME:
        value = value.rpartition(" ")[0] or value[:-1]
    return value


def _public(path: Path) -> Certificate:
    return next(iter(load_certs_from_pemder_data(path.read_bytes())))


def _new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=_BITS)


def _pem(thing: RSAPrivateKey | x509.Certificate) -> bytes:
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM)
    return thing.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by others even for a moment."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
    part.replace(path)


def main(folder: Path) -> None:
    """What `script/certificates` makes: the authority, and a signer of each kind to try out."""
    authority = DevelopmentAuthority(folder)
    authority.issue("can-bo-thu", Subject(name="Cán Bộ Thử", organisation="Đơn vị Thử"))
    authority.issue("don-vi-thu", Subject(name="Đơn vị Thử"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
