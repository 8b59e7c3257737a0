"""Our own text as PDF/A: every letter there, wrapped, numbered, the same each time."""

import datetime as dt
import subprocess

import pikepdf
import pytest

from storage.pdf.rules import check
from storage.pdf.typeset import Paragraph, typeset
from storage.typeface import VIETNAMESE

AT = dt.datetime(2026, 11, 26, 7, tzinfo=dt.UTC)


def _text(content: bytes, tmp_path) -> str:
    path = tmp_path / "f.pdf"
    path.write_bytes(content)
    ran = subprocess.run(
        ["/usr/bin/pdftotext", "-layout", path, "-"], capture_output=True, check=True
    )
    return ran.stdout.decode()


def test_every_vietnamese_letter_is_read_back(tmp_path):
    letters = " ".join(VIETNAMESE)
    content = typeset([Paragraph(text=letters)], title="Thử", created=AT)
    assert check(content) == []
    assert "".join(_text(content, tmp_path).split("·")[0].split()) == "".join(VIETNAMESE)


def test_long_text_flows_over_numbered_pages_and_stays_inside_them(tmp_path):
    words = [f"từ{n}" for n in range(3000)]
    paragraphs = [
        Paragraph(text="TIÊU ĐỀ", size=16, strong=True),
        Paragraph(label="Nhãn:", text=" ".join(words), indent=120, size=10),
        Paragraph(text="x" * 900),
    ]
    content = typeset(paragraphs, title="Thử", created=AT, foot="Sohoa")
    with pikepdf.open(_written(content, tmp_path)) as pdf:
        pages = len(pdf.pages)
    assert pages > 2
    text = _text(content, tmp_path)
    assert [w for w in text.split() if w.startswith("từ")] == words
    assert f"Sohoa · trang {pages}/{pages}" in text
    assert text.count("x") >= 900
    boxes = subprocess.run(
        ["/usr/bin/pdftotext", "-bbox", tmp_path / "f.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()
    right = [float(part.split('"')[1]) for part in boxes.split("xMax=")[1:]]
    assert max(right) < 595 - 55


def _written(content: bytes, tmp_path):
    path = tmp_path / "f.pdf"
    path.write_bytes(content)
    return path


def test_the_same_text_gives_the_same_bytes():
    made = [typeset([Paragraph(text="Một")], title="Thử", created=AT) for _ in range(2)]
    assert made[0] == made[1]


@pytest.mark.parametrize("strange", ["\u202eabc", "a\x00b", "日本", "", "(<>)\\"])
def test_letters_the_font_has_not_are_left_out_never_an_error(strange):
    assert check(typeset([Paragraph(text=strange)], title=strange, created=AT)) == []
