# SPDX-License-Identifier: Apache-2.0
"""Misread marks are put right by their neighbours, names and numbers are left alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.compounds import Compounds, mended, without_echo, without_echoes
from ocr.normalise import plain

LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyấềổữựạẹịọụáàảã 0123456789.,;:-/()ABCĐ"
WORDS = st.text(alphabet=LETTERS, max_size=60)


@pytest.mark.parametrize(
    ("read", "right"),
    [
        ("sửa đỗi, bỗ sung một số điều", "sửa đổi, bổ sung một số điều"),
        ("Chuyễn đỗi số tỉnh Đắk Lắk", "Chuyển đổi số tỉnh Đắk Lắk"),
        ("Sở Nội vụ (đễ báo cáo)", "Sở Nội vụ (để báo cáo)"),
        ("Về việc đấy mạnh công tác kiễm tra", "Về việc đẩy mạnh công tác kiểm tra"),
        ("Dề nghị ban hành Kế hoạch", "Đề nghị ban hành Kế hoạch"),
        ("Trung tâm Kiễm định chất lượng", "Trung tâm Kiểm định chất lượng"),
        ("Ban Cháp hành Trung ương", "Ban Chấp hành Trung ương"),
        ("QUY ĐỊNH MỨC THU, CHÊ ĐỘ THU, NỘP", "QUY ĐỊNH MỨC THU, CHẾ ĐỘ THU, NỘP"),
    ],
)
def test_marks_that_readers_lose(read, right):
    assert mended(read) == right


@pytest.mark.parametrize(
    "text",
    [
        "Về việc kinh phí hỗ trợ quà Tết cho hộ nghèo nhân dịp Tết nguyên đán Ất Tỵ - năm 2025",
        "Kết luận của Chủ tịch UBND tỉnh Nguyễn Hoàng Giang tại buổi làm việc",
        "Thôn Bỗ Sung, xã Đễ Báo, tỉnh Quảng Ngãi",  # capitals inside a text are names
        "79/2024/TT-BCA, số 02/2021/TT-BTC",
        "NGÂN HÀNG NHÀ NƯỚC VIỆT NAM",
        "hoà giải ở cơ sở",  # the other way of placing a tone is no error
        "Tham dự Hội nghị triển khai bảo đảm trật tự, an toàn giao thông dịp Tết Nguyên đán",
    ],
)
def test_what_is_right_stays(text):
    assert mended(text) == text


@settings(deadline=None)  # the first one loads the counts
@given(WORDS)
def test_only_marks_change(text):
    out = mended(text)
    assert plain(out) == plain(text)
    assert len(out) == len(text)


def test_a_word_needs_its_neighbours():
    """One meeting is no evidence, and a word that was met there stays."""
    few = Compounds(["bổ\tsung:3", "bỗ\tlang:9"])
    assert few.better("bỗ", None, "sung") is None
    many = Compounds(["bổ\tsung:900", "bỗ\tlang:9"])
    assert many.better("bỗ", None, "sung") == "bổ"
    assert many.better("bỗ", None, "lang") is None
    assert many.better("bỗ", None, None) is None


def test_how_much_likelier_another_word_is_here():
    few = Compounds(["nhân\tdân:900", "phai\tdần:9", "lúc\tnăm:800", "lúc\tnằm:20"])
    assert few.gain("nhân", "dần", "dân", None) > 2
    assert few.gain("phai", "dân", "dần", None) > 2
    # beside neither neighbour: the commoner word, unless it may be a name
    assert few.gain("xa", "nằm", "năm", None) > 2
    assert few.gain("Lê", "Nằm", "Năm", None) == 0.0
    # neither, and a third spelling stands there
    assert few.gain("phai", "dan", "dẫn", None) == 0.0
    assert few.gain(None, "nằm", "năm", None) == -few.gain(None, "năm", "nằm", None)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("tăng cường công tác ác thi hành án", "tăng cường công tác thi hành án"),
        ("thi hành án hành chính", "thi hành án hành chính"),
        ("kế hoạch các ạch", "kế hoạch các ạch"),
        ("trong các cơ quan", "trong các cơ quan"),
    ],
)
def test_the_end_of_a_word_read_again_is_taken_out(text, right):
    assert without_echoes(text) == right


@pytest.mark.parametrize(
    ("word", "right"),
    [("Ttrọng", "Trọng"), ("Trọng", "Trọng"), ("Nguyễnn", "Nguyễn"), ("Hùng", "Hùng")],
)
def test_a_letter_read_twice(word, right):
    assert without_echo(word) == right
