"""A certificate authority for tests, whose dates, lists and digests may be as wrong as wanted."""

import datetime as dt
from io import BytesIO

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.keys import load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import SimpleSigner
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
_NO_OTHER_USE = dict.fromkeys(
    ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
    False,
)


def days(number: float) -> dt.timedelta:
    return dt.timedelta(days=number)


class Issuer:
    """Root and intermediate, both valid for years around now; `announced` sources everywhere."""

    def __init__(self) -> None:
        self.root_key, self.key, self.user_key = (_new_key() for _ in range(3))
        long = {"start": NOW - days(4000), "end": NOW + days(4000), "ca": True}
        self.root = self._certificate("Gốc Thử", self.root_key, announced=False, own=True, **long)
        self.middle = self._certificate("Nơi Cấp Thử", self.key, by_root=True, **long)

    def certificate(self, name, *, start=-30.0, end=300.0, announced=True, **more):
        """`start`, `end`: days from now."""
        return self._certificate(
            name,
            self.user_key,
            start=NOW + days(start),
            end=NOW + days(end),
            announced=announced,
            **more,
        )

    def signer(self, certificate):
        return SimpleSigner(
            _asn1(certificate), _loaded(self.user_key), _store(self.middle, self.root)
        )

    def stamper(self, at: float = 0.0, *, start=-900.0, end=900.0):
        """A time stamp authority whose clock shows `at` days from now."""
        certificate = self.certificate("Dấu Thời Gian Thử", start=start, end=end, stamps=True)
        return DummyTimeStamper(
            _asn1(certificate),
            _loaded(self.user_key),
            certs_to_embed=_store(self.middle),
            fixed_dt=NOW + days(at),
        )

    def lists(self, at: float = -0.05, *, lasts=30.0, revoked=(), middle_revoked=None):
        """CRLs of intermediate and root made `at`; `revoked`: (certificate, days from now)."""
        by_root = [(self.middle, middle_revoked)] if middle_revoked is not None else []
        return [
            _list(self.middle, self.key, at, lasts, revoked),
            _list(self.root, self.root_key, at, lasts, by_root),
        ]

    def put_trust(self, folder, *lists):
        """The root, and revocation lists, as an administrator lays them down."""
        folder.mkdir(exist_ok=True)
        (folder / "root.crt").write_bytes(self.root.public_bytes(serialization.Encoding.PEM))
        for number, one in enumerate(lists):
            (folder / f"{number}.crl").write_bytes(one.dump())
        return folder

    def sign(
        self, pdf: bytes, certificate, *, field="ChuKy1", stamper=None, spec=None, **more
    ) -> bytes:
        metadata = {"subfilter": SigSeedSubFilter.PADES, "md_algorithm": "sha256", **more}
        return (
            PdfSigner(
                PdfSignatureMetadata(field_name=field, **metadata),
                signer=self.signer(certificate),
                timestamper=stamper,
                new_field_spec=spec,
            )
            .sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
            .getvalue()
        )

    def believing(self, lists, at: float = 0.0) -> ValidationContext:
        return ValidationContext(
            trust_roots=[_asn1(self.root)],
            other_certs=[_asn1(self.middle)],
            crls=lists,
            allow_fetching=False,
            revocation_mode="require",
            moment=NOW + days(at),
        )

    def sign_for_long(self, pdf, certificate, *, at=0.0, archive=False, lists=None) -> bytes:
        """B-LT, or with `archive` B-LTA, as signed `at` days from now."""
        return self.sign(
            pdf,
            certificate,
            stamper=self.stamper(at),
            embed_validation_info=True,
            validation_context=self.believing(lists or self.lists(at - 0.01), at),
            use_pades_lta=archive,
        )

    def stamp(self, pdf: bytes, at: float = 0.0, **more) -> bytes:
        """One more document time stamp."""
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        stamper = PdfTimeStamper(self.stamper(at, **more))
        return stamper.timestamp_pdf(writer, "sha256").getvalue()

    def _certificate(
        self, name, key, *, start, end, announced=True, ca=False, stamps=False, own=False,
        by_root=False, usage=True,
    ):  # fmt: skip
        issuer = _name(name) if own else (self.root if by_root else self.middle).subject
        issuer_key = self.root_key if own or by_root else self.key
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not ca and usage,
                    content_commitment=not ca and usage,
                    key_cert_sign=ca or not usage,
                    crl_sign=ca,
                    **_NO_OTHER_USE,
                ),
                critical=True,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
                critical=False,
            )
        )
        if stamps:
            use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            made = made.add_extension(use, critical=True)
        if announced:
            address = x509.UniformResourceIdentifier("http://crl.invalid/list.crl")
            point = x509.DistributionPoint([address], None, None, None)
            made = made.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        return made.sign(issuer_key, hashes.SHA256())


def _list(issuer, key, at, lasts, revoked):
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(NOW + days(at))
        .next_update(NOW + days(at + lasts))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
    )
    for certificate, when in revoked:
        made = made.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(NOW + days(when))
            .build()
        )
    signed = made.sign(key, hashes.SHA256())
    return asn1_crl.CertificateList.load(signed.public_bytes(serialization.Encoding.DER))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _loaded(key):
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return load_private_key_from_pemder_data(pem, passphrase=None)


def _asn1(certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _store(*certificates):
    return SimpleCertificateStore.from_certs([_asn1(c) for c in certificates])
