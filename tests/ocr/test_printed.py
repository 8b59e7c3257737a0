"""Printed wording is found in the network's scores; values and altered labels are left alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.recogniser.decoding import Character, best_path, text_of
from ocr.recogniser.line_image import ALPHABET, BLANK
from ocr.recogniser.printed import PRINTED, _wordings, shipped_printed, spotted, with_printed

CLASSES = len(ALPHABET) + 1
BIRTH = "Ngày sinh / Date of birth:"
LABELS = ("Quê quán / Place of origin:", "Giới tính / Sex: Nam")
"""Two lines a card is known by."""


def scores_of(text: str, sure: float = 0.999, **held: tuple[str, float]) -> np.ndarray:
    """Scores that say `text`, two steps a letter and a blank behind it; `held` at place `at…`.

    There the letter's chance is what the other letter, named first, leaves it.
    """
    rows = []
    for place, letter in enumerate(text):
        row = np.full(CLASSES, (1 - sure) / (CLASSES - 1))
        row[ALPHABET.index(letter) + 1] = sure
        if f"at{place}" in held:
            other, chance = held[f"at{place}"]
            row[ALPHABET.index(letter) + 1] = 1 - chance - (1 - sure)
            row[ALPHABET.index(other) + 1] = chance
        blank = np.full(CLASSES, (1 - sure) / (CLASSES - 1))
        blank[BLANK] = sure
        rows += [row, row, blank]
    return np.log(np.array(rows, np.float32))


def read(*scores: np.ndarray) -> list[str]:
    """What is said of those lines of one page."""
    lines = with_printed([best_path(s) for s in scores], scores)
    return [text_of(line) for line in lines]


def garbled(text: str, wrong: str, chance: float = 0.3) -> np.ndarray:
    """Scores that say `wrong` where it differs from `text`, which they hold for possible."""
    held = {
        f"at{k}": (right, chance)
        for k, (right, said) in enumerate(zip(text, wrong, strict=True))
        if right != said
    }
    return scores_of(wrong, **held)


LETTERS = "".join(c for c in ALPHABET if c != " ")


@given(st.text(alphabet=LETTERS, min_size=1, max_size=12), st.text(alphabet=LETTERS, max_size=9))
def test_what_was_read_costs_nothing_and_stands_where_it_was_read(wording: str, around: str):
    scores = scores_of(around + wording + around)
    found = spotted(scores, wording)
    assert found.cost == pytest.approx(0.0, abs=1e-3)
    assert "".join(c.text for c in found.letters) == wording
    said = {(c.text, c.start) for c in best_path(scores)}
    assert all(any(c.text == t and abs(c.start - s) < 2 for t, s in said) for c in found.letters)


@given(st.text(alphabet=LETTERS, min_size=1, max_size=8), st.text(alphabet=LETTERS, min_size=1))
def test_a_wording_never_costs_less_than_nothing(said: str, wording: str):
    found = spotted(scores_of(said), wording)
    assert found.cost > -1e-3
    assert bool(found.letters) == bool(np.isfinite(found.cost))


def test_a_garbled_label_of_a_card_is_what_the_card_prints():
    made = with_printed(
        *_lines(
            *map(scores_of, LABELS),
            garbled(BIRTH + " 19/01/1983", "Ngảy simh / Daae of biàth: 19/01/1983"),
        )
    )[-1]
    assert text_of(made) == BIRTH + " 19/01/1983"
    assert made[2].confidence == PRINTED
    assert made[2].alternatives[0][0] == "ả"  # what was read is not forgotten
    assert made[-1].confidence > 0.99


def _lines(*scores: np.ndarray) -> tuple[list[tuple[Character, ...]], list[np.ndarray]]:
    return [best_path(s) for s in scores], list(scores)


def test_the_value_behind_a_label_stays_as_it_was_read():
    value = garbled("Số / No.: 068083232657", "Số 1 No.: 06808323Z6S7")
    said = read(*map(scores_of, LABELS), value)[-1]
    assert said == "Số / No.: 06808323Z6S7"


def test_labels_count_only_where_the_page_is_that_form():
    wrong = garbled(BIRTH, "Ngảy simh / Daae of biàth:")
    assert read(wrong) == ["Ngảy simh / Daae of biàth:"]
    birth_certificate = [
        "Ngày, tháng, năm sinh: 03/02/2024",
        "Quê quán: xã An Quế",
        "Giới tính: Nữ",
    ]
    assert read(*map(scores_of, birth_certificate), wrong)[-1] == "Ngảy simh / Daae of biàth:"


def test_the_back_of_a_card_is_known_by_its_machine_readable_zone():
    wrong = garbled("CỤC TRƯỞNG CỤC CẢNH SÁT", "CựC TRƯƯNG CuC cẢNM SÁT")
    zone = "IDVNM0832326576068083232657<<2"
    assert read(scores_of(zone), wrong) == [zone, "CỤC TRƯỞNG CỤC CẢNH SÁT"]
    assert read(scores_of("số 0683232657"), wrong)[-1] == "CựC TRƯƯNG CuC cẢNM SÁT"


def test_what_is_too_dear_is_not_looked_for():
    scores = scores_of("Ngày sinh / Date of birth: 19/01/1983")
    assert spotted(scores, BIRTH, 3.0).cost == pytest.approx(0.0, abs=1e-3)
    assert spotted(scores, "CỤC TRƯỞNG", 3.0).letters == ()
    assert spotted(scores, "CỤC TRƯỞNG").cost > 3.0 * len("CỤC TRƯỞNG")


@pytest.mark.parametrize(
    "altered",
    [
        "Ngày chết / Date of death:",
        "Nơi tạm trú / Place of residence:",
        "CỤC TRƯỞNG CỤC HẢI QUAN",
        "CĂN CƯỚC CÔNG TY",
    ],
)
def test_a_label_that_says_something_else_is_not_mended(altered: str):
    assert read(*map(scores_of, LABELS), scores_of(altered))[-1] == altered


def test_the_heads_of_papers_count_on_every_page():
    motto = garbled("Độc lập - Tự do - Hạnh phúc", "Độc lập . Tự do . Hạnh phúc")
    office = garbled("TM. ỦY BAN NHÂN DÂN XÃ AN QUẾ", "TM. ỦY BAN NHẦN ĐẦN XÃ AN QUẾ")
    lines = with_printed(*_lines(motto, office))
    assert [text_of(line) for line in lines] == [
        "Độc lập - Tự do - Hạnh phúc",
        "TM. ỦY BAN NHÂN DÂN XÃ AN QUẾ",
    ]
    assert lines[1][13].confidence == pytest.approx(0.3, abs=0.01)  # still in doubt


def test_the_old_way_of_placing_tones_and_long_dashes_stay():
    for said in (
        "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập – Tự do – Hạnh phúc",
        "UỶ BAN NHÂN DÂN",
    ):
        assert read(scores_of(said)) == [said]
    old = garbled("CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM", "CÔNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NĂM")
    assert read(old) == ["CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM"]


def test_text_that_only_resembles_a_head_stays():
    for said in ("Độc lập và tự do, hạnh phúc", "Ủy ban nhân dân xã", "BAN NHÂN ĐẦN", "Tự do"):
        assert read(scores_of(said)) == [said]


def test_specks_that_stick_to_a_label_go_with_what_was_misread():
    text = ".CỤC TRƯỚNG CỤC CẢNH SÁT"
    scores = garbled(".CỤC TRƯỞNG CỤC CẢNH SÁT", text)
    line = best_path(scores)
    line = (replace(line[0], confidence=0.5), *line[1:])
    lines, all_scores = _lines(*map(scores_of, LABELS))
    made = with_printed([*lines, line], [*all_scores, scores])[-1]
    assert text_of(made) == "CỤC TRƯỞNG CỤC CẢNH SÁT"


def test_wordings_are_tried_in_the_same_order_by_every_process():
    forms = shipped_printed().forms
    named = [wording for form in forms for wording in form.wordings]
    tried = _wordings([*forms, *forms])
    assert len(tried) == len(set(tried)) == len(set(named))
    assert tried == sorted(tried, key=lambda w: (-len(w), named.index(w)))


def test_what_is_shipped_can_be_written_in_the_networks_alphabet():
    known = shipped_printed()
    for wording in (*known.heads, *known.offices, *(w for f in known.forms for w in f.wordings)):
        assert set(wording) <= set(ALPHABET)
        assert not any(c.isdigit() for c in wording), "a value is no wording"
