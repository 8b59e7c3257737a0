# SPDX-License-Identifier: Apache-2.0
"""Bảo toàn chữ ký: validation data and archive time stamps, so that a signature outlives its keys.

PAdES (ETSI EN 319 142-1): B-LT puts certificates and revocation data into the file's document
security store (DSS), B-LTA stamps all of it; before that stamp ages another one is put over it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.signers.pdf_signer import TimestampDSSContentSettings
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError
from pyhanko.sign.validation.dss import async_add_validation_info
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import (
    CRLFetchError,
    InsufficientRevinfoError,
    OCSPFetchError,
    PathBuildingError,
    RevokedError,
)

from storage.signing.revocation import RevocationSources
from storage.signing.trust import load_trust
from storage.signing.verify import verify_bytes
from workflows.domain.signature import SignatureState
from workflows.errors import (
    CertificateRefused,
    RevocationUnavailable,
    SigningFailed,
    SohoaError,
    TimeStampUnavailable,
)
from workflows.ports.signer import SignatureLevel

T = TypeVar("T")
_DIGEST = "sha256"
# one revision holds the stamp and the proofs of its own certificate
_BESIDE = TimestampDSSContentSettings(include_vri=False, update_before_ts=True)


class PyHankoPreserver:
    """The `Preserver` port."""

    def __init__(
        self, *, trust_dir: Path, revocation: RevocationSources, stamper: TimeStamper | None
    ) -> None:
        """`stamper`: without one nothing above B-LT can be reached."""
        self._trust_dir = trust_dir
        self._revocation = revocation
        self._stamper = stamper

    def augment(self, pdf: bytes, level: SignatureLevel) -> bytes:
        content = pdf
        if level.reaches(SignatureLevel.B_LT):
            content = self._with_validation_data(content)
        if level.reaches(SignatureLevel.B_LTA) and not _stamped_last(content):
            content = self._run(lambda context: self._stamp(content, context))
        return self._checked(pdf, content)

    def renew(self, pdf: bytes) -> bytes:
        stamper = PdfTimeStamper(self._needed_stamper())

        async def chain(context: ValidationContext) -> bytes:
            out = BytesIO()
            await stamper.async_update_archival_timestamp_chain(
                PdfFileReader(BytesIO(pdf)),
                context,
                in_place=False,
                output=out,
            )
            return out.getvalue()

        return self._checked(pdf, self._run(chain))

    def stamp_ends(self, pdf: bytes) -> dt.datetime | None:
        stamps = PdfFileReader(BytesIO(pdf)).embedded_timestamp_signatures
        if not stamps:
            return None
        ends: dt.datetime = stamps[-1].signer_cert.not_valid_after
        return ends

    def _with_validation_data(self, pdf: bytes) -> bytes:
        """One revision a signature that still lacks something; signatures are looked up anew."""
        content = pdf
        for number in range(len(_signatures(content))):

            async def add(
                context: ValidationContext, content: bytes = content, number: int = number
            ) -> bytes:
                out = BytesIO()
                await async_add_validation_info(
                    _signatures(content)[number],
                    context,
                    add_vri_entry=False,
                    output=out,
                )
                return out.getvalue()

            content = self._run(add)
        return content

    async def _stamp(self, pdf: bytes, context: ValidationContext) -> bytes:
        out = BytesIO()
        await PdfTimeStamper(self._needed_stamper()).async_timestamp_pdf(
            IncrementalPdfFileWriter(BytesIO(pdf)),
            _DIGEST,
            context,
            output=out,
            dss_settings=_BESIDE,
        )
        return out.getvalue()

    def _needed_stamper(self) -> TimeStamper:
        if self._stamper is None:
            raise TimeStampUnavailable(
                "no time stamping authority is configured",
                message="Chưa cấu hình máy chủ dấu thời gian (SOHOA_TSA_URL).",
            )
        return self._stamper

    def _run(self, work: Callable[[ValidationContext], Awaitable[bytes]]) -> bytes:
        """`work` in a loop and a thread of its own; pyHanko's errors become errors of the tree.

        The caller may stand in a loop itself, and one loop cannot wait inside another.
        """
        context = self._revocation.context(load_trust(self._trust_dir))

        async def all_of_it() -> bytes:
            try:
                return await work(context)
            finally:
                await context.aclose()  # type: ignore[no-untyped-call]

        with ThreadPoolExecutor(1) as apart:
            return outcome(lambda: apart.submit(lambda: asyncio.run(all_of_it())).result())

    def _checked(self, before: bytes, after: bytes) -> bytes:
        """Nothing is believed that cannot be seen: all bytes stay, no state gets worse."""
        if not after.startswith(before):
            raise SigningFailed("preserving changed bytes that stood before")
        trust = load_trust(self._trust_dir)
        now = {r.field_name: r for r in verify_bytes(after, trust)}
        for earlier in verify_bytes(before, trust):
            later = now.get(earlier.field_name)
            if later is None or later.state not in (earlier.state, SignatureState.VALID):
                said = f"{later.state}: {later.reason}" if later else "not found"
                raise SigningFailed(f"preserving would change {earlier.field_name}: {said}")
        return after


def outcome(work: Callable[[], T]) -> T:
    """The result of `work`, or the error of our tree that says who is at fault."""
    try:
        return work()
    except SohoaError:
        raise
    except RevokedError as error:
        raise CertificateRefused(str(error), message="Chứng thư ký số đã bị thu hồi.") from error
    except PathBuildingError as error:
        raise CertificateRefused(
            str(error), message="Chứng thư ký số không nối đến gốc nào mà hệ thống này tin cậy."
        ) from error
    except (InsufficientRevinfoError, CRLFetchError, OCSPFetchError) as error:
        raise RevocationUnavailable(str(error)) from error
    except (TimestampRequestError, TimeoutError) as error:
        raise TimeStampUnavailable(f"{type(error).__name__}: {error}") from error
    except Exception as error:
        raise SigningFailed(f"{type(error).__name__}: {error}") from error


def _signatures(pdf: bytes) -> list[EmbeddedPdfSignature]:
    """All but document time stamps, in file order."""
    found: Any = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
    return list(found)


def _stamped_last(pdf: bytes) -> bool:
    """Whether an archive time stamp covers the whole file already."""
    found = list(PdfFileReader(BytesIO(pdf)).embedded_signatures)
    if not found or str(found[-1].sig_object.get("/Type", "")) != "/DocTimeStamp":
        return False
    _, _, start, length = (int(n) for n in found[-1].byte_range)
    return start + length == len(pdf)
