"""The network's side of the reading: decoding, words with boxes, batches, the card."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from ocr.page import Box
from ocr.recogniser.decoding import Character, best_path, text_of, words_of
from ocr.recogniser.doubtful_words import by_neighbours, repaired, settled
from ocr.recogniser.line_image import ALPHABET, BLANK, HEIGHT, MIN_WIDTH, STEP, line_image
from ocr.recogniser.model import BATCH_COLUMNS, SHIPPED, LineModel, ModelMissing, _by_width
from ocr.recogniser.reader import NetRecogniser
from tests.ocr.sheets import DPI, TYPEFACE

CLASSES = len(ALPHABET) + 1


def scores_of(path: list[tuple[str, int]], sure: float = 0.9) -> np.ndarray:
    """Scores of a path of (character or "" for the blank, steps)."""
    rows = []
    for character, steps in path:
        row = np.full(CLASSES, (1 - sure) / (CLASSES - 1), np.float32)
        row[ALPHABET.index(character) + 1 if character else BLANK] = sure
        rows += [row] * steps
    return np.log(np.array(rows, np.float32).reshape(-1, CLASSES))


def test_equal_neighbours_are_one_character_unless_a_blank_parts_them():
    read = best_path(scores_of([("a", 3), ("", 1), ("a", 1), ("n", 2)]))
    assert text_of(read) == "aan"
    assert [(c.start, c.end) for c in read] == [(0, 3), (4, 5), (5, 7)]
    assert all(c.confidence == pytest.approx(0.9, abs=1e-5) for c in read)


def test_alternatives_tell_what_else_could_stand_there():
    scores = scores_of([("1", 1)])
    scores[0, ALPHABET.index("7") + 1] = np.log(0.08)
    (character,) = best_path(scores)
    assert character.alternatives[0][0] == "7"
    assert character.alternatives[0][1] == pytest.approx(0.08, abs=1e-3)


@given(st.text(alphabet=ALPHABET, min_size=0, max_size=30))
def test_every_text_can_be_written_as_a_path_and_read_back(text: str):
    path = [step for c in text for step in ((c, 1), ("", 1))]
    read = best_path(scores_of(path))
    assert "".join(c.text for c in read) == text


def test_words_stand_on_their_ink():
    picture = np.zeros((HEIGHT, 40 * STEP), np.uint8)
    picture[10:30, 8:40] = 255  # "ab" in steps 2-10
    picture[14:34, 100:140] = 255  # "cd" in steps 25-35
    ab, cd = [("", 2), ("a", 2), ("", 2), ("b", 2)], [("c", 2), ("", 3), ("d", 2)]
    path = [*ab, ("", 8), (" ", 2), ("", 8), *cd]
    words = words_of(best_path(scores_of([*path, ("", 7)])), picture)
    assert [w.text for w in words] == ["ab", "cd"]
    width = picture.shape[1]
    assert words[0].box == Box(8 / width, 10 / HEIGHT, 40 / width, 30 / HEIGHT)
    assert words[1].box == Box(100 / width, 14 / HEIGHT, 140 / width, 34 / HEIGHT)


@given(st.integers(1, 300), st.integers(1, 900), st.integers(0, 255))
def test_a_picture_of_any_crop_has_the_networks_height(height: int, width: int, grey: int):
    made = line_image(np.full((height, width), grey, np.uint8))
    assert made.shape[0] == HEIGHT
    assert made.shape[1] % STEP == 0 and made.shape[1] >= MIN_WIDTH
    assert not made.any(), "an empty crop must not turn into ink"


@given(st.lists(st.integers(MIN_WIDTH, 2000), max_size=80))
def test_batches_hold_every_line_once_and_are_not_too_wide(widths: list[int]):
    groups = _by_width(widths)
    assert sorted(k for g in groups for k in g) == list(range(len(widths)))
    for group in groups:
        widest = max(widths[k] for k in group)
        assert len(group) == 1 or len(group) * widest <= BATCH_COLUMNS


def test_a_file_that_is_not_the_cards_is_not_loaded(tmp_path: Path):
    path = tmp_path / "line.onnx"
    with pytest.raises(ModelMissing, match="no card"):
        LineModel(path)
    card = {"version": "1", "sha256": "0" * 64, "lines_seen": 1, "reads": []}
    path.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(ModelMissing, match="no model"):
        LineModel(path)
    path.write_bytes(b"something else")
    with pytest.raises(ModelMissing, match="not the model"):
        LineModel(path)


def test_the_card_names_the_shipped_file():
    card = json.loads(SHIPPED.with_suffix(".json").read_text())
    assert hashlib.sha256(SHIPPED.read_bytes()).hexdigest() == card["sha256"]
    assert card["classes"] == CLASSES
    assert card["lines_seen"] > 100_000
    levels = {row["level"] for row in card["figures"]}
    assert {"clean", "scan", "copy", "phone"} <= levels
    assert len(SHIPPED.read_bytes()) < 6_000_000


def line(text: str, points: float = 13) -> np.ndarray:
    font = ImageFont.truetype(TYPEFACE, round(points * DPI / 72))
    x0, y0, x1, y1 = font.getbbox(text)
    from PIL import Image, ImageDraw

    sheet = Image.new("L", (x1 - x0 + 24, y1 - y0 + 10), 255)
    ImageDraw.Draw(sheet).text((12 - x0, 5 - y0), text, font=font, fill=0)
    return np.asarray(sheet, np.uint8)


@pytest.fixture(scope="module")
def net() -> NetRecogniser:
    return NetRecogniser()


LINES = (
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015;",
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Điều 1. Phê duyệt kế hoạch cải cách hành chính năm 2026.",
    "Số: 47/QĐ-UBND",
)


def test_the_shipped_network_reads_clean_print(net: NetRecogniser):
    from rapidfuzz.distance import Levenshtein

    said = [" ".join(w.text for w in net.read_line(line(text), DPI)) for text in LINES]
    wrong = sum(Levenshtein.distance(a, b) for a, b in zip(said, LINES, strict=True))
    assert wrong / sum(map(len, LINES)) < 0.03, said


def test_two_runs_give_the_same_words(net: NetRecogniser):
    pictures = [line(text) for text in LINES]
    assert [net.read_line(p, DPI) for p in pictures] == [net.read_line(p, DPI) for p in pictures]


def test_a_batch_reads_like_its_lines_one_by_one(net: NetRecogniser):
    pictures = [line_image(line(text)) for text in LINES]
    together = [text_of(best_path(s)) for s in net.model.scores(pictures)]
    alone = [text_of(best_path(net.model.scores([p])[0])) for p in pictures]
    assert together == alone


def test_tiny_and_empty_crops_say_nothing_and_break_nothing(net: NetRecogniser):
    for shape in ((1, 1), (2, 400), (400, 2), (40, 300)):
        words = net.read_line(np.full(shape, 255, np.uint8), DPI)
        assert all(0 <= w.box.x0 <= w.box.x1 <= 1 for w in words)
    assert net.read_page(np.full((500, 400), 255, np.uint8), 100) == ()


def letters(text: str, **others: tuple[str, float]) -> tuple[Character, ...]:
    return tuple(
        Character(c, 0.9, (others[f"at{k}"],) if f"at{k}" in others else (), k, k + 1)
        for k, c in enumerate(text)
    )


def test_a_word_that_is_no_syllable_gets_the_marks_it_lost():
    made = repaired(letters("khám thuóc", at7=("ư", 0.5), at8=("ố", 0.1)))
    assert text_of(made) == "khám thuốc"
    assert made[8].confidence == 0.1  # still in doubt


def test_a_doubtful_word_is_settled_by_the_words_beside_it():
    # all of these are syllables: only their neighbours tell which was meant
    made = settled(letters("triển khai công túc phòng", at17=("á", 0.2)))
    assert text_of(made) == "triển khai công tác phòng"
    assert made[17].confidence == 0.2
    assert made[17].alternatives[0] == ("ú", 0.9)
    first = settled(letters("- Phỗ biến, quán triệt", at4=("ổ", 0.3)))
    assert text_of(first) == "- Phổ biến, quán triệt"
    assert text_of(settled(letters("công, túc, phòng", at7=("á", 0.4)))) == "công, túc, phòng"


def test_names_numbers_and_what_was_never_met_stay():
    for said in (
        letters("ông Nguyễn Vân Thẳng", at13=("ă", 0.4), at18=("ắ", 0.4)),
        letters("Số: 17/QĐ-UBND", at4=("7", 0.4)),
        letters("xin chào bợn", at10=("ạ", 0.4)),
    ):
        assert by_neighbours(said) == said
    sure = tuple(replace(c, confidence=0.99) for c in letters("công túc phòng", at6=("á", 0.2)))
    assert settled(sure) == sure


def test_valid_syllables_and_other_letters_are_left_alone():
    for said in (letters("có", at1=("ố", 0.4)), letters("TNHH", at3=("À", 0.4)), letters("47x")):
        assert repaired(said) == said


def test_neighbours_count_less_against_a_word_that_was_read_surely():
    said = letters("Đến nay đã có", at5=("à", 0.02))
    surely = tuple(replace(c, confidence=0.96) for c in said)
    assert settled(surely) == surely  # laws say "này đã", never "đến nay"


def test_a_level_of_units_stands_before_the_name_of_a_place():
    assert text_of(settled(letters("xóm Bắc, tính Lâm Đồng", at10=("ỉ", 0.2)))).endswith(
        "tỉnh Lâm Đồng"
    )
    stays = letters("tính toán lại", at1=("ỉ", 0.2))
    assert settled(stays) == stays


def test_of_two_words_never_met_here_the_commoner_is_taken():
    assert text_of(settled(letters("quầy thộn x", at7=("ô", 0.3)))) == "quầy thôn x"
    assert text_of(settled(letters("ông Thộn x", at6=("ô", 0.3)))) == "ông Thộn x"
