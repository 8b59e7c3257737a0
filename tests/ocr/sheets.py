"""Sheets of paper drawn with a Vietnamese typeface: pixels with known text."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TYPEFACE = "/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf"
DPI = 200
A4 = (1654, 2339)
BODY = (
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015;",
    "Xét đề nghị của Giám đốc Sở Nội vụ tại Tờ trình về việc kiện toàn tổ chức,",
    "Điều 1. Phê duyệt kế hoạch cải cách hành chính của các cơ quan nhà nước.",
    "Điều 2. Các sở, ban, ngành và địa phương chịu trách nhiệm thi hành.",
    "Quyết định này có hiệu lực thi hành kể từ ngày ký ban hành.",
)
HEADER = (
    ("ỦY BAN NHÂN DÂN", 0.14, 0.06),
    ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 0.42, 0.06),
    ("TỈNH QUẢNG NGÃI", 0.14, 0.08),
    ("Độc lập - Tự do - Hạnh phúc", 0.50, 0.08),
    ("Số: 47/QĐ-UBND", 0.15, 0.11),
    ("Quảng Ngãi, ngày 17 tháng 01 năm 2025", 0.47, 0.11),
    ("QUYẾT ĐỊNH", 0.42, 0.16),
)


def paper(size: tuple[int, int] = A4, colour: str = "white") -> Image.Image:
    return Image.new("RGB", size, colour)


def write(sheet: Image.Image, text: str, x: float, y: float, points: float = 13) -> None:
    """Text with its top left corner at a fraction of the sheet."""
    font = ImageFont.truetype(TYPEFACE, round(points * DPI / 72))
    at = (x * sheet.width, y * sheet.height)
    ImageDraw.Draw(sheet).text(at, text, fill="black", font=font)


def decision(body: Sequence[str] = BODY) -> Image.Image:
    """A quyết định with a header in two columns and some lines."""
    sheet = paper()
    for text, x, y in HEADER:
        write(sheet, text, x, y)
    for i, text in enumerate(body):
        write(sheet, text, 0.14, 0.24 + 0.03 * i)
    return sheet


def pixels(sheet: Image.Image) -> np.ndarray:
    return np.asarray(sheet, dtype=np.uint8)
