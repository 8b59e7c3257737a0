"""Printed slips: what our printer draws, our reader understands, whichever way it is fed."""

import io
import subprocess

import cv2
import numpy as np
import pikepdf
import pytest

from ocr.patch_codes import PatchCode
from ocr.separators import Slip, mark_page
from service.slips import HEIGHT, WIDTH, dossier_slip, separator_sheet

KEY = bytes(range(32))
DOSSIER = "000.00.01.H29-260101-0001"


def rendered(pdf, dpi, folder):
    """The first page in grey, as poppler prints it."""
    source = folder / "slip.pdf"
    source.write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-gray", "-r", str(dpi), "-singlefile", source, folder / "slip"], check=True
    )
    return cv2.imread(str(folder / "slip.pgm"), cv2.IMREAD_GRAYSCALE)


def scanned(page, degrees, turns):
    """Fed crooked and turned, with the noise of a scanner."""
    high, wide = page.shape
    matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), degrees, 1)
    page = cv2.warpAffine(page, matrix, (wide, high), borderValue=255)
    noisy = page * 0.85 + 25 + np.random.default_rng(2).normal(0, 6, page.shape)
    return np.ascontiguousarray(np.rot90(np.clip(noisy, 0, 255).astype(np.uint8), turns))


@pytest.mark.parametrize("dpi", [200, 300])
def test_a_slip_is_understood_however_it_is_fed(dpi, tmp_path):
    page = rendered(dossier_slip(DOSSIER, "tram-01", KEY), dpi, tmp_path)
    for turns, degrees in ((0, 0), (1, -4), (2, 4)):
        mark = mark_page(scanned(page, degrees, turns), dpi)
        assert mark.patch is PatchCode.II
        assert mark.slip(KEY) == Slip(station="tram-01", dossier=DOSSIER)
        assert not mark.is_refused(KEY)


@pytest.mark.parametrize("code", list(PatchCode))
def test_a_separator_sheet_tells_its_code_upside_down_too(code, tmp_path):
    page = rendered(separator_sheet(code), 200, tmp_path)
    for turns in (0, 2):
        mark = mark_page(scanned(page, 3, turns), 200)
        assert (mark.patch, mark.certain, mark.claims) == (code, True, ())
        assert mark.splits([code], KEY)


def test_people_can_read_it_too(tmp_path):
    path = tmp_path / "slip.pdf"
    path.write_bytes(dossier_slip(DOSSIER, "tram-01", KEY))
    text = subprocess.run(["pdftotext", path, "-"], check=True, capture_output=True).stdout.decode()
    for words in ("PHIẾU HỒ SƠ", DOSSIER, "Trạm quét: tram-01", "Đưa mép này vào máy trước"):
        assert words in text


def test_it_is_one_sheet_of_a4_and_always_the_same():
    content = dossier_slip(DOSSIER, "", KEY)
    assert content == dossier_slip(DOSSIER, "", KEY)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages) == 1
        assert [float(v) for v in pdf.pages[0].MediaBox] == pytest.approx([0, 0, WIDTH, HEIGHT])


def test_a_long_code_stays_on_the_sheet(tmp_path):
    page = rendered(dossier_slip("H" * 64, "tram-01", KEY), 100, tmp_path)
    assert page[:, :20].min() == 255
    assert page[:, -20:].min() == 255
    slip = mark_page(rendered(dossier_slip("H" * 64, "t" * 64, KEY), 200, tmp_path), 200).slip(KEY)
    assert slip == Slip(station="t" * 64, dossier="H" * 64)


@pytest.mark.parametrize("name", ["", "một hồ sơ", "a|b"])
def test_codes_that_cannot_be_signed_are_refused(name):
    with pytest.raises(ValueError, match="not a name"):
        dossier_slip(name, "tram-01", KEY)


def test_only_the_six_codes_exist():
    with pytest.raises(ValueError, match="V"):
        separator_sheet("V")
