# SPDX-License-Identifier: Apache-2.0
"""Ký trì hoãn: the document stays here, the key stays in the clerk's token at the station.

Only the CMS signed attributes travel (some 250 bytes that hold the document's digest), and a raw
signature comes back. It is checked against the certificate before it is put anywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from io import BytesIO

from asn1crypto.cms import CMSAttributes
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import ExternalSigner
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_signer import PdfTBSDocument
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from storage.signing.preserve import outcome
from storage.signing.sign import PyHankoSigner
from workflows.domain.signing import PreparedSignature
from workflows.errors import CertificateRefused, SigningFailed, TimeStampUnavailable
from workflows.ports.clock import Clock
from workflows.ports.signer import SignatureDone, SignatureLevel, SignatureProfile

_GAP = 32_768
"""Hexadecimal digits kept free: a chain of two and a time stamp need 12,742 (measured).

Fixed, so that a time stamping authority that is down does not hinder preparing.
"""
_MOST_CERTIFICATES = 8


class PyHankoDeferredSigner:
    """The `DeferredSigner` port; places, checks and stamps as the ordinary signer does."""

    def __init__(self, ordinary: PyHankoSigner, clock: Clock, stamper: TimeStamper | None) -> None:
        self._ordinary = ordinary
        self._clock = clock
        self._stamper = stamper

    def owner(self, certificate: bytes) -> str:
        return _name(_loaded([certificate])[0])

    def prepare(
        self, pdf: bytes, *, profile: SignatureProfile, certificates: Sequence[bytes]
    ) -> PreparedSignature:
        key = _key(certificates, None)
        self._ordinary.must_be_usable(key)
        now = self._clock.now().replace(microsecond=0)

        async def work() -> PreparedSignature:
            signer, field = self._ordinary.pdf_signer(pdf, profile, key, now, None)
            made, _, out = await signer.async_digest_doc_for_signing(
                IncrementalPdfFileWriter(BytesIO(pdf)), bytes_reserved=_GAP
            )
            attributes = await key.signed_attrs(made.document_digest, "sha256", use_pades=True)
            out.seek(0)
            return PreparedSignature(
                increment=out.read()[len(pdf) :],
                start=made.reserved_region_start,
                end=made.reserved_region_end,
                digest=made.document_digest,
                attributes=attributes.dump(),
                field_name=field,
                signed_at=now,
            )

        return outcome(lambda: asyncio.run(work()))

    def complete(
        self,
        pdf: bytes,
        prepared: PreparedSignature,
        *,
        profile: SignatureProfile,
        certificates: Sequence[bytes],
        signature: bytes,
    ) -> SignatureDone:
        key = _key(certificates, signature)
        self._ordinary.must_be_usable(key)
        _must_match(certificates[0], prepared.attributes, signature)
        stamper = self._stamper if profile.level.reaches(SignatureLevel.B_T) else None
        level = SignatureLevel.B_T if stamper else SignatureLevel.B_B
        try:
            content = _finished(pdf, prepared, key, stamper)
        except (TimeStampUnavailable, SigningFailed):  # or a token larger than the gap
            content, level = _finished(pdf, prepared, key, None), SignatureLevel.B_B
        self._ordinary.must_verify(pdf, content, prepared.field_name)
        return SignatureDone(
            content=content,
            signer_name=self.owner(certificates[0]),
            level=level,
            signed_at=prepared.signed_at,
            field_name=prepared.field_name,
        )


def _finished(
    pdf: bytes, prepared: PreparedSignature, key: ExternalSigner, stamper: TimeStamper | None
) -> bytes:
    async def work() -> bytes:
        cms = await key.async_sign_prescribed_attributes(
            "sha256",
            signed_attrs=CMSAttributes.load(prepared.attributes),
            timestamper=stamper,
        )
        out = BytesIO(pdf + prepared.increment)
        gap = PreparedByteRangeDigest(
            document_digest=prepared.digest,
            reserved_region_start=prepared.start,
            reserved_region_end=prepared.end,
        )
        await PdfTBSDocument.async_finish_signing(out, gap, cms)
        return out.getvalue()

    return outcome(lambda: asyncio.run(work()))


def _must_match(certificate: bytes, attributes: bytes, signature: bytes) -> None:
    """The raw signature is the certificate's, over these attributes, and nothing else."""
    public = x509.load_der_x509_certificate(certificate).public_key()
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, attributes, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, attributes, ec.ECDSA(hashes.SHA256()))
        else:
            raise CertificateRefused(f"keys of kind {type(public).__name__} are not supported")
    except InvalidSignature as error:
        raise SigningFailed(
            "the raw signature is not the certificate's",
            message="Chữ ký nhận từ trạm không khớp chứng thư đã gửi.",
        ) from error


def _key(certificates: Sequence[bytes], signature: bytes | None) -> ExternalSigner:
    found = _loaded(certificates)
    store = SimpleCertificateStore.from_certs(found)  # type: ignore[no-untyped-call]
    length = found[0].public_key.byte_size * 2 if signature is None else None
    return ExternalSigner(
        signing_cert=found[0], cert_registry=store, signature_value=signature or length
    )


def _loaded(certificates: Sequence[bytes]) -> list[Certificate]:
    """Parsed whole: what a station sends is not believed to be certificates."""
    if not 0 < len(certificates) <= _MOST_CERTIFICATES:
        raise CertificateRefused(f"{len(certificates)} certificates")
    try:
        for content in certificates:
            x509.load_der_x509_certificate(content).public_key()
        return [Certificate.load(content, strict=True) for content in certificates]
    except (ValueError, TypeError) as error:
        raise CertificateRefused(
            f"not a certificate: {error}", message="Thiết bị ký số gửi chứng thư không đọc được."
        ) from error


def _name(certificate: Certificate) -> str:
    found = certificate.subject.native.get("common_name", "")
    return str(found[0] if isinstance(found, list) else found)
