# SPDX-License-Identifier: Apache-2.0
"""Papers made of text: PageTexts with boxes as a reader would give them, no pixels needed."""

from collections.abc import Iterable, Sequence

from ocr.page import Box, PageText, Word

WIDTH, HEIGHT = 1654, 2339
LETTER = 0.0085  # width of a letter, fraction of the page
TALL = 0.012


def line(
    text: str,
    x: float,
    y: float,
    number: int,
    *,
    confidence: float = 0.95,
    weak: dict[str, float] | None = None,
) -> list[Word]:
    """Words of one printed line from x on; `weak` gives single words another confidence."""
    words = []
    for token in text.split(" "):
        if not token:  # two blanks in a row: a printed gap
            x += 4 * LETTER
            continue
        x1 = x + LETTER * len(token)
        sure = (weak or {}).get(token, confidence)
        words.append(Word(text=token, box=Box(x, y, x1, y + TALL), confidence=sure, line=number))
        x = x1 + LETTER
    return words


def page(
    rows: Iterable[tuple], number: int = 1, *, weak: dict[str, float] | None = None, **more
) -> PageText:
    """A page of (text, x, y) rows; every row is a line of its own."""
    words = [w for i, (text, x, y) in enumerate(rows) for w in line(text, x, y, i, weak=weak)]
    text = "\n".join(r[0] for r in rows) if isinstance(rows, Sequence) else ""
    return PageText(
        page=number,
        width=WIDTH,
        height=HEIGHT,
        dpi=200,
        words=tuple(words),
        text=text,
        engine="test",
        **more,
    )


def header(
    number: str = "Số: 47/QĐ-UBND",
    date: str = "Quảng Ngãi, ngày 17 tháng 01 năm 2025",
    issuer: Sequence[str] = ("ỦY BAN NHÂN DÂN", "TỈNH QUẢNG NGÃI"),
) -> list[tuple]:
    left = [(text, 0.17, 0.06 + 0.019 * i) for i, text in enumerate(issuer)]
    return [
        *left,
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 0.5, 0.06),
        ("Độc lập - Tự do - Hạnh phúc", 0.56, 0.079),
        (number, 0.18, 0.12),
        (date, 0.52, 0.12),
    ]


def closing(
    authority: Sequence[str] = ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
    name: str = "Nguyễn Hoàng Giang",
    y: float = 0.6,
) -> list[tuple]:
    return [
        ("Nơi nhận:", 0.16, y),
        *((text, 0.6, y + 0.02 * i) for i, text in enumerate(authority)),
        ("- Như Điều 4;", 0.16, y + 0.021),
        ("- CT, PCT UBND tỉnh;", 0.16, y + 0.035),
        ("- Lưu: VT, KGVX.", 0.16, y + 0.05),
        (name, 0.62, y + 0.15),
    ]


DECISION_BODY = [
    ("QUYẾT ĐỊNH", 0.45, 0.17),
    ("Về việc hỗ trợ quà Tết cho hộ nghèo trên địa bàn tỉnh", 0.27, 0.19),
    ("CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH", 0.35, 0.25),
    ("Căn cứ Quyết định số 99/QĐ-TTg ngày 05 tháng 3 năm 2024 của Thủ tướng;", 0.2, 0.29),
    ("Điều 1. Phê duyệt hỗ trợ quà Tết cho hộ nghèo trên địa bàn tỉnh như sau.", 0.2, 0.33),
]


def decision(**changes) -> PageText:
    """A quyết định on one page; `changes` go to `header`."""
    weak = changes.pop("weak", None)
    return page([*header(**changes), *DECISION_BODY, *closing()], weak=weak)
