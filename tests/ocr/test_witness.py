"""The network first, Tesseract as its witness: what they share is sure, what they do not is not."""

from dataclasses import replace

import numpy as np
import pytest

from ocr.confidence import REVIEW_BELOW, Evidence, probability
from ocr.page import Box, PageText, Word
from ocr.recogniser.decoding import Character
from ocr.recogniser.reader import ReadLine
from ocr.second_reading import ALONE
from ocr.witness import DISPUTED, agreed, lines_that_matter, with_witness, words_of


def word(text: str, x: float, sure: float, y: float = 0.1) -> Word:
    return Word(text=text, box=Box(x, y, x + 0.05, y + 0.02), confidence=sure)


def line(text: str, y: float, sure: float = 0.97, x: float = 0.1) -> ReadLine:
    letters = tuple(Character(c, sure, (), k, k + 1) for k, c in enumerate(text))
    words = tuple(word(t, x + 0.06 * k, sure, y) for k, t in enumerate(text.split()))
    return ReadLine(box=Box(x, y, 0.9, y + 0.02), characters=letters, words=words)


def page(lines: list[ReadLine], number: int = 1) -> PageText:
    return PageText(page=number, width=1654, height=2339, dpi=200, words=words_of(lines))


class Witness:
    """Reads the same words on every line it is shown."""

    name = "witness"

    def __init__(self, *words: Word) -> None:
        self.words, self.asked = words, 0

    def read_line(self, image: np.ndarray, dpi: float) -> tuple[Word, ...]:
        self.asked += 1
        return self.words

    read_page = read_line


GREY = np.full((2339, 1654), 255, np.uint8)


def test_what_both_read_is_as_sure_as_the_surer_and_never_certain():
    made = agreed([word("47/QĐ-UBND", 0.1, 0.6)], [word("47/QĐ-UBND,", 0.1, 1.0)])
    assert [(w.text, w.confidence) for w in made] == [("47/QĐ-UBND,", 0.99)]


@pytest.mark.parametrize("kind", ["number", "date", "symbol", "name", "text", "office"])
def test_what_they_read_differently_goes_to_a_person(kind):
    made = agreed([word("20", 0.1, 0.97)], [word("2", 0.1, 1.0)])
    assert made[0].confidence <= DISPUTED
    assert probability(Evidence(kind=kind, token=made[0].confidence)) < REVIEW_BELOW


def test_what_only_one_saw_is_not_sure():
    assert agreed([], [word("Nguyễn", 0.1, 1.0)])[0].confidence == ALONE


@pytest.mark.parametrize(
    ("seen", "said", "kept"),
    [
        (("thuốc", 0.9), ("thuóc", 0.99), "thuốc"),  # "thuóc" is no syllable
        (("tế", 0.95), ("tê", 1.0), "tế"),  # a mark lost, not one invented
        (("tê", 0.97), ("tế", 0.8), "tế"),
        (("Í", 0.82), ("17", 1.0), "17"),  # handwriting, which only one of them reads
        (("hành", 0.96), ("hauh", 0.4), "hành"),
    ],
)
def test_of_two_readings_the_likelier_print_is_kept(seen, said, kept):
    sure = word("Sở", 0.2, 0.99)
    made = agreed([word(seen[0], 0.1, seen[1]), sure], [word(said[0], 0.1, said[1]), sure])
    assert made[0].text == kept
    assert made[0].confidence <= DISPUTED


@pytest.mark.parametrize(
    ("seen", "said", "passes"),
    [
        ("Quôc", "Quốc", True),  # the witness loses the acute on a circumflex
        ("te", "tế", True),
        ("tế", "tê", False),  # here the network has
        ("buổi", "buỗi", False),  # another mark is no lost one
        ("Quôo", "Quốc", False),
    ],
)
def test_marks_that_only_the_witness_lost_are_no_dispute(seen, said, passes):
    made = agreed([word(seen, 0.1, 0.93)], [word(said, 0.1, 0.99)])
    assert (made[0].confidence > ALONE) is passes


