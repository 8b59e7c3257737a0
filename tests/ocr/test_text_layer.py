"""Text layers are believed with proof only."""

import numpy as np
import pytest

from ocr import text_layer
from ocr.page import Box, Word
from ocr.text_layer import agreement, covered_share, judge_boxes, judge_letters

LAW = (
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015 theo đề nghị của Giám đốc "
    "Sở Nội vụ về việc kiện toàn tổ chức bộ máy của các cơ quan chuyên môn thuộc ủy ban nhân dân "
    "tỉnh trong giai đoạn hiện nay và những năm tiếp theo nhằm nâng cao hiệu lực quản lý"
)


def words(text, y0=0.1, tall=0.01):
    """Ten words a line."""
    made = []
    for i, token in enumerate(text.split()):
        x, y = 0.1 + 0.08 * (i % 10), y0 + 0.03 * (i // 10)
        box = Box(x, y, x + 0.012 * len(token) ** 0.8, y + tall)
        made.append(Word(text=token, box=box, confidence=0.99, line=i // 10))
    return tuple(made)


def ink_under(layer, size=(2000, 1400)):
    """Letter-sized marks inside every box."""
    page = np.zeros(size, np.uint8)
    for w in layer:
        y0, y1 = int(w.box.y0 * size[0]), int(w.box.y1 * size[0])
        for x in range(int(w.box.x0 * size[1]), int(w.box.x1 * size[1]) - 6, 9):
            page[y0:y1, x : x + 6] = 255
    return page


def test_a_born_digital_layer_is_believed():
    verdict = judge_letters(words(LAW))
    assert (verdict.believed, verdict.reason) == (True, "ok")
    assert judge_boxes(words(LAW), ink_under(words(LAW)), 200).believed


def test_a_stamp_of_a_signing_program_is_too_little():
    stamp = words("Ký bởi: Ủy ban nhân dân tỉnh Thời gian ký: 05/01/2021 08:15:24")
    assert judge_letters(stamp).reason == "few_letters"


def test_garbage_of_a_scanner_is_not_believed():
    verdict = judge_letters(words("CQNG HOA XA HQI CHU NGHIA VI~T NAM DQc lap Tl! do " * 8))
    assert not verdict.believed
    assert verdict.reason == "few_marks"


def test_an_english_translation_is_genuine():
    text = "The decision of the Minister shall be published in the gazette and by the press " * 4
    assert judge_letters(words(text)).reason == "english"


def test_tcvn3_comes_back_in_unicode():
    text = "QuyÕt ®Þnh sè Céng hßa x· héi chñ nghÜa ViÖt Nam cña ñy ban nh©n d©n tØnh " * 5
    verdict = judge_letters(words(text))
    assert verdict.reason == "tcvn3"
    assert "Quyết" in [w.text for w in verdict.words]


@pytest.mark.parametrize("shift", [0.3, 0.012])
def test_boxes_beside_the_ink_are_not_believed(shift):
    layer = words(LAW)
    moved = words(LAW, y0=0.1 + shift)
    assert not judge_boxes(layer, ink_under(moved), 200).believed


def test_ink_without_words_shows_a_layer_with_holes():
    layer = words(LAW)
    ink = ink_under(layer) | ink_under(words(LAW, y0=0.6))
    assert covered_share(layer, ink, 200) == pytest.approx(0.5, abs=0.05)
    assert judge_boxes(layer, ink, 200).reason == "ink_outside"


def test_agreement_with_a_quick_reading():
    layer = words(LAW)
    assert agreement(layer, layer) == 1.0
    assert agreement(layer, words("hoàn toàn khác biệt với những chữ đã in")) < text_layer.AGREEMENT
    assert agreement(layer, words("ba chữ thôi")) is None
