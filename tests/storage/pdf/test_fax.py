"""Group 4 by the system's libtiff and by Pillow's: the same strip, and the ink comes back."""

from pathlib import Path

import numpy as np
import pikepdf
from hypothesis import given
from hypothesis import strategies as st

from storage.picture import fax
from storage.picture.fax import Fax, fax_of


@st.composite
def inks(draw):
    shape = draw(st.tuples(st.integers(1, 90), st.integers(1, 200)))
    some = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    share = draw(st.sampled_from([0.0, 0.02, 0.5, 1.0]))
    ink = (some.random(shape) < share).astype(np.uint8)
    return np.repeat(ink, draw(st.integers(1, 9)), axis=1) * np.uint8(draw(st.integers(1, 255)))


def shown(made: Fax) -> np.ndarray:
    """What a reader of the strip sees: True where there is ink."""
    with pikepdf.new() as pdf:
        image = pikepdf.Stream(
            pdf,
            made.data,
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Image,
            Width=made.columns,
            Height=made.rows,
            BitsPerComponent=1,
            ColorSpace=pikepdf.Name.DeviceGray,
            Filter=pikepdf.Name.CCITTFaxDecode,
            DecodeParms=pikepdf.Dictionary(
                K=-1, Columns=made.columns, Rows=made.rows, BlackIs1=made.black_is_one
            ),
        )
        return ~np.asarray(pikepdf.PdfImage(image).as_pil_image(), bool)


@given(inks())
def test_both_write_the_same_strip(ink):
    assert fax._by_libtiff(ink, fax._libtiff()) == fax._by_pillow(ink)


@given(inks())
def test_the_ink_comes_back(ink):
    made = fax_of(ink)
    assert (made.rows, made.columns) == ink.shape
    assert np.array_equal(shown(made), ink > 0)


def test_without_libtiff_pillow_writes_it(monkeypatch):
    ink = np.eye(50, dtype=np.uint8)
    usual = fax_of(ink)
    monkeypatch.setattr(fax, "_LIBRARIES", ("libtiff-of-nobody.so",))
    fax._libtiff.cache_clear()
    try:
        assert fax._libtiff() is None
        assert fax_of(ink) == usual
    finally:
        fax._libtiff.cache_clear()


def test_a_thousand_pages_leave_no_memory_and_no_descriptor_behind():
    ink = np.zeros((300, 400), np.uint8)
    ink[50:60, 30:300] = 255
    fax_of(ink)
    before = len([*Path("/proc/self/fd").iterdir()]), _resident()
    for _ in range(1000):
        fax_of(ink)
    after = len([*Path("/proc/self/fd").iterdir()]), _resident()
    assert after[0] == before[0]
    assert after[1] - before[1] < 8 << 20


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
