"""Ink that no word of a text layer covers: the day that only a signature's appearance shows."""

from ocr.page_reader import shipped_network
from ocr.rescue import rescue
from ocr.second_reading import ALONE
from tests.ocr.sheets import DPI, paper, pixels, write


class Nothing:
    """Tesseract before two lone digits."""

    name = "nothing"

    def read_line(self, image, dpi):
        return ()

    read_page = read_line


def day_alone():
    sheet = paper()
    write(sheet, "08", 0.7, 0.14)
    return pixels(sheet)[:, :, 0]


def test_the_network_reads_what_tesseract_cannot_and_a_person_looks():
    net, _ = shipped_network()
    found = rescue(day_alone(), DPI, (), Nothing(), net)
    assert [w.text for w in found.words] == ["08"]
    assert found.words[0].confidence <= ALONE
    assert found.uncovered == 0.0


def test_without_the_network_the_ink_stays_told():
    found = rescue(day_alone(), DPI, (), Nothing())
    assert found.words == ()
    assert found.uncovered == 1.0
