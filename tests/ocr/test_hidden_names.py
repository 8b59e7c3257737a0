"""Names that begin under a black seal: drawn sheets, the shipped network, the real engine."""

import math
import random

import numpy as np
import pytest
from PIL import ImageDraw, ImageFont

from ocr.catalogue import NAME_WORDS, SURNAMES
from ocr.hidden_names import GUESSED, clear_end
from ocr.page import Box, PageImage, Word
from ocr.page_reader import PageReader, shipped_network
from ocr.reader import Reader
from tests.ocr.sheets import DPI, TYPEFACE, decision, pixels, write

BOLD = TYPEFACE.replace("Regular", "Bold")
LETTERS = [w for w in sorted(NAME_WORDS - SURNAMES) if len(w) > 2]
FAMILIES = ["Nguyễn", "Trần", "Phạm", "Hoàng", "Huỳnh", "Phan", "Đặng", "Bùi", "Dương", "Trương"]


def sealed(name, dice):
    """A decision copied in black and white: the seal lies on the left third of the name."""
    sheet = decision()
    for n, text in enumerate(("Nơi nhận:", "- Như Điều 2;", "- Lưu: VT.")):
        write(sheet, text, 0.14, 0.5 + 0.02 * n)
    draw, width, height = ImageDraw.Draw(sheet), sheet.width, sheet.height
    bold = ImageFont.truetype(BOLD, round(13 * DPI / 72))
    middle = 0.7 * width
    for text, y in (("KT. CHỦ TỊCH", 0.5), ("PHÓ CHỦ TỊCH", 0.52), (name, 0.635)):
        draw.text((middle, y * height), text, "black", bold, anchor="mt")
    left = middle - draw.textlength(name, bold) / 2
    x = left + dice.uniform(0.0, 0.12) * draw.textlength(name, bold) - 0.05 * width
    y, r = (0.635 - dice.uniform(0.036, 0.046)) * height, 0.075 * width
    for grown, wide in ((0, 5), (-7, 1), (-44, 2)):
        box = (x - r - grown, y - r - grown, x + r + grown, y + r + grown)
        draw.ellipse(box, outline="black", width=wide)
    small = ImageFont.truetype(BOLD, 17)
    for n, letter in enumerate("ỦY BAN NHÂN DÂN ★ TỈNH QUẢNG NGÃI "):
        turn = 2 * math.pi * n / 34 + dice.random() / 9
        at = x + (r - 22) * math.cos(turn), y + (r - 22) * math.sin(turn)
        draw.text(at, letter, "black", small, anchor="mm")
    return np.where(pixels(sheet).mean(axis=2) < 128, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def reader():
    net, _ = shipped_network()
    return Reader(PageReader(net=net, second=net))


def read_signer(reader, name, dice):
    image = PageImage(number=1, pixels=sealed(name, dice), dpi=DPI)
    return reader.read([image]).document.fields["signer"]


def names(count, dice):
    for _ in range(count):
        yield " ".join([dice.choice(FAMILIES), *dice.sample(LETTERS, 2)])


def test_most_names_under_a_black_seal_are_told_and_none_is_silently_wrong(reader, monkeypatch):
    """Seeds no rule was made on; the control reads the same sheets without the guess."""
    dice, plain = random.Random(90), random.Random(90)
    wanted = list(names(12, dice))
    assert wanted == list(names(12, plain))
    seen = [read_signer(reader, name, dice) for name in wanted]
    assert all(s.value == name or s.needs_review for s, name in zip(seen, wanted, strict=True))
    assert all(s.needs_review for s in seen if s.evidence and s.evidence.token <= GUESSED)
    told = sum(s.value == name for s, name in zip(seen, wanted, strict=True))
    monkeypatch.setattr("ocr.signature_block._with_hidden_name", lambda words, *_: words)
    control = [read_signer(reader, name, plain).value for name in wanted]
    assert told >= 9
    assert told >= 2 + sum(a == b for a, b in zip(control, wanted, strict=True))


def line(text, y, *, x=0.6, sure=0.99):
    return [
        Word(text=t, box=Box(x + 0.06 * n, y, x + 0.06 * n + 0.05, y + 0.012), confidence=sure)
        for n, t in enumerate(text.split())
    ]


@pytest.mark.parametrize("title", ["PHÓ CHỦ TỊCH", "TM. CHÍNH PHỦ"])
def test_the_clear_end_of_a_name_stands_below_the_title_it_is_centred_under(title):
    above = line(title, 0.5, x=0.62)
    found = clear_end([above, line("*guy Xuân Phúc", 0.6)])
    assert found is not None
    row, centre = found
    assert row.x0 == 0.6 and row.y0 == 0.6 and row.x0 < centre < row.x1
    assert centre == pytest.approx((above[0].box.x0 + above[-1].box.x1) / 2)


@pytest.mark.parametrize(
    "rows",
    [
        [line("PHÓ CHỦ TỊCH", 0.5), line("Nguyễn Xuân Phúc", 0.6)],  # a name was read
        [line("*guy Xuân Phúc", 0.6)],  # no title: no block
        [line("PHÓ CHỦ TỊCH", 0.5), line("Xuân Phúc", 0.45)],  # above the title
        [line("PHÓ CHỦ TỊCH", 0.5), line("Xuân Phúc", 0.8)],  # too far below
        [line("PHÓ CHỦ TỊCH", 0.5), line("Ban của Đảng;", 0.6)],  # the list beside it
        [line("PHÓ CHỦ TỊCH", 0.5), line("Xuân Phúc", 0.6, sure=0.5)],  # not clear at all
    ],
)
def test_where_no_name_begins_under_a_seal_nothing_is_guessed(rows):
    assert clear_end(rows) is None
