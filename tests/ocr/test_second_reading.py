"""The second reader: what both say is surer, what one says alone is never sure."""

from collections.abc import Sequence

import numpy as np
import pytest

from ocr.confidence import REVIEW_BELOW, Evidence, probability
from ocr.page import Box, Word
from ocr.page_ink import page_ink
from ocr.page_reader import shipped_network
from ocr.recogniser import model
from ocr.recogniser.decoding import Character
from ocr.recogniser.reader import ReadLine
from ocr.second_reading import ALONE, DOUBTFUL, chosen, is_doubtful, is_junk, read_doubtful
from tests.ocr.sheets import DPI, decision, pixels


def word(text: str, x: float, sure: float) -> Word:
    return Word(text=text, box=Box(x, 0.1, x + 0.05, 0.12), confidence=sure)


@pytest.mark.parametrize("kind", ["number", "date", "name", "text"])
def test_what_may_be_handwritten_never_passes_on_the_networks_word_alone(kind):
    assert probability(Evidence(kind=kind, token=ALONE)) < REVIEW_BELOW


def net_line(*words: Word) -> ReadLine:
    letters = tuple(
        Character(c, w.confidence, (), k, k + 1) for w in words for k, c in enumerate(w.text)
    )
    return ReadLine(box=Box(0.1, 0.1, 0.9, 0.12), characters=letters, words=words)


def line_of(text: str, sure: float) -> ReadLine:
    return net_line(*(word(w, 0.1 * k, sure) for k, w in enumerate(text.split())))


def test_a_word_both_read_alike_is_as_sure_as_the_surer_one():
    first = [word("Số:", 0.1, 0.9), word("47", 0.2, 0.5)]
    made = chosen(first, net_line(word("Số:", 0.1, 0.8), word("47", 0.2, 0.95)))
    assert made is not None
    assert [(w.text, w.confidence) for w in made] == [("Số:", 0.9), ("47", 0.95)]


def test_what_the_network_reads_alone_stays_under_every_threshold():
    first = [word("Hỏa", 0.1, 0.4), word("bình", 0.2, 0.5)]
    made = chosen(first, net_line(word("Hòa", 0.1, 1.0), word("bình", 0.2, 0.99)))
    assert made is not None
    assert [(w.text, w.confidence) for w in made] == [("Hòa", ALONE), ("bình", 0.97)]


def test_the_surer_reading_is_kept():
    first = [word("Hòa", 0.1, 0.84), word("bình", 0.2, 0.95)]
    assert chosen(first, net_line(word("Hoa", 0.1, 0.6), word("binh", 0.2, 0.9))) is None


def test_agreement_in_another_place_is_no_agreement():
    first = [word("20", 0.1, 0.5)]
    made = chosen(first, net_line(word("20", 0.3, 0.99)))
    assert made is not None
    assert made[0].confidence == ALONE


@pytest.mark.parametrize(
    ("line", "junk"),
    [
        (net_line(word("XÂY", 0.1, 0.4)), True),
        (net_line(word("S", 0.1, 0.94)), True),
        (net_line(word("2", 0.1, 0.999)), False),
        (net_line(word("...", 0.1, 0.99)), True),
        (net_line(word("Nơi", 0.1, 0.9), word("nhận:", 0.2, 0.9)), False),
        # the back of a card on a photocopy, a seal's rim read along with a line, and mere guesses
        (line_of("QUẢN L3 HÁn4 0Đ6 VỀ THẬT SỰ XÃ5Ộ", 0.62), False),
        (line_of("C hhotn g uac nhăng", 0.62), True),
        (line_of("SÂNXÃ Bộ", 0.72), True),
        (line_of("QUẢN L3 HÁn4 0Đ6 VỀ THẬT SỰ XÃ5Ộ", 0.45), True),
    ],
)
def test_rims_of_seals_and_strokes_are_junk(line, junk):
    assert is_junk(line) is junk


def test_only_doubtful_lines_are_read_again():
    assert is_doubtful([])
    assert is_doubtful([word("47", 0.1, DOUBTFUL - 0.01)])
    assert not is_doubtful([word("47", 0.1, 0.95), word("-", 0.2, 0.2)])


class Fake:
    """Says the same word on every line it is given."""

    def __init__(self) -> None:
        self.seen: list[Box] = []

    def read_crops(self, crops: Sequence[np.ndarray], boxes: Sequence[Box]) -> list[ReadLine]:
        self.seen += boxes
        return [
            ReadLine(
                box=box,
                characters=tuple(Character(c, 0.95, (), 0, 1) for c in "mới"),
                words=(Word(text="mới", box=box, confidence=0.95),),
            )
            for box in boxes
        ]


def test_lines_the_first_reader_dropped_are_put_in_their_place():
    ink = page_ink(pixels(decision().convert("L")), DPI)
    fake = Fake()
    read = read_doubtful(ink, (), fake)
    assert read.looked_at == len(fake.seen) >= 10
    tops = [w.box.y0 for w in read.words]
    assert len(tops) == read.looked_at
    assert len({w.line for w in read.words}) == len(read.words)
    assert all(w.confidence <= ALONE for w in read.words)


def test_sure_lines_are_left_as_they_are():
    ink = page_ink(pixels(decision().convert("L")), DPI)
    fake = Fake()
    every = read_doubtful(ink, (), fake).words
    sure = tuple(Word(text="cũ", box=w.box, confidence=0.96, line=w.line) for w in every)
    read = read_doubtful(ink, sure, fake)
    assert read.words == sure
    assert (read.looked_at, read.changed) == (0, 0)


def test_without_the_model_tesseract_reads_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(model.LineModel.__init__, "__defaults__", (tmp_path / "none.onnx",))
    assert shipped_network() == (None, frozenset())
