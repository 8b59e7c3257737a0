"""The letters of a pale seal are taken off; pale handwriting and stamped lines stay."""

import tracemalloc

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr.line_finder import _letters, find_lines, lines_in
from ocr.page import Pixels
from ocr.page_ink import page_ink
from ocr.seal_remains import _crowd, _rows, seal_remains
from tests.ocr.sheets import DPI, TYPEFACE, paper, pixels

PALE = 120  # of a seal scanned in grey; print is 0
UNIT = DPI / 25.4  # pixels to a millimetre
BODY = ImageFont.truetype(TYPEFACE, round(13 * DPI / 72))
CENTRE = (1000, 1200)


def letter_around(page: Pixels, text: str, radius: float) -> None:
    """Text on a ring about `CENTRE`, each letter standing on it."""
    font = ImageFont.truetype(TYPEFACE, round(8.5 * DPI / 72))
    for k, letter in enumerate(text):
        angle = 360 * k / len(text)
        stamp = Image.new("L", (60, 60), 255)
        ImageDraw.Draw(stamp).text((30, 30), letter, fill=PALE, font=font, anchor="mm")
        turned = np.asarray(stamp.rotate(-angle, resample=Image.Resampling.BILINEAR, fillcolor=255))
        x = round(CENTRE[0] + radius * np.sin(np.deg2rad(angle))) - 30
        y = round(CENTRE[1] - radius * np.cos(np.deg2rad(angle))) - 30
        place = page[y : y + 60, x : x + 60]
        np.minimum(place, turned, out=place)


def page_with(*lines: tuple[str, int, int], ink: int = 0, points: float = 13) -> Pixels:
    sheet = paper()
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(TYPEFACE, round(points * DPI / 72))
    for k in range(16):
        pen.text((200, 200 + 50 * k), "văn bản này có hiệu lực thi hành", fill=0, font=BODY)
    for text, x, y in lines:
        pen.text((x, y), text, fill=(ink,) * 3, font=font)
    return pixels(sheet.convert("L")).copy()


def sealed(page: Pixels) -> Pixels:
    for radius in (18, 17.2):
        cv2.circle(page, CENTRE, round(radius * UNIT), PALE, 2)
    letter_around(page, "ỦY BAN NHÂN DÂN XÃ AN BÌNH * TỈNH GIA LAI * ", 14.5 * UNIT)
    return page


def remains(page: Pixels) -> int:
    ink = page_ink(page, DPI)
    return int(seal_remains(ink, _letters(ink.stats, ink.unit)).sum())


def test_a_pale_seal_leaves_the_name_it_lies_upon_as_a_line_of_its_own():
    name = ("Nguyễn Hoàng Giang", 930, 1250)
    bare, over = find_lines(page_with(name), DPI), page_with(name)
    found = lines_in(page_ink(sealed(over), DPI))
    assert len(bare.boxes) == 17
    held = [b for b in found.boxes if b.y0 < bare.boxes[-1].y1 and b.y1 > bare.boxes[-1].y0]
    assert len(found.boxes) <= len(bare.boxes) + 3
    assert any(
        b.pixels(over.shape) == pytest.approx(bare.boxes[-1].pixels(over.shape), abs=12)
        for b in held
    )


def test_print_and_a_page_without_a_seal_keep_all_their_ink():
    assert remains(page_with(("Nguyễn Hoàng Giang", 930, 1250))) == 0
    assert remains(sealed(page_with())) >= 20


def test_a_pale_line_is_no_seal():
    assert remains(page_with(("Đồng ý, giao Văn phòng chủ trì tham mưu", 300, 1250), ink=PALE)) == 0


def test_what_signing_software_prints_beside_its_seal_stays():
    stamped = [("Ký bởi: Ủy ban nhân dân xã", 0), ("Thời gian ký: 05/01/2021", 26)]
    lines = tuple((text, CENTRE[0] + 150, CENTRE[1] - 60 + down) for text, down in stamped)
    page = sealed(page_with(*lines, ink=90, points=7))
    ink = page_ink(page, DPI)
    gone = seal_remains(ink, _letters(ink.stats, ink.unit))
    x, y = ink.middles.T
    beside = (x > CENTRE[0] + 150) & (y > CENTRE[1] - 60) & (y < CENTRE[1] + 10)
    assert gone.sum() >= 20
    assert beside.sum() > 30
    assert gone[beside].mean() < 0.15


def letters_at(foot: np.ndarray) -> np.ndarray:
    """Stats of letters 8 x 14 pixels, 11 pixels apart, that stand as low as `foot` says."""
    x = 100 + 11 * np.arange(len(foot))
    size = np.broadcast_to((8, 14, 60), (len(foot), 3))
    return np.column_stack([x, np.rint(foot).astype(int) - 14, size]).astype(np.int32)


def test_letters_at_the_foot_of_a_ring_are_no_level_row():
    """They are as level as a row with its marks and tails, but each stands off the one before."""
    off = 11 * (np.arange(9) - 4)
    ring = 500 + np.sqrt(110.0**2 - off**2) - 110
    assert np.ptp(ring) <= 14
    assert _rows(letters_at(ring)) == []
    written = np.full(20, 500.0)
    written[[3, 8, 13]] += 4  # tails of g, y, p
    written[12:] += 3  # another column, its text a little lower
    assert len(_rows(letters_at(written))) == 1


def test_of_a_raster_printed_pale_the_crowds_are_found_without_holding_all_against_all():
    """Each against each of 6,000 points took .9 GB."""
    some = np.random.default_rng(7)
    points = some.uniform((0, 0), (2480, 3508), (6000, 2))
    points[2000:2300] = some.normal((1500, 900), 60, (300, 2))
    points[0], points[1] = points[2000] + (283.0, 0.0), points[2000] + (0.0, 283.0)
    tracemalloc.start()
    found = _crowd(points, 283.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    near = [np.hypot(*(points - at).T) <= 283.0 for at in points]
    assert np.array_equal(found, near[int(np.argmax([row.sum() for row in near]))])
    assert peak < 100 << 20
