# SPDX-License-Identifier: Apache-2.0
"""Ký số: one PAdES signature added as an incremental revision, checked before it is believed.

A time stamping authority or revocation server that is down does not stop a clerk: the signature
is then kept at a lower level and completed later (`preserve`).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from io import BytesIO
from itertools import count
from pathlib import Path

from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import (
    SigFieldSpec,
    SigSeedSubFilter,
    enumerate_sig_fields,
)
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers import Signer as KeyHolder
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import CertificateValidator

from storage.signing.keys import SigningKeys
from storage.signing.preserve import PyHankoPreserver, outcome
from storage.signing.revocation import RevocationSources
from storage.signing.stamp import (
    PlacedStamp,
    first_page_ink,
    page_box,
    place_stamp,
    stamp_style,
)
from storage.signing.trust import load_trust
from storage.signing.verify import verify_bytes
from storage.typeface import Typeface, load_typeface
from workflows.errors import (
    CertificateRefused,
    RevocationUnavailable,
    SigningFailed,
    SohoaError,
    TimeStampUnavailable,
)
from workflows.ports.clock import VIETNAM, Clock
from workflows.ports.sandbox import Sandbox
from workflows.ports.signer import (
    SignatureDone,
    SignatureLevel,
    SignatureProfile,
)

_LOG = logging.getLogger(__name__)


class PyHankoSigner:
    """The `Signer` port. Without a `stamper` every signature stays at B-B."""

    def __init__(
        self,
        keys: SigningKeys,
        *,
        trust_dir: Path,
        sandbox: Sandbox,
        clock: Clock,
        stamper: TimeStamper | None = None,
        revocation: RevocationSources | None = None,
        face: Typeface | None = None,
    ) -> None:
        """`trust_dir`: roots for the check after signing. `sandbox` draws page 1."""
        self._revocation = revocation or RevocationSources()
        self._preserver = PyHankoPreserver(
            trust_dir=trust_dir, revocation=self._revocation, stamper=stamper
        )
        self._keys = keys
        self._trust_dir = trust_dir
        self._sandbox = sandbox
        self._clock = clock
        self._stamper = stamper
        self._face = face or load_typeface()

    def sign(self, pdf: bytes, *, profile: SignatureProfile, who: str) -> SignatureDone:
        """Sign a PDF of our own making; `pdf` stays as the beginning of the result.

        Raises `SigningFailed` when the key is not there, the file cannot take a signature, or
        the result does not verify with a bottom line of true.
        """
        key = self._keys.key_of(who)
        self.must_be_usable(key)
        now = self._clock.now().replace(microsecond=0)
        stamper = self._stamper if profile.level.reaches(SignatureLevel.B_T) else None
        level = SignatureLevel.B_T if stamper else SignatureLevel.B_B
        try:
            content, field = self._signed(pdf, profile, key, now, stamper)
        except TimeStampUnavailable:
            level = SignatureLevel.B_B
            content, field = self._signed(pdf, profile, key, now, None)
        self.must_verify(pdf, content, field)
        if level is SignatureLevel.B_T and profile.level.reaches(SignatureLevel.B_LT):
            content, level = self._preserved(content, profile.level)
        return SignatureDone(
            content=content,
            signer_name=_name(key.signing_cert),
            level=level,
            signed_at=now,
            field_name=field,
        )

    @contextmanager
    def unlocked(self, who: str, pin: str) -> Iterator[PyHankoSigner]:
        """As the port says."""
        with self._keys.unlocked(who, pin) as keys:
            opened = copy(self)
            opened._keys = keys
            yield opened

    def _signed(
        self,
        pdf: bytes,
        profile: SignatureProfile,
        key: KeyHolder,
        now: dt.datetime,
        stamper: TimeStamper | None,
    ) -> tuple[bytes, str]:
        """The signed bytes and the field's name, at B-B or with a `stamper` at B-T."""

        def work() -> tuple[bytes, str]:
            signer, field = self.pdf_signer(pdf, profile, key, now, stamper)
            return signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf))).getvalue(), field

        return outcome(work)

    def pdf_signer(
        self,
        pdf: bytes,
        profile: SignatureProfile,
        key: KeyHolder,
        now: dt.datetime,
        stamper: TimeStamper | None,
    ) -> tuple[PdfSigner, str]:
        """Whatever signs `pdf` as the profile says, with the name of its new field."""
        field = _free_field(PdfFileReader(BytesIO(pdf)), profile.field_prefix)
        placed = self._placed(pdf, profile, _name(key.signing_cert), now)
        signer = _DatedSigner(
            _metadata(profile, field),
            signer=key,
            timestamper=stamper,
            stamp_style=stamp_style(placed, self._face) if placed else None,
            new_field_spec=SigFieldSpec(field, on_page=0, box=placed.box if placed else None),
        )
        signer.at = now.astimezone(VIETNAM)
        return signer, field

    def _preserved(self, pdf: bytes, level: SignatureLevel) -> tuple[bytes, SignatureLevel]:
        """As far up as what answers now leads; the rest is added later."""
        reached = SignatureLevel.B_T
        for step in (SignatureLevel.B_LT, SignatureLevel.B_LTA):
            if level.reaches(step):
                try:
                    pdf, reached = self._preserver.augment(pdf, step), step
                except SohoaError as error:  # the signature itself stands, and is checked
                    _LOG.warning("kept at %s: %s", reached, error)
                    break
        return pdf, reached

    def must_be_usable(self, key: KeyHolder) -> None:
        """A certificate that is revoked or out of its time does not sign (Luật GDĐT, Đ.22)."""
        certificate = key.signing_cert
        if certificate is None:
            raise SigningFailed("the key has no certificate")
        now = self._clock.now()
        if not certificate.not_valid_before <= now <= certificate.not_valid_after:
            raise CertificateRefused(
                f"expired or not yet valid: {certificate.not_valid_after:%Y-%m-%d}",
                message="Chứng thư ký số đã hết hạn hoặc chưa đến ngày hiệu lực.",
            )
        context = self._revocation.context(load_trust(self._trust_dir))

        async def check() -> None:
            try:
                chain = CertificateValidator(
                    certificate,
                    intermediate_certs=list(key.cert_registry),
                    validation_context=context,
                )
                await chain.async_validate_usage(key_usage=set())  # type: ignore[no-untyped-call]
            finally:
                await context.aclose()  # type: ignore[no-untyped-call]

        with contextlib.suppress(RevocationUnavailable):  # unknown is told later, by `augment`
            outcome(lambda: asyncio.run(check()))

    def _placed(
        self, pdf: bytes, profile: SignatureProfile, signer_name: str, now: dt.datetime
    ) -> PlacedStamp | None:
        if not profile.visible:
            return None
        when = now.astimezone(VIETNAM).isoformat(timespec="seconds")
        lines = profile.stamp.format(signer=signer_name, time=when).split("\n")
        text = "\n".join(self._face.writable(line)[0] for line in lines)
        ink = first_page_ink(pdf, self._sandbox)
        placed = place_stamp(text, profile.corner, ink, page_box(pdf), self._face)
        if placed is None:
            _LOG.warning("page 1 has no free paper: the signature of %s has no mark", signer_name)
        return placed

    def must_verify(self, before: bytes, after: bytes, field: str) -> None:
        """What was there stays, earlier signatures stay whole, the new one holds."""
        if not after.startswith(before):
            raise SigningFailed("signing changed bytes that stood before")
        trust = load_trust(self._trust_dir)
        reports = {r.field_name: r for r in verify_bytes(after, trust)}
        new = reports.get(field)
        if new is None or not (new.intact and new.trusted and new.covers_whole_file):
            said = f"{new.state}: {new.reason}" if new else "signature not found"
            raise SigningFailed(f"the new signature does not verify: {said}")
        for earlier in verify_bytes(before, trust):
            now = reports.get(earlier.field_name)
            if now is None or now.state is not earlier.state:
                raise SigningFailed(f"signing would change the state of {earlier.field_name}")


class _DatedSigner(PdfSigner):
    """Signs with our clock: /M, the visible time and the report say the same second."""

    at: dt.datetime

    def init_signing_session(
        self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at
        return session


def _metadata(profile: SignatureProfile, field: str) -> PdfSignatureMetadata:
    """An approval signature, not a certifying one.

    After a certifying one pyHanko calls a second visible signature (the Unit's) a forgery.
    """
    return PdfSignatureMetadata(
        field_name=field,
        reason=profile.reason,
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
    )


def _free_field(reader: PdfFileReader, prefix: str) -> str:
    taken = {name for name, _, _ in enumerate_sig_fields(reader)}
    return next(f"{prefix}{n}" for n in count(1) if f"{prefix}{n}" not in taken)


def _name(certificate: Certificate | None) -> str:
    if certificate is None:
        raise SigningFailed("the key has no certificate")
    return str(certificate.subject.native.get("common_name", ""))
