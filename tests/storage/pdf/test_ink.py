"""No ink may go lost between the scan and the finished file, as another program draws it.

Real failures behind it (reliability f25, f26): files emptied or mostly erased on the way to
PDF/A with exit code 0. Poppler draws the finished file; nothing of ours looks at it.
"""

import subprocess
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ocr.page import PageText
from service.samples import make_sample
from storage.pdf import PikepdfArchivalPdf
from storage.picture import layers, prepared
from storage.picture.prepared import Form
from workflows.ports.archival import CopyPage

DPI = 100
MOST = 0.02  # of the page: how far the inked share may move
PLACE_MM = 10
KEPT = 0.6  # of the darkness of a place's ink


def page_of(pixels: np.ndarray, dpi: float) -> CopyPage:
    height, width = pixels.shape[:2]
    done, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 92])
    assert done
    return CopyPage(
        jpeg=jpeg.tobytes(),
        width=width,
        height=height,
        dpi=dpi,
        text=PageText(page=1, width=width, height=height, dpi=dpi),
    )


def drawn(content: bytes, tmp_path) -> np.ndarray:
    """Page 1 at 100 dpi, BGR, by poppler."""
    file = tmp_path / "copy.pdf"
    file.write_bytes(content)
    command = ["pdftoppm", "-r", str(DPI), "-l", "1", "-png", "-singlefile"]
    ran = subprocess.run(
        [*command, str(file), str(tmp_path / "copy")], check=True, timeout=60, capture_output=True
    )
    assert ran.stderr == b""
    return cv2.imread(str(tmp_path / "copy.png"))


def seen(pixels: np.ndarray, like: np.ndarray) -> np.ndarray:
    """The scan at the size of the drawing, BGR."""
    deep = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR) if pixels.ndim == 2 else pixels
    return cv2.resize(deep, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_AREA)


def depth(image: np.ndarray) -> np.ndarray:
    """How much darker than the paper around it, in the weakest channel; grain is left out."""
    weakest = image.min(2)
    darker = cv2.subtract(cv2.medianBlur(weakest, 41), weakest).astype(np.float32)
    return np.clip(darker - 14, 0, None)


def lost_places(before: np.ndarray, after: np.ndarray) -> int:
    """Places of about 10 mm that had ink and have too little left; soft edges, no grid to fall on.

    In square millimetres.
    """
    sigma = PLACE_MM / 4 / 25.4 * DPI
    had, has = (cv2.GaussianBlur(d, (0, 0), sigma)[::4, ::4] for d in (before, after))
    return round(float(((had > 0.5) & (has < KEPT * had)).sum()) * (4 / DPI * 25.4) ** 2)


def moved(before: np.ndarray, after: np.ndarray) -> float:
    return abs(float((before > 40).mean() - (after > 40).mean()))


def differences(pixels: np.ndarray, dpi: float, tmp_path) -> tuple[Form, float, int]:
    made = PikepdfArchivalPdf().compose_counted([page_of(pixels, dpi)], title="Thử", mark=None)
    after = drawn(made.content, tmp_path)
    before = depth(seen(pixels, after))
    return made.pictures[0].form, moved(before, depth(after)), lost_places(before, depth(after))


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("level", ["L1", "L2", "L3", "L4", "L5"])
@pytest.mark.parametrize("code", ["quyet_dinh", "cong_van", "gcn_ket_hon"])
def test_sample_papers_keep_their_ink(code, level, tmp_path):
    sample = make_sample(code, 11, level)
    form, share, lost = differences(decoded(sample.scans[0]), sample.dpi, tmp_path)
    assert share < MOST
    assert lost == 0
    # a ragged photocopy (L4) and a photograph (L5) are not taken apart
    assert form is (Form.JPEG if level in ("L4", "L5") else Form.MIXED)


@pytest.fixture
def letter() -> np.ndarray:
    return decoded(make_sample("cong_van", 5, "L1").scans[0])


def _pencil(page: np.ndarray) -> tuple[slice, slice]:
    points = np.array([[300, 3200], [600, 3120], [900, 3230], [1200, 3110]], np.int32)
    cv2.polylines(page, [points], False, (214, 212, 214), 5, cv2.LINE_AA)
    return slice(3090, 3250), slice(280, 1220)


def _pale_stamp(page: np.ndarray) -> tuple[slice, slice]:
    layer = np.full_like(page, 255)
    cv2.ellipse(layer, (500, 3100), (210, 150), 0, 0, 360, (190, 190, 235), 7, cv2.LINE_AA)
    cv2.putText(layer, "DEN 1234", (340, 3120), 0, 2.2, (190, 190, 235), 6, cv2.LINE_AA)
    np.minimum(page, layer, out=page)
    return slice(2940, 3260), slice(280, 720)


