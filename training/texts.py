# SPDX-License-Identifier: Apache-2.0
"""What the lines say: running text of a corpus, and the made lines of official papers.

The corpus (any UTF-8 text, or JSON lines with a `text`) trains the network and is never shipped.
Without one, the phrases of the project's own sample papers stand in.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import unicodedata
from functools import partial
from pathlib import Path

from ocr.recogniser.line_image import ALPHABET

HELD_BACK = 16
_KNOWN = frozenset(ALPHABET)
_SAME = str.maketrans({"\u00a0": " ", "\u2011": "-", "\u2010": "-", "−": "-", "ð": "đ", "Ð": "Đ"})

UNITS = (
    "ỦY BAN NHÂN DÂN", "HỘI ĐỒNG NHÂN DÂN", "SỞ TƯ PHÁP", "SỞ Y TẾ", "SỞ XÂY DỰNG", "BỘ TÀI CHÍNH",
    "SỞ NỘI VỤ", "PHÒNG TƯ PHÁP", "CÔNG AN TỈNH", "VĂN PHÒNG", "CỤC THUẾ", "BỘ CÔNG AN",
    "TÒA ÁN NHÂN DÂN", "VIỆN KIỂM SÁT NHÂN DÂN", "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG", "TỈNH ỦY",
)  # fmt: skip
SYMBOLS = (
    "QĐ",
    "TB",
    "KH",
    "BC",
    "TTr",
    "CT",
    "GM",
    "NQ",
    "HD",
    "CV",
    "BB",
    "TT",
    "NĐ",
    "GP",
    "GUQ",
)
OFFICES = (
    "UBND",
    "HĐND",
    "STP",
    "SYT",
    "SXD",
    "BTC",
    "VP",
    "TTHC",
    "CAT",
    "SNV",
    "SKHĐT",
    "BCA",
    "BGDĐT",
)
FAMILIES = (
    "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý",
    "Đinh", "Đoàn", "Trương", "Trịnh", "Mai", "Đào", "Hà", "Lâm", "Cao", "Tạ", "Châu", "Tô", "Quách", "Thái", "La", "Lưu",
    "Vương", "Triệu", "Kiều", "Phùng", "Chu", "Tăng", "Từ", "Lương", "Đàm", "Nông", "Hứa", "Giàng", "Lò", "Vàng", "Thạch",
    "Sơn", "Danh", "Kim", "Văn", "Bế", "Cầm", "Khổng", "Nghiêm", "Thân", "Ông", "Ninh", "Mạc", "Tống", "Cù", "Kpă", "Y", "H’",
)  # fmt: skip
MIDDLES = (
    "Văn", "Thị", "Hữu", "Đức", "Minh", "Quốc", "Thanh", "Ngọc", "Xuân", "Kim", "Thế", "Đình", "Công", "Quang", "Trọng",
    "Hoàng", "Thành", "Bá", "Duy", "Anh", "Gia", "Bảo", "Như", "Mỹ", "Tuyết", "Thu", "Hồng", "Phương", "Thùy", "Diệu", "Cẩm",
    "Bích", "Khánh", "Nhật", "Tấn", "Viết", "Sỹ", "Huy", "Mạnh", "Chí", "Vĩnh", "Trung", "Nguyên", "Hải", "Thúy", "Ánh",
    "Kiều", "Lệ", "Mộng", "Phước", "Thiện", "Tiến", "Tuấn", "Việt", "Hoài", "Yến", "Quỳnh", "Bội", "Ái", "Đăng",
)  # fmt: skip
GIVENS = (
    "An", "Anh", "Ánh", "Ân", "Ba", "Bách", "Bảo", "Bằng", "Bích", "Bình", "Bốn", "Cảnh", "Cẩm", "Cẩn", "Châu", "Chi", "Chiến",
    "Chinh", "Chính", "Chung", "Chương", "Công", "Cúc", "Cường", "Danh", "Diễm", "Diên", "Diệp", "Diệu", "Doanh", "Dung",
    "Dũng", "Duy", "Duyên", "Dương", "Đại", "Đạo", "Đạt", "Đăng", "Điền", "Điệp", "Định", "Đoan", "Đông", "Đồng", "Đức",
    "Được", "Gấm", "Giang", "Giàu", "Hà", "Hải", "Hán", "Hạnh", "Hảo", "Hào", "Hằng", "Hân", "Hậu", "Hiên", "Hiền", "Hiển",
    "Hiếu", "Hiệp", "Hoa", "Hòa", "Hoài", "Hoàn", "Hoàng", "Hồng", "Hợp", "Huân", "Huệ", "Hùng", "Huy", "Huyền", "Hưng",
    "Hương", "Hường", "Kha", "Khải", "Khang", "Khánh", "Khoa", "Khôi", "Kiên", "Kiệt", "Kiều", "Kim", "Kỳ", "Lam", "Lan",
    "Lâm", "Lập", "Lễ", "Liên", "Liễu", "Linh", "Loan", "Long", "Lộc", "Lợi", "Luân", "Lưu", "Lương", "Lượng", "Ly", "Lý",
    "Mai", "Mạnh", "Mẫn", "Mận", "Minh", "Mơ", "My", "Mỹ", "Nam", "Năm", "Nga", "Ngà", "Ngân", "Nghĩa", "Nghị", "Ngọc",
    "Nguyên", "Nguyệt", "Nhã", "Nhàn", "Nhân", "Nhật", "Nhi", "Nhung", "Như", "Nhựt", "Ninh", "Nụ", "Oanh", "Phát", "Phong",
    "Phú", "Phúc", "Phụng", "Phước", "Phương", "Phượng", "Quang", "Quân", "Quế", "Quốc", "Quý", "Quyên", "Quyết", "Quỳnh",
    "Sang", "Sáng", "Sen", "Sinh", "Sơn", "Sương", "Tài", "Tâm", "Tân", "Tấn", "Thạch", "Thái", "Thanh", "Thành", "Thảo",
    "Thắm", "Thắng", "Thân", "Thêm", "Thi", "Thiên", "Thiện", "Thịnh", "Thoa", "Thơ", "Thơm", "Thu", "Thuận", "Thuần", "Thúy",
    "Thủy", "Thùy", "Thư", "Thương", "Thường", "Tiên", "Tiến", "Tín", "Tình", "Tịnh", "Toàn", "Toản", "Trà", "Trang", "Trâm",
    "Trân", "Trí", "Trinh", "Trọng", "Trúc", "Trung", "Truyền", "Trường", "Tú", "Tuân", "Tuấn", "Tuệ", "Tùng", "Tuyên",
    "Tuyến", "Tuyền", "Tuyết", "Tư", "Tường", "Uyên", "Út", "Vân", "Vi", "Viên", "Việt", "Vinh", "Vĩnh", "Vũ", "Vui", "Vượng",
    "Vy", "Vỹ", "Xinh", "Xoan", "Xuân", "Xuyến", "Ý", "Yên", "Yến",
)  # fmt: skip
LABELS = (
    "Họ và tên", "Họ, chữ đệm, tên", "Ngày, tháng, năm sinh", "Giới tính", "Dân tộc", "Quốc tịch",
    "Nơi sinh", "Quê quán", "Nơi cư trú", "Nơi thường trú", "Số định danh cá nhân", "Giấy tờ tùy thân",
    "Mã số thuế", "Mã số doanh nghiệp", "Vốn điều lệ", "Địa chỉ trụ sở chính", "Điện thoại", "Thửa đất số",
    "Tờ bản đồ số", "Diện tích", "Mục đích sử dụng", "Thời hạn sử dụng", "Họ và tên cha", "Họ và tên mẹ",
    "Người yêu cầu", "Nơi cấp", "Ngày cấp", "Loại giấy tờ", "Số lượng", "Ghi chú", "Kính gửi", "Nơi nhận",
)  # fmt: skip
TITLES = (
    "CHỦ TỊCH",
    "PHÓ CHỦ TỊCH",
    "GIÁM ĐỐC",
    "PHÓ GIÁM ĐỐC",
    "CHÁNH VĂN PHÒNG",
    "BỘ TRƯỞNG",
    "TRƯỞNG PHÒNG",
    "KT. CHỦ TỊCH",
    "TM. ỦY BAN NHÂN DÂN",
    "TL. GIÁM ĐỐC",
    "TUQ. CHỦ TỊCH",
    "CÔNG CHỨC TƯ PHÁP - HỘ TỊCH",
)
HEADS = (
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
    "Độc lập – Tự do – Hạnh phúc",
    "ĐẢNG CỘNG SẢN VIỆT NAM",
    "QUYẾT ĐỊNH",
    "THÔNG BÁO",
    "BÁO CÁO",
    "TỜ TRÌNH",
    "KẾ HOẠCH",
    "GIẤY MỜI",
    "CHỈ THỊ",
    "NGHỊ QUYẾT",
    "QUYẾT ĐỊNH:",
    "GIẤY KHAI SINH",
    "TRÍCH LỤC KHAI SINH",
    "GIẤY CHỨNG NHẬN",
    "TỜ KHAI",
    "HỎA TỐC",
    "KHẨN",
    "BẢN SAO",
    "PHỤ LỤC",
    "Phụ lục I",
    "(Kèm theo Quyết định số",
    "Căn cứ Luật",
    "Điều 1.",
    "Nơi nhận:",
    "- Như trên;",
    "- Lưu: VT,",
    "V/v",
)
VIET = "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"


ENGLISH = (
    "Full name", "Date of birth", "Sex", "Nationality", "Place of origin", "Place of residence",
    "Date of expiry", "Personal identification", "IDENTITY CARD", "Citizen Identity Card",
    "Date, month, year", "No.", "Place of birth", "Date of issue", "Place of birth registration",
    "SOCIALIST REPUBLIC OF VIET NAM", "Independence - Freedom - Happiness", "Personal number",
)  # fmt: skip


def clean(text: str) -> str:
    """NFC, one blank, only characters of the alphabet."""
    text = unicodedata.normalize("NFC", text).translate(_SAME)
    return re.sub(r"\s+", " ", "".join(c if c in _KNOWN else " " for c in text)).strip()


class Corpus:
    """Running text as one long string; `line` cuts a piece at word bounds."""

    def __init__(self, source: Path | None, *, held_back: bool = False) -> None:
        texts = _texts(source)
        if len(texts) > HELD_BACK:  # every 16th text is kept for the measure
            texts = [t for k, t in enumerate(texts) if (k % HELD_BACK == 7) is held_back]
        self.text = clean(" ".join(texts))
        self.starts = [m.start() for m in re.finditer(r"(?<= )\S", self.text)]

    def line(self, rng: random.Random, shortest: int, longest: int) -> str:
        start = rng.choice(self.starts)
        wanted = rng.randint(shortest, longest)
        piece = self.text[start : start + wanted]
        cut = piece.rfind(" ")
        return (piece[:cut] if cut > shortest else piece).strip()


def _texts(source: Path | None) -> list[str]:
    if source is None:
        return [*HEADS * 9, *LABELS * 9, *UNITS * 9, *TITLES * 9]
    if source.is_dir():
        return [text for path in sorted(source.iterdir()) for text in _texts(path)]
    opener = gzip.open if source.suffix == ".gz" else open
    with opener(source, "rt", encoding="utf-8") as file:
        if ".jsonl" in source.name:
            rows = [json.loads(line) for line in file]
            return [str(row.get("text") or row.get("content") or "") for row in rows]
        return [file.read()]


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def a_name(rng: random.Random) -> str:
    parts = [rng.choice(FAMILIES), rng.choice(MIDDLES), rng.choice(GIVENS)]
    if rng.random() < 0.2:
        parts.insert(2, rng.choice(GIVENS))
    if rng.random() < 0.12:  # a name nobody has: its marks must be seen, not remembered
        parts[rng.randrange(1, len(parts))] = _syllable(rng).capitalize()
    name = " ".join(parts)
    return name.upper() if rng.random() < 0.4 else name


def a_number(rng: random.Random) -> tuple[str, str, str]:
    """(before, the number, behind): the number may be written by hand."""
    number = str(int(10 ** rng.uniform(0, 3.7)))
    if rng.random() < 0.2:
        number = number.zfill(2)
    year = rng.choice(("", "", f"/{rng.randint(1976, 2030)}"))
    behind = f"{year}/{rng.choice(SYMBOLS)}-{rng.choice(OFFICES)}"
    if rng.random() < 0.12:
        behind = (
            f"/{rng.choice(OFFICES)}-{rng.choice(('TH', 'NC', 'KT', 'VX', 'P6', 'KTN', 'HCTP'))}"
        )
    gap = rng.choice(("", " ", " "))
    return (
        rng.choice(("Số:", "Số", "Số :", "Luật số:")) + gap,
        number,
        gap * rng.randint(0, 1) + behind,
    )


def a_day(rng: random.Random) -> tuple[str, str, str, str, str, str]:
    """(place and "ngày", day, "tháng", month, "năm", year and end)."""
    place = "" if rng.random() < 0.25 else rng.choice(GIVENS) + " " + rng.choice(GIVENS) + ", "
    day = str(rng.randint(1, 31))
    month = str(rng.randint(1, 12))
    if rng.random() < 0.75:
        day = day.zfill(2)
    if rng.random() < 0.7 or int(month) < 3:
        month = month.zfill(2)
    return (
        f"{place}ngày ", day, " tháng ", month, " năm ",
        str(rng.randint(1976, 2030)) + rng.choice(("", "", "", ".", ",")),
    )  # fmt: skip


def money(rng: random.Random) -> str:
    return f"{rng.randint(1, 99_999_999):,}".replace(",", ".") + rng.choice(
        (" đồng", "đ", " VNĐ", "")
    )


def made_line(rng: random.Random, corpus: Corpus) -> str:
    """A line of a form, a head, a list, a table cell or random signs."""
    if rng.random() < 0.18:
        return rng.choice((_bilingual, _zone, _numbered, _slashed))(rng, corpus)
    kind = rng.random()
    if kind < 0.12:
        return "".join(a_number(rng))
    if kind < 0.24:
        return "".join(a_day(rng))
    if kind < 0.34:
        return (
            a_name(rng)
            if rng.random() < 0.6
            else f"{rng.choice(('Ông', 'Bà', 'ông', 'bà'))} {a_name(rng)}"
        )
    if kind < 0.50:
        return rng.choice(LABELS) + rng.choice((":", ": ", " : ")) + _value(rng, corpus)
    if kind < 0.60:
        return rng.choice(HEADS) + rng.choice(("", "", " " + corpus.line(rng, 3, 20)))
    if kind < 0.68:
        head = (
            rng.choice(UNITS) + " " + rng.choice(("TỈNH", "XÃ", "PHƯỜNG", "HUYỆN", "THÀNH PHỐ", ""))
        )
        return (head + " " + corpus.line(rng, 4, 14).upper()).strip()
    if kind < 0.74:
        return rng.choice(TITLES)
    if kind < 0.84:
        return _value(rng, corpus)
    if kind < 0.90:
        return _marks(rng)
    if kind < 0.95:
        label = rng.choice(LABELS) + ":" if rng.random() < 0.7 else ""
        return label + "." * rng.randint(4, 30) + rng.choice(("", "", _value(rng, corpus)))
    return "".join(rng.choice(ALPHABET) for _ in range(rng.randint(2, 18))).strip() or "1"


def _bilingual(rng: random.Random, corpus: Corpus) -> str:
    """A label of a card in two languages."""
    english = rng.choice(ENGLISH)
    label = rng.choice(LABELS) + rng.choice((" / ", "/", " /"))
    return rng.choice((english, label + english, label + english + ": " + _value(rng, corpus)))


def _zone(rng: random.Random, corpus: Corpus) -> str:
    """One line of a machine readable zone (ICAO Doc 9303-5, TD1: 30 characters)."""
    digits_of = partial(digits, rng)
    family = unicodedata.normalize("NFD", a_name(rng).upper().replace("Đ", "D").split()[0])
    name = "".join(c for c in family if c.isascii())
    said = rng.choice(
        (
            f"IDVNM{digits_of(10)}{digits_of(12)}<<{digits_of(1)}",
            f"{digits_of(7)}{rng.choice('MF')}{digits_of(7)}VNM",
            f"{name}<<{rng.choice(('VAN', 'THI', 'NGOC', 'MINH'))}<{rng.choice(('AN', 'HOA'))}",
        )
    )
    return said[:30].ljust(rng.choice((29, 30)), "<") + rng.choice(("", digits_of(1)))


def _numbered(rng: random.Random, corpus: Corpus) -> str:
    """The head of a part: Roman and other numerals, which look like letters."""
    roman = rng.choice(("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"))
    text = corpus.line(rng, 4, 50)
    head = rng.choice(
        (f"{roman}.", f"{roman}.{rng.randint(1, 9)}.", f"Phần {roman}.", f"{roman} -")
    )
    return f"{head} {text.upper() if rng.random() < 0.6 else text}"


def _slashed(rng: random.Random, corpus: Corpus) -> str:
    """Strokes between words and at the end of a document."""
    text = corpus.line(rng, 4, 50)
    year = rng.randint(1990, 2030)
    return rng.choice(
        (
            f"{text.rstrip('.,;')}./.",
            f"{rng.choice(('Ông/bà', 'ông/bà', 'Ông/Bà'))} {a_name(rng)}",
            f"{rng.choice(('và/hoặc', 'xã/phường', 'có/không', 'vợ/chồng'))} {text}",
            f"{rng.randint(1, 400)}/{year}/{rng.choice(('NĐ-CP', 'TT-BTP', 'QH15', 'QĐ-TTg'))} {text}",
            f"{rng.randint(1, 31)}/{rng.randint(1, 12)}/{year}",
        )
    )


def _value(rng: random.Random, corpus: Corpus) -> str:
    kind = rng.random()
    if kind < 0.2:
        return digits(rng, rng.choice((9, 10, 12, 12, 13)))
    if kind < 0.4:
        return f"{rng.randint(1, 31):02d}{rng.choice('/-/.')}{rng.randint(1, 12):02d}/{rng.randint(1930, 2030)}"
    if kind < 0.5:
        return money(rng)
    if kind < 0.6:
        return digits(rng, rng.randint(1, 4)) + rng.choice(
            ("", ",5", ".", "%", " m²", " ha", "/2024")
        )
    if kind < 0.75:
        return a_name(rng)
    if kind < 0.8:
        return rng.choice(
            (
                "Nam",
                "Nữ",
                "Kinh",
                "Việt Nam",
                "Không",
                "x",
                "X",
                "STT",
                "TT",
                "I",
                "II",
                "III",
                "IV",
                "a)",
                "b)",
                "c)",
                "đ)",
            )
        )
    return corpus.line(rng, 4, 30)


def _marks(rng: random.Random) -> str:
    """Syllables that differ by their marks alone: the network must look, not guess."""
    words = []
    for _ in range(rng.randint(2, 8)):
        word = _syllable(rng)
        words.append(
            word.upper() if rng.random() < 0.3 else word.title() if rng.random() < 0.3 else word
        )
    return " ".join(words)


ONSETS = (
    "", "b", "c", "ch", "d", "đ", "g", "gh", "h", "kh", "l", "m", "n", "ng", "nh", "ph", "qu", "r", "s", "t", "th", "tr",
    "v", "x",
)  # fmt: skip
CODAS = ("", "n", "ng", "nh", "m", "t", "c", "ch", "i", "u", "o", "p")


def _syllable(rng: random.Random) -> str:
    return rng.choice(ONSETS) + rng.choice(VIET) + rng.choice(CODAS)
