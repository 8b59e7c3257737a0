import datetime as dt
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.page import PageText
from storage.pdf import JpegRaster, PikepdfArchivalPdf
from storage.signing.authority import DevelopmentAuthority, DevelopmentKeys, Subject
from storage.signing.profiles import load_profiles
from storage.signing.revocation import RevocationSources
from storage.signing.sign import PyHankoSigner
from storage.signing.verify import PyHankoVerifier
from workflows.ports.archival import ConversionMark, CopyPage
from workflows.ports.sandbox import Ran, SandboxLevel
from workflows.ports.signer import SignatureLevel

PEOPLE = {
    "u1": Subject(name="Nguyễn Thị Mẫu", organisation="UBND xã Đông Sơn"),
    "u2": Subject(name="Trần Văn Thử", organisation="UBND xã Đông Sơn"),
    "unit1": Subject(name="Ủy ban nhân dân xã Đông Sơn"),
}


class DirectSandbox:
    """Runs the program as it is: these tests are about signatures, on files of our own."""

    level = SandboxLevel.LIMITS

    def run(self, argv, *, read, out, limits, env=None):
        ran = subprocess.run(
            list(argv),
            capture_output=True,
            check=False,
            timeout=limits.wall_s,
            env={"PATH": "/usr/bin", **(env or {})},
        )
        return Ran(
            returncode=ran.returncode,
            stdout=ran.stdout,
            stderr=ran.stderr,
            killed=None,
            seconds=0.0,
        )


class FixedClock:
    """Stands still where it was made: never before the certificates that tests ask for then.

    A clock of the whole run would: its tests may come hours after it began.
    """

    def __init__(self) -> None:
        self.at = dt.datetime.now(dt.UTC).replace(microsecond=0)

    def now(self) -> dt.datetime:
        return self.at


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> DevelopmentAuthority:
    made = DevelopmentAuthority(tmp_path_factory.mktemp("certificates"))
    made.ensure()
    return made


@pytest.fixture(scope="session")
def keys(authority) -> DevelopmentKeys:
    return DevelopmentKeys(authority, PEOPLE.get)


@pytest.fixture(scope="session")
def clock() -> FixedClock:
    """By which `signer` signs."""
    return FixedClock()


@pytest.fixture(scope="session")
def signer(authority, keys, clock) -> PyHankoSigner:
    return PyHankoSigner(
        keys,
        trust_dir=authority.trust,
        sandbox=DirectSandbox(),
        clock=clock,
        stamper=authority.time_stamper(),
        revocation=RevocationSources(lists=authority.revocation_lists),
    )


@pytest.fixture(scope="session")
def verify(authority, tmp_path_factory):
    """Reports for bytes, trusting the development root."""
    verifier = PyHankoVerifier(authority.trust)
    folder = tmp_path_factory.mktemp("verify")

    def look(content: bytes):
        path = folder / "f.pdf"
        path.write_bytes(content)
        return list(verifier.verify(path))

    return look


@pytest.fixture(scope="session")
def profiles():
    """The shipped ones, at level B-B: what the levels add has tests of its own."""
    shipped = load_profiles()
    return {n: replace(p, level=SignatureLevel.B_B) for n, p in shipped.items()}


def compose(pixels: np.ndarray, *, mark: bool = True) -> bytes:
    height, width = pixels.shape[:2]
    _, jpeg = cv2.imencode(".jpg", pixels)
    said = ConversionMark(
        converted_by="Nguyễn Thị Mẫu",
        unit_name="UBND xã Đông Sơn",
        converted_at=dt.datetime(2026, 11, 22, 7, 3, 5, tzinfo=dt.UTC),
    )
    page = CopyPage(
        jpeg=jpeg.tobytes(),
        width=width,
        height=height,
        dpi=150,
        text=PageText(page=1, width=width, height=height, dpi=150),
    )
    # the picture as it came: tests cut and flip its bytes at known places
    archival = PikepdfArchivalPdf(raster=JpegRaster())
    return archival.compose([page], title="Thử", mark=said if mark else None)


def letter() -> np.ndarray:
    """A4 at 150 dpi with a heading on both sides, as quốc hiệu and agency stand."""
    page = np.full((1754, 1240, 3), 250, np.uint8)
    for left, right in ((120, 520), (640, 1140)):
        for top in (110, 150, 190):
            cv2.rectangle(page, (left, top), (right, top + 20), (10, 10, 10), -1)
    for top in range(400, 1500, 40):
        cv2.rectangle(page, (150, top), (1130, top + 16), (10, 10, 10), -1)
    return page


@pytest.fixture(scope="session")
def copy_pdf() -> bytes:
    return compose(letter())


@pytest.fixture(scope="session")
def signed(signer, copy_pdf, profiles):
    return signer.sign(copy_pdf, profile=profiles["ca_nhan"], who="u1")


@pytest.fixture(scope="session")
def signed_twice(signer, signed, profiles):
    return signer.sign(signed.content, profile=profiles["co_quan"], who="unit1")


@pytest.fixture
def tools():
    """What other tests need to build their own files."""
    return Tools


def folder_with(authority: DevelopmentAuthority, pattern: str) -> Path:
    """A folder of only those files of the trust folder."""
    made = Path(tempfile.mkdtemp(dir=authority.folder))
    for path in authority.trust.glob(pattern):
        (made / path.name).write_bytes(path.read_bytes())
    return made


class Tools:
    folder_with = staticmethod(folder_with)
    DirectSandbox = DirectSandbox
    FixedClock = FixedClock
    compose = staticmethod(compose)
    letter = staticmethod(letter)