@pytest.mark.parametrize(
    ("said", "seen", "kept"),
    [
        ("ỦY BAN NHÂN DÂN", "ỦY BAN NHÂN ĐẦN", "DÂN"),  # both syllables, the witness has more marks
        ("HỘI ĐỒNG NHÂN", "HỘI ĐỒNG NHẦN", "NHÂN"),
        ("đăng ký kết hồn", "đăng ký kết hôn", "hôn"),  # fewer marks, which "kết" asks for
        ("tỉnh Phú Tho", "tỉnh Phú Thọ", "Thọ"),
        ("ông Trần Đinh", "ông Trần Đỉnh", "Đinh"),  # a name: no language tells
        ("số nhà 14, Gia", "số nhà 14, Giá", "Gia"),
    ],
)
def test_language_tells_which_marks_are_printed(said: str, seen: str, kept: str):
    def words(text: str, sure: float) -> list[Word]:
        return [word(t, 0.1 + 0.06 * k, sure) for k, t in enumerate(text.split())]

    made = agreed(words(seen, 0.9), words(said, 0.97))
    assert made[-1].text == kept
    assert made[-1].confidence <= DISPUTED


def test_the_header_of_a_first_page_has_a_witness_the_text_has_none():
    lines = [line("Số: 47/QĐ-UBND", 0.05), *(line("văn bản này", 0.4 + y / 50) for y in range(9))]
    assert lines_that_matter(lines, page(lines)) == [0]
    assert lines_that_matter(lines, page(lines, number=2)) == []


def test_the_header_of_a_second_document_in_the_file_has_one_too():
    lines = [line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 0.05), line("Số: 2/TB", 0.1)]
    assert lines_that_matter(lines, page(lines, number=7)) == [1]


def test_labelled_lines_of_a_form_have_one_but_a_colon_in_a_text_does_not():
    form = [line(f"Họ và tên {k}: Trần Văn", 0.4 + k / 40) for k in range(8)]
    assert lines_that_matter(form, page(form, number=2)) == list(range(8))
    text = [line("văn bản", 0.4 + k / 60) for k in range(30)] + [line("như sau: một", 0.95)]
    assert lines_that_matter(text, page(text, number=2)) == []


@pytest.mark.parametrize(
    ("abstract", "asked"),
    [
        ("Kế hoạch khảo sát giường bệnh", [0, 1]),
        # an abstract may run on with the word that texts begin with
        ("thực hiện Nghị quyết số 20-NQ/TW", [0, 1]),
        ("Căn cứ Luật Hộ tịch ngày 20", [0]),
    ],
)
def test_where_the_text_begins_the_header_ends(abstract, asked):
    lines = [
        line("Số: 47/QĐ-UBND", 0.05),
        line(abstract, 0.1),
        line("Căn cứ Luật Hộ tịch", 0.2),
        line("địa chỉ: số 4 đường Lê Lợi", 0.22),
        line("của Chính phủ", 0.24),
    ]
    assert lines_that_matter(lines, page(lines)) == asked


def test_a_full_line_of_text_is_no_line_of_the_signature_block(monkeypatch):
    monkeypatch.setattr("ocr.witness.block_zone", lambda layout: Box(0.4, 0.5, 1.0, 0.7))
    gap = line("- Lưu: VT.", 0.56, x=0.1).words + line("GIÁM ĐỐC", 0.56, x=0.6).words
    lines = [
        line("đề nghị các đơn vị thực hiện nghiêm túc văn bản này", 0.52),
        replace(line("- Lưu: VT. GIÁM ĐỐC", 0.56), words=gap),
        replace(line("Lê Hoàng Anh", 0.6), box=Box(0.6, 0.6, 0.8, 0.62)),
    ]
    assert lines_that_matter(lines, page(lines, number=2)) == [1, 2]


def test_each_line_that_matters_is_asked_once():
    lines = [line("Số: 47", 0.05), line("văn bản này", 0.6)]
    witness = Witness(word("47", 0.16, 0.9, 0.05))
    seen = with_witness(lines, page(lines), header=lambda: GREY, body=GREY, witness=witness)
    assert (seen.asked, witness.asked) == (1, 1)
    assert [w.text for w in seen.words] == ["Số:", "47", "văn", "bản", "này"]


def test_strokes_and_rims_of_seals_are_no_words():
    assert words_of([line("S", 0.1, 0.9), line("Nơi nhận", 0.2)])[0].line == 1
