"""The font must know all of Vietnamese, or the program does not start."""

from io import BytesIO
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from storage.typeface import VIETNAMESE, load_typeface
from workflows.errors import Unavailable


def test_a_font_that_lacks_vietnamese_letters_is_refused(tmp_path):
    face = load_typeface()
    poor = tmp_path / "poor.ttf"
    poor.write_bytes(face.subset(VIETNAMESE.replace("ữ", "") + "abc"))
    with pytest.raises(Unavailable, match="lacks 1 of 134"):
        load_typeface(poor)
    with pytest.raises(Unavailable, match="absent"):
        load_typeface(Path("/nowhere/font.ttf"))


def test_a_subset_can_be_rescaled_for_programs_that_only_know_1000():
    face = load_typeface()
    font = TTFont(BytesIO(face.subset("Đồng", per_em=1000)))
    assert font["head"].unitsPerEm == 1000
    drawn = font["hmtx"].metrics[font.getBestCmap()[ord("Đ")]][0]
    assert abs(drawn - face.advances["Đ"]) <= 1


def test_one_glyph_has_one_meaning():
    face = load_typeface()
    assert face.writable("a\u00a0b\u00adc") == ("a b-c", 0)
    assert face.writable("ế\u0007\U0001f600") == ("ế", 2)