def _watermark(page: np.ndarray) -> tuple[slice, slice]:
    layer = np.full_like(page, 255)
    cv2.putText(layer, "BAN SAO", (260, 3300), 0, 14, (226, 226, 226), 60, cv2.LINE_AA)
    np.minimum(page, layer, out=page)
    return slice(2900, 3340), slice(240, 2400)


@pytest.mark.parametrize("plant", [_pencil, _pale_stamp, _watermark])
def test_faint_marks_stay_visible(letter, plant, tmp_path):
    rows, columns = plant(letter)
    made = PikepdfArchivalPdf().compose_counted([page_of(letter, 300)], title="Thử", mark=None)
    after = drawn(made.content, tmp_path)
    before = seen(letter, after)
    there = np.s_[rows.start // 3 : rows.stop // 3, columns.start // 3 : columns.stop // 3]
    had, has = before[there].astype(int), after[there].astype(int)
    paper = np.percentile(had, 95, axis=(0, 1))
    strokes = (paper - had).max(2) > 12
    assert strokes.sum() > 200, "the mark was planted"
    kept = (paper - has)[strokes].max(1).mean() / (paper - had)[strokes].max(1).mean()
    assert kept > 0.7
    if plant is _pale_stamp:
        red = has[strokes].mean(0)
        assert red[2] - red[:2].max() > 15, "a pale red stamp is still red"


@pytest.mark.parametrize("code", ["gcn_ket_hon", "cong_van"])
def test_a_seal_over_print_on_a_coarse_grey_scan_keeps_its_shade(code, monkeypatch):
    """Two steps break the seal's ring up where it crosses a name: the measure has to see that."""
    sample = make_sample(code, 100, "L3")
    page = decoded(sample.scans[0])
    good = prepared.prepare(page, sample.dpi)
    assert good.form is Form.MIXED
    assert good.fidelity is not None and good.fidelity.off < 0.015
    monkeypatch.setattr(layers, "_COARSE_STEPS", (0.25, 0.6))
    broken = prepared.prepare(page, sample.dpi)
    assert broken.fidelity is not None and broken.fidelity.off > 2 * good.fidelity.off
    assert broken.form is Form.JPEG


def _erasing(split):
    """A mask that loses a part of the page, as the emptied files of f25 did."""

    def lossy(page, dpi):
        whole = split(page, dpi)
        height, width = whole.masks[0].shape
        masks = tuple(mask.copy() for mask in whole.masks)
        for mask in masks:
            mask[height // 4 : height // 3, width // 4 : width // 2] = 0
        return replace(whole, masks=masks)

    return lossy


def test_a_mask_that_loses_ink_is_noticed_and_not_used(letter, monkeypatch, tmp_path):
    monkeypatch.setattr(prepared, "split", _erasing(prepared.split))
    form, share, lost = differences(letter, 300, tmp_path)
    assert (form, lost) == (Form.JPEG, 0)
    assert share < MOST


def test_the_measure_sees_lost_ink(letter, monkeypatch, tmp_path):
    """Positive control: without the check the same mask gives a file that this test refuses."""
    monkeypatch.setattr(prepared, "split", _erasing(prepared.split))
    monkeypatch.setattr(prepared.Fidelity, "good", property(lambda self: True))
    form, _, lost = differences(letter, 300, tmp_path)
    assert form is Form.MIXED
    assert lost > 500


def test_an_empty_picture_is_noticed(letter, tmp_path):
    """f26: page mostly erased by the conversion."""
    blank = np.full_like(letter, 250)
    made = PikepdfArchivalPdf().compose_counted([page_of(blank, 300)], title="Thử", mark=None)
    after = drawn(made.content, tmp_path)
    before = depth(seen(letter, after))
    assert moved(before, depth(after)) > MOST
    assert lost_places(before, depth(after)) > 5000


@pytest.mark.shared_data
def test_real_papers_keep_their_ink(shared_data, tmp_path):
    """Page 1 of every real document at 300 dpi: signed scans, black bands, 1-bit and colour.

    A plain JPEG of a 1-bit scan already measures 78 mm2: poppler shrinks its grain otherwise.
    """
    bad, forms = {}, []
    for file in sorted((shared_data / "documents").glob("*/*.pdf")):
        command = ["pdftoppm", "-r", "300", "-l", "1", "-png", "-singlefile"]
        subprocess.run([*command, str(file), str(tmp_path / "scan")], check=True, timeout=60)
        form, share, lost = differences(cv2.imread(str(tmp_path / "scan.png")), 300, tmp_path)
        forms.append(form)
        if share >= MOST or lost > 100:
            bad[file.name] = (form, share, lost)
    assert len(forms) >= 32
    assert bad == {}
    assert forms.count(Form.MIXED) > 0.9 * len(forms)
